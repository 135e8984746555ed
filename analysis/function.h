/* analysis/function.h - a function as found in the file: its parts, its name, how it was found. */
#ifndef LVSCAN_ANALYSIS_FUNCTION_H
#define LVSCAN_ANALYSIS_FUNCTION_H

#include "elf/base.h"

typedef enum FoundBy {
    FOUND_SYMTAB,
    FOUND_DYNSYM,
    FOUND_EH_FRAME,
    FOUND_PCLNTAB,
    FOUND_ENTRY,
    FOUND_INIT,
    FOUND_POINTER,
    FOUND_CALL,
    FOUND_JUMP,
    FOUND_PADDING
} FoundBy;

const char *found_by_name(unsigned found_by); /* "symtab" ... as in CONTRACT.md section 7 */

/* A half-open interval of addresses. */
typedef struct Part {
    Addr start, end;
} Part;

typedef struct Function {
    Addr start;  /* its entry */
    Part *parts; /* the first holds the entry; more: .cold parts */
    size_t nparts;
    Str name;         /* linkage name; p == NULL: none */
    Str demangled;    /* p == NULL: none, or not asked for (see function_names) */
    uint8_t found_by; /* FoundBy */
    size_t index;     /* in Functions.items */
    bool fragment; /* a piece of another function (a .cold part whose parent is not known yet): never analysed alone */
} Function;

/* Bytes of all parts. */
uint64_t function_size(const Function *f);

/* Does one of its parts hold pc? */
bool function_holds(const Function *f, Addr pc);

/* Is pc where one of its parts starts? */
bool function_is_part_start(const Function *f, Addr pc);

#endif
