/* cli/out.c - see text.h. */
#include "cli/out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_BLOCK = 1 << 16 };

void out_open(Out *t, int fd) { *t = (Out){.fd = fd}; }

static void write_all(Out *t, const char *p, size_t n)
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

bool out_flush(Out *t)
{
    if (t->fd >= 0) {
        write_all(t, t->p, t->n);
        t->n = 0;
    }
    return t->error == 0;
}

bool out_close(Out *t)
{
    bool good = out_flush(t);
    free(t->p);
    t->p = NULL;
    t->n = t->cap = 0;
    return good;
}

/* Makes room for n more bytes: by flushing what goes to a file, by growing what stays. */
static bool out_room(Out *t, size_t n)
{
    if (n <= t->cap - t->n)
        return true;
    if (t->fd >= 0)
        out_flush(t);
    if (n <= t->cap - t->n)
        return true;
    size_t want = t->cap < OUT_BLOCK ? OUT_BLOCK : t->cap;
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

void out_put(Out *t, const void *p, size_t n)
{
    if (n == 0 || !out_room(t, n))
        return;
    memcpy(t->p + t->n, p, n);
    t->n += n;
}

void out_add(Out *t, const char *z) { out_put(t, z, strlen(z)); }
void out_str(Out *t, Str s) { out_put(t, s.p, s.n); }

void out_char(Out *t, char c)
{
    if (t->n < t->cap)
        t->p[t->n++] = c;
    else
        out_put(t, &c, 1);
}

void out_repeat(Out *t, char c, size_t n)
{
    while (n-- > 0)
        out_char(t, c);
}

void out_format(Out *t, const char *format, ...)
{
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n > 0 && out_room(t, (size_t)n + 1)) {
        vsnprintf(t->p + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

/* Digits are made by hand: a traced hit prints several numbers, and a printf call costs as much as the probe. */
void out_u64(Out *t, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    out_put(t, digits + i, sizeof digits - i);
}

void out_i64(Out *t, int64_t v)
{
    if (v < 0)
        out_char(t, '-');
    out_u64(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void out_hex(Out *t, uint64_t v)
{
    char digits[18];
    size_t i = sizeof digits;
    do {
        digits[--i] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    digits[--i] = 'x';
    digits[--i] = '0';
    out_put(t, digits + i, sizeof digits - i);
}

void out_bytes(Out *t, Bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        out_char(t, "0123456789abcdef"[b.p[i] >> 4]);
        out_char(t, "0123456789abcdef"[b.p[i] & 15]);
    }
}

Str out_view(const Out *t) { return (Str){t->p ? t->p : "", t->n}; }
