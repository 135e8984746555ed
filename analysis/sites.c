/* analysis/sites.c - see sites.h. */
#include "analysis/sites.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/holds.h"

/* Is the value of `id` that of root plus something? Then *sum is what. */
static bool is_root_plus(Values *v, ValueId id, const Lead *l, uint64_t *sum)
{
    *sum = 0;
    for (unsigned i = 0; i < 32 && id != VALUE_NONE; i++) {
        if (id == l->root)
            return true;
        Link link = values_link(v, id);
        if (link.kind == MOVE_ADD && link.bits >= l->width)
            *sum += link.k;
        else if (link.kind != MOVE_COPY || link.bits < l->width)
            return false;
        id = link.base;
    }
    return false;
}

/* The proof says that the cell holds the variable less an addend; does it also hold what the compare tests? */
static bool hold_is_tested(SiteFinder *f, const Lead *l, Cell cell, const Hold *hold)
{
    uint64_t sum;
    return hold->proof && is_root_plus(f->v, values_before(f->v, l->step, cell), l, &sum) &&
           low_bits(sum + hold->addend, l->width) == 0;
}

/* The compared cell itself, where it is one. */
static Cell compared_cell(SiteFinder *f, const Lead *l)
{
    const Compare *c = &f->compares->items[l->compare];
    for (unsigned i = 0; i < 2 && c->value != VALUE_NONE; i++) {
        Cell cell = values_operand_cell(f->v, l->step, i);
        if (cell != CELL_NONE && values_before(f->v, l->step, cell) == c->value)
            return cell;
    }
    return CELL_NONE;
}

/* Finds where the tested variable is proved to be: in the compared cell if it can be, in a register rather than in memory. */
static void tested_location(SiteFinder *f, const RangeProof *p, const Lead *l, RangeTrail *trail, Location *best)
{
    Cell want = compared_cell(f, l);
    unsigned least = UINT32_MAX;
    const Hold *holds = trail->holds;
    ranges_before(p, l->step, trail);
    for (uint32_t i = 0; i < p->ncells; i++) {
        unsigned rank = hold_rank(p->cells[i], &holds[i], want);
        if (rank >= least || !hold_is_tested(f, l, p->cells[i], &holds[i]))
            continue;
        Location at = cell_location(f->v, l->step, p->cells[i], p->width);
        if (at.kind == LOCATION_NONE)
            continue;
        at.addend = low_bits(holds[i].addend, p->width);
        *best = at;
        least = rank;
    }
}

/* Where the variable is when the lead's compare runs; false where that is not proved. */
static bool lead_site(SiteFinder *f, const RangeProof *p, const Lead *l, RangeTrail *trail, Site *out)
{
    *out = (Site){.pc = f->v->body->steps[l->step].insn.pc,
                  .constant = l->k,
                  .relation = l->relation,
                  .via = l->via,
                  .sign = l->sign,
                  .quality = l->quality,
                  .real = l->real,
                  .location = {.kind = LOCATION_NONE}};
    if (l->root == VALUE_NONE) {
        Origin o = {DEF_LOAD, l->step, CELL_NONE};
        out->location = origin_location(p, &o);
        return true;
    }
    tested_location(f, p, l, trail, &out->location);
    if (out->location.kind != LOCATION_NONE)
        return true;
    for (size_t i = 0; i < p->origins.n;
         i++) { /* the join's first step is the compare itself: it reads what was joined */
        const Origin *o = &p->origins.items[i];
        if (o->kind != DEF_MERGE || o->step != l->step || values_before(f->v, l->step, o->cell) != l->root)
            continue;
        out->location = cell_location(f->v, l->step, o->cell, p->width);
        return out->location.kind != LOCATION_NONE;
    }
    return false;
}

/* Makes room for n more at once: a large table has thousands, and what a list grew out of stays in the arena. */
static bool sites_reserve(SiteList *list, size_t n, Arena *arena)
{
    size_t least = list->cap < 8 ? 16 : 2 * list->cap, cap = list->n + n > least ? list->n + n : least;
    if (list->cap - list->n >= n)
        return true;
    Site *items = arena_alloc(arena, cap, sizeof *items);
    if (items && list->n)
        memcpy(items, list->items, list->n * sizeof *items);
    if (items)
        *list = (SiteList){items, list->n, cap};
    return items != NULL;
}

/* Adds the sites of the group's leads; *all: every one of them was proved. */
bool sites_add(SiteFinder *f, const RangeProof *p, const Lead *leads, size_t n, SiteList *list, bool *all)
{
    Hold holds[RANGES_MAX_CELLS + 1]; /* of a large switch there are thousands: not in the arena */
    RangeTrail trail = {holds, UINT32_MAX};
    if (!sites_reserve(list, n, f->arena))
        return false;
    for (size_t i = 0; i < n; i++) {
        Site site;
        if (!lead_site(f, p, &leads[i], &trail, &site)) {
            *all = false;
            continue;
        }
        list->items[list->n++] = site;
    }
    return true;
}

static int site_order(const void *x, const void *y)
{
    const Site *a = x, *b = y;
    if (a->pc != b->pc)
        return a->pc < b->pc ? -1 : 1;
    if (a->constant != b->constant)
        return a->constant < b->constant ? -1 : 1;
    return a->relation - b->relation;
}

/* Sorts; of one compare only one reading stays: the one with the most sites at that pc, then without addend. */
void sites_tidy(SiteList *list)
{
    qsort(list->items, list->n, sizeof *list->items, site_order);
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const Site *s = &list->items[i];
        bool repeat = n && site_order(s, &list->items[n - 1]) == 0;
        if (!repeat)
            list->items[n++] = *s;
    }
    list->n = n;
}
