/* analysis/jumps.c - see jumps.h. */
#include "analysis/jumps.h"

#include <string.h>

#include "analysis/frame.h"
#include "analysis/table.h"
#include "elf/order.h"

/* Copies the table into memory that outlives the round. */
static bool jump_keep(Walk *w, IndirectJump *j, const Table *t)
{
    j->kind = JUMP_TABLE;
    j->table = t->address;
    j->ntargets = t->n;
    j->targets = arena_items(&w->keep, t->targets, t->n, sizeof(Addr));
    j->distinct = arena_items(&w->keep, t->targets, t->n, sizeof(Addr));
    if (!j->targets || !j->distinct)
        return false;
    j->ndistinct = order_addrs(j->distinct, t->n);
    return true;
}

/* The pointer is a word of the file, and holds the address of another place in the function than its entry. */
static bool points_inside(Walk *w, const Step *s)
{
    Slot slot;
    Addr word, target = 0;
    if (s->insn.op[0].kind != OPERAND_MEM || !insn_mem_address(&s->insn, &word))
        return false;
    const uint8_t *p = image_read(&w->program->image, word, sizeof target);
    if (p)
        memcpy(&target, p, sizeof target);
    if (slots_at(&w->program->slots, word, &slot) && slot.target)
        target = slot.target;
    return target != w->function->start && walk_region(w, target);
}

static bool stack_as_at_entry(const Values *v, uint32_t step)
{
    StackAddr rsp = v->frames[step].rsp;
    return stack_known(rsp) && rsp.base == 0 && rsp.off == 0;
}

/* Can the words that the step picks one of by an index be a compiler's jump table? Those stand at a place that the code names, in memory
 * that nobody writes to once the program runs: not where an argument or a pointer in memory leads. */
static bool picks_from_table(const Walk *w, Values *v, uint32_t step)
{
    const Mem *m = &v->body->steps[step].insn.mem;
    uint64_t base = 0;
    uint8_t via;
    if (m->scale != 8 || m->segment == REG_FS || m->segment == REG_GS)
        return true;
    if (m->base != REG_NONE) {
        ValueId id = values_before(v, step, m->base);
        if (id == VALUE_NONE)
            return true;
        const Value *value = &v->values[id];
        if (value->kind == VALUE_ARGUMENT || (value->kind == VALUE_STEP && v->moves[value->at].kind == MOVE_LOAD))
            return false;
        if (!values_constant(v, id, &base, &via))
            return true;
    }
    return image_is_constant(&w->program->image, base + (uint64_t)m->disp);
}

/* A sum, or a word picked from a table by an index, is no function's address: a tail call loads one or is given it. */
static bool is_computed(const Walk *w, Values *v, uint32_t step)
{
    const Insn *insn = &v->body->steps[step].insn;
    if (insn->op[0].kind != OPERAND_REG)
        return insn->mem.index != REG_NONE && picks_from_table(w, v, step);
    ValueId id = values_before(v, step, insn->op[0].reg);
    if (id == VALUE_NONE)
        return true;
    const Value *value = &v->values[id];
    if (value->kind != VALUE_STEP || v->moves[value->at].is_call)
        return false;
    const Move *m = &v->moves[value->at];
    if (m->kind == MOVE_LOAD && v->body->steps[value->at].insn.mem.index != REG_NONE)
        return picks_from_table(w, v, value->at);
    return m->kind == MOVE_ADD || m->kind == MOVE_NONE;
}

static bool jump_classify(Walk *w, Values *v, uint32_t step, IndirectJump *j, Arena *arena)
{
    Table t;
    *j = (IndirectJump){.pc = v->body->steps[step].insn.pc, .kind = JUMP_UNKNOWN};
    if (table_find(&t, v, step, arena))
        return jump_keep(w, j, &t);
    if (stack_as_at_entry(v, step) && !is_computed(w, v, step) && !points_inside(w, &v->body->steps[step]))
        j->kind = JUMP_TAIL;
    return true;
}

static bool is_indirect_jump(const Step *s)
{
    return s->insn.flow == FLOW_JUMP && (s->insn.op[0].kind == OPERAND_REG || s->insn.op[0].kind == OPERAND_MEM);
}

