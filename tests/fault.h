/* tests/fault.h - allocations and mappings of the program under test that fail when asked to. A test that includes it is linked
 * with --wrap (Makefile): malloc, calloc, realloc, mmap, arena_alloc, arena_copy, arena_items and arena_grow of all of lvscan come here first. */
#ifndef LVSCAN_TESTS_FAULT_H
#define LVSCAN_TESTS_FAULT_H

#include "elf/base.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Which allocation fails: number `at` (from 1; 0: none), and when `on`, all after it. */
static struct {
    uint64_t count, at;
    bool on;
} fault;

static void fault_set(uint64_t at, bool on)
{
    fault.count = 0;
    fault.at = at;
    fault.on = on;
}

static bool fault_now(void)
{
    uint64_t count = ++fault.count;
    return fault.at && (count == fault.at || (fault.on && count > fault.at));
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__real_arena_alloc(Arena *a, size_t n, size_t size);
void *__wrap_arena_alloc(Arena *a, size_t n, size_t size);
bool __real_arena_grow(Arena *a, void **items, size_t n, size_t *cap, size_t size);
bool __wrap_arena_grow(Arena *a, void **items, size_t n, size_t *cap, size_t size);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);

void *__wrap_malloc(size_t n) { return fault_now() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return fault_now() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return fault_now() ? NULL : __real_realloc(p, n); }
static bool fault_of(Arena *a)
{
    bool now = fault_now();
    a->failed |= now;
    return now;
}

void *__wrap_arena_alloc(Arena *a, size_t n, size_t size)
{
    return fault_of(a) ? NULL : __real_arena_alloc(a, n, size);
}
void *__real_arena_items(Arena *a, const void *items, size_t n, size_t size);
void *__wrap_arena_items(Arena *a, const void *items, size_t n, size_t size);
char *__real_arena_copy(Arena *a, const void *p, size_t n);
char *__wrap_arena_copy(Arena *a, const void *p, size_t n);
/* These three are counted where they allocate: they call arena_alloc in their own file, which --wrap does not see. */
char *__wrap_arena_copy(Arena *a, const void *p, size_t n) { return fault_of(a) ? NULL : __real_arena_copy(a, p, n); }
void *__wrap_arena_items(Arena *a, const void *items, size_t n, size_t size)
{
    return fault_of(a) ? NULL : __real_arena_items(a, items, n, size);
}
bool __wrap_arena_grow(Arena *a, void **items, size_t n, size_t *cap, size_t size)
{
    return !(n >= *cap && fault_of(a)) && __real_arena_grow(a, items, n, cap, size);
}
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
    errno = ENOMEM;
    return fault_now() ? MAP_FAILED : __real_mmap(at, n, prot, flags, fd, off);
}

#endif
