/* analysis/search.c - the walk over a file's functions: which to decode, by how many threads, and what of the answers to keep.
 *
 * Every function is glanced at first (analysis/glance.h): that bounds the score of its variables. The most promising come first, in
 * batches, and what promises less than the worst variable that would be printed is not worked on. Between batches all threads have
 * the same bar, so which functions are analysed does not depend on their number. Within a batch they take functions
 * from one counter; each keeps its own best. What a thread finds in a function depends on nothing that another does, and the best
 * of all are chosen by an order without ties: so the answer is the same for any number.
 */
#include "analysis/search.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/body.h"
#include "analysis/glance.h"
#include "analysis/prescan.h"
#include "analysis/summary.h"
#include "analysis/threads.h"
#include "analysis/worker.h"

/* TAKE: functions taken from the counter at once, to be glanced at. LIKELY: of these, so many come first. FIRST: how many make the first batch; each following one is
 * twice as large, up to LAST (a batch waits for its last function). */
enum { TAKE = 64, LIKELY = 32, FIRST = 16, LAST = 64 };

/* A function to be analysed, perhaps: its row in the program's functions, and its Glance in few bytes, as there may be a million. */
typedef struct Candidate {
    uint32_t row : 30;
    uint32_t returns : 1, passes : 1;
    uint16_t bound, through; /* no less than those of the Glance, in units of 1 / SCORE_ONE */
    float likely;
} Candidate;

enum { ROWS_MAX = (1 << 30) - 1, SCORE_ONE = 1 << 14 };

struct Thread;
typedef bool ThreadWork(struct Thread *t, Candidate *c);

typedef struct Search {
    Program *program;
    const Query *query;
    SearchResult *out;
    Arena *arena;
    Arena lists; /* of candidates: there may be a million */
    Candidate *list;
    size_t n, nlikely; /* the first ones are likely to win */
    bool ranked;       /* the others go down by what they can score, once those were analysed */
    bool common;       /* the query's constants are such that the pre-scan can't tell functions apart */
    /* the work at hand */
    ThreadWork *work;
    struct Thread *threads;
    SearchProgress *progress;
    void *context;
} Search;

