/* cli/u64map.h - numbers to numbers: open addressing, grows by doubling. */
#ifndef LVSCAN_CLI_U64MAP_H
#define LVSCAN_CLI_U64MAP_H

#include "elf/base.h"

typedef struct U64Entry {
    uint64_t key, value;
    bool used;
} U64Entry;

typedef struct U64Map {
    U64Entry *items; /* cap of them, a power of two */
    size_t n, cap;
} U64Map;

/* The value of `key`, 0 when it is new. Good until the next put. NULL when memory is used up. */
uint64_t *u64map_put(U64Map *m, uint64_t key);

/* The value of `key`, or NULL. */
uint64_t *u64map_find(const U64Map *m, uint64_t key);

void u64map_free(U64Map *m);

#endif
