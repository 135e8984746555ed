/* analysis/variables.c - see variables.h.
 *
 * Leads with one root and width make a group: one value, compared in several places. A group that is a join takes up the
 * groups of what it joins, if the forward proof then still places the variable at every one of their compares.
 */
#include "analysis/variables.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/asked.h"
#include "analysis/budget.h"
#include "analysis/origins.h"
#include "analysis/places.h"
#include "analysis/probe.h"
#include "analysis/real.h"
#include "analysis/score.h"
#include "analysis/sites.h"

typedef struct Group {
    Lead *leads;
    size_t n;
    size_t distinct; /* different constants of its leads */
    size_t wanted;   /* those of them that were asked for */
    double promise;  /* no better score can come of it alone */
    Origins origins;
    bool taken; /* into another group */
} Group;

typedef struct Builder {
    VariableSink *sink;
    Values *v;
    const Compares *compares;
    Arena *scratch;  /* lives as long as the function is worked on */
    Arena proof;     /* lives as long as one group is worked on */
    uint64_t budget; /* work that proofs may still do */
    Group *groups;
    size_t ngroups;
} Builder;

/* ---- groups ---- */

static const MemKey *lead_key(const Builder *b, const Lead *l) { return &b->compares->items[l->compare].key; }

static const Mem *lead_mem(const Builder *b, const Lead *l) { return &b->v->body->steps[l->step].insn.mem; }

static bool same_registers(const Mem *a, const Mem *b) { return a->base == b->base && a->index == b->index; }

static bool same_group(const Builder *b, const Lead *x, const Lead *y)
{
    if (x->root != y->root || x->width != y->width || x->real != y->real)
        return false;
    return x->root != VALUE_NONE ||
           (mem_key_same(lead_key(b, x), lead_key(b, y)) && same_registers(lead_mem(b, x), lead_mem(b, y)));
}

/* Without a query, readings that are not the likely ones go; with one, all stay, in the form that was asked for, but for those that
 * make sense only when they were. */
static size_t leads_filter(Leads *leads, const Query *q)
{
    size_t n = 0;
    for (size_t i = 0; i < leads->n; i++) {
        Lead l = leads->items[i];
        bool asked = query_asks(q) && lead_turn(q, &l);
        if (l.preferred || asked || (query_asks(q) && !l.unlikely))
            leads->items[n++] = l;
    }
    return n;
}

static int lead_order(const void *x, const void *y)
{
    const Lead *a = x, *b = y;
    if (a->root != b->root)
        return a->root < b->root ? -1 : 1;
    if (a->width != b->width)
        return a->width - b->width;
    if (a->real != b->real)
        return a->real ? 1 : -1;
    return a->step != b->step ? (a->step < b->step ? -1 : 1) : (a->k < b->k ? -1 : a->k > b->k);
}

/* Memory leads have one root, VALUE_NONE, and stand last: brings equal keys together, in order of their first. */
static void memory_leads_gather(const Builder *b, Lead *leads, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (leads[i].root != VALUE_NONE)
            continue;
        size_t at = i + 1;
        size_t until = n - i > 512 ? i + 512 : n;
        for (size_t k = i + 1; k < until; k++) {
            if (!same_group(b, &leads[i], &leads[k]))
                continue;
            Lead l = leads[k];
            memmove(&leads[at + 1], &leads[at], (k - at) * sizeof *leads);
            leads[at++] = l;
        }
        i = at - 1;
    }
}

static bool groups_cut(Builder *b, Lead *leads, size_t n)
{
    if (n)
        qsort(leads, n, sizeof *leads, lead_order);
    memory_leads_gather(b, leads, n);
    b->groups = arena_alloc(b->scratch, n, sizeof *b->groups);
    if (!b->groups)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !same_group(b, &leads[i - 1], &leads[i]))
            b->groups[b->ngroups++] = (Group){.leads = &leads[i]};
        b->groups[b->ngroups - 1].n++;
    }
    return true;
}

/* What the group could score at best, from its leads alone. */
static double group_promise(Builder *b, Group *g)
{
    const Query *q = b->sink->query;
    arena_reset(&b->proof);
    uint64_t *all = arena_alloc(&b->proof, g->n, sizeof *all);
    for (size_t i = 0; all && i < g->n; i++)
        all[i] = g->leads[i].k;
    size_t n = all ? constants_distinct(all, g->n) : 0, m = 0;
    for (size_t i = 0; i < n; i++)
        m += constant_asked(q, all[i], g->leads[0].width, g->leads[0].real);
    g->distinct = n;
    g->wanted = m;
    return score_of(q, n, m, &merit_best);
}

/* ---- defs of a group ---- */

