/* cli/u64map.c - see u64map.h. */
#include "cli/u64map.h"

#include <stdlib.h>

/* Fibonacci hashing: the top bits of key * 2^64/phi. */
static U64Entry *slot_of(const U64Map *m, uint64_t key)
{
    size_t i = (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (m->cap - 1);
    while (m->items[i].used && m->items[i].key != key)
        i = (i + 1) & (m->cap - 1);
    return &m->items[i];
}

static bool grow(U64Map *m)
{
    U64Map bigger = {.cap = m->cap ? m->cap * 2 : 64, .n = m->n};
    bigger.items = calloc(bigger.cap, sizeof *bigger.items);
    if (!bigger.items)
        return false;
    for (size_t i = 0; i < m->cap; i++)
        if (m->items[i].used)
            *slot_of(&bigger, m->items[i].key) = m->items[i];
    free(m->items);
    *m = bigger;
    return true;
}

uint64_t *u64map_put(U64Map *m, uint64_t key)
{
    if (m->n >= m->cap / 2 && !grow(m))
        return u64map_find(m, key);
    U64Entry *e = slot_of(m, key);
    if (!e->used) {
        *e = (U64Entry){key, 0, true};
        m->n++;
    }
    return &e->value;
}

uint64_t *u64map_find(const U64Map *m, uint64_t key)
{
    U64Entry *e = m->cap ? slot_of(m, key) : NULL;
    return e && e->used ? &e->value : NULL;
}

void u64map_free(U64Map *m)
{
    free(m->items);
    *m = (U64Map){0};
}
