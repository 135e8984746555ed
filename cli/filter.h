/* cli/filter.h - `--filter`: comparisons of value, pid and tid with constants or enumerators, joined by && and ||
 * (&& binds closer). */
#ifndef LVSCAN_CLI_FILTER_H
#define LVSCAN_CLI_FILTER_H

#include "cli/enum.h"

enum { FILTER_TERMS_MAX = 32 };

typedef enum FilterField { FIELD_VALUE, FIELD_PID, FIELD_TID } FilterField;
typedef enum FilterOp { OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT } FilterOp;

typedef struct FilterTerm {
    FilterField field;
    FilterOp op;
    int64_t constant;
    bool starts_alternative; /* there is a || before it */
} FilterTerm;

typedef struct Filter {
    FilterTerm terms[FILTER_TERMS_MAX];
    size_t n;         /* 0: everything passes */
    bool is_unsigned; /* how the value's order is meant */
} Filter;

bool filter_parse(Filter *f, const char *text, const EnumTable *names, Diag *diag);
bool filter_pass(const Filter *f, int64_t value, uint32_t pid, uint32_t tid);

#endif
