/* analysis/glance_bound.c - from what was seen in a function to what its variables can score at most.
 *
 * Without a query the score grows with the number of different constants, so these are counted: those of compares; two for a
 * compare by an unsigned order, which a sum may make a range; one more for each chain of subtractions; the entries of jump tables and the
 * bits of sets. With a query it depends on how directly the code can name a constant that was asked for.
 */
#include "analysis/glance_look.h"

#include <string.h>

#include "analysis/asked.h"
#include "analysis/body.h"
#include "analysis/flags.h"
#include "analysis/score.h"
#include "analysis/summary.h"
#include "analysis/table.h"

/* How far back a leader is looked for. SET_BITS: of a bit set. ROUNDING: sums of doubles. */
enum {
    TIGHT_MAX = 4096,
    SET_BITS = 64,
    PLAIN = 100,
    TURNED = QUALITY_TURNED,
    RANGE = 90,
    MEMORY = 70,
    ADDED = 60,
    DERIVED = 25,
    REGISTER = 20
};
#define ROUNDING 1e-9

/* What variables of one kind can score: in registers and slots, which may be joined, or in other memory. */
typedef struct Hope {
    double direct; /* with a query: how directly a number that is asked for may be named, at best; 0: not at all */
    double origin; /* Merit.origin, at best */
} Hope;

typedef struct Judge {
    Look *look;
    const Query *query;
    uint64_t may[GIVEN_KINDS];    /* the places that may hold such a constant */
    uint64_t may_sum, may_derive; /* the places that may hold a sum; what was masked or shifted */
    bool masks;                   /* one may be shifted */
    Hope cells, memory;           /* with a query */
    uint64_t count;               /* without: of constants, but for those of `set` */
    uint64_t *set;                /* different ones: open addressing; what k is stored as is not 0 */
    size_t nset, mask;
} Judge;

/* Does no jump lead to a place in (since, at]? */
static bool is_tight(const Look *l, uint32_t since, uint32_t at)
{
    if (since > at || at - since > TIGHT_MAX) /* LOOK_NOWHERE is behind all places */
        return false;
    for (uint32_t i = since + 1; i <= at; i++)
        if (l->seen[i] & SEEN_LEADER)
            return false;
    return true;
}

/* All places that what is in one of these may get to by copies; sums: and by additions. */
static uint64_t closure(const Look *l, uint64_t places, bool sums)
{
    for (uint64_t old = 0; old != places;) {
        old = places;
        for (unsigned i = 0; i < LOOK_PLACES; i++)
            if (places >> i & 1)
                places |= l->copies[i] | (sums ? l->sums[i] : 0);
    }
    return places;
}

/* The places that may hold the sum of a constant and a number. */
static uint64_t sums_of(const Look *l, uint64_t places)
{
    uint64_t out = l->calls ? 1u << REG_RAX : 0; /* a callee may add, too */
    for (unsigned i = 0; i < LOOK_PLACES; i++)
        if (places >> i & 1)
            out |= l->sums[i];
    return places ? out : 0;
}

/* May a sum be asked for, or the number next to it? */
static bool asks_far(const Query *q)
{
    return q->nconstants && (q->constants[0] <= 2 - SUM_NEAR || q->constants[q->nconstants - 1] >= SUM_NEAR - 2);
}

/* May operand i hold such a constant? */
static bool operand_may_hold(const Look *l, const LookWriter *w, unsigned i, uint64_t places)
{
    const LookOperand *op = &w->operands[i];
    return op->place < LOOK_PLACES && (places >> op->place & 1) && !is_tight(l, op->since, w->at);
}

static bool either_may_hold(const Look *l, const LookWriter *w, uint64_t places)
{
    return operand_may_hold(l, w, 0, places) || operand_may_hold(l, w, 1, places);
}

/* ---- with a query ---- */

/* What is known of a compared operand at its compare. */
typedef struct Side {
    bool none, memory;
    LookWeb web;
} Side;

/* `memory`: an operand that is no cell may be in memory. */
static Side side_of(Judge *j, const LookWriter *w, unsigned i, bool memory)
{
    Side side = {.none = false};
    unsigned place = w->operands[i].place;
    if (place >= LOOK_PLACES) {
        side.none = !memory;
        side.memory = memory;
    } else if (!look_web(j->look, w->at, place, &side.web)) {
        side.web = (LookWeb){.origin = 1,
                             .sum = j->may_sum >> place & 1,
                             .many = true,
                             .derived = j->may_derive >> place & 1 ? j->look->derived : 0};
    }
    return side;
}

