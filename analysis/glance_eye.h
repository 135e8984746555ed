/* analysis/glance_eye.h - the instruction that a glance is at; shared by glance.c and glance_step.c. */
#ifndef LVSCAN_ANALYSIS_GLANCE_EYE_H
#define LVSCAN_ANALYSIS_GLANCE_EYE_H

#include "analysis/glance_look.h"

/* What the pass knows at the instruction at hand. */
typedef struct Eye {
    Look *look;
    const LookPart *part;
    Insn insn;
    Effects effects;
    uint32_t at;            /* its place */
    uint32_t flags, writer; /* where the flags were written last, and by which of the writers */
    uint32_t
        variable[LOOK_SLOT]; /* by register: where it was last given what is no constant, if nothing wrote it since */
} Eye;

static inline bool is_reg(const Operand *op) { return op->kind == OPERAND_REG && op->reg < LOOK_SLOT && !op->high; }

/* May the memory operand be a stack slot? */
static inline bool is_slot(const Insn *insn)
{
    return insn->mem.index == REG_NONE && (insn->mem.base == REG_RSP || insn->mem.base == REG_RBP);
}

static inline bool same_registers(const Insn *insn)
{
    return insn->nops == 2 && is_reg(&insn->op[0]) && is_reg(&insn->op[1]) && insn->op[0].reg == insn->op[1].reg;
}

/* The number in constant memory that the operand names; false where there is none. */
bool eye_constant(const Eye *e, const Operand *op, uint64_t *k);

/* How many low bits an and with a number, shr or sar by one takes off: below 64. */
unsigned eye_low_bits(const Eye *e);

/* Notes how the instruction makes what it gives to registers, and where it jumps to: what glance_web.c follows. Only with a query. */
void eye_step(Eye *e);

#endif
