/* cli/text.c - see text.h. */
#include "cli/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_BLOCK = 1 << 16 };

void text_open(Text *t, int fd) { *t = (Text){.fd = fd}; }

static void write_all(Text *t, const char *p, size_t n)
{
    while (n > 0 && !t->error) {
        ssize_t done = write(t->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            t->error = done < 0 ? errno : EIO;
            return;
        }
        p += done;
        n -= (size_t)done;
    }
}

bool text_flush(Text *t)
{
    if (t->fd >= 0) {
        write_all(t, t->p, t->n);
        t->n = 0;
    }
    return t->error == 0;
}

bool text_close(Text *t)
{
    bool good = text_flush(t);
    free(t->p);
    t->p = NULL;
    t->n = t->cap = 0;
    return good;
}

/* Makes room for n more bytes: by flushing what goes to a file, by growing what stays. */
static bool text_room(Text *t, size_t n)
{
    if (n <= t->cap - t->n)
        return true;
    if (t->fd >= 0)
        text_flush(t);
    if (n <= t->cap - t->n)
        return true;
    size_t want = t->cap < TEXT_BLOCK ? TEXT_BLOCK : t->cap;
    while (want - t->n < n) {
        if (want > SIZE_MAX / 2) {
            t->error = ENOMEM;
            return false;
        }
        want *= 2;
    }
    char *p = realloc(t->p, want);
    if (!p) {
        t->error = ENOMEM;
        return false;
    }
    t->p = p;
    t->cap = want;
    return true;
}

void text_put(Text *t, const void *p, size_t n)
{
    if (n == 0 || !text_room(t, n))
        return;
    memcpy(t->p + t->n, p, n);
    t->n += n;
}

void text_add(Text *t, const char *z) { text_put(t, z, strlen(z)); }
void text_str(Text *t, Str s) { text_put(t, s.p, s.n); }

void text_char(Text *t, char c)
{
    if (t->n < t->cap)
        t->p[t->n++] = c;
    else
        text_put(t, &c, 1);
}

void text_repeat(Text *t, char c, size_t n)
{
    while (n-- > 0)
        text_char(t, c);
}

void text_format(Text *t, const char *format, ...)
{
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n > 0 && text_room(t, (size_t)n + 1)) {
        vsnprintf(t->p + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

/* Digits are made by hand: a traced hit prints several numbers, and a printf call costs as much as the probe. */
void text_u64(Text *t, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    text_put(t, digits + i, sizeof digits - i);
}

void text_i64(Text *t, int64_t v)
{
    if (v < 0)
        text_char(t, '-');
    text_u64(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void text_hex(Text *t, uint64_t v)
{
    char digits[18];
    size_t i = sizeof digits;
    do {
        digits[--i] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    digits[--i] = 'x';
    digits[--i] = '0';
    text_put(t, digits + i, sizeof digits - i);
}

void text_bytes(Text *t, Bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        text_char(t, "0123456789abcdef"[b.p[i] >> 4]);
        text_char(t, "0123456789abcdef"[b.p[i] & 15]);
    }
}

Str text_view(const Text *t) { return (Str){t->p ? t->p : "", t->n}; }
