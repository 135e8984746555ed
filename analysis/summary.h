/* analysis/summary.h - what a callee does, as far as its body says: made on demand, each once. */
#ifndef LVSCAN_ANALYSIS_SUMMARY_H
#define LVSCAN_ANALYSIS_SUMMARY_H

#include "analysis/body.h"

/* How deep callees of callees are read, and how large they may be (bytes). */
enum { SUMMARY_DEPTH = 2, SUMMARY_MAX_BYTES = 4096 };

typedef enum ResultKind { RESULT_UNKNOWN, RESULT_CONSTANT, RESULT_ARGUMENT } ResultKind;

/* What rax holds at every return. */
typedef struct Result {
    uint8_t kind;   /* ResultKind */
    uint8_t reg;    /* ARGUMENT: the register it came in */
    uint8_t bits;   /* ARGUMENT: how many low bits of it count */
    bool sign;      /* ARGUMENT: they are sign-extended (else zero-extended) */
    uint64_t value; /* CONSTANT: the value. ARGUMENT: what is added */
} Result;

typedef struct Summary {
    CallEffect effect;
    Result result;
} Summary;

/* The summary of the code at `target` (a function's start, a PLT stub, or any address), as seen `depth` calls deep.
 * depth 0 reads nothing: the ABI's word only. The same question always has the same answer. */
Summary summary_of(Program *program, Addr target, unsigned depth);

/* Is target a PLT stub of a function that is known by its name not to return? */
bool summary_named_noreturn(const Program *program, Addr target);

/* The memory of summaries made, of bounded size; any number of threads may ask at once. program_open and _close do this. */
bool summaries_open(Program *program);
void summaries_close(Program *program);

/* The summary for the call instruction `insn`. */
Summary summary_of_call(Program *program, const Insn *insn, unsigned depth);

/* The registers the System V ABI has a callee keep (psABI 3.2.1, figure 3.4): rbx rsp rbp r12-r15. */
enum { ABI_KEPT = 1u << REG_RBX | 1u << REG_RSP | 1u << REG_RBP | 0xfu << REG_R12 };

#endif
