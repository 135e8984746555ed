/* analysis/values.h - which value a register or stack slot holds before an instruction.
 *
 * Values are numbered on demand: a question walks back from where it is asked, makes a phi where paths join, and
 * remembers the answer per block, so the cost grows with what is asked (after Braun et al., "Simple and Efficient
 * Construction of Static Single Assignment Form", CC 2013; redundant phis are found optimistically).
 *
 * A *cell* is a place the walk can follow: a general register, the low 64 bits of xmm0..15, or a slot of the stack frame at a
 * known distance from the stack pointer at entry (or from where it was realigned).
 */
#ifndef LVSCAN_ANALYSIS_VALUES_H
#define LVSCAN_ANALYSIS_VALUES_H

#include "analysis/body.h"

typedef uint32_t Cell; /* 0..47: Reg. CELL_SLOT0 + i: slots[i]. CELL_NONE */
typedef uint32_t ValueId;

enum { CELL_XMM0 = REG_XMM0, CELL_SLOT0 = CELL_XMM0 + 16 };
#define CELL_NONE  UINT32_MAX
#define VALUE_NONE UINT32_MAX

/* A stack address: base 0 is rsp at entry, n > 0 the n-th realignment; base UINT8_MAX: not known. */
typedef struct StackAddr {
    int64_t off;
    uint8_t base;
} StackAddr;

enum { STACK_UNKNOWN = UINT8_MAX };

/* rsp and rbp before a step, as stack addresses. */
typedef struct Frame {
    StackAddr rsp, rbp;
} Frame;

typedef struct StackSlot {
    StackAddr at;
    uint8_t size;    /* bytes: the widest access to it */
    uint8_t uses;    /* how it is used, for frame.c */
    bool exposed;    /* its address may have escaped: calls and stores through pointers may write it */
    uint8_t settled; /* Settled: does no block but the entry write it? */
} StackSlot;

typedef enum Settled { SETTLED_UNASKED, SETTLED_YES, SETTLED_NO } Settled;

/* What a step does to cells, in the words of the value analysis. */
typedef enum MoveKind {
    MOVE_NONE,  /* writes no cell in a way worth naming; see `writes` and the slot range */
    MOVE_COPY,  /* dst = the low `bits` of src, extended */
    MOVE_ADD,   /* dst = src + k in `bits` */
    MOVE_CONST, /* dst = k */
    MOVE_LOAD,  /* dst = `bits` of memory that is no slot, extended */
    MOVE_AND,   /* dst = src & k in `bits` */
    MOVE_SHIFT, /* dst = src >> k in `bits`; logical unless sign */
    MOVE_SWAP   /* dst and src change places (64 bits) */
} MoveKind;

typedef struct Move {
    uint8_t kind; /* MoveKind */
    uint8_t bits; /* COPY, LOAD: of the source; else of the operation */
    uint8_t to;   /* bits of dst that are written; above them zero, or (partial) what was there */
    bool sign;    /* sign-extended (else zero-extended) from `bits` to `to` */
    bool partial; /* the upper bits of dst are what they were */
    bool wild;    /* may write any exposed slot (store through a pointer, call) */
    bool smash;   /* stores relative to a stack or frame pointer that is not followed: may write any slot */
    bool is_call;
    bool
        twice; /* a call that may return twice: the second time with the registers of the first, and the frame as it is then */
    Cell dst, src; /* CELL_NONE where it has none, as MOVE_NONE and a call */
    uint64_t k;
    uint64_t writes;              /* registers written, dst included: bit r, also of those that are no cells */
    uint8_t stored_base;          /* slots with this base ... */
    int64_t stored_lo, stored_hi; /* ... that overlap [lo, hi) are written (lo == hi: none) */
} Move;

typedef enum ValueKind {
    VALUE_ARGUMENT, /* what the cell held at the function's entry */
    VALUE_STEP,     /* what the step wrote to the cell */
    VALUE_PHI,      /* the join of paths at a block's start */
    VALUE_PAD       /* what the cell holds on arrival at a landing pad or a second entry */
} ValueKind;

/* What is known of a join so far. */
typedef enum ConstantState { CONSTANT_UNASKED, CONSTANT_YES, CONSTANT_NO } ConstantState;

typedef struct Value {
    uint8_t kind;
    uint8_t bits;     /* natural width: the value is these low bits, extended as `ext` says */
    uint8_t constant; /* PHI: is it one? ConstantState */
    uint8_t via;      /* PHI: how the constant came about */
    uint32_t at;      /* STEP: the step. PHI, PAD: the block */
    Cell cell;
    uint32_t noperands; /* PHI */
    ValueId *operands;
    uint64_t k;  /* PHI: the constant */
    ValueId rep; /* itself, or the value it was found equal to */
} Value;

