/* analysis/ranges.c - see ranges.h. */
#include "analysis/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/frame.h"

enum { RANGES_MAX_CELLS = 256, RED_ZONE = 128 };

/* ---- which cells may hold it: the origins' and, over copies and adds, all that get it from them ---- */

static bool carries(const RangeProof *p, const Move *m)
{
    return (m->kind == MOVE_COPY || m->kind == MOVE_ADD) && m->bits >= p->width && m->dst != CELL_NONE &&
           m->src != CELL_NONE;
}

static bool cell_add(RangeProof *p, Cell c)
{
    for (uint32_t i = 0; i < p->ncells; i++)
        if (p->cells[i] == c)
            return false;
    if (p->ncells == RANGES_MAX_CELLS)
        return false; /* the rest is not claimed */
    p->cells[p->ncells++] = c;
    p->has_slots |= c >= CELL_SLOT0;
    p->registers |= c < CELL_SLOT0 ? (uint64_t)1 << c : 0;
    return true;
}

static uint32_t cell_index(const RangeProof *p, Cell c)
{
    for (uint32_t i = 0; i < p->ncells; i++)
        if (p->cells[i] == c)
            return i;
    return UINT32_MAX;
}

static bool cell_known(const RangeProof *p, Cell c)
{
    return c < CELL_SLOT0 ? (p->registers >> c) & 1 : p->has_slots && cell_index(p, c) != UINT32_MAX;
}

static void cells_collect(RangeProof *p)
{
    const Values *v = p->v;
    for (size_t i = 0; i < p->origins.n; i++)
        if (p->origins.items[i].cell != CELL_NONE)
            cell_add(p, p->origins.items[i].cell);
    for (bool grown = true; grown;) {
        grown = false;
        for (uint32_t i = 0; i < v->body->nsteps; i++) {
            const Move *m = &v->moves[i];
            if (carries(p, m) && cell_known(p, m->src) && !cell_known(p, m->dst))
                grown |= cell_add(p, m->dst);
        }
    }
}

/* ---- what a step does ---- */

static void weaken(Hold *h, unsigned proof)
{
    if (h->proof && h->proof < proof)
        h->proof = (uint8_t)proof;
}

static void pass_cell(const RangeProof *p, uint32_t step, Cell c, Hold *h)
{
    const Move *m = &p->v->moves[step];
    const CallEffect *call = &p->v->body->steps[step].call;
    if (!h->proof)
        return;
    if (values_step_writes(p->v, step, c))
        h->proof = 0;
    else if (c >= CELL_SLOT0 && m->wild)
        weaken(h, PROOF_FRAME);
    else if (c < CELL_SLOT0 && m->is_call)
        weaken(h, call->kept_read >> c & 1 ? PROOF_CALLEES : PROOF_ABI);
}

/* Does the step leave the key's memory alone? Any write to memory may hit it; so may a call. */
static bool keeps_memory(const Values *v, uint32_t step)
{
    const Move *m = &v->moves[step];
    return !m->wild && m->stored_lo == m->stored_hi;
}

enum { DEF_BIT = 1, MERGE_BIT = 2 }; /* of def_at */

/* Only the origin's cell holds the variable now. */
static void origin_set(const RangeProof *p, const Origin *o, Hold *holds)
{
    memset(holds, 0, (p->ncells + 1) * sizeof *holds);
    holds[o->cell == CELL_NONE ? p->ncells : cell_index(p, o->cell)] = (Hold){PROOF_EXACT, 0};
}

/* The origins of one step never have company there (analysis/origins.c). */
static void origin_at(const RangeProof *p, uint32_t step, Hold *holds)
{
    for (size_t i = 0; i < p->origins.n; i++)
        if (p->origins.items[i].kind != DEF_ARGUMENT && p->origins.items[i].step == step)
            origin_set(p, &p->origins.items[i], holds);
}

/* Do the registers of the memory's address survive the step? */
static bool keeps_address(const RangeProof *p, uint32_t step)
{
    const Move *m = &p->v->moves[step];
    return !move_writes_reg(m, p->mem.base) && !move_writes_reg(m, p->mem.index);
}

