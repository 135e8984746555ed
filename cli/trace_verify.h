/* cli/trace_verify.h - `--verify`: does the program branch as the value that was read says it should?
 *
 * Where a compare of the variable with a constant has just set the flags, they are sampled with the value: both cannot be
 * right when they disagree. Source: SDM vol. 2, CMP; vol. 1, 3.4.3.1 (status flags). */
#ifndef LVSCAN_CLI_TRACE_VERIFY_H
#define LVSCAN_CLI_TRACE_VERIFY_H

#include "analysis/program.h"
#include "analysis/variable.h"

typedef struct FlagCheck {
    Addr compare;  /* the instruction that set the flags; 0: none, nothing can be checked */
    uint64_t with; /* the constant, in `bits` */
    uint16_t bits;
    bool whole; /* carry, sign and overflow are those of variable - constant, too; else the zero flag only */
} FlagCheck;

/* The check that is possible where the flags are as they stand before the instruction at `pc`, at which the variable is read
 * from `location`. False when no compare of the variable is known to have made them. */
bool flag_check_find(FlagCheck *out, Program *program, const Variable *v, Addr pc, const Location *location);

/* Do the flags (rFLAGS as sampled) fit the value? */
bool flag_check_holds(const FlagCheck *check, uint64_t value, uint64_t flags);

#endif
