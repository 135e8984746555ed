/* analysis/moves.c - translates each step to a Move: what it writes, and for the plain ones, from where.
 *
 * Whatever is not modelled here stays MOVE_NONE with its whole write set, and so gives fresh values.
 */
#include "analysis/moves.h"

#include "analysis/frame.h"

static bool is_reg(const Operand *op) { return op->kind == OPERAND_REG && cell_is_general(op->reg) && !op->high; }

static bool is_extending(unsigned mnemonic, bool *sign)
{
    switch (mnemonic) {
    case MN_MOVZX: *sign = false; return true;
    case MN_MOVSX:
    case MN_MOVSXD: *sign = true; return true;
    default: return false;
    }
}

/* The cell of an operand: a register, or a stack slot. */
static Cell operand_cell(const Values *v, uint32_t step, const Operand *op)
{
    if (is_reg(op))
        return op->reg;
    return op->kind == OPERAND_MEM ? slot_at(v, frame_mem(v, step)) : CELL_NONE;
}

static void set_dst(const Values *v, Move *m, Cell dst, unsigned bits)
{
    m->dst = dst;
    m->to = (uint8_t)bits;
    if (dst != CELL_NONE)
        m->partial = dst < CELL_SLOT0 ? bits < 32 : bits < 8u * v->slots[dst - CELL_SLOT0].size;
}

/* dst gets `bits` of the operand src, extended. */
static void move_from(Values *v, uint32_t step, Move *m, const Operand *dst, const Operand *src, bool sign)
{
    m->bits = (uint8_t)src->bits;
    m->sign = sign;
    set_dst(v, m, operand_cell(v, step, dst), dst->bits);
    if (m->dst == CELL_NONE)
        return;
    if (src->kind == OPERAND_IMM) {
        m->kind = MOVE_CONST;
        m->bits = (uint8_t)dst->bits;
        m->k = dst->bits < 64 ? v->body->steps[step].insn.imm & (((uint64_t)1 << dst->bits) - 1)
                              : v->body->steps[step].insn.imm;
        return;
    }
    m->src = operand_cell(v, step, src);
    if (m->src != CELL_NONE)
        m->kind = MOVE_COPY;
    else if (src->kind == OPERAND_MEM)
        m->kind = MOVE_LOAD;
}

static bool same_register(const Insn *insn)
{
    return is_reg(&insn->op[0]) && is_reg(&insn->op[1]) && insn->op[0].reg == insn->op[1].reg;
}

static void move_const(const Values *v, Move *m, const Operand *dst, uint64_t k)
{
    set_dst(v, m, dst->reg, dst->bits);
    m->kind = MOVE_CONST;
    m->bits = (uint8_t)dst->bits;
    m->k = k;
}

/* dst = dst op k, for a register or a slot. */
static void move_arith(Values *v, uint32_t step, Move *m, MoveKind kind, uint64_t k)
{
    const Operand *dst = &v->body->steps[step].insn.op[0];
    set_dst(v, m, operand_cell(v, step, dst), dst->bits);
    if (m->dst == CELL_NONE)
        return;
    m->src = m->dst;
    m->kind = (uint8_t)kind;
    m->bits = (uint8_t)dst->bits;
    m->k = k;
}

static void move_lea(Values *v, uint32_t step, Move *m)
{
    const Insn *insn = &v->body->steps[step].insn;
    uint64_t addr;
    set_dst(v, m, insn->op[0].reg, insn->op[0].bits);
    m->bits = (uint8_t)insn->op[0].bits;
    if (insn->mem.addr_bits < m->bits)
        m->bits = insn->mem.addr_bits;
    if (insn_mem_address(insn, &addr)) {
        m->kind = MOVE_CONST;
        m->k = m->bits == 64 ? addr : addr & (((uint64_t)1 << m->bits) - 1);
    } else if (insn->mem.index == REG_NONE && cell_is_general(insn->mem.base)) {
        m->kind = MOVE_ADD;
        m->src = insn->mem.base;
        m->k = (uint64_t)insn->mem.disp;
    }
}

static void move_stack(Values *v, uint32_t step, Move *m)
{
    const Insn *insn = &v->body->steps[step].insn;
    const Operand *op = &insn->op[0];
    StackAddr rsp = v->frames[step].rsp;
    if (op->bits != 64 || !stack_known(rsp))
        return;
    m->to = 64;
    bool push = insn->mnemonic == MN_PUSH;
    if (!push && op->kind == OPERAND_MEM && insn->mem.base == REG_RSP)
        return; /* that is rsp as it is after the pop (SDM vol. 2, POP) */
    Cell slot = slot_at(v, push ? stack_plus(rsp, -8) : rsp);
    m->bits = 64;
    m->dst = push ? slot : operand_cell(v, step, op);
    m->src = push ? operand_cell(v, step, op) : slot;
    if (m->dst == CELL_NONE)
        return;
    if (push && op->kind == OPERAND_IMM) {
        m->kind = MOVE_CONST;
        m->k = insn->imm;
    } else if (m->src != CELL_NONE) {
        m->kind = MOVE_COPY;
    } else if (op->kind == OPERAND_MEM) {
        m->kind = MOVE_LOAD;
    }
}

