/* analysis/ranges.c - see ranges.h. */
#include "analysis/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/frame.h"
#include "analysis/holds.h"

enum { RED_ZONE = 128 };

/* ---- over the blocks ----
 *
 * Only blocks where something is held are walked: from the origins along the edges that bring something (a block that an edge
 * brings nothing to holds nothing), then back by what the blocks that were never reached bring to the others: nothing. What
 * is held only grows less, so that the order doesn't matter.
 */

typedef struct Spread {
    RangeProof *p;
    uint32_t *list, *held; /* blocks to visit; all those with an `in` */
    uint32_t n, nheld;
    uint8_t *queued, *barren; /* by block; barren: an edge to it brings nothing */
    Hold *now, *edge, *nothing;
    bool failed;
} Spread;

static void queue(Spread *s, uint32_t block)
{
    if (!s->queued[block]) {
        s->queued[block] = 1;
        s->list[s->n++] = block;
    }
}

static void block_enter(Spread *s, uint32_t block, const Hold *holds)
{
    RangeProof *p = s->p;
    s->barren[block] |= !holds_any(p, holds);
    if (s->barren[block])
        return;
    p->in[block] = held_make(p, holds, p->arena);
    if (!p->in[block]) {
        s->failed = true;
        return;
    }
    s->held[s->nheld++] = block;
    queue(s, block);
}

static void meet_into(Spread *s, uint32_t block, const Hold *holds)
{
    RangeProof *p = s->p;
    if (!p->in[block])
        block_enter(s, block, holds);
    else if (held_meet(p, p->in[block], holds))
        queue(s, block);
}

static void flow_edge(Spread *s, const Edge *e)
{
    RangeProof *p = s->p;
    const Block *to = &p->v->body->blocks[e->block];
    memcpy(s->edge, s->now, (p->ncells + 1) * sizeof *s->edge);
    if (e->kind == EDGE_UNWIND)
        holds_unwind(p, s->edge);
    meet_into(s, e->block, to->foreign ? s->nothing : s->edge);
}

/* A jump that is not resolved may go to any block. */
static void flow_everywhere(Spread *s, const Hold *holds)
{
    RangeProof *p = s->p;
    uint32_t nblocks = p->v->body->nblocks;
    p->work += (uint64_t)nblocks * (p->ncells + 1u);
    for (uint32_t i = 0; i < nblocks; i++)
        meet_into(s, i, holds);
}

/* What the block brings to others, if `in` is held before it. */
static void flow_block(Spread *s, uint32_t at, const Held *in)
{
    RangeProof *p = s->p;
    const Block *b = &p->v->body->blocks[at];
    size_t n = p->ncells + 1u;
    held_load(p, in, s->now);
    for (uint32_t i = b->first; i < b->first + b->n; i++)
        holds_pass(p, i, s->now);
    p->work += (uint64_t)b->n * n;
    for (uint32_t i = 0; i < b->nsucc; i++)
        flow_edge(s, &b->succ[i]);
    if (b->unknown)
        flow_everywhere(s, s->now);
}

/* There is one such origin at most (analysis/origins.h). */
static void flow_argument(Spread *s, const Origin *o)
{
    holds_begin(s->p, o, s->edge);
    meet_into(s, s->p->v->body->entry, s->edge);
}

/* What a def brings does not depend on what was held before. */
static void flow_origins(Spread *s)
{
    RangeProof *p = s->p;
    const Body *b = p->v->body;
    for (size_t i = 0; i < p->origins.n; i++)
        if (p->origins.items[i].kind == DEF_ARGUMENT)
            flow_argument(s, &p->origins.items[i]);
    s->barren[b->entry] = !p->in[b->entry];
    for (uint32_t i = 0; i < b->nblocks; i++)
        if (p->defs_in[i])
            flow_block(s, i, NULL);
}

static bool brings_nothing(const RangeProof *p, uint32_t block) { return !p->in[block] && !p->defs_in[block]; }

static void flow_nothing(Spread *s)
{
    RangeProof *p = s->p;
    const Body *b = p->v->body;
    for (uint32_t i = 0; i < s->nheld; i++) {
        const Block *k = &b->blocks[s->held[i]];
        for (uint32_t e = 0; e < k->npred; e++)
            if (brings_nothing(p, k->pred[e].block)) {
                meet_into(s, s->held[i], s->nothing);
                break;
            }
        p->work += k->npred;
    }
    for (uint32_t i = 0; !b->closed && i < b->nblocks; i++)
        if (brings_nothing(p, i) && b->blocks[i].unknown) {
            flow_everywhere(s, s->nothing);
            break;
        }
}

static void settle(Spread *s)
{
    while (s->n && !s->failed && s->p->work < s->p->budget) {
        uint32_t at = s->list[--s->n];
        s->queued[at] = 0;
        flow_block(s, at, s->p->in[at]);
    }
}

