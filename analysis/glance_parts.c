/* analysis/glance_parts.c - which parts a function that is looked at may have, and where jumps lead in them. */
#include "analysis/glance_look.h"

#include <string.h>

enum { BYTES_MAX = 8 << 20, BACK_SCAN = 1 << 15 };

static const LookPart *part_of(const Look *l, Addr pc)
{
    for (unsigned i = 0; i < l->nparts; i++)
        if (pc >= l->parts[i].part.start && pc < l->parts[i].part.end)
            return &l->parts[i];
    return NULL;
}

bool look_place(const Look *l, Addr addr, uint32_t *place)
{
    const LookPart *p = part_of(l, addr);
    if (p)
        *place = p->first + (uint32_t)(addr - p->part.start);
    return p;
}

bool look_part(Look *l, Part part)
{
    Arena *a = &l->g->work;
    uint64_t size = part.end - part.start;
    const uint8_t *bytes = size < BYTES_MAX - l->nseen ? image_read(&l->g->program->image, part.start, size) : NULL;
    if (!bytes || l->nparts == LOOK_PARTS)
        return false;
    uint8_t *seen = arena_alloc(a, l->nseen + size, 1);
    if (!seen)
        return false;
    if (l->nseen)
        memcpy(seen, l->seen, l->nseen);
    l->seen = seen;
    l->parts[l->nparts++] = (LookPart){part, bytes, l->nseen};
    l->nseen += (uint32_t)size;
    return true;
}

/* Does g jump into a part that is looked at, elsewhere than to the function's start? As part_jumps_back of body.c. */
static bool jumps_back(const Look *l, const Function *f, Part g)
{
    uint64_t size = g.end - g.start;
    const uint8_t *p = size <= BACK_SCAN ? image_read(&l->g->program->image, g.start, size) : NULL;
    for (uint64_t i = 0; p && i < size;) {
        Insn insn;
        int len = insn_decode(p + i, size - i, g.start + i, &insn);
        i += len < 0 ? 1 : (uint64_t)len;
        if (len > 0 && (insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH) && insn.op[0].kind == OPERAND_REL &&
            insn.target != f->start && part_of(l, insn.target))
            return true;
    }
    return false;
}

/* The part that holds the target, if the body may adopt it. */
static bool target_adopt(Look *l, const Function *f, Addr target)
{
    Function g;
    if (!program_function(l->g->program, target, &g))
        return true;
    Part part = {g.start, g.end};
    return !(g.fragment || target != g.start || jumps_back(l, f, part)) || look_part(l, part);
}

bool look_adopt(Look *l, const Function *f, Addr target) { return part_of(l, target) || target_adopt(l, f, target); }

bool look_target(Look *l, const Function *f, Addr target)
{
    if (!look_adopt(l, f, target))
        return false;
    if (!arena_grow(&l->g->work, (void **)&l->targets, l->ntargets, &l->cap_targets, sizeof *l->targets))
        return false;
    l->targets[l->ntargets++] = target;
    return true;
}

bool look_pads(Look *l, const Function *f, Part part)
{
    Fde fde;
    CallSite *sites;
    size_t n;
    const Program *p = l->g->program;
    if (!unwind_find(&p->unwind, part.start, &fde) || !fde.lsda)
        return true;
    if (!lsda_read(&p->image, &fde, &sites, &n, &l->g->work, NULL))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!sites[i].pad)
            continue;
        if (!look_target(l, f, sites[i].pad) ||
            !arena_grow(&l->g->work, (void **)&l->pads, l->npads, &l->cap_pads, sizeof *l->pads))
            return false;
        l->pads[l->npads++] = sites[i].pad;
    }
    return true;
}

/* True when that is an instruction that was seen as one, or outside, as tail calls are. */
static bool leader_mark(Look *l, Addr target, uint8_t how)
{
    uint32_t at;
    if (!look_place(l, target, &at))
        return true;
    if (!(l->seen[at] & SEEN_START))
        return false;
    l->seen[at] |= how;
    return true;
}

bool look_leaders(Look *l)
{
    for (size_t i = 0; i < l->ntargets; i++)
        if (!leader_mark(l, l->targets[i], SEEN_LEADER))
            return false;
    for (size_t i = 0; i < l->npads; i++)
        leader_mark(l, l->pads[i], SEEN_PAD);
    for (size_t i = 0; i < l->nentries; i++)
        leader_mark(l, l->entries[i], SEEN_LEADER | SEEN_ENTRY);
    return true;
}
