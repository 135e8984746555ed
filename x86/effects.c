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
typedef uint64_t Bits __attribute__((vector_size(16), may_alias));

typedef struct Touch {
    Bits reads, writes, kills;
} Touch;

static ALWAYS_INLINE Bits single(const Hot *hot, unsigned reg) { return *(const Bits *)&hot->singles[reg]; }

static ALWAYS_INLINE void operand_touch(const Hot *hot, const Operand *op, Touch *t)
{
    Bits bit = single(hot, op->reg);
    const Bits *masks = (const Bits *)((const uint64_t *)hot->touched + op->touch);
    t->reads |= bit & masks[0];
    t->writes |= bit & masks[1];
    t->kills |= bit & masks[2];
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
    uint64_t word = load64(op + sizeof(Operand) * insn->op[0].source) & 0xffffff000000;
    uint32_t flags;
    __builtin_memcpy(&flags, e, sizeof flags);
    store64(&out->flags_read, word | flags);
}
_Static_assert(offsetof(EffectDesc, flags_undefined) == 2 && offsetof(EffectDesc, zero) == 3 &&
                   offsetof(Effects, flags_written) == offsetof(Effects, flags_read) + 1 &&
                   offsetof(Effects, flags_undefined) == offsetof(Effects, flags_read) + 2 &&
                   offsetof(Effects, mem_access) == offsetof(Effects, flags_read) + 3 &&
                   offsetof(Effects, mem_bits) == offsetof(Effects, flags_read) + 4 &&
                   offsetof(Effects, zero) == offsetof(Effects, flags_read) + 6 &&
                   sizeof(Effects) == offsetof(Effects, flags_read) + 8 && offsetof(Operand, access) == 3 &&
                   offsetof(Operand, bits) == 4 && offsetof(Mem, zero) == sizeof(Operand) + 3 &&
                   offsetof(Insn, op) == offsetof(Insn, mem) + sizeof(Mem),
               "effects_word");

static ALWAYS_INLINE void touch_store(const Touch *t, Effects *out)
{
    __builtin_memcpy(&out->reads, &t->reads, sizeof t->reads);
    __builtin_memcpy(&out->writes, &t->writes, sizeof t->writes);
    __builtin_memcpy(&out->kills, &t->kills, sizeof t->kills);
}

/* What the row and the first operand say. */
static ALWAYS_INLINE Touch touch_begin(const Hot *hot, const Insn *insn, const EffectDesc *e)
{
    const uint64_t *sets = hot->sets[0].w;
    Touch t = {*(const Bits *)(sets + e->reads), *(const Bits *)(sets + e->writes), *(const Bits *)(sets + e->kills)};
    t.reads |= single(hot, insn->mem.base) | single(hot, insn->mem.index);
    operand_touch(hot, &insn->op[0], &t);
    return t;
}

/* With the other operands, and what rules and prefixes make of it. */
static __attribute__((noinline)) void effects_with_more(const Insn *insn, const EffectDesc *e, Effects *out)
{
    const Form *form = row_form(insn->row);
    const Hot *hot = hot_tables();
    Touch t = touch_begin(hot, insn, e);
    for (unsigned i = 1; i < insn->nops; i++)
        operand_touch(hot, &insn->op[i], &t);
    touch_store(&t, out);
    effects_word(insn, e, out);
    if (insn->row_flags & ROW_IDIOM)
        idiom_effects(insn, out);
    if (insn->mask != REG_NONE)
        mask_effects(insn, insn->row_flags, out);
    if ((insn->row_flags & ROW_STRING) && (insn->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        repeat_effects(out);
    rule_apply(insn, form->rule, out);
    if (insn->priv[PRIV_FLAGS] & PF_NF)
        out->flags_read = out->flags_written = out->flags_undefined = 0;
    if (insn->mem.segment != REG_NONE && segment_matters(insn, out))
        regset_add(&out->reads, insn->mem.segment);
}

void insn_effects(const Insn *insn, Effects *out)
{
    const EffectDesc *e = &insn->effect;
    unsigned more = e->more;
    if (UNLIKELY(more & MORE_ALL)) {
        effects_with_more(insn, e, out);
        return;
    }
    const Hot *hot = hot_tables();
    Touch t = touch_begin(hot, insn, e);
    t.reads |= single(hot, insn->op[1].reg);
    touch_store(&t, out);
    effects_word(insn, e, out);
    if (UNLIKELY(more & MORE_IDIOM))
        idiom_effects(insn, out);
    else if (UNLIKELY(more))
        shift_effects(insn, out);
}
