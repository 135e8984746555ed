/* cli/trace_print.h - what `trace` prints: a line a hit, counts, the summary (CONTRACT.md section 5). */
#ifndef LVSCAN_CLI_TRACE_PRINT_H
#define LVSCAN_CLI_TRACE_PRINT_H

#include "cli/options.h"
#include "cli/spec.h"
#include "cli/u64map.h"

typedef struct Hit {
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    uint32_t pid, tid;
    int64_t value;
    uint64_t flags; /* with --verify */
    unsigned site;  /* which of the places it was met at */
    bool readable;  /* false: the location could not be read at this hit */
    const uint64_t *chain;
    size_t nchain;
} Hit;

typedef struct Printer {
    Sink *out;
    const Options *o;
    const ProbeSpec *spec;  /* what is the same of all places */
    const ProbeSpec *sites; /* by Hit.site */
    uint64_t start_ns;      /* times are shown since then */
    U64Map counts;          /* value -> hits */
    bool color;
    bool live;        /* counts are shown on a terminal while they grow */
    size_t live_rows; /* that stand there now */
    uint64_t live_ns; /* when they were shown last */
} Printer;

typedef struct Summary {
    uint64_t hits, lost, unreadable, elapsed_ns;
    uint64_t counted;                 /* by the kernel, in all processes */
    uint64_t recorded;                /* of them, what was asked for came to us as a record or a count */
    const char *by;                   /* how they were read: way_name */
    uint64_t checked, contradictions; /* with --verify */
} Summary;

void print_hit(Printer *p, const Hit *hit, const char *comm);

/* Counts a hit for print_counts instead. */
void count_hit(Printer *p, const Hit *hit);
void print_counts(Printer *p);

/* Shows the counts in place of those shown before, a few times a second, as many as the terminal holds. */
void print_counts_live(Printer *p, uint64_t now_ns);

/* JSON to the printer's text; for people to standard error. */
void print_summary(Printer *p, const Summary *s);

#endif
