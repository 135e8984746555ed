/* x86/effects.c - what an instruction does to registers and flags, from its row and its operands.
 *
 * The row gives implicit registers, flags and rules; operands add theirs. A flag or register that may be left alone
 * is read too where the old value shows through in a part of the result, so that "live before = reads | (live after
 * - kills)" and "flag live before = read | (live after - written)" hold. (CONTRACT.md section 6; SDM vol. 1, 3.4.1.1:
 * 32-bit results clear the upper half, 8- and 16-bit ones keep it.)
 */
#include "x86/format.h"
#include "x86/insn.h"

/* The flags that condition pairs o/no, b/ae, ... read (SDM vol. 1 appendix B). */
static const uint8_t condition_flags[8] = {FLAG_O, FLAG_C, FLAG_Z, FLAG_Z | FLAG_C, FLAG_S, FLAG_P, FLAG_S | FLAG_O,
                                           FLAG_S | FLAG_O | FLAG_Z};

static inline void set_merge(RegSet *to, RegSet from)
{
    to->w[0] |= from.w[0];
    to->w[1] |= from.w[1];
}

static inline void set_add_if(RegSet *s, unsigned reg, bool condition)
{
    s->w[reg >> 6 & 1] |= (uint64_t)condition << (reg & 63);
}

static inline void mem_effects(const Insn *insn, Effects *out)
{
    const Mem *m = &insn->mem;
    set_add_if(&out->reads, m->base, m->base < REG_RIP);
    set_add_if(&out->reads, m->index, m->index < REG_RIP);
}

/* Whether writing this operand replaces its whole register. */
static inline bool operand_kills(const Insn *insn, const Operand *op, unsigned class)
{
    if (op->access & ACCESS_MAYBE)
        return false;
    if (class <= CLASS_GPR8)
        return op->bits >= 32;
    if (class == CLASS_VEC)
        return insn->encoding != ENC_LEGACY;
    return class != CLASS_PART && class != CLASS_CR && class != CLASS_DR;
}

/* A write that may not happen but clears what lies above it passes the old low part through. */
static inline bool operand_shows_old(const Operand *op, unsigned class)
{
    return (op->access & ACCESS_MAYBE) && (class == CLASS_VEC || (class == CLASS_GPR && op->bits == 32));
}

static inline void reg_effects(const Insn *insn, const Operand *op, unsigned class, Effects *out)
{
    bool write = op->access & ACCESS_WRITE;
    set_add_if(&out->reads, op->reg, (op->access & ACCESS_READ) || operand_shows_old(op, class));
    set_add_if(&out->writes, op->reg, write);
    set_add_if(&out->kills, op->reg, write && operand_kills(insn, op, class));
}

static inline void operand_effects(const Insn *insn, unsigned i, const Pattern *pattern, Effects *out)
{
    const Operand *op = &insn->op[i];
    if (op->kind == OPERAND_REG)
        reg_effects(insn, op, x86_opdescs[pattern->op[i]].class, out);
    else if (op->kind == OPERAND_MEM || op->kind == OPERAND_MEM_SI) {
        set_add_if(&out->reads, insn->mem.segment, insn->mem.segment != REG_NONE && op->access);
        if (op->kind == OPERAND_MEM) {
            out->mem_access = op->access;
            out->mem_bits = op->bits;
        }
    }
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
    else if (rule == RULE_KEEP)
        out->kills = (RegSet){{0, 0}};
    else if (rule == RULE_UNKNOWN)
        unknown_effects(out);
}

void insn_effects(const Insn *insn, Effects *out)
{
    const Row *row = &x86_rows[insn->row];
    const EffectDesc *e = &x86_effects[row->effect];
    const Pattern *pattern = &x86_patterns[row->pattern];
    *out = (Effects){x86_regsets[e->reads], x86_regsets[e->writes], x86_regsets[e->kills],
                     e->flags_read, e->flags_written, e->flags_undefined, 0, 0, true};
    mem_effects(insn, out);
    for (unsigned i = 0; i < insn->nops; i++)
        operand_effects(insn, i, pattern, out);
    if (row->flags & ROW_CC)
        out->flags_read |= condition_flags[insn->cc >> 1 & 7];
    if (row->flags & ROW_IDIOM)
        idiom_effects(insn, out);
    if (insn->mask != REG_NONE)
        mask_effects(insn, row->flags, out);
    if ((row->flags & ROW_STRING) && (insn->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        repeat_effects(out);
    if (e->rule)
        rule_apply(insn, e->rule, out);
}
