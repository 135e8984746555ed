/* cli/trace_plan.h - what `trace` is going to read: found by a search, or told by a spec.
 *
 * The file is looked into by a process of its own, confined as the other commands are (cli/confine.h), which chooses and hands
 * over a plan as text (cli/plan_text.h). The process that attaches, with all the rights that needs, never parses the file: it
 * hashes its bytes for --record, compares the bytes at the probe, and decodes the one instruction there. */
#ifndef LVSCAN_CLI_TRACE_PLAN_H
#define LVSCAN_CLI_TRACE_PLAN_H

#include "cli/input.h"
#include "cli/spec.h"
#include "cli/trace_verify.h"

typedef struct Plan {
    Input in;         /* the file, open and mapped */
    ProbeSpec spec;   /* with --spec: as it was read */
    ProbeSpec *sites; /* all the places that are read; their values are one variable's */
    size_t nsites;
    size_t nalike;   /* other variables found in the function that are compared with some of the same constants */
    FlagCheck check; /* with --verify */
    Bytes build_id;  /* the file's */
    pid_t pid;       /* whose hits are wanted: -p, or BINARY's pid:N; 0: see the options */
    Arena arena;
    bool has_input;
} Plan;

/* Finds or reads the spec and checks it against the file. Prints a message and returns an exit status other than EXIT_FOUND
 * when that fails; plan_close is needed in any case. No thread may run. */
int plan_open(Plan *plan, const Options *o);
void plan_close(Plan *plan);

#endif
