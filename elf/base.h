/* elf/base.h - the words every layer above shares: addresses, offsets, bytes, arenas, diagnostics. */
#ifndef LVSCAN_ELF_BASE_H
#define LVSCAN_ELF_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A virtual address as the ELF file states it, before any load bias ("pc"). */
typedef uint64_t Addr;

/* An offset into the file. A struct, so that mixing it with an Addr does not compile. */
typedef struct Off {
    uint64_t v;
} Off;

/* Bytes that somebody else owns. */
typedef struct Bytes {
    const uint8_t *p;
    size_t n;
} Bytes;

/* Text that somebody else owns: n bytes, not NUL-terminated, possibly hostile (escape before printing). */
typedef struct Str {
    const char *p; /* NULL: there is none */
    size_t n;
} Str;

bool str_eq(Str a, Str b);
Str str_of(const char *z); /* z NUL-terminated; NULL gives the Str that is none */

/* What went wrong and where. Libraries fill one and return false; only cli/ prints it. */
typedef struct Diag {
    uint64_t off;   /* file offset (elf) or address (analysis) that it is about; 0 where it has none */
    char what[160]; /* one line, no full stop: "program header table lies outside the file" */
} Diag;

/* Fills *d (if not NULL) as printf would; returns false, so that a caller can `return diag_set(...)`. */
bool diag_set(Diag *d, uint64_t off, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* An arena: memory that is freed all at once. Zero-initialise it: `Arena a = {0};`
 * Invariant: every block's bytes are zero when handed out. */
typedef struct ArenaChunk ArenaChunk;
typedef struct Arena {
    ArenaChunk *chunk; /* newest first */
    size_t used;       /* bytes handed out of the newest chunk */
    size_t total;      /* bytes handed out since the last reset, over all chunks */
    size_t limit;      /* total may not pass it; 0: no limit */
    bool failed;       /* something was refused since it was zero-initialised: what was made of it may be incomplete */
} Arena;

/* n*size zeroed bytes aligned for any object, or NULL when memory or the arena's limit is used up
 * or n*size overflows. n or size 0 gives a unique non-NULL pointer. */
void *arena_alloc(Arena *a, size_t n, size_t size);

/* A copy of n items of `size` bytes each; NULL as arena_alloc. */
void *arena_items(Arena *a, const void *items, size_t n, size_t size);

/* A copy of n bytes with a NUL after them; NULL as arena_alloc. */
char *arena_copy(Arena *a, const void *p, size_t n);

/* Frees everything but keeps one chunk of at most 1 MB for reuse; arena_free keeps nothing. Both keep the limit. */
void arena_reset(Arena *a);
void arena_free(Arena *a);

/* Grows the array *items (of *cap elements of `size` bytes, `n` in use) so that it holds one more.
 * Returns false when memory is used up. The old array stays in the arena until its reset. */
bool arena_grow(Arena *a, void **items, size_t n, size_t *cap, size_t size);

#endif
