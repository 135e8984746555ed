/* analysis/body.c - from a function's bytes to steps, blocks and edges.
 *
 * Recursive traversal marks each byte of the function's parts (start of an instruction, inside one, leader); the marks
 * then give the steps in order of address. Jump tables are found from the values (analysis/jumps.c), which need the blocks,
 * which need the tables: so it goes round until the tables no longer change.
 */
#include "analysis/body.h"

#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/jumps.h"
#include "analysis/summary.h"
#include "analysis/walk.h"
#include "elf/order.h"

/* ---- marks ---- */

Region *walk_region(Walk *w, Addr pc)
{
    for (size_t i = 0; i < w->nregions; i++)
        if (pc >= w->regions[i].part.start && pc < w->regions[i].part.end)
            return &w->regions[i];
    return NULL;
}

static uint8_t walk_mark(Walk *w, Addr pc)
{
    const Region *r = walk_region(w, pc);
    return r ? r->marks[pc - r->part.start] : 0;
}

static bool region_add(Walk *w, Part part)
{
    uint64_t size = part.end - part.start;
    const uint8_t *bytes = image_read(&w->program->image, part.start, size);
    if (!bytes || size == 0 || size > BODY_MAX_BYTES - w->bytes)
        return diag_set(w->diag, part.start, "function is empty, outside the file, or over the budget of %d bytes",
                        BODY_MAX_BYTES);
    uint8_t *marks = arena_alloc(&w->keep, size, 1);
    if (!marks)
        return diag_set(w->diag, part.start, "out of memory");
    w->bytes += size;
    size_t at = w->nregions;
    while (at > 0 && w->regions[at - 1].part.start > part.start) {
        w->regions[at] = w->regions[at - 1];
        at--;
    }
    w->regions[at] = (Region){part, bytes, marks};
    w->nregions++;
    return true;
}

static bool todo_push(Walk *w, Addr pc)
{
    if (!arena_grow(&w->keep, (void **)&w->todo, w->ntodo, &w->cap_todo, sizeof *w->todo))
        return diag_set(w->diag, pc, "out of memory");
    w->todo[w->ntodo++] = pc;
    return true;
}

/* ---- jumps that leave the known parts ---- */

/* Does the code of g jump to an address inside the walked regions other than the function's start? Then g is a part of it. */
static bool part_jumps_back(Walk *w, Part g)
{
    uint64_t size = g.end - g.start;
    const uint8_t *p = size <= WALK_MAX_SCAN ? image_read(&w->program->image, g.start, size) : NULL;
    for (uint64_t i = 0; p && i < size;) {
        Insn insn;
        int len = insn_decode(p + i, size - i, g.start + i, &insn);
        if (len < 0) {
            i++;
            continue;
        }
        bool jumps = insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH;
        if (jumps && insn.op[0].kind == OPERAND_REL && insn.target != w->function->start && walk_region(w, insn.target))
            return true;
        i += (uint64_t)len;
    }
    return false;
}

/* A jump goes to `target`, outside every region: adopt the part that holds it if it belongs to this function. */
static bool adopt_part(Walk *w, Addr target)
{
    Function g;
    if (!program_function(w->program, target, &g)) {
        w->strays |= !program_is_stub(w->program, target);
        return true;
    }
    Part part = {g.start, g.end};
    bool own = g.fragment || target != g.start || part_jumps_back(w, part);
    return !own || w->nregions == WALK_MAX_REGIONS || region_add(w, part);
}

