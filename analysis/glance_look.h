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

enum { SEEN_START = 1, SEEN_LEADER = 2 };

/* An operand that may hold a constant. */
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
    LookOperand operands[2]; /* REGISTERS, BIT: which one may hold the constant */
} LookWriter;

typedef enum LookKind {
    LOOK_IMMEDIATE, /* cmp $k; test r,r; cmp with constant memory */
    LOOK_CHAINED,   /* sub $k: the difference may go on to be compared */
    LOOK_EQUALITY,  /* add, xor, inc, dec: likewise, by the zero flag only */
    LOOK_REGISTERS, /* cmp of two registers, or register and memory */
    LOOK_BIT,       /* bt */
    LOOK_REAL,      /* ucomisd and its like */
    LOOK_LOW_BIT,   /* test $1 */
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

typedef struct Look {
    Glancer *g;
    LookPart parts[LOOK_PARTS];
    unsigned nparts;
    uint8_t *seen; /* by place: SEEN_* */
    uint32_t nseen;
    size_t cap_seen;
    Addr *targets; /* of jumps and landing pads */
    size_t ntargets, cap_targets;
    LookWriter *writers;
    size_t nwriters, cap_writers;
    LookReader *readers;
    size_t nreaders, cap_readers;
    uint64_t most, most_added;    /* the largest numbers that may bound a jump table's index, and be added to it */
    uint64_t copies[LOOK_PLACES]; /* by place of a constant (register or LOOK_SLOT): where it may be copied to */
    uint64_t sums[LOOK_PLACES];   /* where what a number is added to may be the sum */
    uint64_t given[GIVEN_KINDS];  /* by GivenKind: the places (bit n) that are given such a constant */
    bool shorts;                  /* a compare of 16 bits, of which a sum may wrap around */
    unsigned tables;              /* indirect jumps */
    bool calls, returns;
    bool unsure;
} Look;

/* The judgement. */
Glance look_judge(Look *l);

#endif
