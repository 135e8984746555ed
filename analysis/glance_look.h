/* analysis/glance_look.h - what is seen in one function; shared by glance.c, which looks, and glance_bound.c, which judges. */
#ifndef LVSCAN_ANALYSIS_GLANCE_LOOK_H
#define LVSCAN_ANALYSIS_GLANCE_LOOK_H

#include "analysis/glance.h"

enum { LOOK_PARTS = 24, LOOK_SLOT = 32, LOOK_PLACES = 33 };
#define LOOK_NOWHERE UINT32_MAX

/* A part of the function. Places in it are numbered from `first` on, a number a byte, without gaps from part to part. */
typedef struct LookPart {
    Part part;
    const uint8_t *bytes;
    uint32_t first;
} LookPart;

/* PAD: a landing pad. ENTRY: a jump table may lead there. */
enum { SEEN_START = 1, SEEN_LEADER = 2, SEEN_PAD = 4, SEEN_ENTRY = 8 };

/* An operand that may hold a constant, or the variable. */
typedef struct LookOperand {
    uint8_t place;  /* a register, LOOK_SLOT, or LOOK_PLACES: none */
    uint32_t since; /* where it was last given what is no constant; LOOK_NOWHERE: not seen */
} LookOperand;

/* An instruction that writes flags which a condition may read as a compare with a constant. */
typedef struct LookWriter {
    uint32_t at;             /* its place */
    uint8_t kind;            /* LookKind */
    uint8_t bits;            /* of the operand */
    bool memory;             /* the operand is in memory that is no stack slot */
    uint64_t k;              /* IMMEDIATE, CHAINED, EQUALITY: the constant */
    LookOperand operands[2]; /* what is compared: one may hold the constant */
} LookWriter;

typedef enum LookKind {
    LOOK_IMMEDIATE, /* cmp $k; test r,r; cmp with constant memory */
    LOOK_CHAINED,   /* sub $k: the difference may go on to be compared */
    LOOK_EQUALITY,  /* add, xor, inc, dec: likewise, by the zero flag only */
    LOOK_REGISTERS, /* cmp of two registers, or register and memory */
    LOOK_BIT,       /* bt */
    LOOK_REAL,      /* ucomisd and its like */
    LOOK_LOW_BIT,   /* test $1 */
    LOOK_MASKED,    /* test, and, shr: that the high bits are zero says how large the rest can be */
    LOOK_SHIFT      /* shr %cl: of a mask whose low bit is tested then; compares nothing itself */
} LookKind;

/* A condition, and the flags' writer as far as the order of addresses tells: right unless a jump leads in between. */
typedef struct LookReader {
    uint32_t at, since; /* LOOK_NOWHERE: there is none in sight */
    uint32_t writer;    /* UINT32_MAX: what wrote them compares nothing */
    uint8_t cc;
} LookReader;

/* ANY: some constant. ASKED: one that is asked for, or next to that, moved; READ: such a one read from constant memory, or returned. */
typedef enum GivenKind { GIVEN_ANY, GIVEN_ASKED, GIVEN_READ, GIVEN_ZERO, GIVEN_KINDS } GivenKind;

/* What an instruction does to general registers, or where it jumps to: kept only for queries with constants. SLOT: from a stack slot. From BRANCH on it ends a block; from JUMP on, what follows is not reached by it. */
typedef enum StepKind {
    STEP_COPY,
    STEP_NUMBER, /* a constant */
    STEP_STORE,  /* of src, to a slot; no register is written */
    STEP_SUM,
    STEP_DERIVED,
    STEP_LOAD,
    STEP_WORK,
    STEP_SLOT,
    STEP_CALL,
    STEP_BRANCH,
    STEP_JUMP,
    STEP_END
} StepKind;

typedef struct LookStep {
    uint32_t at, next; /* its place and that of the next */
    uint32_t writes;   /* registers */
    uint8_t kind, dst, src;
    bool whole; /* COPY: of all 64 bits */
    uint64_t
        value; /* SUM: what is added. DERIVED: how many low bits it took off. BRANCH, JUMP: the address where it leads */
} LookStep;

enum { LOOK_BEFORE = 6, LOOK_ADDED = 8, LOOK_NUMBERS = 128 };

typedef struct LookBlock {
    uint32_t place, first, end; /* steps [first, end) */
    uint32_t before[LOOK_BEFORE];
    uint8_t nbefore;
    bool wild;  /* not all ways to it are known */
    bool table; /* all jumps through tables may lead there, too */
    bool jumps; /* it ends with such a jump */
} LookBlock;

