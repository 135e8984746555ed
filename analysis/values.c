/* analysis/values.c - see values.h for what a value is; here is how questions are answered. */
#include "analysis/values.h"

#include <elf.h>

#include "analysis/budget.h"
#include "analysis/frame.h"
#include "analysis/moves.h"
#include "analysis/summary.h"
#include "analysis/variable.h"

/* Flags beside a Via. VIA_SUM: something was added. VIA_ADDRESS: the load bias will be, too. */
enum { CONSTANT_DEPTH = 12, VIA_SUM = 0x80, VIA_ADDRESS = 0x40, VIA_FLAGS = VIA_SUM | VIA_ADDRESS };

bool values_open(Values *v, const Body *body, Arena *arena)
{
    *v = (Values){.body = body, .arena = arena};
    v->budget = budget_values(body->program, body->nsteps);
    return frames_find(v) && untouched_find(v) && slots_find(v) && moves_find(v);
}

/* ---- memory of answers: (what, where, cell) -> value ---- */

enum { KEY_STEP = 1, KEY_BLOCK = 2, KEY_ARGUMENT = 3 };

static uint64_t key_of(unsigned tag, uint32_t at, Cell cell)
{
    return (uint64_t)tag << 62 | (uint64_t)at << 31 | cell; /* at < 2^31, cell < 2^31; tag is never 0 */
}

/* `at` lies in the key's upper half, of which a product's lower bits know nothing: those above 32 are taken. */
static size_t key_place(const Values *v, uint64_t key)
{
    size_t i = (size_t)(((key ^ key >> 29) * 0x9e3779b97f4a7c15u) >> 32) & (v->ntable - 1);
    while (v->keys[i] && v->keys[i] != key)
        i = (i + 1) & (v->ntable - 1);
    return i;
}

static bool table_grow(Values *v)
{
    uint64_t *keys = v->keys;
    ValueId *ids = v->ids;
    size_t old = v->ntable;
    v->ntable = old ? old * 2 : 256;
    v->keys = arena_alloc(v->arena, v->ntable, sizeof *v->keys);
    v->ids = arena_alloc(v->arena, v->ntable, sizeof *v->ids);
    if (!v->keys || !v->ids)
        return false;
    for (size_t i = 0; i < old; i++) {
        if (!keys[i])
            continue;
        size_t at = key_place(v, keys[i]);
        v->keys[at] = keys[i];
        v->ids[at] = ids[i];
    }
    return true;
}

static ValueId answer_get(const Values *v, uint64_t key)
{
    if (!v->ntable)
        return VALUE_NONE;
    size_t i = key_place(v, key);
    return v->keys[i] ? v->ids[i] : VALUE_NONE;
}

static void answer_put(Values *v, uint64_t key, ValueId id)
{
    if (v->nkeys * 2 >= v->ntable && !table_grow(v)) {
        v->failed = true;
        return;
    }
    size_t i = key_place(v, key);
    v->nkeys += v->keys[i] == 0;
    v->keys[i] = key;
    v->ids[i] = id;
}

ValueId values_rep(const Values *v, ValueId id)
{
    while (id != VALUE_NONE && v->values[id].rep != id)
        id = v->values[id].rep;
    return id;
}

static ValueId value_new(Values *v, Value value, uint64_t key)
{
    if (v->failed || !arena_grow(v->arena, (void **)&v->values, v->nvalues, &v->cap_values, sizeof *v->values)) {
        v->failed = true;
        return VALUE_NONE;
    }
    ValueId id = (ValueId)v->nvalues++;
    value.rep = id;
    v->values[id] = value;
    answer_put(v, key, id);
    return id;
}

/* ---- who writes a cell ---- */

static bool stores_to(const Values *v, const Move *m, Cell c)
{
    const StackSlot *s = &v->slots[c - CELL_SLOT0];
    return m->stored_lo < m->stored_hi && m->stored_base == s->at.base && m->stored_lo < s->at.off + s->size &&
           m->stored_hi > s->at.off;
}

