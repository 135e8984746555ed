/* analysis/leads.c - see leads.h. */
#include "analysis/leads.h"

#include "x86/insn.h"

enum { PEEL_MAX = 32 };

typedef struct Peel {
    Values *v;
    Leads *out;
    const Compare *compare;
    uint32_t index; /* of the compare */
    ValueId id;
    uint8_t width;
    uint64_t k, high; /* high: for a range, its other end */
    uint64_t low;     /* not 0: that k is 0 says that the value is at most this */
    uint8_t relation, via, sign, ext_sign;
    bool added;    /* an addition lies between here and the compare */
    bool derived;  /* a shift or mask does */
    bool unlikely; /* the next lead is */
    size_t last;   /* of the leads made last, the first */
} Peel;

/* How directly the code says what a lead says, in percent. */
enum {
    QUALITY_PLAIN = 100,
    QUALITY_RANGE = 90,
    QUALITY_MEMORY = 70,
    QUALITY_MADE = 50,  /* of what may have been made for a range test */
    QUALITY_BOUND = 20, /* of what was made for one by subtraction: from 6 on, rather than from -6 on */
    QUALITY_ADDED = 60,
    QUALITY_DERIVED = 25
};

static uint8_t quality_of(const Peel *p)
{
    if (p->derived || p->compare->unlikely)
        return QUALITY_DERIVED;
    if (p->via == VIA_RANGE)
        return QUALITY_RANGE;
    if (p->added && p->via != VIA_SWITCH && p->via != VIA_BITSET)
        return QUALITY_ADDED;
    return p->id == VALUE_NONE ? QUALITY_MEMORY : QUALITY_PLAIN;
}

static void lead_put(Peel *p, uint64_t k, uint8_t relation)
{
    Leads *out = p->out;
    if (!arena_grow(out->arena, (void **)&out->items, out->n, &out->cap, sizeof *out->items)) {
        out->failed = true;
        return;
    }
    out->items[out->n++] = (Lead){.compare = p->index,
                                  .root = p->id,
                                  .width = p->width,
                                  .relation = relation,
                                  .via = p->derived ? (uint8_t)VIA_DERIVED : p->via,
                                  .sign = p->sign != SIGN_UNKNOWN ? p->sign : p->ext_sign,
                                  .quality = quality_of(p),
                                  .unlikely = p->unlikely,
                                  .real = p->compare->real,
                                  .outside = p->via == VIA_RANGE && p->k > p->high,
                                  .firm = p->compare->real, /* there is no next number to turn to */
                                  .k = low_bits(k, p->width),
                                  .step = p->compare->step};
}

static bool is_ordering(uint8_t relation) { return relation >= RELATION_LT && relation <= RELATION_GE; }

/* Is `base` a join of a loop, and `id` what the loop makes of it for the next turn? */
static bool is_loop_step(const Values *v, ValueId id, ValueId base)
{
    const Value *join = &v->values[base];
    for (uint32_t i = 0; join->kind == VALUE_PHI && i < join->noperands; i++)
        if (values_rep(v, join->operands[i]) == id)
            return true;
    return false;
}

/* The other reading of what high_bits saw. */
static void lead_put_low(Peel *p)
{
    uint8_t sign = p->sign;
    if (p->low >= low_bits(UINT64_MAX, p->width))
        return;
    p->sign = SIGN_UNSIGNED;
    p->unlikely = true;
    lead_put(p, p->low, p->relation == RELATION_EQ ? RELATION_LE : RELATION_GT);
    p->unlikely = false;
    p->sign = sign;
}

/* Two leads for `low <= value <= high`, one for anything else. */
static void lead_emit(Peel *p)
{
    if (p->low)
        lead_put_low(p);
    if (!p->derived)
        p->last = p->out->n;
    if (p->via == VIA_RANGE) {
        lead_put(p, p->k, RELATION_GE);
        lead_put(p, p->high, RELATION_LE);
    } else {
        lead_put(p, p->k, p->relation);
    }
}

/* Is k, in the wider compare, what some narrow value becomes when it is extended from `bits` to `to` bits, and by zeros above? */
static bool is_extension(const Peel *p, uint64_t k, unsigned bits, unsigned to, bool sign)
{
    uint64_t whole = low_bits(value_extended(low_bits(k, bits), bits, sign), to < p->width ? to : p->width);
    return whole == low_bits(k, p->width);
}

