/* cli/spec.h - a probe spec (CONTRACT.md section 4): everything that is needed to read one variable at one place. */
#ifndef LVSCAN_CLI_SPEC_H
#define LVSCAN_CLI_SPEC_H

#include "analysis/program.h"
#include "analysis/variable.h"
#include "cli/enum.h"
#include "cli/sha256.h"

/* A compare of the variable: what `lvscan check` finds again. */
typedef struct SpecSite {
    Addr pc;
    int64_t constant; /* as the variable's sign reads it; a float's encoding */
    uint8_t relation; /* Relation */
} SpecSite;

/* A variable is told by its compares; of one with more of them, the first ones do. */
enum { SPEC_SITES_MAX = 4096 };

typedef struct ProbeSpec {
    Str path;                 /* of the file, as it is to be opened */
    Bytes build_id;           /* n == 0: none */
    char sha256[SHA256_TEXT]; /* "" : not known */
    Str function;             /* linkage name; p NULL: none */
    Addr function_start;
    Addr pc;
    Off off;         /* file offset of pc */
    Bytes bytes;     /* of the instruction at pc */
    Str text;        /* of the instruction; p NULL: not known (read from a file) */
    uint16_t type;   /* ET_EXEC or ET_DYN; 0: not known */
    Addr entry;      /* of the program, for forms that must find the load bias */
    bool has_symbol; /* a function symbol of the file covers pc (bpftrace then reads addresses differently) */
    Location location;
    uint8_t sign, proof, cost, coverage;
    bool real;       /* a float or double: what is read is its encoding */
    uint16_t width;  /* of the variable; 0: not known */
    SpecSite *sites; /* by pc, at most SPEC_SITES_MAX; none: the spec is of a version that did not name them */
    size_t nsites;
    int64_t *matched; /* those constants that were asked for, ascending: with them the search finds it again */
    size_t nmatched;
    EnumTable names; /* of values */
} ProbeSpec;

/* The spec of a variable's probe, without the SHA-256. False when it has none (probe.pc == 0) or memory is used up. */
bool spec_of_variable(ProbeSpec *out, Program *program, const Variable *v, Str path, const EnumTable *names,
                      Arena *arena, Diag *diag);

/* A constant of the variable's, as in SpecSite. */
int64_t spec_constant(const Variable *v, uint64_t constant);

/* Reads the JSON form. Checks the schema and every field that is used. */
bool spec_read(ProbeSpec *out, Bytes json, Arena *arena, Diag *diag);

/* The same of a spec that need not say by what its file is recognised. */
bool spec_read_unbound(ProbeSpec *out, Bytes json, Arena *arena, Diag *diag);

/* As spec_read, from a file; "-" is standard input. */
bool spec_read_file(ProbeSpec *out, const char *path, Arena *arena, Diag *diag);

/* What was read (`raw`: the location's low bytes) as the variable's value: addend added, cut to its bits, extended as
 * the sign says (unknown: as signed, like constants). */
int64_t spec_value(const ProbeSpec *spec, uint64_t raw);

/* How many bytes of user stack from rsp upward a sample must hold to read a stack location based on rsp, a multiple of 8;
 * 0 where the location is not read that way (registers; rbp-based or deeper slots, memory and statics need tracefs). */
uint32_t spec_stack_bytes(const ProbeSpec *spec);

/* Registers to sample, a mask in the kernel's order; 0 where the uprobe PMU cannot read the location. */
uint64_t spec_regs(const ProbeSpec *spec);

#endif
