/* cli/bpf_probe.c - see bpf_probe.h. */
#include "cli/bpf_probe.h"

#include "cli/perf_event.h"
#include "cli/perf_ring.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A record takes 40 bytes: room for 800,000 of them, or, with less memory, for fewer. COUNTS_MAX different values are counted
 * in the kernel; hits with others are recorded. */
enum { RING_MOST = 1 << 25, RING_LEAST = 1 << 16, COUNTS_MAX = 1 << 10, BATCH = 512 };

static int bpf_call(int command, union bpf_attr *attr) { return (int)syscall(SYS_bpf, command, attr, sizeof *attr); }

static int map_create(unsigned type, uint32_t key, uint32_t value, uint32_t entries)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.map_type = type;
    attr.key_size = key;
    attr.value_size = value;
    attr.max_entries = entries;
    return bpf_call(BPF_MAP_CREATE, &attr);
}

/* Kernels before 5.11 count maps as locked memory. */
static void raise_memory_limit(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    prlimit(0, RLIMIT_MEMLOCK, &limit, NULL);
}

/* One page that we write, one page and twice the data that we read. */
static bool ring_map(BpfProbe *p, size_t size)
{
    void *own = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, p->ring, 0);
    if (own == MAP_FAILED)
        return false;
    void *rest = mmap(NULL, PAGE_BYTES + 2 * size, PROT_READ, MAP_SHARED, p->ring, PAGE_BYTES);
    if (rest == MAP_FAILED) {
        munmap(own, PAGE_BYTES);
        return false;
    }
    p->consumed = own;
    p->ready = rest;
    p->data = (const uint8_t *)rest + PAGE_BYTES;
    p->size = size;
    return true;
}

static bool ring_create(BpfProbe *p)
{
    for (size_t size = RING_MOST; size >= RING_LEAST; size /= 2) {
        p->ring = map_create(BPF_MAP_TYPE_RINGBUF, 0, 0, (uint32_t)size);
        if (p->ring >= 0)
            return ring_map(p, size);
        if (errno != ENOMEM && errno != EPERM)
            break;
    }
    return false;
}

bool bpf_probe_open(BpfProbe *p, bool counted)
{
    *p = (BpfProbe){.counters = -1, .ring = -1, .counts = -1, .cpus = cpus_possible()};
    raise_memory_limit();
    errno = ENOTSUP;
    bool good = p->cpus && (p->counters = map_create(BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(BpfCounters), 1)) >= 0 &&
                ring_create(p) &&
                (!counted || (p->counts = map_create(BPF_MAP_TYPE_PERCPU_HASH, 8, 8, COUNTS_MAX)) >= 0);
    int error = errno;
    if (!good)
        bpf_probe_close(p);
    errno = error;
    return good;
}

static int program_load(const BpfCode *code)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.prog_type = BPF_PROG_TYPE_KPROBE;
    attr.insns = (uint64_t)(uintptr_t)code->insn;
    attr.insn_cnt = code->n;
    attr.license = (uint64_t)(uintptr_t)BPF_LICENSE;
    attr.prog_flags = code->sleeps ? BPF_F_SLEEPABLE : 0;
    memcpy(attr.prog_name, "lvscan", 7);
    return bpf_call(BPF_PROG_LOAD, &attr);
}

static bool events_grow(BpfProbe *p)
{
    int *events = realloc(p->events, (p->nevents + 1) * sizeof *events);
    if (events)
        p->events = events;
    return events;
}

/* The program needs no descriptor of its own once the event holds it. */
bool bpf_probe_attach(BpfProbe *p, const BpfRequest *request, int fd)
{
    BpfCode code;
    BpfRequest r = *request;
    r.counters = p->counters;
    r.ring = p->ring;
    r.counts = p->counts;
    r.wake_at = (uint32_t)(p->size / 8);
    if (!bpf_code_make(&code, &r) || !events_grow(p)) {
        errno = E2BIG;
        return false;
    }
    int program = program_load(&code);
    if (program < 0)
        return false;
    bool good = ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) == 0;
    int error = errno;
    close(program);
    errno = error;
    if (good)
        p->events[p->nevents++] = fd;
    return good;
}