/* How directly the code may name a number that is asked for; of all else that counts for the score the best is taken. */
static void direct_put(Judge *j, const Side *side, double quality)
{
    Hope *h = side->memory ? &j->memory : &j->cells;
    if (side->none)
        return;
    if (quality > h->direct)
        h->direct = quality;
    if (side->web.origin > h->origin)
        h->origin = side->web.origin;
}

static const Side side_any = {.web = {.origin = 1}};

/* May a number near k be asked for? */
static bool is_near(const Judge *j, uint64_t k) { return j->look->g->near[k & 0xff]; }

static bool is_order(unsigned cc, bool *is_unsigned)
{
    *is_unsigned = cc == CC_B || cc == CC_AE || cc == CC_BE || cc == CC_A;
    return *is_unsigned || cc == CC_L || cc == CC_GE || cc == CC_LE || cc == CC_G || cc == CC_S || cc == CC_NS;
}

/* Is k, compared in `bits`, asked for: as it is, or as the narrower number that was extended? */
static bool compared_asked(const Query *q, uint64_t k, unsigned bits)
{
    k = low_bits(k, bits);
    for (unsigned narrow = bits; narrow >= 8; narrow /= 2) {
        bool holds = low_bits(k, narrow) == k || low_bits(value_extended(k, narrow, true), bits) == k ||
                     low_bits(value_extended(k, narrow, true), 32) == k;
        if (holds && constant_asked(q, low_bits(k, narrow), narrow, false))
            return true;
    }
    return false;
}

/* What lies between the compare and the variable may make another number of the one that is compared with. */
static void score_way(Judge *j, unsigned cc, const Side *side, const uint64_t *k, unsigned bits, bool zero)
{
    if (side->web.derived && number_of_derived(j->look, &side->web, k, bits))
        direct_put(j, side, DERIVED / 100.0);
    if (!side->web.sum || !number_of_sum(j->look, &side->web, k, bits))
        return;
    direct_put(j, side, ADDED / 100.0);
    direct_put(j, side, RANGE / 100.0 * (query_asks(j->query) == 1 ? 0.8 : 1));
    if ((cc == CC_BE || cc == CC_A) && zero) /* a range of one number */
        direct_put(j, side, RANGE / 100.0);
}

/* The flags say that the value is at most `most`, or above that. */
static void score_most(Judge *j, const Side *side, uint64_t most, unsigned bits)
{
    if (number_of_most(j->look, &side->web, most, bits))
        direct_put(j, side, DERIVED / 100.0);
}

static void score_immediate(Judge *j, const LookWriter *w, unsigned cc, const Side *side)
{
    const Query *q = j->query;
    bool is_unsigned, order = is_order(cc, &is_unsigned);
    double quality = (side->memory ? MEMORY / 100.0 : 1) * (w->bits < 32 ? 0.97 : 1);
    score_way(j, cc, side, &w->k, w->bits, w->k == 0);
    if ((cc == CC_S || cc == CC_NS) && w->bits <= 16) /* below 0: as an unsigned number, 128 or more */
        score_most(j, side, low_bits(UINT64_MAX, w->bits - 1u), w->bits);
    if (!is_near(j, w->k))
        return;
    if (compared_asked(q, w->k, w->bits) || (is_unsigned && w->k == 1 && constant_asked(q, 0, w->bits, false)))
        direct_put(j, side, quality);
    else if (order && (compared_asked(q, w->k + 1, w->bits) || compared_asked(q, w->k - 1, w->bits)))
        direct_put(j, side, quality * TURNED / 100.0);
}

/* Are all numbers asked for (there is one, or none would have been given) such that an instruction can hold them? Then one in a register is
 * no good sign (score.c). */
static bool asks_immediates(const Query *q)
{
    return q->constants[0] >= INT32_MIN && q->constants[q->nconstants - 1] <= INT32_MAX;
}

/* Operand i is the constant, the other the variable. */
static void score_register(Judge *j, const LookWriter *w, unsigned cc, unsigned i)
{
    LookWeb constant;
    if (!operand_may_hold(j->look, w, i, j->may[GIVEN_ANY]) ||
        (look_web(j->look, w->at, w->operands[i].place, &constant) && !constant.number))
        return;
    Side side = side_of(j, w, 1 - i, true);
    score_way(j, cc, &side, NULL, w->bits, operand_may_hold(j->look, w, i, j->may[GIVEN_ZERO]));
    if (operand_may_hold(j->look, w, i, j->may[GIVEN_READ]))
        direct_put(j, &side, 1);
    else if (operand_may_hold(j->look, w, i, j->may[GIVEN_ASKED]))
        direct_put(j, &side, asks_immediates(j->query) ? REGISTER / 100.0 : 1);
}

