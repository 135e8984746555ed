/* analysis/budget.h - how much work a function may cause. Counted in steps that are walked, never in time, so that answers are the same
 * on any machine and with any number of threads. A function gets what its size can explain, and where all functions of a file together
 * could take more than a file may (BUDGET_FILE), each gets the same share of that. docs/BUDGETS.md has the numbers measured. */
#ifndef LVSCAN_ANALYSIS_BUDGET_H
#define LVSCAN_ANALYSIS_BUDGET_H

#include "analysis/program.h"

#define BUDGET_FILE (UINT64_C(1) << 39)
enum { BUDGET_WHOLE = 1 << 16 }; /* a share that takes nothing away */

/* The share, of BUDGET_WHOLE, that each of these functions gets. */
uint32_t budget_share(const Functions *all);

/* Steps that a function of n instructions may make questions to its values walk; proofs of its variables pass. */
uint64_t budget_values(const Program *program, uint64_t n);
uint64_t budget_proofs(const Program *program, uint64_t n);

#endif
