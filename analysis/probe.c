/* analysis/probe.c - see probe.h. */
#include "analysis/probe.h"

#include <string.h>

enum { PROBE_SITES = 12 };

/* ---- what the kernel does ---- */

static bool is_legacy_prefix(uint8_t b)
{
    switch (b) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3: return true;
    default: return false;
    }
}

static bool is_bad_prefix(uint8_t b) { return b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0xf0; }

/* Opcodes that good_insns_64 leaves out. The kernel looks the opcode of a VEX or EVEX instruction up in the same table, as
 * if it were a one-byte one: vptest (17) is refused for what `pop %ss` was. tests/test_live_probe.c asks the kernel. */
static bool is_bad_opcode(uint8_t op)
{
    static const uint8_t bad[] = {0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61,
                                  0x62, 0x6c, 0x6d, 0x6e, 0x6f, 0x9a, 0xcc, 0xcd, 0xce, 0xcf, 0xd4, 0xd5, 0xd6,
                                  0xe4, 0xe5, 0xe6, 0xe7, 0xea, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf4, 0xfa, 0xfb};
    return memchr(bad, op, sizeof bad) != NULL;
}

/* mov to %ss: the trap after it would be held back (insn_masking_exception, which takes vpmaskmovd for it, too). */
static bool is_mov_ss(const uint8_t *op, size_t n) { return n > 1 && op[0] == 0x8e && (op[1] >> 3 & 7) == 2; }

/* FMA4 and AMD's other four-operand instructions: the kernel cannot decode them. */
static bool is_fma4(const uint8_t *vex, size_t n)
{
    uint8_t op = n > 3 ? vex[3] : 0;
    return vex[0] == 0xc4 && (vex[1] & 0x1f) == 3 &&
           ((op >= 0x48 && op <= 0x49) || (op >= 0x5c && op <= 0x5f) || (op >= 0x68 && op <= 0x6f) ||
            (op >= 0x78 && op <= 0x7f));
}

/* EVEX of AVX10.2 and APX: older kernels do not know its opcodes, and refuse them. */
static bool is_newer(const uint8_t *evex, const Insn *insn)
{
    unsigned map = evex[1] & 7;
    return insn->encoding == ENC_EVEX && (map >= 4 || (map == 2 && evex[4] == 0x67));
}

/* VEX, EVEX and others, `p` at their first byte: never emulated. */
static UprobeWay way_extended(const Insn *insn, const uint8_t *p, size_t n)
{
    size_t at = insn->encoding == ENC_EVEX ? 4 : p[0] == 0xc4 ? 3 : 2;
    bool known = insn->encoding == ENC_VEX || insn->encoding == ENC_EVEX;
    if (!known || is_bad_opcode(p[at]) || is_mov_ss(p + at, n - at) || is_fma4(p, n) || is_newer(p, insn))
        return UPROBE_REFUSED;
    return UPROBE_STEPPED;
}

/* branch_setup_xol_ops (a branch with an operand size prefix is left to the processor) and push_setup_xol_ops. Newer
 * kernels emulate the longer nops, too: what is said here is true of all of them. */
static bool is_emulated(const uint8_t *op, const Insn *insn, unsigned prefixes, bool opsize)
{
    if (op[0] == 0xe8 || op[0] == 0xe9 || op[0] == 0xeb || (op[0] >= 0x70 && op[0] <= 0x7f) ||
        (op[0] == 0x0f && op[1] >= 0x80 && op[1] <= 0x8f))
        return !opsize;
    if (op[0] == 0x90)
        return insn->mnemonic == MN_NOP || insn->mnemonic == MN_PAUSE;
    unsigned bare = op[0] >= 0x50 && op[0] <= 0x57 ? insn->len - prefixes : 0;
    return bare == 1 && !opsize && insn->mnemonic == MN_PUSH;
}

