/* elf/names.h - names out of a string table, with a bound on the work: a hostile table can make a million symbols
 * each name the same megabyte. */
#ifndef LVSCAN_ELF_NAMES_H
#define LVSCAN_ELF_NAMES_H

#include "elf/cursor.h"

enum { NAME_BYTES_MAX = 64 << 10 };

typedef struct Names {
    Bytes strings;
    uint64_t budget; /* bytes that may still be looked at */
} Names;

/* For about `count` lookups: enough for any sane table, linear in what the file holds. */
Names names_open(Bytes strings, uint64_t count);

/* The text at off; none when it is empty, not terminated, over NAME_BYTES_MAX, or the budget is used up. */
Str names_at(Names *names, uint64_t off);

#endif
