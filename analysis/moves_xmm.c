/* analysis/moves_xmm.c - see moves.h: what moves between xmm registers, general registers and memory without changing it.
 *
 * Of an xmm register only the low 64 bits are followed: a scalar float or double, or an integer on its way through.
 */
#include "analysis/moves.h"

#include "analysis/frame.h"

enum { WORD = 64 };

static bool is_xmm(const Operand *op) { return op->kind == OPERAND_REG && cell_is_xmm(op->reg); }

static bool is_general(const Operand *op) { return op->kind == OPERAND_REG && cell_is_general(op->reg); }

/* How many low bits of the last operand become those of the first; 0: the instruction is no plain move. */
static unsigned moved_bits(const Insn *insn)
{
    switch (insn->mnemonic) {
    case MN_MOVSS:
    case MN_VMOVSS:
    case MN_MOVD:
    case MN_VMOVD: return 32;
    case MN_MOVSD:
    case MN_VMOVSD:
    case MN_MOVQ:
    case MN_VMOVQ:
    case MN_MOVAPS:
    case MN_MOVAPD:
    case MN_MOVUPS:
    case MN_MOVUPD:
    case MN_MOVDQA:
    case MN_MOVDQU:
    case MN_VMOVAPS:
    case MN_VMOVAPD:
    case MN_VMOVUPS:
    case MN_VMOVUPD:
    case MN_VMOVDQA:
    case MN_VMOVDQU: return WORD;
    default: return 0;
    }
}

/* Does the step make its first operand zero whatever was in it: xorps of a register with itself? */
static bool is_zeroing(const Insn *insn)
{
    const Operand *op = insn->op;
    switch (insn->mnemonic) {
    case MN_XORPS:
    case MN_XORPD:
    case MN_PXOR: return is_xmm(&op[0]) && is_xmm(&op[1]) && op[0].reg == op[1].reg;
    case MN_VXORPS:
    case MN_VXORPD:
    case MN_VPXOR: return is_xmm(&op[2]) && op[1].reg == op[2].reg; /* the others are always registers */
    default: return false;
    }
}

/* A slot that is as wide as what is moved: a 16-byte access has none of its own. */
static Cell slot_of_width(const Values *v, uint32_t step, unsigned bits)
{
    Cell slot = values_slot_of(v, step);
    return slot != CELL_NONE && v->slots[slot - CELL_SLOT0].size * 8u >= bits ? slot : CELL_NONE;
}

/* The cell of an operand, or CELL_NONE for memory that is no slot. */
static Cell cell_of(const Values *v, uint32_t step, const Operand *op, unsigned bits)
{
    return op->kind == OPERAND_MEM ? slot_of_width(v, step, bits) : op->reg;
}

/* What is left above the moved bits: a load and a move from a general register clear it, a scalar move between xmm registers
 * does not, a store to a wider slot does not either. */
static bool is_partial(const Values *v, Cell dst, const Operand *src, unsigned bits)
{
    if (dst >= CELL_SLOT0)
        return bits < 8u * v->slots[dst - CELL_SLOT0].size;
    return bits < WORD && is_xmm(src) && cell_is_xmm(dst);
}

static void move_between(const Values *v, uint32_t step, Move *m, const Operand *dst, const Operand *src, unsigned bits)
{
    Cell to = cell_of(v, step, dst, bits), from = cell_of(v, step, src, bits);
    if (to == CELL_NONE)
        return;
    m->dst = to;
    m->src = from;
    m->bits = m->to = (uint8_t)bits;
    m->partial = is_partial(v, to, src, bits);
    m->kind = from == CELL_NONE ? MOVE_LOAD : MOVE_COPY;
}

bool move_xmm(Values *v, uint32_t step, Move *m)
{
    const Insn *insn = &v->body->steps[step].insn;
    if (is_zeroing(insn) && insn->mask == REG_NONE) {
        m->kind = MOVE_CONST;
        m->dst = insn->op[0].reg;
        m->bits = m->to = WORD;
        return true;
    }
    unsigned bits = moved_bits(insn);
    if (bits == 0 || insn->mask != REG_NONE)
        return false;
    const Operand *dst = &insn->op[0], *src = &insn->op[insn->nops - 1];
    bool known = (is_xmm(dst) || is_general(dst) || dst->kind == OPERAND_MEM) &&
                 (is_xmm(src) || is_general(src) || src->kind == OPERAND_MEM);
    if (!known)
        return false;
    move_between(v, step, m, dst, src, bits);
    return true;
}