bool walk_leader(Walk *w, Addr target)
{
    Region *r = walk_region(w, target);
    if (!r) {
        if (!adopt_part(w, target))
            return false;
        r = walk_region(w, target);
        if (!r)
            return true; /* a tail call */
    }
    uint8_t *mark = &r->marks[target - r->part.start];
    /* Jumping over a lock prefix to the same instruction, as libc does on one processor: take it with its prefix. */
    bool over_lock = (*mark & MARK_INSIDE) && (mark[-1] & MARK_START) && r->bytes[target - 1 - r->part.start] == 0xf0;
    if (over_lock) {
        mark[-1] |= MARK_LEADER;
        *mark |= MARK_ALIAS;
        return true;
    }
    if (*mark & MARK_INSIDE)
        return diag_set(w->diag, target, "a jump goes into the middle of an instruction");
    *mark |= MARK_LEADER;
    return (*mark & MARK_START) ? true : todo_push(w, target);
}

void walk_restart(Walk *w)
{
    for (size_t i = 0; i < w->nregions; i++)
        memset(w->regions[i].marks, 0, (size_t)(w->regions[i].part.end - w->regions[i].part.start));
    w->ninsns = 0;
    w->ntodo = 0;
}

bool walk_retarget(Walk *w)
{
    for (size_t i = 0; i < w->ntables; i++)
        for (size_t j = 0; j < w->tables[i].ndistinct; j++)
            if (!walk_leader(w, w->tables[i].distinct[j]))
                return false;
    return true;
}

const IndirectJump *walk_table(const Walk *w, Addr pc)
{
    for (size_t i = 0; i < w->ntables; i++)
        if (w->tables[i].pc == pc)
            return &w->tables[i];
    return NULL;
}

/* ---- traversal ---- */

static bool mark_insn(Walk *w, Region *r, const Insn *insn)
{
    uint8_t *m = &r->marks[insn->pc - r->part.start];
    if ((insn->prefixes & PREFIX_LOCK) && m[1] == MARK_LEADER) { /* the jump over the lock prefix was seen first */
        m[1] = MARK_ALIAS;
        m[0] |= MARK_LEADER;
    }
    for (unsigned i = 1; i < insn->len; i++)
        if (m[i] & (MARK_START | MARK_LEADER))
            return diag_set(w->diag, insn->pc + i, "instructions overlap");
    m[0] |= MARK_START;
    for (unsigned i = 1; i < insn->len; i++)
        m[i] |= MARK_INSIDE;
    if (++w->ninsns > BODY_MAX_STEPS)
        return diag_set(w->diag, insn->pc, "function is over the budget of %d instructions", BODY_MAX_STEPS);
    return true;
}

static const CallSite *call_site_of(const Walk *w, Addr pc)
{
    size_t i = order_after(w->call_sites, w->ncall_sites, sizeof(CallSite), offsetof(CallSite, end), pc);
    return i < w->ncall_sites && w->call_sites[i].start <= pc && w->call_sites[i].pad ? &w->call_sites[i] : NULL;
}

/* Decides where control goes after the call; false on failure, *on = does it go on to the next instruction. */
static bool follow_call(Walk *w, const Insn *insn, bool *on)
{
    CallEffect effect = summary_of_call(w->program, insn, &w->callees).effect;
    const CallSite *site = call_site_of(w, insn->pc);
    if (site && !walk_leader(w, site->pad))
        return false;
    *on = !effect.noreturn;
    Addr next = insn->pc + insn->len;
    if (*on && site && walk_region(w, next))
        return walk_leader(w, next);
    return true;
}

static bool follow_insn(Walk *w, const Insn *insn, bool *on)
{
    Addr next = insn->pc + insn->len;
    *on = true;
    switch (insn->flow) {
    case FLOW_CALL: return follow_call(w, insn, on);
    case FLOW_BRANCH:
        if (!walk_leader(w, insn->target))
            return false;
        return walk_region(w, next) ? walk_leader(w, next) : true;
    case FLOW_JUMP: *on = false; return insn->op[0].kind == OPERAND_REL ? walk_leader(w, insn->target) : true;
    case FLOW_RETURN:
    case FLOW_STOP: *on = false;
    }
    return true;
}

