/* analysis/table.c - see table.h. */
#include "analysis/table.h"

#include <string.h>

#include "analysis/compares.h"
#include "analysis/flags.h"
#include "analysis/frame.h"
#include "analysis/moves.h"
#include "analysis/table_target.h"

/* ---- bounds ---- */

enum { BOUND_DEPTH = 24, BOUND_VISITS = 400 };

typedef struct BoundSearch {
    Values *v;
    unsigned visits;
    uint32_t compare;
    Addr fallback;
} BoundSearch;

static bool bound_at(BoundSearch *s, ValueId id, uint32_t at, unsigned depth, uint64_t *bound);

enum { COPIES_MAX = 8 };

/* The value that `id` was copied from, as far as its low `bits` go. */
static ValueId copy_source(Values *v, ValueId id, unsigned bits)
{
    for (unsigned i = 0; i < COPIES_MAX; i++) {
        Link l = values_link(v, id);
        if (l.kind != MOVE_COPY || l.bits < bits)
            break;
        id = l.base;
    }
    return id;
}

/* Is the whole of `id` the low `bits` of `compared`, plus *add modulo 2^bits? */
static bool compare_sees(Values *v, ValueId id, ValueId compared, unsigned bits, uint64_t *add)
{
    bool narrow = false; /* does `id` come from only the low `bits` of what is now looked at, zero-extended? */
    *add = 0;
    compared = copy_source(v, compared, bits);
    for (unsigned i = 0; i < COPIES_MAX; i++) {
        narrow = narrow || value_fits(v, id, bits);
        if (id == compared)
            return narrow;
        Link l = values_link(v, id);
        if (l.kind == MOVE_ADD && l.bits >= bits && copy_source(v, l.base, bits) == compared) {
            *add = l.k;
            return narrow;
        }
        bool low_only = narrow && l.bits >= bits; /* then what lies above in the copy does not matter */
        if (l.kind != MOVE_COPY || ((l.partial || l.sign) && !low_only))
            return false;
        narrow = narrow || l.bits <= bits;
        id = l.base;
    }
    return false;
}

/* May the step write memory that a pointer leads to? In the frame that is what is exposed (frame.c). */
static bool may_reach_pointers(const Values *v, const Move *m)
{
    if (m->wild || m->stored_lo >= m->stored_hi) /* what smashes is wild, too (moves.c) */
        return m->wild;
    Cell c = slot_at(v, (StackAddr){.base = m->stored_base, .off = m->stored_lo});
    const StackSlot *slot = c != CELL_NONE ? &v->slots[c - CELL_SLOT0] : NULL;
    return !slot || slot->exposed || m->stored_lo + slot->size < m->stored_hi;
}

/* Do the steps in [from, to) leave the memory of `key` (bits wide) alone? */
static bool memory_kept(Values *v, uint32_t from, uint32_t to, const MemKey *key, unsigned bits)
{
    for (uint32_t i = from; i < to; i++) {
        const Move *m = &v->moves[i];
        const Step *s = &v->body->steps[i];
        if (m->is_call || step_moves_segment(s, key->segment))
            return false;
        if (!may_reach_pointers(v, m))
            continue;
        MemKey other = compare_mem_key(v, i); /* a store: apart only if it counts from the same base */
        int64_t bytes = move_store_bytes(s);
        bool known = (s->effects.mem_access & ACCESS_WRITE) && bytes && other.base == key->base &&
                     other.base != VALUE_NONE && other.index == VALUE_NONE && key->index == VALUE_NONE &&
                     other.segment == key->segment;
        if (!known || (other.disp + bytes > key->disp && key->disp + (int64_t)bits / 8 > other.disp))
            return false;
    }
    return true;
}

/* cmpb $8,0x65(%rbx); ja; movzbl 0x65(%rbx),%eax: is `id` what block `to` loads from the memory compared in block p? */
static bool compare_sees_memory(Values *v, ValueId id, uint32_t cmp, uint32_t p, uint32_t to)
{
    const Body *b = v->body;
    const Value value = v->values[id];
    const Operand *op = &b->steps[cmp].insn.op[0];
    if (op->kind != OPERAND_MEM || value.kind != VALUE_STEP || value.at < b->blocks[to].first ||
        value.at >= b->blocks[to].first + b->blocks[to].n)
        return false;
    const Move *m = &v->moves[value.at];
    if (m->kind != MOVE_LOAD || m->dst != value.cell || m->bits != op->bits || !value_is_zero_extended(v, id))
        return false;
    MemKey compared = compare_mem_key(v, cmp), loaded = compare_mem_key(v, value.at);
    return mem_key_same(&compared, &loaded) &&
           memory_kept(v, cmp, b->blocks[p].first + b->blocks[p].n, &compared, op->bits) &&
           memory_kept(v, b->blocks[to].first, value.at, &compared, op->bits);
}

