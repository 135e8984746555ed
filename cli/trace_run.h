/* cli/trace_run.h - the loop: from the rings to the printer, until something ends it. */
#ifndef LVSCAN_CLI_TRACE_RUN_H
#define LVSCAN_CLI_TRACE_RUN_H

#include "cli/filter.h"
#include "cli/processes.h"
#include "cli/spawn.h"
#include "cli/trace_attach.h"
#include "cli/trace_print.h"
#include "cli/trace_verify.h"

typedef enum TraceEnd { END_NOT, END_USER, END_LIMIT, END_TARGET, END_RATE, END_OUTPUT } TraceEnd;

typedef struct Trace {
    const Options *o;
    const ProbeSpec *spec;
    const FlagCheck *check; /* compare 0: none */
    Attachment *attachment;
    Processes *processes;
    Printer *printer;
    Spawned *child; /* pid 0: none */
    int signals;    /* a signalfd */
    int target;     /* a pidfd of -p's process; -1: none */
    Filter filter;
    Summary summary;
    uint64_t rate_start, rate_hits; /* of the second that runs, which began with a hit */
    Hit *hits;                      /* a batch: what is read before the names and forks that belong to it */
    size_t nhits;
    uint64_t *chains; /* CHAIN_MAX a hit, with --stack */
} Trace;

/* Runs until the user, a limit, or the end of the target ends it. Everything that was hit is printed, and the summary
 * filled. */
TraceEnd trace_run(Trace *t);

#endif
