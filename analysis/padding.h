/* analysis/padding.h - functions that nothing but the padding before them shows, in much code without tables.
 *
 * Linkers fill what lies between functions, which begin at multiples of 16, with int3 (LLVM's). From one such place to the next is
 * a block; a block whose code ends early (analysis/carve.h) at a multiple of 16 holds another function that fitted exactly. So which
 * function an address lies in is known from some hundred bytes around it, and nobody needs to read 200 MB for one answer.
 *
 * It is a good guess: what rests on it is marked as not wholly known (Function.unsure).
 */
#ifndef LVSCAN_ANALYSIS_PADDING_H
#define LVSCAN_ANALYSIS_PADDING_H

#include "analysis/rows.h"

/* Is the code that program->known leaves out of the kind described? From a sample of it. */
bool padding_usable(const struct Program *program);

/* The end of the block that holds pc, an address in a gap between the known functions; the gap's end where no block ends before. */
Addr padding_block_end(const struct Program *program, Addr pc);

/* The function that holds pc; false where there is none. */
bool padding_function(const struct Program *program, Addr pc, FunctionRow *out);

/* Adds all that begin in the blocks that [from, to), addresses of one gap, touches. */
void padding_rows(const struct Program *program, Addr from, Addr to, RowList *out);

/* Fills the list, which is empty, with all there are and all that are known, in order. */
void padding_all(const struct Program *program, RowList *out);

#endif
