/* analysis/search.c - the walk over a file's functions: which to decode, by how many threads, and what of the answers to keep.
 *
 * Threads take functions from one counter; each keeps its own best. What a thread finds in a function depends on nothing
 * that another does, and the best of all are chosen by an order without ties: so the answer is the same for any number.
 */
#include "analysis/search.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/body.h"
#include "analysis/prescan.h"
#include "analysis/summary.h"
#include "analysis/worker.h"

/* TAKE: functions taken from the counter at once. */
enum { JOBS_MAX = 256, TAKE = 8, STACK_BYTES = 8 << 20 };

typedef struct Search {
    Program *program;
    const Query *query;
    SearchResult *out;
    Arena *arena;
    uint32_t *list; /* rows of those to decode */
    size_t n;
    atomic_size_t next; /* in list: the first not taken */
    atomic_bool failed;
    SearchProgress *progress;
    void *context;
} Search;

typedef struct Thread {
    Search *search;
    Worker worker;
    pthread_t id;
    bool started;
} Thread;

/* ---- which functions ---- */

static bool is_function(const Program *p, size_t row)
{
    Function f;
    return program_function_of(p, row, &f) && !f.fragment;
}

static bool names_exist(Search *s, const uint8_t *chosen, Diag *diag)
{
    for (size_t i = 0; i < s->program->functions.n; i++)
        if (chosen[i] && is_function(s->program, i))
            return true;
    Str name = s->query->functions[0];
    return diag_set(diag, 0,
                    "has no function named %.*s (a stripped file has none by name: give its address, or leave -f out)",
                    name.n > 60 ? 60 : (int)name.n, name.p);
}

static bool functions_choose(Search *s, uint8_t *chosen, Diag *diag)
{
    for (size_t i = 0; i < s->query->nfunctions; i++)
        program_choose(s->program, s->query->functions[i], chosen);
    if (s->query->nfunctions)
        return names_exist(s, chosen, diag);
    memset(chosen, 1, s->program->functions.n);
    bool scan = query_asks(s->query) && !s->query->whole;
    return !scan || prescan(s->program, s->query, kernel_best(), chosen, s->arena) ||
           diag_set(diag, 0, "out of memory");
}

static bool functions_list(Search *s, Diag *diag)
{
    const Functions *all = &s->program->functions;
    uint8_t *chosen = arena_alloc(s->arena, all->n, 1);
    if (!chosen)
        return diag_set(diag, 0, "out of memory");
    if (!functions_choose(s, chosen, diag))
        return false;
    for (size_t i = 0; i < all->n; i++)
        s->n += chosen[i];
    s->list = arena_alloc(s->arena, s->n, sizeof *s->list);
    if (!s->list)
        return diag_set(diag, 0, "out of memory");
    s->n = 0;
    for (size_t i = 0; i < all->n; i++)
        if (chosen[i])
            s->list[s->n++] = (uint32_t)i;
    return true;
}

/* ---- threads ---- */

/* Works until nothing is left. The thread that called search_run tells of the progress. */
static void thread_work(Thread *t, bool tells)
{
    Search *s = t->search;
    for (;;) {
        size_t from = atomic_fetch_add(&s->next, TAKE);
        if (tells && s->progress)
            s->progress(s->context, from < s->n ? from : s->n, s->n);
        for (size_t i = from; i < from + TAKE; i++) {
            if (i >= s->n || atomic_load(&s->failed))
                return;
            Function f;
            if (program_function_of(s->program, s->list[i], &f) && !f.fragment && !worker_function(&t->worker, &f))
                atomic_store(&s->failed, true);
        }
    }
}

static void *thread_run(void *context)
{
    thread_work(context, false);
    return NULL;
}

/* Starts all but the first, which is the caller's. One that can't be started is not missed. */
static void threads_start(Thread *threads, size_t n)
{
    pthread_attr_t attributes;
    if (n < 2 || pthread_attr_init(&attributes) != 0)
        return;
    bool sized = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0;
    for (size_t i = 1; sized && i < n; i++)
        threads[i].started = pthread_create(&threads[i].id, &attributes, thread_run, &threads[i]) == 0;
    pthread_attr_destroy(&attributes);
}

static void threads_join(Thread *threads, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (threads[i].started)
            pthread_join(threads[i].id, NULL);
}

/* ---- the answer ---- */

static void stats_sum(Stats *sum, const Stats *s)
{
    sum->analyzed += s->analyzed;
    sum->instructions += s->instructions;
    sum->bytes += s->bytes;
    sum->unresolved_jumps += s->unresolved_jumps;
}

static int warning_order(const void *x, const void *y)
{
    const Warning *a = x, *b = y;
    return a->pc != b->pc ? (a->pc < b->pc ? -1 : 1) : strcmp(a->text, b->text);
}