/* Most steps touch nothing that matters here. */
static bool is_idle(const RangeProof *p, uint32_t step)
{
    const Move *m = &p->v->moves[step];
    return !(m->writes & p->registers) && !m->is_call && !p->has_slots && !p->has_mem && !p->def_at[step];
}

static void pass_step(const RangeProof *p, uint32_t step, Hold *holds)
{
    const Move *m = &p->v->moves[step];
    if (is_idle(p, step))
        return;
    if (p->def_at[step] & MERGE_BIT) /* the value is there already; only its def counts as done after the step */
        origin_at(p, step, holds);
    Hold moved = {0, 0};
    uint32_t dst = UINT32_MAX;
    if (carries(p, m)) {
        uint32_t src = cell_index(p, m->src);
        dst = cell_index(p, m->dst);
        if (src != UINT32_MAX && dst != UINT32_MAX && holds[src].proof) {
            moved = holds[src];
            if (m->kind == MOVE_ADD)
                moved.addend -= m->k;
        }
    }
    for (uint32_t i = 0; i < p->ncells; i++)
        pass_cell(p, step, p->cells[i], &holds[i]);
    if (m->twice) /* it may come back with an older value in a register than that of the latest def */
        memset(holds, 0, (p->ncells + 1) * sizeof *holds);
    if (!keeps_memory(p->v, step) || !keeps_address(p, step))
        holds[p->ncells].proof = 0;
    if (moved.proof && dst != UINT32_MAX)
        holds[dst] = moved;
    if (p->def_at[step] & DEF_BIT)
        origin_at(p, step, holds);
}

/* ---- over the blocks ---- */

typedef struct Spread {
    RangeProof *p;
    uint32_t *list;
    uint32_t n;
    uint8_t *queued;
    Hold *now, *edge;
    uint64_t work;
} Spread;

static void queue(Spread *s, uint32_t block)
{
    if (!s->queued[block]) {
        s->queued[block] = 1;
        s->list[s->n++] = block;
    }
}

static uint64_t mask_of(unsigned width) { return width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1; }

static bool hold_meet(Hold *a, Hold b, uint64_t mask)
{
    if (!a->proof)
        return false;
    if (!b.proof || ((a->addend ^ b.addend) & mask)) {
        a->proof = 0;
        return true;
    }
    if (b.proof <= a->proof)
        return false;
    a->proof = b.proof;
    return true;
}

static void meet_into(Spread *s, uint32_t block, const Hold *holds)
{
    RangeProof *p = s->p;
    size_t n = p->ncells + 1u;
    Hold *in = &p->in[block * n];
    bool changed = !p->reached[block];
    if (changed) {
        p->reached[block] = 1;
        memcpy(in, holds, n * sizeof *in);
    } else {
        for (size_t i = 0; i < n; i++)
            changed |= hold_meet(&in[i], holds[i], mask_of(p->width));
    }
    if (changed)
        queue(s, block);
}

/* What the unwinder brings to a landing pad. */
static void unwind_holds(const RangeProof *p, Hold *holds)
{
    for (uint32_t i = 0; i < p->ncells; i++) {
        if (!values_unwind_keeps(p->cells[i]))
            holds[i].proof = 0;
        weaken(&holds[i], p->cells[i] < CELL_SLOT0 ? PROOF_ABI : PROOF_FRAME);
    }
    holds[p->ncells].proof = 0;
}

static void flow_edge(Spread *s, const Edge *e)
{
    RangeProof *p = s->p;
    const Block *to = &p->v->body->blocks[e->block];
    memcpy(s->edge, s->now, (p->ncells + 1) * sizeof *s->edge);
    if (e->kind == EDGE_UNWIND)
        unwind_holds(p, s->edge);
    if (to->foreign)
        memset(s->edge, 0, (p->ncells + 1) * sizeof *s->edge);
    meet_into(s, e->block, s->edge);
}

/* A jump that is not resolved may go to any block. */
static bool ends_unknown(const Body *b, const Block *k)
{
    const Step *last = &b->steps[k->first + k->n - 1];
    if (b->closed || last->insn.flow != FLOW_JUMP || last->insn.op[0].kind == OPERAND_REL)
        return false;
    for (uint32_t i = 0; i < b->njumps; i++)
        if (b->jumps[i].pc == last->insn.pc)
            return b->jumps[i].kind == JUMP_UNKNOWN;
    return true;
}

