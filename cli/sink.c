/* cli/sink.c - see text.h. */
#include "cli/sink.h"

#include "cli/real_text.h"
#include "elf/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SINK_BLOCK = 1 << 16 };

void sink_open(Sink *t, int fd) { *t = (Sink){.fd = fd}; }

static void write_all(Sink *t, const char *p, size_t n)
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

bool sink_flush(Sink *t)
{
    if (t->fd >= 0) {
        write_all(t, t->p, t->n);
        t->n = 0;
    }
    return t->error == 0;
}

bool sink_close(Sink *t)
{
    bool good = sink_flush(t);
    free(t->p);
    t->p = NULL;
    t->n = t->cap = 0;
    return good;
}

/* Makes room for n more bytes: by flushing what goes to a file, by growing what stays. */
static bool sink_room(Sink *t, size_t n)
{
    if (n <= t->cap - t->n)
        return true;
    if (t->fd >= 0)
        sink_flush(t);
    if (n <= t->cap - t->n)
        return true;
    size_t want = t->cap < SINK_BLOCK ? SINK_BLOCK : t->cap;
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

void sink_put(Sink *t, const void *p, size_t n)
{
    if (n == 0 || !sink_room(t, n))
        return;
    memcpy(t->p + t->n, p, n);
    t->n += n;
}

void sink_add(Sink *t, const char *z) { sink_put(t, z, strlen(z)); }
void sink_str(Sink *t, Str s) { sink_put(t, s.p, s.n); }

void sink_char(Sink *t, char c)
{
    if (t->n < t->cap)
        t->p[t->n++] = c;
    else
        sink_put(t, &c, 1);
}

void sink_repeat(Sink *t, char c, size_t n)
{
    while (n-- > 0)
        sink_char(t, c);
}

void sink_format(Sink *t, const char *format, ...)
{
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    size_t n = format_list(NULL, 0, format, ap);
    va_end(ap);
    if (sink_room(t, n + 1)) {
        format_list(t->p + t->n, n + 1, format, again);
        t->n += n;
    }
    va_end(again);
}

/* Digits are made by hand: a traced hit prints several numbers, and a printf call costs as much as the probe. */
void sink_u64(Sink *t, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    sink_put(t, digits + i, sizeof digits - i);
}

void sink_i64(Sink *t, int64_t v)
{
    if (v < 0)
        sink_char(t, '-');
    sink_u64(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void sink_real(Sink *t, double v, unsigned bits)
{
    char digits[REAL_TEXT] = "";
    sink_put(t, digits, real_print(digits, v, bits));
}

void sink_hex(Sink *t, uint64_t v)
{
    char digits[18];
    size_t i = sizeof digits;
    do {
        digits[--i] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    digits[--i] = 'x';
    digits[--i] = '0';
    sink_put(t, digits + i, sizeof digits - i);
}

void sink_bytes(Sink *t, Bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        sink_char(t, "0123456789abcdef"[b.p[i] >> 4]);
        sink_char(t, "0123456789abcdef"[b.p[i] & 15]);
    }
}

Str sink_view(const Sink *t) { return (Str){t->p ? t->p : "", t->n}; }

Str sink_inner(const Sink *t, Sink *to)
{
    if (t->error && !to->error)
        to->error = t->error;
    return sink_view(t);
}
