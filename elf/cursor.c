/* elf/cursor.c - bounds-checked little-endian reads. */
#include "elf/cursor.h"

#include <string.h>

enum { LEB_MAX = 16 };

Cursor cursor_at(Bytes bytes, uint64_t off)
{
    return off > bytes.n ? (Cursor){bytes, bytes.n, true} : (Cursor){bytes, (size_t)off, false};
}

const uint8_t *cursor_take(Cursor *c, uint64_t n)
{
    if (c->bad || n > c->bytes.n - c->off) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->bytes.p + c->off;
    c->off += (size_t)n;
    return p;
}

uint8_t cursor_u8(Cursor *c)
{
    const uint8_t *p = cursor_take(c, 1);
    return p ? *p : 0;
}

uint16_t cursor_u16(Cursor *c)
{
    const uint8_t *p = cursor_take(c, 2);
    return p ? (uint16_t)(p[0] | p[1] << 8) : 0;
}

uint32_t cursor_u32(Cursor *c)
{
    const uint8_t *p = cursor_take(c, 4);
    return p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

uint64_t cursor_u64(Cursor *c)
{
    uint64_t low, high;
    if (c->bad || c->bytes.n - c->off < 8) {
        c->bad = true;
        return 0;
    }
    low = cursor_u32(c);
    high = cursor_u32(c);
    return low | high << 32;
}

/* The bits of a LEB128 number, and in *shift how many there were. */
static uint64_t read_leb(Cursor *c, unsigned *shift, uint8_t *last)
{
    uint64_t v = 0;
    *shift = 0;
    for (int i = 0; i < LEB_MAX; i++) {
        *last = cursor_u8(c);
        if (*shift < 64)
            v |= (uint64_t)(*last & 0x7f) << *shift;
        *shift += 7;
        if (!(*last & 0x80))
            return c->bad ? 0 : v;
    }
    c->bad = true;
    return 0;
}

uint64_t cursor_uleb(Cursor *c)
{
    unsigned shift;
    uint8_t last;
    return read_leb(c, &shift, &last);
}

int64_t cursor_sleb(Cursor *c)
{
    unsigned shift;
    uint8_t last;
    uint64_t v = read_leb(c, &shift, &last);
    if (!c->bad && shift < 64 && (last & 0x40))
        v |= ~(uint64_t)0 << shift;
    return (int64_t)v;
}

void cursor_align(Cursor *c, size_t align) { cursor_take(c, (size_t)-c->off & (align - 1)); }

const uint8_t *bytes_at(Bytes b, uint64_t off, uint64_t count, size_t size)
{
    if (off > b.n || count > (b.n - off) / size)
        return NULL;
    return b.p + off;
}

Str bytes_text(Bytes b, uint64_t off, size_t max)
{
    if (off >= b.n)
        return (Str){0};
    size_t room = b.n - (size_t)off;
    const uint8_t *p = b.p + off;
    const uint8_t *nul = memchr(p, 0, room > max ? max + 1 : room);
    return nul ? (Str){(const char *)p, (size_t)(nul - p)} : (Str){0};
}
