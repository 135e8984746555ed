/* analysis/flags.h - conditions, and which instruction made the flags that a condition reads. */
#ifndef LVSCAN_ANALYSIS_FLAGS_H
#define LVSCAN_ANALYSIS_FLAGS_H

#include "analysis/body.h"

/* Condition codes (SDM vol. 2, B.1.4.7: the tttn field). */
typedef enum Condition {
    CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G, CC_NONE = 0xff
} Condition;

/* The step that last wrote the status flags before `step`, in its block or in a chain of single predecessors
 * (no calls between); UINT32_MAX when there is none or it is not unique. */
uint32_t flags_writer(const Body *b, uint32_t step);

#endif
