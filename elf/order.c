/* elf/order.c - radix sort from the lowest digit up, of numbers with their indices beside them; digits that all numbers share are
 * passed over. */
#include "elf/order.h"

#include <stdlib.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

typedef struct Keyed {
    uint64_t key;
    uint32_t item;
} Keyed;

static size_t digit_of(uint64_t number, unsigned shift) { return (size_t)(number >> shift) & (DIGITS - 1); }

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
static const Keyed *keyed_sort(Keyed *keyed, size_t n, uint64_t differ)
{
    Keyed *from = keyed, *to = keyed + n;
    for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
        if (digit_of(differ, shift) == 0)
            continue;
        digit_pass(to, from, n, shift);
        Keyed *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

bool order_sort(uint32_t *items, size_t n, OrderKey *key, const void *things, uint64_t *keys)
{
    uint64_t differ = 0;
    Keyed *keyed = calloc(n ? n : 1, 2 * sizeof *keyed);
    for (size_t i = 0; keyed && i < n; i++) {
        keyed[i] = (Keyed){key(things, items[i]), items[i]};
        differ |= keyed[i].key ^ keyed[0].key;
    }
    const Keyed *sorted = keyed ? keyed_sort(keyed, n, differ) : NULL;
    for (size_t i = 0; sorted && i < n; i++) {
        items[i] = sorted[i].item;
        if (keys)
            keys[i] = sorted[i].key;
    }
    free(keyed);
    return keyed != NULL;
}
