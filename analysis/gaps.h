/* analysis/gaps.h - functions in gaps: in a file whose tables and symbols know most of the code, code that they leave out (of the C
 * library's start files, hand-written assembly), found by what leads there.
 *
 * Nothing in a gap is taken for code unless something leads to it: assembly keeps constants there, too. */
#ifndef LVSCAN_ANALYSIS_GAPS_H
#define LVSCAN_ANALYSIS_GAPS_H

#include "analysis/rows.h"
#include "x86/insn.h"

/* Told where an instruction leads, and how (FOUND_CALL, FOUND_JUMP, FOUND_POINTER). */
typedef void LeadSee(void *context, Addr target, unsigned by);

/* Tells of what it calls, jumps to or takes the address of; `fixed`: the program's addresses are what they are in the file. */
void insn_leads(const Insn *insn, bool fixed, LeadSee *see, void *context);

/* The gap that holds addr: code between two of the rows, in one segment. False: there is none. */
bool gap_at(const struct Program *program, const RowList *rows, Addr addr, Part *out);

/* What of a gap is more than padding and the PLT; empty: nothing. */
Part gap_core(const struct Program *program, Part gap);

/* Adds what the known functions' code and the file's data lead to in the gaps between the rows, which are in order and do not run
 * into each other. Reads all known code, but only if some gap holds more than padding and the PLT. */
void gaps_leads(const struct Program *program, const RowList *rows, RowList *leads);

/* Adds to `found`, in order, the functions that begin where a lead (in any order) goes into a gap between the rows, and those that their
 * code leads to, and when `rest`, what stands behind those.
 * Those of FOUND_ENTRY and FOUND_INIT are believed; others must look like code. */
void gaps_follow(const struct Program *program, const RowList *rows, const RowList *leads, bool rest, RowList *found);

/* What lies in the gaps between program->known: found when it is first asked for. */
typedef struct Gaps Gaps;

/* NULL: memory is used up. */
Gaps *gaps_open(void);
void gaps_close(Gaps *gaps);

/* All functions in gaps; they last as long as the Gaps. False when memory is used up. Any thread may ask. */
bool gaps_rows(Gaps *gaps, const struct Program *program, Functions *out);

/* The one that holds pc, which none of program->known does; NULL: none. They are not searched for when pc lies in padding. */
const FunctionRow *gaps_row(Gaps *gaps, const struct Program *program, Addr pc);

#endif
