/* analysis/prescan.h - which functions can hold a compare with the constants, from the bytes alone. */
#ifndef LVSCAN_ANALYSIS_PRESCAN_H
#define LVSCAN_ANALYSIS_PRESCAN_H

#include "analysis/search.h"

/* Clears chosen[i] for every function (by index) that cannot compare anything with any of the query's constants.
 * False when memory is used up. */
bool prescan(Program *program, const Query *query, uint8_t *chosen, Arena *arena);

#endif