/* Narrows to `bits`, fewer than they were, of which the wider value is an extension; false when k is then no value of it. */
static bool narrow(Peel *p, unsigned bits, unsigned to, bool sign)
{
    if (!is_extension(p, p->k, bits, to, sign) || (p->via == VIA_RANGE && !is_extension(p, p->high, bits, to, sign)))
        return false;
    p->width = (uint8_t)bits;
    p->k = low_bits(p->k, bits);
    p->high = low_bits(p->high, bits);
    if (sign)
        p->ext_sign = SIGN_SIGNED;
    else if (bits < 32 && p->ext_sign == SIGN_UNKNOWN)
        p->ext_sign = SIGN_UNSIGNED;
    return true;
}

/* The compared value may be narrower by its making (movzbl from memory): then its own width counts. What was written only in
 * part, or is compared with what it can never be, stays as wide as it is compared. */
static void narrow_to_nature(Peel *p)
{
    const Value *value = &p->v->values[p->id];
    if (value->kind != VALUE_STEP || value->bits >= p->width)
        return;
    const Move *m = &p->v->moves[value->at];
    bool named = m->dst == value->cell && m->kind != MOVE_NONE;
    if (named && m->kind == MOVE_LOAD && !m->partial)
        narrow(p, m->bits, m->to, m->sign);
    else if (value_is_zero_extended(p->v, p->id))
        narrow(p, value->bits, 64, false);
}

/* From value + a back to value. */
static bool peel_add(Peel *p, const Link *l)
{
    unsigned bits = l->bits < p->width ? l->bits : p->width;
    if (bits < p->width && !narrow(p, bits, 64, false))
        return false;
    bool equality = !is_ordering(p->relation);
    if (p->via == VIA_RANGE) {
        p->k = low_bits(p->k - l->k, bits);
        p->high = low_bits(p->high - l->k, bits);
    } else if (equality) {
        p->k = low_bits(p->k - l->k, bits);
    } else {
        if (p->sign != SIGN_UNSIGNED)
            return false;
        bool below = p->relation == RELATION_LT || p->relation == RELATION_GE;
        if (below && p->k == 0)
            return false;
        p->high = low_bits(p->k - below - l->k, bits);
        p->k = low_bits(0 - l->k, bits);
        p->via = VIA_RANGE;
        p->sign = SIGN_UNKNOWN;
    }
    p->added = true;
    p->low = 0; /* that is said of the sum */
    p->id = l->base;
    return true;
}

/* (x >> n) == 0, x & -2^n == 0: the source may have said x < 2^n. Then p->low is 2^n - 1, else 0. */
static void high_bits(Peel *p, const Link *l)
{
    uint64_t low = l->kind == MOVE_AND ? low_bits(~l->k, p->width) : ((uint64_t)1 << l->k) - 1;
    bool equality = p->relation == RELATION_EQ || p->relation == RELATION_NE;
    bool whole = l->kind == MOVE_AND || (!l->sign && l->bits == p->width); /* only what was shifted out is not seen */
    bool flag = l->kind == MOVE_AND && low >= low_bits(UINT64_MAX, p->width - 1u); /* the top bit alone */
    if (p->k == 0 && equality && whole && !flag && (low & (low + 1)) == 0)
        p->low = low;
}

/* (x >> n) == k: k is what the source says of x >> n. x & -2^n == k << n says the same. */
static bool peel_derived(Peel *p, const Link *l)
{
    if (p->via == VIA_RANGE || p->derived || is_ordering(p->relation) || l->bits < p->width)
        return false;
    if (l->kind == MOVE_AND) {
        uint64_t gap = ~l->k & (p->width >= 64 ? UINT64_MAX : ((uint64_t)1 << p->width) - 1);
        if ((gap & (gap + 1)) == 0) /* the mask clears n low bits: it stands for a shift */
            for (; gap; gap >>= 1)
                p->k >>= 1;
    }
    p->derived = true;
    p->id = l->base;
    high_bits(p, l);
    return true;
}

/* i++; i != 6: the source may have said i <= 5. */
static void loop_bound(Peel *p, const Link *l)
{
    bool up = l->k == 1, down = low_bits(l->k, p->width) == low_bits(UINT64_MAX, p->width);
    if ((p->relation != RELATION_EQ && p->relation != RELATION_NE) || (!up && !down))
        return;
    p->added = true;
    lead_put(p, p->k - l->k, up ? RELATION_LE : RELATION_GE);
}

