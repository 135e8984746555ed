/* analysis/probe.c - see probe.h. */
#include "analysis/probe.h"

#include <string.h>

enum { PROBE_SITES = 12 };

/* ---- what the kernel does ---- */

static bool is_legacy_prefix(uint8_t b)
{
    switch (b) {
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3:
        return true;
    default:
        return false;
    }
}

static bool is_bad_prefix(uint8_t b) { return b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0xf0; }

/* One-byte opcodes that good_insns_64 leaves out: I/O, interrupts, far and privileged ones, EVEX. */
static bool is_bad_opcode(uint8_t op)
{
    switch (op) {
    case 0x62: case 0x6c: case 0x6d: case 0x6e: case 0x6f: case 0xcc: case 0xcd: case 0xce: case 0xcf: case 0xe4: case 0xe5:
    case 0xe6: case 0xe7: case 0xec: case 0xed: case 0xee: case 0xef: case 0xf1: case 0xf4: case 0xfa: case 0xfb: case 0xd5:
        return true;
    default:
        return false;
    }
}

static bool is_emulated(const uint8_t *op, const Insn *insn, bool opsize)
{
    bool branch = op[0] == 0xe8 || op[0] == 0xe9 || op[0] == 0xeb || (op[0] >= 0x70 && op[0] <= 0x7f) ||
                  (op[0] == 0x0f && op[1] >= 0x80 && op[1] <= 0x8f);
    if (branch)
        return !opsize;
    return (op[0] == 0x90 && insn->len == 1) || insn->mnemonic == MN_PUSH ? op[0] == 0x90 || (op[0] >= 0x50 && op[0] <= 0x57) : false;
}

UprobeWay uprobe_way(const Insn *insn, const uint8_t *bytes)
{
    unsigned i = 0;
    bool opsize = false;
    while (i < insn->len && is_legacy_prefix(bytes[i])) {
        if (is_bad_prefix(bytes[i]))
            return UPROBE_REFUSED;
        opsize |= bytes[i++] == 0x66;
    }
    if (i < insn->len && bytes[i] >= 0x40 && bytes[i] <= 0x4f)
        i++;
    if (i >= insn->len || is_bad_opcode(bytes[i]))
        return UPROBE_REFUSED;
    if (insn->len == 5 && insn->mnemonic == MN_NOP) /* may be made a call that writes below rsp */
        return UPROBE_REFUSED;
    if (insn->mnemonic == MN_SYSCALL || insn->mnemonic == MN_SYSENTER)
        return UPROBE_REFUSED;
    uint8_t op[2] = {bytes[i], i + 1u < insn->len ? bytes[i + 1] : 0};
    return is_emulated(op, insn, opsize) && !(opsize && insn->mnemonic == MN_PUSH) ? UPROBE_EMULATED : UPROBE_STEPPED;
}

/* ---- how often a place is passed for each value ---- */

typedef struct Paths {
    const RangeProof *p;
    uint8_t *seen; /* by block */
    uint32_t *list;
    uint32_t n;
} Paths;

static void paths_push(Paths *w, uint32_t block)
{
    if (!w->seen[block]) {
        w->seen[block] = 1;
        w->list[w->n++] = block;
    }
}

static void paths_push_succ(Paths *w, uint32_t block)
{
    const Block *b = &w->p->v->body->blocks[block];
    for (uint32_t i = 0; i < b->nsucc; i++)
        paths_push(w, b->succ[i].block);
}

/* Steps of the block in [from, to): is there an origin? */
static bool origin_between(const RangeProof *p, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (p->def_at[i])
            return true;
    return false;
}

static void paths_clear(Paths *w)
{
    memset(w->seen, 0, w->p->v->body->nblocks);
    w->n = 0;
}

/* Can `step` be reached from itself without a new def? */
static bool passed_many(Paths *w, uint32_t step)
{
    const Body *b = w->p->v->body;
    uint32_t home = body_block_of(b, step);
    const Block *h = &b->blocks[home];
    if (origin_between(w->p, step, h->first + h->n))
        return false;
    paths_clear(w);
    paths_push_succ(w, home);
    while (w->n) {
        uint32_t at = w->list[--w->n];
        const Block *k = &b->blocks[at];
        if (at == home) {
            if (!origin_between(w->p, k->first, step))
                return true;
            continue;
        }
        if (!origin_between(w->p, k->first, k->first + k->n))
            paths_push_succ(w, at);
    }
    return false;
}

/* Follows the blocks on w's list: does a way end (at an exit or a new def) without passing `step` in block `home`? */
static bool ways_end(Paths *w, uint32_t step, uint32_t home)
{
    const Body *b = w->p->v->body;
    while (w->n) {
        uint32_t at = w->list[--w->n];
        const Block *k = &b->blocks[at];
        uint32_t until = at == home ? step : k->first + k->n;
        if (origin_between(w->p, k->first, until))
            return true;
        if (at == home)
            continue;
        if (k->exits)
            return true;
        paths_push_succ(w, at);
    }
    return false;
}

