/* cli/query.h - what the options ask for, as a search takes it: constants, names, functions. */
#ifndef LVSCAN_CLI_QUERY_H
#define LVSCAN_CLI_QUERY_H

#include "analysis/search.h"
#include "cli/enum.h"
#include "cli/options.h"

typedef struct Question {
    Query query;
    EnumTable names;  /* n == 0: none */
    Bytes enum_bytes; /* mapped: the names point into it */
    Arena arena;
} Question;

/* Reads the enum file, when there is one, and fills the query. Prints a message and returns an exit status other than
 * EXIT_FOUND when that fails. */
int question_open(Question *q, const Options *o);
void question_close(Question *q);

#endif
