/* cli/constants.c - the LIST of -c: numbers, characters, strings and ranges (options.h). */
#include "cli/options.h"

#include "cli/real_text.h"

#include <stdlib.h>
#include <string.h>

enum { CONSTANTS_MAX = 1000000 };

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* Digits of `base` at text[*i]; false when there are none or they pass 64 bits. */
static bool digits_scan(uint64_t *out, unsigned base, Str text, size_t *i)
{
    size_t from = *i;
    uint64_t v = 0;
    for (; *i < text.n && digit_value(text.p[*i]) < (int)base; ++*i) {
        uint64_t d = (uint64_t)digit_value(text.p[*i]);
        if (v > (UINT64_MAX - d) / base)
            return false;
        v = v * base + d;
    }
    *out = v;
    return *i > from;
}

static char at(Str text, size_t i) { return i < text.n ? text.p[i] : 0; }

static bool number_scan(int64_t *out, Str text, size_t *i, Diag *diag)
{
    size_t from = *i;
    bool negative = at(text, *i) == '-';
    *i += negative || at(text, *i) == '+';
    unsigned base = 10;
    if (at(text, *i) == '0' && (at(text, *i + 1) | 32) == 'x')
        base = 16;
    else if (at(text, *i) == '0' && (at(text, *i + 1) | 32) == 'b')
        base = 2;
    else if (at(text, *i) == '0' && at(text, *i + 1) >= '0' && at(text, *i + 1) <= '9')
        base = 8;
    *i += base == 16 || base == 2 ? 2 : 0;
    uint64_t v;
    if (!digits_scan(&v, base, text, i) || (negative && v > (uint64_t)1 << 63))
        return diag_set(diag, from, "'%.*s' is no 64-bit number", (int)(text.n - from > 40 ? 40 : text.n - from),
                        text.p + from);
    *out = (int64_t)(negative ? 0 - v : v);
    return true;
}

/* C11 6.4.4.4: simple, octal and hexadecimal escapes; the i is after the backslash. */
static bool escape_scan(uint64_t *out, Str text, size_t *i)
{
    static const char from[] = "abfnrtv\\'\"?e", into[] = "\a\b\f\n\r\t\v\\'\"?\033";
    char c = at(text, *i);
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        ++*i;
        *out = (uint64_t)into[found - from];
        return true;
    }
    if (c == 'x') {
        ++*i;
        return digits_scan(out, 16, text, i) && *out <= 0xff;
    }
    size_t end = *i + 3 < text.n ? *i + 3 : text.n;
    return digits_scan(out, 8, (Str){text.p, end}, i) && *out <= 0xff;
}

/* 'A'; several characters as gcc counts them: 'AB' is 0x4142, at most four. Bytes are signed, as x86's char is. */
static bool character_scan(int64_t *out, Str text, size_t *i, Diag *diag)
{
    size_t from = *i, n = 0;
    uint64_t v = 0, c;
    for (++*i; *i < text.n && text.p[*i] != '\''; n++) {
        c = (unsigned char)text.p[(*i)++];
        if ((c == '\\' && !escape_scan(&c, text, i)) || n == 4)
            return diag_set(diag, from, "bad character constant: %.*s", (int)(text.n > 40 ? 40 : text.n), text.p);
        v = v << 8 | c;
    }
    if (n == 0 || at(text, *i) != '\'')
        return diag_set(diag, from, "character constant without an end: %.*s", (int)(text.n > 40 ? 40 : text.n),
                        text.p);
    ++*i;
    *out = n == 1 ? (int64_t)(int8_t)v : (int64_t)(int32_t)(uint32_t)v;
    return true;
}

/* "GET ": what a compare of its first 8, 4, 2 or 1 bytes with memory holds. */
static bool string_scan(int64_t *out, Str text, size_t *i, Diag *diag)
{
    size_t from = *i, n = 0, whole = 8;
    uint64_t bytes[8] = {0}, c;
    for (++*i; *i < text.n && text.p[*i] != '"'; n++) {
        c = (unsigned char)text.p[(*i)++];
        if (c == '\\' && !escape_scan(&c, text, i))
            return diag_set(diag, from, "bad string: %.*s", (int)(text.n > 40 ? 40 : text.n), text.p);
        if (n < 8)
            bytes[n] = c;
    }
    if (n == 0 || at(text, *i) != '"')
        return diag_set(diag, from, "string without an end: %.*s", (int)(text.n > 40 ? 40 : text.n), text.p);
    ++*i;
    while (whole > n)
        whole /= 2;
    uint64_t v = 0;
    for (size_t k = whole; k > 0; k--)
        v = v << 8 | bytes[k - 1];
    *out = (int64_t)v;
    return true;
}