/* The values that pass "cc after a compare with k", moved up by `add`: their top, if they do not wrap around. */
static bool interval_top(unsigned cc, uint64_t k, unsigned bits, uint64_t add, uint64_t *top)
{
    uint64_t lo = 0, hi = value_extended(UINT64_MAX, bits, false);
    switch (cc) {
    case CC_BE: hi = k; break;
    case CC_B:
        if (k == 0)
            return false;
        hi = k - 1;
        break;
    case CC_AE: lo = k; break;
    case CC_A:
        if (k == hi)
            return false;
        lo = k + 1;
        break;
    default: return false;
    }
    lo = value_extended(lo + add, bits, false);
    *top = value_extended(hi + add, bits, false);
    return lo <= *top;
}

/* The constant that step cmp compares with, by an immediate or what was moved to a register. */
static bool bound_constant(Values *v, uint32_t cmp, uint64_t *k)
{
    const Insn *insn = &v->body->steps[cmp].insn;
    if (insn->op[1].kind == OPERAND_IMM) {
        *k = insn->imm;
        return true;
    }
    Cell cell = values_operand_cell(v, cmp, 1);
    return cell != CELL_NONE && values_moved(v, values_before(v, cmp, cell), k);
}

/* Does the way from block p to `to` say that id <= *bound? */
static bool bound_of_branch(BoundSearch *s, ValueId id, uint32_t p, uint32_t to, uint64_t *bound)
{
    Values *v = s->v;
    const Body *b = v->body;
    const Block *block = &b->blocks[p];
    uint32_t last = block->first + block->n - 1;
    const Insn *jcc = &b->steps[last].insn;
    if (jcc->flow != FLOW_BRANCH || jcc->cc > 15 || jcc->target == step_end(&b->steps[last]))
        return false;
    uint32_t cmp = flags_writer(b, last);
    if (cmp == UINT32_MAX || (b->steps[cmp].insn.mnemonic != MN_CMP && b->steps[cmp].insn.mnemonic != MN_SUB))
        return false;
    Cell cell = values_operand_cell(v, cmp, 0);
    uint64_t k, add = 0;
    unsigned bits = b->steps[cmp].insn.op[0].bits;
    bool here = cmp >= block->first && cmp <= last;
    bool sees = cell != CELL_NONE ? compare_sees(v, id, values_before(v, cmp, cell), bits, &add)
                                  : here && compare_sees_memory(v, id, cmp, p, to);
    if (!sees || !bound_constant(v, cmp, &k))
        return false;
    bool taken = b->blocks[to].first == body_step_at(b, jcc->target);
    if (!interval_top(taken ? jcc->cc : jcc->cc ^ 1u, value_extended(k, bits, false), bits, add, bound))
        return false;
    s->compare = cmp;
    s->fallback = taken ? step_end(&b->steps[last]) : jcc->target;
    return true;
}

static bool bound_of_edge(BoundSearch *s, ValueId id, uint32_t p, uint32_t to, unsigned depth, uint64_t *bound)
{
    if (bound_of_branch(s, id, p, to, bound))
        return true;
    if (values_moved(s->v, id, bound))
        return true;
    const Value *value = &s->v->values[id];
    if (value->kind == VALUE_STEP && body_block_of(s->v->body, value->at) == p)
        return false;
    return bound_at(s, id, p, depth + 1, bound);
}

static bool bound_at(BoundSearch *s, ValueId id, uint32_t at, unsigned depth, uint64_t *bound)
{
    const Block *b = &s->v->body->blocks[at];
    if (depth > BOUND_DEPTH || ++s->visits > BOUND_VISITS || at == s->v->body->entry || b->npred == 0 || b->foreign ||
        b->pad)
        return false;
    bool phi_here = s->v->values[id].kind == VALUE_PHI && s->v->values[id].at == at;
    *bound = 0;
    for (uint32_t k = 0; k < b->npred; k++) {
        uint64_t one;
        ValueId op = phi_here ? values_rep(s->v, s->v->values[id].operands[k]) : id;
        if (op == VALUE_NONE || !bound_of_edge(s, op, b->pred[k].block, at, depth, &one))
            return false;
        if (one > *bound)
            *bound = one;
    }
    return true;
}