static void flow_everywhere(Spread *s)
{
    RangeProof *p = s->p;
    uint32_t nblocks = p->v->body->nblocks;
    s->work += (uint64_t)nblocks * (p->ncells + 1u);
    for (uint32_t i = 0; i < nblocks; i++)
        meet_into(s, i, s->now);
}

static void flow_block(Spread *s, uint32_t at)
{
    RangeProof *p = s->p;
    const Block *b = &p->v->body->blocks[at];
    size_t n = p->ncells + 1u;
    memcpy(s->now, &p->in[at * n], n * sizeof *s->now);
    for (uint32_t i = b->first; i < b->first + b->n; i++)
        pass_step(p, i, s->now);
    s->work += (uint64_t)b->n * n;
    for (uint32_t i = 0; i < b->nsucc; i++)
        flow_edge(s, &b->succ[i]);
    if (ends_unknown(p->v->body, b))
        flow_everywhere(s);
}

static void flow_sources(Spread *s)
{
    RangeProof *p = s->p;
    const Body *b = p->v->body;
    memset(s->now, 0, (p->ncells + 1) * sizeof *s->now);
    for (size_t i = 0; i < p->origins.n; i++)
        if (p->origins.items[i].kind == DEF_ARGUMENT)
            origin_set(p, &p->origins.items[i], s->now);
    meet_into(s, b->entry, s->now);
    for (uint32_t i = 0; i < b->nblocks; i++) {
        if (!b->blocks[i].foreign)
            continue;
        memset(s->now, 0, (p->ncells + 1) * sizeof *s->now);
        meet_into(s, i, s->now);
    }
}

static bool ranges_spread(RangeProof *p)
{
    uint32_t nblocks = p->v->body->nblocks;
    size_t n = p->ncells + 1u;
    Spread s = {.p = p,
                .list = arena_alloc(p->arena, nblocks, sizeof(uint32_t)),
                .queued = arena_alloc(p->arena, nblocks, 1),
                .now = arena_alloc(p->arena, n, sizeof(Hold)),
                .edge = arena_alloc(p->arena, n, sizeof(Hold))};
    if (!s.list || !s.queued || !s.now || !s.edge)
        return false;
    flow_sources(&s);
    while (s.n && s.work < p->budget) {
        uint32_t at = s.list[--s.n];
        s.queued[at] = 0;
        flow_block(&s, at);
    }
    p->work = s.work + nblocks;
    return s.n == 0;
}

bool ranges_prove(RangeProof *p, Values *v, unsigned width, Origins origins, const Mem *mem, uint64_t budget,
                  Arena *arena)
{
    const Body *b = v->body;
    *p = (RangeProof){.v = v,
                      .arena = arena,
                      .budget = budget,
                      .width = width,
                      .origins = origins,
                      .mem = {.base = REG_NONE, .index = REG_NONE}};
    p->cells = arena_alloc(arena, RANGES_MAX_CELLS, sizeof *p->cells);
    p->reached = arena_alloc(arena, b->nblocks, 1);
    p->def_at = arena_alloc(arena, b->nsteps, 1);
    if (!p->cells || !p->reached || !p->def_at || origins.n == 0 || origins.n > RANGES_MAX_CELLS)
        return false;
    p->has_mem = mem != NULL;
    if (mem)
        p->mem = *mem;
    for (size_t i = 0; i < origins.n; i++)
        if (origins.items[i].kind != DEF_ARGUMENT)
            p->def_at[origins.items[i].step] |= origins.items[i].kind == DEF_MERGE ? MERGE_BIT : DEF_BIT;
    cells_collect(p);
    p->in = arena_alloc(arena, (size_t)b->nblocks * (p->ncells + 1u), sizeof *p->in);
    return p->in && ranges_spread(p);
}

/* ---- answers ---- */

static void holds_at_block(const RangeProof *p, uint32_t block, Hold *holds)
{
    size_t n = p->ncells + 1u;
    if (p->reached[block])
        memcpy(holds, &p->in[block * n], n * sizeof *holds);
    else
        memset(holds, 0, n * sizeof *holds);
}

/* The strongest proof that the body's control flow allows. Where it is not wholly known, whatever holds, holds only as far as what is
 * known; that a pointer which is jumped to with the stack as at the entry is another function's is the ABI's word. */
