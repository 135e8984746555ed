/* elf/relr.h - DT_RELR: relative relocations packed 63 to a word (gABI ch. 4, "Relative Relocation Table"). */
#ifndef LVSCAN_ELF_RELR_H
#define LVSCAN_ELF_RELR_H

#include "elf/image.h"

/* The table, as far as it goes upward; it is read where it lies. */
typedef struct Relr {
    Bytes words;
    Addr *marks; /* the address that the words from each RELR_STRIDE-th on count from */
    size_t nmarks;
} Relr;

enum { RELR_STRIDE = 64 };

/* False when memory is used up. */
bool relr_open(Relr *out, Bytes words, Arena *arena);

/* Is the word of memory at addr one of the table's? */
bool relr_holds(const Relr *r, Addr addr);

/* A walk over all: start with {0}. Gives the next address; false at the end. */
typedef struct RelrWalk {
    size_t at;     /* of the next word, in bytes */
    Addr next;     /* what it counts from */
    Addr base;     /* the bitmap at hand: the address of its lowest bit, */
    uint64_t bits; /* and what is left of it */
} RelrWalk;
bool relr_next(const Relr *r, RelrWalk *w, Addr *addr);

#endif
