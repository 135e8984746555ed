/* analysis/glance_web.c - by what instructions the value of a register may have been made: walks back from where it is asked, over all
 * ways that lead there, along copies, sums of numbers, masks and shifts. What is made of anything else is where a walk ends.
 *
 * A call may keep any register, so the walk goes on before it, too. Stack slots are not followed, nor ways that come from landing pads and
 * jump tables: there anything may be the value.
 */
#include "analysis/glance_look.h"

#include <stdlib.h>
#include <string.h>

#include "x86/regs.h"

/* A walk takes so many steps and visits so many starts of blocks at most. */
enum { WALK_STEPS = 4096, WALK_STARTS = 96 };

typedef struct Walker {
    Look *l;
    LookWeb *web;
    unsigned steps;
    struct {
        uint32_t block;
        uint8_t reg;
    } starts[WALK_STARTS]; /* those from `next` on are to be followed to the blocks before */
    unsigned nstarts, next;
} Walker;

/* ---- blocks ---- */

static bool step_ends(const LookStep *s) { return s->kind >= STEP_BRANCH; }

/* The first step at or after the place. */
static uint32_t step_from(const Look *l, uint32_t place)
{
    uint32_t lo = 0, hi = (uint32_t)l->nsteps;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (l->steps[mid].at < place)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static uint32_t block_of(const Look *l, uint32_t place)
{
    uint32_t lo = 0, hi = (uint32_t)l->nblocks;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (l->blocks[mid].place <= place)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* A block begins at every place that something jumps to, after every jump, and with every part. */
static bool blocks_cut(Look *l)
{
    uint8_t *starts = arena_alloc(&l->g->work, l->nseen + 1, 1);
    size_t n = 0;
    if (!starts)
        return false;
    for (unsigned i = 0; i < l->nparts; i++)
        starts[l->parts[i].first] = 1;
    for (size_t i = 0; i < l->nsteps; i++)
        if (step_ends(&l->steps[i]))
            starts[l->steps[i].next] = 1;
    for (uint32_t i = 0; i < l->nseen; i++) {
        starts[i] = starts[i] || (l->seen[i] & SEEN_LEADER);
        n += starts[i];
    }
    l->blocks = arena_alloc(&l->g->work, n, sizeof *l->blocks);
    for (uint32_t i = 0; l->blocks && i < l->nseen; i++)
        if (starts[i])
            l->blocks[l->nblocks++] =
                (LookBlock){.place = i, .wild = l->seen[i] & SEEN_PAD, .table = l->seen[i] & SEEN_ENTRY};
    return l->blocks && n > 0;
}

/* Adds `from` to the blocks before `to`. */
static void edge_put(Look *l, uint32_t from, uint32_t to)
{
    LookBlock *b = &l->blocks[to];
    if (b->nbefore == LOOK_BEFORE)
        b->wild = true; /* too many to be followed */
    else
        b->before[b->nbefore++] = from;
}

static void edges_make(Look *l)
{
    for (uint32_t i = 0; i < l->nblocks; i++) {
        LookBlock *b = &l->blocks[i];
        uint32_t end = i + 1 < l->nblocks ? l->blocks[i + 1].place : l->nseen;
        b->first = step_from(l, b->place);
        b->end = step_from(l, end);
        const LookStep *last = b->end > b->first ? &l->steps[b->end - 1] : NULL;
        bool on = !last || last->kind < STEP_JUMP;
        b->jumps = last && last->kind == STEP_END && last->value;
        uint32_t to;
        if (last && (last->kind == STEP_BRANCH || last->kind == STEP_JUMP) && look_place(l, last->value, &to))
            edge_put(l, i, block_of(l, to));
        if (on && i + 1 < l->nblocks)
            edge_put(l, i, i + 1);
    }
}

/* Once for each function, when the first walk begins. */
static bool blocks_make(Look *l)
{
    if (l->blocks || l->unsure)
        return !l->unsure;
    l->unsure = !blocks_cut(l);
    if (!l->unsure)
        edges_make(l);
    return !l->unsure;
}

/* ---- the walk ---- */

static void origin_put(LookWeb *web, double origin)
{
    if (origin > web->origin)
        web->origin = origin;
}

static void start_push(Walker *w, uint32_t block, unsigned reg)
{
    for (unsigned i = 0; i < w->nstarts; i++)
        if (w->starts[i].block == block && w->starts[i].reg == reg)
            return;
    if (w->nstarts == WALK_STARTS || w->l->blocks[block].wild) {
        w->web->wild = true;
        return;
    }
    origin_put(w->web, 0.5); /* it may be a join, which is a def of its own */
    w->starts[w->nstarts].block = block;
    w->starts[w->nstarts++].reg = (uint8_t)reg;
}

static void added_put(LookWeb *web, const LookStep *s)
{
    web->sum = true;
    for (unsigned i = 0; i < web->nadded; i++)
        if (web->added[i] == s)
            return;
    if (web->nadded == LOOK_ADDED)
        web->many = true;
    else
        web->added[web->nadded++] = s;
}

static void web_join(LookWeb *web, const LookWeb *other)
{
    origin_put(web, other->origin);
    web->wild |= other->wild;
    web->derived |= other->derived;
    web->number |= other->number;
    web->sum |= other->sum;
    web->many |= other->many;
    for (unsigned i = 0; i < other->nadded; i++)
        added_put(web, other->added[i]);
}

/* Takes the step in that wrote *reg; false when the walk ends with it, else *reg is what to look for before it. */
static bool step_take(Look *l, LookWeb *web, const LookStep *s, unsigned *reg)
{
    if (s->kind == STEP_CALL) {
        origin_put(web, 0.5);
        web->number |= *reg == REG_RAX;
        return true;
    }
    if (*reg != s->dst || s->kind == STEP_WORK || s->kind == STEP_NUMBER) {
        origin_put(web, 0.5);
        web->number |= s->kind == STEP_NUMBER;
        return false;
    }
    switch (s->kind) {
    case STEP_COPY: break;
    case STEP_SUM: added_put(web, s); break;
    case STEP_DERIVED: web->derived |= (uint64_t)1 << s->value; break;
    case STEP_LOAD: return false; /* an origin of 0 */
    default: look_slots(l, web); return false;
    }
    if (!s->whole)
        origin_put(web, 0.5);
    *reg = s->src;
    return true;
}

/* Looks for who wrote reg, from `end` back to the block's start. */
static void block_walk(Walker *w, uint32_t block, uint32_t end, unsigned reg)
{
    const LookBlock *b = &w->l->blocks[block];
    for (uint32_t i = end; i > b->first; i--) {
        const LookStep *s = &w->l->steps[i - 1];
        if (++w->steps > WALK_STEPS) {
            w->web->wild = true;
            return;
        }
        bool writes = s->kind == STEP_CALL || (s->writes >> reg & 1);
        if (writes && !step_take(w->l, w->web, s, &reg))
            return;
    }
    start_push(w, block, reg);
}

/* All jumps through tables lead to the block. */
static void tables_walk(Walker *w, unsigned reg)
{
    enum { JUMPS_MAX = 8 };
    unsigned n = 0;
    for (uint32_t i = 0; i < w->l->nblocks && !w->web->wild; i++)
        if (w->l->blocks[i].jumps) {
            w->web->wild |= ++n > JUMPS_MAX;
            block_walk(w, i, w->l->blocks[i].end, reg);
        }
}

static bool web_of(Look *l, uint32_t end, uint32_t block, unsigned reg, LookWeb *web)
{
    Walker w = {.l = l, .web = web};
    *web = (LookWeb){.wild = reg == REG_RSP};
    if (!web->wild)
        block_walk(&w, block, end, reg);
    for (; w.next < w.nstarts && !web->wild; w.next++) {
        const LookBlock *b = &l->blocks[w.starts[w.next].block];
        if (b->place == 0) /* the function's start: an argument */
            origin_put(web, 1);
        for (unsigned i = 0; i < b->nbefore && !web->wild; i++)
            block_walk(&w, b->before[i], l->blocks[b->before[i]].end, w.starts[w.next].reg);
        if (b->table)
            tables_walk(&w, w.starts[w.next].reg);
    }
    return !web->wild;
}

/* Joins what may be in stack slots, when the blocks are made: arguments, constants, and what is stored there. */
void look_slots(Look *l, LookWeb *web)
{
    if (!l->has_slots) {
        LookWeb one;
        l->has_slots = true; /* what is stored from slots is in them already */
        l->slots = (LookWeb){.origin = 1,
                             .number = true,
                             .sum = l->slots_written,
                             .many = l->slots_written,
                             .derived = l->slots_written ? l->derived : 0};
        for (uint32_t i = 0; i < l->nsteps && !l->slots.wild; i++)
            if (l->steps[i].kind == STEP_STORE) {
                web_of(l, i, block_of(l, l->steps[i].at), l->steps[i].src, &one);
                web_join(&l->slots, &one);
            }
    }
    web_join(web, &l->slots);
}

bool look_web(Look *l, uint32_t place, unsigned reg, LookWeb *web)
{
    *web = (LookWeb){.origin = 0};
    if (!blocks_make(l))
        return false;
    if (reg == LOOK_SLOT) {
        look_slots(l, web);
        return !web->wild;
    }
    return web_of(l, step_from(l, place), block_of(l, place), reg, web);
}
