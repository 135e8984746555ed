/* analysis/function.h - a function as found in the file: where it is, its name, how it was found. */
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

static inline bool part_holds(Part part, Addr pc) { return pc - part.start < part.end - part.start; }

/* A small value, made when it is asked for (program_function); the file's functions are kept as rows (analysis/functions.h). */
typedef struct Function {
    Addr start, end;   /* its entry, and where the code that follows it ends */
    const Part *parts; /* all of it, the entry's first: only in results, where a body has shown its .cold parts */
    size_t nparts;     /* 0: [start, end) is all that is known */
    Str name;          /* linkage name; p == NULL: none */
    Str demangled;     /* p == NULL: none, or not asked for (program_demangled) */
    uint8_t found_by;  /* FoundBy */
    bool unsure;       /* that it begins here, and is entered nowhere else, is likely but not sure: see FoundBy */
    bool fragment; /* a piece of another function (a .cold part whose parent is not known yet): never analysed alone */
} Function;

/* Bytes of all parts. */
uint64_t function_size(const Function *f);

/* Does [start, end) hold pc? */
static inline bool function_holds(const Function *f, Addr pc) { return pc - f->start < f->end - f->start; }

#endif
