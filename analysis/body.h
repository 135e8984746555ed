/* analysis/body.h - a function's decoded body: its instructions, basic blocks and edges.
 *
 * Built by recursive traversal from the entry, so that only bytes that control flow reaches are decoded. A body is
 * refused (with a reason) rather than guessed at when bytes do not decode or instructions overlap.
 */
#ifndef LVSCAN_ANALYSIS_BODY_H
#define LVSCAN_ANALYSIS_BODY_H

#include "analysis/program.h"
#include "x86/insn.h"

/* Work budgets for one function; a function over them is refused and a warning says so. */
enum { BODY_MAX_STEPS = 400000, BODY_MAX_BYTES = 8 << 20, BODY_MAX_TABLE = 0xffff, BODY_MAX_ROUNDS = 24 };

/* How a call treats the general registers. Bit r is register r (0..31). */
typedef struct CallEffect {
    uint32_t kept_read; /* kept by a callee that was read */
    uint32_t kept_abi;  /* kept because the ABI says so */
    bool noreturn;      /* does not come back */
    bool returns_twice; /* setjmp, vfork: see Move.twice */
    /* How many bytes above its return address, where its arguments are, a callee that was read may write; UINT8_MAX: any */
    uint8_t writes_up;
} CallEffect;

/* Which callees of a function are read, for what they keep and return, and whether they do. */
typedef struct Callees {
    uint8_t depth;                    /* how many calls deep (analysis/summary.h); 0: none is read */
    const struct KnownCallees *known; /* not NULL: instead of that, these have been read */
} Callees;

/* One instruction as the analysis needs it. */
typedef struct Step {
    Insn insn;
    Effects effects;
    CallEffect call; /* for FLOW_CALL */
    uint32_t block;  /* which block holds it */
} Step;

typedef enum EdgeKind {
    EDGE_FLOW,  /* fall through, branch, jump or table entry */
    EDGE_UNWIND /* an exception thrown by the call that ends the source block */
} EdgeKind;

typedef struct Edge {
    uint32_t block;
    uint8_t kind; /* EdgeKind */
} Edge;

typedef struct Block {
    uint32_t first, n; /* steps[first .. first+n); n > 0 */
    Edge *succ, *pred;
    uint32_t nsucc, npred;
    bool pad;     /* a landing pad */
    bool unknown; /* it ends with a jump that is not resolved: to anywhere in the function, or out of it */
    bool exits;   /* control may leave the function at its end (return, tail jump, stop) */
    bool foreign; /* may be entered from outside in a way that is not an edge (a second entry) */
} Block;

typedef struct Body {
    Program *program;
    const Function *function;
    Part *parts; /* the function's, and parts that its jumps showed to belong to it */
    size_t nparts;
    Step *steps; /* by pc */
    uint32_t nsteps;
    Block *blocks; /* by pc */
    uint32_t nblocks;
    uint32_t entry;      /* the block that holds the function's start */
    IndirectJump *jumps; /* by pc */
    uint32_t njumps;
    Callees callees;
    bool closed; /* no JUMP_UNKNOWN */
    bool
        unsure; /* control flow may be other than it looks: of a function that no table tells of, and which is unsure itself, or leads
                     * to code of which nothing is known */
    bool tails; /* there is a JUMP_TAIL, so: a jump that is only taken for one that leaves the function */
} Body;

/* Decodes function f into *out, all memory from arena. False with *diag when it is refused. */
bool body_build(Body *out, Program *program, const Function *f, Callees callees, Arena *arena, Diag *diag);

/* All its parts, the entry's first, in `arena`; NULL when memory is used up. */
Part *body_parts(const Body *body, Arena *arena);

/* The index of the step at exactly pc, or UINT32_MAX. */
uint32_t body_step_at(const Body *body, Addr pc);

/* The block that holds step i. */
static inline uint32_t body_block_of(const Body *body, uint32_t step) { return body->steps[step].block; }

/* The address of the instruction after step i. */
static inline Addr step_end(const Step *s) { return s->insn.pc + s->insn.len; }

#endif
