/* analysis/gaps_rows.c - the functions in a program's gaps (gaps.h), found when the first of them is asked for: most questions about one
 * function never lead to any, and all code must be read to find them. */
#include "analysis/gaps.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "analysis/program.h"

typedef enum GapsState { GAPS_UNSEEN, GAPS_FOUND, GAPS_FAILED } GapsState;

struct Gaps {
    pthread_mutex_t lock;
    atomic_uchar state;
    RowList rows;
    Arena arena;
};

Gaps *gaps_open(void)
{
    Gaps *gaps = calloc(1, sizeof *gaps);
    if (gaps)
        pthread_mutex_init(&gaps->lock, NULL);
    return gaps;
}

void gaps_close(Gaps *gaps)
{
    if (!gaps)
        return;
    arena_free(&gaps->arena);
    pthread_mutex_destroy(&gaps->lock);
    free(gaps);
}

static GapsState gaps_find(Gaps *gaps, const Program *p)
{
    Arena work = {0};
    RowList known = {.items = p->known.rows, .n = p->known.n}, leads = {.arena = &work};
    gaps->rows = (RowList){.arena = &gaps->arena};
    gaps_leads(p, &known, &leads);
    if (leads.n)
        gaps_follow(p, &known, &leads, true, &gaps->rows);
    rows_clean(&gaps->rows, &p->image);
    arena_free(&work);
    return leads.failed || gaps->rows.failed ? GAPS_FAILED : GAPS_FOUND;
}

bool gaps_rows(Gaps *gaps, const Program *program, Functions *out)
{
    GapsState state = (GapsState)atomic_load_explicit(&gaps->state, memory_order_acquire);
    if (state == GAPS_UNSEEN) {
        pthread_mutex_lock(&gaps->lock);
        state = (GapsState)atomic_load_explicit(&gaps->state, memory_order_relaxed);
        if (state == GAPS_UNSEEN)
            state = gaps_find(gaps, program);
        atomic_store_explicit(&gaps->state, (unsigned char)state, memory_order_release);
        pthread_mutex_unlock(&gaps->lock);
    }
    *out = (Functions){gaps->rows.items, gaps->rows.n};
    return state == GAPS_FOUND;
}

const FunctionRow *gaps_row(Gaps *gaps, const Program *program, Addr pc)
{
    RowList known = {.items = program->known.rows, .n = program->known.n};
    Functions found;
    Part gap;
    if (!gap_at(program, &known, pc, &gap) || program_is_stub(program, pc))
        return NULL;
    gap = gap_core(program, gap);
    if (gap.start == gap.end || !gaps_rows(gaps, program, &found))
        return NULL;
    size_t row = functions_row(&found, pc);
    return row != SIZE_MAX ? &found.rows[row] : NULL;
}
