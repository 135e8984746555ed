/* tests/oracle/x86_trial.h - one encoding, run on the processor from pairs of random states, against its Effects. */
#ifndef LVSCAN_TESTS_X86_TRIAL_H
#define LVSCAN_TESTS_X86_TRIAL_H

#include "tests/oracle/x86_gen.h"
#include "tests/oracle/x86_step.h"
#include "x86/insn.h"

enum { TRIAL_FINDINGS = 24 };

typedef struct Finding {
    char key[96];
    char example[640];
    uint64_t count;
} Finding;

/* What a row's child hands back, in shared memory. */
typedef struct TrialResult {
    uint64_t done;                 /* states that were executed */
    uint64_t ends[STEP_OTHER + 1]; /* how the first runs ended */
    uint32_t nfindings;
    Finding finding[TRIAL_FINDINGS];
    uint8_t current[16]; /* the encoding under way, should the child die */
} TrialResult;

/* Makes the encoding fit for a run: points rip-relative and absolute addresses into the scratch area.
 * Returns false for those that are not run: an fs base, one register as both base and index. */
bool trial_prepare(uint8_t *code, Insn *insn);

/* Runs pairs of random states until `states` were executed or four times as many were tried. */
void trial_run(const uint8_t *code, const Insn *insn, uint64_t states, Rng *rng, TrialResult *out);

#endif