typedef struct Thread {
    Search *search;
    Worker worker;
    Glancer glancer;
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

/* Is it for the pre-scan to say which functions to look at? */
static bool search_prescans(const Search *s)
{
    const Query *q = s->query;
    return !q->nfunctions && !q->whole && !s->common;
}

/* Those among chosen[], and in `found` some that are asked for by that. */
static bool functions_choose(Search *s, uint8_t *chosen, RowList *found, Diag *diag)
{
    for (size_t i = 0; i < s->query->nfunctions; i++)
        if (!program_choose(s->program, s->query->functions[i], chosen))
            return diag_set(diag, 0, "out of memory");
    if (s->query->nfunctions)
        return names_exist(s, chosen, diag);
    memset(chosen, 1, s->program->functions.n);
    return !search_prescans(s) || prescan(s->program, s->query, kernel_best(), chosen, found, s->arena) ||
           diag_set(diag, 0, "out of memory");
}

/* Makes candidates of the functions chosen, and of those found besides. */
static bool candidates_make(Search *s, const uint8_t *chosen, const RowList *found)
{
    size_t nknown = s->program->functions.n, at = 0;
    for (size_t i = 0; i < nknown; i++)
        s->n += chosen[i];
    s->n += found->n;
    s->list = arena_alloc(&s->lists, s->n, sizeof *s->list);
    if (!s->list || (found->n && !functions_add(s->program, found->items, found->n)))
        return false;
    const Functions *all = &s->program->functions;
    for (size_t i = 0, known = 0, k = 0; i < all->n; i++) {
        bool is_found = k < found->n && found->items[k].start == all->rows[i].start;
        if (is_found ? ++k : chosen[known++])
            s->list[at++].row = i & ROWS_MAX;
    }
    return true;
}

static bool functions_list(Search *s, Diag *diag)
{
    Arena work = {0};
    RowList found = {.arena = s->arena};
    s->common = !prescan_tells(s->query);
    bool asked = search_prescans(s) ? functions_fill(s->program)
                                    : program_ask(s->program, s->query->functions, s->query->nfunctions);
    uint8_t *chosen = asked ? arena_alloc(&work, s->program->functions.n, 1) : NULL;
    if (!chosen)
        return diag_set(diag, 0, "out of memory");
    bool ok = functions_choose(s, chosen, &found, diag) &&
              (candidates_make(s, chosen, &found) || diag_set(diag, 0, "out of memory"));
    arena_free(&work);
    return ok;
}

/* ---- threads ---- */

/* A score, which is at most GLANCE_ALL, in a Candidate's units, rounded up. */
static uint16_t score_up(double score)
{
    double units = score * SCORE_ONE;
    unsigned whole = (unsigned)units;
    return (uint16_t)(whole + (whole < units));
}

static double candidate_bound(const Candidate *c) { return c->bound / (double)SCORE_ONE; }

static bool thread_glance(Thread *t, Candidate *c)
{
    Function f;
    if (!program_function_of(t->search->program, c->row, &f) || f.fragment)
        return true;
    Glance g = glance_at(&t->glancer, &f);
    *c = (Candidate){.row = c->row,
                     .returns = g.returns,
                     .passes = g.passes,
                     .bound = score_up(g.bound),
                     .through = score_up(g.through),
                     .likely = (float)g.likely};
    return true;
}

static bool thread_analyse(Thread *t, Candidate *c)
{
    Function f;
    return !program_function_of(t->search->program, c->row, &f) || f.fragment || worker_function(&t->worker, &f);
}

/* The thread that called search_run tells of the progress. */
static bool thread_work(void *context, size_t thread, size_t from, size_t to)
{
    Search *s = context;
    if (thread == 0 && s->progress && s->work == thread_analyse)
        s->progress(s->context, from, s->n);
    bool ok = true;
    for (size_t i = from; ok && i < to; i++)
        ok = s->work(&s->threads[thread], &s->list[i]);
    return ok;
}

/* Has the n threads do the work on list[from .. to). */
static bool threads_do(Search *s, Thread *threads, size_t n, ThreadWork *work, size_t take, size_t from, size_t to)
{
    s->work = work;
    s->threads = threads;
    return threads_each(n, from, to, take, thread_work, s);
}

/* ---- in which order, and how far ---- */

static int candidate_order(const Candidate *a, const Candidate *b)
{
    if (a->bound != b->bound)
        return a->bound > b->bound ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int likely_order(const Candidate *a, const Candidate *b)
{
    if (a->likely < b->likely || a->likely > b->likely)
        return a->likely > b->likely ? -1 : 1;
    return candidate_order(a, b);
}

/* Heap sort: libc's qsort takes as much memory again. */
static void heap_sink(Candidate *heap, size_t n, size_t at)
{
    Candidate c = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && candidate_order(&heap[child], &heap[child + 1]) < 0;
        if (candidate_order(&c, &heap[child]) >= 0)
            break;
        heap[at] = heap[child];
    }
    heap[at] = c;
}

static void heap_sort(Candidate *items, size_t n)
{
    for (size_t i = n / 2; i > 0; i--)
        heap_sink(items, n, i - 1);
    for (size_t left = n; left > 1; left--) {
        Candidate last = items[left - 1];
        items[left - 1] = items[0];
        items[0] = last;
        heap_sink(items, left - 1, 0);
    }
}

/* The bytes of the candidate's function. */
static uint32_t candidate_size(const Candidate *c, const Functions *all) { return all->rows[c->row].size; }

/* Small before large: the less is in doubt when the large ones come. There are few. */
static void likely_sort(Search *s)
{
    const Functions *all = &s->program->functions;
    for (size_t i = 1; i < s->nlikely; i++) {
        Candidate c = s->list[i];
        size_t at = i;
        for (; at > 0 && candidate_size(&s->list[at - 1], all) > candidate_size(&c, all); at--)
            s->list[at] = s->list[at - 1];
        s->list[at] = c;
    }
}

/* Brings the LIKELY likeliest to the front, the likeliest first. */
static void likely_first(Search *s)
{
    for (size_t i = 0; i < s->n; i++) {
        Candidate c = s->list[i];
        bool full = s->nlikely == LIKELY;
        if (c.likely <= 0 || (full && likely_order(&c, &s->list[LIKELY - 1]) >= 0))
            continue;
        size_t at = full ? s->nlikely - 1 : s->nlikely++;
        s->list[i] = s->list[at];
        for (; at > 0 && likely_order(&c, &s->list[at - 1]) < 0; at--)
            s->list[at] = s->list[at - 1];
        s->list[at] = c;
    }
}

/* Of the others, what scores less than `least`, or nothing, is left out: it takes no more memory. */
static bool rest_keep(Search *s, double least)
{
    Arena fresh = {0};
    size_t n = s->nlikely;
    for (size_t i = n; i < s->n; i++)
        if (s->list[i].bound > 0 && candidate_bound(&s->list[i]) >= least)
            s->list[n++] = s->list[i];
    Candidate *list = arena_items(&fresh, s->list, n, sizeof *list);
    arena_free(&s->lists);
    s->lists = fresh;
    s->list = list;
    s->n = list ? n : 0;
    return list != NULL;
}

/* Puts them in order of what they can score. */
static bool rest_sort(Search *s, double least)
{
    if (!rest_keep(s, least))
        return false;
    heap_sort(s->list + s->nlikely, s->n - s->nlikely);
    return true;
}

/* Whose callees return a constant can score what that allows. `work`: for what is needed meanwhile. */
static bool callers_raise(Search *s, Arena *work)
{
    size_t n = s->program->functions.n;
    uint8_t *returns = arena_alloc(work, n, 1), *passes = arena_alloc(work, n, 1);
    if (!returns || !passes)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        size_t index = s->list[i].row;
        returns[index] = s->list[i].returns;
        passes[index] = (uint8_t)(s->list[i].returns | s->list[i].passes);
    }
    if (!prescan_callers(s->program, kernel_best(), s->query->jobs, returns, passes, work))
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (returns[s->list[i].row])
            s->list[i].bound = s->list[i].through;
    return true;
}

