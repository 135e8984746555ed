/* analysis/program.h - one ELF file made ready for analysis: image, symbols, slots, unwind tables, functions. */
#ifndef LVSCAN_ANALYSIS_PROGRAM_H
#define LVSCAN_ANALYSIS_PROGRAM_H

#include "analysis/function.h"
#include "elf/image.h"
#include "elf/symbols.h"
#include "elf/unwind.h"
#include "x86/insn.h"

typedef struct Functions {
    Function *items; /* sorted by start */
    size_t n;
} Functions;

/* A part of a function, for looking functions up by address. */
typedef struct PartRef {
    Addr start, end;
    uint32_t function; /* index into Functions.items */
} PartRef;

typedef struct Program {
    Image image;
    Symbols symbols;
    Slots slots;
    Unwind unwind;
    Functions functions;
    PartRef *part_refs; /* by start, not overlapping */
    size_t npart_refs;
    bool is_go;                  /* has a pclntab: the System V ABI is not assumed */
    Arena arena;                 /* owns all of the above but the file's bytes */
    struct Summaries *summaries; /* callee summaries made so far (analysis/summary.h) */
} Program;

/* Parses the file's bytes (which must outlive the program) and finds its functions. On failure fills *diag. */
bool program_open(Program *program, Bytes file, Diag *diag);
void program_close(Program *program);

/* The function one of whose parts holds pc, or NULL. */
const Function *program_function(const Program *program, Addr pc);

/* Does `wanted` name f: its symbol, demangled name with or without arguments, its last component, or its address? */
bool program_function_named(Program *program, const Function *f, Str wanted);

/* Fills f's demangled name (in the program's arena) for printing. */
Str program_demangled(Program *program, const Function *f);

/* Decodes the instruction at pc; false where there is none. */
bool program_insn(const Program *program, Addr pc, Insn *out);

/* What control flow recovery found out about one function (lvscan functions). */
typedef enum JumpKind { JUMP_TABLE, JUMP_TAIL, JUMP_UNKNOWN } JumpKind;

typedef struct IndirectJump {
    Addr pc;
    uint8_t kind;  /* JumpKind */
    Addr table;    /* TABLE: its address */
    Addr *targets; /* TABLE: in entry order, repeats kept */
    size_t ntargets;
    Addr *distinct; /* the same without repeats, ascending */
    size_t ndistinct;
} IndirectJump;

typedef struct FunctionReport {
    bool noreturn;
    bool closed;         /* every jump's targets are known */
    bool decoded;        /* false: bytes that do not decode, or over budget */
    IndirectJump *jumps; /* by pc */
    size_t njumps;
} FunctionReport;

/* Recovers f's control flow and reports it. Arrays in `arena`. False when memory is used up. */
bool function_describe(FunctionReport *out, Program *program, const Function *f, Arena *arena);

#endif
