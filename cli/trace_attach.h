/* cli/trace_attach.h - a probe in place: one perf event and ring for each processor, whichever way the kernel offers. */
#ifndef LVSCAN_CLI_TRACE_ATTACH_H
#define LVSCAN_CLI_TRACE_ATTACH_H

#include "cli/perf_event.h"
#include "cli/perf_ring.h"
#include "cli/spec.h"
#include "cli/tracefs.h"

enum { CPUS_MAX = 4096 };

typedef struct Channel {
    int fd, task_fd;      /* -1: none */
    PerfRing ring, tasks; /* hits; forks and names */
} Channel;

typedef struct Attachment {
    Channel *channels;
    size_t n;
    SampleShape shape;
    TracefsEvent event; /* root NULL: the uprobe PMU is used */
    uint64_t samples;   /* read from the rings so far */
    uint64_t lost;      /* as PERF_RECORD_LOST said so far */
    uint64_t counted;   /* hits the kernel counted, once stopped */
} Attachment;

/* Puts the probe into the file behind `fd` (a /proc path names it, so that it is the file that was looked at, also when
 * it was deleted). stack: return addresses with each hit; flags: rFLAGS with each. On failure nothing is left behind. */
bool attachment_open(Attachment *a, const ProbeSpec *spec, int fd, bool stack, bool flags, Diag *diag);

/* rFLAGS of a sample, where they were asked for. */
uint64_t attachment_flags(const Sample *sample);

/* The next hit of one processor's ring, or false. Counts lost ones. */
bool attachment_next(Attachment *a, Channel *channel, Sample *out);

/* What a sample holds at the spec's location; false when it could not be read (a stack slot on a page that is not there). */
bool attachment_value(const Attachment *a, const ProbeSpec *spec, const Sample *sample, int64_t *value);

/* Stops counting and notes the counters; the rings can still be read. */
void attachment_stop(Attachment *a);
void attachment_close(Attachment *a);

#endif