/* Constants that callees return: finds who calls those. */
static bool callers_find(Search *s)
{
    Arena work = {0};
    bool ok = callers_raise(s, &work);
    arena_free(&work);
    return ok;
}

/* Glances at all, and puts the most promising first. Where all is asked for, that would be in vain. */
static bool candidates_rank(Search *s, Thread *threads, size_t n)
{
    const Query *q = s->query;
    if (q->limit == 0 || q->whole || q->nfunctions)
        return true;
    size_t share = s->n / (8 * n) + 1;
    for (size_t i = 0; i < n; i++)
        glancer_open(&threads[i].glancer, s->program, s->query);
    bool ok = threads_do(s, threads, n, thread_glance, share < TAKE ? share : TAKE, 0, s->n);
    for (size_t i = 0; i < n; i++)
        glancer_close(&threads[i].glancer);
    if (!ok)
        return false;
    for (size_t i = 0; i < s->n && !s->common; i++)
        s->list[i].bound = s->list[i].through;
    if (s->common && query_asks(q) && !callers_find(s))
        return false;
    s->ranked = s->n > 0;
    likely_first(s); /* they raise the bar for all others */
    likely_sort(s);
    return rest_keep(s, 0);
}

static int score_order(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a < b) - (a > b);
}

/* Raises every thread's bar to the score of the last that would be printed, once more were found than that. */
static bool bar_raise(Search *s, Thread *threads, size_t n, double *least)
{
    size_t count = 0, found = 0, limit = s->query->limit;
    Arena work = {0};
    for (size_t i = 0; i < n; i++) {
        count += threads[i].worker.sink.n;
        found += threads[i].worker.sink.nfound;
    }
    if (limit == 0 || found <= limit || count < limit)
        return true;
    double *scores = arena_alloc(&work, count, sizeof *scores);
    count = 0;
    for (size_t i = 0; scores && i < n; i++)
        for (size_t k = 0; k < threads[i].worker.sink.n; k++)
            scores[count++] = threads[i].worker.sink.items[k].score;
    if (scores) {
        qsort(scores, count, sizeof *scores, score_order);
        *least = scores[limit - 1];
    }
    for (size_t i = 0; i < n; i++)
        if (threads[i].worker.sink.least < *least)
            threads[i].worker.sink.least = *least;
    arena_free(&work);
    return scores != NULL;
}

