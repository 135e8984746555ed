/* analysis/closure.c - a function and all that it calls, directly or not, summed up bottom-up.
 *
 * Tarjan's algorithm ("Depth-first search and linear graph algorithms", SIAM J. Comput. 1, 1972) over the starts of functions that
 * bytes of a function would call or jump to if they were such an instruction: what it calls, and where it is more, no harm is done.
 * It runs on demand, from the function that was asked
 * for, with a stack of its own. A component is read when all that it calls has been.
 *
 * A component of several functions, or of one that calls itself, is solved as one: each member is taken to keep everything, write
 * nothing and never return, what its body makes of that is the next belief, and beliefs only sink, until none changes. That is sound
 * by induction over how deep calls nest: no call in an execution that ends rests on more than calls that ended before it. What
 * members return is not believed of each other. If beliefs do not settle, members know each other by the ABI only.
 *
 * The weight of a function is its size, and that of all that it calls, counted once a call site's function: what cannot be less than
 * the work of reading it all. Over CLOSURE_MAX it is not done. Whoever calls such a function is over that, too, so when one is met, all
 * that are on the way to it are known to be. When the walk is cut short because of its own weight, only functions that are sure to be
 * over are noted: the others will be asked again. So what is over does not depend on where the walk began.
 */
#include "analysis/summary_parts.h"

#include <stdlib.h>
#include <string.h>

#include "elf/order.h"

enum { CLOSURE_MAX = 2048, FUNCTION_WEIGHT = 64, CALLS_MAX = 256, BELIEF_ROUNDS = 8 };

typedef struct Node {
    Function f;
    Addr *calls; /* targets, ascending */
    uint32_t ncalls, next;
    KnownCallee *known; /* of calls, those that are done; in the order of `calls`; room for the component's members */
    uint32_t nknown;
    uint32_t low; /* the lowest node known to be of the same component */
    uint64_t weight;
    bool recursive; /* calls itself */
    Summary belief;
} Node;

typedef struct Closure {
    Program *program;
    Arena arena;
    Node *nodes; /* Tarjan's stack */
    uint32_t n;
    size_t cap;
    uint32_t *path; /* nodes that are being visited, each called by the one before */
    uint32_t npath;
    size_t cap_path;
    uint64_t weight; /* of all nodes */
    bool failed;     /* memory used up, or too much */
} Closure;

/* ---- what a function calls ---- */

/* Where the call or jump goes of which p[at] may be the last byte before the distance: call, jmp and jcc, with 32 bits of that or 8. */
static bool call_at(const uint8_t *p, uint64_t at, uint64_t size, Addr start, Addr *target)
{
    bool far = (p[at] & 0xfe) == 0xe8 || (at > 0 && p[at - 1] == 0x0f && (p[at] & 0xf0) == 0x80);
    bool near = p[at] == 0xeb || (p[at] & 0xf0) == 0x70;
    int32_t distance = 0;
    if (!(far || near) || size - at < (far ? 5 : 2))
        return false;
    if (far)
        memcpy(&distance, p + at + 1, sizeof distance);
    else
        distance = p[at + 1] - (p[at + 1] < 0x80 ? 0 : 0x100);
    *target = start + at + (far ? 5 : 2) + (uint64_t)(int64_t)distance;
    return *target - start >= size || *target == start;
}

static bool is_start(const Program *p, Addr addr)
{
    const FunctionRow *row = functions_at(p, addr);
    return row && row->start == addr;
}

/* The functions that node x may call: false when there are too many. */
static bool calls_find(Closure *c, Node *x)
{
    Addr found[CALLS_MAX] = {0}, target;
    uint32_t n = 0;
    uint64_t size = x->f.end - x->f.start;
    const uint8_t *p = image_read(&c->program->image, x->f.start, size);
    for (uint64_t at = 0; p && at < size; at++) {
        if (!call_at(p, at, size, x->f.start, &target) || !is_start(c->program, target))
            continue;
        if (n == CALLS_MAX)
            n = (uint32_t)order_addrs(found, n);
        if (n == CALLS_MAX)
            return false;
        x->recursive |= target == x->f.start;
        if (target != x->f.start)
            found[n++] = target;
    }
    x->ncalls = (uint32_t)order_addrs(found, n);
    x->calls = arena_items(&c->arena, found, x->ncalls, sizeof *x->calls);
    x->known = arena_alloc(&c->arena, x->ncalls, sizeof *x->known);
    return p && x->calls && x->known;
}

