/* analysis/compares.c - see compares.h.
 *
 * Starts from who reads flags (jcc, setcc, cmovcc), finds who wrote them, and asks which side is a constant. Switches and
 * bit sets are found from the jump table and the bt; the compare that guards them is then not reported as a bound.
 */
#include "analysis/compares.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/flags.h"
#include "analysis/frame.h"
#include "analysis/table.h"

typedef struct Finder {
    Values *v;
    Compares *out;
    uint8_t *guard; /* by step: it only bounds the index of a switch or bit set */
} Finder;

/* Below 1 is 0. */
static void compare_simplify(Compare *c)
{
    if (c->sign != SIGN_UNSIGNED || c->k != 1 || (c->relation != RELATION_LT && c->relation != RELATION_GE))
        return;
    c->relation = c->relation == RELATION_LT ? RELATION_EQ : RELATION_NE;
    c->sign = SIGN_UNKNOWN;
    c->k = 0;
}

static void compare_add(Finder *f, const Compare *c)
{
    Compares *out = f->out;
    if (!arena_grow(out->arena, (void **)&out->items, out->n, &out->cap, sizeof *out->items)) {
        out->failed = true;
        return;
    }
    Compare *added = &out->items[out->n++];
    *added = *c;
    added->k = low_bits(c->k, c->bits);
    compare_simplify(added);
}

/* ---- conditions ---- */

/* What "jump if cc" after a compare says of the left side; false where cc is no relation. */
static bool relation_of(unsigned cc, uint8_t *relation, uint8_t *sign)
{
    static const struct {
        uint8_t relation, sign;
    } table[16] = {
        [CC_B] = {RELATION_LT + 1, SIGN_UNSIGNED},  [CC_AE] = {RELATION_GE + 1, SIGN_UNSIGNED},
        [CC_E] = {RELATION_EQ + 1, SIGN_UNKNOWN},   [CC_NE] = {RELATION_NE + 1, SIGN_UNKNOWN},
        [CC_BE] = {RELATION_LE + 1, SIGN_UNSIGNED}, [CC_A] = {RELATION_GT + 1, SIGN_UNSIGNED},
        [CC_L] = {RELATION_LT + 1, SIGN_SIGNED},    [CC_GE] = {RELATION_GE + 1, SIGN_SIGNED},
        [CC_LE] = {RELATION_LE + 1, SIGN_SIGNED},   [CC_G] = {RELATION_GT + 1, SIGN_SIGNED},
    };
    if (cc > 15 || table[cc].relation == 0)
        return false;
    *relation = table[cc].relation - 1;
    *sign = table[cc].sign;
    return true;
}

static uint8_t relation_swapped(uint8_t relation)
{
    switch (relation) {
    case RELATION_LT: return RELATION_GT;
    case RELATION_GT: return RELATION_LT;
    case RELATION_LE: return RELATION_GE;
    case RELATION_GE: return RELATION_LE;
    default: return relation;
    }
}

/* ---- the two sides ---- */

bool mem_key_same(const MemKey *a, const MemKey *b)
{
    return a->base == b->base && a->index == b->index && a->disp == b->disp && a->scale == b->scale &&
           a->segment == b->segment;
}

MemKey compare_mem_key(Values *v, uint32_t step)
{
    const Insn *insn = &v->body->steps[step].insn;
    const Mem *m = &insn->mem;
    MemKey key = {VALUE_NONE, VALUE_NONE, m->disp, m->scale, m->segment};
    uint64_t addr;
    if (m->segment != REG_FS && m->segment != REG_GS)
        key.segment = REG_NONE;
    if (insn_mem_address(insn, &addr)) {
        key.disp = (int64_t)addr;
        key.scale = 0;
        return key;
    }
    if (cell_is_general(m->base))
        key.base = values_before(v, step, m->base);
    if (cell_is_general(m->index))
        key.index = values_before(v, step, m->index);
    else
        key.scale = 0;
    return key;
}

