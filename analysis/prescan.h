/* analysis/prescan.h - which functions can hold a compare with the constants, from the bytes alone.
 *
 * A compare's constant is made of numbers that the instructions hold: an immediate; an immediate less what a lea, add or sub
 * added before (`lea -30000(%rdi),%eax; cmp $7,%eax`: a range; a switch); the same behind a mask (`and $-8; cmp $240000`
 * for x >> 3); what a callee returns; what lies in constant memory. The scan looks for places that can hold such numbers and
 * keeps every function that has them. It may keep too many, and takes no part in the answer: analysis of the functions
 * left out would have found nothing.
 *
 * Not looked for, as no compiler was seen to make it: sums of three or more numbers that need more than 8 bits each, and sums
 * of two of which one comes from a callee or from memory.
 */
#ifndef LVSCAN_ANALYSIS_PRESCAN_H
#define LVSCAN_ANALYSIS_PRESCAN_H

#include "analysis/prescan_kernel.h"
#include "analysis/rows.h"
#include "analysis/search.h"

/* By query->jobs threads: clears chosen[i] for every function (by index) that cannot compare anything with any of the query's
 * constants, and adds to `found`, in order, the functions that can but must be asked for (analysis/padding.h).
 * `kind` must be one that the processor runs: the answer is the same. False when memory is used up. */
bool prescan(Program *program, const Query *query, KernelKind kind, uint8_t *chosen, RowList *found, Arena *arena);

/* Can the query's constants tell functions apart at all? */
bool prescan_tells(const Query *query);

/* By `jobs` threads: adds to returns[] (by function) those that call one of them which does return a constant, and those that
 * call these and are among `passes`, and so on. False when memory is used up. */
bool prescan_callers(Program *program, KernelKind kind, size_t jobs, uint8_t *returns, const uint8_t *passes,
                     Arena *arena);

#endif
