/* analysis/ranges.h - the forward proof: which cells hold the variable before each step.
 *
 * A must-analysis over the blocks: a def clears everything and puts the variable in its cell; a copy adds a cell; a write removes
 * one; where paths join, only what all of them hold stays, with the weakest proof of any. What comes out is true of
 * "the most recently executed def" by construction (CONTRACT.md section 3).
 */
#ifndef LVSCAN_ANALYSIS_RANGES_H
#define LVSCAN_ANALYSIS_RANGES_H

#include "analysis/compares.h"
#include "analysis/values.h"
#include "analysis/variable.h"

/* One place where the variable gets a new value. */
typedef struct Origin {
    uint8_t kind;  /* DefKind; ARGUMENT is at the function's entry, the others after `step` has run */
    uint32_t step; /* MERGE: the first step of the block where paths join; it does not write the cell */
    Cell cell;     /* CELL_NONE: the memory that the step reads */
} Origin;

typedef struct Origins {
    Origin *items;
    size_t n, cap;
} Origins;

/* What a cell holds: nothing proved (proof 0), or the variable minus addend. */
typedef struct Hold {
    uint8_t proof;
    uint64_t addend; /* variable = cell + addend, modulo 2^width */
} Hold;

typedef struct RangeProof {
    Values *v;
    Arena *arena;
    uint64_t budget; /* units of work allowed: one cell passing one step */
    uint64_t work;   /* done, and to be done once more to list the ranges */
    unsigned width;  /* bits of the variable */
    Origins origins;
    Cell *cells;        /* those that may ever hold it */
    uint32_t ncells;    /* one more Hold follows: the memory at `mem`, for a variable that is compared there */
    uint64_t registers; /* those of the cells that are registers: bit r */
    bool has_slots, has_mem;
    Mem mem;
    struct Held **in; /* by block: what is held before it (holds.h); NULL: nothing */
    uint8_t *def_at;  /* by step: DEF_BIT, MERGE_BIT */
    uint8_t *defs_in; /* by block: is there such a step? */
} RangeProof;

/* Runs the analysis for the variable of `width` bits that gets its values at the origins. mem: where memory origins
 * read it (or NULL). There is an origin. False when memory is used up, the work would pass the budget, or there are too many origins. */
bool ranges_prove(RangeProof *out, Values *v, unsigned width, Origins origins, const Mem *mem, uint64_t budget,
                  Arena *arena);

/* A walk along a block: what holds before `step`. Of a block with many questions, each goes on where the last one, of an earlier
 * step, came to. */
typedef struct RangeTrail {
    Hold *holds;   /* ncells + 1; the asker's */
    uint32_t step; /* UINT32_MAX: it has not begun */
} RangeTrail;

/* Takes the trail to the step. */
void ranges_before(const RangeProof *p, uint32_t step, RangeTrail *trail);

/* How good a cell is for reading, least best: `want` first of all, a general register before memory before an xmm register, no addend before one,
 * strong proof before weak. */
unsigned hold_rank(Cell c, const Hold *h, Cell want);

/* The best place to read the variable before step i. kind LOCATION_NONE when there is none. */
Location ranges_location(const RangeProof *p, uint32_t step, uint8_t *proof);

/* `cell` as a Location before step i; LOCATION_NONE where a slot can't be named there. */
Location cell_location(const Values *v, uint32_t step, Cell cell, unsigned bits);

/* Where the origin's value is, as Def.location says. */
Location origin_location(const RangeProof *p, const Origin *o);

/* All ranges without addend, by start; weaker than `weakest` left out. False when memory is used up. */
bool ranges_list(const RangeProof *p, unsigned weakest, Range **out, size_t *n, Arena *arena);

#endif
