/* analysis/flags.h - conditions, and which instruction made the flags that a condition reads. */
#ifndef LVSCAN_ANALYSIS_FLAGS_H
#define LVSCAN_ANALYSIS_FLAGS_H

#include "analysis/body.h"

/* Condition codes (SDM vol. 2, B.1.4.7: the tttn field). */
typedef enum Condition {
    CC_O,
    CC_NO,
    CC_B,
    CC_AE,
    CC_E,
    CC_NE,
    CC_BE,
    CC_A,
    CC_S,
    CC_NS,
    CC_P,
    CC_NP,
    CC_L,
    CC_GE,
    CC_LE,
    CC_G,
    CC_NONE = 0xff
} Condition;

enum { FLAGS_WRITERS_MAX = 16 };

/* The steps that last wrote the status flags before `step`, one for each way that leads there (no calls between), into
 * out[FLAGS_WRITERS_MAX]; returns how many: 0 where a way has none, or they are too many. */
unsigned flags_writers(const Body *b, uint32_t step, uint32_t *out);

/* The one step that wrote them, or UINT32_MAX. */
uint32_t flags_writer(const Body *b, uint32_t step);

#endif