/* Is operand i a constant? */
static bool operand_constant(Finder *f, uint32_t step, unsigned i, uint64_t *k, uint8_t *via)
{
    const Insn *insn = &f->v->body->steps[step].insn;
    const Operand *op = &insn->op[i];
    if (op->kind == OPERAND_IMM) {
        *k = insn->imm;
        *via = VIA_IMMEDIATE;
        return true;
    }
    Cell cell = values_operand_cell(f->v, step, i);
    if (cell != CELL_NONE)
        return values_number(f->v, values_before(f->v, step, cell), k, via);
    *via = VIA_MEMORY;
    return op->kind == OPERAND_MEM && program_constant(f->v->body->program, insn, op->bits, k);
}

/* Sets the side that is no constant; false when it can't be followed. */
static bool operand_variable(Finder *f, uint32_t step, unsigned i, Compare *c)
{
    const Operand *op = &f->v->body->steps[step].insn.op[i];
    Cell cell = values_operand_cell(f->v, step, i);
    if (op->bits != 8 && op->bits != 16 && op->bits != 32 && op->bits != 64)
        return false;
    c->bits = (uint8_t)op->bits;
    c->value = VALUE_NONE;
    if (cell != CELL_NONE) {
        c->value = values_before(f->v, step, cell);
        return c->value != VALUE_NONE;
    }
    if (op->kind != OPERAND_MEM)
        return false;
    c->key = compare_mem_key(f->v, step);
    return true;
}

/* ---- kinds of flag writers ---- */

/* Whichever operand is the constant: c says how the left one is to the right one. */
static void compare_sides(Finder *f, uint32_t step, Compare *c)
{
    if (operand_constant(f, step, 1, &c->k, &c->via) && operand_variable(f, step, 0, c)) {
        compare_add(f, c);
    } else if (operand_constant(f, step, 0, &c->k, &c->via) && operand_variable(f, step, 1, c)) {
        c->relation = relation_swapped(c->relation);
        compare_add(f, c);
    }
}

static void compare_cmp(Finder *f, uint32_t step, unsigned cc)
{
    Compare c = {.step = step};
    if (relation_of(cc, &c.relation, &c.sign))
        compare_sides(f, step, &c);
}

static void compare_shifted(Finder *f, uint32_t step, uint32_t reader, unsigned cc);

/* All bits of operand 0 above those of `low` were found to be zero (cc: E), or not: it is at most `low`, or above. */
static void compare_high_bits(Finder *f, uint32_t step, unsigned cc, uint64_t low)
{
    Compare c = {.step = step, .via = VIA_DERIVED, .sign = SIGN_UNSIGNED, .k = low, .unlikely = true};
    if (cc != CC_E && cc != CC_NE)
        return;
    c.relation = cc == CC_E ? RELATION_LE : RELATION_GT;
    if (operand_variable(f, step, 0, &c))
        compare_add(f, &c);
}

/* test or and with -2^n looks at the high bits; the top bit alone is a flag. */
static void compare_masked(Finder *f, uint32_t step, unsigned cc)
{
    const Insn *insn = &f->v->body->steps[step].insn;
    uint64_t low = low_bits(~insn->imm, insn->op[0].bits);
    if (low && (low & (low + 1)) == 0 && low < low_bits(UINT64_MAX, insn->op[0].bits - 1u))
        compare_high_bits(f, step, cc, low);
}

/* test %al,%al; js: signed, al is below 0; unsigned, it is above 127. */
static void compare_top_bit(Finder *f, uint32_t step, unsigned cc)
{
    Compare c = {.step = step,
                 .via = VIA_DERIVED,
                 .relation = cc == CC_S ? RELATION_GT : RELATION_LE,
                 .sign = SIGN_UNSIGNED,
                 .unlikely = true};
    if (!operand_variable(f, step, 0, &c) || c.bits > 16)
        return;
    c.k = low_bits(UINT64_MAX, c.bits - 1u);
    compare_add(f, &c);
}

