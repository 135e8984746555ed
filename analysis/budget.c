/* analysis/budget.c - see budget.h. Of real programs (cc1, gdb, python3.11: 64,359 functions) none takes over 11 n^2 steps, and all
 * together take a fortieth of what they may. */
#include "analysis/budget.h"

enum { INSN_BYTES = 3 }; /* of an instruction; 4 on average */

/* base + factor * n, but not more than n instructions can need. */
static uint64_t full(uint64_t n, uint64_t base, uint64_t factor)
{
    uint64_t most = base + factor * n;
    return n < 1 << 16 && 16384 + 24 * n * n < most ? 16384 + 24 * n * n : most;
}

static uint64_t full_values(uint64_t n) { return full(n, 1 << 23, 512); }
static uint64_t full_proofs(uint64_t n) { return full(n, 1 << 27, 2000); }

static uint64_t shared(uint64_t steps, uint64_t n, uint32_t share)
{
    uint64_t least = 16384 + 64 * n, part = steps / BUDGET_WHOLE * share;
    return share == BUDGET_WHOLE ? steps : part > least ? part : least;
}

uint64_t budget_values(const Program *program, uint64_t n) { return shared(full_values(n), n, program->share); }
uint64_t budget_proofs(const Program *program, uint64_t n) { return shared(full_proofs(n), n, program->share); }

/* Values are asked about four times: twice by all rounds of table finding, by the summary, by the function's own analysis. */
uint32_t budget_share(const Functions *all)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < all->n; i++) {
        uint64_t n = (row_end(&all->rows[i]) - all->rows[i].start) / INSN_BYTES;
        sum += full_proofs(n) + 4 * full_values(n);
    }
    return sum <= BUDGET_FILE ? BUDGET_WHOLE : (uint32_t)(BUDGET_FILE / (sum / BUDGET_WHOLE));
}
