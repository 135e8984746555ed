/* tests/oracle/dynamic/claims.h - what lvscan's JSON claims, arranged by the pc at which each claim can be checked.
 * Addresses here are the file's; the load bias is added elsewhere. Everything lives until the program ends. */
#ifndef ORACLE_DYNAMIC_CLAIMS_H
#define ORACLE_DYNAMIC_CLAIMS_H

#include "tests/oracle/dynamic/json.h"

typedef enum PlaceKind { PLACE_REG, PLACE_STACK, PLACE_MEMORY, PLACE_STATIC, PLACE_UNREADABLE } PlaceKind;

enum { NO_REG = -1, REG_FS_BASE = 16, REG_GS_BASE = 17, REG_XMM = 32 }; /* 0..15 rax..r15 in the encoding's order */

/* A `location` of CONTRACT.md section 2. */
typedef struct Place {
    PlaceKind kind;
    int reg, index, segment; /* reg: the register, or the base */
    unsigned scale, bits;
    uint64_t disp, address, addend;
} Place;

typedef enum ClaimKind { CLAIM_RANGE, CLAIM_SITE, CLAIM_PROBE } ClaimKind;

enum { PROOF_EXACT, PROOF_CALLEES, PROOF_ABI, PROOF_FRAME, PROOF_PARTIAL, PROOF_NONE, PROOF_COUNT };
extern const char *const proof_names[PROOF_COUNT];

/* Before the instruction at any pc in [start, end) runs, place holds the variable. */
typedef struct Claim {
    ClaimKind kind;
    uint64_t start, end;
    Place place;
    int proof;       /* PROOF_NONE for a site */
    size_t variable; /* index in Routine.variables */
    uint64_t checks, violations;
} Claim;

typedef enum DefKind { DEF_ARGUMENT, DEF_AFTER, DEF_MERGE } DefKind;

typedef struct Def {
    DefKind kind;
    uint64_t pc;
    Place place;
    size_t variable;
} Def;

typedef struct Variable {
    uint64_t id;
    uint64_t probe_pc; /* 0: none */
    bool once;         /* the probe's coverage is claimed to be "once" */
} Variable;

typedef enum JumpKind { JUMP_NONE, JUMP_TABLE, JUMP_TAIL, JUMP_UNKNOWN } JumpKind;

typedef struct Jump {
    uint64_t pc;
    JumpKind kind;
    uint64_t *targets;
    size_t ntargets;
    unsigned violations;
} Jump;

/* What is to be done at one pc. */
typedef struct Stop {
    Claim **claims;
    Def **after, **merges;
    size_t nclaims, nafter, nmerges;
    Jump *jump;
    bool decoded, call, repeated, indirect; /* decoded: the three that follow were found from the bytes */
} Stop;

typedef struct Span {
    uint64_t start, end;
    Stop **stops; /* by pc - start, made when first asked for */
} Span;

/* A function. */
typedef struct Routine {
    uint64_t start;
    struct Binary *binary;
    Span *spans;
    size_t nspans;
    Variable *variables;
    size_t nvariables;
    Claim *claims;
    size_t nclaims;
    Def *defs;
    size_t ndefs;
    Jump *jumps;
    size_t njumps;
    bool listed, closed, noreturn; /* listed: `lvscan functions` had it */
    unsigned activations, live;    /* the tracer's: so far, and now */
} Routine;

typedef struct Binary {
    char *path; /* without symbolic links */
    Routine **routines;
    size_t nroutines, room;
    bool mapped;
    uint64_t bias;       /* when mapped */
    uint64_t unreadable; /* locations in a form not known here */
} Binary;

typedef struct Claims {
    Binary **binaries;
    size_t nbinaries;
} Claims;

/* Adds every line of `lvscan --json` in the file. False: unreadable or not that. */
bool claims_load(Claims *claims, const char *path);

/* Adds every line of `lvscan functions --json` in the file, which are about `binary`; functions with neither a claim nor a jump are
 * left out. */
bool claims_load_functions(Claims *claims, const char *binary, const char *path);

/* What is claimed at pc; NULL: pc is outside the function. */
Stop *routine_stop(Routine *r, uint64_t pc);

/* The register's number by its 64-bit name; NO_REG: unknown. */
int register_number(const char *name);

/* For a message: "r15", "8(%rsp):32"; in a buffer of the caller. */
const char *place_text(const Place *p, char *buffer, size_t size);

#endif
