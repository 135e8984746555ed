/* analysis/glance.h - what one look at a function's instructions, in order of address, says of the answer: no variable of the
 * function scores more than this. A twentieth of the work of analysing it, which is then often not needed.
 *
 * Taken in are the parts that the function's body (analysis/body.h) may have: its own, and those that jumps and landing pads
 * lead to. What can't be told by looking (bytes that do not decode, jumps into instructions) promises everything.
 *
 * Not looked for, as no compiler was seen to make it: jump tables at an address that no instruction names, or of other words than
 * those of 8 bytes and those of 4 that are added to the table's address; an index whose low bits a mask clears; sums, masks and shifts that
 * are compared with what a callee returned, or with a sum of numbers.
 */
#ifndef LVSCAN_ANALYSIS_GLANCE_H
#define LVSCAN_ANALYSIS_GLANCE_H

#include "analysis/search.h"

/* A thread's share: it must not move. */
typedef struct Glancer {
    Program *program;
    const Query *query;
    bool near[256]; /* by low byte: some number that is asked for, or next to such, has it */
    Arena work;     /* of the function looked at */
} Glancer;

/* More than any score. */
#define GLANCE_ALL 2.0

typedef struct Glance {
    double bound;   /* no variable of the function scores more; 0: it compares nothing with what is asked for */
    double through; /* the same if one of its callees returned a number that is asked for */
    double likely;  /* what its best variable seems to score: only says whom to look at first */
    bool returns;   /* it may itself return one that it names */
    bool passes;    /* or one that a callee returned */
} Glance;

void glancer_open(Glancer *g, Program *program, const Query *query);
void glancer_close(Glancer *g);

/* Looks at f. Memory that is used up is no failure: the function then promises everything. */
Glance glance_at(Glancer *g, const Function *f);

#endif
