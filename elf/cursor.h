/* elf/cursor.h - a cursor over bytes that may be hostile: a read past the end fails, and so do all reads after it. */
#ifndef LVSCAN_ELF_CURSOR_H
#define LVSCAN_ELF_CURSOR_H

#include "elf/base.h"

/* Invariant: off <= bytes.n. After a failed read `bad` is set and every read gives 0: check once, at the end. */
typedef struct Cursor {
    Bytes bytes;
    size_t off;
    bool bad;
} Cursor;

Cursor cursor_at(Bytes bytes, uint64_t off); /* bad when off lies past the end */

/* Little-endian integers. */
uint8_t cursor_u8(Cursor *c);
uint16_t cursor_u16(Cursor *c);
uint32_t cursor_u32(Cursor *c);
uint64_t cursor_u64(Cursor *c);

/* DWARF 5, 7.6. Bits beyond 64 are dropped; more than 16 bytes of one number make the cursor bad. */
uint64_t cursor_uleb(Cursor *c);
int64_t cursor_sleb(Cursor *c);

/* Steps over n bytes and gives the first, or NULL (and bad). */
const uint8_t *cursor_take(Cursor *c, uint64_t n);

/* Steps to the next multiple of `align` (a power of two), counted from the start of the bytes. */
void cursor_align(Cursor *c, size_t align);

/* count elements of `size` (> 0) bytes at off, or NULL when they do not lie in b. */
const uint8_t *bytes_at(Bytes b, uint64_t off, uint64_t count, size_t size);

/* No symbol's name is longer. */
enum { NAME_BYTES_MAX = 64 << 10 };

/* The NUL-terminated text at off, the Str that is none when it is not terminated within b, or longer than `max`. */
Str bytes_text(Bytes b, uint64_t off, size_t max);

#endif
