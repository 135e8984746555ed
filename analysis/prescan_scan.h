/* analysis/prescan_scan.h - what the pre-scan's passes share: pieces of the file that threads take, and in a piece the function at hand. */
#ifndef LVSCAN_ANALYSIS_PRESCAN_SCAN_H
#define LVSCAN_ANALYSIS_PRESCAN_SCAN_H

#include "analysis/prescan.h"
#include "analysis/prescan_numbers.h"

/* Walker.function: no function; or there may be some, to be asked for (analysis/padding.h). */
#define EXTENT_GAP   SIZE_MAX
#define EXTENT_BLOCK (SIZE_MAX - 1)

typedef struct AddrList {
    Addr *items;
    size_t n, cap;
} AddrList;

/* Offsets [from, to) of a segment's bytes. No function, and no block of padding.h, is in two pieces. */
typedef struct Piece {
    const Segment *segment;
    Bytes bytes;
    size_t from, to;
} Piece;

typedef struct Scan {
    Program *program;
    Arena *arena;
    KernelKind kind;
    size_t jobs;           /* threads */
    uint8_t *kept;         /* by function: Made; what leads to a candidate counts as NAMED */
    const uint8_t *passes; /* by function: it may return a constant; NULL: all may */
    Asked asked;
    Pattern main;
    Pattern memory;           /* constants in memory */
    AddrList words;           /* where they lie */
    bool padded;              /* gaps are blocks */
    AddrList blocks;          /* candidates: the first address looked at in each, and where it ends */
    bool any_short, any_wide; /* some cluster is */
    Piece *pieces;
    size_t npieces, cap_pieces;
    bool failed;
} Scan;

/* A thread's share. */
typedef struct Walker {
    Scan *scan;
    Arena arena;
    AddrList words, blocks; /* found by it */
    bool failed;
    /* the piece, and in it the function or gap worked on, at offsets [lo, hi) */
    Piece piece;
    size_t row, lo, hi;
    size_t function;
    Numbers numbers; /* in it */
} Walker;

/* Cuts the program's segments into pieces: those with code, or all. */
bool scan_pieces(Scan *scan, bool all);

typedef void PieceWork(Walker *walker, const void *context);

/* Has the threads work on all pieces, and gathers what they found. */
void scan_each(Scan *scan, PieceWork *work, const void *context);

void list_add(Arena *arena, AddrList *list, Addr addr, bool *failed);

/* Makes the function or the gap that holds offset `at` the one at hand. Offsets only grow in a piece. */
void extent_enter(Walker *w, size_t at);

/* Makes it a candidate. */
void extent_keep(Walker *w);

/* Is it a gap, or a candidate already? */
bool extent_done(const Walker *w);

/* ---- what leads to candidates (prescan_refs.c) ---- */

/* Makes candidates of the functions beside candidates whose code runs on, or jumps, into those: hand-written code with several symbols. */
void scan_beside(Scan *scan);

/* Makes candidates of what leads to candidates: who calls one that returns a constant, who jumps to a candidate's cold part, who reads a
 * constant of that value in memory (scan->words). */
void scan_follow(Scan *scan);

#endif