/* The bound that the value's own making gives. */
static bool bound_of_making(Values *v, ValueId id, uint64_t *bound)
{
    const Value *value = &v->values[id];
    if (value->kind != VALUE_STEP || !value_is_zero_extended(v, id))
        return false;
    const Move *m = &v->moves[value->at];
    if (m->kind == MOVE_AND && m->k <= UINT16_MAX) { /* it writes nothing else that is whole */
        *bound = m->k;
        return true;
    }
    if (value->bits != 8)
        return false;
    *bound = UINT8_MAX;
    return true;
}

bool value_bound(Values *v, ValueId id, uint32_t step, uint64_t *bound, uint32_t *compare, Addr *fallback)
{
    BoundSearch s = {.v = v, .compare = UINT32_MAX};
    uint64_t made;
    bool by_making = bound_of_making(v, id, &made);
    bool by_branch = bound_at(&s, id, body_block_of(v->body, step), 0, bound);
    if (by_making && (!by_branch || made < *bound))
        *bound = made;
    *compare = by_branch ? s.compare : UINT32_MAX;
    *fallback = by_branch ? s.fallback : 0;
    return by_branch || by_making;
}

/* ---- candidates for the index: the values that the expression is made of, outermost first ---- */

enum { INDEX_CANDIDATES = 16, CANDIDATE_DEPTH = 12 };

typedef struct Candidates {
    ValueId ids[INDEX_CANDIDATES];
    size_t n;
} Candidates;

static void candidates_of_reg(Candidates *c, Values *v, uint32_t step, unsigned reg, unsigned depth);

static void candidates_of_mem(Candidates *c, Values *v, uint32_t step, unsigned depth)
{
    const Mem *m = &v->body->steps[step].insn.mem;
    candidates_of_reg(c, v, step, m->index, depth);
    candidates_of_reg(c, v, step, m->base, depth);
}

static void candidates_of(Candidates *c, Values *v, ValueId id, unsigned depth)
{
    uint64_t k;
    uint8_t via;
    if (id == VALUE_NONE || depth > CANDIDATE_DEPTH || c->n == INDEX_CANDIDATES)
        return;
    /* A state machine's index is a constant as long as only its first turn is known; an address never is the index. */
    if (values_constant(v, id, &k, &via) && k >= BODY_MAX_TABLE)
        return;
    for (size_t i = 0; i < c->n; i++)
        if (c->ids[i] == id)
            return;
    c->ids[c->n++] = id;
    Value value = v->values[id];
    if (value.kind != VALUE_STEP)
        return;
    const Move *m = &v->moves[value.at];
    const Insn *insn = &v->body->steps[value.at].insn;
    if (m->kind == MOVE_LOAD || insn->mnemonic == MN_LEA) {
        candidates_of_mem(c, v, value.at, depth + 1);
        return;
    }
    if (m->kind != MOVE_NONE && m->src != CELL_NONE)
        candidates_of(c, v, values_before(v, value.at, m->src), depth + 1);
    for (unsigned i = 0; m->kind == MOVE_NONE && !m->is_call && i < insn->nops; i++)
        if (insn->op[i].kind == OPERAND_REG)
            candidates_of_reg(c, v, value.at, insn->op[i].reg, depth + 1);
}

static void candidates_of_reg(Candidates *c, Values *v, uint32_t step, unsigned reg, unsigned depth)
{
    if (reg < CELL_SLOT0)
        candidates_of(c, v, values_before(v, step, reg), depth);
}

/* May the function's jump go there: into itself, into a fragment that is to become a part of it, or where too large an
 * index goes? Or to the end of one of its parts, where clang lets the entries go that are never used. */
static bool is_target(const Body *b, const Table *t, Addr target)
{
    Function f;
    if (function_holds(b->function, target))
        return true;
    if (program_function(b->program, target, &f) && (f.fragment || target == t->fallback))
        return true;
    for (size_t i = 0; i < b->nparts; i++)
        if (target == b->parts[i].end)
            return true;
    return false;
}

/* No function jumps into the middle of another one, whose extent the file states; what looks like that is no entry. The target is no
 * is_target. */
static bool is_inside_other(const Body *b, Addr target)
{
    Function f;
    return program_function(b->program, target, &f) && f.start != target && f.found_by <= FOUND_PCLNTAB;
}

enum { NEIGHBOURHOOD = 1 << 15 };

/* The lowest address in (from, to) that an instruction of the part or its neighbourhood takes (lea disp(%rip),%reg); else `to`. What is
 * there is another object. Tables lie in the order of the functions that use them, so a neighbour's is found. */
