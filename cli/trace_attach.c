/* cli/trace_attach.c - see trace_attach.h. */
#include "cli/trace_attach.h"

#include "cli/message.h"
#include "elf/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

const char *way_name(Way way)
{
    static const char *const names[] = {"bpf", "samples", "tracefs"};
    return names[way];
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (prlimit(0, RLIMIT_NOFILE, NULL, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        prlimit(0, RLIMIT_NOFILE, &limit, NULL);
    }
}

/* ---- by BPF ---- */

/* A BPF program sees processes by the numbers that they have on the host; perf samples have the reader's.
 * Source: include/linux/proc_ns.h, PROC_PID_INIT_INO. */
static bool in_first_pid_namespace(void)
{
    struct stat st;
    return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == 0xeffffffcu;
}

/* One event is enough: wherever it is opened, its program runs on all processors. */
static bool bpf_attach_site(Attachment *a, const AttachRequest *r, unsigned site, int pmu, const char *path)
{
    BpfRequest b = {.spec = &r->sites[site],
                    .filter = r->filter,
                    .site = site,
                    .only = r->only,
                    .not_of = (uint32_t)getpid(),
                    .flags = r->flags};
    int cpu = 0;
    if (cpus_online(&cpu, 1) == 0)
        return false;
    int fd = uprobe_event_open(pmu, path, b.spec->off.v, &(SampleShape){0}, 0, cpu);
    if (fd < 0)
        return false;
    if (bpf_probe_attach(&a->bpf, &b, fd))
        return true;
    int error = errno;
    close(fd);
    errno = error;
    return false;
}

static bool open_bpf(Attachment *a, const AttachRequest *r, const char *path, Diag *why)
{
    int pmu = uprobe_pmu_type();
    if (r->stack)
        return diag_set(why, 0, "it cannot read return addresses");
    if (pmu < 0)
        return diag_set(why, 0, "there is no uprobe PMU");
    if (!in_first_pid_namespace())
        return diag_set(why, 0, "processes have other numbers in this PID namespace");
    for (size_t i = 0; i < r->nsites; i++)
        if (!bpf_code_can(&r->sites[i], why))
            return false;
    if (!bpf_probe_open(&a->bpf, r->count))
        return diag_set(why, 0, "%s", errno_text(errno));
    for (unsigned i = 0; i < r->nsites; i++)
        if (!bpf_attach_site(a, r, i, pmu, path)) {
            diag_set(why, 0, "%s", errno_text(errno));
            bpf_probe_close(&a->bpf);
            return false;
        }
    a->way = WAY_BPF;
    return true;
}

static bool bpf_next(Attachment *a, Hit *out)
{
    BpfRecord r;
    if (!bpf_probe_next(&a->bpf, &r))
        return false;
    a->samples++;
    *out = (Hit){.time_ns = r.time_ns,
                 .pid = r.pid,
                 .tid = r.tid,
                 .value = (int64_t)r.value,
                 .flags = r.notes & UINT32_MAX,
                 .site = (unsigned)(r.notes >> BPF_NOTE_SITE) & 0xffff,
                 .readable = !(r.notes >> BPF_NOTE_UNREADABLE)};
    if (out->site >= a->nsites)
        out->site = 0;
    return true;
}

static void bpf_stop(Attachment *a)
{
    BpfCounters c;
    bpf_probe_stop(&a->bpf);
    if (!bpf_probe_counters(&a->bpf, &c))
        return;
    a->counted = c.entered;
    a->wanted = c.wanted;
    a->lost = c.lost;
}

/* ---- by samples ---- */

static bool open_perf(Attachment *a, const AttachRequest *r, const char *path, Diag *diag)
{
    a->perf = calloc(r->nsites, sizeof *a->perf);
    if (!a->perf)
        return diag_set(diag, 0, "out of memory");
    for (unsigned i = 0; i < r->nsites; i++, a->nperf++)
        if (!perf_probe_open(&a->perf[i], &r->sites[i], i, path, r->stack, r->flags, diag))
            return false;
    a->way = a->perf[0].event.root ? WAY_TRACEFS : WAY_SAMPLES;
    return true;
}

static bool perf_next(Attachment *a, Hit *out, uint64_t *chain)
{
    Sample s;
    unsigned i = 0;
    while (i < a->nperf && !perf_probe_next(&a->perf[i], &s))
        i++;
    if (i == a->nperf)
        return false;
    a->samples++;
    *out = (Hit){.time_ns = s.time, .pid = s.pid, .tid = s.tid, .site = i};
    out->flags = perf_probe_flags(&a->perf[i], &s);
    out->readable = perf_probe_value(&a->perf[i], &s, &out->value);
    if (chain) {
        memcpy(chain, s.chain, s.nchain * sizeof *chain);
        out->chain = chain;
        out->nchain = s.nchain;
    }
    return true;
}

static void perf_stop(Attachment *a)
{
    a->counted = 0;
    for (size_t i = 0; i < a->nperf; i++) {
        perf_probe_stop(&a->perf[i]);
        a->counted += a->perf[i].counted;
    }
    a->wanted = a->counted;
}

/* ---- either ---- */

bool attachment_open(Attachment *a, const AttachRequest *r, Diag *diag)
{
    char path[64];
    Diag why = {0};
    *a = (Attachment){.sites = r->sites, .nsites = r->nsites, .bpf = {.counters = -1, .ring = -1, .counts = -1}};
    format_text(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), r->fd);
    raise_descriptor_limit();
    bool good = open_bpf(a, r, path, &why);
    if (!good) {
        format_text(a->why, sizeof a->why, "%s", why.what);
        good = open_perf(a, r, path, diag);
    }
    if (good && r->names)
        task_watch_open(&a->tasks);
    if (!good)
        attachment_close(a);
    return good;
}

bool attachment_next(Attachment *a, Hit *out, uint64_t *chain)
{
    return a->way == WAY_BPF ? bpf_next(a, out) : perf_next(a, out, chain);
}

void attachment_done(Attachment *a)
{
    if (a->way == WAY_BPF)
        bpf_probe_done(&a->bpf);
    for (size_t i = 0; i < a->nperf; i++)
        perf_probe_done(&a->perf[i]);
    uint64_t lost = 0;
    for (size_t i = 0; i < a->nperf; i++)
        lost += a->perf[i].lost;
    a->lost = a->way == WAY_BPF ? a->lost : lost;
}

void attachment_counts(Attachment *a, U64Map *into, uint64_t *hits)
{
    *hits = 0;
    if (a->way != WAY_BPF || a->bpf.counts < 0)
        return;
    if (!bpf_probe_counts(&a->bpf, into, hits))
        message("the kernel's counts cannot be read: %s", errno_text(errno));
    a->samples += *hits;
}

void attachment_stop(Attachment *a)
{
    if (a->way == WAY_BPF)
        bpf_stop(a);
    else
        perf_stop(a);
}

void attachment_close(Attachment *a)
{
    for (size_t i = 0; i < a->nperf; i++)
        perf_probe_close(&a->perf[i]);
    free(a->perf);
    a->perf = NULL;
    a->nperf = 0;
    task_watch_close(&a->tasks);
    bpf_probe_close(&a->bpf);
}
