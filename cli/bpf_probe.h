/* cli/bpf_probe.h - hits by a BPF program: its maps, its events, and what it leaves in them.
 *
 * All of it is held by descriptors: when this process ends, however it does, the kernel takes everything away.
 * Needs Linux 5.8 (the ring), and 6.0 for what is in memory (programs that may sleep). Source: bpf(2);
 * Documentation/bpf/ringbuf.rst. */
#ifndef LVSCAN_CLI_BPF_PROBE_H
#define LVSCAN_CLI_BPF_PROBE_H

#include "cli/bpf_code.h"
#include "cli/u64map.h"

typedef struct BpfProbe {
    int counters, ring, counts; /* maps; counts -1: every hit is recorded */
    int *events;                /* one for each site */
    size_t nevents;
    size_t cpus;           /* that the counters have entries for */
    uint64_t *consumed;    /* the ring's pages: how far we have read, */
    const uint64_t *ready; /* how far it is written, and its bytes, which are mapped twice in a row */
    const uint8_t *data;
    size_t size;
    uint64_t tail;
    U64Map taken; /* of `counts`: what was handed over already */
} BpfProbe;

/* The maps, for reading that is `counted` by value or not. False, with errno, where the kernel has none of this. */
bool bpf_probe_open(BpfProbe *p, bool counted);

/* Puts the program of `request`, whose maps are filled in here, on the uprobe event `fd`, which it takes over: from now on
 * it is hit. False, with errno, and the event is not taken. */
bool bpf_probe_attach(BpfProbe *p, const BpfRequest *request, int fd);

/* The next record, or false. `done` gives the room back to the kernel. */
bool bpf_probe_next(BpfProbe *p, BpfRecord *out);
void bpf_probe_done(BpfProbe *p);

/* Adds to `into` what was counted by value since the last call; *sum becomes how many hits that were. */
bool bpf_probe_counts(BpfProbe *p, U64Map *into, uint64_t *sum);

/* The counters, over all processors. */
bool bpf_probe_counters(const BpfProbe *p, BpfCounters *out);

/* No hit any more once this returns; what was recorded and counted can still be read. */
void bpf_probe_stop(BpfProbe *p);
void bpf_probe_close(BpfProbe *p);

#endif
