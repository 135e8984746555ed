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
    bool readable; /* false: the location could not be read at this hit */
    const uint64_t *chain;
    size_t nchain;
} Hit;

typedef struct Printer {
    Sink *out;
    const Options *o;
    const ProbeSpec *spec;
    uint64_t start_ns; /* times are shown since then */
    U64Map counts;     /* value -> hits */
    bool color;
} Printer;

typedef struct Summary {
    uint64_t hits, lost, unreadable, elapsed_ns;
} Summary;

void print_hit(Printer *p, const Hit *hit, const char *comm);

/* Counts a hit for print_counts instead. */
void count_hit(Printer *p, const Hit *hit);
void print_counts(Printer *p);

/* JSON to the printer's text; for people to standard error. */
void print_summary(Printer *p, const Summary *s);

#endif