static bool traverse_from(Walk *w, Addr pc)
{
    for (bool on = true; on;) {
        Region *r = walk_region(w, pc);
        if (!r) {
            w->strays = true;
            return true; /* runs off the end: an undetected call that does not return */
        }
        uint8_t mark = r->marks[pc - r->part.start];
        if (mark & (MARK_START | MARK_ALIAS))
            return true;
        Insn insn; /* inside no other: walk_leader and mark_insn see to that */
        uint64_t at = pc - r->part.start;
        int len = insn_decode(r->bytes + at, (size_t)(r->part.end - pc), pc, &insn);
        if (len < 0)
            return diag_set(w->diag, pc, "bytes do not decode as an instruction");
        if (!mark_insn(w, r, &insn) || !follow_insn(w, &insn, &on))
            return false;
        pc += (unsigned)len;
    }
    return true;
}

static bool traverse(Walk *w)
{
    while (w->ntodo)
        if (!traverse_from(w, w->todo[--w->ntodo]))
            return false;
    return true;
}

/* ---- steps ---- */

static bool steps_make(Walk *w, Body *b, Arena *arena)
{
    b->steps = arena_alloc(arena, w->ninsns, sizeof *b->steps);
    b->parts = arena_alloc(arena, w->nregions, sizeof *b->parts);
    if (!b->steps || !b->parts)
        return diag_set(w->diag, w->function->start, "out of memory");
    for (size_t i = 0; i < w->nregions; i++) {
        const Region *r = &w->regions[i];
        uint64_t size = r->part.end - r->part.start;
        b->parts[b->nparts++] = r->part;
        for (uint64_t o = 0; o < size; o++) {
            if (!(r->marks[o] & MARK_START))
                continue;
            Step *s = &b->steps[b->nsteps++];
            insn_decode(r->bytes + o, size - o, r->part.start + o, &s->insn);
            insn_effects(&s->insn, &s->effects);
            if (s->insn.flow == FLOW_CALL)
                s->call = summary_of_call(w->program, &s->insn, &w->callees).effect;
        }
    }
    return true;
}

Part *body_parts(const Body *b, Arena *arena)
{
    Part *parts = arena_alloc(arena, b->nparts, sizeof *parts);
    size_t n = 1;
    for (size_t i = 0; parts && i < b->nparts; i++) {
        bool first = b->function->start - b->parts[i].start < b->parts[i].end - b->parts[i].start;
        parts[first ? 0 : n++] = b->parts[i];
    }
    return parts;
}

uint32_t body_step_at(const Body *b, Addr pc)
{
    size_t i = order_from(b->steps, b->nsteps, sizeof(Step), offsetof(Step, insn.pc), pc);
    return i < b->nsteps && b->steps[i].insn.pc == pc ? (uint32_t)i : UINT32_MAX;
}

/* ---- blocks ---- */

/* Does a block end after step i? Behind a call that does not return is no step, or a leader; so it is behind one with a landing pad
 * (follow_call). */
static bool block_ends(const Walk *w, const Body *b, uint32_t i)
{
    const Step *s = &b->steps[i];
    if (i + 1 == b->nsteps || b->steps[i + 1].insn.pc != step_end(s))
        return true;
    if (walk_mark((Walk *)(uintptr_t)w, step_end(s)) & MARK_LEADER)
        return true;
    return s->insn.flow != FLOW_NEXT && s->insn.flow != FLOW_CALL;
}

static bool blocks_cut(const Walk *w, Body *b, Arena *arena)
{
    for (uint32_t i = 0; i < b->nsteps; i++) {
        b->steps[i].block = b->nblocks;
        b->nblocks += block_ends(w, b, i);
    }
    b->blocks = arena_alloc(arena, b->nblocks, sizeof *b->blocks);
    if (!b->blocks)
        return diag_set(w->diag, w->function->start, "out of memory");
    for (uint32_t i = 0; i < b->nsteps; i++) {
        Block *block = &b->blocks[b->steps[i].block];
        if (!block->n)
            block->first = i;
        block->n++;
    }
    return true;
}

/* ---- edges: counted first, then filled, so that each list is one piece of the arena ---- */