static bool memory_origins(Builder *b, const Group *g, Origins *out)
{
    for (size_t i = 0; i < g->n; i++) {
        if (out->n && out->items[out->n - 1].step == g->leads[i].step)
            continue;
        if (!arena_grow(&b->proof, (void **)&out->items, out->n, &out->cap, sizeof *out->items))
            return false;
        out->items[out->n++] = (Origin){DEF_LOAD, g->leads[i].step, CELL_NONE};
    }
    return true;
}

static bool find_origins(Builder *b, const Group *g, bool whole, Origins *out)
{
    *out = (Origins){0};
    if (g->leads[0].root == VALUE_NONE)
        return memory_origins(b, g, out);
    return origins_find(out, b->v, g->leads[0].root, g->leads[0].width, whole, &b->proof);
}

/* The origins of every group, once; a group without any (too many, or not followed) has n == 0. */
static bool groups_trace(Builder *b)
{
    for (size_t i = 0; i < b->ngroups; i++) {
        Group *g = &b->groups[i];
        Origins found;
        arena_reset(&b->proof);
        if (!find_origins(b, g, false, &found))
            continue;
        g->origins = found;
        g->origins.items = arena_items(b->scratch, found.items, found.n, sizeof *found.items);
        if (!g->origins.items)
            return false;
    }
    return true;
}

/* ---- the finished variable ---- */

static uint8_t sign_of(const SiteList *sites)
{
    bool is_signed = false, is_unsigned = false;
    for (size_t i = 0; i < sites->n; i++) {
        is_signed |= sites->items[i].sign == SIGN_SIGNED;
        is_unsigned |= sites->items[i].sign == SIGN_UNSIGNED;
    }
    return is_signed == is_unsigned ? SIGN_UNKNOWN : is_signed ? SIGN_SIGNED : SIGN_UNSIGNED;
}

static Function *function_copy(const Body *body, Arena *a)
{
    Function *f = arena_alloc(a, 1, sizeof *f);
    if (!f)
        return NULL;
    *f = *body->function;
    f->parts = body_parts(body, a);
    f->nparts = body->nparts;
    return f->parts ? f : NULL;
}