static bool same_targets(const IndirectJump *a, const IndirectJump *b)
{
    return a->ntargets == b->ntargets && memcmp(a->targets, b->targets, a->ntargets * sizeof(Addr)) == 0;
}

/* What was found of the jump in this round or one before; NULL: no table. */
static IndirectJump *table_known(const Walk *w, Addr pc)
{
    for (size_t i = 0; i < w->ntables; i++)
        if (w->tables[i].pc == pc)
            return &w->tables[i];
    return NULL;
}

/* Puts the table among those of the next round; *changed when it was not there or differs. A jump that is not resolved any more
 * keeps its old targets as edges: they may be too many, never too few, and what is known only grows from round to round. */
static bool table_note(Walk *w, const IndirectJump *j, bool *changed)
{
    IndirectJump *old = table_known(w, j->pc);
    if (j->kind != JUMP_TABLE)
        return true;
    if (old && same_targets(old, j))
        return true;
    *changed = true;
    if (!old) {
        if (!arena_grow(&w->keep, (void **)&w->tables, w->ntables, &w->cap_tables, sizeof *w->tables))
            return false;
        old = &w->tables[w->ntables++];
    }
    *old = *j;
    for (size_t i = 0; i < j->ndistinct; i++)
        if (!walk_leader(w, j->distinct[i]))
            return false;
    return true;
}

static bool jumps_copy(Body *b, Arena *arena)
{
    for (uint32_t i = 0; i < b->njumps; i++) {
        IndirectJump *j = &b->jumps[i];
        j->targets = arena_items(arena, j->targets, j->ntargets, sizeof(Addr));
        j->distinct = arena_items(arena, j->distinct, j->ndistinct, sizeof(Addr));
        if (!j->targets || !j->distinct)
            return false;
    }
    return true;
}

/* All rounds together may walk twice what one analysis may. */
static uint64_t budget_left(const Values *v, uint64_t walked)
{
    uint64_t left = walked < 2 * v->budget ? 2 * v->budget - walked : 0;
    return left < v->budget ? left : v->budget;
}

/* Classifies the body's indirect jumps, of which there are some: b->jumps has room for them. fresh: or else tables that are known are
 * taken as they are. */
static bool jumps_classify(Walk *w, Body *b, Values *v, bool fresh, bool *changed)
{
    b->closed = true;
    b->njumps = 0;
    for (uint32_t i = 0; i < b->nsteps; i++) {
        if (!is_indirect_jump(&b->steps[i]))
            continue;
        IndirectJump *j = &b->jumps[b->njumps++], *old = fresh ? NULL : table_known(w, b->steps[i].insn.pc);
        if (old)
            *j = *old;
        else if (!jump_classify(w, v, i, j, v->arena) || !table_note(w, j, changed))
            return false;
        b->closed &= j->kind != JUMP_UNKNOWN;
        b->tails |= j->kind == JUMP_TAIL;
        b->blocks[body_block_of(b, i)].unknown = j->kind == JUMP_UNKNOWN;
    }
    return true;
}

/* Looks for new tables; when there are none, whether the old ones are still what they were when less of the function was known. */
static bool jumps_look(Walk *w, Body *b, Arena *work, bool *changed)
{
    Values v;
    bool ok = values_open(&v, b, work);
    uint64_t left = budget_left(&v, w->walked);
    v.budget = left;
    ok = ok && jumps_classify(w, b, &v, false, changed) &&
         (*changed || !w->ntables || jumps_classify(w, b, &v, true, changed));
    w->walked += left - v.budget;
    return ok;
}

bool jumps_resolve(Walk *w, Body *b, Arena *arena, bool *changed)
{
    Arena work = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->nsteps; i++)
        n += is_indirect_jump(&b->steps[i]);
    b->closed = true;
    b->jumps = arena_alloc(arena, n, sizeof *b->jumps);
    if (n == 0 || !b->jumps)
        return b->jumps || diag_set(w->diag, b->function->start, "out of memory");
    bool ok = jumps_look(w, b, &work, changed) && !work.failed;
    arena_free(&work);
    ok = ok && (*changed || jumps_copy(b, arena));
    if (!ok && !(w->diag && w->diag->what[0]))
        return diag_set(w->diag, b->function->start, "out of memory");
    return ok;
}
