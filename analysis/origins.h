/* analysis/origins.h - the defs behind a value: where it, or what it was copied or joined from, was made. */
#ifndef LVSCAN_ANALYSIS_ORIGINS_H
#define LVSCAN_ANALYSIS_ORIGINS_H

#include "analysis/ranges.h"

/* The origins of `root`, which is a value, as far as its low `width` bits go. Joins are followed to what they join; where that
 * would put two different values of one moment side by side (cond ? a : b of two arguments), the join itself is the origin.
 * whole: take root for its own origin if it is a join. False when there are none or too many, or memory is used up. */
bool origins_find(Origins *out, Values *v, ValueId root, unsigned width, bool whole, Arena *arena);

/* Are all of a among b? */
bool origins_within(const Origins *a, const Origins *b);

#endif