static Addr next_referenced(const Body *b, Part part, Addr from, Addr to)
{
    const Segment *s = image_segment(&b->program->image, part.start);
    if (!s)
        return to;
    uint64_t before = part.start - s->addr, after = s->filesz - (part.end - s->addr);
    before = before < NEIGHBOURHOOD ? before : NEIGHBOURHOOD;
    after = after < NEIGHBOURHOOD ? after : NEIGHBOURHOOD;
    uint64_t n = part.end - part.start + before + after;
    const uint8_t *p = image_read(&b->program->image, part.start - before, n); /* the part's bytes were read */
    for (uint64_t i = 1; i + 6 <= n; i++) {
        const uint8_t *lea = memchr(p + i, 0x8d, n - 5 - i);
        if (!lea)
            break;
        i = (uint64_t)(lea - p);
        if ((p[i - 1] & 0xfb) != 0x48 || (p[i + 1] & 0xc7) != 0x05)
            continue;
        uint32_t disp = p[i + 2] | (uint32_t)p[i + 3] << 8 | (uint32_t)p[i + 4] << 16 | (uint32_t)p[i + 5] << 24;
        Addr taken = part.start - before + i + 6 + value_extended(disp, 32, true);
        if (taken > from && taken < to)
            to = taken;
    }
    return to;
}

/* Where a table without a bound from a compare ends: its index's width only says how many entries there could be. It ends
 * where the entries do (a computed goto over 83 labels by a 7-bit opcode), or where another object begins. What is read
 * too much would be an edge too many, which only weakens claims. */
static bool is_beyond(const Body *b, const Table *t, uint64_t i, const Addr *target)
{
    return t->compare == UINT32_MAX && i >= 2 &&
           (!target || !image_is_code(&b->program->image, *target) || is_inside_other(b, *target));
}

/* With a bound from a compare every entry must be a target. */
static bool table_read(Table *out, Values *v, uint32_t step, ValueId index, uint64_t bound, bool bounded, Arena *arena)
{
    if (bound >= BODY_MAX_TABLE)
        return false;
    Addr *targets = arena_alloc(arena, (size_t)bound + 1, sizeof *targets);
    Target target = {.n = 0};
    Addr end = UINT64_MAX, entry = 0;
    uint64_t i = 0;
    if (!targets || !target_make(&target, v, step, index) || !target_at(&target, 0, &targets[0], &entry))
        return false;
    out->address = entry;
    for (; i <= bound; i++) {
        bool is = target_at(&target, i, &targets[i], &entry);
        if (i == 2 && out->compare == UINT32_MAX)
            end = next_referenced(v->body, v->body->parts[0], out->address, end);
        if (i >= 2 && entry >= end)
            break;
        if (is && is_target(v->body, out, targets[i]))
            continue;
        if (!is_beyond(v->body, out, i, is ? &targets[i] : NULL))
            return false;
        break;
    }
    out->targets = targets;
    out->n = (size_t)i;
    out->index = index;
    return out->address && (bounded || i <= bound);
}

static void candidates_of_jump(Candidates *c, Values *v, uint32_t step)
{
    const Operand *op = &v->body->steps[step].insn.op[0];
    if (op->kind == OPERAND_REG)
        candidates_of_reg(c, v, step, op->reg, 0);
    else
        candidates_of_mem(c, v, step, 0);
}

/* *bounded: a compare said how many entries there are. */
static bool table_bounded(Table *out, Values *v, uint32_t step, const Candidates *c, bool *bounded, Arena *arena)
{
    for (size_t i = 0; i < c->n; i++) {
        uint64_t bound;
        *out = (Table){.compare = UINT32_MAX};
        if (!value_bound(v, c->ids[i], step, &bound, &out->compare, &out->fallback))
            continue;
        *bounded |= out->compare != UINT32_MAX;
        if (table_read(out, v, step, c->ids[i], bound, true, arena))
            return true;
    }
    return false;
}

bool table_find(Table *out, Values *v, uint32_t step, Arena *arena)
{
    Candidates c = {.n = 0};
    bool bounded = false;
    candidates_of_jump(&c, v, step);
    if (table_bounded(out, v, step, &c, &bounded, arena))
        return true;
    for (size_t i = 0; !bounded && !v->failed && i < c.n; i++) {
        *out = (Table){.compare = UINT32_MAX};
        if (table_read(out, v, step, c.ids[i], TABLE_UNBOUNDED_MAX - 1, false, arena))
            return true;
    }
    return false;
}
