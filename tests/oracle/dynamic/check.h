/* tests/oracle/dynamic/check.h - activations of analysed functions, and the comparing of what each claim promises (CONTRACT.md
 * section 3) with what the machine holds. Knows registers and memory, but not how the program is made to stop. */
#ifndef ORACLE_DYNAMIC_CHECK_H
#define ORACLE_DYNAMIC_CHECK_H

#include "tests/oracle/dynamic/proc.h"

/* A variable in one activation: the result of its most recently executed def. */
typedef struct Value {
    uint64_t value;
    unsigned bits;
    bool known;      /* a def was executed */
    unsigned passes; /* how often the probe was passed since */
    const Def *def;
} Value;

/* One run of a function, from its entry until rsp rises above what it was there. */
typedef struct Activation {
    Routine *routine;
    uint64_t entry_sp;
    bool awaiting;    /* a callee or a signal handler runs; this goes on at await_pc (memory) with await_sp */
    bool interrupted; /* by a signal: the instruction at await_pc has been checked already */
    uint64_t await_pc, await_sp;
    Stop *prev;       /* of the instruction that runs now; NULL: none */
    uint64_t prev_pc; /* in the file */
    uint64_t steps;
    Value *values; /* by Routine.variables */
    struct Activation *below;
} Activation;

typedef struct Totals {
    uint64_t checks[PROOF_COUNT], violations[PROOF_COUNT];
    uint64_t no_def, unreadable; /* of the violations; not checked */
    uint64_t jumps, bad_jumps;   /* indirect jumps taken, and those against the list */
    uint64_t once, not_once;     /* defs whose probe is said to be passed once */
    uint64_t returns_of_noreturn;
    uint64_t activations, steps;
    uint64_t printed, print_max;
} Totals;

typedef struct Checker {
    Process *process;
    Totals totals;
} Checker;

/* A new activation, standing at the function's entry: records the arguments. */
Activation *activation_new(Checker *c, Routine *r, Machine *m);

/* How an activation ends: given up or jumped over; by a jump out of the function; by a return. */
typedef enum End { END_DROPPED, END_LEFT, END_RETURNED } End;

/* Frees it. */
void activation_end(Checker *c, Activation *a, End end);

/* The activation's last instruction has run and execution stands at pc in the function: records defs, then checks every claim. */
void activation_arrive(Checker *c, Activation *a, Machine *m, Stop *stop, uint64_t pc);

/* The activation's last instruction left the function by a jump to `target`, an address in the file. */
void activation_leave(Checker *c, Activation *a, uint64_t target);

/* Finds from its bytes what kind of instruction stands at pc. */
void stop_decode(const Process *p, Stop *stop, uint64_t memory_pc);

/* Sum over the proofs that are promises: all but partial. */
uint64_t totals_violations(const Totals *t);
uint64_t totals_checks(const Totals *t);

#endif
