/* analysis/holds.h - what single steps and edges do to what the cells hold: the transfer functions of the forward proof (ranges.h).
 *
 * `holds` are always the proof's ncells + 1: one for each cell, and one for the memory at `mem`.
 */
#ifndef LVSCAN_ANALYSIS_HOLDS_H
#define LVSCAN_ANALYSIS_HOLDS_H

#include "analysis/ranges.h"

enum { RANGES_MAX_CELLS = 256 };

/* Of RangeProof.def_at: the variable gets a value by the step; or has it when the step is reached, where paths join. */
enum { DEF_BIT = 1, MERGE_BIT = 2 };

/* Collects p->cells: those of the origins and, over copies and adds, all that get the variable from them. */
void holds_cells(RangeProof *p);

/* The step is executed. */
void holds_pass(const RangeProof *p, uint32_t step, Hold *holds);

/* Only the origin's cell holds the variable now. */
void holds_begin(const RangeProof *p, const Origin *o, Hold *holds);

/* An exception is thrown: what the unwinder brings to a landing pad. */
void holds_unwind(const RangeProof *p, Hold *holds);

/* The holds of which something is held: most of the cells hold nothing nearly everywhere. */
typedef struct Held {
    uint32_t n;
    struct HeldCell {
        uint32_t cell; /* an index of holds */
        Hold hold;
    } of[];
} Held;

/* In `arena`; NULL: memory is used up. */
Held *held_make(const RangeProof *p, const Hold *holds, Arena *arena);

/* Fills `holds`. held NULL: nothing is held. */
void held_load(const RangeProof *p, const Held *held, Hold *holds);

/* Paths join: what both have stays in `held`, with the weaker proof. True when it is less than it was. */
bool held_meet(const RangeProof *p, Held *held, const Hold *holds);

/* Does any cell hold it? */
bool holds_any(const RangeProof *p, const Hold *holds);

/* Whatever is held rests on `proof`, too. */
void holds_weaken(const RangeProof *p, unsigned proof, Hold *holds);

#endif