/* Is the score as high as can be? */
static bool is_settled(const Judge *j) { return j->cells.direct >= 1 && j->cells.origin >= 1; }

static void score_pair(Judge *j, const LookWriter *w, unsigned cc)
{
    Side sides[2];
    if (is_settled(j))
        return;
    if (w->kind != LOOK_REGISTERS && w->kind != LOOK_REAL && w->kind != LOOK_BIT && w->kind != LOOK_LOW_BIT) {
        sides[0] = side_of(j, w, 0, w->memory);
        sides[1] = side_of(j, w, 1, false);
    }
    switch (w->kind) {
    case LOOK_REAL:
        if (j->query->nreals)
            direct_put(j, &side_any, 1);
        break;
    case LOOK_REGISTERS:
        score_register(j, w, cc, 0);
        score_register(j, w, cc, 1);
        break;
    case LOOK_BIT:
        if (operand_may_hold(j->look, w, 0, j->may[GIVEN_ANY]) && number_of_index(j->look, SET_BITS))
            direct_put(j, &side_any, 1);
        break;
    case LOOK_LOW_BIT:
        if (j->masks && number_of_index(j->look, SET_BITS))
            direct_put(j, &side_any, 1);
        break;
    case LOOK_MASKED: score_most(j, &sides[0], w->k, w->bits); break;
    default: /* with constant memory, either side may be the variable */
        score_immediate(j, w, cc, &sides[0]);
        score_immediate(j, w, cc, &sides[1]);
    }
}

/* The better of what variables in cells and in memory can score. */
static double score_hoped(const Judge *j, const Hope *h)
{
    const Query *q = j->query;
    Merit m = merit_best;
    m.direct = h->direct;
    m.origin = h->origin;
    m.span = merit_span(j->look->nseen);
    return h->direct > 0 ? score_of(q, query_asks(q), query_asks(q), &m) + ROUNDING : 0;
}

/* ---- without ---- */

static void set_put(Judge *j, uint64_t k)
{
    uint64_t key = k + 1 ? k + 1 : 1; /* the number -1 is counted as 0 is: one less, made good by `count` */
    size_t i = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & j->mask;
    while (j->set[i] && j->set[i] != key)
        i = (i + 1) & j->mask;
    j->nset += j->set[i] == 0;
    j->set[i] = key;
}

static void count_pair(Judge *j, const LookWriter *w, unsigned cc)
{
    bool is_unsigned;
    is_order(cc, &is_unsigned);
    j->count += is_unsigned ? 2 : 0;
    switch (w->kind) {
    case LOOK_REAL: j->count++; break;
    case LOOK_REGISTERS: j->count += either_may_hold(j->look, w, j->may[GIVEN_ANY]); break;
    case LOOK_BIT: j->count += operand_may_hold(j->look, w, 0, j->may[GIVEN_ANY]) ? SET_BITS : 0; break;
    case LOOK_MASKED: break; /* no likely reading */
    case LOOK_LOW_BIT: j->count += j->masks ? SET_BITS : 0; break;
    case LOOK_CHAINED:
    case LOOK_EQUALITY:
        j->count++;
        set_put(j, w->k);
        break;
    default: set_put(j, w->k);
    }
}

static bool set_open(Judge *j)
{
    size_t size = 16;
    while (size < 2 * (j->look->nwriters + 2))
        size *= 2;
    j->mask = size - 1;
    j->set = arena_alloc(&j->look->g->work, size, sizeof *j->set);
    j->count = 2; /* 0 and -1 */
    return j->set != NULL;
}

/* ---- both ---- */

/* Can the condition be a relation that the writer's flags tell? */
static bool pair_tells(const LookWriter *w, unsigned cc)
{
    bool equality = cc == CC_E || cc == CC_NE, is_unsigned, order = is_order(cc, &is_unsigned);
    switch (w->kind) {
    case LOOK_EQUALITY:
    case LOOK_MASKED:
    case LOOK_LOW_BIT: return equality;
    case LOOK_BIT: return cc == CC_B || cc == CC_AE;
    case LOOK_SHIFT: return false;
    default: return equality || order;
    }
}

