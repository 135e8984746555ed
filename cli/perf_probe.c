/* cli/perf_probe.c - see perf_probe.h. */
#include "cli/perf_probe.h"

#include "cli/emit.h"
#include "cli/kernel_reg.h"
#include "cli/refusal.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RING_PAGES_MAX = 8192, RING_PAGES_ALL = 32768 };

/* Pages of a ring: 32 MiB a processor, at most 128 MiB in all. A hit takes 48 bytes, so that we may be kept from reading for
 * more than half a second of a million hits a second. */
static size_t ring_pages(size_t cpus)
{
    size_t pages = RING_PAGES_MAX;
    while (pages > 16 && pages * cpus > RING_PAGES_ALL)
        pages /= 2;
    return pages;
}

static int open_event(const PerfProbe *p, int pmu, const char *path, uint32_t watermark, int cpu)
{
    if (p->event.root)
        return tracepoint_event_open(p->event.id, &p->shape, watermark, cpu);
    return uprobe_event_open(pmu, path, p->spec->off.v, &p->shape, watermark, cpu);
}

static bool open_channels(PerfProbe *p, int pmu, const char *path, Diag *diag)
{
    int *cpus = malloc(CPUS_MAX * sizeof *cpus);
    size_t n = cpus ? cpus_online(cpus, CPUS_MAX) : 0;
    size_t pages = ring_pages(n);
    p->channels = calloc(n ? n : 1, sizeof *p->channels);
    int error = p->channels ? 0 : ENOMEM;
    for (size_t i = 0; i < n && !error; i++) {
        Channel *c = &p->channels[p->n];
        c->fd = open_event(p, pmu, path, (uint32_t)(pages * PAGE_BYTES / 8), cpus[i]);
        if (c->fd < 0 && errno == ENODEV)
            continue; /* went offline a moment ago */
        error = c->fd < 0 ? errno : 0;
        if (error)
            break;
        p->n++;
        if (!ring_open(&c->ring, c->fd, pages, 8))
            error = errno;
    }
    free(cpus);
    return error ? probe_refused(error, diag) : p->n > 0 || diag_set(diag, 0, "no processor is online");
}

static bool enable(PerfProbe *p, Diag *diag)
{
    for (size_t i = 0; i < p->n; i++)
        if (!event_enable(p->channels[i].fd))
            return probe_refused(errno, diag);
    return true;
}

static bool open_tracefs(PerfProbe *p, unsigned site, const char *path, Diag *diag)
{
    Sink fetch;
    sink_open(&fetch, -1);
    bool good = tracefs_fetch(&fetch, p->spec, diag);
    sink_char(&fetch, 0);
    if (good && fetch.error)
        good = diag_set(diag, 0, "out of memory");
    good = good && tracefs_open(&p->event, site, path, p->spec->off.v, sink_view(&fetch).p, diag);
    sink_close(&fetch);
    p->shape.raw = true;
    return good;
}

bool perf_probe_open(PerfProbe *p, const ProbeSpec *spec, unsigned site, const char *path, bool stack, bool flags,
                     Diag *diag)
{
    int pmu = uprobe_pmu_type();
    *p = (PerfProbe){.spec = spec, .shape = {.chain = stack}};
    if (pmu >= 0 && spec_regs(spec)) {
        p->shape.regs = spec_regs(spec);
        p->shape.stack_bytes = spec_stack_bytes(spec);
    } else if (!open_tracefs(p, site, path, diag)) {
        return false;
    }
    p->shape.regs |= flags ? (uint64_t)1 << PERF_REG_FLAGS : 0;
    if (open_channels(p, pmu, path, diag) && enable(p, diag))
        return true;
    perf_probe_close(p);
    return false;
}

static bool channel_next(PerfProbe *p, Channel *channel, Sample *out)
{
    PerfRecord record;
    while (ring_next(&channel->ring, &record)) {
        if (record.type == PERF_RECORD_SAMPLE) {
            p->samples++;
            if (sample_parse(out, &p->shape, record.body))
                return true;
        } else if (record.type == PERF_RECORD_LOST && record.body.n >= 16) {
            uint64_t lost;
            memcpy(&lost, record.body.p + 8, sizeof lost);
            p->lost += lost;
        }
    }
    return false;
}

bool perf_probe_next(PerfProbe *p, Sample *out)
{
    for (size_t i = 0; i < p->n; i++)
        if (channel_next(p, &p->channels[i], out))
            return true;
    return false;
}

void perf_probe_done(PerfProbe *p)
{
    for (size_t i = 0; i < p->n; i++)
        ring_done(&p->channels[i].ring);
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

bool perf_probe_value(const PerfProbe *p, const Sample *sample, int64_t *value)
{
    uint64_t raw;
    const Location *l = &p->spec->location;
    if (p->shape.raw) {
        if (!read_le(sample->raw, p->event.field_off, p->event.field_size, &raw))
            return false;
    } else if (p->shape.stack_bytes) {
        if (!read_le(sample->stack, (uint64_t)l->disp, (l->bits + 7u) / 8, &raw))
            return false;
    } else {
        raw = sample->regs[perf_reg(l->reg)];
    }
    *value = spec_value(p->spec, raw);
    return true;
}

uint64_t perf_probe_flags(const PerfProbe *p, const Sample *sample)
{
    return p->shape.regs >> PERF_REG_FLAGS & 1 ? sample->regs[PERF_REG_FLAGS] : 0;
}

void perf_probe_stop(PerfProbe *p)
{
    for (size_t i = 0; i < p->n; i++)
        event_disable(p->channels[i].fd);
    p->counted = 0;
    for (size_t i = 0; i < p->n; i++)
        p->counted += event_count(p->channels[i].fd);
}

void perf_probe_close(PerfProbe *p)
{
    for (size_t i = 0; i < p->n; i++) {
        ring_close(&p->channels[i].ring);
        close(p->channels[i].fd);
    }
    free(p->channels);
    tracefs_close(&p->event);
    p->channels = NULL;
    p->n = 0;
}
