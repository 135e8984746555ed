/* analysis/places.c - see places.h.
 *
 * From a def on, execution goes straight to the end of its block, and into the next one where no other way leads in and none
 * leads elsewhere. Whatever stands there is executed once for each execution of the def, unless control is lost on the
 * way: in a call, which may not come back, or to a next def. */
#include "analysis/places.h"

#include "analysis/probe.h"

enum { STRAIGHT_MAX = 64 };

/* The step after `i` on the straight way, or UINT32_MAX where it ends. */
static uint32_t straight_next(const Body *b, uint32_t i)
{
    const Block *k = &b->blocks[body_block_of(b, i)];
    uint32_t next = UINT32_MAX;
    if (i + 1 < k->first + k->n)
        return i + 1;
    if (k->exits || !b->closed || b->unsure) /* a jump that is not understood may lead anywhere */
        return UINT32_MAX;
    for (uint32_t e = 0; e < k->nsucc; e++) {
        const Block *to = &b->blocks[k->succ[e].block];
        if (k->succ[e].kind == EDGE_UNWIND)
            continue;
        if (next != UINT32_MAX || to->npred != 1 || to->foreign || k->succ[e].block == b->entry)
            return UINT32_MAX;
        next = to->first;
    }
    return next;
}

/* Where the way from the def begins. A call's result is there once it came back. */
static uint32_t straight_first(const Body *b, const Origin *o)
{
    const Block *entry = &b->blocks[b->entry];
    if (o->kind == DEF_ARGUMENT)
        return entry->npred ? UINT32_MAX : entry->first;
    if (o->kind == DEF_MERGE && b->steps[o->step].insn.flow == FLOW_CALL)
        return UINT32_MAX;
    return straight_next(b, o->step);
}

static bool place_for(const RangeProof *p, const Origin *o, unsigned weakest, Probe *out)
{
    const Body *b = p->v->body;
    uint32_t step = straight_first(b, o);
    Probe now;
    out->pc = 0;
    for (unsigned i = 0; step != UINT32_MAX && i < STRAIGHT_MAX; i++, step = straight_next(b, step)) {
        if (probe_at(p, step, weakest, &now) && (!out->pc || now.cost < out->cost))
            *out = now;
        if ((out->pc && out->cost == COST_EMULATED) || p->def_at[step] || b->steps[step].insn.flow == FLOW_CALL)
            break;
    }
    out->coverage = COVERAGE_ONCE;
    return out->pc != 0;
}

/* No two origins have a place in common: the way from one ends at the next. */
void places_find(const RangeProof *p, unsigned weakest, Probe **out, size_t *n, Arena *arena)
{
    Probe now, *list = arena_alloc(arena, PLACES_MAX, sizeof *list);
    size_t have = 0;
    *out = list;
    *n = 0;
    for (size_t i = 0; list && i < p->origins.n; i++) {
        if (!place_for(p, &p->origins.items[i], weakest, &now) || have == PLACES_MAX)
            return;
        list[have++] = now;
    }
    *n = list ? have : 0;
}
