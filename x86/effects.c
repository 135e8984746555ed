/* x86/effects.c - what an instruction does to registers and flags, from its row and its operands.
 *
 * The row gives implicit registers, flags and rules; operands add theirs. A flag or register that may be left alone
 * is read too where the old value shows through in a part of the result, so that "live before = reads | (live after
 * - kills)" and "flag live before = read | (live after - written)" hold. (CONTRACT.md section 6; SDM vol. 1, 3.4.1.1:
 * 32-bit results clear the upper half, 8- and 16-bit ones keep it.)
 */
#include "x86/format.h"
#include "x86/insn.h"

/* The flags that condition pairs o/no, b/ae, ... read (SDM vol. 1 appendix B); none from the eighth on: no condition. */
static const uint8_t condition_flags[16] = {FLAG_O, FLAG_C, FLAG_Z,          FLAG_Z | FLAG_C,
                                            FLAG_S, FLAG_P, FLAG_S | FLAG_O, FLAG_S | FLAG_O | FLAG_Z};

#define ALWAYS_INLINE inline __attribute__((always_inline))

static inline void set_merge(RegSet *to, RegSet from)
{
    to->w[0] |= from.w[0];
    to->w[1] |= from.w[1];
}

/* A set of registers as one 128-bit value. */
typedef uint64_t Bits __attribute__((vector_size(16)));

static ALWAYS_INLINE Bits bits_of(const RegSet *set)
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
#define LO8(n) LO(n), LO(n + 1), LO(n + 2), LO(n + 3), LO(n + 4), LO(n + 5), LO(n + 6), LO(n + 7)
#define HI(n)                                                                                                          \
    {                                                                                                                  \
        0, (uint64_t)1 << (n)                                                                                          \
    }
#define HI8(n) HI(n), HI(n + 1), HI(n + 2), HI(n + 3), HI(n + 4), HI(n + 5), HI(n + 6), HI(n + 7)
static const Bits singles[128] = {
    LO8(0),  LO8(8),  LO8(16), LO8(24), LO8(32), LO8(40), LO8(48), LO8(56), HI8(0), HI8(8),
    HI8(16), HI8(24), HI8(32), HI(40),  HI(41),  HI(42),  HI(43),  HI(44),  {0, 0}, HI(46),
};
_Static_assert(REG_RIP == 64 + 45 && REG_SYSTEM == 64 + 46, "singles follows x86/regs.h");

static const Bits all_if[2] = {{0, 0}, {~(uint64_t)0, ~(uint64_t)0}};

typedef struct Touch {
    Bits reads, writes, kills;
    unsigned mem_access, mem_bits;
} Touch;

/* A write that may not happen, but clears what lies above the operand, passes the old low part through. */
static bool operand_shows_old(const Operand *op) { return op->reg < REG_K0 && (op->reg >= REG_XMM0 || op->bits == 32); }

/* whole: which registers a write replaces whole, by number / 32. */
static ALWAYS_INLINE void operand_touch(const Operand *op, unsigned whole, Touch *t)
{
    unsigned access = op->access,
             kills = access >> 1 & (access >> 2 ^ 1) & (whole | (op->bits >= 32)) >> (op->reg >> 5) & 1;
    Bits bit = singles[op->reg & 127];
    bool mem = op->kind == OPERAND_MEM;
    t->reads |= bit & all_if[access & 1];
    t->writes |= bit & all_if[access >> 1 & 1];
    t->kills |= bit & all_if[kills];
    t->mem_access = mem ? access : t->mem_access;
    t->mem_bits = mem ? op->bits : t->mem_bits;
    if ((access & ACCESS_MAYBE) && operand_shows_old(op))
        t->reads |= bit;
}

/* The segment's base counts where memory is touched; lea and nops only name an address. */
static bool segment_matters(const Insn *insn, const Touch *t)
{
    bool string = false;
    for (unsigned i = 0; i < insn->nops; i++)
        string |= insn->op[i].kind == OPERAND_MEM_SI;
    return t->mem_access || string;
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

static void rule_apply(const Insn *insn, unsigned rule, Effects *out)
{
    if (rule == RULE_SHIFT || rule == RULE_ROTATE)
        shift_effects(insn, out);
    else if (rule == RULE_KPAIR) {
        regset_add(&out->writes, insn->op[0].reg ^ 1u);
        regset_add(&out->kills, insn->op[0].reg ^ 1u);
    } else if (rule == RULE_KEEP)
        out->kills = (RegSet){{0, 0}};
    else if (rule == RULE_UNKNOWN)
        unknown_effects(out);
}

/* What only some instructions need. */
static void effects_refine(const Insn *insn, const Row *row, unsigned rule, Effects *out)
{
    if (row->flags & ROW_IDIOM)
        idiom_effects(insn, out);
    if (insn->mask != REG_NONE)
        mask_effects(insn, row->flags, out);
    if ((row->flags & ROW_STRING) && (insn->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        repeat_effects(out);
    if (rule)
        rule_apply(insn, rule, out);
}

void insn_effects(const Insn *insn, Effects *out)
{
    static const Bits one_of_many = HI(REG_SYSTEM - 64); /* REG_SYSTEM stands for many: never written whole */
    const Row *row = &x86_rows[insn->row];
    const EffectDesc *e = &x86_effects[row->effect & ROW_EFFECT];
    unsigned whole = insn->encoding == ENC_LEGACY ? 12 : 14; /* vectors by VEX and EVEX; general ones from 32 bits on */
    Touch t = {bits_of(&x86_regsets[e->reads]), bits_of(&x86_regsets[e->writes]), bits_of(&x86_regsets[e->kills]), 0,
               0};
    t.reads |= singles[insn->mem.base & 127] | singles[insn->mem.index & 127];
    operand_touch(&insn->op[0], whole, &t);
    operand_touch(&insn->op[1], whole, &t);
    for (unsigned i = 2; i < insn->nops; i++)
        operand_touch(&insn->op[i], whole, &t);
    if (insn->mem.segment != REG_NONE && segment_matters(insn, &t))
        t.reads |= singles[insn->mem.segment & 127];
    bits_store(&out->reads, t.reads);
    bits_store(&out->writes, t.writes);
    bits_store(&out->kills, t.kills & ~one_of_many);
    out->flags_read = e->flags_read | condition_flags[insn->cc >> 1 & 15];
    out->flags_written = e->flags_written;
    out->flags_undefined = e->flags_undefined;
    out->mem_access = (uint8_t)t.mem_access;
    out->mem_bits = (uint16_t)t.mem_bits;
    out->known = true;
    if ((row->flags & (ROW_IDIOM | ROW_STRING)) || e->rule || insn->mask != REG_NONE)
        effects_refine(insn, row, e->rule, out);
}
