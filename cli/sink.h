/* cli/sink.h - a buffer of output bytes: kept in memory, or flushed to a file descriptor when it fills.
 *
 * Every writer of the program (human text, JSON, emitted scripts) appends to one of these, so that tests can look at
 * the bytes and a failed write is noticed in one place: `error` stays set, and main turns it into an error exit. */
#ifndef LVSCAN_CLI_SINK_H
#define LVSCAN_CLI_SINK_H

#include "elf/base.h"

typedef struct Sink {
    char *p;
    size_t n, cap;
    int fd;    /* -1: keep everything in memory */
    int error; /* errno of the first failed write; ENOMEM when memory was used up; 0: all well */
} Sink;

/* An empty text that goes to fd, or stays in memory when fd is -1. sink_close flushes and frees. */
void sink_open(Sink *t, int fd);
bool sink_flush(Sink *t); /* false when anything was lost since sink_open */
bool sink_close(Sink *t);

void sink_put(Sink *t, const void *p, size_t n);
void sink_add(Sink *t, const char *z);
void sink_str(Sink *t, Str s);
void sink_char(Sink *t, char c);
void sink_repeat(Sink *t, char c, size_t n);
void sink_format(Sink *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sink_u64(Sink *t, uint64_t v);               /* decimal */
void sink_i64(Sink *t, int64_t v);                /* decimal */
void sink_real(Sink *t, double v, unsigned bits); /* the shortest digits that read back as that float or double */
void sink_hex(Sink *t, uint64_t v);               /* 0x… without leading zeros */
void sink_bytes(Sink *t, Bytes b);                /* two hexadecimal digits a byte */

/* What is in the buffer (a text in memory). */
Str sink_view(const Sink *t);

/* The same, to be put into `to`, which is told if some of it was lost. */
Str sink_inner(const Sink *t, Sink *to);

#endif
