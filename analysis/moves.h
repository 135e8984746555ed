/* analysis/moves.h - each instruction in the words of the value analysis. */
#ifndef LVSCAN_ANALYSIS_MOVES_H
#define LVSCAN_ANALYSIS_MOVES_H

#include "analysis/values.h"

/* Fills v->moves (frames and slots must be there). False when memory is used up. */
bool moves_find(Values *v);

/* The registers that the step may write, bit r, also of those that are no cells: a call those that its callee need not keep (no ABI keeps an
 * xmm register). */
uint64_t step_writes(const Step *s);

/* Names the step's move where it moves the low bits of an xmm register or clears them; false when it does neither. */
bool move_xmm(Values *v, uint32_t step, Move *m);

/* How many bytes a step that writes to its memory operand may write, from there upward; 0: nobody knows, or they lie elsewhere. */
int64_t move_store_bytes(const Step *s);

/* May memory behind the segment (REG_FS, REG_GS; others: no) be other memory when the step was executed? */
bool step_moves_segment(const Step *s, unsigned segment);

#endif