static bool ranges_spread(RangeProof *p)
{
    uint32_t nblocks = p->v->body->nblocks;
    size_t n = p->ncells + 1u;
    Spread s = {.p = p,
                .list = arena_alloc(p->arena, nblocks, sizeof(uint32_t)),
                .held = arena_alloc(p->arena, nblocks, sizeof(uint32_t)),
                .queued = arena_alloc(p->arena, nblocks, 1),
                .barren = arena_alloc(p->arena, nblocks, 1),
                .now = arena_alloc(p->arena, n, sizeof(Hold)),
                .edge = arena_alloc(p->arena, n, sizeof(Hold)),
                .nothing = arena_alloc(p->arena, n, sizeof(Hold))};
    if (!s.list || !s.held || !s.queued || !s.barren || !s.now || !s.edge || !s.nothing)
        return false;
    flow_origins(&s);
    settle(&s);
    flow_nothing(&s);
    settle(&s);
    for (uint32_t i = 0; i < s.nheld; i++) /* each will be walked once more to list the ranges */
        p->work += (uint64_t)p->v->body->blocks[s.held[i]].n * n;
    return s.n == 0 && !s.failed;
}

/* Where the variable gets its values: by step and by block. */
static bool origins_mark(RangeProof *p)
{
    const Body *b = p->v->body;
    p->def_at = arena_alloc(p->arena, b->nsteps, 1);
    p->defs_in = arena_alloc(p->arena, b->nblocks, 1);
    if (!p->def_at || !p->defs_in)
        return false;
    for (size_t i = 0; i < p->origins.n; i++) {
        const Origin *o = &p->origins.items[i];
        if (o->kind == DEF_ARGUMENT)
            continue;
        p->def_at[o->step] |= o->kind == DEF_MERGE ? MERGE_BIT : DEF_BIT;
        p->defs_in[body_block_of(b, o->step)] = 1;
    }
    return true;
}

bool ranges_prove(RangeProof *p, Values *v, unsigned width, Origins origins, const Mem *mem, uint64_t budget,
                  Arena *arena)
{
    *p = (RangeProof){.v = v,
                      .arena = arena,
                      .budget = budget,
                      .width = width,
                      .origins = origins,
                      .mem = {.base = REG_NONE, .index = REG_NONE}};
    if (origins.n > RANGES_MAX_CELLS)
        return false;
    p->cells = arena_alloc(arena, RANGES_MAX_CELLS, sizeof *p->cells);
    p->in = arena_alloc(arena, v->body->nblocks, sizeof *p->in);
    if (!p->cells || !p->in || !origins_mark(p))
        return false;
    p->has_mem = mem != NULL;
    if (mem)
        p->mem = *mem;
    holds_cells(p);
    return ranges_spread(p);
}

/* ---- answers ---- */

/* The strongest proof that the body's control flow allows. Where it is not wholly known, whatever holds, holds only as far as what is
 * known; that a pointer which is jumped to with the stack as at the entry is another function's is the ABI's word. */
static uint8_t flow_proof(const Body *b)
{
    return !b->closed || b->unsure ? PROOF_PARTIAL : b->tails && !b->program->is_go ? PROOF_ABI : PROOF_EXACT;
}

void ranges_before(const RangeProof *p, uint32_t step, RangeTrail *trail)
{
    uint32_t at = body_block_of(p->v->body, step), first = p->v->body->blocks[at].first;
    if (trail->step < first || trail->step > step) {
        held_load(p, p->in[at], trail->holds);
        trail->step = first;
    }
    for (; trail->step < step; trail->step++)
        holds_pass(p, trail->step, trail->holds);
    holds_weaken(p, flow_proof(p->v->body), trail->holds);
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

/* Hold i as a Location before the step: a cell; or the memory, which every origin of such a variable reads. */
static Location hold_location(const RangeProof *p, uint32_t step, uint32_t i)
{
    if (i < p->ncells)
        return cell_location(p->v, step, p->cells[i], p->width);
    return mem_location(p->v, p->origins.items[0].step, p->width);
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
    RangeTrail trail = {holds, UINT32_MAX};
    ranges_before(p, step, &trail);
    for (uint32_t i = 0; i <= p->ncells; i++) {
        Cell cell = i < p->ncells ? p->cells[i] : CELL_NONE;
        if (!holds[i].proof || hold_rank(cell, &holds[i], CELL_NONE - 1) >= least)
            continue;
        Location l = hold_location(p, step, i);
        if (l.kind == LOCATION_NONE)
            continue;
        l.addend = low_bits(holds[i].addend, p->width);
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

/* Both are of one variable: of as many bits. */
static bool same_place(const Location *a, const Location *b)
{
    return a->kind == b->kind && a->reg == b->reg && a->disp == b->disp && a->address == b->address;
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
        if (!holds[i].proof || low_bits(holds[i].addend, p->width))
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
        if (!p->in[at] && !p->defs_in[at])
            continue;
        held_load(p, p->in[at], holds);
        for (uint32_t i = b->blocks[at].first; i < b->blocks[at].first + b->blocks[at].n; i++) {
            ranges_of_step(p, i, holds, weakest, &list);
            holds_pass(p, i, holds);
        }
    }
    if (list.n)
        qsort(list.items, list.n, sizeof *list.items, range_order);
    *out = list.items;
    *n = list.n;
    return !list.failed;
}
