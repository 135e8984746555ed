/* cli/perf_ring.c - see perf_ring.h. */
#include "cli/perf_ring.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

bool ring_open(PerfRing *r, int fd, size_t pages, size_t least)
{
    *r = (PerfRing){.scratch = malloc(RECORD_MAX)};
    if (!r->scratch)
        return false;
    for (; pages >= least && pages > 0; pages /= 2) {
        void *p = mmap(NULL, (pages + 1) * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (p != MAP_FAILED) {
            r->page = p;
            r->data = (const uint8_t *)p + PAGE_BYTES;
            r->size = pages * PAGE_BYTES;
            return true;
        }
        if (errno != EPERM && errno != ENOMEM)
            break;
    }
    int error = errno;
    free(r->scratch);
    *r = (PerfRing){0};
    errno = error;
    return false;
}

void ring_close(PerfRing *r)
{
    if (r->page)
        munmap(r->page, r->size + (size_t)(r->data - (const uint8_t *)r->page));
    free(r->scratch);
    *r = (PerfRing){0};
}

/* n bytes at position `at`, which may wrap around: in place where they do not. */
static const uint8_t *ring_bytes(PerfRing *r, uint64_t at, size_t n)
{
    uint64_t from = at & (r->size - 1);
    if (n <= r->size - from)
        return r->data + from;
    size_t first = (size_t)(r->size - from);
    memcpy(r->scratch, r->data + from, first);
    memcpy(r->scratch + first, r->data, n - first);
    return r->scratch;
}

bool ring_next(PerfRing *r, PerfRecord *out)
{
    struct perf_event_header header;
    if (!r->page)
        return false;
    /* The kernel writes data, then head: acquire orders our reads after it. */
    uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
    if (head - r->tail < sizeof header)
        return false;
    memcpy(&header, ring_bytes(r, r->tail, sizeof header), sizeof header);
    if (header.size < sizeof header || header.size > head - r->tail || header.size > r->size) {
        r->tail = head;
        return false;
    }
    const uint8_t *p = ring_bytes(r, r->tail, header.size);
    *out = (PerfRecord){header.type, {p + sizeof header, header.size - sizeof header}};
    r->tail += header.size;
    return true;
}

void ring_done(PerfRing *r)
{
    if (r->page)
        __atomic_store_n(&r->page->data_tail, r->tail, __ATOMIC_RELEASE);
}