/* A call also overwrites what lies below the stack pointer. */
static bool below_stack(const Values *v, uint32_t step, Cell c)
{
    const StackSlot *s = &v->slots[c - CELL_SLOT0];
    StackAddr rsp = v->frames[step].rsp;
    return !stack_known(rsp) || (rsp.base == s->at.base && s->at.off < rsp.off);
}

bool values_step_writes(const Values *v, uint32_t step, Cell c)
{
    const Move *m = &v->moves[step];
    if (c < CELL_SLOT0)
        return (m->writes >> c) & 1;
    if (m->dst == c || m->smash || stores_to(v, m, c))
        return true;
    if (m->is_call && (m->twice || below_stack(v, step, c)))
        return true;
    return m->wild && v->slots[c - CELL_SLOT0].exposed;
}

static uint8_t written_bits(const Values *v, uint32_t step, Cell c)
{
    const Move *m = &v->moves[step];
    const Insn *insn = &v->body->steps[step].insn;
    if (m->dst == c)
        return m->bits;
    bool first = insn->op[0].kind == OPERAND_REG && insn->op[0].reg == c && insn->op[0].bits;
    if (first && !m->is_call)
        return (uint8_t)(insn->op[0].bits > 64 ? 64 : insn->op[0].bits);
    return c < CELL_SLOT0 ? 64 : (uint8_t)(v->slots[c - CELL_SLOT0].size * 8);
}

ValueId values_after(Values *v, uint32_t step, Cell c)
{
    const Move *m = &v->moves[step];
    if (m->kind == MOVE_COPY && m->dst == c && m->bits == 64)
        return values_before(v, step, m->src);
    uint64_t key = key_of(KEY_STEP, step, c);
    ValueId id = answer_get(v, key);
    if (id != VALUE_NONE)
        return id;
    return value_new(v, (Value){.kind = VALUE_STEP, .bits = written_bits(v, step, c), .at = step, .cell = c}, key);
}

/* ---- the walk back ---- */

bool values_unwind_keeps(Cell c) { return c >= CELL_SLOT0 || (cell_is_general(c) && (uint32_t)ABI_KEPT >> c & 1); }

static ValueId argument_value(Values *v, Cell c)
{
    uint64_t key = key_of(KEY_ARGUMENT, 0, c);
    ValueId id = answer_get(v, key);
    return id != VALUE_NONE ? id : value_new(v, (Value){.kind = VALUE_ARGUMENT, .bits = 64, .cell = c}, key);
}

static ValueId block_value(Values *v, ValueKind kind, uint32_t block, Cell c)
{
    return value_new(v, (Value){.kind = (uint8_t)kind, .bits = 64, .at = block, .cell = c},
                     key_of(KEY_BLOCK, block, c));
}

static ValueId phi_value(Values *v, uint32_t block, Cell c)
{
    if (!arena_grow(v->arena, (void **)&v->pending, v->npending, &v->cap_pending, sizeof *v->pending)) {
        v->failed = true;
        return VALUE_NONE;
    }
    ValueId id = block_value(v, VALUE_PHI, block, c);
    if (id != VALUE_NONE)
        v->pending[v->npending++] = id;
    return id;
}

/* The value of cell c at the start of a block where it is not simply that of the one predecessor. */
static ValueId joined_value(Values *v, uint32_t at, Cell c)
{
    const Block *b = &v->body->blocks[at];
    if (b->foreign || (b->pad && !values_unwind_keeps(c)))
        return block_value(v, VALUE_PAD, at, c);
    if (b->npred == 0)
        return at == v->body->entry ? argument_value(v, c) : block_value(v, VALUE_PAD, at, c);
    return phi_value(v, at, c);
}

