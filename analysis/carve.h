/* analysis/carve.h - where a function's code ends, when no table says so: at the first end of control flow that no branch seen so
 * far goes beyond. Tables of jumps are taken into account as far as their look gives them away. It is a good guess, no proof. */
#ifndef LVSCAN_ANALYSIS_CARVE_H
#define LVSCAN_ANALYSIS_CARVE_H

#include "analysis/program.h"

/* Told of every instruction. */
typedef void CarveSee(void *context, const Insn *insn);

/* The end of the code that begins at `start`, in one segment: `limit` at most; `start` where nothing decodes. */
Addr carve_end(const Program *program, Addr start, Addr limit, CarveSee *see, void *context);

/* The first address at or after `at` that holds no padding (int3, nops, zeroes up to a multiple of 16); `limit` where there is none before. */
Addr carve_padding(const Image *image, Addr at, Addr limit);

/* May a function begin at `at`, as its first instruction says? It does not read what a function is not given (psABI 3.2.1). */
bool carve_given(const Program *program, Addr at);

/* May one begin there, behind code that began at `from` and has ended? Not where it jumps back into that, either. */
bool carve_begins(const Program *program, Addr from, Addr at, Addr limit);

#endif