/* Can control, after origin step i, leave or meet a new def without passing `step`? */
static bool origin_misses(Paths *w, uint32_t i, uint32_t step, uint32_t home)
{
    const Body *b = w->p->v->body;
    uint32_t at = body_block_of(b, i);
    const Block *k = &b->blocks[at];
    paths_clear(w);
    if (at == home && i < step)
        return origin_between(w->p, i + 1, step);
    if (origin_between(w->p, i + 1, k->first + k->n) || k->exits)
        return true;
    paths_push_succ(w, at);
    return ways_end(w, step, home);
}

static bool passed_by_some(Paths *w, uint32_t step)
{
    const Body *b = w->p->v->body;
    uint32_t home = body_block_of(b, step);
    for (size_t i = 0; i < w->p->origins.n; i++) {
        const Origin *o = &w->p->origins.items[i];
        if (o->kind == DEF_ARGUMENT) {
            paths_clear(w);
            paths_push(w, b->entry);
            if (ways_end(w, step, home))
                return true;
        } else if (origin_misses(w, o->step, step, home)) {
            return true;
        }
    }
    return false;
}

static Coverage coverage_of(Paths *w, uint32_t step)
{
    if (passed_many(w, step))
        return COVERAGE_MANY;
    return passed_by_some(w, step) ? COVERAGE_SOME : COVERAGE_ONCE;
}

/* ---- the choice ---- */

static unsigned rank_of(const Probe *p)
{
    unsigned addend = p->location.addend != 0;
    unsigned memory = p->location.kind != LOCATION_REG;
    return (p->coverage == COVERAGE_MANY) * 1000u + p->cost * 200u + memory * 100u + p->proof * 8u + addend * 4u +
           (p->coverage == COVERAGE_SOME) * 2u;
}

static bool place_try(Paths *w, uint32_t step, unsigned weakest, Probe *out)
{
    const RangeProof *p = w->p;
    const Program *program = p->v->body->program;
    const Insn *insn = &p->v->body->steps[step].insn;
    const uint8_t *bytes = image_read(&program->image, insn->pc, insn->len);
    UprobeWay way = bytes ? uprobe_way(insn, bytes) : UPROBE_REFUSED;
    if (way == UPROBE_REFUSED)
        return false;
    *out = (Probe){.pc = insn->pc, .cost = way == UPROBE_EMULATED ? COST_EMULATED : COST_STEPPED};
    out->location = ranges_location(p, step, &out->proof);
    if (out->location.kind == LOCATION_NONE || out->proof > weakest)
        return false;
    out->coverage = (uint8_t)coverage_of(w, step);
    return true;
}

/* May the probe slide past this step, from the compare towards the branch on its flags? Not past what else takes or makes flags
 * (a cmov may give the source's variable a new value), nor past a call. */
static bool may_slide(const Step *s)
{
    const Effects *e = &s->effects;
    return e->known && s->insn.flow == FLOW_NEXT && !e->flags_read && !e->flags_written && !e->flags_undefined;
}

static void place_better(Paths *w, uint32_t step, unsigned weakest, Probe *best)
{
    Probe now;
    if (place_try(w, step, weakest, &now) && (!best->pc || rank_of(&now) < rank_of(best)))
        *best = now;
}

/* The compare itself, or the branch that follows it. */
static void site_try(Paths *w, Addr pc, unsigned weakest, Probe *best)
{
    const Body *b = w->p->v->body;
    uint32_t step = body_step_at(b, pc);
    const Block *k = &b->blocks[body_block_of(b, step)];
    uint32_t i = step + 1, end = k->first + k->n;
    place_better(w, step, weakest, best);
    while (i < end && may_slide(&b->steps[i]))
        i++;
    if (i < end && b->steps[i].insn.flow == FLOW_BRANCH)
        place_better(w, i, weakest, best);
}

Probe probe_choose(const RangeProof *p, const Site *sites, size_t nsites, unsigned weakest)
{
    uint32_t nblocks = p->v->body->nblocks;
    Probe best = {.pc = 0};
    Paths w = {p, arena_alloc(p->arena, nblocks, 1), arena_alloc(p->arena, nblocks, sizeof(uint32_t)), 0};
    Addr last = 0;
    unsigned tried = 0;
    for (size_t i = 0; w.seen && w.list && i < nsites && tried < PROBE_SITES; i++) {
        if (sites[i].pc == last)
            continue;
        last = sites[i].pc;
        tried++;
        site_try(&w, last, weakest, &best);
    }
    return best;
}
