/* analysis/summary.h - what a callee does, as far as its body says: made on demand, each once.
 *
 * A function whose callees, with theirs and so on, are little code all together is summed up with them: the strongly connected
 * components of that call graph one after another, each as one (analysis/closure.c). Where there is more behind it, callees are read
 * to a fixed depth. Which of the two it is, and so the answer, is a property of the function: no order of questions changes it.
 */
#ifndef LVSCAN_ANALYSIS_SUMMARY_H
#define LVSCAN_ANALYSIS_SUMMARY_H

#include "analysis/body.h"

/* How deep callees of callees are read where there are too many to read them all, and how large each may be (bytes). */
enum { SUMMARY_DEPTH = 2, SUMMARY_MAX_BYTES = 4096 };

/* How many callees a constant or an argument may be handed through: `return f(x)`. */
enum { RESULT_HOPS = 4 };

typedef enum ResultKind { RESULT_UNKNOWN, RESULT_CONSTANT, RESULT_ARGUMENT } ResultKind;

/* What rax holds at every return. */
typedef struct Result {
    uint8_t kind;   /* ResultKind */
    uint8_t reg;    /* ARGUMENT: the register it came in */
    uint8_t bits;   /* ARGUMENT: how many low bits of it count */
    bool sign;      /* ARGUMENT: they are sign-extended (else zero-extended) */
    uint8_t hops;   /* how many callees it was handed through at most */
    uint64_t value; /* CONSTANT: the value. ARGUMENT: what is added */
} Result;

typedef struct Summary {
    CallEffect effect;
    Result result;
} Summary;

/* The summary of the code at `target` (a function's start, a PLT stub, or any address), as seen `depth` calls deep.
 * depth 0 reads nothing: what its name says, else the ABI's word. The same question always has the same answer. */
Summary summary_of(Program *program, Addr target, unsigned depth);

/* Is target a PLT stub of a function that is known by its name not to return? */
bool summary_named_noreturn(const Program *program, Addr target);

/* The memory of summaries made, of bounded size; any number of threads may ask at once. program_open and _close do this. */
bool summaries_open(Program *program);
void summaries_close(Program *program);

/* The summary for the call (or jump) instruction `insn` of a body that is read with these callees. */
Summary summary_of_call(Program *program, const Insn *insn, const Callees *callees);

/* The registers the System V ABI has a callee keep (psABI 3.2.1, figure 3.4): rbx rsp rbp r12-r15. */
enum { ABI_KEPT = 1u << REG_RBX | 1u << REG_RSP | 1u << REG_RBP | 0xfu << REG_R12 };

#endif
