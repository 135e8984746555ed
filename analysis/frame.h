/* analysis/frame.h - the stack frame: rsp and rbp as stack addresses before every step, and the slots in it. */
#ifndef LVSCAN_ANALYSIS_FRAME_H
#define LVSCAN_ANALYSIS_FRAME_H

#include "analysis/values.h"

/* Fills v->frames. False when memory is used up. */
bool frames_find(Values *v);

/* Fills v->slots: every place in the frame that an instruction names, with `exposed` decided. */
bool slots_find(Values *v);

/* The stack address of step i's memory operand; base STACK_UNKNOWN when it is none or not known. */
StackAddr frame_mem(const Values *v, uint32_t step);

/* rsp and rbp after step i has run. */
Frame frame_behind(const Values *v, uint32_t step);

/* The slot cell at exactly `at`, or CELL_NONE. */
Cell slot_at(const Values *v, StackAddr at);

static inline bool stack_known(StackAddr a) { return a.base != STACK_UNKNOWN; }

static inline StackAddr stack_plus(StackAddr a, int64_t k)
{
    a.off = (int64_t)((uint64_t)a.off + (uint64_t)k);
    return a;
}

#endif