/* The value of `cell` before step i, which lies in block `at` (i may be the block's end). Never recurses. */
static ValueId walk_back(Values *v, uint32_t at, uint32_t i, Cell c)
{
    for (;;) {
        const Block *b = &v->body->blocks[at];
        if (block_keeps(v, at, c))
            i = b->first;
        while (i > b->first) {
            if (v->budget == 0)
                v->failed = true;
            if (v->failed)
                return VALUE_NONE;
            v->budget--;
            i--;
            if (!values_step_writes(v, i, c))
                continue;
            const Move *m = &v->moves[i];
            bool copy = m->kind == MOVE_COPY && m->dst == c && m->bits == 64;
            if (!copy)
                return values_rep(v, values_after(v, i, c));
            c = m->src;
        }
        if (block_untouched(v, at, c))
            return argument_value(v, c);
        ValueId id = answer_get(v, key_of(KEY_BLOCK, at, c));
        if (id != VALUE_NONE)
            return values_rep(v, id);
        if (slot_settled(v, at, c)) {
            at = v->body->entry;
            i = v->body->blocks[at].first + v->body->blocks[at].n;
            continue;
        }
        bool simple = b->npred == 1 && at != v->body->entry && !b->foreign && !b->pad && b->pred[0].kind == EDGE_FLOW;
        if (!simple)
            return values_rep(v, joined_value(v, at, c));
        if (v->budget == 0 || --v->budget == 0)
            v->failed = true;
        at = b->pred[0].block;
        i = v->body->blocks[at].first + v->body->blocks[at].n;
    }
}

/* ---- phis ---- */

static void phi_fill(Values *v, ValueId id)
{
    uint32_t at = v->values[id].at;
    Cell c = v->values[id].cell;
    const Block *b = &v->body->blocks[at];
    bool entry = at == v->body->entry;
    uint32_t n = b->npred + entry;
    ValueId *ops = arena_alloc(v->arena, n, sizeof *ops);
    if (!ops) {
        v->failed = true;
        return;
    }
    for (uint32_t k = 0; k < b->npred; k++) {
        const Block *p = &v->body->blocks[b->pred[k].block];
        ops[k] = walk_back(v, b->pred[k].block, p->first + p->n, c);
    }
    if (entry)
        ops[b->npred] = argument_value(v, c);
    v->values[id].operands = ops;
    v->values[id].noperands = n;
}

/* What a phi that is not yet taken for itself is while `guess` holds the current belief of each pending one: ID of its one
 * operand, or its own. */
static ValueId phi_belief(const Values *v, ValueId phi, const ValueId *guess, ValueId low)
{
    const Value *p = &v->values[phi];
    ValueId one = VALUE_NONE;
    for (uint32_t k = 0; k < p->noperands; k++) {
        ValueId op = values_rep(v, p->operands[k]);
        if (op >= low && v->values[op].kind == VALUE_PHI)
            op = guess[op - low];
        if (op == VALUE_NONE) /* not believed anything yet */
            continue;
        if (one != VALUE_NONE && one != op)
            return phi;
        one = op;
    }
    return one;
}

/* Optimistically finds which of the pending phis are only another name for one value: all begin as "nothing", and
 * beliefs only ever sink: nothing -> one value -> themselves. */
static void phis_settle(Values *v, const ValueId *phis, size_t n)
{
    ValueId low = phis[0];
    size_t span = v->nvalues - low;
    ValueId *guess = arena_alloc(v->arena, span, sizeof *guess);
    if (!guess) {
        v->failed = true;
        return;
    }
    for (size_t k = 0; k < span; k++)
        guess[k] = VALUE_NONE;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t k = 0; k < n; k++) {
            ValueId now = guess[phis[k] - low];
            if (now == phis[k])
                continue;
            ValueId then = phi_belief(v, phis[k], guess, low);
            if (then == now)
                continue;
            guess[phis[k] - low] = now == VALUE_NONE ? then : phis[k];
            changed = true;
        }
        if (v->budget < n) { /* no time to settle: each is taken for itself, which is always true */
            v->budget = 0;
            return;
        }
        v->budget -= n;
    }
    for (size_t k = 0; k < n; k++)
        if (guess[phis[k] - low] != VALUE_NONE)
            v->values[phis[k]].rep = guess[phis[k] - low];
}

