/* analysis/sweep.h - functions of code without tables, from all of the code: where it calls, what it and the data point to, where
 * it jumps, and what stands behind the end of other functions. */
#ifndef LVSCAN_ANALYSIS_SWEEP_H
#define LVSCAN_ANALYSIS_SWEEP_H

#include "analysis/rows.h"

/* Adds what is called or pointed to anywhere (FOUND_CALL, FOUND_POINTER), in order. */
void sweep_references(const struct Program *program, RowList *out);

/* Adds, in order, those of the rows (in order) that only the code tells of, each up to where its code ends, and what that code leads to
 * or leaves over: where it jumps out (FOUND_JUMP), and what padding puts at a multiple of 16 behind its end (FOUND_PADDING). */
void sweep_spans(const struct Program *program, const FunctionRow *rows, size_t n, RowList *out);

#endif
