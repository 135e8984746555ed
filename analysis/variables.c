/* analysis/variables.c - see variables.h.
 *
 * Leads with one root and width make a group: one value, compared in several places. A group that is a join takes up the
 * groups of what it joins, if the forward proof then still places the variable at every one of their compares.
 */
#include "analysis/variables.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/liveness.h"
#include "analysis/origins.h"
#include "analysis/probe.h"

/* Work that the proofs of one function may do: a floor, and so much for each of its steps. */
enum { PROOF_BUDGET = 1 << 25, PROOF_BUDGET_STEP = 2000 };

typedef struct Group {
    Lead *leads;
    size_t n;
    unsigned wanted;   /* leads whose constants were asked for */
    double promise;    /* no better score can come of it */
    Origins origins;
    bool taken;        /* into another group */
} Group;

typedef struct Builder {
    VariableSink *sink;
    Values *v;
    const Compares *compares;
    Arena *scratch; /* lives as long as the function is worked on */
    Arena proof;    /* lives as long as one group is worked on */
    uint64_t budget; /* work that proofs may still do */
    Group *groups;
    size_t ngroups;
} Builder;

/* ---- constants ---- */

static uint64_t low(uint64_t k, unsigned bits) { return value_extended(k, bits, false); }

static bool fits(int64_t a, unsigned bits)
{
    if (bits >= 64)
        return true;
    int64_t half = (int64_t)1 << (bits - 1);
    return a >= -half && a < half * 2;
}

bool constant_asked(const Query *q, uint64_t k, unsigned bits)
{
    for (int sign = 0; sign < 2; sign++) {
        int64_t want = (int64_t)value_extended(k, bits, sign);
        size_t lo = 0, hi = q->nconstants;
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (q->constants[mid] < want)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo < q->nconstants && q->constants[lo] == want && fits(want, bits))
            return true;
    }
    return false;
}

/* x > k is x >= k + 1: if only the other form's constant was asked for, the lead takes that form. */
static bool lead_turn(const Query *q, Lead *l)
{
    static const struct {
        uint8_t relation;
        int step;
    } other[] = {[RELATION_LT] = {RELATION_LE, -1}, [RELATION_LE] = {RELATION_LT, 1}, [RELATION_GT] = {RELATION_GE, 1}, [RELATION_GE] = {RELATION_GT, -1}};
    if (constant_asked(q, l->k, l->width))
        return true;
    if (l->firm || l->relation < RELATION_LT || l->relation > RELATION_GE || l->via == VIA_RANGE)
        return false;
    uint64_t k = low(l->k + (uint64_t)(int64_t)other[l->relation].step, l->width);
    if (!constant_asked(q, k, l->width))
        return false;
    l->k = k;
    l->relation = other[l->relation].relation;
    l->quality = (uint8_t)(l->quality * 92 / 100); /* as likely as not, but the plain form comes first */
    return true;
}