/* The two-operand arithmetic that keeps a link to what it was made from. */
static void move_binary(Values *v, uint32_t step, Move *m)
{
    const Insn *insn = &v->body->steps[step].insn;
    bool imm = insn->op[1].kind == OPERAND_IMM;
    switch (insn->mnemonic) {
    case MN_ADD:
        if (imm)
            move_arith(v, step, m, MOVE_ADD, insn->imm);
        break;
    case MN_SUB:
        if (imm)
            move_arith(v, step, m, MOVE_ADD, 0 - insn->imm);
        else if (same_register(insn))
            move_const(v, m, &insn->op[0], 0);
        break;
    case MN_XOR:
        if (same_register(insn))
            move_const(v, m, &insn->op[0], 0);
        break;
    case MN_OR:
        if (imm && insn->imm == UINT64_MAX && is_reg(&insn->op[0]) && insn->op[0].bits >= 32)
            move_const(v, m, &insn->op[0], insn->op[0].bits == 32 ? UINT32_MAX : UINT64_MAX);
        break;
    case MN_AND:
        if (imm)
            move_arith(v, step, m, MOVE_AND, insn->imm);
        break;
    case MN_SHR:
    case MN_SAR:
        if (imm) {
            move_arith(v, step, m, MOVE_SHIFT, insn->imm & (insn->op[0].bits == 64 ? 63 : 31));
            m->sign = insn->mnemonic == MN_SAR;
        }
        break;
    }
}

static void move_name(Values *v, uint32_t step, Move *m)
{
    const Insn *insn = &v->body->steps[step].insn;
    bool sign = false;
    if (insn->nops == 2 && is_extending(insn->mnemonic, &sign)) {
        move_from(v, step, m, &insn->op[0], &insn->op[1], sign);
        return;
    }
    switch (insn->mnemonic) {
    case MN_MOV: move_from(v, step, m, &insn->op[0], &insn->op[1], false); break;
    case MN_LEA: move_lea(v, step, m); break;
    case MN_PUSH:
    case MN_POP: move_stack(v, step, m); break;
    case MN_LEAVE:
        *m = (Move){.bits = 64, .to = 64, .dst = REG_RBP, .src = slot_at(v, v->frames[step].rbp)};
        m->kind = m->src == CELL_NONE || (insn->prefixes & PREFIX_OPSIZE) ? MOVE_NONE : MOVE_COPY;
        break;
    case MN_INC: move_arith(v, step, m, MOVE_ADD, 1); break;
    case MN_DEC: move_arith(v, step, m, MOVE_ADD, UINT64_MAX); break;
    case MN_CDQE:
        *m = (Move){.kind = MOVE_COPY, .bits = 32, .to = 64, .sign = true, .dst = REG_RAX, .src = REG_RAX};
        break;
    default:
        if (!move_xmm(v, step, m))
            move_binary(v, step, m);
    }
}

/* Does it store where an operand points that is not insn->mem: a string's destination, or movdir64b's? */
static bool stores_elsewhere(const Insn *insn)
{
    for (unsigned i = 0; i < insn->nops; i++)
        if ((insn->op[i].kind == OPERAND_MEM_DI || insn->op[i].kind == OPERAND_MEM_AT) &&
            (insn->op[i].access & ACCESS_WRITE))
            return true;
    return false;
}

/* Does it write as much as the processor has state, of which mem_bits is the least (SDM vol. 1, 13.4)? */
static bool saves_state(const Insn *insn)
{
    switch (insn->mnemonic) {
    case MN_XSAVE:
    case MN_XSAVE64:
    case MN_XSAVEOPT:
    case MN_XSAVEOPT64:
    case MN_XSAVEC:
    case MN_XSAVEC64:
    case MN_XSAVES:
    case MN_XSAVES64: return true;
    default: return false;
    }
}

int64_t move_store_bytes(const Step *s)
{
    const Insn *insn = &s->insn;
    bool bits = insn->mnemonic == MN_BTS || insn->mnemonic == MN_BTR || insn->mnemonic == MN_BTC;
    bool scatters = insn->mem.index != REG_NONE && !cell_is_general(insn->mem.index);
    if (saves_state(insn))
        return INT32_MAX;
    if (scatters ||
        (bits && insn->op[1].kind == OPERAND_REG)) /* a bit's number counts from the operand on, up or down */
        return 0;
    return s->effects.mem_bits / 8; /* tilestored has no size */
}

bool step_moves_segment(const Step *s, unsigned segment)
{
    RegSet writes = s->effects.writes;
    return (segment == REG_FS || segment == REG_GS) && (regset_has(writes, segment) || regset_has(writes, REG_SYSTEM));
}