/* ---- too much ---- */

/* Notes the nodes that are sure to be over, each with all that lies above it on the stack, which it calls. */
static void closure_cut(Closure *c, bool all)
{
    uint64_t above = 0;
    for (uint32_t i = c->n; i > 0; i--) {
        above += c->nodes[i - 1].weight;
        if (all || above > CLOSURE_MAX)
            memory_put(c->program, c->nodes[i - 1].f.start, MEMORY_CLOSURE, (Summary){0}, WEIGHT_OVER);
    }
    c->failed = true;
}

static void weight_add(Closure *c, Node *x, uint64_t weight)
{
    x->weight += weight;
    c->weight += weight;
    if (c->weight > 2 * (uint64_t)CLOSURE_MAX) /* twice, so that one walk down a long chain settles half of it */
        closure_cut(c, false);
}

/* ---- a component ---- */

/* What is true whichever of the two is. */
static CallEffect effect_meet(CallEffect a, CallEffect b)
{
    uint32_t read = a.kept_read & b.kept_read;
    return (CallEffect){.kept_read = read,
                        .kept_abi = (a.kept_read | a.kept_abi) & (b.kept_read | b.kept_abi) & ~read,
                        .noreturn = a.noreturn && b.noreturn,
                        .returns_twice = a.returns_twice || b.returns_twice,
                        .writes_up = a.writes_up > b.writes_up ? a.writes_up : b.writes_up};
}

static bool effect_same(CallEffect a, CallEffect b)
{
    return a.kept_read == b.kept_read && a.kept_abi == b.kept_abi && a.noreturn == b.noreturn &&
           a.returns_twice == b.returns_twice && a.writes_up == b.writes_up;
}

static int known_order(const void *x, const void *y)
{
    const KnownCallee *a = x, *b = y;
    return (a->target > b->target) - (a->target < b->target);
}

/* Reads x with what is known of its callees, and, unless by the ABI only, what is believed of the component's n members. */
static bool member_read(Closure *c, const Node *x, const Node *members, uint32_t n, bool believe, Summary *out)
{
    uint32_t nknown = x->nknown + (believe ? n : 0);
    KnownCallee *all = arena_alloc(&c->arena, nknown, sizeof *all);
    if (!all)
        return false;
    for (uint32_t i = 0; i < nknown; i++)
        all[i] =
            i < x->nknown ? x->known[i] : (KnownCallee){members[i - x->nknown].f.start, members[i - x->nknown].belief};
    qsort(all, nknown, sizeof *all, known_order);
    struct KnownCallees known = {all, nknown};
    *out = summary_read(c->program, &x->f, (Callees){.known = &known});
    return true;
}

/* One round: *settled when every body bears out what was believed of it. */
static bool beliefs_round(Closure *c, Node *members, uint32_t n, Summary *read, bool *settled)
{
    *settled = true;
    for (uint32_t i = 0; i < n; i++)
        if (!member_read(c, &members[i], members, n, true, &read[i]))
            return false;
    for (uint32_t i = 0; i < n; i++) {
        CallEffect now = effect_meet(members[i].belief.effect, read[i].effect);
        *settled &= effect_same(now, members[i].belief.effect);
        members[i].belief = (Summary){.effect = now};
    }
    return true;
}

static bool beliefs_settle(Closure *c, Node *members, uint32_t n, Summary *read)
{
    bool settled = false;
    for (uint32_t i = 0; i < n; i++)
        members[i].belief = (Summary){.effect = {.kept_read = UINT32_MAX, .noreturn = true}};
    for (unsigned round = 0; round < BELIEF_ROUNDS && !settled; round++)
        if (!beliefs_round(c, members, n, read, &settled))
            return false;
    for (uint32_t i = 0; i < n && !settled; i++)
        if (!member_read(c, &members[i], members, n, false, &read[i]))
            return false;
    return true;
}

