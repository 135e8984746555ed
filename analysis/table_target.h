/* analysis/table_target.h - where a jump through a table goes, as an expression over its index: made once, worked out for each entry. */
#ifndef LVSCAN_ANALYSIS_TABLE_TARGET_H
#define LVSCAN_ANALYSIS_TABLE_TARGET_H

#include "analysis/values.h"

enum { TARGET_OPS = 32 };

typedef enum TargetOpKind {
    TARGET_NUMBER, /* k */
    TARGET_INDEX,
    TARGET_LOAD, /* the word of `bits` in constant memory at the address b, extended as `sign` says, of which `to` bits stay */
    TARGET_EXTEND, /* the same of b */
    TARGET_AND,    /* b & k, in `bits` */
    TARGET_SUM     /* a + b * scale + k, in `bits` */
} TargetOpKind;

typedef struct TargetOp {
    uint8_t kind; /* TargetOpKind */
    uint8_t a, b; /* ops before this one; TARGET_OPS: none, which is 0 */
    uint8_t bits, to;
    bool sign;
    uint64_t scale, k;
} TargetOp;

typedef struct Target {
    const Program *program;
    TargetOp ops[TARGET_OPS]; /* the last is the target */
    ValueId ids[TARGET_OPS];  /* which value each is; VALUE_NONE: none */
    unsigned n;
} Target;

/* Makes the expression of where the indirect jump at `step` goes when the value `index` is i. False where it is made of anything but
 * loads from memory, sums, masks and shifts of the index and constants. */
bool target_make(Target *out, Values *v, uint32_t step, ValueId index);

/* Works it out for i; *entry: the address of the load done last, which is the table's. False where memory that is constant does not have that. */
bool target_at(const Target *t, uint64_t i, Addr *out, Addr *entry);

#endif
