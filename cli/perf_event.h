/* cli/perf_event.h - perf_event_open for one probe, and samples parsed.
 * Sources: perf_event_open(2); include/uapi/linux/perf_event.h. */
#ifndef LVSCAN_CLI_PERF_EVENT_H
#define LVSCAN_CLI_PERF_EVENT_H

#include "cli/perf_ring.h"

enum { CHAIN_MAX = 127, CPUS_POSSIBLE_MAX = 8192 };

/* What a sample of our events holds, in this order: ip, pid, tid, time, then those that are asked for. */
typedef struct SampleShape {
    uint64_t regs;        /* mask in the kernel's order; 0: no registers */
    uint32_t stack_bytes; /* 0: no stack dump */
    bool chain;           /* return addresses */
    bool raw;             /* a tracepoint's record */
} SampleShape;

typedef struct Sample {
    uint64_t ip, time;
    uint32_t pid, tid;
    uint64_t regs[64]; /* by bit of the mask */
    Bytes stack;       /* what was dumped, from rsp upward */
    Bytes raw;
    uint64_t chain[CHAIN_MAX];
    size_t nchain;
} Sample;

/* Parses a PERF_RECORD_SAMPLE's body. False when it is cut short. Bytes point into `body`. */
bool sample_parse(Sample *out, const SampleShape *shape, Bytes body);

/* The uprobe PMU's type, or -1 when the kernel has none. */
int uprobe_pmu_type(void);

/* Opens, disabled, an event for all processes on `cpu`. Returns the descriptor, or -1 with errno. */
int uprobe_event_open(int pmu_type, const char *path, uint64_t off, const SampleShape *shape, uint32_t watermark,
                      int cpu);
int tracepoint_event_open(uint64_t id, const SampleShape *shape, uint32_t watermark, int cpu);

/* Opens, enabled, an event that records forks, exits and names of processes on `cpu`. */
int task_event_open(int cpu);

/* When what such a record tells happened: nanoseconds of CLOCK_MONOTONIC, which ends every record (sample_id_all). */
uint64_t task_event_time(const PerfRecord *record);

bool event_enable(int fd);
void event_disable(int fd);
uint64_t event_count(int fd); /* hits counted, also those that found no room in the ring */

/* The numbers of the processors that are online, ascending, at most `most`; returns how many, 0 where the
 * kernel does not say. */
size_t cpus_online(int *cpus, size_t most);

/* How many processors there may ever be: per-processor maps have as many entries. 0: not known, or absurdly many. */
size_t cpus_possible(void);

#endif
