/* x86/effects.c - what an instruction does to registers and flags, from its row and its operands.
 *
 * The row gives implicit registers, flags and rules; operands add theirs. A flag or register that may be left alone
 * is read too where the old value shows through in a part of the result, so that "live before = reads | (live after
 * - kills)" and "flag live before = read | (live after - written)" hold. (CONTRACT.md section 6; SDM vol. 1, 3.4.1.1:
 * 32-bit results clear the upper half, 8- and 16-bit ones keep it.)
 */
#include "x86/dec.h"

static inline void set_merge(RegSet *to, RegSet from)
{
    to->w[0] |= from.w[0];
    to->w[1] |= from.w[1];
}

/* A set of registers as one 128-bit value. */
typedef uint64_t Bits __attribute__((vector_size(16)));

static ALWAYS_INLINE Bits bits_of(const void *set)
{
    Bits b;
    __builtin_memcpy(&b, set, sizeof b);
    return b;
}

static ALWAYS_INLINE void bits_store(RegSet *set, Bits b) { __builtin_memcpy(set, &b, sizeof b); }

/* The set of each register alone; empty for numbers that are none, and for RIP, which is not followed. */
#define LO(n)                                                                                                          \
    {                                                                                                                  \
        (uint64_t)1 << (n), 0                                                                                          \
    }
#define LO8(n) LO(n), LO((n) + 1), LO((n) + 2), LO((n) + 3), LO((n) + 4), LO((n) + 5), LO((n) + 6), LO((n) + 7)
#define HI(n)                                                                                                          \
    {                                                                                                                  \
        0, (uint64_t)1 << (n)                                                                                          \
    }
#define HI8(n) HI(n), HI((n) + 1), HI((n) + 2), HI((n) + 3), HI((n) + 4), HI((n) + 5), HI((n) + 6), HI((n) + 7)
static const Bits singles[128] = {
    LO8(0),  LO8(8),  LO8(16), LO8(24), LO8(32), LO8(40), LO8(48), LO8(56), HI8(0), HI8(8),
    HI8(16), HI8(24), HI8(32), HI(40),  HI(41),  HI(42),  HI(43),  HI(44),  HI(45),
};
_Static_assert(REG_SYSTEM == 64 + 45, "singles follows x86/regs.h");

/* A set or nothing, thrice, by TOUCH_* bits: TOUCH_READ is how many words lie between one line and the next. */
#define LINE(read, write, kill)                                                                                        \
    [(read)*TOUCH_READ + (write)*TOUCH_WRITE + (kill)*TOUCH_KILL] = 0 - (uint64_t)(read), 0 - (uint64_t)(read),        \
                                               0 - (uint64_t)(write), 0 - (uint64_t)(write), 0 - (uint64_t)(kill),     \
                                               0 - (uint64_t)(kill)
static const uint64_t all_if[8 * TOUCH_READ] __attribute__((aligned(64))) = {
    LINE(0, 0, 0), LINE(1, 0, 0), LINE(0, 1, 0), LINE(1, 1, 0),
    LINE(0, 0, 1), LINE(1, 0, 1), LINE(0, 1, 1), LINE(1, 1, 1),
};

typedef struct Touch {
    Bits reads, writes, kills;
} Touch;

static ALWAYS_INLINE void operand_touch(const Operand *op, Touch *t)
{
    Bits bit = singles[op->reg];
    const uint64_t *masks = all_if + op->touch;
    t->reads |= bit & bits_of(masks);
    t->writes |= bit & bits_of(masks + 2);
    t->kills |= bit & bits_of(masks + 4);
}

/* The segment's base counts where memory is touched; lea and nops only name an address. */
static bool segment_matters(const Insn *insn, const Effects *out)
{
    bool string = false;
    for (unsigned i = 0; i < insn->nops; i++)
        string |= insn->op[i].kind == OPERAND_MEM_SI;
    return out->mem_access || string;
}

