/* cli/trace_attach.c - see trace_attach.h. */
#include "cli/trace_attach.h"

#include "cli/emit.h"
#include "cli/kernel_reg.h"
#include "cli/message.h"
#include "elf/format.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { RING_PAGES_MAX = 8192, RING_PAGES_ALL = 32768, TASK_PAGES = 64, ERROR_NOTSUPP = 524 };

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Pages of a ring: 32 MiB a processor, at most 128 MiB in all. A hit takes 48 bytes, so that we may be kept from reading for
 * more than half a second of a million hits a second. */
static size_t ring_pages(size_t cpus)
{
    size_t pages = RING_PAGES_MAX;
    while (pages > 16 && pages * cpus > RING_PAGES_ALL)
        pages /= 2;
    return pages;
}

static bool explain(int error, Diag *diag)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return diag_set(diag, 0,
                        "no permission to attach a uprobe: run as root, or with CAP_SYS_ADMIN (CAP_PERFMON where the "
                        "kernel takes that)");
    case ERROR_NOTSUPP:
        return diag_set(diag, 0,
                        "the kernel refuses a probe on this instruction (errno 524); --site names another place");
    case EMFILE:
    case ENFILE: return diag_set(diag, 0, "out of file descriptors: two are needed for each processor (ulimit -n)");
    case ENOMEM: return diag_set(diag, 0, "no memory for the ring buffers (ulimit -l, kernel.perf_event_mlock_kb)");
    default: return diag_set(diag, 0, "the probe cannot be opened: %s", errno_text(error));
    }
}

static int open_event(const Attachment *a, int pmu, const char *path, const ProbeSpec *spec, uint32_t watermark,
                      int cpu)
{
    if (a->event.root)
        return tracepoint_event_open(a->event.id, &a->shape, watermark, cpu);
    return uprobe_event_open(pmu, path, spec->off.v, &a->shape, watermark, cpu);
}

static bool open_channels(Attachment *a, int pmu, const char *path, const ProbeSpec *spec, Diag *diag)
{
    int *cpus = malloc(CPUS_MAX * sizeof *cpus);
    size_t n = cpus ? cpus_online(cpus, CPUS_MAX) : 0;
    size_t pages = ring_pages(n);
    a->channels = calloc(n ? n : 1, sizeof *a->channels);
    int error = a->channels ? 0 : ENOMEM;
    for (size_t i = 0; i < n && !error; i++) {
        Channel *c = &a->channels[a->n];
        c->fd = open_event(a, pmu, path, spec, (uint32_t)(pages * 4096 / 8), cpus[i]);
        if (c->fd < 0 && errno == ENODEV)
            continue; /* went offline a moment ago */
        error = c->fd < 0 ? errno : 0;
        if (error)
            break;
        c->task_fd = -1;
        a->n++;
        if (!ring_open(&c->ring, c->fd, pages, 8))
            error = errno;
        c->task_fd = error ? -1 : task_event_open(cpus[i]);
        if (c->task_fd >= 0)
            ring_open(&c->tasks, c->task_fd, TASK_PAGES, 1);
    }
    free(cpus);
    return error ? explain(error, diag) : a->n > 0 || diag_set(diag, 0, "no processor is online");
}

static bool enable(Attachment *a, Diag *diag)
{
    for (size_t i = 0; i < a->n; i++)
        if (!event_enable(a->channels[i].fd))
            return explain(errno, diag);
    return true;
}

static bool open_tracefs(Attachment *a, const ProbeSpec *spec, const char *path, Diag *diag)
{
    Sink fetch;
    sink_open(&fetch, -1);
    bool good = tracefs_fetch(&fetch, spec, diag);
    sink_char(&fetch, 0);
    good = good && tracefs_open(&a->event, path, spec->off.v, sink_view(&fetch).p, diag);
    sink_close(&fetch);
    a->shape.raw = true;
    return good;
}

bool attachment_open(Attachment *a, const ProbeSpec *spec, int fd, bool stack, bool flags, Diag *diag)
{
    char path[64];
    int pmu = uprobe_pmu_type();
    *a = (Attachment){.shape = {.chain = stack}};
    format_text(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), fd);
    raise_descriptor_limit();
    if (pmu >= 0 && spec_regs(spec)) {
        a->shape.regs = spec_regs(spec);
        a->shape.stack_bytes = spec_stack_bytes(spec);
    } else if (!open_tracefs(a, spec, path, diag)) {
        return false;
    }
    a->shape.regs |= flags ? (uint64_t)1 << PERF_REG_FLAGS : 0;
    if (open_channels(a, pmu, path, spec, diag) && enable(a, diag))
        return true;
    attachment_close(a);
    return false;
}

bool attachment_next(Attachment *a, Channel *channel, Sample *out)
{
    PerfRecord record;
    while (ring_next(&channel->ring, &record)) {
        if (record.type == PERF_RECORD_SAMPLE) {
            a->samples++;
            if (sample_parse(out, &a->shape, record.body))
                return true;
        } else if (record.type == PERF_RECORD_LOST && record.body.n >= 16) {
            uint64_t lost;
            memcpy(&lost, record.body.p + 8, sizeof lost);
            a->lost += lost;
        }
    }
    return false;
}

/* x86 is little-endian, and so are we. */
static bool read_le(Bytes from, uint64_t at, size_t n, uint64_t *out)
{
    *out = 0;
    if (n > 8 || at > from.n || n > from.n - at)
        return false;
    memcpy(out, from.p + at, n);
    return true;
}

bool attachment_value(const Attachment *a, const ProbeSpec *spec, const Sample *sample, int64_t *value)
{
    uint64_t raw;
    const Location *l = &spec->location;
    if (a->shape.raw) {
        if (!read_le(sample->raw, a->event.field_off, a->event.field_size, &raw))
            return false;
    } else if (a->shape.stack_bytes) {
        if (!read_le(sample->stack, (uint64_t)l->disp, (l->bits + 7u) / 8, &raw))
            return false;
    } else {
        raw = sample->regs[perf_reg(l->reg)];
    }
    *value = spec_value(spec, raw);
    return true;
}

uint64_t attachment_flags(const Sample *sample) { return sample->regs[PERF_REG_FLAGS]; }

void attachment_stop(Attachment *a)
{
    for (size_t i = 0; i < a->n; i++)
        event_disable(a->channels[i].fd);
    a->counted = 0;
    for (size_t i = 0; i < a->n; i++)
        a->counted += event_count(a->channels[i].fd);
}

void attachment_close(Attachment *a)
{
    for (size_t i = 0; i < a->n; i++) {
        Channel *c = &a->channels[i];
        ring_close(&c->ring);
        ring_close(&c->tasks);
        close(c->fd);
        if (c->task_fd >= 0)
            close(c->task_fd);
    }
    free(a->channels);
    tracefs_close(&a->event);
    a->channels = NULL;
    a->n = 0;
}
