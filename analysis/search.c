/* analysis/search.c - the walk over a file's functions: which to decode, and what of the answers to keep. */
#include "analysis/search.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/body.h"
#include "analysis/prescan.h"
#include "analysis/summary.h"
#include "analysis/values.h"
#include "analysis/variables.h"

typedef struct Search {
    Program *program;
    const Query *query;
    SearchResult *out;
    Arena *arena;
    VariableSink sink;
    Arena body, scratch;
    size_t cap_warnings;
} Search;

static bool warn(Search *s, Addr pc, const char *text)
{
    SearchResult *out = s->out;
    if (!arena_grow(s->arena, (void **)&out->warnings, out->nwarnings, &s->cap_warnings, sizeof *out->warnings))
        return false;
    char *copy = arena_copy(s->arena, text, strlen(text));
    if (copy)
        out->warnings[out->nwarnings++] = (Warning){pc, copy};
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

/* Keeps the best `limit`, and raises the bar that the next must pass. */
static void sink_trim(VariableSink *sink)
{
    size_t limit = sink->query->limit;
    if (limit == 0 || sink->n < 2 * limit + 16)
        return;
    qsort(sink->items, sink->n, sizeof *sink->items, variable_order);
    sink->n = limit;
    sink->least = sink->items[limit - 1].score;
}

/* One function: decode, number values, find variables. */
static bool search_function(Search *s, const Function *f)
{
    Body body;
    Values values;
    Diag why = {0};
    arena_reset(&s->body);
    arena_reset(&s->scratch);
    if (!body_build(&body, s->program, f, SUMMARY_DEPTH, &s->body, &why))
        return warn(s, f->start, why.what);
    stats_add(&s->out->stats, &body);
    if (!values_open(&values, &body, &s->scratch) || !variables_find(&s->sink, &values, &s->scratch))
        return warn(s, f->start, "function needs more memory than there is");
    if (values.failed)
        warn(s, f->start, "function is over the budget of the value analysis: some of its variables may be missing");
    sink_trim(&s->sink);
    return true;
}

/* ---- which functions ---- */

static bool function_wanted(Search *s, const Function *f)
{
    if (f->fragment)
        return false;
    for (size_t i = 0; i < s->query->nfunctions; i++)
        if (program_function_named(s->program, f, s->query->functions[i]))
            return true;
    return s->query->nfunctions == 0;
}

static bool names_exist(Search *s, const uint8_t *chosen, Diag *diag)
{
    const Functions *all = &s->program->functions;
    if (s->query->nfunctions == 0)
        return true;
    for (size_t i = 0; i < all->n; i++)
        if (chosen[i])
            return true;
    Str name = s->query->functions[0];
    return diag_set(diag, 0, "has no function named %.*s (a stripped file has none by name: give its address, or leave -f out)",
                    name.n > 60 ? 60 : (int)name.n, name.p);
}

static bool functions_choose(Search *s, uint8_t *chosen, Diag *diag)
{
    const Functions *all = &s->program->functions;
    for (size_t i = 0; i < all->n; i++)
        chosen[i] = function_wanted(s, &all->items[i]);
    if (!names_exist(s, chosen, diag))
        return false;
    bool scan = s->query->nconstants && !s->query->whole && s->query->nfunctions == 0;
    return !scan || prescan(s->program, s->query, kernel_best(), chosen, s->arena) || diag_set(diag, 0, "out of memory");
}

bool search_run(SearchResult *out, Program *program, const Query *query, Arena *arena, SearchProgress *progress,
                void *context, Diag *diag)
{
    Search s = {.program = program, .query = query, .out = out, .arena = arena, .sink = {.query = query, .results = arena}};
    *out = (SearchResult){.stats.functions = program->functions.n};
    uint8_t *chosen = arena_alloc(arena, program->functions.n, 1);
    bool ok = chosen ? functions_choose(&s, chosen, diag) : diag_set(diag, 0, "out of memory");
    for (size_t i = 0; ok && i < program->functions.n; i++) {
        if (progress && (i & 255) == 0)
            progress(context, i, program->functions.n);
        if (chosen[i] && !search_function(&s, &program->functions.items[i]))
            ok = diag_set(diag, 0, "out of memory");
    }
    arena_free(&s.body);
    arena_free(&s.scratch);
    if (s.sink.n)
        qsort(s.sink.items, s.sink.n, sizeof *s.sink.items, variable_order);
    out->variables = s.sink.items;
    out->nvariables = query->limit && s.sink.n > query->limit ? query->limit : s.sink.n;
    out->nfound = s.sink.nfound;
    for (size_t i = 0; ok && i < out->nvariables; i++)
        program_demangled(program, out->variables[i].function);
    return ok;
}

/* ---- lvscan functions ---- */

bool function_describe(FunctionReport *out, Program *program, const Function *f, Arena *arena)
{
    Body body;
    Arena work = {0};
    bool ok = true;
    *out = (FunctionReport){0};
    if (body_build(&body, program, f, SUMMARY_DEPTH, &work, NULL)) {
        out->decoded = true;
        out->closed = body.closed;
        out->noreturn = summary_of(program, f->start, SUMMARY_DEPTH).effect.noreturn;
        out->njumps = body.njumps;
        out->jumps = arena_alloc(arena, body.njumps, sizeof *out->jumps);
        ok = out->jumps != NULL;
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
