/* analysis/origins.c - see origins.h. */
#include "analysis/origins.h"

#include <string.h>

enum { ORIGINS_MAX = 200, TRACE_MAX = 4096 };

typedef struct Trace {
    Values *v;
    Arena *arena;
    unsigned width;
    Origins *out;
    ValueId *seen; /* values visited; those from `next` on are still to be followed */
    size_t n, cap, next;
    ValueId *frozen; /* joins that are origins themselves */
    size_t nfrozen, cap_frozen;
    bool failed;
} Trace;

static bool among(const ValueId *ids, size_t n, ValueId id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void trace_push(Trace *t, ValueId id)
{
    id = values_rep(t->v, id);
    if (t->n == TRACE_MAX) {
        t->failed = true;
        return;
    }
    if (among(t->seen, t->n, id))
        return;
    if (!arena_grow(t->arena, (void **)&t->seen, t->n, &t->cap, sizeof *t->seen)) {
        t->failed = true;
        return;
    }
    t->seen[t->n++] = id;
}

static void origin_put(Trace *t, Origin o)
{
    Origins *out = t->out;
    if (out->n == ORIGINS_MAX || !arena_grow(t->arena, (void **)&out->items, out->n, &out->cap, sizeof *out->items)) {
        t->failed = true;
        return;
    }
    out->items[out->n++] = o;
}

/* A value that is there when a block begins: its origin is the block's first step, which must leave it alone. */
static void origin_join(Trace *t, const Value *value)
{
    uint32_t step = t->v->body->blocks[value->at].first;
    if (values_step_writes(t->v, step, value->cell))
        t->failed = true;
    else
        origin_put(t, (Origin){DEF_MERGE, step, value->cell});
}

static uint8_t step_kind(const Values *v, const Value *value)
{
    const Move *m = &v->moves[value->at];
    if (m->is_call)
        return DEF_CALL;
    return m->kind == MOVE_LOAD && m->dst == value->cell ? DEF_LOAD : DEF_COMPUTE;
}

static void trace_step(Trace *t, ValueId id)
{
    Link l = values_link(t->v, id);
    Value value = t->v->values[id];
    if (l.kind == MOVE_COPY && l.bits >= t->width)
        trace_push(t, l.base);
    else
        origin_put(t, (Origin){step_kind(t->v, &value), value.at, value.cell});
}

/* A register, or the stack above the return address. */
static bool is_argument(const Values *v, Cell c)
{
    return c < CELL_SLOT0 || (v->slots[c - CELL_SLOT0].at.base == 0 && v->slots[c - CELL_SLOT0].at.off >= 8);
}

static void trace_value(Trace *t, ValueId id)
{
    Value value = t->v->values[id];
    switch (value.kind) {
    case VALUE_ARGUMENT:
        if (is_argument(t->v, value.cell)) /* else: stack that nobody has written yet; no def on that way */
            origin_put(t, (Origin){DEF_ARGUMENT, 0, value.cell});
        break;
    case VALUE_PAD: origin_join(t, &value); break;
    case VALUE_STEP: trace_step(t, id); break;
    default:
        if (among(t->frozen, t->nfrozen, id)) {
            origin_join(t, &value);
            break;
        }
        for (uint32_t i = 0; i < value.noperands; i++)
            trace_push(t, value.operands[i]);
    }
}

static bool same_moment(const Origin *a, const Origin *b)
{
    if (a->kind == DEF_ARGUMENT || b->kind == DEF_ARGUMENT)
        return a->kind == b->kind;
    return a->step == b->step;
}

static bool has_conflict(const Origins *o)
{
    for (size_t i = 0; i < o->n; i++)
        for (size_t k = i + 1; k < o->n; k++)
            if (same_moment(&o->items[i], &o->items[k]))
                return true;
    return false;
}

static bool trace_run(Trace *t, ValueId root)
{
    t->out->n = 0;
    t->n = t->next = 0;
    t->failed = false;
    trace_push(t, root);
    while (t->next < t->n && !t->failed)
        trace_value(t, t->seen[t->next++]);
    return !t->failed && t->out->n > 0;
}

static void freeze(Trace *t, ValueId id)
{
    if (arena_grow(t->arena, (void **)&t->frozen, t->nfrozen, &t->cap_frozen, sizeof *t->frozen))
        t->frozen[t->nfrozen++] = id;
    else
        t->failed = true;
}

/* Freezes the joins that join two values of one moment directly. */
static bool freeze_conflicts(Trace *t)
{
    size_t before = t->nfrozen;
    for (size_t i = 0; i < t->n; i++) {
        const Value *value = &t->v->values[t->seen[i]];
        if (value->kind != VALUE_PHI)
            continue;
        unsigned arguments = 0;
        for (uint32_t k = 0; k < value->noperands; k++)
            arguments += t->v->values[values_rep(t->v, value->operands[k])].kind == VALUE_ARGUMENT;
        if (arguments > 0)
            freeze(t, t->seen[i]);
    }
    return t->nfrozen > before && !t->failed;
}

bool origins_find(Origins *out, Values *v, ValueId root, unsigned width, bool whole, Arena *arena)
{
    Trace t = {.v = v, .arena = arena, .width = width, .out = out};
    *out = (Origins){0};
    if (whole)
        freeze(&t, values_rep(v, root));
    if (!trace_run(&t, root))
        return false;
    if (!has_conflict(out))
        return true;
    if (freeze_conflicts(&t) && trace_run(&t, root) && !has_conflict(out))
        return true;
    freeze(&t, values_rep(v, root));
    return trace_run(&t, root) && !has_conflict(out);
}

bool origins_within(const Origins *a, const Origins *b)
{
    for (size_t i = 0; i < a->n; i++) {
        bool found = false;
        for (size_t k = 0; k < b->n && !found; k++)
            found = a->items[i].kind == b->items[k].kind && a->items[i].step == b->items[k].step &&
                    a->items[i].cell == b->items[k].cell;
        if (!found)
            return false;
    }
    return true;
}
