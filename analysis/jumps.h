/* analysis/jumps.h - indirect jumps: jump tables, tail calls, and those that stay unknown. */
#ifndef LVSCAN_ANALYSIS_JUMPS_H
#define LVSCAN_ANALYSIS_JUMPS_H

#include "analysis/walk.h"

/* Classifies every indirect jump of b into b->jumps and sets b->closed. Tables whose targets are new become leaders;
 * *changed then says that another round is due. False with w->diag on failure. */
bool jumps_resolve(Walk *w, Body *b, Arena *arena, bool *changed);

#endif
