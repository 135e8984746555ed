/* analysis/table_target.c - see table_target.h. */
#include "analysis/table_target.h"

enum { DEPTH_MAX = 12, NONE = TARGET_OPS };

/* ---- making it: each gives the op that stands for something, or NONE ---- */

typedef struct Maker {
    Target *out;
    Values *v;
    ValueId index;
} Maker;

static uint8_t op_put(Maker *m, ValueId id, const TargetOp *op)
{
    Target *t = m->out;
    if (t->n == TARGET_OPS)
        return NONE;
    t->ids[t->n] = id;
    t->ops[t->n] = *op;
    return (uint8_t)t->n++;
}

static uint8_t number_put(Maker *m, ValueId id, uint64_t k)
{
    return op_put(m, id, &(TargetOp){.kind = TARGET_NUMBER, .a = NONE, .b = NONE, .k = k});
}

static uint8_t op_of_value(Maker *m, ValueId id, unsigned depth);

static uint8_t op_of_reg(Maker *m, uint32_t step, unsigned reg, unsigned depth)
{
    return reg < CELL_SLOT0 ? op_of_value(m, values_before(m->v, step, reg), depth + 1) : NONE;
}

/* The address of the step's memory operand, or what its lea gives, in `bits`. */
static uint8_t op_of_address(Maker *m, ValueId id, uint32_t step, unsigned bits, unsigned depth)
{
    const Insn *insn = &m->v->body->steps[step].insn;
    const Mem *mem = &insn->mem;
    TargetOp sum = {
        .kind = TARGET_SUM, .a = NONE, .b = NONE, .bits = (uint8_t)bits, .scale = mem->scale, .k = (uint64_t)mem->disp};
    uint64_t k;
    if (insn_mem_address(insn, &k))
        return number_put(m, id, value_extended(k, bits, false));
    if (mem->segment == REG_FS || mem->segment == REG_GS || mem->addr_bits != 64)
        return NONE;
    if (mem->base != REG_NONE && (sum.a = op_of_reg(m, step, mem->base, depth)) == NONE)
        return NONE;
    if (mem->index != REG_NONE && (sum.b = op_of_reg(m, step, mem->index, depth)) == NONE)
        return NONE;
    return op_put(m, id, &sum);
}

static uint8_t op_of_load(Maker *m, ValueId id, uint32_t step, const Move *move, unsigned depth)
{
    TargetOp load = {.kind = TARGET_LOAD, .a = NONE, .bits = move->bits, .to = move->to, .sign = move->sign};
    load.b = op_of_address(m, VALUE_NONE, step, 64, depth);
    return load.b != NONE ? op_put(m, id, &load) : NONE;
}

/* add reg,reg, lea base(index) and shl: what MOVE_* does not name. */
static uint8_t op_of_other(Maker *m, ValueId id, const Value *value, unsigned depth)
{
    const Insn *insn = &m->v->body->steps[value->at].insn;
    const Operand *to = &insn->op[0], *from = &insn->op[1];
    TargetOp sum = {.kind = TARGET_SUM, .a = NONE, .bits = (uint8_t)to->bits, .scale = 1};
    if (insn->nops < 2 || to->kind != OPERAND_REG || to->reg != value->cell || to->bits < 32)
        return NONE;
    if (insn->mnemonic == MN_LEA)
        return op_of_address(m, id, value->at, to->bits, depth);
    bool add = insn->mnemonic == MN_ADD && from->kind == OPERAND_REG;
    if (!add && (insn->mnemonic != MN_SHL || from->kind != OPERAND_IMM))
        return NONE;
    sum.b = op_of_reg(m, value->at, to->reg, depth);
    if (add && sum.b != NONE && (sum.a = op_of_reg(m, value->at, from->reg, depth)) == NONE)
        return NONE;
    if (!add)
        sum.scale <<= insn->imm & 63;
    return sum.b != NONE ? op_put(m, id, &sum) : NONE;
}

static uint8_t op_of_move(Maker *m, ValueId id, const Value *value, unsigned depth)
{
    static const uint8_t kinds[] = {
        [MOVE_COPY] = TARGET_EXTEND + 1, [MOVE_AND] = TARGET_AND + 1, [MOVE_ADD] = TARGET_SUM + 1};
    const Move *move = &m->v->moves[value->at];
    TargetOp op = {.a = NONE, .bits = move->bits, .to = move->to, .sign = move->sign, .scale = 1, .k = move->k};
    if (move->kind == MOVE_NONE)
        return op_of_other(m, id, value, depth);
    if (move->dst != value->cell || move->partial)
        return NONE;
    if (move->kind == MOVE_LOAD)
        return op_of_load(m, id, value->at, move, depth);
    if (move->kind >= sizeof kinds || !kinds[move->kind])
        return NONE;
    op.kind = kinds[move->kind] - 1;
    op.b = op_of_value(m, values_before(m->v, value->at, move->src), depth + 1);
    return op.b != NONE ? op_put(m, id, &op) : NONE;
}

static uint8_t op_of_value(Maker *m, ValueId id, unsigned depth)
{
    uint64_t k;
    uint8_t via;
    if (id == VALUE_NONE || depth > DEPTH_MAX)
        return NONE;
    for (unsigned i = 0; i < m->out->n; i++)
        if (m->out->ids[i] == id)
            return (uint8_t)i;
    if (id == m->index)
        return op_put(m, id, &(TargetOp){.kind = TARGET_INDEX, .a = NONE, .b = NONE});
    if (values_constant(m->v, id, &k, &via))
        return number_put(m, id, k);
    Value value = m->v->values[id];
    return value.kind == VALUE_STEP ? op_of_move(m, id, &value, depth) : NONE;
}

bool target_make(Target *out, Values *v, uint32_t step, ValueId index)
{
    static const Move word = {.kind = MOVE_LOAD, .bits = 64, .to = 64};
    const Operand *op = &v->body->steps[step].insn.op[0];
    Maker m = {out, v, index};
    out->program = v->body->program;
    out->n = 0;
    return (op->kind == OPERAND_REG ? op_of_reg(&m, step, op->reg, 0) : op_of_load(&m, VALUE_NONE, step, &word, 0)) !=
           NONE;
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
