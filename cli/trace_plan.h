/* cli/trace_plan.h - what `trace` is going to read: found by a search, or told by a spec. */
#ifndef LVSCAN_CLI_TRACE_PLAN_H
#define LVSCAN_CLI_TRACE_PLAN_H

#include "cli/input.h"
#include "cli/query.h"
#include "cli/spec.h"
#include "cli/trace_verify.h"

typedef struct Plan {
    Input in; /* the file, open and mapped */
    Program program;
    Question question;
    SearchResult result;
    ProbeSpec spec;   /* what is read, and where, if at one place */
    ProbeSpec *sites; /* all the places; their values are one variable's */
    size_t nsites;
    size_t nalike;   /* other variables found in the function that are compared with some of the same constants */
    FlagCheck check; /* with --verify */
    pid_t pid;       /* whose hits are wanted: -p, or BINARY's pid:N; 0: see the options */
    Arena arena;
    bool has_input, has_program, has_question;
} Plan;

/* Finds or reads the spec and checks it against the file. Prints a message and returns an exit status other than EXIT_FOUND
 * when that fails; plan_close is needed in any case. */
int plan_open(Plan *plan, const Options *o);
void plan_close(Plan *plan);

#endif