static void compare_test(Finder *f, uint32_t step, uint32_t reader, unsigned cc)
{
    const Insn *insn = &f->v->body->steps[step].insn;
    Compare c = {.step = step, .via = VIA_IMMEDIATE};
    if (insn->op[1].kind == OPERAND_IMM && insn->imm == 1 && insn->op[0].kind == OPERAND_REG) {
        compare_shifted(f, step, reader, cc);
        return;
    }
    if (insn->op[1].kind == OPERAND_IMM)
        compare_masked(f, step, cc);
    bool same = insn->op[0].kind == OPERAND_REG && insn->op[1].kind == OPERAND_REG &&
                insn->op[0].reg == insn->op[1].reg && insn->op[0].high == insn->op[1].high;
    if (!same)
        return;
    if (cc == CC_S || cc == CC_NS) {
        c.relation = cc == CC_S ? RELATION_LT : RELATION_GE;
        c.sign = SIGN_SIGNED;
        compare_top_bit(f, step, cc);
    } else if (!relation_of(cc, &c.relation, &c.sign)) {
        return;
    }
    if (operand_variable(f, step, 0, &c))
        compare_add(f, &c);
}

/* sub $k, add $-k, xor $k, inc, dec: their zero flag says what the operand was before. */
static void compare_arith(Finder *f, uint32_t step, unsigned cc)
{
    const Insn *insn = &f->v->body->steps[step].insn;
    Compare c = {.step = step, .via = VIA_IMMEDIATE};
    bool equality = cc == CC_E || cc == CC_NE;
    bool imm = insn->op[1].kind == OPERAND_IMM;
    if (!relation_of(cc, &c.relation, &c.sign))
        return;
    switch (insn->mnemonic) {
    case MN_SUB:
        if (!imm)
            return;
        c.k = insn->imm;
        break;
    case MN_ADD:
        if (!imm || !equality)
            return;
        c.k = 0 - insn->imm;
        break;
    case MN_XOR:
        if (!imm || !equality)
            return;
        c.k = insn->imm;
        break;
    case MN_DEC:
    case MN_INC:
        if (!equality)
            return;
        c.k = insn->mnemonic == MN_DEC ? 1 : UINT64_MAX;
        break;
    default: return;
    }
    if (operand_variable(f, step, 0, &c))
        compare_add(f, &c);
}

static void guard_mark(Finder *f, uint32_t step)
{
    if (step != UINT32_MAX)
        f->guard[step] = 1;
}

/* Does the branch on a set bit (`set`: it is taken then) go where an index out of bounds goes? Then the members are the others. */
static bool mask_is_inverted(Finder *f, uint32_t reader, bool set, Addr fallback)
{
    const Step *s = &f->v->body->steps[reader];
    if (s->insn.flow != FLOW_BRANCH)
        return false;
    return (set ? s->insn.target : step_end(s)) == fallback;
}

/* One compare for each member of the set; they stand where the index is first looked at, as for a switch. `set`: the reader's
 * condition holds when the index's bit is set. */
static void compare_members(Finder *f, Compare *c, uint32_t step, uint32_t reader, bool set, uint64_t mask,
                            unsigned bits)
{
    uint64_t bound;
    uint32_t compare;
    Addr fallback;
    if (value_bound(f->v, c->value, step, &bound, &compare, &fallback) && compare != UINT32_MAX) {
        guard_mark(f, compare);
        c->step = compare;
        if (mask_is_inverted(f, reader, set, fallback)) {
            mask = ~mask;
            bits = bound < bits ? (unsigned)bound + 1 : bits;
            set = !set;
        }
    }
    c->relation = set ? RELATION_EQ : RELATION_NE;
    for (unsigned i = 0; i < bits; i++) {
        c->k = i;
        if (mask >> i & 1)
            compare_add(f, c);
    }
}

/* bt %index,%mask with a constant mask: the index is tested for being in the set. */
static void compare_bits(Finder *f, uint32_t step, uint32_t reader, unsigned cc)
{
    const Insn *insn = &f->v->body->steps[step].insn;
    Compare c = {.step = step, .via = VIA_BITSET};
    uint64_t mask;
    uint8_t via;
    if ((cc != CC_B && cc != CC_AE) || insn->op[0].kind != OPERAND_REG || !operand_constant(f, step, 0, &mask, &via) ||
        !operand_variable(f, step, 1, &c))
        return;
    compare_members(f, &c, step, reader, cc == CC_B, mask, insn->op[0].bits);
}

