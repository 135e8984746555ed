/* cli/perf_ring.h - reads records out of a perf_event ring buffer.
 * Source: include/uapi/linux/perf_event.h, struct perf_event_mmap_page and enum perf_event_type. */
#ifndef LVSCAN_CLI_PERF_RING_H
#define LVSCAN_CLI_PERF_RING_H

#include "elf/base.h"

struct perf_event_mmap_page;

/* PAGE_BYTES: of this architecture, everywhere (SDM vol. 3A, 4.2); a ring begins with a page of positions. */
enum { RECORD_MAX = 1 << 16, PAGE_BYTES = 4096 };

typedef struct PerfRing {
    struct perf_event_mmap_page *page; /* NULL: no ring */
    const uint8_t *data;
    uint64_t size;    /* of data: a power of two */
    uint64_t tail;    /* what is read up to; the kernel learns of it in ring_done */
    uint8_t *scratch; /* RECORD_MAX bytes: a record that wraps around is put together here */
} PerfRing;

/* One record: its header's type, and the bytes after the header. They stay good until the next ring_next or ring_done. */
typedef struct PerfRecord {
    uint32_t type;
    Bytes body;
} PerfRecord;

/* Maps the ring of a perf_event: `pages` data pages (a power of two); with fewer, down to `least`, when memory may not
 * be locked. False with errno set. */
bool ring_open(PerfRing *r, int fd, size_t pages, size_t least);
void ring_close(PerfRing *r);

/* The next record, or false when there is none yet. A record whose size makes no sense drops all there is. */
bool ring_next(PerfRing *r, PerfRecord *out);

/* Gives what was read back to the kernel. */
void ring_done(PerfRing *r);

#endif
