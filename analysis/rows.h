/* analysis/rows.h - lists of rows (analysis/functions.h) as the sources of functions make them. */
#ifndef LVSCAN_ANALYSIS_ROWS_H
#define LVSCAN_ANALYSIS_ROWS_H

#include "analysis/function.h"
#include "analysis/functions.h"
#include "elf/image.h"

/* Rows in `arena`. Once memory was used up, `failed` stays set and nothing is added. */
typedef struct RowList {
    Arena *arena;
    FunctionRow *items;
    size_t n, cap;
    bool failed;
} RowList;

/* ROW_SOURCE_MAX: the largest FunctionRow.source. */
enum { ROW_SOURCE_MAX = (1 << 27) - 1 };

/* A row of [start, end); end == start: its end is not known. `by` is a FoundBy. */
FunctionRow row_make(Addr start, Addr end, unsigned by);
void rows_add(RowList *list, FunctionRow row);

/* Was it the code that showed it, and no table or symbol? */
static inline bool row_is_swept(const FunctionRow *row) { return row->found_by >= FOUND_ENTRY; }

/* Order of start, and at one start the better source first. */
int row_order(const void *x, const void *y);

/* Merges b into a; the result, with room for `spare` more, lies in `arena`, which is a's from then on. Both must be in order. */
void rows_merge(RowList *a, const FunctionRow *b, size_t n, size_t spare, Arena *arena);

/* Leaves out what is empty or has no bytes in the file. */
void rows_clean(RowList *list, const Image *image);

/* The first of n rows in order that ends after pc; n: none does. By bisection. */
size_t rows_after(const FunctionRow *rows, size_t n, Addr pc);

#endif