/* xor, sub, pxor ... of a register with itself: the result is a constant. */
static void idiom_effects(const Insn *insn, Effects *out)
{
    const Operand *a = &insn->op[insn->nops - 2], *b = a + 1;
    if (a->kind != OPERAND_REG || b->kind != OPERAND_REG || a->reg != b->reg || a->high != b->high ||
        insn->mask != REG_NONE)
        return;
    out->reads.w[a->reg >> 6 & 1] &= ~((uint64_t)1 << (a->reg & 63));
}

/* The mask is read; a gather or scatter clears it. */
static void mask_effects(const Insn *insn, unsigned flags, Effects *out)
{
    regset_add(&out->reads, insn->mask);
    if ((flags & ROW_VSIB) && insn->op[0].access) {
        regset_add(&out->writes, insn->mask);
        regset_add(&out->kills, insn->mask);
    }
}

/* Flags after a shift or rotate by an immediate: none by 0, OF only by 1 (SDM: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR). */
static void shift_effects(const Insn *insn, Effects *out)
{
    unsigned count = (unsigned)insn->imm & (insn->op[0].bits == 64 ? 63 : 31);
    if (count == 0) {
        out->flags_read = out->flags_written = out->flags_undefined = 0;
    } else if (count != 1) {
        out->flags_written &= (uint8_t)~FLAG_O;
        out->flags_undefined |= FLAG_O;
    }
}

/* REP: rcx counts, and with rcx = 0 nothing happens. */
static void repeat_effects(Effects *out)
{
    out->kills = (RegSet){{0, 0}};
    set_merge(&out->reads, regset_of(REG_RCX));
    set_merge(&out->writes, regset_of(REG_RCX));
    out->flags_read |= out->flags_written;
}

/* Sets every register and flag as read and perhaps written: nothing is known. */
static void unknown_effects(Effects *out)
{
    out->reads = out->writes = (RegSet){{~(uint64_t)0, ~(uint64_t)0 >> 1}};
    out->kills = (RegSet){{0, 0}};
    out->flags_read = 0x7f;
    out->flags_written = 0x7f;
    out->flags_undefined = 0;
    out->known = false;
}

/* Memory that is in no operand. */
static void implied_effects(unsigned access, unsigned bits, Effects *out)
{
    out->mem_access = (uint8_t)access;
    out->mem_bits = (uint16_t)bits;
}

/* What the conditions of ccmp and ctest read; 10 is "true", 11 "false" (APX specification, 3.1.3.2). */
static const uint8_t condition_flags[16] = {FLAG_O,
                                            FLAG_O,
                                            FLAG_C,
                                            FLAG_C,
                                            FLAG_Z,
                                            FLAG_Z,
                                            FLAG_C | FLAG_Z,
                                            FLAG_C | FLAG_Z,
                                            FLAG_S,
                                            FLAG_S,
                                            0,
                                            0,
                                            FLAG_S | FLAG_O,
                                            FLAG_S | FLAG_O,
                                            FLAG_S | FLAG_O | FLAG_Z,
                                            FLAG_S | FLAG_O | FLAG_Z};

static void rule_apply(const Insn *insn, unsigned rule, Effects *out)
{
    switch (rule) {
    case RULE_SHIFT:
    case RULE_ROTATE: shift_effects(insn, out); break;
    case RULE_KPAIR:
        regset_add(&out->writes, insn->op[0].reg ^ 1u);
        regset_add(&out->kills, insn->op[0].reg ^ 1u);
        break;
    case RULE_KEEP: out->kills = (RegSet){{0, 0}}; break;
    case RULE_UNKNOWN: unknown_effects(out); break;
    case RULE_SCC: out->flags_read |= condition_flags[insn->imm2 & 15]; break;
    case RULE_STACK2: implied_effects(insn->op[0].access & ACCESS_WRITE ? ACCESS_READ : ACCESS_WRITE, 128, out); break;
    case RULE_XLAT: implied_effects(ACCESS_READ, 8, out); break;
    case RULE_STORE_RAX: implied_effects(ACCESS_WRITE, 512, out); break;
    case RULE_STORE_RDI: implied_effects(ACCESS_WRITE | ACCESS_MAYBE, insn->op[0].bits, out); break;
    default: break;
    }
}