/* One step back; false at the end of the way. */
static bool peel(Peel *p)
{
    Link l = values_link(p->v, p->id);
    switch (l.kind) {
    case MOVE_COPY:
        if (l.bits < p->width && (l.partial || !narrow(p, l.bits, l.to, l.sign))) {
            lead_emit(p);
            return false;
        }
        p->id = l.base;
        return true;
    case MOVE_ADD:
        narrow_to_nature(p);
        lead_emit(p);
        if (is_loop_step(p->v, p->id, l.base)) {
            loop_bound(p, &l);
            return false;
        }
        return peel_add(p, &l);
    case MOVE_AND:
    case MOVE_SHIFT:
        narrow_to_nature(p);
        lead_emit(p);
        return peel_derived(p, &l);
    }
    narrow_to_nature(p);
    lead_emit(p);
    return false;
}

/* A switch, a bit set: the index is what the compiler made of the variable. Shallower readings have other constants than
 * the source, and are dropped. */
static bool is_deep(const Peel *p) { return p->via == VIA_SWITCH || p->via == VIA_BITSET; }

/* `sub $5,%eax; je; sub $1,%eax; je`: the chain counts from its start. */
static bool is_chained(const Peel *p)
{
    const Insn *insn = &p->v->body->steps[p->compare->step].insn;
    return insn->mnemonic == MN_SUB || insn->mnemonic == MN_DEC || insn->mnemonic == MN_ADD;
}

/* Which readings the source most likely had: the first, as compared; and the last, where it says more. Both stand for
 * `x - 1 <= 7`, which may be a range of x or a compare of a variable that was made by subtraction. */
static void leads_prefer(Peel *p, size_t first)
{
    Leads *out = p->out;
    size_t last = p->last,
           last_end = last + (out->items[last].relation != RELATION_CASE && p->via == VIA_RANGE ? 2 : 1);
    bool deep = is_deep(p);
    for (size_t i = first; i < out->n; i++) {
        bool is_last = i >= last && i < last_end;
        out->items[i].preferred =
            is_last ? deep || p->via == VIA_RANGE || is_chained(p) || last == first : i == first && !deep;
        out->items[i].unlikely |= p->compare->unlikely;
        out->items[i].preferred &= !out->items[i].unlikely;
    }
    bool negative = p->via == VIA_RANGE && value_extended(p->k, p->width, true) >> 63;
    uint8_t most = p->via != VIA_RANGE ? QUALITY_RANGE : negative ? QUALITY_MADE : QUALITY_BOUND;
    if ((p->via == VIA_RANGE || p->derived) && out->items[first].quality > most)
        out->items[first].quality = most;          /* read as a plain compare it is less likely */
    out->items[first].firm |= p->via == VIA_RANGE; /* what a range test made is no variable with bounds of its own */
    if (!deep)
        return;
    out->items[first] = out->items[last];
    out->n = first + 1;
}

/* Did an addition of a constant in a register make the value? What the variable was before is not followed: its cases are others. */
static bool is_register_sum(Values *v, ValueId id)
{
    const Value *value = &v->values[id];
    if (value->kind != VALUE_STEP)
        return false;
    const Insn *insn = &v->body->steps[value->at].insn;
    uint64_t k;
    uint8_t via;
    return (insn->mnemonic == MN_ADD || insn->mnemonic == MN_SUB) && insn->op[0].kind == OPERAND_REG &&
           insn->op[1].kind == OPERAND_REG && insn->op[0].reg != insn->op[1].reg &&
           values_number(v, values_before(v, value->at, insn->op[1].reg), &k, &via);
}

static void leads_of(Values *v, Leads *out, const Compare *c, uint32_t index)
{
    Peel p = {.v = v,
              .out = out,
              .compare = c,
              .index = index,
              .id = c->value,
              .width = c->bits,
              .k = c->k,
              .relation = c->relation,
              .via = c->via,
              .sign = c->sign};
    size_t first = out->n;
    if (is_deep(&p) && is_register_sum(v, c->value))
        return;
    if (c->value == VALUE_NONE) {
        lead_emit(&p);
    } else {
        for (unsigned i = 0; i < PEEL_MAX && peel(&p); i++)
            ;
    }
    if (out->n > first && !out->failed)
        leads_prefer(&p, first);
}

bool leads_find(Leads *out, Values *v, const Compares *compares, Arena *arena)
{
    *out = (Leads){.arena = arena};
    for (size_t i = 0; i < compares->n && !out->failed; i++)
        leads_of(v, out, &compares->items[i], (uint32_t)i);
    return !out->failed;
}
