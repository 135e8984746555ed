/* elf/base.c - Str, Diag and the arena: chunks from calloc, doubling from 64 KB; a big block gets a chunk of its own.
 *
 * A few chunks of 64 KB that were given back are kept, zeroed, for the next arenas: most are small and live for one function. An allocator
 * that returns such memory to the system at once, as musl's does, takes half of the whole run's time for that.
 */
#include "elf/base.h"

#include "elf/format.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Sanitizers are to see who uses what was given back; for coverage (make cover) allocations are made to fail, as under those. */
#if defined(__SANITIZE_ADDRESS__) || defined(LVSCAN_UNCONFINED)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

enum { ALIGN = 16, SPARES = 8 };
#define CHUNK_MIN ((size_t)64 << 10)
#define CHUNK_MAX ((size_t)16 << 20)
#define KEEP_MAX  ((size_t)1 << 20) /* arena_reset gives larger chunks back */

struct ArenaChunk {
    ArenaChunk *next; /* older */
    size_t size;      /* of bytes[] */
    _Alignas(ALIGN) unsigned char bytes[];
};

bool str_eq(Str a, Str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }

Str str_of(const char *z) { return (Str){z, z ? strlen(z) : 0}; }

bool diag_set(Diag *d, uint64_t off, const char *format, ...)
{
    if (!d)
        return false;
    va_list args;
    va_start(args, format);
    d->off = off;
    format_list(d->what, sizeof d->what, format, args);
    va_end(args);
    return false;
}

static _Atomic(ArenaChunk *) spares[SPARES];

static ArenaChunk *spare_take(void)
{
    ArenaChunk *c = NULL;
    for (size_t i = 0; !c && i < SPARES; i++)
        c = atomic_exchange(&spares[i], NULL);
    return c;
}

static bool spare_keep(ArenaChunk *c, size_t used)
{
    memset(c->bytes, 0, used);
    c->next = NULL;
    for (size_t i = 0; i < SPARES; i++) {
        ArenaChunk *none = NULL;
        if (atomic_compare_exchange_strong(&spares[i], &none, c))
            return true;
    }
    return false;
}

/* Gives the chunk back, of which so many bytes were used. */
static void chunk_free(ArenaChunk *c, size_t used)
{
    if (SANITIZED || c->size != CHUNK_MIN || !spare_keep(c, used))
        free(c);
}

static ArenaChunk *chunk_new(size_t size)
{
    ArenaChunk *c = size == CHUNK_MIN ? spare_take() : NULL;
    if (c || size > SIZE_MAX - sizeof *c)
        return c;
    c = calloc(1, sizeof *c + size);
    if (c)
        c->size = size;
    return c;
}

/* A block of its own, linked behind the newest chunk so that the newest goes on being filled. */
static void *alloc_big(Arena *a, size_t bytes)
{
    ArenaChunk *c = chunk_new(bytes);
    if (!c)
        return NULL;
    if (a->chunk) {
        c->next = a->chunk->next;
        a->chunk->next = c;
    } else {
        a->chunk = c;
        a->used = bytes;
    }
    a->total += bytes;
    return c->bytes;
}

static bool chunk_push(Arena *a)
{
    size_t size = a->chunk && a->chunk->size >= CHUNK_MIN ? a->chunk->size * 2 : CHUNK_MIN;
    ArenaChunk *c = chunk_new(size > CHUNK_MAX ? CHUNK_MAX : size);
    if (!c)
        return false;
    c->next = a->chunk;
    a->chunk = c;
    a->used = 0;
    return true;
}

static void *block_alloc(Arena *a, size_t n, size_t size)
{
    if (size != 0 && n > (SIZE_MAX - ALIGN) / size)
        return NULL;
    size_t bytes = n * size;
    bytes = bytes > 0 ? (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
    if (a->limit && (a->total > a->limit || bytes > a->limit - a->total))
        return NULL;
    if (a->chunk && bytes <= a->chunk->size - a->used)
        ;
    else if (bytes > CHUNK_MIN / 4)
        return alloc_big(a, bytes);
    else if (!chunk_push(a))
        return NULL;
    void *p = a->chunk->bytes + a->used;
    a->used += bytes;
    a->total += bytes;
    return p;
}

void *arena_alloc(Arena *a, size_t n, size_t size)
{
    void *p = block_alloc(a, n, size);
    a->failed |= !p;
    return p;
}

void *arena_items(Arena *a, const void *items, size_t n, size_t size)
{
    void *copy = arena_alloc(a, n, size);
    if (copy && n)
        memcpy(copy, items, n * size);
    return copy;
}

char *arena_copy(Arena *a, const void *p, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(a, n + 1, 1);
    if (copy && n)
        memcpy(copy, p, n);
    return copy;
}

void arena_reset(Arena *a)
{
    ArenaChunk *keep = a->chunk;
    if (!keep || keep->size > KEEP_MAX) {
        arena_free(a);
        return;
    }
    for (ArenaChunk *c = keep->next, *next; c; c = next) {
        next = c->next;
        chunk_free(c, c->size);
    }
    keep->next = NULL;
    memset(keep->bytes, 0, a->used);
    a->used = a->total = 0;
}

void arena_free(Arena *a)
{
    for (ArenaChunk *c = a->chunk, *next; c; c = next) {
        next = c->next;
        chunk_free(c, c == a->chunk ? a->used : c->size);
    }
    *a = (Arena){.limit = a->limit, .failed = a->failed};
}

bool arena_grow(Arena *a, void **items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    if (*cap > SIZE_MAX / 2)
        return false;
    size_t more = *cap ? *cap * 2 : 16;
    void *p = arena_alloc(a, more, size);
    if (!p)
        return false;
    if (n)
        memcpy(p, *items, n * size);
    *items = p;
    *cap = more;
    return true;
}