static uint8_t flow_proof(const Body *b)
{
    return !b->closed ? PROOF_PARTIAL : b->tails && !b->program->is_go ? PROOF_ABI : PROOF_EXACT;
}

static void holds_finish(const RangeProof *p, Hold *holds)
{
    uint8_t most = flow_proof(p->v->body);
    for (uint32_t i = 0; most != PROOF_EXACT && i <= p->ncells; i++)
        weaken(&holds[i], most);
}

void ranges_before(const RangeProof *p, uint32_t step, Hold *holds)
{
    uint32_t at = body_block_of(p->v->body, step);
    holds_at_block(p, at, holds);
    for (uint32_t i = p->v->body->blocks[at].first; i < step; i++)
        pass_step(p, i, holds);
    holds_finish(p, holds);
}

static Location slot_location(const Values *v, const Frame *f, Cell cell, unsigned bits)
{
    const StackSlot *s = &v->slots[cell - CELL_SLOT0];
    Location none = {.kind = LOCATION_NONE};
    bool by_rsp = stack_known(f->rsp) && f->rsp.base == s->at.base;
    bool by_rbp = stack_known(f->rbp) && f->rbp.base == s->at.base;
    if (by_rsp && s->at.off < f->rsp.off - RED_ZONE)
        return none;
    if (!by_rsp && !by_rbp)
        return none;
    /* rbp by preference where it is the frame pointer (`push %rbp; mov %rsp,%rbp`), not where it only holds some object's address */
    bool rbp = by_rbp && (!by_rsp || (f->rbp.base == 0 && f->rbp.off == -8));
    Location l = {.kind = LOCATION_STACK, .index = REG_NONE, .segment = REG_NONE, .bits = (uint16_t)bits};
    l.reg = rbp ? REG_RBP : REG_RSP;
    l.disp = s->at.off - (rbp ? f->rbp.off : f->rsp.off);
    return l;
}

static Location location_in(const Values *v, const Frame *f, Cell cell, unsigned bits)
{
    if (cell < CELL_SLOT0)
        return (Location){
            .kind = LOCATION_REG, .reg = (uint8_t)cell, .index = REG_NONE, .segment = REG_NONE, .bits = (uint16_t)bits};
    return slot_location(v, f, cell, bits);
}

Location cell_location(const Values *v, uint32_t step, Cell cell, unsigned bits)
{
    return location_in(v, &v->frames[step], cell, bits);
}

static Location mem_location(const Values *v, uint32_t step, unsigned bits)
{
    const Insn *insn = &v->body->steps[step].insn;
    Location l = {.kind = LOCATION_MEMORY,
                  .reg = insn->mem.base,
                  .index = insn->mem.index,
                  .segment = REG_NONE,
                  .scale = insn->mem.scale,
                  .bits = (uint16_t)bits,
                  .disp = insn->mem.disp};
    uint64_t addr;
    if (insn->mem.segment == REG_FS || insn->mem.segment == REG_GS)
        l.segment = insn->mem.segment;
    else if (insn_mem_address(insn, &addr)) {
        l.kind = LOCATION_STATIC;
        l.address = addr;
        l.reg = l.index = REG_NONE;
        l.disp = 0;
    }
    return l;
}

Location origin_location(const RangeProof *p, const Origin *o)
{
    static const Frame entry = {{0, 0}, {0, STACK_UNKNOWN}};
    Frame f = o->kind == DEF_ARGUMENT ? entry : frame_behind(p->v, o->step);
    return o->cell == CELL_NONE ? mem_location(p->v, o->step, p->width) : location_in(p->v, &f, o->cell, p->width);
}

/* The step among the origins that reads the memory, for its operand. */
static uint32_t mem_origin(const RangeProof *p)
{
    for (size_t i = 0; i < p->origins.n; i++)
        if (p->origins.items[i].cell == CELL_NONE)
            return p->origins.items[i].step;
    return UINT32_MAX;
}

/* Hold i (a cell, or the memory) as a Location before the step. */
static Location hold_location(const RangeProof *p, uint32_t step, uint32_t i)
{
    if (i < p->ncells)
        return cell_location(p->v, step, p->cells[i], p->width);
    uint32_t origin = mem_origin(p);
    return origin == UINT32_MAX ? (Location){.kind = LOCATION_NONE} : mem_location(p->v, origin, p->width);
}