bool constant_scan(int64_t *out, Str text, size_t *i, Diag *diag)
{
    switch (at(text, *i)) {
    case 0: return diag_set(diag, *i, "a constant is missing");
    case '\'': return character_scan(out, text, i, diag);
    case '"': return string_scan(out, text, i, diag);
    default: return number_scan(out, text, i, diag);
    }
}

/* The end of the number at text[i]: a comma, "..", or the list's. */
static size_t number_end(Str text, size_t i)
{
    while (i < text.n && text.p[i] != ',' && !(text.p[i] == '.' && at(text, i + 1) == '.'))
        i++;
    return i;
}

/* 0.5, 1e9: a number with a point or an exponent at text[*i]? */
static bool real_scan(double *out, Str text, size_t *i)
{
    Str number = {text.p + *i, number_end(text, *i) - *i};
    bool real = false;
    for (size_t k = 0; k < number.n; k++)
        real |= number.p[k] == '.' || (number.p[k] | 32) == 'e';
    if (!real || !real_parse(out, number))
        return false;
    *i += number.n;
    return true;
}

static bool add_real(Constants *c, double real, Arena *arena, Diag *diag)
{
    if (c->nreals == CONSTANTS_MAX || !arena_grow(arena, (void **)&c->reals, c->nreals, &c->cap_reals, sizeof real))
        return diag_set(diag, 0, "too many constants");
    c->reals[c->nreals++] = real;
    return true;
}

static bool add_range(Constants *c, int64_t from, int64_t to, Arena *arena, Diag *diag)
{
    if (from > to)
        return diag_set(diag, 0, "the range %lld..%lld runs backwards", (long long)from, (long long)to);
    uint64_t span = (uint64_t)to - (uint64_t)from;
    if (span >= CONSTANTS_MAX || span >= CONSTANTS_MAX - c->n)
        return diag_set(diag, 0, "more than %d constants (in %lld..%lld)", CONSTANTS_MAX, (long long)from,
                        (long long)to);
    for (uint64_t k = 0; k <= span; k++) {
        if (!arena_grow(arena, (void **)&c->items, c->n, &c->cap, sizeof *c->items))
            return diag_set(diag, 0, "out of memory");
        c->items[c->n++] = (int64_t)((uint64_t)from + k);
    }
    return true;
}

/* FROM or FROM..TO at list[*i]. */
static bool add_integers(Constants *out, Str list, size_t *i, Arena *arena, Diag *diag)
{
    int64_t from = 0, to;
    if (!constant_scan(&from, list, i, diag))
        return false;
    to = from;
    if (at(list, *i) == '.' && at(list, *i + 1) == '.') {
        *i += 2;
        if (!constant_scan(&to, list, i, diag))
            return false;
    }
    return add_range(out, from, to, arena, diag);
}

bool constants_parse(Constants *out, Str list, Arena *arena, Diag *diag)
{
    for (size_t i = 0;;) {
        double real;
        while (at(list, i) == ' ')
            i++;
        bool good =
            real_scan(&real, list, &i) ? add_real(out, real, arena, diag) : add_integers(out, list, &i, arena, diag);
        if (!good)
            return false;
        if (i == list.n)
            return true;
        if (list.p[i++] != ',')
            return diag_set(diag, i, "'%.*s' is no list of constants", (int)(list.n > 40 ? 40 : list.n), list.p);
    }
}

static int constant_order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

size_t constants_sort(int64_t *items, size_t n)
{
    size_t kept = 0;
    if (n > 1)
        qsort(items, n, sizeof *items, constant_order);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || items[i] != items[kept - 1])
            items[kept++] = items[i];
    return kept;
}
