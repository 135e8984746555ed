/* analysis/functions.h - which functions a file has: from symbols, unwind tables, Go's table, the entry point and the
 * functions that run at start and end; without tables, from the code itself (analysis/sweep.h). In much code without tables
 * (chromium) only those are found that are asked for, each from the code around it (analysis/padding.h).
 *
 * A row says where code that may be a function lies and what said so; its name and what else costs a lookup is found out when
 * a Function is made of it. */
#ifndef LVSCAN_ANALYSIS_FUNCTIONS_H
#define LVSCAN_ANALYSIS_FUNCTIONS_H

#include "elf/base.h"

typedef struct FunctionRow {
    Addr start;
    uint32_t size;         /* > 0; what is beyond 4 GB is left out */
    uint32_t source : 27;  /* of a row that Go's table gave: its index there */
    uint32_t unsure : 1;   /* other code jumps into its middle, or none can be expected to begin there */
    uint32_t found_by : 4; /* FoundBy */
} FunctionRow;

/* All rows, upward by start, none running into the next. */
typedef struct Functions {
    FunctionRow *rows;
    size_t n;
} Functions;

struct Program;

/* Fills program->known, and program->functions with the same, from what is open already; program->padded where others must be asked
 * for. What lies in gaps between them (analysis/gaps.h) is left for later, as all code must be read for it. False when memory is
 * used up. */
bool functions_find(struct Program *program, Diag *diag);
void functions_close(struct Program *program);

/* The row of those known, or in a gap between them, that holds pc; NULL: none. The first time that what a gap holds is asked for, all gaps
 * are searched. Any thread may ask. */
const FunctionRow *functions_at(const struct Program *program, Addr pc);

/* Makes what lies in gaps part of program->functions. False when memory is used up. */
bool functions_fill(struct Program *program);

/* Makes program->functions of what is known and these rows, in order. False when memory is used up. */
bool functions_add(struct Program *program, const FunctionRow *rows, size_t n);

/* Finds all that are left to be asked for, in gaps or without any table. False when memory is used up. */
bool functions_complete(struct Program *program);

/* The row that holds pc, or SIZE_MAX. By bisection. */
size_t functions_row(const Functions *f, Addr pc);

static inline Addr row_end(const FunctionRow *row) { return row->start + row->size; }

#endif
