/* cli/trace_choose.h - the part of `trace` that reads the file: which variable, and where. */
#ifndef LVSCAN_CLI_TRACE_CHOOSE_H
#define LVSCAN_CLI_TRACE_CHOOSE_H

#include "cli/trace_plan.h"

/* Confines this process (unless --no-sandbox), reads plan->in, and fills sites, nalike, check and build_id: by a search, or, with --spec,
 * by checking plan->spec against the file. Prints a message and returns an exit status other than EXIT_FOUND when that fails. What was
 * found lives as long as the process. */
int plan_choose(Plan *plan, const Options *o);

#endif
