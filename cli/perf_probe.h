/* cli/perf_probe.h - hits as perf samples: one event and ring for each processor, of the uprobe PMU where it can read the
 * location, else of an event in tracefs. */
#ifndef LVSCAN_CLI_PERF_PROBE_H
#define LVSCAN_CLI_PERF_PROBE_H

#include "cli/perf_event.h"
#include "cli/perf_ring.h"
#include "cli/spec.h"
#include "cli/tracefs.h"

enum { CPUS_MAX = 4096 };

typedef struct Channel {
    int fd;
    PerfRing ring;
} Channel;

typedef struct PerfProbe {
    const ProbeSpec *spec;
    Channel *channels;
    size_t n;
    SampleShape shape;
    TracefsEvent event; /* root NULL: the uprobe PMU is used */
    uint64_t samples;   /* read from the rings so far */
    uint64_t lost;      /* as PERF_RECORD_LOST said so far */
    uint64_t counted;   /* hits the kernel counted, once stopped */
} PerfProbe;

/* Puts the probe into the file at `path`, as the site-th of this process. stack: return addresses with each hit; flags: rFLAGS
 * with each. On failure nothing is left behind. */
bool perf_probe_open(PerfProbe *p, const ProbeSpec *spec, unsigned site, const char *path, bool stack, bool flags,
                     Diag *diag);

/* The next hit, or false. Counts lost ones. */
bool perf_probe_next(PerfProbe *p, Sample *out);

/* Gives what was read back to the kernel. */
void perf_probe_done(PerfProbe *p);

/* What a sample holds at the spec's location; false when it could not be read (a stack slot on a page that is not there). */
bool perf_probe_value(const PerfProbe *p, const Sample *sample, int64_t *value);

/* rFLAGS of a sample; 0 where they were not asked for. */
uint64_t perf_probe_flags(const PerfProbe *p, const Sample *sample);

/* Stops counting and notes the counters; the rings can still be read. */
void perf_probe_stop(PerfProbe *p);
void perf_probe_close(PerfProbe *p);

#endif
