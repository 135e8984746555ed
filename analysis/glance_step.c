/* analysis/glance_step.c - what an instruction does to general registers, in the words that glance_web.c follows. */
#include "analysis/glance_eye.h"

/* dst = src, as moves.c sees it. */
static LookStep step_of_move(const Eye *e, const Operand *src)
{
    LookStep s = {.kind = STEP_WORK};
    uint64_t k;
    if (src->kind == OPERAND_IMM || (src->kind == OPERAND_MEM && eye_constant(e, src, &k)))
        return (LookStep){.kind = STEP_NUMBER};
    if (is_reg(src))
        return (LookStep){.kind = STEP_COPY, .src = (uint8_t)src->reg, .whole = src->bits == 64};
    if (src->kind == OPERAND_MEM)
        s.kind = is_slot(&e->insn) ? STEP_SLOT : STEP_LOAD;
    return s;
}

unsigned eye_low_bits(const Eye *e)
{
    const Insn *insn = &e->insn;
    if (insn->mnemonic == MN_AND)
        return insn->imm ? (unsigned)__builtin_ctzll(insn->imm) : 63;
    return (unsigned)insn->imm & 63;
}

/* The first operand's register, changed by a number. */
static LookStep step_on(const Insn *insn, StepKind kind, uint64_t value)
{
    return (LookStep){.kind = (uint8_t)kind, .src = (uint8_t)insn->op[0].reg, .value = value};
}

static LookStep step_of_lea(const Insn *insn)
{
    uint64_t addr;
    if (insn_mem_address(insn, &addr))
        return (LookStep){.kind = STEP_NUMBER};
    if (insn->mem.index != REG_NONE || insn->mem.base >= LOOK_SLOT)
        return (LookStep){.kind = STEP_WORK};
    if (insn->mem.base == REG_RSP)
        return (LookStep){.kind = STEP_SLOT};
    return (LookStep){.kind = STEP_SUM, .src = insn->mem.base, .value = (uint64_t)insn->mem.disp};
}

/* How the value is made that the instruction gives to the register of its first operand. What moves.c names no move for is fresh. */
static LookStep step_of(const Eye *e)
{
    const Insn *insn = &e->insn;
    bool imm = insn->op[1].kind == OPERAND_IMM;
    LookStep work = {.kind = STEP_WORK};
    switch (insn->mnemonic) {
    case MN_MOV:
    case MN_MOVZX:
    case MN_MOVSX:
    case MN_MOVSXD: return step_of_move(e, &insn->op[1]);
    case MN_CDQE: return (LookStep){.kind = STEP_COPY, .src = REG_RAX};
    case MN_POP:
    case MN_LEAVE:
    case MN_MOVD:
    case MN_VMOVD:
    case MN_MOVQ:
    case MN_VMOVQ: return (LookStep){.kind = STEP_SLOT};
    case MN_LEA: return step_of_lea(insn);
    case MN_INC: return step_on(insn, STEP_SUM, 1);
    case MN_DEC: return step_on(insn, STEP_SUM, UINT64_MAX);
    case MN_ADD: return imm ? step_on(insn, STEP_SUM, insn->imm) : work;
    case MN_SUB:
        if (imm)
            return step_on(insn, STEP_SUM, 0 - insn->imm);
        /* fall through */
    case MN_XOR: return same_registers(insn) ? (LookStep){.kind = STEP_NUMBER} : work;
    case MN_OR: return imm ? (LookStep){.kind = STEP_NUMBER} : work;
    case MN_AND:
    case MN_SHR:
    case MN_SAR: return imm ? step_on(insn, STEP_DERIVED, eye_low_bits(e)) : work;
    default: return work;
    }
}

static LookStep step_of_flow(const Insn *insn)
{
    bool direct = insn->op[0].kind == OPERAND_REL;
    LookStep s = {.kind = STEP_END, .value = insn->flow == FLOW_JUMP}; /* through a table, perhaps */
    if (insn->flow == FLOW_CALL)
        s.kind = STEP_CALL;
    if (direct && (insn->flow == FLOW_BRANCH || insn->flow == FLOW_JUMP)) {
        s.kind = insn->flow == FLOW_BRANCH ? STEP_BRANCH : STEP_JUMP;
        s.value = insn->target;
    }
    return s;
}

/* A store to a stack slot: true, with the step, when it is of a register. Of anything else: noted. */
static bool store_of(Eye *e, LookStep *out)
{
    const Insn *insn = &e->insn;
    const Operand *src = &insn->op[insn->nops ? insn->nops - 1u : 0];
    bool push = insn->mnemonic == MN_PUSH, to_vector = insn->nops >= 2 && insn->op[0].kind == OPERAND_REG &&
                                                       insn->op[0].reg >= REG_XMM0 && insn->op[0].reg < REG_K0;
    bool store = insn->nops == 2 && insn->op[0].kind == OPERAND_MEM && is_slot(insn);
    bool writes = (e->effects.mem_access & ACCESS_WRITE) && store;
    *out = (LookStep){.kind = STEP_STORE, .dst = REG_NONE, .src = (uint8_t)src->reg};
    if ((push || to_vector || (writes && insn->mnemonic == MN_MOV)) && is_reg(src))
        return true;
    bool sum = insn->mnemonic == MN_ADD || insn->mnemonic == MN_SUB || insn->mnemonic == MN_AND ||
               insn->mnemonic == MN_SHR || insn->mnemonic == MN_SAR || insn->mnemonic == MN_INC ||
               insn->mnemonic == MN_DEC;
    e->look->slots_written |= sum && insn->op[0].kind == OPERAND_MEM && is_slot(insn);
    return false;
}

static void step_put(Eye *e, LookStep s)
{
    Look *l = e->look;
    if (!arena_grow(&l->g->work, (void **)&l->steps, l->nsteps, &l->cap_steps, sizeof *l->steps)) {
        l->unsure = true;
        return;
    }
    s.at = e->at;
    s.next = e->at + e->insn.len;
    l->steps[l->nsteps++] = s;
}

void eye_step(Eye *e)
{
    LookStep store;
    Look *l = e->look;
    const Insn *insn = &e->insn;
    uint32_t writes = (uint32_t)e->effects.writes.w[0] & ~(1u << REG_RSP);
    if (!query_asks(l->g->query))
        return;
    if (insn->flow == FLOW_NEXT && store_of(e, &store))
        step_put(e, store);
    if (insn->flow == FLOW_NEXT && !writes)
        return;
    LookStep s = insn->flow != FLOW_NEXT ? step_of_flow(insn) : step_of(e);
    bool named = insn->flow == FLOW_NEXT && is_reg(&insn->op[0]);
    s.dst = named ? (uint8_t)insn->op[0].reg : REG_NONE;
    s.dst = insn->mnemonic == MN_CDQE ? REG_RAX : insn->mnemonic == MN_LEAVE ? REG_RBP : s.dst;
    s.writes = writes;
    step_put(e, s);
}