static void pair_judge(Judge *j, const LookWriter *w, unsigned cc)
{
    if (!pair_tells(w, cc))
        return;
    if (query_asks(j->query))
        score_pair(j, w, cc);
    else
        count_pair(j, w, cc);
}

/* A condition whose flags may come from anywhere. */
static void loose_judge(Judge *j, unsigned cc)
{
    for (size_t i = 0; i < j->look->nwriters; i++)
        pair_judge(j, &j->look->writers[i], cc);
}

static void readers_judge(Judge *j)
{
    const Look *l = j->look;
    unsigned loose = 0;
    for (size_t i = 0; i < l->nreaders; i++) {
        const LookReader *r = &l->readers[i];
        if (!is_tight(l, r->since, r->at))
            loose |= 1u << r->cc;
        else if (r->writer != UINT32_MAX)
            pair_judge(j, &l->writers[r->writer], r->cc);
    }
    for (unsigned cc = 0; cc < 16; cc++)
        if (loose >> cc & 1)
            loose_judge(j, cc);
}

static void tables_judge(Judge *j)
{
    const Look *l = j->look;
    uint64_t least = TABLE_UNBOUNDED_MAX, most = l->shorts ? BODY_MAX_TABLE : l->most + l->most_added + 1;
    most = most < least ? least : most < BODY_MAX_TABLE ? most : BODY_MAX_TABLE;
    uint64_t n = l->entries_most < most ? l->entries_most : most;
    if (n == 0)
        return;
    if (query_asks(j->query) && number_of_index(l, n))
        direct_put(j, &side_any, 1);
    j->count += l->tables * n;
}

/* What the function can score at most when its callees return what `may` of rax says. */
static double judged(Judge *j)
{
    const Look *l = j->look;
    j->may[GIVEN_ANY] = closure(l, j->may[GIVEN_ANY], true);
    if (asks_far(j->query)) {
        j->may[GIVEN_ASKED] |= sums_of(l, j->may[GIVEN_ANY]);
        j->may[GIVEN_READ] |= sums_of(l, j->may[GIVEN_ANY]);
    }
    for (unsigned i = GIVEN_ANY + 1; i < GIVEN_KINDS; i++)
        j->may[i] = closure(l, j->may[i], false);
    for (size_t i = 0; i < l->nwriters && !j->masks; i++)
        j->masks = l->writers[i].kind == LOOK_SHIFT && operand_may_hold(l, &l->writers[i], 0, j->may[GIVEN_ANY]);
    j->may_sum = closure(l, l->made_sums, true);
    j->may_derive = closure(l, l->made_derived, true);
    readers_judge(j);
    tables_judge(j);
    if (query_asks(j->query)) {
        double cells = score_hoped(j, &j->cells), memory = score_hoped(j, &j->memory);
        return cells > memory ? cells : memory;
    }
    size_t n = j->nset + (size_t)j->count;
    return n > 2 ? score_of(j->query, n, 0, &merit_best) + ROUNDING : 0;
}

/* A large switch; a number that is named as it is, in little code. */
static double likely_of(const Judge *j, double bound)
{
    uint64_t n = j->look->tables ? j->look->entries_most : 0;
    if (query_asks(j->query))
        return j->cells.direct >= PLAIN / 100.0 ? bound / (1 + j->look->nseen) : 0;
    return score_of(j->query, (size_t)n, 0, &merit_best);
}

Glance look_judge(Look *l)
{
    Judge j = {.look = l, .query = l->g->query};
    Glance out = {0};
    uint64_t rax = l->calls ? 1u << REG_RAX : 0;
    memcpy(j.may, l->given, sizeof j.may);
    j.may[GIVEN_ANY] |= rax;
    if (j.may[GIVEN_ASKED] | j.may[GIVEN_READ]) /* a callee may return what it is given */
        j.may[GIVEN_READ] |= rax;
    if (j.may[GIVEN_ZERO])
        j.may[GIVEN_ZERO] |= rax;
    if (!query_asks(j.query) && !set_open(&j))
        return (Glance){GLANCE_ALL, GLANCE_ALL, 0, true, true};
    out.bound = out.through = judged(&j);
    out.likely = likely_of(&j, out.bound);
    out.returns = l->returns && ((j.may[GIVEN_ASKED] | j.may[GIVEN_READ]) >> REG_RAX & 1);
    out.passes = l->returns && l->calls;
    if (query_asks(j.query) && l->calls) {
        j.may[GIVEN_READ] |= rax;
        j.may[GIVEN_ZERO] |= rax;
        out.through = judged(&j);
    }
    return out;
}