/* Memory that the step writes: a range of the frame, or somewhere unknown. */
static void move_memory(Values *v, uint32_t step, Move *m)
{
    const Step *s = &v->body->steps[step];
    const Insn *insn = &s->insn;
    StackAddr at = {0, STACK_UNKNOWN};
    int64_t size = 0;
    m->wild |= stores_elsewhere(insn);
    if (insn->mnemonic == MN_PUSH || insn->mnemonic == MN_PUSHF) {
        at = v->frames[step].rsp;
        size = 8;
        if (stack_known(at))
            at = stack_plus(at, -8);
    } else if (s->effects.mem_access & ACCESS_WRITE) {
        at = frame_mem(v, step);
        size = move_store_bytes(s);
    } else {
        m->smash = insn->mnemonic == MN_ENTER; /* pushes rbp, and perhaps more */
        m->wild |= m->smash;
        return;
    }
    if (insn->mnemonic == MN_POP)
        at = (StackAddr){0, STACK_UNKNOWN}; /* the address counts from rsp after the pop: rare, take it as unknown */
    if (!stack_known(at) || size == 0) {
        m->wild = true;
        m->smash = insn->mnemonic == MN_PUSH || insn->mnemonic == MN_PUSHF || insn->mem.base == REG_RSP ||
                   (insn->mem.base == REG_RBP && v->rbp_frames);
        return;
    }
    m->stored_base = at.base;
    m->stored_lo = at.off;
    m->stored_hi = at.off + size;
}

static void move_call(const Values *v, uint32_t step, Move *m)
{
    const Step *s = &v->body->steps[step];
    StackAddr rsp = v->frames[step].rsp;
    m->is_call = m->wild = true;
    m->twice = s->call.returns_twice;
    m->smash = s->call.writes_up && !stack_known(rsp);
    if (s->call.writes_up && stack_known(rsp)) {
        m->stored_base = rsp.base;
        m->stored_lo = rsp.off;
        m->stored_hi = rsp.off + (s->call.writes_up < UINT8_MAX ? s->call.writes_up : INT32_MAX);
    }
}

/* Does something run that is not seen here and may write memory: the system, a hypervisor, an enclave? */
static bool leaves_program(const Insn *insn)
{
    switch (insn->mnemonic) {
    case MN_SYSCALL:
    case MN_SYSENTER:
    case MN_INT:
    case MN_VMCALL:
    case MN_VMMCALL:
    case MN_VMFUNC:
    case MN_VMRUN:
    case MN_VMSAVE:
    case MN_TDCALL:
    case MN_ENCLU:
    case MN_GETSEC:
    case MN_RDMSRLIST: return true;
    default: return false;
    }
}

/* The registers that it may leave with other values, besides those that the instruction itself writes. */
static uint64_t outside_writes(const Insn *insn)
{
    enum { SYSTEM = 1u << REG_RAX | 1u << REG_RCX | 1u << REG_R11 };
    switch (insn->mnemonic) {
    case MN_SYSCALL: return SYSTEM;
    case MN_SYSENTER:
    case MN_INT: return SYSTEM | 7u << REG_R8; /* before Linux 4.17 int $0x80 came back with r8 to r11 cleared */
    case MN_ENCLU: return ~((uint64_t)1 << REG_RSP);
    default: return 0;
    }
}

uint64_t step_writes(const Step *s)
{
    if (s->insn.flow == FLOW_CALL)
        return ~(uint64_t)(s->call.kept_read | s->call.kept_abi);
    return s->effects.writes.w[0] | outside_writes(&s->insn);
}

static void move_make(Values *v, uint32_t step, Move *m)
{
    const Step *s = &v->body->steps[step];
    m->dst = m->src = CELL_NONE;
    m->writes = step_writes(s);
    if (s->insn.flow == FLOW_CALL) {
        move_call(v, step, m);
        return;
    }
    if (leaves_program(&s->insn)) {
        m->wild = true;
        return;
    }
    uint64_t writes = m->writes;
    move_name(v, step, m);
    m->writes = writes;
    if (m->kind == MOVE_NONE)
        m->dst = m->src = CELL_NONE;
    move_memory(v, step, m);
}

bool moves_find(Values *v)
{
    uint32_t n = v->body->nsteps;
    for (uint32_t i = 0; i < n && !v->rbp_frames; i++)
        v->rbp_frames = stack_known(v->frames[i].rbp);
    v->moves = arena_alloc(v->arena, n, sizeof *v->moves);
    if (!v->moves)
        return false;
    v->carriers = arena_alloc(v->arena, n, sizeof *v->carriers);
    if (!v->carriers)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        move_make(v, i, &v->moves[i]);
        if (move_carries(&v->moves[i]))
            v->carriers[v->ncarriers++] = i;
    }
    return true;
}