typedef struct EdgeSink {
    Body *body;
    Walk *walk;
    bool fill;
} EdgeSink;

static void edge_put(EdgeSink *sink, uint32_t from, Addr to, EdgeKind kind)
{
    Body *b = sink->body;
    if (walk_mark(sink->walk, to) & MARK_ALIAS)
        to--;
    uint32_t step = body_step_at(b, to);
    if (step == UINT32_MAX) {
        b->blocks[from].exits = true; /* out of the function: a tail call, or off its end */
        return;
    }
    uint32_t block = body_block_of(b, step);
    Block *src = &b->blocks[from], *dst = &b->blocks[block];
    if (kind == EDGE_UNWIND)
        dst->pad = true;
    if (sink->fill) {
        src->succ[src->nsucc] = (Edge){block, (uint8_t)kind};
        dst->pred[dst->npred] = (Edge){from, (uint8_t)kind};
    }
    src->nsucc++;
    dst->npred++;
}

static void edges_of_jump(EdgeSink *sink, uint32_t from, const Step *s)
{
    Body *b = sink->body;
    if (s->insn.op[0].kind == OPERAND_REL) {
        edge_put(sink, from, s->insn.target, EDGE_FLOW);
        return;
    }
    const IndirectJump *j = walk_table(sink->walk, s->insn.pc);
    if (!j) {
        b->blocks[from].exits = true;
        return;
    }
    for (size_t i = 0; i < j->ndistinct; i++)
        edge_put(sink, from, j->distinct[i], EDGE_FLOW);
}

static void edges_of_block(EdgeSink *sink, uint32_t from)
{
    Body *b = sink->body;
    Block *block = &b->blocks[from];
    const Step *last = &b->steps[block->first + block->n - 1];
    Addr next = step_end(last);
    const CallSite *site = last->insn.flow == FLOW_CALL ? call_site_of(sink->walk, last->insn.pc) : NULL;
    switch (last->insn.flow) {
    case FLOW_BRANCH:
        edge_put(sink, from, last->insn.target, EDGE_FLOW);
        if (last->insn.target != next)
            edge_put(sink, from, next, EDGE_FLOW);
        break;
    case FLOW_JUMP: edges_of_jump(sink, from, last); break;
    case FLOW_RETURN: block->exits = true; break;
    case FLOW_CALL:
        if (site)
            edge_put(sink, from, site->pad, EDGE_UNWIND);
        if (!last->call.noreturn)
            edge_put(sink, from, next, EDGE_FLOW);
        break;
    case FLOW_NEXT: edge_put(sink, from, next, EDGE_FLOW); break;
    default: break;
    }
}

static bool edges_make(Walk *w, Body *b, Arena *arena)
{
    EdgeSink sink = {b, w, false};
    for (uint32_t i = 0; i < b->nblocks; i++)
        edges_of_block(&sink, i);
    for (uint32_t i = 0; i < b->nblocks; i++) {
        Block *k = &b->blocks[i];
        k->succ = arena_alloc(arena, k->nsucc, sizeof *k->succ);
        k->pred = arena_alloc(arena, k->npred, sizeof *k->pred);
        if (!k->succ || !k->pred)
            return diag_set(w->diag, w->function->start, "out of memory");
        k->nsucc = k->npred = 0;
    }
    sink.fill = true;
    for (uint32_t i = 0; i < b->nblocks; i++)
        edges_of_block(&sink, i);
    return true;
}

static bool is_fragment_start(const Program *p, Part part, Addr addr)
{
    Function f;
    return addr == part.start && program_function(p, addr, &f) && f.fragment;
}

