/* analysis/table_target.c - see table_target.h. */
#include "analysis/table_target.h"

enum { DEPTH_MAX = 12, NONE = TARGET_OPS };

/* ---- making it: each gives the op that stands for something, or false ---- */

typedef struct Maker {
    Target *out;
    Values *v;
    ValueId index;
} Maker;

static bool op_put(Maker *m, ValueId id, TargetOp op, uint8_t *at)
{
    Target *t = m->out;
    if (t->n == TARGET_OPS)
        return false;
    *at = (uint8_t)t->n;
    t->ids[t->n] = id;
    t->ops[t->n++] = op;
    return true;
}

static TargetOp number(uint64_t k) { return (TargetOp){.kind = TARGET_NUMBER, .a = NONE, .b = NONE, .k = k}; }

static bool op_of_value(Maker *m, ValueId id, unsigned depth, uint8_t *at);

static bool op_of_reg(Maker *m, uint32_t step, unsigned reg, unsigned depth, uint8_t *at)
{
    return reg < CELL_SLOT0 && op_of_value(m, values_before(m->v, step, reg), depth + 1, at);
}

/* The address of the step's memory operand, or what its lea gives, in `bits`. */
static bool op_of_address(Maker *m, ValueId id, uint32_t step, unsigned bits, unsigned depth, uint8_t *at)
{
    const Insn *insn = &m->v->body->steps[step].insn;
    const Mem *mem = &insn->mem;
    TargetOp sum = {
        .kind = TARGET_SUM, .a = NONE, .b = NONE, .bits = (uint8_t)bits, .scale = mem->scale, .k = (uint64_t)mem->disp};
    uint64_t k;
    if (insn_mem_address(insn, &k))
        return op_put(m, id, number(value_extended(k, bits, false)), at);
    if (mem->segment == REG_FS || mem->segment == REG_GS || mem->addr_bits != 64)
        return false;
    if (mem->base != REG_NONE && !op_of_reg(m, step, mem->base, depth, &sum.a))
        return false;
    if (mem->index != REG_NONE && !op_of_reg(m, step, mem->index, depth, &sum.b))
        return false;
    return op_put(m, id, sum, at);
}

static bool op_of_load(Maker *m, ValueId id, uint32_t step, const Move *move, unsigned depth, uint8_t *at)
{
    TargetOp load = {.kind = TARGET_LOAD, .a = NONE, .bits = move->bits, .to = move->to, .sign = move->sign};
    return op_of_address(m, VALUE_NONE, step, 64, depth, &load.b) && op_put(m, id, load, at);
}

/* add reg,reg, lea base(index) and shl: what MOVE_* does not name. */
static bool op_of_other(Maker *m, ValueId id, const Value *value, unsigned depth, uint8_t *at)
{
    const Insn *insn = &m->v->body->steps[value->at].insn;
    TargetOp sum = {.kind = TARGET_SUM, .a = NONE, .b = NONE, .bits = (uint8_t)insn->op[0].bits, .scale = 1};
    if (insn->nops < 2 || insn->op[0].kind != OPERAND_REG || insn->op[0].reg != value->cell || insn->op[0].bits < 32)
        return false;
    switch (insn->mnemonic) {
    case MN_ADD:
        return insn->op[1].kind == OPERAND_REG && op_of_reg(m, value->at, insn->op[0].reg, depth, &sum.a) &&
               op_of_reg(m, value->at, insn->op[1].reg, depth, &sum.b) && op_put(m, id, sum, at);
    case MN_LEA: return op_of_address(m, id, value->at, insn->op[0].bits, depth, at);
    case MN_SHL:
        sum.scale = (uint64_t)1 << (insn->imm & 63);
        return insn->op[1].kind == OPERAND_IMM && op_of_reg(m, value->at, insn->op[0].reg, depth, &sum.b) &&
               op_put(m, id, sum, at);
    default: return false;
    }
}

