/* cli/out.h - a buffer of output bytes: kept in memory, or flushed to a file descriptor when it fills.
 *
 * Every writer of the program (human text, JSON, emitted scripts) appends to one of these, so that tests can look at
 * the bytes and a failed write is noticed in one place: `error` stays set, and main turns it into an error exit. */
#ifndef LVSCAN_CLI_OUT_H
#define LVSCAN_CLI_OUT_H

#include "elf/base.h"

typedef struct Out {
    char *p;
    size_t n, cap;
    int fd;      /* -1: keep everything in memory */
    int error;   /* errno of the first failed write; ENOMEM when memory was used up; 0: all well */
} Out;

/* An empty text that goes to fd, or stays in memory when fd is -1. out_close flushes and frees. */
void out_open(Out *t, int fd);
bool out_flush(Out *t); /* false when anything was lost since out_open */
bool out_close(Out *t);

void out_put(Out *t, const void *p, size_t n);
void out_add(Out *t, const char *z);
void out_str(Out *t, Str s);
void out_char(Out *t, char c);
void out_repeat(Out *t, char c, size_t n);
void out_format(Out *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_u64(Out *t, uint64_t v);          /* decimal */
void out_i64(Out *t, int64_t v);           /* decimal */
void out_hex(Out *t, uint64_t v);          /* 0x… without leading zeros */
void out_bytes(Out *t, Bytes b);           /* two hexadecimal digits a byte */

/* What is in the buffer (a text in memory). */
Str out_view(const Out *t);

#endif
