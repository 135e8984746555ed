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
static const uint8_t condition_flags[16] = {FLAG_O, FLAG_C, FLAG_Z, FLAG_Z | FLAG_C, FLAG_S, FLAG_P, FLAG_S | FLAG_O,
                                           FLAG_S | FLAG_O | FLAG_Z};

#define ALWAYS_INLINE inline __attribute__((always_inline))

static inline void set_merge(RegSet *to, RegSet from)
{
    to->w[0] |= from.w[0];
    to->w[1] |= from.w[1];
}

/* Sets of registers as they grow: in locals, so that they stay in the processor's registers. A number that is none sets
 * a bit that effects_close takes away again, which is cheaper than to ask. */
typedef struct Grow {
    uint64_t lo, hi;
} Grow;

static ALWAYS_INLINE void grow(Grow *g, unsigned reg, unsigned condition)
{
    uint64_t bit = (uint64_t)condition << (reg & 63), high = 0 - (uint64_t)(reg >> 6);
    g->lo |= bit & ~high;
    g->hi |= bit & high;
}

typedef struct Touch {
    Grow reads, writes, kills;
    unsigned mem_access, mem_bits;
} Touch;

/* A write that may not happen, but clears what lies above the operand, passes the old low part through. */
static bool operand_shows_old(const Operand *op)
{
    return op->reg < REG_K0 && (op->reg >= REG_XMM0 || op->bits == 32);
}

/* Which registers a write replaces whole, by number / 32: general ones from 32 bits on, vectors by VEX and EVEX. */
static ALWAYS_INLINE void operand_touch(const Insn *insn, const Operand *op, Touch *t)
{
    unsigned whole = 12u | (insn->encoding != ENC_LEGACY ? 2u : 0u) | (op->bits >= 32);
    unsigned access = op->access, maybe = access & ACCESS_MAYBE, write = access / ACCESS_WRITE & 1;
    uint64_t bit = (uint64_t)1 << (op->reg & 63), lo = op->reg < 64 ? bit : 0, hi = bit ^ lo;
    uint64_t reads = 0 - (uint64_t)(access & ACCESS_READ), writes = 0 - (uint64_t)write;
    uint64_t kills = 0 - (uint64_t)(write & ~(maybe >> 2) & whole >> (op->reg >> 5));
    t->reads.lo |= lo & reads, t->reads.hi |= hi & reads;
    t->writes.lo |= lo & writes, t->writes.hi |= hi & writes;
    t->kills.lo |= lo & kills, t->kills.hi |= hi & kills;
    bool mem = op->kind == OPERAND_MEM;
    t->mem_access = mem ? op->access : t->mem_access;
    t->mem_bits = mem ? op->bits : t->mem_bits;
    if (maybe && operand_shows_old(op))
        grow(&t->reads, op->reg, 1);
}

/* The segment's base counts where memory is touched; lea and nops only name an address. */
static void segment_touch(const Insn *insn, Touch *t)
{
    bool string = false;
    for (unsigned i = 0; i < insn->nops; i++)
        string |= insn->op[i].kind == OPERAND_MEM_SI;
    grow(&t->reads, insn->mem.segment, t->mem_access || string);
}

/* xor, sub, pxor ... of a register with itself: the result is a constant. */
static void idiom_effects(const Insn *insn, Effects *out)
{
    const Operand *a = &insn->op[insn->nops - 2], *b = a + 1;
    if (a->kind != OPERAND_REG || b->kind != OPERAND_REG || a->reg != b->reg || a->high != b->high || insn->mask != REG_NONE)
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

/* Joins what operands do to what the row says; takes away what is no register, and what stands for more than one. */
static ALWAYS_INLINE RegSet set_close(RegSet row, Grow g, uint64_t not_high)
{
    return (RegSet){{row.w[0] | g.lo, (row.w[1] | g.hi) & ~not_high}};
}

void insn_effects(const Insn *insn, Effects *out)
{
    static const uint64_t none = (uint64_t)1 << (REG_NONE & 63) | (uint64_t)1 << (REG_RIP & 63);
    static const uint64_t partial = (uint64_t)1 << (REG_SYSTEM & 63);
    const Row *row = &x86_rows[insn->row];
    const EffectDesc *e = &x86_effects[row->effect & ROW_EFFECT];
    Touch t = {{0, 0}, {0, 0}, {0, 0}, 0, 0};
    operand_touch(insn, &insn->op[0], &t);
    operand_touch(insn, &insn->op[1], &t);
    for (unsigned i = 2; i < insn->nops; i++)
        operand_touch(insn, &insn->op[i], &t);
    grow(&t.reads, insn->mem.base, 1);
    grow(&t.reads, insn->mem.index, 1);
    if (insn->mem.segment != REG_NONE)
        segment_touch(insn, &t);
    out->reads = set_close(x86_regsets[e->reads], t.reads, none);
    out->writes = set_close(x86_regsets[e->writes], t.writes, none);
    out->kills = set_close(x86_regsets[e->kills], t.kills, none | partial);
    out->flags_read = e->flags_read | condition_flags[insn->cc >> 1 & 15];
    out->flags_written = e->flags_written;
    out->flags_undefined = e->flags_undefined;
    out->mem_access = (uint8_t)t.mem_access;
    out->mem_bits = (uint16_t)t.mem_bits;
    out->known = true;
    if ((row->flags & (ROW_IDIOM | ROW_STRING)) || e->rule || insn->mask != REG_NONE)
        effects_refine(insn, row, e->rule, out);
}
