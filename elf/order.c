/* elf/order.c - radix sort from the lowest digit up; digits that all numbers share are passed over. */
#include "elf/order.h"

#include <stdlib.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

static size_t digit_of(uint64_t number, unsigned shift) { return (size_t)(number >> shift) & (DIGITS - 1); }

static void digit_pass(uint32_t *to, const uint32_t *from, size_t n, unsigned shift, OrderKey *key, const void *things)
{
    size_t place[DIGITS] = {0}, before = 0;
    for (size_t i = 0; i < n; i++)
        place[digit_of(key(things, from[i]), shift)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t count = place[d];
        place[d] = before;
        before += count;
    }
    for (size_t i = 0; i < n; i++)
        to[place[digit_of(key(things, from[i]), shift)]++] = from[i];
}

bool order_sort(uint32_t *items, size_t n, OrderKey *key, const void *things)
{
    uint64_t differ = 0;
    bool sorted = true;
    for (size_t i = 1; i < n; i++) {
        uint64_t last = key(things, items[i - 1]), now = key(things, items[i]);
        differ |= last ^ now;
        sorted &= last <= now;
    }
    if (sorted)
        return true;
    uint32_t *other = calloc(n, sizeof *other), *from = items, *to = other;
    for (unsigned shift = 0; other && shift < 64; shift += DIGIT_BITS) {
        if (digit_of(differ, shift) == 0)
            continue;
        digit_pass(to, from, n, shift, key, things);
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (other && from != items)
        memcpy(items, from, n * sizeof *items);
    free(other);
    return other != NULL;
}
