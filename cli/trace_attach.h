/* cli/trace_attach.h - probes in place, whichever way the kernel offers: a BPF program that reads, filters and counts at the
 * hit (the cheapest), or perf samples, of the uprobe PMU or of an event in tracefs. */
#ifndef LVSCAN_CLI_TRACE_ATTACH_H
#define LVSCAN_CLI_TRACE_ATTACH_H

#include "cli/bpf_probe.h"
#include "cli/perf_probe.h"
#include "cli/task_watch.h"
#include "cli/trace_print.h"

typedef enum Way { WAY_BPF, WAY_SAMPLES, WAY_TRACEFS } Way;

typedef struct AttachRequest {
    const ProbeSpec *sites; /* of one variable, in one file */
    size_t nsites;
    int fd; /* of the file: a /proc path names it, so that it is the file that was looked at, also when deleted */
    const Filter *filter; /* what the reader will ask of each hit */
    uint32_t only;        /* the process whose hits the reader will take; 0: it decides by itself */
    bool stack;           /* return addresses with each hit */
    bool flags;           /* rFLAGS with each */
    bool count;           /* only how often each value was met is wanted: attachment_counts tells */
    bool names;           /* forks and names will be asked for */
} AttachRequest;

typedef struct Attachment {
    Way way;
    char why[160]; /* not by BPF, "" otherwise */
    const ProbeSpec *sites;
    size_t nsites;
    BpfProbe bpf;
    PerfProbe *perf; /* one for each site */
    size_t nperf;
    TaskWatch tasks;
    uint64_t samples; /* hits handed over so far, filtered ones left out */
    uint64_t lost;    /* as the kernel said so far */
    uint64_t counted; /* hits the kernel counted, in all processes, once stopped */
    uint64_t wanted;  /* those that should have been handed over, once stopped */
} Attachment;

/* On failure nothing is left behind. */
bool attachment_open(Attachment *a, const AttachRequest *request, Diag *diag);

/* The next hit, or false; `chain` has room for CHAIN_MAX return addresses (NULL: none are wanted). */
bool attachment_next(Attachment *a, Hit *out, uint64_t *chain);

/* Gives what was read back to the kernel. */
void attachment_done(Attachment *a);

/* Adds what the kernel counted by value since the last call; *hits becomes how many that were. Only with `count`. */
void attachment_counts(Attachment *a, U64Map *into, uint64_t *hits);

/* No hit is added once this returns, and the counters are noted; what there is can still be read. */
void attachment_stop(Attachment *a);
void attachment_close(Attachment *a);

const char *way_name(Way way); /* "bpf", "samples", "tracefs" */

#endif
