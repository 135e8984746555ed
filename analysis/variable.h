/* analysis/variable.h - what a search gives: variables, where they live, and how far that is proved.
 * The words are CONTRACT.md's, section 2 and 3. All arrays are in the arena given to the search. */
#ifndef LVSCAN_ANALYSIS_VARIABLE_H
#define LVSCAN_ANALYSIS_VARIABLE_H

#include "analysis/function.h"
#include "elf/base.h"
#include "x86/regs.h"

typedef enum LocationKind {
    LOCATION_NONE,
    LOCATION_REG,
    LOCATION_STACK,
    LOCATION_MEMORY,
    LOCATION_STATIC
} LocationKind;

/* A place that can be read when execution stands before an instruction. */
typedef struct Location {
    uint8_t kind;    /* LocationKind */
    uint8_t reg;     /* REG: the register. STACK: the base (REG_RSP or REG_RBP). MEMORY: the base, or REG_NONE */
    uint8_t index;   /* MEMORY: REG_NONE or the index */
    uint8_t scale;   /* MEMORY: 1, 2, 4, 8 */
    uint8_t segment; /* MEMORY: REG_FS, REG_GS or REG_NONE */
    uint16_t bits;   /* how many low bits there are the variable */
    int64_t disp;    /* STACK, MEMORY: bytes from the base as it is at that pc */
    Addr address;    /* STATIC */
    uint64_t addend; /* added to what is read, modulo 2^bits, gives the variable; 0 mostly */
} Location;

/* What a range rests on, strongest first; a higher number is weaker. */
typedef enum Proof { PROOF_EXACT = 1, PROOF_CALLEES, PROOF_ABI, PROOF_FRAME, PROOF_PARTIAL } Proof;

typedef enum DefKind { DEF_ARGUMENT, DEF_LOAD, DEF_CALL, DEF_COMPUTE, DEF_MERGE } DefKind;

/* Where the variable gets a new value. `location` is where it is after the instruction at pc has run;
 * for DEF_ARGUMENT at the function's entry; for DEF_MERGE before the instruction at pc (the join) runs. */
typedef struct Def {
    Addr pc;
    uint8_t kind; /* DefKind */
    Location location;
} Def;

typedef enum Relation {
    RELATION_EQ,
    RELATION_NE,
    RELATION_LT,
    RELATION_LE,
    RELATION_GT,
    RELATION_GE,
    RELATION_CASE
} Relation;

typedef enum Via {
    VIA_IMMEDIATE,
    VIA_REGISTER,
    VIA_CALL,
    VIA_MEMORY,
    VIA_SWITCH,
    VIA_RANGE,
    VIA_BITSET,
    VIA_DERIVED
} Via;

typedef enum Sign { SIGN_UNKNOWN, SIGN_SIGNED, SIGN_UNSIGNED } Sign;

/* A compare with one constant. `location` is where the variable is before the instruction at pc runs. */
typedef struct Site {
    Addr pc;           /* of the comparing instruction */
    uint64_t constant; /* two's complement in the variable's width, zero-extended */
    uint8_t relation;  /* Relation */
    uint8_t via;       /* Via */
    uint8_t sign;      /* Sign: what the condition says */
    uint8_t quality;   /* percent: how directly the code says it (for ranking) */
    bool real;         /* the constant is the encoding of a float (32 bits) or a double (64) */
    Location location;
} Site;

/* Before the instruction at any pc in [start, end) runs, `location` holds the variable. */
typedef struct Range {
    Addr start, end;
    Location location;
    uint8_t proof; /* Proof */
} Range;

typedef enum Cost { COST_EMULATED, COST_STEPPED } Cost;
typedef enum Coverage { COVERAGE_ONCE, COVERAGE_SOME, COVERAGE_MANY } Coverage;

/* Where best to read it. */
typedef struct Probe {
    Addr pc; /* 0: no place is proved and accepted by the kernel */
    Location location;
    uint8_t proof, cost, coverage; /* Proof, Cost, Coverage */
} Probe;

typedef struct Variable {
    double score; /* 0..1, best first */
    const Function *function;
    uint16_t width; /* bits */
    uint8_t sign;   /* Sign */
    bool real;      /* a float or double: its constants are encodings */
    uint64_t
        *constants; /* different ones it is compared with, ascending by value as `sign` reads them; as Site.constant */
    size_t nconstants;
    uint64_t *matched; /* those of them that were asked for; none without a query */
    size_t nmatched;
    Def *defs; /* by pc */
    size_t ndefs;
    Site *sites; /* by pc */
    size_t nsites;
    Range *ranges; /* by start, then location */
    size_t nranges;
    Probe probe;
    Probe *
        places; /* which together are passed exactly once by each execution of a def, where they were asked for and there are */
    size_t nplaces;
} Variable;

/* `constant` of `width` bits as a signed number (SIGN_SIGNED and SIGN_UNKNOWN) sign-extended to 64 bits, or as it is. */
int64_t variable_constant(const Variable *v, uint64_t constant);

/* The number that `constant`, a float or double by the variable's width, encodes. */
double variable_real(const Variable *v, uint64_t constant);

const char *proof_name(unsigned proof);       /* "exact" ... */
const char *def_kind_name(unsigned kind);     /* "argument" ... */
const char *relation_name(unsigned relation); /* "==" ... "case" */
const char *via_name(unsigned via);
const char *sign_name(unsigned sign); /* "unknown", "signed", "unsigned" */
const char *cost_name(unsigned cost);
const char *coverage_name(unsigned coverage);

#endif
