/* cli/explain.h - --explain: the listing around a variable's tests, with a column for each place it lives in. */
#ifndef LVSCAN_CLI_EXPLAIN_H
#define LVSCAN_CLI_EXPLAIN_H

#include "cli/result_json.h"

/* Prints the listing of the best variable of the report. False, with nothing printed, when its function cannot be
 * decoded again or memory is used up. */
bool explain_text(Sink *t, const Report *r);

#endif
