/* analysis/moves.h - each instruction in the words of the value analysis. */
#ifndef LVSCAN_ANALYSIS_MOVES_H
#define LVSCAN_ANALYSIS_MOVES_H

#include "analysis/values.h"

/* Fills v->moves (frames and slots must be there). False when memory is used up. */
bool moves_find(Values *v);

#endif