static int constant_order(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

/* ---- groups ---- */

static const MemKey *lead_key(const Builder *b, const Lead *l) { return &b->compares->items[l->compare].key; }

static const Mem *lead_mem(const Builder *b, const Lead *l) { return &b->v->body->steps[l->step].insn.mem; }

static bool same_registers(const Mem *a, const Mem *b) { return a->base == b->base && a->index == b->index; }

static bool same_group(const Builder *b, const Lead *x, const Lead *y)
{
    if (x->root != y->root || x->width != y->width)
        return false;
    return x->root != VALUE_NONE ||
           (mem_key_same(lead_key(b, x), lead_key(b, y)) && same_registers(lead_mem(b, x), lead_mem(b, y)));
}

/* Without a query, readings that are not the likely ones go; with one, all stay, in the form that was asked for. */
static size_t leads_filter(Leads *leads, const Query *q)
{
    size_t n = 0;
    for (size_t i = 0; i < leads->n; i++) {
        Lead l = leads->items[i];
        if (q->nconstants)
            lead_turn(q, &l);
        if (l.preferred || q->nconstants)
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

/* ---- scores ---- */

static size_t distinct(uint64_t *items, size_t n)
{
    size_t m = 0;
    if (n)
        qsort(items, n, sizeof *items, constant_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || items[i] != items[m - 1])
            items[m++] = items[i];
    return m;
}

/* How many of the asked constants are met counts most, then how directly, then whether the value is wanted for more than the
 * one compare, then how many other constants there are. */
static double score_of(const Query *q, size_t nconstants, size_t nmatched, double quality, double life)
{
    if (q->nconstants == 0)
        return (double)nconstants / (double)(nconstants + 8);
    if (nmatched == 0)
        return 0;
    return 0.80 * (double)nmatched / (double)q->nconstants + 0.12 * quality + 0.06 * life +
           0.02 * (double)nmatched / (double)nconstants;
}

/* What the group could score at best, from its leads alone. */
static double group_promise(Builder *b, Group *g)
{
    const Query *q = b->sink->query;
    arena_reset(&b->proof);
    uint64_t *all = arena_alloc(&b->proof, g->n, sizeof *all);
    for (size_t i = 0; all && i < g->n; i++)
        all[i] = g->leads[i].k;
    size_t n = all ? distinct(all, g->n) : 0, m = 0;
    for (size_t i = 0; i < n; i++)
        m += constant_asked(q, all[i], g->leads[0].width);
    g->wanted = (unsigned)m;
    return score_of(q, n, m, 1, 1);
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
        g->origins.items = arena_alloc(b->scratch, found.n, sizeof *found.items);
        if (!g->origins.items)
            return false;
        memcpy(g->origins.items, found.items, found.n * sizeof *found.items);
    }
    return true;
}

/* ---- sites ---- */

/* Is the value of `id` that of root plus something? Then *sum is what. */
static bool is_root_plus(Values *v, ValueId id, const Lead *l, uint64_t *sum)
{
    *sum = 0;
    for (unsigned i = 0; i < 32 && id != VALUE_NONE; i++) {
        if (id == l->root)
            return true;
        Link link = values_link(v, id);
        if (link.kind == MOVE_ADD && link.bits >= l->width)
            *sum += link.k;
        else if (link.kind != MOVE_COPY || link.bits < l->width)
            return false;
        id = link.base;
    }
    return false;
}

/* The proof says that the cell holds the variable less an addend; does it also hold what the compare tests? */
static bool hold_is_tested(Builder *b, const Lead *l, Cell cell, const Hold *hold)
{
    uint64_t sum;
    return hold->proof && is_root_plus(b->v, values_before(b->v, l->step, cell), l, &sum) &&
           low(sum + hold->addend, l->width) == 0;
}

/* The compared cell itself, where it is one. */
static Cell compared_cell(Builder *b, const Lead *l)
{
    const Compare *c = &b->compares->items[l->compare];
    for (unsigned i = 0; i < 2 && c->value != VALUE_NONE; i++) {
        Cell cell = values_operand_cell(b->v, l->step, i);
        if (cell != CELL_NONE && values_before(b->v, l->step, cell) == c->value)
            return cell;
    }
    return CELL_NONE;
}

/* Where the tested variable is proved to be: in the compared cell if it can be, in a register rather than in memory. */
static Location tested_location(Builder *b, const RangeProof *p, const Lead *l)
{
    Cell want = compared_cell(b, l);
    Location best = {.kind = LOCATION_NONE};
    unsigned least = UINT32_MAX;
    Hold *holds = arena_alloc(&b->proof, p->ncells + 1u, sizeof *holds);
    if (!holds)
        return best;
    ranges_before(p, l->step, holds);
    for (uint32_t i = 0; i < p->ncells; i++) {
        unsigned rank = hold_rank(p->cells[i], &holds[i], want);
        if (rank >= least || !hold_is_tested(b, l, p->cells[i], &holds[i]))
            continue;
        Location at = cell_location(b->v, l->step, p->cells[i], p->width);
        if (at.kind == LOCATION_NONE)
            continue;
        at.addend = low(holds[i].addend, p->width);
        best = at;
        least = rank;
    }
    return best;
}

/* Where the variable is when the lead's compare runs; false where that is not proved. */
static bool lead_site(Builder *b, const RangeProof *p, const Lead *l, Site *out)
{
    *out = (Site){.pc = b->v->body->steps[l->step].insn.pc, .constant = l->k, .relation = l->relation, .via = l->via, .sign = l->sign, .quality = l->quality};
    if (l->root == VALUE_NONE) {
        Origin o = {DEF_LOAD, l->step, CELL_NONE};
        out->location = origin_location(p, &o);
        return true;
    }
    out->location = tested_location(b, p, l);
    if (out->location.kind != LOCATION_NONE)
        return true;
    for (size_t i = 0; i < p->origins.n; i++) { /* the join's first step is the compare itself: it reads what was joined */
        const Origin *o = &p->origins.items[i];
        if (o->kind != DEF_MERGE || o->step != l->step || values_before(b->v, l->step, o->cell) != l->root)
            continue;
        out->location = cell_location(b->v, l->step, o->cell, p->width);
        return out->location.kind != LOCATION_NONE;
    }
    return false;
}

typedef struct SiteList {
    Site *items;
    size_t n, cap;
} SiteList;

/* Adds the sites of the group's leads; *all: every one of them was proved. */
static bool sites_add(Builder *b, const RangeProof *p, const Group *g, SiteList *list, bool *all)
{
    for (size_t i = 0; i < g->n; i++) {
        Site site;
        if (!lead_site(b, p, &g->leads[i], &site)) {
            *all = false;
            continue;
        }
        if (!arena_grow(&b->proof, (void **)&list->items, list->n, &list->cap, sizeof *list->items))
            return false;
        list->items[list->n++] = site;
    }
    return true;
}

static int site_order(const void *x, const void *y)
{
    const Site *a = x, *b = y;
    if (a->pc != b->pc)
        return a->pc < b->pc ? -1 : 1;
    if (a->constant != b->constant)
        return a->constant < b->constant ? -1 : 1;
    return a->relation - b->relation;
}

/* Sorts; of one compare only one reading stays: the one with the most sites at that pc, then without addend. */
static void sites_tidy(SiteList *list)
{
    if (list->n)
        qsort(list->items, list->n, sizeof *list->items, site_order);
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const Site *s = &list->items[i];
        bool repeat = n && site_order(s, &list->items[n - 1]) == 0;
        if (!repeat)
            list->items[n++] = *s;
    }
    list->n = n;
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
    f->parts = arena_alloc(a, body->nparts, sizeof *f->parts);
    if (!f->parts)
        return NULL;
    f->nparts = 0;
    for (size_t i = 0; i < body->nparts; i++) /* the part of the entry first */
        if (f->start >= body->parts[i].start && f->start < body->parts[i].end)
            f->parts[f->nparts++] = body->parts[i];
    for (size_t i = 0; i < body->nparts; i++)
        if (!(f->start >= body->parts[i].start && f->start < body->parts[i].end))
            f->parts[f->nparts++] = body->parts[i];
    return f;
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
    out->nconstants = distinct(out->constants, sites->n);
    for (size_t i = 0; i < out->nconstants; i++) {
        out->constants[i] = low(out->constants[i], out->width);
        if (constant_asked(b->sink->query, out->constants[i], out->width))
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

/* The same items in the arena of the results. */
static void *kept(Builder *b, const void *items, size_t n, size_t size)
{
    void *copy = arena_alloc(b->sink->results, n, size);
    if (copy && n)
        memcpy(copy, items, n * size);
    return copy;
}

/* Moves what was built so far to where it outlives the function. */
static bool variable_keep(Builder *b, Variable *v, const SiteList *sites)
{
    v->constants = kept(b, v->constants, v->nconstants, sizeof *v->constants);
    v->matched = kept(b, v->matched, v->nmatched, sizeof *v->matched);
    v->sites = kept(b, sites->items, sites->n, sizeof *v->sites);
    v->nsites = sites->n;
    v->function = function_copy(b->v->body, b->sink->results);
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
        if (constant_asked(q, v->sites[i].constant, v->width))
            first[n++] = v->sites[i];
    return n ? probe_choose(p, first, n, q->weakest) : probe_choose(p, v->sites, v->nsites, q->weakest);
}

/* One site's say: half a range is hardly what was asked for, and a narrow value is oftener a field than a local. */
static double site_quality(const Variable *v, const Site *site)
{
    double q = site->quality / 100.0;
    if (site->via == VIA_RANGE && v->nmatched < v->nconstants)
        q *= 0.8;
    return v->width < 32 ? q * 0.97 : q;
}

/* The mean, over the matched constants, of the most direct site of each: 0..1. */
static double matched_quality(const Variable *v, const SiteList *sites)
{
    double sum = 0;
    for (size_t m = 0; m < v->nmatched; m++) {
        double best = 0;
        for (size_t i = 0; i < sites->n; i++) {
            double q = site_quality(v, &sites->items[i]);
            if (low(sites->items[i].constant, v->width) == v->matched[m] && q > best)
                best = q;
        }
        sum += best;
    }
    return v->nmatched ? sum / (double)v->nmatched : 0;
}

/* 1 when the value outlives a compare or is compared in several places; a temporary made for one compare has 0. */
static double sites_life(Builder *b, const SiteList *sites)
{
    for (size_t i = 0; i < sites->n; i++) {
        const Site *s = &sites->items[i];
        if (s->pc != sites->items[0].pc)
            return 1;
        if (s->location.kind == LOCATION_REG && register_live_after(b->v->body, body_step_at(b->v->body, s->pc), s->location.reg))
            return 1;
    }
    return sites->n && sites->items[0].location.kind != LOCATION_REG ? 0.5 : 0;
}

static bool variable_make(Builder *b, const RangeProof *p, const SiteList *sites)
{
    VariableSink *sink = b->sink;
    Variable v = {.width = (uint16_t)p->width, .sign = sign_of(sites)};
    if (!variable_constants(b, &v, sites))
        return false;
    v.score = score_of(sink->query, v.nconstants, v.nmatched, matched_quality(&v, sites), sites_life(b, sites));
    if (sink->query->nconstants && v.nmatched == 0)
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
    return sink_put(sink, &v, sink->results);
}

/* ---- from group to variable ---- */

/* Proofs of one function share one budget of work. */
static bool prove(Builder *b, RangeProof *p, unsigned width, Origins origins, const Mem *mem)
{
    bool ok = ranges_prove(p, b->v, width, origins, mem, b->budget, &b->proof);
    uint64_t work = p->work + b->v->body->nsteps; /* listing the ranges walks every step once more */
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
    return origins.n && prove(b, p, first->width, origins, mem) && sites_add(b, p, g, sites, all);
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
        if (o == g || o->taken || o->leads[0].width != g->leads[0].width || o->leads[0].root == VALUE_NONE ||
            o->origins.n == 0 || !origins_within(&o->origins, &p->origins))
            continue;
        size_t before = sites->n;
        bool all = true;
        if (!sites_add(b, p, o, sites, &all))
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
    return a->leads < b->leads ? -1 : a->leads > b->leads;
}

/* Could anything come of the group, alone or with what it takes up? `others`: what all groups together promise. */
static bool group_matters(const Builder *b, const Group *g, double others)
{
    const VariableSink *sink = b->sink;
    bool join = g->origins.n > 1;
    if (sink->query->nconstants && g->wanted == 0)
        return false;
    return (join ? others : g->promise) >= sink->least;
}

static bool groups_build(Builder *b)
{
    double all = 0;
    for (size_t i = 0; i < b->ngroups; i++) {
        b->groups[i].promise = group_promise(b, &b->groups[i]);
        all += b->groups[i].promise;
    }
    if (all <= 0 || all < b->sink->least)
        return true;
    if (!groups_trace(b))
        return false;
    if (b->ngroups)
        qsort(b->groups, b->ngroups, sizeof *b->groups, group_order);
    for (size_t i = 0; i < b->ngroups; i++) {
        Group *g = &b->groups[i];
        if (b->budget && !g->taken && group_matters(b, g, all) && !group_build(b, g))
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
    Builder b = {.sink = sink, .v = v, .compares = &compares, .scratch = scratch,
                 .budget = PROOF_BUDGET + (uint64_t)PROOF_BUDGET_STEP * v->body->nsteps};
    bool ok = groups_cut(&b, leads.items, leads_filter(&leads, sink->query)) && groups_build(&b);
    arena_free(&b.proof);
    return ok;
}

/* Bytes over which the variable is placed: what lives long is likelier a variable of the source than a temporary. */
static uint64_t span_of(const Variable *v)
{
    uint64_t span = 0;
    for (size_t i = 0; i < v->nranges; i++)
        span += v->ranges[i].end - v->ranges[i].start;
    return span;
}

int variable_order(const void *x, const void *y)
{
    const Variable *a = x, *b = y;
    if (a->score < b->score || a->score > b->score)
        return a->score > b->score ? -1 : 1;
    bool pa = a->probe.pc && a->probe.proof < PROOF_PARTIAL, pb = b->probe.pc && b->probe.proof < PROOF_PARTIAL;
    if (pa != pb)
        return pa ? -1 : 1;
    uint64_t sa = span_of(a), sb = span_of(b);
    if (sa != sb)
        return sa > sb ? -1 : 1;
    if (a->function->start != b->function->start)
        return a->function->start < b->function->start ? -1 : 1;
    return a->sites[0].pc < b->sites[0].pc ? -1 : a->sites[0].pc > b->sites[0].pc;
}