static int unsigned_order(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

static int double_order(const void *x, const void *y)
{
    double a = real_number(*(const uint64_t *)x, 64), b = real_number(*(const uint64_t *)y, 64);
    return (a > b) - (a < b);
}

static int float_order(const void *x, const void *y)
{
    double a = real_number(*(const uint64_t *)x, 32), b = real_number(*(const uint64_t *)y, 32);
    return (a > b) - (a < b);
}

/* Ascending as the numbers that they are; as signed ones they are so already. */
static void constants_sort(const Variable *v)
{
    if (v->real || v->sign == SIGN_UNSIGNED)
        qsort(v->constants, v->nconstants, sizeof *v->constants,
              !v->real         ? unsigned_order
              : v->width == 32 ? float_order
                               : double_order);
}

static bool variable_constants(Builder *b, Variable *out, const SiteList *sites)
{
    Arena *a = &b->proof;
    out->constants = arena_alloc(a, sites->n, sizeof *out->constants);
    out->matched = arena_alloc(a, sites->n, sizeof *out->matched);
    if (!out->constants || !out->matched)
        return false;
    for (size_t i = 0; i < sites->n; i++)
        out->constants[i] = (uint64_t)variable_constant(out, sites->items[i].constant);
    out->nconstants = constants_distinct(out->constants, sites->n);
    for (size_t i = 0; i < out->nconstants; i++)
        out->constants[i] = low_bits(out->constants[i], out->width);
    constants_sort(out);
    for (size_t i = 0; i < out->nconstants; i++) {
        if (constant_asked(b->sink->query, out->constants[i], out->width, out->real))
            out->matched[out->nmatched++] = out->constants[i];
    }
    return true;
}

static int def_order(const void *x, const void *y)
{
    const Def *a = x, *b = y;
    return a->pc < b->pc ? -1 : a->pc > b->pc;
}

static bool variable_defs(Builder *b, Variable *out, const RangeProof *p)
{
    out->defs = arena_alloc(b->sink->results, p->origins.n, sizeof *out->defs);
    if (!out->defs)
        return false;
    for (size_t i = 0; i < p->origins.n; i++) {
        const Origin *o = &p->origins.items[i];
        Addr pc = o->kind == DEF_ARGUMENT ? b->v->body->function->start : b->v->body->steps[o->step].insn.pc;
        out->defs[out->ndefs++] = (Def){pc, o->kind, origin_location(p, o)};
        if (out->defs[out->ndefs - 1].location.kind == LOCATION_NONE)
            return false;
    }
    qsort(out->defs, out->ndefs, sizeof *out->defs, def_order);
    return true;
}

/* Moves what was built so far to where it outlives the function. */
static bool variable_keep(Builder *b, Variable *v, const SiteList *sites)
{
    Arena *results = b->sink->results;
    v->constants = arena_items(results, v->constants, v->nconstants, sizeof *v->constants);
    v->matched = arena_items(results, v->matched, v->nmatched, sizeof *v->matched);
    v->sites = arena_items(results, sites->items, sites->n, sizeof *v->sites);
    v->nsites = sites->n;
    v->function = function_copy(b->v->body, results);
    return v->constants && v->matched && v->sites && v->function;
}

static bool sink_put(VariableSink *sink, const Variable *v, Arena *a)
{
    if (!arena_grow(a, (void **)&sink->items, sink->n, &sink->cap, sizeof *sink->items))
        return false;
    sink->items[sink->n++] = *v;
    return true;
}

/* Sites whose constants were asked for come first in the choice of the probe. */
static Probe variable_probe(Builder *b, const RangeProof *p, const Variable *v)
{
    const Query *q = b->sink->query;
    Site *first = arena_alloc(&b->proof, v->nsites, sizeof *first);
    size_t n = 0;
    for (size_t i = 0; first && i < v->nsites; i++)
        if (constant_asked(q, v->sites[i].constant, v->width, v->real))
            first[n++] = v->sites[i];
    return n ? probe_choose(p, first, n, q->weakest) : probe_choose(p, v->sites, v->nsites, q->weakest);
}

/* Code that BOLT left behind may never run: what it wrote anew comes first. */
static double score_here(const Builder *b, const Variable *v, const Merit *merit)
{
    const Body *body = b->v->body;
    double score = score_of(b->sink->query, v->nconstants, v->nmatched, merit);
    return part_holds(body->program->left, body->function->start) ? 0.9 * score : score;
}

static bool variable_make(Builder *b, const RangeProof *p, const SiteList *sites)
{
    VariableSink *sink = b->sink;
    Variable v = {.width = (uint16_t)p->width, .sign = sign_of(sites), .real = sites->items[0].real};
    if (!variable_constants(b, &v, sites))
        return false;
    Merit merit = merit_of_sites(sink->query, &v, b->v->body, sites);
    v.score = score_here(b, &v, &merit);
    if (query_asks(sink->query) && v.nmatched == 0)
        return true;
    sink->nfound++;
    if (v.score < sink->least)
        return true;
    if (!variable_keep(b, &v, sites))
        return false;
    if (!variable_defs(b, &v, p)) /* a def in a slot that can't be named: nothing can be claimed */
        return true;
    if (!ranges_list(p, sink->query->weakest, &v.ranges, &v.nranges, sink->results))
        return false;
    v.probe = variable_probe(b, p, &v);
    if (sink->query->places)
        places_find(p, sink->query->weakest, &v.places, &v.nplaces, sink->results);
    merit_of_place(&merit, &v);
    v.score = score_here(b, &v, &merit);
    return sink_put(sink, &v, sink->results);
}

/* ---- from group to variable ---- */

static bool group_sites(Builder *b, const RangeProof *p, const Group *g, SiteList *sites, bool *all)
{
    SiteFinder f = {b->v, b->compares, &b->proof};
    return sites_add(&f, p, g->leads, g->n, sites, all);
}

/* Proofs of one function share one budget of work. */
static bool prove(Builder *b, RangeProof *p, unsigned width, Origins origins, const Mem *mem)
{
    bool ok = ranges_prove(p, b->v, width, origins, mem, b->budget, &b->proof);
    uint64_t work = p->work + b->v->body->nsteps; /* its marks are by step */
    b->budget -= work < b->budget ? work : b->budget;
    if (b->budget == 0)
        b->v->failed = true;
    return ok;
}

static bool proved_with(Builder *b, const Group *g, RangeProof *p, Origins origins, SiteList *sites, bool *all)
{
    const Lead *first = &g->leads[0];
    const Mem *mem = first->root == VALUE_NONE ? lead_mem(b, first) : NULL;
    *all = true;
    return origins.n && prove(b, p, first->width, origins, mem) && group_sites(b, p, g, sites, all);
}

/* With the origins that were found; or, where these don't prove every site, with the join as a def of its own. */
static bool group_prove(Builder *b, const Group *g, RangeProof *p, SiteList *sites)
{
    RangeProof second;
    SiteList again = {0};
    Origins whole;
    bool all = false;
    bool ok = proved_with(b, g, p, g->origins, sites, &all);
    if (ok && all)
        return true;
    if (g->leads[0].root != VALUE_NONE && find_origins(b, g, true, &whole) &&
        proved_with(b, g, &second, whole, &again, &all) && again.n > sites->n) {
        *p = second;
        *sites = again;
        return true;
    }
    return ok;
}

/* Takes up other groups whose defs are among this one's, where their compares stay proved. */
static bool groups_absorb(Builder *b, Group *g, const RangeProof *p, SiteList *sites)
{
    for (size_t i = 0; i < b->ngroups; i++) {
        Group *o = &b->groups[i];
        if (o == g || o->taken || o->leads[0].width != g->leads[0].width || o->leads[0].real != g->leads[0].real ||
            o->leads[0].root == VALUE_NONE || o->origins.n == 0 || !origins_within(&o->origins, &p->origins))
            continue;
        size_t before = sites->n;
        bool all = true;
        if (!group_sites(b, p, o, sites, &all))
            return false;
        if (all)
            o->taken = true;
        else
            sites->n = before;
    }
    return true;
}

static bool group_build(Builder *b, Group *g)
{
    RangeProof p;
    SiteList sites = {0};
    arena_reset(&b->proof);
    if (!group_prove(b, g, &p, &sites) || sites.n == 0)
        return true;
    if (g->leads[0].root != VALUE_NONE && b->ngroups <= 1024 && !groups_absorb(b, g, &p, &sites))
        return false;
    sites_tidy(&sites);
    return variable_make(b, &p, &sites);
}

/* Joins before what they join, large before small, so that they can take it up. */
static int group_order(const void *x, const void *y)
{
    const Group *a = x, *b = y;
    if (a->origins.n != b->origins.n)
        return a->origins.n > b->origins.n ? -1 : 1;
    return (a->leads > b->leads) - (a->leads < b->leads);
}

/* The best score of a variable that had the constants of several groups. */
static double promise_of(const Query *q, size_t distinct, size_t wanted)
{
    size_t most = wanted < query_asks(q) ? wanted : query_asks(q);
    return score_of(q, query_asks(q) ? most : distinct, most, &merit_best);
}

/* May the join take up o? With the defs it has, or with itself for its def (group_prove). */
static bool may_absorb(const Group *g, const Group *o)
{
    bool whole = o->origins.n == 1 && o->origins.items[0].kind == DEF_MERGE;
    return o->leads[0].width == g->leads[0].width && o->leads[0].root != VALUE_NONE && o->origins.n &&
           (whole || origins_within(&o->origins, &g->origins));
}

/* Could anything come of the group, alone or with what it takes up? */
static bool group_matters(const Builder *b, const Group *g)
{
    const VariableSink *sink = b->sink;
    size_t distinct = g->distinct, wanted = g->wanted;
    if (query_asks(sink->query) && g->wanted == 0)
        return false;
    if (g->promise >= sink->least)
        return true;
    if (g->leads[0].root == VALUE_NONE)
        return false;
    for (size_t i = 0; i < b->ngroups; i++) {
        const Group *o = &b->groups[i];
        if (o == g || o->taken || !may_absorb(g, o))
            continue;
        distinct += o->distinct;
        wanted += o->wanted;
    }
    return promise_of(sink->query, distinct, wanted) >= sink->least;
}

/* What all groups of one width could score together. */
static double width_promise(const Builder *b, unsigned width)
{
    size_t distinct = 0, wanted = 0;
    for (size_t i = 0; i < b->ngroups; i++) {
        if (b->groups[i].leads[0].width != width)
            continue;
        distinct += b->groups[i].distinct;
        wanted += b->groups[i].wanted;
    }
    return distinct ? promise_of(b->sink->query, distinct, wanted) : 0;
}

static bool groups_build(Builder *b)
{
    double best = 0;
    for (size_t i = 0; i < b->ngroups; i++)
        b->groups[i].promise = group_promise(b, &b->groups[i]);
    for (unsigned width = 8; width <= 64; width *= 2) {
        double promise = width_promise(b, width);
        best = promise > best ? promise : best;
    }
    if (best <= 0 || best < b->sink->least)
        return true;
    if (!groups_trace(b))
        return false;
    qsort(b->groups, b->ngroups, sizeof *b->groups, group_order);
    for (size_t i = 0; i < b->ngroups; i++) {
        Group *g = &b->groups[i];
        if (b->budget && !g->taken && group_matters(b, g) && !group_build(b, g))
            return false;
    }
    return true;
}

bool variables_find(VariableSink *sink, Values *v, Arena *scratch)
{
    Compares compares;
    Leads leads;
    if (!compares_find(&compares, v, scratch) || !leads_find(&leads, v, &compares, scratch))
        return false;
    Builder b = {.sink = sink,
                 .v = v,
                 .compares = &compares,
                 .scratch = scratch,
                 .budget = budget_proofs(v->body->program, v->body->nsteps)};
    bool ok = groups_cut(&b, leads.items, leads_filter(&leads, sink->query)) && groups_build(&b);
    ok &= !b.proof.failed;
    arena_free(&b.proof);
    return ok;
}