static void phis_complete(Values *v)
{
    if (v->npending == 0)
        return;
    for (size_t k = 0; k < v->npending && !v->failed; k++)
        phi_fill(v, v->pending[k]);
    if (!v->failed)
        phis_settle(v, v->pending, v->npending);
    v->npending = 0;
}

ValueId values_before(Values *v, uint32_t step, Cell c)
{
    if (c == CELL_NONE || v->failed)
        return VALUE_NONE;
    ValueId id = walk_back(v, body_block_of(v->body, step), step, c);
    phis_complete(v);
    return v->failed ? VALUE_NONE : values_rep(v, id);
}

Cell values_operand_cell(const Values *v, uint32_t step, unsigned i)
{
    const Insn *insn = &v->body->steps[step].insn;
    if (i >= insn->nops)
        return CELL_NONE;
    const Operand *op = &insn->op[i];
    if (op->kind == OPERAND_REG)
        return op->reg < CELL_SLOT0 && !op->high ? op->reg : CELL_NONE;
    return op->kind == OPERAND_MEM ? values_slot_of(v, step) : CELL_NONE;
}

bool value_is_zero_extended(const Values *v, ValueId id)
{
    const Value *value = &v->values[id];
    if (value->kind != VALUE_STEP || value->bits == 64)
        return value->kind == VALUE_STEP;
    const Move *m = &v->moves[value->at];
    if (m->dst != value->cell) /* an unnamed write: 32 bits clear what is above, 8 and 16 do not */
        return value->bits == 32 && cell_is_general(value->cell);
    return !m->partial && !(m->sign && (m->kind == MOVE_COPY || m->kind == MOVE_LOAD));
}

enum { FITS_VALUES = 48 };

/* A step's own write of a register: zero above `bits`? *under: what must be so, too, because the write leaves the rest of it. */
static bool step_fits(Values *v, ValueId id, unsigned bits, ValueId *under)
{
    const Value value = v->values[id];
    if (value.kind != VALUE_STEP || !cell_is_general(value.cell))
        return false;
    const Move *m = &v->moves[value.at];
    bool named = m->dst == value.cell;
    if (named ? m->partial : value.bits < 32) {
        *under = value.bits > bits ? VALUE_NONE : values_before(v, value.at, value.cell);
        return *under != VALUE_NONE;
    }
    if (named && m->kind == MOVE_CONST)
        return low_bits(m->k, bits) == m->k;
    if (named && m->kind == MOVE_AND && low_bits(m->k, bits) == low_bits(m->k, m->bits))
        return true;
    if (named)
        return (m->sign && (m->kind == MOVE_COPY || m->kind == MOVE_LOAD) ? m->to : value.bits) <= bits;
    return value.bits <= bits && value_is_zero_extended(v, id);
}

/* Puts op on the list, once; false when the list is full. */
static bool fits_push(ValueId *list, unsigned *n, ValueId op)
{
    for (unsigned k = 0; k < *n; k++)
        if (list[k] == op)
            return true;
    if (*n == FITS_VALUES)
        return false;
    list[(*n)++] = op;
    return true;
}

bool value_fits(Values *v, ValueId id, unsigned bits)
{
    ValueId list[FITS_VALUES] = {id};
    if (bits >= 64)
        return true;
    for (unsigned n = 1, next = 0; next < n; next++) {
        ValueId under = VALUE_NONE;
        if (v->values[list[next]].kind != VALUE_PHI) {
            if (!step_fits(v, list[next], bits, &under) || (under != VALUE_NONE && !fits_push(list, &n, under)))
                return false;
            continue;
        }
        for (uint32_t i = 0; i < v->values[list[next]].noperands; i++)
            if (!fits_push(list, &n, values_rep(v, v->values[list[next]].operands[i])))
                return false;
    }
    return true;
}

Cell values_slot_of(const Values *v, uint32_t step) { return slot_at(v, frame_mem(v, step)); }