typedef struct Values {
    const Body *body;
    Arena *arena;
    Frame *frames;      /* by step */
    uint8_t *new_base;  /* by step: the stack base that its `and $-N,%rsp` makes, or 0 */
    Move *moves;        /* by step */
    uint32_t *carriers; /* the steps that copy a cell to another, or add a constant to one: move_carries */
    uint32_t ncarriers;
    StackSlot *slots;
    uint32_t nslots;
    uint64_t *untouched,
        *writes;     /* by block, bit r: is the register untouched when it begins (untouched.c); does it write it? */
    unsigned nscans; /* slots that were looked for in all steps */
    bool rbp_frames; /* somewhere rbp points into the frame */
    Value *values;
    size_t nvalues, cap_values;
    uint64_t *keys; /* open addressing: (tag, where, cell) -> ids */
    ValueId *ids;
    size_t ntable, nkeys;
    ValueId *pending; /* phis whose operands are not filled yet */
    size_t npending, cap_pending;
    uint64_t budget; /* steps that questions may still walk */
    bool failed;     /* memory or budget used up: answers are VALUE_NONE from now on */
} Values;

/* Prepares to answer questions about body: frames, slots, moves. False when memory is used up. */
bool values_open(Values *v, const Body *body, Arena *arena);

/* The value in `cell` before step i (i == nsteps is not allowed), or VALUE_NONE. */
ValueId values_before(Values *v, uint32_t step, Cell cell);

/* The value that step i leaves in `cell` (its dst or any written cell). */
ValueId values_after(Values *v, uint32_t step, Cell cell);

/* How a value derives from another: id = (base's low `bits`, extended) for a copy, base + k for an add ... */
typedef struct Link {
    uint8_t kind; /* MOVE_NONE: it does not; MOVE_COPY, MOVE_ADD, MOVE_AND, MOVE_SHIFT */
    uint8_t bits;
    uint8_t to;
    bool sign;
    bool partial; /* COPY: only the low `bits` are the base's, what lies above is something else */
    uint64_t k;
    ValueId base;
} Link;

Link values_link(Values *v, ValueId id);

/* Is the value a constant? Follows copies, adds, phis of one constant, callees that return constants or their argument,
 * and loads from constant memory. *via gets VIA_IMMEDIATE (register), VIA_CALL or VIA_MEMORY: how it came about. */
bool values_constant(Values *v, ValueId id, uint64_t *k, uint8_t *via);

/* The same, but no address of a file that may be loaded anywhere: as the program runs it is another number. */
bool values_number(Values *v, ValueId id, uint64_t *k, uint8_t *via);

/* Sums of constants that are nearer to zero count for no constant: compilers fold all but addresses and what is returned. */
enum { SUM_NEAR = 1024 };

/* Is the value a constant that an instruction names or constant memory holds, moved to where it is as it is? */
bool values_moved(Values *v, ValueId id, uint64_t *k);

/* The value that stands for id (phis found redundant are another's). */
ValueId values_rep(const Values *v, ValueId id);

/* k's low `bits`, sign- or zero-extended to 64. */
uint64_t value_extended(uint64_t k, unsigned bits, bool sign);

/* k's low `bits`. */
static inline uint64_t low_bits(uint64_t k, unsigned bits) { return value_extended(k, bits, false); }

/* Is all of the value's cell above its natural width zero? */
bool value_is_zero_extended(const Values *v, ValueId id);

/* Is all of the value's cell above `bits` zero? Looks through joins and what a partial write leaves. */
bool value_fits(Values *v, ValueId id, unsigned bits);

/* The cell that explicit operand `i` of a step is (register or stack slot), or CELL_NONE. */
Cell values_operand_cell(const Values *v, uint32_t step, unsigned i);

/* The cell that a memory operand of step i names (a stack slot), or CELL_NONE. */
Cell values_slot_of(const Values *v, uint32_t step);

/* ---- untouched.c ---- */

/* Finds what the following tell. False when memory is used up. */
bool untouched_find(Values *v);

/* Is the cell a register that no step of the block writes? */
bool block_keeps(const Values *v, uint32_t block, Cell c);

/* Is the cell a register that nothing has written when the block begins, whichever way led there? Before step i? */
bool block_untouched(const Values *v, uint32_t block, Cell c);
bool step_untouched(const Values *v, uint32_t step, Cell c);

/* Is the cell a slot that holds, when the block begins, what it held at the entry block's end? Not of the entry block itself. */
bool slot_settled(Values *v, uint32_t block, Cell c);

/* Does the step that it is of write the register, or may it, being a call? */
static inline bool move_writes_reg(const Move *m, Cell reg) { return reg < CELL_SLOT0 && ((m->writes >> reg) & 1); }

/* Is all that it does to a cell to give it another's value, or that and a constant? */
static inline bool move_carries(const Move *m)
{
    return (m->kind == MOVE_COPY || m->kind == MOVE_ADD) && m->dst != CELL_NONE && m->src != CELL_NONE;
}

static inline bool cell_is_general(Cell c) { return c < CELL_XMM0; }
static inline bool cell_is_xmm(Cell c) { return c >= CELL_XMM0 && c < CELL_SLOT0; }

/* Does step i (perhaps) write cell c? */
bool values_step_writes(const Values *v, uint32_t step, Cell c);

/* Registers whose content survives the unwinder's way to a landing pad. */
bool values_unwind_keeps(Cell c);

#endif
