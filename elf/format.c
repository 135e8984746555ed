/* elf/format.c - see format.h. */
#include "elf/format.h"

#include "elf/base.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct Format {
    char *out;
    size_t size, n; /* n: bytes of the text so far, also those that found no room */
    va_list args;
} Format;

/* What stands between % and the letter. */
typedef struct Directive {
    bool left, zero, plus, limited;
    unsigned length; /* 0: int; 1 and more: 64 bits (long, long long and size_t are one on x86-64) */
    size_t width, precision;
} Directive;

static void format_put(Format *f, const char *p, size_t n)
{
    if (f->n < f->size) {
        size_t room = f->size - 1 - f->n;
        memcpy(f->out + f->n, p, n < room ? n : room);
    }
    f->n += n;
}

static void format_fill(Format *f, char c, size_t n)
{
    while (n-- > 0)
        format_put(f, &c, 1);
}

/* The sign goes before zeros and after blanks. */
static void format_padded(Format *f, const Directive *d, Str sign, Str text)
{
    size_t n = sign.n + text.n, pad = d->width > n ? d->width - n : 0;
    bool zeros = d->zero && !d->left;
    if (!d->left && !zeros)
        format_fill(f, ' ', pad);
    format_put(f, sign.p, sign.n);
    if (zeros)
        format_fill(f, '0', pad);
    format_put(f, text.p, text.n);
    if (d->left)
        format_fill(f, ' ', pad);
}

static void format_number(Format *f, const Directive *d, uint64_t v, unsigned base, Str sign)
{
    char digits[22];
    size_t i = sizeof digits;
    do {
        digits[--i] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    format_padded(f, d, sign, (Str){digits + i, sizeof digits - i});
}

static void format_signed(Format *f, const Directive *d)
{
    int64_t v = d->length ? va_arg(f->args, int64_t) : va_arg(f->args, int);
    Str sign = {v < 0 ? "-" : "+", v < 0 || d->plus};
    format_number(f, d, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, sign);
}

static void format_unsigned(Format *f, const Directive *d, unsigned base)
{
    uint64_t v = d->length ? va_arg(f->args, uint64_t) : va_arg(f->args, unsigned);
    format_number(f, d, v, base, (Str){"", 0});
}

static void format_string(Format *f, const Directive *d)
{
    const char *z = va_arg(f->args, const char *);
    format_padded(f, d, (Str){"", 0}, (Str){z, d->limited ? strnlen(z, d->precision) : strlen(z)});
}

static size_t number_read(const char **p)
{
    size_t v = 0;
    for (; **p >= '0' && **p <= '9'; ++*p)
        v = v * 10 + (size_t)(**p - '0');
    return v;
}

static Directive directive_read(Format *f, const char **p)
{
    Directive d = {0};
    for (;; ++*p) {
        if (**p == '-')
            d.left = true;
        else if (**p == '0')
            d.zero = true;
        else if (**p == '+')
            d.plus = true;
        else
            break;
    }
    d.width = number_read(p);
    if (**p == '.') {
        d.limited = true;
        bool given = *++*p == '*';
        *p += given;
        d.precision = given ? (size_t)va_arg(f->args, int) : number_read(p);
    }
    for (; **p == 'l' || **p == 'z'; ++*p)
        d.length++;
    return d;
}

/* One conversion; false: none that is known. */
static bool format_one(Format *f, const char **p)
{
    Directive d = directive_read(f, p);
    char c;
    switch (*(*p)++) {
    case 'd': format_signed(f, &d); return true;
    case 'u': format_unsigned(f, &d, 10); return true;
    case 'x': format_unsigned(f, &d, 16); return true;
    case 'o': format_unsigned(f, &d, 8); return true;
    case 's': format_string(f, &d); return true;
    case 'c':
        c = (char)va_arg(f->args, int);
        format_put(f, &c, 1);
        return true;
    case '%': format_put(f, "%", 1); return true;
    default: --*p; return false;
    }
}

size_t format_list(char *out, size_t size, const char *format, va_list args)
{
    Format f = {.out = out, .size = size};
    va_copy(f.args, args);
    for (const char *p = format; *p;) {
        const char *start = p;
        while (*p && *p != '%')
            p++;
        format_put(&f, start, (size_t)(p - start));
        start = p;
        if (*p == '%' && (p++, !format_one(&f, &p)))
            format_put(&f, start, (size_t)(p - start));
    }
    va_end(f.args);
    if (size)
        out[f.n < size ? f.n : size - 1] = '\0';
    return f.n;
}

size_t format_text(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t n = format_list(out, size, format, args);
    va_end(args);
    return n;
}
