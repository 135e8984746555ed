/* analysis/places.h - where to read a variable so that each of its values is met exactly once. */
#ifndef LVSCAN_ANALYSIS_PLACES_H
#define LVSCAN_ANALYSIS_PLACES_H

#include "analysis/ranges.h"

enum { PLACES_MAX = 16 };

/* A place for each def, on the straight way that every execution of it takes and nothing else does: together they are passed
 * exactly once a value. *n is 0 when a def has none, or there are more than PLACES_MAX. Emulated ones where there are. */
void places_find(const RangeProof *p, unsigned weakest, Probe **out, size_t *n, Arena *arena);

#endif