/* By what a value may have been made. */
typedef struct LookWeb {
    double origin;                     /* Merit.origin, at most */
    bool wild;                         /* and by anything else */
    bool sum;                          /* by adding */
    uint64_t derived;                  /* by masking or shifting: bit n, for n low bits that it took off */
    bool many;                         /* more was added than there is room for: perhaps all that the function adds */
    bool number;                       /* it may be a constant, or what a callee returned */
    const LookStep *added[LOOK_ADDED]; /* which steps did: each once or not at all */
    unsigned nadded;
} LookWeb;

/* Different numbers. */
typedef struct LookNumbers {
    uint64_t *items;
    size_t n, cap;
    bool many; /* there are more */
} LookNumbers;

typedef struct Look {
    Glancer *g;
    LookPart parts[LOOK_PARTS];
    unsigned nparts;
    uint8_t *seen; /* by place: SEEN_* */
    uint32_t nseen;
    size_t cap_seen;
    Addr *targets; /* of jumps and landing pads */
    size_t ntargets, cap_targets;
    Addr *pads; /* landing pads */
    size_t npads, cap_pads;
    Addr *entries; /* of what may be jump tables */
    size_t nentries, cap_entries;
    LookWriter *writers;
    size_t nwriters, cap_writers;
    LookReader *readers;
    size_t nreaders, cap_readers;
    LookStep *steps;
    size_t nsteps, cap_steps;
    bool slots_written; /* with what is no copy of a register */
    LookWeb slots;      /* of all that is in stack slots; made when first needed, as the blocks are */
    bool has_slots;
    LookBlock *blocks;
    size_t nblocks;
    uint64_t most, most_added;        /* the largest numbers that may bound a jump table's index, and be added to it */
    uint64_t copies[LOOK_PLACES];     /* by place of a constant (register or LOOK_SLOT): where it may be copied to */
    uint64_t sums[LOOK_PLACES];       /* where what a number is added to may be the sum */
    uint64_t made_sums, made_derived; /* the places (bit n) that are given a sum; what was masked or shifted */
    uint64_t given[GIVEN_KINDS];      /* by GivenKind: the places (bit n) that are given such a constant */
    bool shorts;                      /* a compare of 16 bits, of which a sum may wrap around */
    unsigned tables;                  /* indirect jumps */
    uint64_t entries_most;            /* that a table has which they may use */
    Addr *named;                      /* addresses of constant memory that it names */
    size_t nnamed, cap_named;
    LookNumbers numbers; /* that it gives to registers and slots; only with a query */
    uint64_t added;      /* all numbers added to something, in size, together */
    uint64_t derived;    /* as LookWeb's, of all places */
    uint64_t work;       /* that tables took */
    bool calls, returns;
    bool unsure;
} Look;

/* The judgement. */
Glance look_judge(Look *l);

/* ---- numbers (glance_number.c): may a number be asked for that the source compares with, in place of what the code does? ----
 *
 * web: how the compared value was made; k: what it is compared with, in so many bits; NULL: any of the function's numbers. */

/* That taking back some of what was added makes of k, or of the ends of a range. */
bool number_of_sum(const Look *l, const LookWeb *web, const uint64_t *k, unsigned bits);

/* The same of what was masked or shifted, too. */
bool number_of_derived(const Look *l, const LookWeb *web, const uint64_t *k, unsigned bits);

/* The same where the compare says that the value is at most `most`. */
bool number_of_most(const Look *l, const LookWeb *web, uint64_t most, unsigned bits);

/* The same of an index below n. */
bool number_of_index(const Look *l, uint64_t n);

/* ---- parts (glance_parts.c): false when memory is used up, or what is there says nothing ---- */

bool look_part(Look *l, Part part);

/* A jump of f's leads there: that part is looked at, too, if it may be one of f's. */
bool look_adopt(Look *l, const Function *f, Addr target);

/* The same, and notes it. */
bool look_target(Look *l, const Function *f, Addr target);

/* The place of the address; false when it is in no part. */
bool look_place(const Look *l, Addr addr, uint32_t *place);

/* Notes the landing pads of the part. */
bool look_pads(Look *l, const Function *f, Part part);

/* Marks the instructions that jumps lead to, when all are looked at. Every jump must lead to one; what is taken for a table may not be one. */
bool look_leaders(Look *l);

/* Joins the web of what is in stack slots to *web. */
void look_slots(Look *l, LookWeb *web);

/* The web of what the register (or LOOK_SLOT) holds before the instruction at `place`; false when that may be anything (glance_web.c). */
bool look_web(Look *l, uint32_t place, unsigned reg, LookWeb *web);

/* ---- jump tables ---- */

/* Finds how many entries its tables can have, and notes where they lead. Sets l->unsure when memory is used up (glance_table.c). */
void tables_look(Look *l, const Function *f);

#endif
