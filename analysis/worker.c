/* analysis/worker.c - see worker.h. */
#include "analysis/worker.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/body.h"
#include "analysis/score.h"
#include "analysis/summary.h"
#include "analysis/values.h"

/* ---- variables that outlive the arena they were built in ---- */

static const Function *function_copied(const Function *f, Arena *arena)
{
    Function *copy = arena_items(arena, f, 1, sizeof *f);
    const Part *parts = arena_items(arena, f->parts, f->nparts, sizeof *f->parts);
    if (!copy || !parts)
        return NULL;
    copy->parts = parts;
    return copy;
}

bool variable_copy(Variable *out, const Variable *v, Arena *arena)
{
    *out = *v;
    out->function = function_copied(v->function, arena);
    out->constants = arena_items(arena, v->constants, v->nconstants, sizeof *v->constants);
    out->matched = arena_items(arena, v->matched, v->nmatched, sizeof *v->matched);
    out->defs = arena_items(arena, v->defs, v->ndefs, sizeof *v->defs);
    out->sites = arena_items(arena, v->sites, v->nsites, sizeof *v->sites);
    out->ranges = arena_items(arena, v->ranges, v->nranges, sizeof *v->ranges);
    out->places = arena_items(arena, v->places, v->nplaces, sizeof *v->places);
    return out->function && out->constants && out->matched && out->defs && out->sites && out->ranges && out->places;
}

typedef struct Ranked {
    const Variable *variable;
    size_t place;
} Ranked;

static int ranked_order(const void *x, const void *y)
{
    const Ranked *a = x, *b = y;
    int order = variable_order(a->variable, b->variable);
    return order ? order : (a->place > b->place) - (a->place < b->place);
}

bool variables_sort(Variable *items, size_t n)
{
    Arena work = {0};
    Ranked *ranked = arena_alloc(&work, n, sizeof *ranked);
    Variable *sorted = arena_alloc(&work, n, sizeof *sorted);
    bool ok = ranked && sorted;
    if (ok && n) {
        for (size_t i = 0; i < n; i++)
            ranked[i] = (Ranked){&items[i], i};
        qsort(ranked, n, sizeof *ranked, ranked_order);
        for (size_t i = 0; i < n; i++)
            sorted[i] = *ranked[i].variable;
        memcpy(items, sorted, n * sizeof *items);
    }
    arena_free(&work);
    return ok;
}

/* ---- the work ---- */

void worker_open(Worker *w, Program *program, const Query *query)
{
    *w = (Worker){.program = program, .query = query, .sink = {.query = query}};
    w->sink.results = &w->results;
}

void worker_close(Worker *w)
{
    arena_free(&w->results);
    arena_free(&w->body);
    arena_free(&w->scratch);
    arena_free(&w->notes);
}

static bool warn(Worker *w, Addr pc, const char *text)
{
    if (!arena_grow(&w->notes, (void **)&w->warnings, w->nwarnings, &w->cap_warnings, sizeof *w->warnings))
        return false;
    char *copy = arena_copy(&w->notes, text, strlen(text));
    if (copy)
        w->warnings[w->nwarnings++] = (Warning){pc, copy};
    return copy != NULL;
}

static void stats_add(Stats *stats, const Body *b)
{
    stats->analyzed++;
    stats->instructions += b->nsteps;
    for (uint32_t i = 0; i < b->nsteps; i++)
        stats->bytes += b->steps[i].insn.len;
    for (uint32_t i = 0; i < b->njumps; i++)
        stats->unresolved_jumps += b->jumps[i].kind == JUMP_UNKNOWN;
}

/* Moves the n best to an arena of their own and lets go of all others. */
static bool results_move(Worker *w, size_t n)
{
    VariableSink *sink = &w->sink;
    Arena fresh = {0};
    Variable *items = arena_alloc(&fresh, sink->cap, sizeof *items);
    bool ok = items != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = variable_copy(&items[i], &sink->items[i], &fresh);
    if (!ok) {
        arena_free(&fresh);
        return false;
    }
    arena_free(&w->results);
    w->results = fresh;
    sink->items = items;
    sink->n = n;
    return true;
}

static int score_order(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a < b) - (a > b);
}

/* Raises the bar that the next variable must pass to the last of the best `limit`. */
static bool bar_raise(Worker *w)
{
    VariableSink *sink = &w->sink;
    size_t limit = w->query->limit;
    double *scores = arena_alloc(&w->scratch, sink->n, sizeof *scores);
    for (size_t i = 0; scores && i < sink->n; i++)
        scores[i] = sink->items[i].score;
    if (!scores)
        return false;
    qsort(scores, sink->n, sizeof *scores, score_order);
    sink->least = scores[limit - 1] > sink->least ? scores[limit - 1] : sink->least;
    return true;
}

/* Keeps the best `limit`; `before`: how many there were before the last function. */
static bool sink_trim(Worker *w, size_t before)
{
    VariableSink *sink = &w->sink;
    size_t limit = w->query->limit;
    if (limit == 0 || sink->n <= limit || sink->n == before)
        return true;
    if (!bar_raise(w))
        return false;
    return sink->n < 2 * limit + 16 || (variables_sort(sink->items, sink->n) && results_move(w, limit));
}

bool worker_function(Worker *w, const Function *f)
{
    Body body;
    Values values;
    Diag why = {0};
    size_t before = w->sink.n;
    arena_reset(&w->body);
    arena_reset(&w->scratch);
    w->scratch.failed = w->results.failed = false;
    if (!body_build(&body, w->program, f, (Callees){.depth = SUMMARY_DEPTH}, &w->body, &why))
        return warn(w, f->start, why.what);
    stats_add(&w->stats, &body);
    bool found = values_open(&values, &body, &w->scratch) && variables_find(&w->sink, &values, &w->scratch);
    if (!found || w->scratch.failed || w->results.failed)
        return warn(w, f->start, "function needs more memory than there is");
    if (values.failed &&
        !warn(w, f->start, "function is over the budget of the value analysis: some of its variables may be missing"))
        return false;
    return sink_trim(w, before);
}
