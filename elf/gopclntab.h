/* elf/gopclntab.h - function starts and names from Go's .gopclntab (versions 1.2, 1.16, 1.18, 1.20). */
#ifndef LVSCAN_ELF_GOPCLNTAB_H
#define LVSCAN_ELF_GOPCLNTAB_H

#include "elf/slots.h"

typedef enum GoVersion { GO_1_2, GO_1_16, GO_1_18 } GoVersion;

/* The table, read where it lies. */
typedef struct GoTable {
    const Image *image;
    const Slots *slots; /* its addresses may be left to relocations */
    GoVersion version;
    Addr addr;
    Bytes bytes;      /* from there to the end of the segment's file part */
    size_t n;         /* functions; 0: there is no table */
    Addr text;        /* what rows count from: 0 to 1.16 */
    uint64_t records; /* offset that rows' offsets count from */
    uint64_t rows;    /* offset of the function table */
    Bytes names;
} GoTable;

/* Finds the table by section name or by its magic in read-only segments. False when there is none. */
bool gopclntab_open(GoTable *out, const Image *image, const Slots *slots);

/* Where function i < n lies; false when the row says what cannot be. Rows of a sane table go upward; this does not see to it. */
bool gopclntab_function(const GoTable *t, size_t i, Addr *start, Addr *end);

/* The name of function i < n, or none. */
Str gopclntab_name(const GoTable *t, size_t i);

#endif
