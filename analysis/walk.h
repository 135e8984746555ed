/* analysis/walk.h - the state of decoding one function, shared by body.c and jumps.c only. */
#ifndef LVSCAN_ANALYSIS_WALK_H
#define LVSCAN_ANALYSIS_WALK_H

#include "analysis/body.h"

enum { WALK_MAX_REGIONS = 16, WALK_MAX_SCAN = 1 << 15 };

/* What is known of a byte. ALIAS: a jump goes here, past a lock prefix, and is taken to go to the byte before. */
enum { MARK_START = 1, MARK_INSIDE = 2, MARK_LEADER = 4, MARK_ALIAS = 8 };

typedef struct Region {
    Part part;
    const uint8_t *bytes;
    uint8_t *marks; /* one a byte */
} Region;

typedef struct Walk {
    Program *program;
    const Function *function;
    Callees callees;
    Diag *diag;
    Arena keep;                       /* what outlives a round */
    Region regions[WALK_MAX_REGIONS]; /* by address */
    size_t nregions;
    uint64_t bytes;
    size_t ninsns;
    Addr *todo; /* starts still to be decoded */
    size_t ntodo, cap_todo;
    CallSite *call_sites; /* by start */
    size_t ncall_sites;
    IndirectJump *tables; /* resolved jump tables, by pc */
    size_t ntables, cap_tables;
    bool strays;     /* control goes to code outside all regions, of which nothing is known */
    uint64_t walked; /* steps of the budget of values that earlier rounds took */
} Walk;

/* The region that holds pc, or NULL. */
Region *walk_region(Walk *w, Addr pc);

/* Makes `target` the start of a block, to be decoded; outside the function it is adopted or taken for a tail call. */
bool walk_leader(Walk *w, Addr target);

/* Forgets all marks (the parts or the landing pads have changed). */
void walk_restart(Walk *w);

/* Makes leaders of all targets of the tables. */
bool walk_retarget(Walk *w);

/* The resolved table of the indirect jump at pc, or NULL. */
const IndirectJump *walk_table(const Walk *w, Addr pc);

#endif