/* Other entries: function symbols in the middle of a part, which others may call. */
static void entries_mark_in(Body *b, Part part)
{
    const Symbols *symbols = &b->program->symbols;
    for (size_t i = symbols_from(symbols, part.start); i < symbols->n; i++) {
        Symbol s = symbols_get(symbols, i);
        if (s.addr >= part.end)
            return;
        uint32_t step = s.type == STT_FUNC ? body_step_at(b, s.addr) : UINT32_MAX;
        if (step == UINT32_MAX || s.addr == b->function->start || is_fragment_start(b->program, part, s.addr))
            continue;
        Block *block = &b->blocks[body_block_of(b, step)];
        if (block->first == step)
            block->foreign = true;
    }
}

static bool body_shape(Walk *w, Body *b, Arena *arena)
{
    *b = (Body){.program = w->program, .function = w->function, .callees = w->callees};
    if (!steps_make(w, b, arena) || !blocks_cut(w, b, arena) || !edges_make(w, b, arena))
        return false;
    for (size_t i = 0; i < b->nparts; i++)
        entries_mark_in(b, b->parts[i]);
    b->entry = body_block_of(b, body_step_at(b, w->function->start));
    b->unsure = w->function->unsure || (w->strays && w->function->found_by >= FOUND_ENTRY);
    return true;
}

/* ---- the whole ---- */

static int call_site_order(const void *x, const void *y)
{
    const CallSite *a = x, *b = y;
    return (a->start > b->start) - (a->start < b->start);
}

static bool pads_read(Walk *w, Part part)
{
    Fde fde;
    CallSite *sites;
    size_t n;
    if (!unwind_find(&w->program->unwind, part.start, &fde) || !fde.lsda)
        return true;
    if (!lsda_read(&w->program->image, &fde, &sites, &n, &w->keep, w->diag))
        return diag_set(w->diag, part.start, "its exception table is damaged");
    CallSite *all = arena_alloc(&w->keep, w->ncall_sites + n, sizeof *all);
    if (!all)
        return diag_set(w->diag, part.start, "out of memory");
    if (w->ncall_sites)
        memcpy(all, w->call_sites, w->ncall_sites * sizeof *all);
    if (n)
        memcpy(all + w->ncall_sites, sites, n * sizeof *all);
    w->call_sites = all;
    w->ncall_sites += n;
    qsort(all, w->ncall_sites, sizeof *all, call_site_order);
    return true;
}

static bool walk_open(Walk *w, const Function *f)
{
    Part part = {f->start, f->end};
    return region_add(w, part) && pads_read(w, part) && walk_leader(w, f->start);
}

/* Parts that were adopted bring their own landing pads. */
static bool walk_adopted_pads(Walk *w, size_t *seen)
{
    *seen = w->nregions;
    w->ncall_sites = 0;
    for (size_t i = 0; i < w->nregions; i++)
        if (!pads_read(w, w->regions[i].part))
            return false;
    return true;
}

/* Decodes what is to be decoded; again from the start whenever a part was adopted. */
static bool traverse_all(Walk *w, size_t *parts)
{
    if (!traverse(w))
        return false;
    while (w->nregions != *parts) {
        if (!walk_adopted_pads(w, parts))
            return false;
        walk_restart(w);
        if (!walk_leader(w, w->function->start) || !walk_retarget(w) || !traverse(w))
            return false;
    }
    return true;
}

static bool body_rounds(Walk *w, Body *b, Arena *arena)
{
    size_t parts = w->nregions;
    for (unsigned round = 0; round < BODY_MAX_ROUNDS; round++) {
        if (!traverse_all(w, &parts))
            return false;
        arena_reset(arena);
        bool changed = false;
        if (!body_shape(w, b, arena) || !jumps_resolve(w, b, arena, &changed))
            return false;
        if (!changed)
            return true;
    }
    return diag_set(w->diag, w->function->start, "its jump tables do not settle");
}

bool body_build(Body *out, Program *program, const Function *f, Callees callees, Arena *arena, Diag *diag)
{
    Walk w = {.program = program, .function = f, .callees = callees, .diag = diag};
    bool ok = walk_open(&w, f) && body_rounds(&w, out, arena);
    arena_free(&w.keep);
    return ok;
}