static bool op_of_move(Maker *m, ValueId id, const Value *value, unsigned depth, uint8_t *at)
{
    const Move *move = &m->v->moves[value->at];
    TargetOp op = {.a = NONE, .bits = move->bits, .to = move->to, .sign = move->sign, .k = move->k};
    if (move->kind == MOVE_NONE)
        return op_of_other(m, id, value, depth, at);
    if (move->dst != value->cell || move->partial)
        return false;
    if (move->kind == MOVE_LOAD)
        return op_of_load(m, id, value->at, move, depth, at);
    switch (move->kind) {
    case MOVE_COPY: op.kind = TARGET_EXTEND; break;
    case MOVE_AND: op.kind = TARGET_AND; break;
    case MOVE_ADD:
        op.kind = TARGET_SUM;
        op.scale = 1;
        break;
    default: return false;
    }
    return op_of_value(m, values_before(m->v, value->at, move->src), depth + 1, &op.b) && op_put(m, id, op, at);
}

static bool op_of_value(Maker *m, ValueId id, unsigned depth, uint8_t *at)
{
    uint64_t k;
    uint8_t via;
    if (id == VALUE_NONE || depth > DEPTH_MAX)
        return false;
    for (*at = 0; *at < m->out->n; ++*at)
        if (m->out->ids[*at] == id)
            return true;
    if (id == m->index)
        return op_put(m, id, (TargetOp){.kind = TARGET_INDEX, .a = NONE, .b = NONE}, at);
    if (values_constant(m->v, id, &k, &via))
        return op_put(m, id, number(k), at);
    Value value = m->v->values[id];
    return value.kind == VALUE_STEP && op_of_move(m, id, &value, depth, at);
}

bool target_make(Target *out, Values *v, uint32_t step, ValueId index)
{
    static const Move word = {.kind = MOVE_LOAD, .bits = 64, .to = 64};
    const Operand *op = &v->body->steps[step].insn.op[0];
    Maker m = {out, v, index};
    uint8_t last;
    out->program = v->body->program;
    out->n = 0;
    if (op->kind == OPERAND_REG)
        return op_of_reg(&m, step, op->reg, 0, &last);
    return op_of_load(&m, VALUE_NONE, step, &word, 0, &last);
}

/* ---- working it out ---- */

/* What the loader leaves in the 8-byte word at addr, if it stays so. */
static bool read_word(const Program *p, Addr addr, uint64_t *out)
{
    Slot slot;
    if (slots_at(&p->slots, addr, &slot)) {
        *out = slot.target;
        return slot.target != 0;
    }
    return image_number(&p->image, addr, 64, out);
}

static bool load(const Program *p, const TargetOp *op, Addr addr, uint64_t *out)
{
    if (!image_is_constant(&p->image, addr))
        return false;
    if (op->bits == 64)
        return read_word(p, addr, out);
    if (!image_number(&p->image, addr, op->bits, out))
        return false;
    *out = value_extended(value_extended(*out, op->bits, op->sign), op->to, false);
    return true;
}

bool target_at(const Target *t, uint64_t i, Addr *out, Addr *entry)
{
    uint64_t of[TARGET_OPS + 1];
    *out = of[NONE] = 0;
    for (unsigned k = 0; k < t->n; k++) {
        const TargetOp *op = &t->ops[k];
        uint64_t b = of[op->b];
        switch (op->kind) {
        case TARGET_INDEX: of[k] = i; break;
        case TARGET_EXTEND: of[k] = value_extended(value_extended(b, op->bits, op->sign), op->to, false); break;
        case TARGET_AND: of[k] = value_extended(b & op->k, op->bits, false); break;
        case TARGET_SUM: of[k] = value_extended(of[op->a] + b * op->scale + op->k, op->bits, false); break;
        case TARGET_LOAD:
            if (!load(t->program, op, b, &of[k]))
                return false;
            *entry = b;
            break;
        default: of[k] = op->k;
        }
        *out = of[k];
    }
    return true;
}
