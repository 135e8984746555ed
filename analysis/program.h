/* analysis/program.h - one ELF file made ready for analysis: image, symbols, slots, unwind tables, functions. */
#ifndef LVSCAN_ANALYSIS_PROGRAM_H
#define LVSCAN_ANALYSIS_PROGRAM_H

#include "analysis/function.h"
#include "analysis/functions.h"
#include "elf/gopclntab.h"
#include "elf/image.h"
#include "elf/slots.h"
#include "elf/symbols.h"
#include "elf/unwind.h"
#include "x86/insn.h"

typedef struct Program {
    Image image;
    Symbols symbols;
    Slots slots;
    Unwind unwind;
    GoTable go;
    Functions known;     /* functions that tables, symbols or all of the code showed */
    Functions functions; /* those, and what was asked for besides (functions_fill, functions_add) */
    struct Gaps *gaps; /* what lies between those known, once it was asked for (analysis/gaps.h); NULL: nothing does */
    bool filled;       /* that is among program->functions */
    bool padded;       /* others are to be asked for (analysis/padding.h); */
    bool complete;     /* all of them were */
    uint32_t share;    /* of a function's budget (analysis/budget.h) */
    bool is_go;        /* has a pclntab: the System V ABI is not assumed */
    Part hot, cold;    /* of a program that BOLT rewrote: its new functions, and parts cut from them; else empty */
    Part left;         /* of such a program: code that BOLT left where it was, of which much never runs again */
    Arena arena;       /* owns all of the above but the file's bytes */
    struct Summaries *summaries; /* callee summaries made so far (analysis/summary.h) */
} Program;

/* Opens the file's bytes (which must outlive the program, as the program must stay where it is) and finds its functions. On
 * failure fills *diag. */
bool program_open(Program *program, Bytes file, Diag *diag);
void program_close(Program *program);

/* The function of a row (program->functions); false when it is no function: an entry of the PLT. Any thread may ask. */
bool program_function_of(const Program *program, size_t row, Function *out);

/* The function, of those known, that holds pc in the part that begins with its entry (or a fragment that holds it); false: none. */
bool program_function(const Program *program, Addr pc, Function *out);

/* The function that begins at start, which may be one that must be asked for. */
bool program_function_at(const Program *program, Addr start, Function *out);

/* Finds what has to be asked for: the functions of these names that are addresses; all, when there are no names. False when memory
 * is used up. */
bool program_ask(Program *program, const Str *wanted, size_t n);

/* Is there an entry of the PLT at addr, or its first one, which calls the dynamic linker? */
bool program_is_stub(const Program *program, Addr addr);

/* Sets chosen[row] (program->functions.n bytes) for the functions that `wanted` names: by a symbol, a demangled name with or
 * without arguments, its last component, or the address. False when memory is used up. */
bool program_choose(const Program *program, Str wanted, uint8_t *chosen);

/* f's demangled name, in the program's arena when f does not have it yet: for what is printed. */
Str program_demangled(Program *program, const Function *f);

/* Decodes the instruction at pc; false where there is none. */
bool program_insn(const Program *program, Addr pc, Insn *out);

/* The number of `bits` that the instruction's memory operand always reads: at an address without registers, in memory that is neither
 * written nor relocated. False: there is none. */
bool program_constant(const Program *program, const Insn *insn, unsigned bits, uint64_t *out);

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
    bool closed;  /* every jump's targets are known */
    bool decoded; /* false: bytes that do not decode, or over budget */
    Part *parts;  /* all that its jumps showed to be of it, the entry's first; at least one */
    size_t nparts;
    IndirectJump *jumps; /* by pc */
    size_t njumps;
} FunctionReport;

/* Recovers f's control flow and reports it. Arrays in `arena`. False when memory is used up. */
bool function_describe(FunctionReport *out, Program *program, const Function *f, Arena *arena);

#endif
