/* analysis/score.c - see score.h. */
#include "analysis/score.h"

#include <stdlib.h>

#include "analysis/asked.h"
#include "analysis/liveness.h"
#include "analysis/real.h"
#include "x86/insn.h"

/* ---- constants ---- */

/* x > k is x >= k + 1: if only the other form's constant was asked for, the lead takes that form. A range's ends stand as they are, but
 * `x - 58 < -10`, below 48 or above 57, may have been said of the range from 48 to 57. */
bool lead_turn(const Query *q, Lead *l)
{
    static const struct {
        uint8_t relation;
        int step;
    } other[] = {[RELATION_LT] = {RELATION_LE, -1},
                 [RELATION_LE] = {RELATION_LT, 1},
                 [RELATION_GT] = {RELATION_GE, 1},
                 [RELATION_GE] = {RELATION_GT, -1}};
    if (constant_asked(q, l->k, l->width, l->real))
        return true;
    if (l->firm || l->relation < RELATION_LT || l->relation > RELATION_GE || (l->via == VIA_RANGE && !l->outside))
        return false;
    uint64_t k = low_bits(l->k + (uint64_t)(int64_t)other[l->relation].step, l->width);
    if (!constant_asked(q, k, l->width, false))
        return false;
    l->k = k;
    l->relation = other[l->relation].relation;
    l->quality = (uint8_t)(l->quality * QUALITY_TURNED / 100); /* as likely as not, but the plain form comes first */
    return true;
}

