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

#endif