UprobeWay uprobe_way(const Insn *insn, const uint8_t *bytes)
{
    unsigned i = 0;
    bool opsize = false, rex_w = false;
    while (is_legacy_prefix(bytes[i])) { /* an instruction is more than its prefixes: its opcode ends them */
        if (is_bad_prefix(bytes[i]))
            return UPROBE_REFUSED;
        opsize |= bytes[i++] == 0x66;
    }
    if (insn->encoding != ENC_LEGACY)
        return way_extended(insn, bytes + i, insn->len - i);
    if (bytes[i] >= 0x40 && bytes[i] <= 0x4f)
        rex_w = bytes[i++] & 8;
    if (is_bad_opcode(bytes[i]))
        return UPROBE_REFUSED;
    if (insn->len == 5 && insn->mnemonic == MN_NOP) /* may be made a call that writes below rsp */
        return UPROBE_REFUSED;
    if (insn->mnemonic == MN_SYSCALL || insn->mnemonic == MN_SYSENTER) /* the step would end in the kernel */
        return UPROBE_REFUSED;
    uint8_t op[2] = {bytes[i], i + 1u < insn->len ? bytes[i + 1] : 0};
    if (is_mov_ss(op, 2))
        return UPROBE_REFUSED;
    return !rex_w && is_emulated(op, insn, i, opsize) ? UPROBE_EMULATED : UPROBE_STEPPED;
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

/* Steps of the block in [from, to): may control be lost there, to a new def or in a call that does not come back (longjmp, exit,
 * an exception that is caught further up)? */
static bool lost_between(const RangeProof *p, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (p->def_at[i] || p->v->body->steps[i].insn.flow == FLOW_CALL)
            return true;
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
        if (lost_between(w->p, k->first, until))
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
        return lost_between(w->p, i + 1, step);
    if (lost_between(w->p, i + 1, k->first + k->n) || k->exits)
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

/* The variable itself before what is left of it after an addition, which tracefs cannot undo. */
static unsigned rank_of(const Probe *p)
{
    unsigned addend = p->location.addend != 0;
    unsigned memory = p->location.kind != LOCATION_REG;
    return (p->coverage == COVERAGE_MANY) * 1000u + addend * 300u + p->cost * 200u + memory * 100u + p->proof * 8u +
           (p->coverage == COVERAGE_SOME) * 2u;
}

bool probe_at(const RangeProof *p, uint32_t step, unsigned weakest, Probe *out)
{
    const Program *program = p->v->body->program;
    const Insn *insn = &p->v->body->steps[step].insn;
    const uint8_t *bytes = image_read(&program->image, insn->pc, insn->len);
    UprobeWay way = bytes ? uprobe_way(insn, bytes) : UPROBE_REFUSED;
    if (way == UPROBE_REFUSED)
        return false;
    *out = (Probe){.pc = insn->pc, .cost = way == UPROBE_EMULATED ? COST_EMULATED : COST_STEPPED};
    out->location = ranges_location(p, step, &out->proof);
    bool unreadable =
        out->location.kind == LOCATION_REG && out->location.reg > REG_R15; /* xmm, APX's: no event samples those */
    return out->location.kind != LOCATION_NONE && !unreadable && out->proof <= weakest;
}

static bool place_try(Paths *w, uint32_t step, unsigned weakest, Probe *out)
{
    if (!probe_at(w->p, step, weakest, out))
        return false;
    out->coverage = (uint8_t)coverage_of(w, step);
    return true;
}

/* May the probe slide past this step, from the compare towards the branch on its flags? Not past what else takes flags (a cmov may
 * give the source's variable a new value), nor past a call. Nothing makes other flags on the way (flags_writers). */
static bool may_slide(const Step *s) { return s->insn.flow == FLOW_NEXT && !s->effects.flags_read; }

static void place_better(Paths *w, uint32_t step, unsigned weakest, Probe *best)
{
    Probe now;
    if (place_try(w, step, weakest, &now) && (!best->pc || rank_of(&now) < rank_of(best)))
        *best = now;
}

enum { BACK_MAX = 24 };

/* `sub $30000,%edi; cmp $7,%edi`: a place of the block before the compare where the same value still is what it was. */
static void site_try_before(Paths *w, uint32_t step, unsigned weakest, Probe *best)
{
    const Body *b = w->p->v->body;
    uint32_t first = b->blocks[body_block_of(b, step)].first;
    for (uint32_t i = step; i > first && step - i < BACK_MAX && !w->p->def_at[i - 1]; i--)
        place_better(w, i - 1, weakest, best);
}

/* The compare itself, or the branch that follows it; or before it, where it only sees what an addition left. */
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
    if (!best->pc || best->location.addend)
        site_try_before(w, step, weakest, best);
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
