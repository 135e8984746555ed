/* cli/perf_event.c - see perf_event.h. attr.inherit is never set: with the uprobe PMU it makes the target's fork and
 * pthread_create fail with EFAULT (seen on 6.18). One event per processor with pid -1 sees all threads, those to come
 * included; whose hits are wanted is decided by the reader. */
#include "cli/perf_event.h"

#include "cli/small_file.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* All events tell the time by one clock, so that what they record can be put in order; and their reader is woken when there is much. */
static int open_on_cpu(struct perf_event_attr *attr, int cpu)
{
    attr->watermark = 1;
    attr->size = sizeof *attr;
    attr->use_clockid = 1;
    attr->clockid = CLOCK_MONOTONIC;
    return (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

int uprobe_pmu_type(void)
{
    char text[32];
    if (!small_file_read("/sys/bus/event_source/devices/uprobe/type", text, sizeof text))
        return -1;
    const char *at = text;
    return (int)number_read(&at, 10);
}

static struct perf_event_attr sampling_attr(const SampleShape *shape, uint32_t watermark)
{
    struct perf_event_attr attr = {.sample_period = 1, .disabled = 1};
    attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
    attr.sample_type |= shape->chain ? PERF_SAMPLE_CALLCHAIN : 0u;
    attr.sample_type |= shape->raw ? PERF_SAMPLE_RAW : 0u;
    attr.sample_type |= shape->regs ? PERF_SAMPLE_REGS_USER : 0u;
    attr.sample_type |= shape->stack_bytes ? PERF_SAMPLE_STACK_USER : 0u;
    attr.sample_regs_user = shape->regs;
    attr.sample_stack_user = shape->stack_bytes;
    attr.exclude_callchain_kernel = 1;
    attr.wakeup_watermark = watermark;
    return attr;
}

int uprobe_event_open(int pmu_type, const char *path, uint64_t off, const SampleShape *shape, uint32_t watermark,
                      int cpu)
{
    struct perf_event_attr attr = sampling_attr(shape, watermark);
    attr.type = (uint32_t)pmu_type;
    attr.uprobe_path = (uint64_t)(uintptr_t)path;
    attr.probe_offset = off;
    return open_on_cpu(&attr, cpu);
}

int tracepoint_event_open(uint64_t id, const SampleShape *shape, uint32_t watermark, int cpu)
{
    struct perf_event_attr attr = sampling_attr(shape, watermark);
    attr.type = PERF_TYPE_TRACEPOINT;
    attr.config = id;
    return open_on_cpu(&attr, cpu);
}

int task_event_open(int cpu)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY};
    attr.task = 1;
    attr.comm = 1;
    attr.sample_type = PERF_SAMPLE_TIME;
    attr.sample_id_all = 1;
    attr.wakeup_watermark = 1 << 14;
    return open_on_cpu(&attr, cpu);
}

uint64_t task_event_time(const PerfRecord *record)
{
    uint64_t time = 0;
    if (record->body.n >= sizeof time)
        memcpy(&time, record->body.p + record->body.n - sizeof time, sizeof time);
    return time;
}

bool event_enable(int fd) { return ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0; }
void event_disable(int fd) { ioctl(fd, PERF_EVENT_IOC_DISABLE, 0); }

uint64_t event_count(int fd)
{
    uint64_t count = 0;
    return read(fd, &count, sizeof count) == (ssize_t)sizeof count ? count : 0;
}

/* Takes n bytes off the front of *b. */
static bool take(Bytes *b, void *out, size_t n)
{
    if (n > b->n)
        return false;
    memcpy(out, b->p, n);
    *b = (Bytes){b->p + n, b->n - n};
    return true;
}

static bool take_bytes(Bytes *b, Bytes *out, uint64_t n)
{
    if (n > b->n)
        return false;
    *out = (Bytes){b->p, (size_t)n};
    *b = (Bytes){b->p + n, b->n - (size_t)n};
    return true;
}

/* u64 nr, u64 ips[nr]; markers of context (negative numbers) are left out. */
static bool parse_chain(Sample *out, Bytes *b)
{
    uint64_t n, ip = 0;
    if (!take(b, &n, sizeof n) || n > b->n / 8)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        if (!take(b, &ip, sizeof ip))
            return false;
        if (ip < (uint64_t)PERF_CONTEXT_MAX && out->nchain < CHAIN_MAX)
            out->chain[out->nchain++] = ip;
    }
    return true;
}

/* u64 abi, then a u64 for each bit of the mask unless abi is none. */
static bool parse_regs(Sample *out, const SampleShape *shape, Bytes *b)
{
    uint64_t abi;
    if (!take(b, &abi, sizeof abi) || abi == PERF_SAMPLE_REGS_ABI_NONE)
        return false;
    for (unsigned bit = 0; bit < 64; bit++)
        if (shape->regs >> bit & 1 && !take(b, &out->regs[bit], 8))
            return false;
    return true;
}

/* u64 size, bytes, and unless size is 0 a u64 of how many of them were readable. */
static bool parse_stack(Sample *out, Bytes *b)
{
    uint64_t size, good;
    if (!take(b, &size, sizeof size) || !take_bytes(b, &out->stack, size))
        return false;
    if (size == 0)
        return true;
    if (!take(b, &good, sizeof good))
        return false;
    if (good < out->stack.n)
        out->stack.n = (size_t)good;
    return true;
}

bool sample_parse(Sample *out, const SampleShape *shape, Bytes body)
{
    uint32_t ids[2], raw;
    out->nchain = 0;
    out->stack = out->raw = (Bytes){0};
    if (!take(&body, &out->ip, 8) || !take(&body, ids, 8) || !take(&body, &out->time, 8))
        return false;
    out->pid = ids[0];
    out->tid = ids[1];
    if (shape->chain && !parse_chain(out, &body))
        return false;
    if (shape->raw && (!take(&body, &raw, 4) || !take_bytes(&body, &out->raw, raw)))
        return false;
    if (shape->regs && !parse_regs(out, shape, &body))
        return false;
    return !shape->stack_bytes || parse_stack(out, &body);
}

/* "0-3,5" as in /sys/devices/system/cpu/online: the numbers, ascending. */
static size_t cpus_listed(const char *text, int *cpus, size_t most)
{
    size_t n = 0;
    for (const char *p = text; *p >= '0' && *p <= '9';) {
        uint64_t first = number_read(&p, 10), last = first;
        if (*p == '-') {
            p++;
            last = number_read(&p, 10);
        }
        for (uint64_t c = first; c <= last && n < most; c++)
            cpus[n++] = (int)c;
        p += *p == ',';
    }
    return n;
}

size_t cpus_online(int *cpus, size_t most)
{
    char text[4096];
    return small_file_read("/sys/devices/system/cpu/online", text, sizeof text) ? cpus_listed(text, cpus, most) : 0;
}

size_t cpus_possible(void)
{
    char text[64];
    const char *at = text + 2;
    if (!small_file_read("/sys/devices/system/cpu/possible", text, sizeof text) || text[0] != '0')
        return 0;
    uint64_t last = text[1] == '-' ? number_read(&at, 10) : 0;
    return last < CPUS_POSSIBLE_MAX ? (size_t)last + 1 : 0;
}
