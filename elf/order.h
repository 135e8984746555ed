/* elf/order.h - the order of many things by a number, without moving them. */
#ifndef LVSCAN_ELF_ORDER_H
#define LVSCAN_ELF_ORDER_H

#include "elf/base.h"

/* The number by which thing i is sorted. */
typedef uint64_t OrderKey(const void *things, uint32_t i);

/* Sorts the n indices in items[] by their things' numbers; those with the same number stay in their order. Work is linear in n,
 * whatever the numbers; 16 bytes an index are taken and given back. Their numbers go to keys[] (NULL: not wanted).
 * False when memory is used up. */
bool order_sort(uint32_t *items, size_t n, OrderKey *key, const void *things, uint64_t *keys);

/* Sorts n addresses, ascending, and leaves each once; gives how many these are. */
size_t order_addrs(Addr *items, size_t n);

/* Of n items of `size` bytes each, ascending by the 64-bit number that stands `at` bytes into each: the index of the first whose
 * number is key or more, and of the first whose number is more than key; n where there is none. */
size_t order_from(const void *items, size_t n, size_t size, size_t at, uint64_t key);
size_t order_after(const void *items, size_t n, size_t size, size_t at, uint64_t key);

#endif