static int constant_order(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

size_t constants_distinct(uint64_t *items, size_t n)
{
    size_t m = 0;
    qsort(items, n, sizeof *items, constant_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || items[i] != items[m - 1])
            items[m++] = items[i];
    return m;
}

/* ---- scores ---- */

const Merit merit_best = {1, 1, 1, 1, 1, 1, 1, 1};

/* How many of the asked constants are met counts most. The other weights were found on the programs of tests/oracle/corpus.sh; those found
 * on one half of them served the other half as well. */
double score_of(const Query *q, size_t nconstants, size_t nmatched, const Merit *m)
{
    if (query_asks(q) == 0)
        return (double)nconstants / (double)(nconstants + 8);
    if (nmatched == 0)
        return 0;
    double sum = 0.80 * m->met * (double)nmatched / (double)query_asks(q) + 0.12 * m->direct + 0.06 * m->life +
                 0.12 * m->share + 0.12 * m->origin + 0.10 * m->place + 0.03 * m->span + 0.03 * m->branch;
    return sum / 1.38;
}

/* Could an instruction hold the constant? */
static bool fits_immediate(uint64_t k, unsigned bits)
{
    int64_t n = (int64_t)value_extended(k, bits, true);
    return bits <= 32 || (n >= INT32_MIN && n <= INT32_MAX);
}

/* One site's say: half a range is hardly what was asked for; a constant in a register, though an instruction could hold it, is likelier
 * another variable that has just this value there; and a narrow value is oftener a field than a local. */
static double site_quality(const Variable *v, const Site *site)
{
    double q = site->quality / 100.0;
    if (site->via == VIA_REGISTER && fits_immediate(site->constant, v->width))
        q *= 0.2;
    if (site->via == VIA_RANGE && v->nmatched < v->nconstants)
        q *= 0.8;
    return v->width < 32 ? q * 0.97 : q;
}

/* The next step in the code that reads the register, close by; UINT32_MAX: none. */
static uint32_t next_reader(const Body *body, uint32_t step, unsigned reg)
{
    enum { NEAR = 8 };
    for (uint32_t i = step + 1; i < body->nsteps && i <= step + NEAR; i++)
        if (regset_has(body->steps[i].effects.reads, reg))
            return i;
    return UINT32_MAX;
}

/* `sub $5,%eax; je; sub $1,%eax; je`: what is left of the variable is wanted only to compare it with more constants. */
static bool is_chained(const Body *body, const SiteList *sites, uint32_t step, unsigned reg)
{
    uint32_t next = next_reader(body, step, reg);
    for (size_t i = 0; next != UINT32_MAX && i < sites->n; i++)
        if (sites->items[i].pc == body->steps[next].insn.pc)
            return true;
    return false;
}

/* Does a step that stands between the register's last write and this one read it? */
static bool read_before(const Body *body, uint32_t step, unsigned reg)
{
    enum { NEAR = 32 };
    for (uint32_t i = step; i > 0 && step - i < NEAR; i--) {
        const Effects *e = &body->steps[i - 1].effects;
        if (regset_has(e->writes, reg))
            return false;
        if (regset_has(e->reads, reg))
            return true;
    }
    return false;
}

/* Is what the instruction compares, or leaves, something else that was made of the variable, in the register *reg? */
static bool is_made(const Site *site, const Insn *insn, unsigned *reg)
{
    bool changes =
        insn->mnemonic == MN_SUB || insn->mnemonic == MN_ADD || insn->mnemonic == MN_INC || insn->mnemonic == MN_DEC;
    *reg = insn->op[0].reg;
    if (!insn->nops || insn->op[0].kind != OPERAND_REG)
        return false;
    return changes || (site->via == VIA_DERIVED && (site->location.kind != LOCATION_REG || site->location.reg != *reg));
}

/* How sure it is that the variable meets the constant here. If what was made of it is used elsewhere, that may be the variable that
 * the source compares: with x - 7 in use, `x - 7 == 0` says little of a variable x. */
static double site_weight(const Body *body, const SiteList *sites, const Site *site)
{
    uint32_t step = body_step_at(body, site->pc);
    unsigned reg;
    const Insn *insn = &body->steps[step].insn;
    if (!is_made(site, insn, &reg))
        return 1;
    bool used = insn->mnemonic == MN_CMP && read_before(body, step, reg);
    bool wanted = register_live_after(body, step, reg) && !is_chained(body, sites, step, reg);
    return used || wanted ? 0.25 : 1;
}

/* Sets how surely, and how directly, the matched constants are met: the means of each one's best site. */
static void merit_of_matched(Merit *m, const Variable *v, const Body *body, const SiteList *sites)
{
    double direct = 0, met = 0;
    for (size_t k = 0; k < v->nmatched; k++) {
        double most = 0, best = 0;
        for (size_t i = 0; i < sites->n; i++) {
            const Site *s = &sites->items[i];
            if (low_bits(s->constant, v->width) != v->matched[k])
                continue;
            double weight = site_weight(body, sites, s), q = site_quality(v, s) * weight;
            most = weight > most ? weight : most;
            best = q > best ? q : best;
        }
        direct += best;
        met += most;
    }
    m->direct = v->nmatched ? direct / (double)v->nmatched : 0;
    m->met = v->nmatched ? met / (double)v->nmatched : 0;
}

static double sites_life(const Body *body, const SiteList *sites)
{
    for (size_t i = 0; i < sites->n; i++) {
        const Site *s = &sites->items[i];
        if (s->pc != sites->items[0].pc)
            return 1;
        if (s->location.kind == LOCATION_REG && register_live_after(body, body_step_at(body, s->pc), s->location.reg))
            return 1;
    }
    return sites->n && sites->items[0].location.kind != LOCATION_REG ? 0.5 : 0;
}

/* 0, 1 and -1 are compared with everything, and 2 and -2 with much: that they were not asked for says nothing. */
static bool is_remarkable(const Variable *v, uint64_t k)
{
    int64_t n = (int64_t)value_extended(k, v->width, true);
    return n > 2 || n < -2;
}

static double matched_share(const Query *q, const Variable *v)
{
    size_t others = 0;
    for (size_t i = 0; i < v->nconstants; i++)
        others += is_remarkable(v, v->constants[i]) && !constant_asked(q, v->constants[i], v->width, v->real);
    return (double)v->nmatched / (double)(v->nmatched + others + (v->nmatched == 0));
}

Merit merit_of_sites(const Query *q, const Variable *v, const Body *body, const SiteList *sites)
{
    Merit m = merit_best;
    merit_of_matched(&m, v, body, sites);
    m.life = sites_life(body, sites);
    m.share = matched_share(q, v);
    return m;
}

/* Bytes over which the variable is placed, in one place or several. Ranges are in order of their starts. */
static uint64_t span_of(const Variable *v)
{
    uint64_t span = 0;
    Addr end = 0;
    for (size_t i = 0; i < v->nranges; i++) {
        const Range *r = &v->ranges[i];
        Addr start = r->start > end ? r->start : end;
        span += r->end > start ? r->end - start : 0;
        end = r->end > end ? r->end : end;
    }
    return span;
}

enum { SPAN_BITS = 12 }; /* 4 KB is long */

double merit_span(uint64_t bytes)
{
    unsigned bits = 0;
    for (; bytes && bits < SPAN_BITS; bytes >>= 1)
        bits++;
    return bits / (double)SPAN_BITS;
}

void merit_of_place(Merit *m, const Variable *v)
{
    bool argument = false, loads = true;
    for (size_t i = 0; i < v->ndefs; i++) {
        argument |= v->defs[i].kind == DEF_ARGUMENT;
        loads &= v->defs[i].kind == DEF_LOAD;
    }
    m->origin = argument ? 1 : loads ? 0 : 0.5;
    m->place = !v->probe.pc || v->probe.location.addend ? 0 : v->probe.location.kind == LOCATION_REG ? 1 : 0.8;
    m->span = merit_span(span_of(v));
    m->branch = v->probe.pc && v->probe.cost == COST_EMULATED;
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