/* Where the batch that begins at `from` ends; `from` when nothing more can win. */
static size_t batch_end(const Search *s, size_t from, size_t batch, double least)
{
    if (!s->ranked)
        return s->n;
    if (from < s->nlikely)
        return s->nlikely;
    if (candidate_bound(&s->list[from]) < least)
        return from;
    return s->n - from < batch ? s->n : from + batch;
}

static bool candidates_analyse(Search *s, Thread *threads, size_t n)
{
    double least = 0;
    size_t batch = FIRST;
    for (size_t from = 0, to; from < s->n; from = to) {
        if (s->ranked && from == s->nlikely && !rest_sort(s, least))
            return false;
        to = from < s->n ? batch_end(s, from, batch, least) : from;
        if (to == from)
            return true;
        if (!threads_do(s, threads, n, thread_analyse, 1, from, to) || !bar_raise(s, threads, n, &least))
            return false;
        batch = batch < LAST ? 2 * batch : batch;
    }
    return true;
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

/* Packers unpack into such a segment; for what it holds then the file is no evidence. */
static void warn_of_writable_code(SearchResult *out, const Image *image)
{
    for (size_t i = 0; i < image->nloads; i++) {
        const Segment *s = &image->loads[i];
        if (s->executable && s->writable)
            out->warnings[out->nwarnings++] = (Warning){
                s->addr, "this segment can be written and executed (a packed program?): the code that runs may "
                         "not be what the file holds"};
    }
}

static void warn_of_bolt(SearchResult *out, const Program *p)
{
    for (size_t i = 0; i < out->nvariables; i++)
        if (part_holds(p->left, out->variables[i].function->start)) {
            out->warnings[out->nwarnings++] = (Warning){
                p->left.start,
                "BOLT rewrote this program and left this code behind (.bolt.org.text): of functions that it wrote "
                "anew, what lies here hardly ever runs"};
            return;
        }
}

static bool warnings_gather(SearchResult *out, const Program *program, const Thread *threads, size_t n, Arena *arena)
{
    size_t count = program->image.nloads + 1;
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
    if (!out->warnings)
        return false;
    warn_of_writable_code(out, &program->image);
    warn_of_bolt(out, program);
    if (out->nwarnings)
        qsort(out->warnings, out->nwarnings, sizeof *out->warnings, warning_order);
    return true;
}

/* By function; those of one function, all by one thread, stay in their order. */
static int variable_by_function(const void *x, const void *y)
{
    const Variable *const *a = x, *const *b = y;
    Addr s = (*a)->function->start, t = (*b)->function->start;
    return s != t ? (s < t ? -1 : 1) : (*a > *b) - (*a < *b);
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
    bool ok = candidates_rank(s, threads, n) && candidates_analyse(s, threads, n);
    for (size_t i = 0; i < n; i++)
        stats_sum(&out->stats, &threads[i].worker.stats);
    ok = ok && variables_gather(out, threads, n, s->query->limit, s->arena) &&
         warnings_gather(out, s->program, threads, n, s->arena);
    for (size_t i = 0; i < n; i++)
        worker_close(&threads[i].worker);
    return ok;
}

bool search_run(SearchResult *out, Program *program, const Query *query, Arena *arena, SearchProgress *progress,
                void *context, Diag *diag)
{
    Search s = {
        .program = program, .query = query, .out = out, .arena = arena, .progress = progress, .context = context};
    *out = (SearchResult){0};
    if (!functions_list(&s, diag)) {
        arena_free(&s.lists);
        return false;
    }
    out->stats.functions = program->functions.n;
    size_t jobs = query->jobs > THREADS_MAX ? THREADS_MAX : query->jobs, most = s.n / 8 + 1;
    jobs = jobs < 1 ? 1 : jobs > most ? most : jobs;
    Thread *threads = arena_alloc(arena, jobs, sizeof *threads);
    bool ok = threads && search_with(&s, threads, jobs);
    arena_free(&s.lists);
    return ok || diag_set(diag, 0, "out of memory");
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
    if (body_build(&body, program, f, (Callees){.depth = SUMMARY_DEPTH}, &work, NULL)) {
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
            out->jumps[i].targets = arena_items(arena, body.jumps[i].targets, body.jumps[i].ntargets, sizeof(Addr));
            ok = out->jumps[i].targets != NULL;
        }
    }
    arena_free(&work);
    return ok;
}
