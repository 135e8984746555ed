/* elf/order.c - radix sort from the lowest digit up, of numbers with their indices beside them; digits that all numbers share are
 * passed over. The lower halves of the numbers first, then, where they differ, the upper ones: so they take less memory, which has to be
 * had from the system.
 */
#include "elf/order.h"

#include <stdlib.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, HALF_BITS = 32 };

typedef struct Keyed {
    uint32_t key;
    uint32_t item;
} Keyed;

static size_t digit_of(uint32_t number, unsigned shift) { return (size_t)(number >> shift) & (DIGITS - 1); }

static void digit_pass(Keyed *to, const Keyed *from, size_t n, unsigned shift)
{
    size_t place[DIGITS] = {0}, before = 0;
    for (size_t i = 0; i < n; i++)
        place[digit_of(from[i].key, shift)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t count = place[d];
        place[d] = before;
        before += count;
    }
    for (size_t i = 0; i < n; i++)
        to[place[digit_of(from[i].key, shift)]++] = from[i];
}

/* Sorts keyed[0 .. n) by means of keyed[n .. 2n); gives the half in which they then are. */
static const Keyed *keyed_sort(Keyed *keyed, size_t n, uint32_t differ)
{
    Keyed *from = keyed, *to = keyed + n;
    for (unsigned shift = 0; shift < HALF_BITS; shift += DIGIT_BITS) {
        if (digit_of(differ, shift) == 0)
            continue;
        digit_pass(to, from, n, shift);
        Keyed *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* Puts the half of the items' numbers that begins at bit `shift` beside them. Gives the bits in which the numbers differ. */
static uint64_t keyed_fill(Keyed *keyed, const uint32_t *items, size_t n, OrderKey *key, const void *things,
                           unsigned shift)
{
    uint64_t differ = 0, first = n ? key(things, items[0]) : 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t number = key(things, items[i]);
        keyed[i] = (Keyed){(uint32_t)(number >> shift), items[i]};
        differ |= number ^ first;
    }
    return differ;
}

static void items_take(uint32_t *items, const Keyed *sorted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        items[i] = sorted[i].item;
}

bool order_sort(uint32_t *items, size_t n, OrderKey *key, const void *things, uint64_t *keys)
{
    Keyed *keyed = calloc(n ? n : 1, 2 * sizeof *keyed);
    if (!keyed)
        return false;
    uint64_t differ = keyed_fill(keyed, items, n, key, things, 0), first = n ? key(things, items[0]) : 0;
    uint32_t high = (uint32_t)(differ >> HALF_BITS);
    const Keyed *sorted = keyed_sort(keyed, n, (uint32_t)differ);
    items_take(items, sorted, n);
    if (high) {
        keyed_fill(keyed, items, n, key, things, HALF_BITS);
        items_take(items, keyed_sort(keyed, n, high), n);
    }
    for (size_t i = 0; keys && i < n; i++)
        keys[i] = high ? key(things, items[i]) : (first >> HALF_BITS << HALF_BITS) | sorted[i].key;
    free(keyed);
    return true;
}

static int addr_order(const void *x, const void *y)
{
    const Addr *a = x, *b = y;
    return *a < *b ? -1 : *a > *b;
}

size_t order_addrs(Addr *items, size_t n)
{
    size_t kept = 0;
    if (n)
        qsort(items, n, sizeof *items, addr_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || items[i] != items[kept - 1])
            items[kept++] = items[i];
    return kept;
}

size_t order_from(const void *items, size_t n, size_t size, size_t at, uint64_t key)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        uint64_t number;
        memcpy(&number, (const char *)items + mid * size + at, sizeof number);
        if (number < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t order_after(const void *items, size_t n, size_t size, size_t at, uint64_t key)
{
    return key == UINT64_MAX ? n : order_from(items, n, size, at, key + 1);
}