/* ---- how values derive from each other ---- */

Link values_link(Values *v, ValueId id)
{
    Link none = {.kind = MOVE_NONE, .base = VALUE_NONE};
    const Value *value = id == VALUE_NONE ? NULL : &v->values[id];
    if (!value || value->kind != VALUE_STEP)
        return none;
    uint32_t step = value->at;
    const Move *m = &v->moves[step];
    bool derives = m->kind == MOVE_COPY || m->kind == MOVE_ADD || m->kind == MOVE_AND || m->kind == MOVE_SHIFT;
    if (!derives || m->dst != value->cell)
        return none;
    ValueId base = values_before(v, step, m->src);
    if (base == VALUE_NONE)
        return none;
    return (Link){m->kind, m->bits, m->to, m->sign, m->partial, m->k, base};
}

uint64_t value_extended(uint64_t k, unsigned bits, bool sign)
{
    if (bits >= 64)
        return k;
    uint64_t low = k & (((uint64_t)1 << bits) - 1);
    bool negative = sign && (low >> (bits - 1));
    return negative ? low | ~(((uint64_t)1 << bits) - 1) : low;
}

static bool constant_of(Values *v, ValueId id, uint64_t *k, uint8_t *via, unsigned depth);

static bool constant_load(Values *v, const Step *s, const Move *m, uint64_t *k)
{
    if (!program_constant(v->body->program, &s->insn, m->bits, k))
        return false;
    *k = value_extended(value_extended(*k, m->bits, m->sign), m->to, false);
    return true;
}

/* Compilers fold sums of constants but for addresses and what callees return: a sum near zero is none that was meant. */
static bool is_far(uint64_t k)
{
    uint64_t half = value_extended(k, 32, true);
    return k + SUM_NEAR > 2 * SUM_NEAR && half + SUM_NEAR > 2 * SUM_NEAR;
}

static bool constant_call(Values *v, uint32_t step, uint64_t *k, uint8_t *via, unsigned depth)
{
    Result r = summary_of_call(v->body->program, &v->body->steps[step].insn, &v->body->callees).result;
    uint8_t argument = VIA_CALL;
    *via = VIA_CALL;
    if (r.kind == RESULT_CONSTANT) {
        *k = r.value;
        return true;
    }
    if (r.kind != RESULT_ARGUMENT || !constant_of(v, values_before(v, step, r.reg), k, &argument, depth + 1))
        return false;
    *via |= argument & VIA_ADDRESS;
    *k = value_extended(*k, r.bits, r.sign) + r.value;
    return r.value == 0 || is_far(*k);
}

/* The constant after a copy, which must not cut it. */
static bool constant_copied(const Move *m, uint64_t *k)
{
    uint64_t low = value_extended(*k, m->bits, false), high = value_extended(*k, m->bits, true);
    bool whole = low == *k || high == *k || low_bits(high, 32) == *k;
    *k = value_extended(m->sign ? high : low, m->to, false);
    return whole;
}

/* Does the step make an address that moves with the file when it is loaded? */
static bool is_biased(const Values *v, const Step *s)
{
    return s->insn.mnemonic == MN_LEA && v->body->program->image.type == ET_DYN;
}

static bool constant_step(Values *v, const Value *value, uint64_t *k, uint8_t *via, unsigned depth)
{
    uint32_t step = value->at;
    Cell cell = value->cell;
    const Step *s = &v->body->steps[step];
    const Move *m = &v->moves[step];
    if (m->is_call && cell == REG_RAX)
        return constant_call(v, step, k, via, depth);
    if (m->dst != cell || m->partial)
        return false;
    switch (m->kind) {
    case MOVE_CONST:
        *k = m->k;
        *via |= is_biased(v, s) ? (uint8_t)VIA_ADDRESS : 0;
        return true;
    case MOVE_COPY: return constant_of(v, values_before(v, step, m->src), k, via, depth + 1) && constant_copied(m, k);
    case MOVE_ADD:
        if (!constant_of(v, values_before(v, step, m->src), k, via, depth + 1))
            return false;
        *k = value_extended(*k + m->k, m->bits, false);
        *via |= (uint8_t)VIA_SUM;
        return is_far(*k);
    case MOVE_LOAD: *via = VIA_MEMORY; return constant_load(v, s, m, k);
    }
    return false;
}

