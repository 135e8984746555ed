/* tests/oracle/x86_step.h - runs one instruction on this processor from a given state, in this process.
 *
 * A trap enters a signal handler, which swaps the whole register state (xsave area included) in its signal frame for the
 * given one with TF set; the instruction runs, and the next trap or fault brings the state after it. Memory is not part
 * of State: the instruction may touch the scratch area, and anything else of the process when it is wrong about its
 * address, so run it in a forked child.
 *
 * Kept apart from x86/regs.h, whose names clash with <ucontext.h>'s.
 */
#ifndef LVSCAN_TESTS_X86_STEP_H
#define LVSCAN_TESTS_X86_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Scratch lies below 4 GiB so that 32-bit addresses reach it, code within 2 GiB above it for rip-relative ones. */
#define STEP_SCRATCH ((uint64_t)0xe8000000)
#define STEP_CODE    ((uint64_t)0x140000000)
enum { STEP_SCRATCH_SIZE = 4 * 4096 };

enum { STEP_TF = 0x100, STEP_DF = 0x400, STEP_FLAGS = 0xcd5 /* o d s z a p c */ };

typedef struct State {
    uint64_t gpr[16]; /* the encoding's order */
    uint64_t rip, flags;
    uint8_t vec[32][64];
    uint64_t k[8];
    uint8_t st[8][10]; /* st(i); with top = 0 also mm(i) in the low 8 bytes */
    uint32_t mxcsr;
    uint16_t fcw, fsw;
    uint8_t ftw; /* abridged: bit i = physical register i is not empty */
} State;

typedef enum StepEnd { STEP_DONE, STEP_ILLEGAL, STEP_FAULT, STEP_DIVIDE, STEP_OTHER } StepEnd;

/* Runs fn(ctx) in a forked child, at most so many seconds. Returns 0, or its exit status, or 1000 + the signal that
 * killed it. Does not return when there is no fork. */
int step_isolated(void (*fn)(void *), void *ctx, unsigned seconds);

/* Maps code and scratch, installs the handlers. Returns false (errno) when that fails. */
bool step_init(void);

/* How many bytes of vector registers this processor has: 16, 32 or 64. */
size_t step_vector_bytes(void);

/* Copies code to STEP_CODE and runs its first instruction from *in (rip is set here). With `repeat`, goes on while rip
 * stays (string instructions trap at each turn). */
StepEnd step_run(const State *in, const uint8_t *code, size_t n, bool repeat, State *out);

#endif
