/* cli/text.h - a buffer of output bytes: kept in memory, or flushed to a file descriptor when it fills.
 *
 * Every writer of the program (human text, JSON, emitted scripts) appends to one of these, so that tests can look at
 * the bytes and a failed write is noticed in one place: `failed` stays set, and main turns it into an error exit. */
#ifndef LVSCAN_CLI_TEXT_H
#define LVSCAN_CLI_TEXT_H

#include "elf/base.h"

typedef struct Text {
    char *p;
    size_t n, cap;
    int fd;      /* -1: keep everything in memory */
    int error;   /* errno of the first failed write; ENOMEM when memory was used up; 0: all well */
} Text;

/* An empty text that goes to fd, or stays in memory when fd is -1. text_close flushes and frees. */
void text_open(Text *t, int fd);
bool text_flush(Text *t); /* false when anything was lost since text_open */
bool text_close(Text *t);

void text_put(Text *t, const void *p, size_t n);
void text_add(Text *t, const char *z);
void text_str(Text *t, Str s);
void text_char(Text *t, char c);
void text_repeat(Text *t, char c, size_t n);
void text_format(Text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_u64(Text *t, uint64_t v);          /* decimal */
void text_i64(Text *t, int64_t v);           /* decimal */
void text_hex(Text *t, uint64_t v);          /* 0x… without leading zeros */
void text_bytes(Text *t, Bytes b);           /* two hexadecimal digits a byte */

/* What is in the buffer (a text in memory). */
Str text_view(const Text *t);

#endif