enum { CONSTANT_JOINS = 512 };

typedef struct Joins {
    ValueId ids[CONSTANT_JOINS];
    unsigned n;
    bool known; /* k is what one of their operands was found to be */
    uint64_t k;
    uint8_t via;
} Joins;

/* Takes one operand in: a join not met yet goes on the list, anything else must be the constant. */
static bool joins_take(Joins *j, Values *v, ValueId op, unsigned depth)
{
    uint64_t k;
    for (unsigned i = 0; i < j->n; i++)
        if (j->ids[i] == op)
            return true;
    if (v->values[op].kind == VALUE_PHI && v->values[op].constant == CONSTANT_UNASKED) {
        if (j->n == CONSTANT_JOINS)
            return false;
        j->ids[j->n++] = op;
        return true;
    }
    if (!constant_of(v, op, &k, &j->via, depth + CONSTANT_DEPTH / 2) || (j->known && k != j->k))
        return false;
    j->k = k;
    j->known = true;
    return true;
}

/* A join is constant when all that it joins, over any number of joins, is one constant; then so are they all. */
static bool joins_agree(Joins *j, Values *v, unsigned depth)
{
    for (unsigned next = 0; next < j->n; next++)
        for (uint32_t i = 0; i < v->values[j->ids[next]].noperands; i++)
            if (!joins_take(j, v, values_rep(v, v->values[j->ids[next]].operands[i]), depth))
                return false;
    return j->known;
}

static bool constant_phi(Values *v, ValueId id, uint64_t *k, uint8_t *via, unsigned depth)
{
    if (v->values[id].constant == CONSTANT_UNASKED) {
        Joins j = {.ids = {id}, .n = 1, .via = *via};
        bool agree = joins_agree(&j, v, depth);
        for (unsigned i = 0; agree && i < j.n; i++) {
            v->values[j.ids[i]].constant = CONSTANT_YES;
            v->values[j.ids[i]].k = j.k;
            v->values[j.ids[i]].via = j.via;
        }
        if (!agree && depth == 0) /* deeper, it may only have been too deep */
            v->values[id].constant = CONSTANT_NO;
        if (!agree)
            return false;
    }
    *k = v->values[id].k;
    *via = v->values[id].via;
    return v->values[id].constant == CONSTANT_YES;
}

static bool constant_of(Values *v, ValueId id, uint64_t *k, uint8_t *via, unsigned depth)
{
    if (id == VALUE_NONE || depth > CONSTANT_DEPTH || v->failed)
        return false;
    Value value = v->values[id];
    if (value.kind == VALUE_STEP)
        return constant_step(v, &value, k, via, depth);
    return value.kind == VALUE_PHI && constant_phi(v, id, k, via, depth);
}

bool values_constant(Values *v, ValueId id, uint64_t *k, uint8_t *via)
{
    *via = VIA_REGISTER;
    bool known = constant_of(v, id, k, via, 0);
    *via &= (uint8_t)~VIA_FLAGS;
    return known;
}

bool values_number(Values *v, ValueId id, uint64_t *k, uint8_t *via)
{
    *via = VIA_REGISTER;
    bool known = constant_of(v, id, k, via, 0) && !(*via & VIA_ADDRESS);
    *via &= (uint8_t)~VIA_FLAGS;
    return known;
}

bool values_moved(Values *v, ValueId id, uint64_t *k)
{
    uint8_t via = VIA_REGISTER;
    return constant_of(v, id, k, &via, 0) && (via & ~VIA_ADDRESS) != VIA_CALL && !(via & VIA_SUM);
}