/* Flags and memory in one word, as the fields of Effects after the sets are. An operand has its access and size where
 * Effects has them; where there is no memory operand, those bytes of insn->mem, which lies before the operands, are 0. */
static ALWAYS_INLINE void effects_word(const Insn *insn, const EffectDesc *e, Effects *out)
{
    const char *op = (const char *)insn + offsetof(Insn, op) - sizeof(Operand);
    uint64_t word = load64(op + sizeof(Operand) * insn->priv[PRIV_MEM]) & 0xffffff000000;
    uint32_t flags;
    __builtin_memcpy(&flags, e, sizeof flags);
    store64(&out->flags_read, word | flags | (uint64_t)1 << 48);
}
_Static_assert(offsetof(EffectDesc, flags_undefined) == 2 && offsetof(EffectDesc, zero) == 3 &&
                   offsetof(Effects, flags_written) == offsetof(Effects, flags_read) + 1 &&
                   offsetof(Effects, flags_undefined) == offsetof(Effects, flags_read) + 2 &&
                   offsetof(Effects, mem_access) == offsetof(Effects, flags_read) + 3 &&
                   offsetof(Effects, mem_bits) == offsetof(Effects, flags_read) + 4 &&
                   offsetof(Effects, known) == offsetof(Effects, flags_read) + 6 &&
                   sizeof(Effects) == offsetof(Effects, flags_read) + 8 && offsetof(Operand, access) == 3 &&
                   offsetof(Operand, bits) == 4 && offsetof(Mem, zero) == sizeof(Operand) + 3 &&
                   offsetof(Insn, op) == offsetof(Insn, mem) + sizeof(Mem),
               "effects_word");

static ALWAYS_INLINE void touch_store(const Touch *t, Effects *out)
{
    bits_store(&out->reads, t->reads);
    bits_store(&out->writes, t->writes);
    bits_store(&out->kills, t->kills);
}

/* What the row and the first operand say. */
static ALWAYS_INLINE Touch touch_begin(const Insn *insn, const EffectDesc *e)
{
    const uint64_t *sets = x86_regsets[0].w;
    Touch t = {bits_of(sets + e->reads), bits_of(sets + e->writes), bits_of(sets + e->kills)};
    t.reads |= singles[insn->mem.base] | singles[insn->mem.index];
    operand_touch(&insn->op[0], &t);
    return t;
}

/* With the other operands, and what rules and prefixes make of it. */
static __attribute__((noinline)) void effects_with_more(const Insn *insn, const EffectDesc *e, Effects *out)
{
    const Form *form = row_form(insn->row);
    Touch t = touch_begin(insn, e);
    for (unsigned i = 1; i < insn->nops; i++)
        operand_touch(&insn->op[i], &t);
    touch_store(&t, out);
    effects_word(insn, e, out);
    if (insn->row_flags & ROW_IDIOM)
        idiom_effects(insn, out);
    if (insn->mask != REG_NONE)
        mask_effects(insn, insn->row_flags, out);
    if ((insn->row_flags & ROW_STRING) && (insn->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        repeat_effects(out);
    rule_apply(insn, form->rule, out);
    if (insn->priv[PRIV_VL] & VL_NF)
        out->flags_read = out->flags_written = out->flags_undefined = 0;
    if (insn->mem.segment != REG_NONE && segment_matters(insn, out))
        regset_add(&out->reads, insn->mem.segment);
}

void insn_effects(const Insn *insn, Effects *out)
{
    const EffectDesc *e = &x86_effects[insn->effect & EFFECT_INDEX];
    if (insn->effect & EFFECT_MORE) {
        effects_with_more(insn, e, out);
        return;
    }
    Touch t = touch_begin(insn, e);
    t.reads |= singles[insn->op[1].reg];
    touch_store(&t, out);
    effects_word(insn, e, out);
}
