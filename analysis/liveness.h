/* analysis/liveness.h - is a register's value still wanted? Used for ranking only: a dead register still holds its value. */
#ifndef LVSCAN_ANALYSIS_LIVENESS_H
#define LVSCAN_ANALYSIS_LIVENESS_H

#include "analysis/body.h"

/* May some way from behind step i read general register `reg` before writing it whole? Calls are taken to read and kill what
 * the ABI lets them; the search ends, with true, after a fixed number of blocks. */
bool register_live_after(const Body *b, uint32_t step, unsigned reg);

#endif