/* The n topmost nodes are a component: sums them up and takes them off the stack. *root, *weight: the lowest one's summary and weight.
 * False: memory is used up. */
static bool component_close(Closure *c, uint32_t n, Summary *root, uint32_t *weight)
{
    Node *members = &c->nodes[c->n - n];
    Summary *read = arena_alloc(&c->arena, n, sizeof *read);
    bool alone = n == 1 && !members[0].recursive;
    uint64_t sum = 0;
    if (!read || !(alone ? member_read(c, members, members, 1, false, read) : beliefs_settle(c, members, n, read)))
        return false;
    for (uint32_t i = 0; i < n; i++)
        sum += members[i].weight;
    for (uint32_t i = 0; i < n; i++)
        memory_put(c->program, members[i].f.start, MEMORY_CLOSURE, read[i], (uint32_t)sum);
    *root = read[0];
    *weight = (uint32_t)sum;
    c->weight -= sum;
    c->n -= n;
    return true;
}

/* ---- the walk ---- */

static void closure_enter(Closure *c, const Function *f)
{
    if (!arena_grow(&c->arena, (void **)&c->nodes, c->n, &c->cap, sizeof *c->nodes) ||
        !arena_grow(&c->arena, (void **)&c->path, c->npath, &c->cap_path, sizeof *c->path)) {
        c->failed = true;
        return;
    }
    Node *x = &c->nodes[c->n];
    *x = (Node){.f = *f, .low = c->n};
    c->path[c->npath++] = c->n++;
    uint64_t weight = FUNCTION_WEIGHT + function_size(f);
    if (weight > CLOSURE_MAX || !calls_find(c, x))
        closure_cut(c, true);
    else
        weight_add(c, x, weight);
}

/* The node of a function that is being visited, or UINT32_MAX. */
static uint32_t closure_node(const Closure *c, Addr target)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->nodes[i].f.start == target)
            return i;
    return UINT32_MAX;
}

static void node_learns(Closure *c, Node *x, Addr target, const Summary *summary, uint32_t weight)
{
    x->known[x->nknown++] = (KnownCallee){target, *summary};
    weight_add(c, x, weight);
}

/* Goes from node x to a function that it calls. */
static void closure_follow(Closure *c, Node *x, Addr target)
{
    SummaryEntry e;
    Function f;
    uint32_t on = closure_node(c, target);
    if (on != UINT32_MAX) {
        x->low = on < x->low ? on : x->low;
        return;
    }
    if (memory_get(c->program, target, MEMORY_CLOSURE, &e)) {
        if (e.weight == WEIGHT_OVER)
            closure_cut(c, true);
        else
            node_learns(c, x, target, &e.summary, e.weight);
    } else if (summary_readable(c->program, target, &f)) {
        closure_enter(c, &f);
    } else {
        e.summary = summary_unreadable(c->program, target);
        node_learns(c, x, target, &e.summary, 0);
    }
}

/* The last of the path has no more calls: back to the one that called it. */
static void closure_leave(Closure *c, Summary *root)
{
    uint32_t at = c->path[--c->npath], weight;
    uint32_t low = c->nodes[at].low;
    Addr start = c->nodes[at].f.start;
    Node *caller = c->npath ? &c->nodes[c->path[c->npath - 1]] : NULL;
    if (caller && low < at) { /* it is of a component that is not complete, so there is a caller */
        caller->low = low < caller->low ? low : caller->low;
        return;
    }
    uint64_t sum = 0;
    for (uint32_t i = at; i < c->n; i++)
        sum += c->nodes[i].weight;
    if (sum > CLOSURE_MAX)
        closure_cut(c, true);
    else if (!component_close(c, c->n - at, root, &weight))
        c->failed = true;
    else if (caller)
        node_learns(c, caller, start, root, weight);
}

bool closure_summary(Summary *out, Program *program, const Function *f)
{
    Closure c = {.program = program};
    *out = (Summary){0};
    closure_enter(&c, f);
    while (c.npath && !c.failed) {
        Node *x = &c.nodes[c.path[c.npath - 1]];
        if (x->next < x->ncalls)
            closure_follow(&c, x, x->calls[x->next++]);
        else
            closure_leave(&c, out);
    }
    arena_free(&c.arena);
    return !c.failed;
}