/* mov $mask,%eax; shr %cl,%eax; test $1,%al: the same without bt. */
static void compare_shifted(Finder *f, uint32_t step, uint32_t reader, unsigned cc)
{
    Values *v = f->v;
    Compare c = {.step = step, .via = VIA_BITSET, .bits = 32};
    Cell cell = values_operand_cell(v, step, 0);
    ValueId id = cell == CELL_NONE ? VALUE_NONE : values_before(v, step, cell);
    if ((cc != CC_E && cc != CC_NE) || id == VALUE_NONE || v->values[id].kind != VALUE_STEP)
        return;
    uint32_t shift = v->values[id].at;
    const Insn *insn = &v->body->steps[shift].insn;
    bool by_cl = insn->op[1].kind == OPERAND_REG && insn->op[1].reg == REG_RCX;
    bool right = insn->mnemonic == MN_SHR || insn->mnemonic == MN_SAR;
    uint64_t mask;
    uint8_t via;
    if (!by_cl || !right || insn->op[0].kind != OPERAND_REG || insn->op[0].bits < 32 ||
        !values_constant(v, values_before(v, shift, insn->op[0].reg), &mask, &via))
        return;
    c.value = values_before(v, shift, REG_RCX);
    if (c.value != VALUE_NONE)
        compare_members(f, &c, shift, reader, cc == CC_NE, mask, insn->op[0].bits);
}

/* The condition that a step takes from the flags: jcc, setcc, cmovcc; adc and sbb take "below". */
static unsigned condition_of(const Insn *insn)
{
    return insn->mnemonic == MN_ADC || insn->mnemonic == MN_SBB ? CC_B : insn->cc;
}

/* ucomisd and its like: the flags are those of an unsigned compare (SDM vol. 1, table 8-9 for the unordered case). */
static void compare_real(Finder *f, uint32_t step, unsigned cc)
{
    Compare c = {.step = step, .real = true};
    uint8_t sign;
    if (relation_of(cc, &c.relation, &sign) && sign != SIGN_SIGNED)
        compare_sides(f, step, &c);
}

static void compare_of(Finder *f, uint32_t step, uint32_t reader)
{
    unsigned cc = condition_of(&f->v->body->steps[reader].insn);
    const Insn *insn = &f->v->body->steps[step].insn;
    switch (insn->mnemonic) {
    case MN_CMP: compare_cmp(f, step, cc); break;
    case MN_TEST: compare_test(f, step, reader, cc); break;
    case MN_BT: compare_bits(f, step, reader, cc); break;
    case MN_COMISS:
    case MN_COMISD:
    case MN_UCOMISS:
    case MN_UCOMISD:
    case MN_VCOMISS:
    case MN_VCOMISD:
    case MN_VUCOMISS:
    case MN_VUCOMISD: compare_real(f, step, cc); break;
    case MN_AND:
        if (insn->op[1].kind == OPERAND_IMM)
            compare_masked(f, step, cc);
        break;
    case MN_SHR:
        if (insn->op[1].kind == OPERAND_IMM && insn->imm < insn->op[0].bits) /* by 0: writes no flags */
            compare_high_bits(f, step, cc, ((uint64_t)1 << insn->imm) - 1);
        break;
    default:
        if (insn->op[0].kind == OPERAND_REG)
            compare_arith(f, step, cc);
    }
}

static void compare_flags(Finder *f, uint32_t reader)
{
    uint32_t writers[FLAGS_WRITERS_MAX];
    unsigned n = flags_writers(f->v->body, reader, writers);
    for (unsigned i = 0; i < n; i++)
        compare_of(f, writers[i], reader);
}

enum { CHAIN_MAX = 16 };

/* What the value was made from by copies and additions of constants. */
static ValueId made_from(Values *v, ValueId id)
{
    for (unsigned i = 0; i < CHAIN_MAX; i++) {
        Link l = values_link(v, id);
        if (l.kind != MOVE_COPY && l.kind != MOVE_ADD)
            break;
        id = l.base;
    }
    return id;
}