/* A record's header: its length with two flags, and a number that only the kernel needs. Lengths are rounded up to 8. */
bool bpf_probe_next(BpfProbe *p, BpfRecord *out)
{
    for (;;) {
        /* The kernel writes data, then the flag and the position: acquire orders our reads after them. */
        uint64_t head = __atomic_load_n(p->ready, __ATOMIC_ACQUIRE);
        if (p->tail >= head)
            return false;
        const uint8_t *at = p->data + (p->tail & (p->size - 1));
        uint32_t length = __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_ACQUIRE);
        if (length & BPF_RINGBUF_BUSY_BIT)
            return false;
        uint32_t n = length & ~(uint32_t)BPF_RINGBUF_DISCARD_BIT;
        p->tail += ((uint64_t)n + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
        if (length & BPF_RINGBUF_DISCARD_BIT || n != sizeof *out)
            continue;
        memcpy(out, at + BPF_RINGBUF_HDR_SZ, sizeof *out);
        return true;
    }
}

void bpf_probe_done(BpfProbe *p) { __atomic_store_n(p->consumed, p->tail, __ATOMIC_RELEASE); }

static bool counts_take(BpfProbe *p, uint64_t key, const uint64_t *percpu, U64Map *into, uint64_t *sum)
{
    uint64_t all = 0;
    for (size_t i = 0; i < p->cpus; i++)
        all += percpu[i];
    uint64_t *taken = u64map_put(&p->taken, key);
    uint64_t *to = u64map_put(into, key);
    if (!taken || !to)
        return false;
    *to += all - *taken;
    *sum += all - *taken;
    *taken = all;
    return true;
}

/* One batch of the map from *position on; *n: how many entries. False when that was the last, or with an error. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the kernel writes through them */
static bool counts_batch(const BpfProbe *p, const uint32_t *position, uint32_t *next, uint64_t *keys, uint64_t *values,
                         uint32_t *n)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.batch.in_batch = (uint64_t)(uintptr_t)position;
    attr.batch.out_batch = (uint64_t)(uintptr_t)next;
    attr.batch.keys = (uint64_t)(uintptr_t)keys;
    attr.batch.values = (uint64_t)(uintptr_t)values;
    attr.batch.count = *n;
    attr.batch.map_fd = (uint32_t)p->counts;
    bool more = bpf_call(BPF_MAP_LOOKUP_BATCH, &attr) == 0;
    *n = more || errno == ENOENT ? attr.batch.count : 0;
    return more;
}

bool bpf_probe_counts(BpfProbe *p, U64Map *into, uint64_t *sum)
{
    uint64_t *keys = calloc(BATCH, sizeof *keys), *values = calloc(BATCH * p->cpus, sizeof *values);
    bool good = keys && values, more = good;
    uint32_t position = 0;
    *sum = 0;
    for (bool first = true; good && more; first = false) {
        uint32_t n = BATCH;
        more = counts_batch(p, first ? NULL : &position, &position, keys, values, &n);
        if (!more && errno != ENOENT)
            good = false;
        for (uint32_t i = 0; good && i < n; i++)
            good = counts_take(p, keys[i], values + i * p->cpus, into, sum);
    }
    free(keys);
    free(values);
    return good;
}

bool bpf_probe_counters(const BpfProbe *p, BpfCounters *out)
{
    union bpf_attr attr;
    uint32_t key = 0;
    BpfCounters *all = calloc(p->cpus, sizeof *all);
    memset(&attr, 0, sizeof attr);
    attr.map_fd = (uint32_t)p->counters;
    attr.key = (uint64_t)(uintptr_t)&key;
    attr.value = (uint64_t)(uintptr_t)all;
    *out = (BpfCounters){0};
    bool good = all && bpf_call(BPF_MAP_LOOKUP_ELEM, &attr) == 0;
    for (size_t i = 0; good && i < p->cpus; i++) {
        out->entered += all[i].entered;
        out->wanted += all[i].wanted;
        out->lost += all[i].lost;
        out->full |= all[i].full;
    }
    free(all);
    return good;
}

/* A program runs whether its event is enabled or not; closing the event waits until none runs. */
void bpf_probe_stop(BpfProbe *p)
{
    for (size_t i = 0; i < p->nevents; i++)
        close(p->events[i]);
    p->nevents = 0;
}

void bpf_probe_close(BpfProbe *p)
{
    bpf_probe_stop(p);
    free(p->events);
    u64map_free(&p->taken);
    if (p->consumed) {
        munmap(p->consumed, PAGE_BYTES);
        munmap((void *)(uintptr_t)p->ready, PAGE_BYTES + 2 * p->size);
    }
    const int maps[] = {p->counters, p->ring, p->counts};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        if (maps[i] >= 0)
            close(maps[i]);
    *p = (BpfProbe){.counters = -1, .ring = -1, .counts = -1};
}
