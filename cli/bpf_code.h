/* cli/bpf_code.h - the BPF program that runs at a hit: reads the variable, asks whether it is wanted, counts or records it.
 *
 * Written out as instructions, so that neither a compiler nor a library is needed. Every helper it calls may be called by
 * programs of any licence; that is why it can say truly that its licence is lvscan's own, MIT, which the kernel does not
 * take for GPL-compatible. (bpf_probe_read_user may not be; bpf_copy_from_user, in a program that may sleep, may.)
 * Sources: Documentation/bpf/standardization/instruction-set.rst; include/uapi/linux/bpf.h; kernel/bpf/helpers.c and
 * kernel/trace/bpf_trace.c (gpl_only); arch/x86/include/uapi/asm/ptrace.h (struct pt_regs). */
#ifndef LVSCAN_CLI_BPF_CODE_H
#define LVSCAN_CLI_BPF_CODE_H

#include "cli/filter.h"
#include "cli/spec.h"

#include <linux/bpf.h>

enum { BPF_CODE_MAX = 384, BPF_LABELS = FILTER_TERMS_MAX + 8 };

#define BPF_LICENSE "MIT"

/* What is counted, by each processor for itself, in the one entry of the map `counters`. */
typedef struct BpfCounters {
    uint64_t entered; /* hits of all processes */
    uint64_t wanted;  /* those of wanted processes that the filter passes */
    uint64_t lost;    /* those of them that found no room */
    uint64_t full;    /* not 0: no new value finds room in `counts` */
} BpfCounters;

/* What a hit leaves in the ring. */
typedef struct BpfRecord {
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    uint32_t tid, pid;
    uint64_t value; /* as spec_value gives it */
    uint64_t notes; /* rFLAGS; the site; BPF_UNREADABLE */
} BpfRecord;

enum { BPF_NOTE_SITE = 32, BPF_NOTE_UNREADABLE = 63 }; /* bits of notes */

typedef struct BpfRequest {
    const ProbeSpec *spec;
    const Filter *filter; /* NULL: all pass */
    uint32_t site;        /* its number, for the record */
    uint32_t only;        /* this process's hits; 0: everyone's */
    uint32_t not_of;      /* but not this one's; 0: none is left out */
    bool flags;           /* rFLAGS into the record */
    int counters, ring;   /* maps */
    int counts;           /* value -> hits; what finds no room there is recorded. -1: all are recorded */
    uint32_t wake_at;     /* bytes in the ring at which the reader is woken */
} BpfRequest;

typedef struct BpfCode {
    struct bpf_insn insn[BPF_CODE_MAX];
    uint32_t n;
    uint32_t labels[BPF_LABELS]; /* where each is; BPF_CODE_MAX: not yet */
    uint8_t jump[BPF_CODE_MAX];  /* label + 1 of a jump whose distance is not filled in */
    bool sleeps;                 /* must be loaded as one that may sleep */
    bool too_long;
} BpfCode;

/* Can a BPF program read this location? False with the reason: xmm registers, fs and gs. */
bool bpf_code_can(const ProbeSpec *spec, Diag *diag);

/* Writes the program. The location must be one that bpf_code_can accepts. False when it gets too long. */
bool bpf_code_make(BpfCode *code, const BpfRequest *request);

#endif