/* `cmp $127,%ebx; jne` at `at`, of what the index was made from: *next is where the other values go. */
static bool is_chained_compare(Finder *f, ValueId from, Addr at, Addr *next)
{
    const Body *b = f->v->body;
    uint32_t step = body_step_at(b, at);
    if (step == UINT32_MAX || step + 1 >= b->nsteps)
        return false;
    const Insn *cmp = &b->steps[step].insn, *jcc = &b->steps[step + 1].insn;
    if (cmp->mnemonic != MN_CMP || cmp->op[0].kind != OPERAND_REG || cmp->op[1].kind != OPERAND_IMM ||
        jcc->flow != FLOW_BRANCH || (jcc->cc != CC_E && jcc->cc != CC_NE))
        return false;
    Cell cell = values_operand_cell(f->v, step, 0);
    *next = jcc->cc == CC_E ? step_end(&b->steps[step + 1]) : jcc->target;
    return cell != CELL_NONE && made_from(f->v, values_before(f->v, step, cell)) == from;
}

/* Where the values go that are no case: where a too large index goes, and, if that only compares the same variable with more constants
 * (the cases that are far from the others), where it goes for all else. */
typedef struct Defaults {
    Addr items[CHAIN_MAX];
    unsigned n;
} Defaults;

static Defaults defaults_of(Finder *f, const Table *t)
{
    Defaults d = {{t->fallback}, 1};
    ValueId from = made_from(f->v, t->index);
    while (d.n < CHAIN_MAX && t->fallback && is_chained_compare(f, from, d.items[d.n - 1], &d.items[d.n]))
        d.n++;
    return d;
}

static bool is_default(const Defaults *d, Addr target)
{
    for (unsigned i = 0; i < d->n; i++)
        if (d->items[i] == target)
            return true;
    return false;
}

/* A jump table: its cases are the entries that do not go where other values go. */
static void compare_switch(Finder *f, uint32_t step)
{
    Table t;
    if (!table_find(&t, f->v, step, f->out->arena))
        return;
    guard_mark(f, t.compare);
    Compare c = {.step = t.compare != UINT32_MAX ? t.compare : step,
                 .value = t.index,
                 .via = VIA_SWITCH,
                 .relation = RELATION_CASE,
                 .bits = 64};
    Defaults defaults = defaults_of(f, &t);
    for (size_t i = 0; i < t.n; i++) {
        c.k = i;
        if (!is_default(&defaults, t.targets[i]))
            compare_add(f, &c);
    }
}

static int compare_order(const void *x, const void *y)
{
    const Compare *a = x, *b = y;
    if (a->step != b->step)
        return a->step < b->step ? -1 : 1;
    if (a->k != b->k)
        return a->k < b->k ? -1 : 1;
    return a->relation - b->relation;
}

/* Drops guards and repeats. */
static void compares_tidy(Finder *f)
{
    Compares *out = f->out;
    if (out->n)
        qsort(out->items, out->n, sizeof *out->items, compare_order);
    size_t n = 0;
    for (size_t i = 0; i < out->n; i++) {
        const Compare *c = &out->items[i];
        bool bound = f->guard[c->step] && c->via != VIA_SWITCH && c->via != VIA_BITSET;
        if (bound || (n && compare_order(c, &out->items[n - 1]) == 0))
            continue;
        out->items[n++] = *c;
    }
    out->n = n;
}

bool compares_find(Compares *out, Values *v, Arena *arena)
{
    const Body *b = v->body;
    *out = (Compares){.arena = arena};
    Finder f = {v, out, arena_alloc(arena, b->nsteps, 1)};
    for (uint32_t i = 0; f.guard && i < b->nsteps; i++) {
        const Insn *insn = &b->steps[i].insn;
        if (condition_of(insn) <= 15)
            compare_flags(&f, i);
        else if (insn->flow == FLOW_JUMP && insn->op[0].kind != OPERAND_REL)
            compare_switch(&f, i);
    }
    if (!f.guard || out->failed)
        return false;
    compares_tidy(&f);
    return true;
}