unsigned hold_rank(Cell c, const Hold *h, Cell want)
{
    return (c == want ? 0u : 1000u) +
           (cell_is_general(c) ? 0u
            : c >= CELL_SLOT0  ? 100u
                               : 200u) +
           (h->addend ? 50u : 0u) + h->proof;
}

Location ranges_location(const RangeProof *p, uint32_t step, uint8_t *proof)
{
    Hold *holds = arena_alloc(p->arena, p->ncells + 1u, sizeof *holds);
    Location best = {.kind = LOCATION_NONE};
    unsigned least = UINT32_MAX;
    if (!holds)
        return best;
    ranges_before(p, step, holds);
    for (uint32_t i = 0; i <= p->ncells; i++) {
        Cell cell = i < p->ncells ? p->cells[i] : CELL_NONE;
        if (!holds[i].proof || hold_rank(cell, &holds[i], CELL_NONE - 1) >= least)
            continue;
        Location l = hold_location(p, step, i);
        if (l.kind == LOCATION_NONE)
            continue;
        l.addend = holds[i].addend & mask_of(p->width);
        least = hold_rank(cell, &holds[i], CELL_NONE - 1);
        best = l;
        *proof = holds[i].proof;
    }
    return best;
}

/* ---- ranges ---- */

typedef struct RangeList {
    Range *items;
    size_t n, cap;
    Arena *arena;
    bool failed;
} RangeList;

static bool same_place(const Location *a, const Location *b)
{
    return a->kind == b->kind && a->reg == b->reg && a->disp == b->disp && a->bits == b->bits &&
           a->address == b->address;
}

static void range_extend(RangeList *list, Addr start, Addr end, Location l, uint8_t proof)
{
    /* the last ranges of the list are those of this and the step before: look back a little */
    for (size_t i = list->n, seen = 0; i > 0 && seen < 2 * RANGES_MAX_CELLS; i--, seen++) {
        Range *r = &list->items[i - 1];
        if (r->end == start && r->proof == proof && same_place(&r->location, &l)) {
            r->end = end;
            return;
        }
    }
    if (!arena_grow(list->arena, (void **)&list->items, list->n, &list->cap, sizeof *list->items)) {
        list->failed = true;
        return;
    }
    list->items[list->n++] = (Range){start, end, l, proof};
}

static void ranges_of_step(const RangeProof *p, uint32_t step, const Hold *holds, unsigned weakest, RangeList *list)
{
    const Step *s = &p->v->body->steps[step];
    for (uint32_t i = 0; i <= p->ncells; i++) {
        if (!holds[i].proof || (holds[i].addend & mask_of(p->width)))
            continue;
        uint8_t most = flow_proof(p->v->body), proof = holds[i].proof > most ? holds[i].proof : most;
        Location l = hold_location(p, step, i);
        if (l.kind != LOCATION_NONE && proof <= weakest)
            range_extend(list, s->insn.pc, step_end(s), l, proof);
    }
}

static int range_order(const void *x, const void *y)
{
    const Range *a = x, *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->location.kind != b->location.kind)
        return a->location.kind - b->location.kind;
    if (a->location.reg != b->location.reg)
        return a->location.reg - b->location.reg;
    return a->location.disp < b->location.disp ? -1 : a->location.disp > b->location.disp;
}

bool ranges_list(const RangeProof *p, unsigned weakest, Range **out, size_t *n, Arena *arena)
{
    const Body *b = p->v->body;
    RangeList list = {.arena = arena};
    Hold *holds = arena_alloc(p->arena, p->ncells + 1u, sizeof *holds);
    if (!holds)
        return false;
    for (uint32_t at = 0; at < b->nblocks; at++) {
        holds_at_block(p, at, holds);
        for (uint32_t i = b->blocks[at].first; i < b->blocks[at].first + b->blocks[at].n; i++) {
            ranges_of_step(p, i, holds, weakest, &list);
            pass_step(p, i, holds);
        }
    }
    if (list.n)
        qsort(list.items, list.n, sizeof *list.items, range_order);
    *out = list.items;
    *n = list.n;
    return !list.failed;
}