static bool warnings_gather(SearchResult *out, const Thread *threads, size_t n, Arena *arena)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += threads[i].worker.nwarnings;
    out->warnings = arena_alloc(arena, count, sizeof *out->warnings);
    for (size_t i = 0; out->warnings && i < n; i++)
        for (size_t k = 0; k < threads[i].worker.nwarnings; k++) {
            const Warning *w = &threads[i].worker.warnings[k];
            char *text = arena_copy(arena, w->text, strlen(w->text));
            if (!text)
                return false;
            out->warnings[out->nwarnings++] = (Warning){w->pc, text};
        }
    if (out->nwarnings)
        qsort(out->warnings, out->nwarnings, sizeof *out->warnings, warning_order);
    return out->warnings != NULL;
}

/* By function; those of one function, all by one thread, stay in their order. */
static int variable_by_function(const void *x, const void *y)
{
    const Variable *const *a = x, *const *b = y;
    Addr s = (*a)->function->start, t = (*b)->function->start;
    return s != t ? (s < t ? -1 : 1) : (*a < *b ? -1 : *a > *b);
}

static bool variables_gather(SearchResult *out, const Thread *threads, size_t n, size_t limit, Arena *arena)
{
    size_t count = 0;
    Arena work = {0};
    for (size_t i = 0; i < n; i++) {
        count += threads[i].worker.sink.n;
        out->nfound += threads[i].worker.sink.nfound;
    }
    const Variable **order = arena_alloc(&work, count, sizeof *order);
    Variable *all = arena_alloc(&work, count, sizeof *all);
    bool ok = order && all;
    for (size_t i = 0, at = 0; ok && i < n; i++)
        for (size_t k = 0; k < threads[i].worker.sink.n; k++)
            order[at++] = &threads[i].worker.sink.items[k];
    if (ok && count)
        qsort(order, count, sizeof *order, variable_by_function);
    for (size_t i = 0; ok && i < count; i++)
        all[i] = *order[i];
    ok = ok && variables_sort(all, count);
    out->nvariables = limit && count > limit ? limit : count;
    out->variables = arena_alloc(arena, out->nvariables, sizeof *out->variables);
    ok = ok && out->variables;
    for (size_t i = 0; ok && i < out->nvariables; i++)
        ok = variable_copy(&out->variables[i], &all[i], arena);
    arena_free(&work);
    return ok;
}

static bool search_with(Search *s, Thread *threads, size_t n)
{
    SearchResult *out = s->out;
    for (size_t i = 0; i < n; i++) {
        threads[i].search = s;
        worker_open(&threads[i].worker, s->program, s->query);
    }
    threads_start(threads, n);
    thread_work(&threads[0], true);
    threads_join(threads, n);
    for (size_t i = 0; i < n; i++)
        stats_sum(&out->stats, &threads[i].worker.stats);
    bool ok = !atomic_load(&s->failed) && warnings_gather(out, threads, n, s->arena) &&
              variables_gather(out, threads, n, s->query->limit, s->arena);
    for (size_t i = 0; i < n; i++)
        worker_close(&threads[i].worker);
    return ok;
}

bool search_run(SearchResult *out, Program *program, const Query *query, Arena *arena, SearchProgress *progress,
                void *context, Diag *diag)
{
    Search s = {
        .program = program, .query = query, .out = out, .arena = arena, .progress = progress, .context = context};
    *out = (SearchResult){.stats.functions = program->functions.n};
    if (!functions_list(&s, diag))
        return false;
    size_t jobs = query->jobs > JOBS_MAX ? JOBS_MAX : query->jobs, most = s.n / TAKE + 1;
    jobs = jobs < 1 ? 1 : jobs > most ? most : jobs;
    Thread *threads = arena_alloc(arena, jobs, sizeof *threads);
    return (threads && search_with(&s, threads, jobs)) || diag_set(diag, 0, "out of memory");
}

/* ---- lvscan functions ---- */

bool function_describe(FunctionReport *out, Program *program, const Function *f, Arena *arena)
{
    Body body;
    Arena work = {0};
    bool ok = true;
    *out = (FunctionReport){0};
    Part *whole = arena_alloc(arena, 1, sizeof *whole);
    if (!whole)
        return false;
    *whole = (Part){f->start, f->end};
    out->parts = whole;
    out->nparts = 1;
    if (body_build(&body, program, f, SUMMARY_DEPTH, &work, NULL)) {
        out->decoded = true;
        out->parts = body_parts(&body, arena);
        out->nparts = body.nparts;
        out->closed = body.closed;
        out->noreturn = summary_of(program, f->start, SUMMARY_DEPTH).effect.noreturn;
        out->njumps = body.njumps;
        out->jumps = arena_alloc(arena, body.njumps, sizeof *out->jumps);
        ok = out->jumps && out->parts;
        for (uint32_t i = 0; ok && i < body.njumps; i++) {
            out->jumps[i] = body.jumps[i];
            out->jumps[i].targets = arena_alloc(arena, body.jumps[i].ntargets, sizeof(Addr));
            ok = out->jumps[i].targets != NULL;
            if (ok && body.jumps[i].ntargets)
                memcpy(out->jumps[i].targets, body.jumps[i].targets, body.jumps[i].ntargets * sizeof(Addr));
        }
    }
    arena_free(&work);
    return ok;
}
