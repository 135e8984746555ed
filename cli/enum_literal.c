/* cli/enum_literal.c - the values of integer and character literals (C11 6.4.4.1, 6.4.4.4; C++ [lex.icon], [lex.ccon]). */
#include "cli/enum_expr.h"

#include <string.h>

/* ---- integers ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* "u", "l", "ll", "ul", "lu", "llu", "ull", "z", "uz" in either case; -1: none of them. */
typedef struct Suffix {
    bool valid, uns, wide;
} Suffix;

static Suffix suffix_of(const char *p, size_t n)
{
    Suffix s = {.valid = true};
    for (size_t i = 0; i < n; i++) {
        char c = (char)(p[i] | 0x20);
        if (c == 'u' && !s.uns) {
            s.uns = true;
        } else if ((c == 'l' || c == 'z') && !s.wide) {
            s.wide = true;
            i += c == 'l' && i + 1 < n && p[i + 1] == p[i];
        } else {
            s.valid = false;
        }
    }
    return s;
}

/* The first type of C11 6.4.4.1's list that holds the value. */
static Val typed(uint64_t v, Suffix s, bool decimal)
{
    bool wide = s.wide || v > UINT32_MAX || (!s.uns && decimal && v > INT32_MAX);
    uint64_t signed_max = wide ? INT64_MAX : INT32_MAX;
    return (Val){.v = v, .wide = wide, .uns = s.uns || v > signed_max, .known = true};
}

static unsigned base_of(const Token *t, size_t *i)
{
    if (t->n < 2 || t->p[0] != '0')
        return 10;
    char c = (char)(t->p[1] | 0x20);
    *i = c == 'x' || c == 'b' ? 2 : 1;
    return c == 'x' ? 16 : c == 'b' ? 2 : 8;
}

static bool is_float(const Token *t, unsigned base)
{
    for (size_t i = 0; i < t->n; i++) {
        char c = (char)(t->p[i] | 0x20);
        if (t->p[i] == '.' || (base != 16 && c == 'e') || (base == 16 && c == 'p'))
            return true;
    }
    return false;
}

bool literal_number(const Token *t, Val *out, const char **why)
{
    size_t i = 0, digits = 0;
    unsigned base = base_of(t, &i);
    uint64_t v = 0;
    *why = "%s is no integer";
    if (is_float(t, base))
        return false;
    for (; i < t->n; i++) {
        if (t->p[i] == '\'')
            continue;
        unsigned d = (unsigned)digit_of(t->p[i]);
        if (d >= base)
            break;
        if (v > (UINT64_MAX - d) / base) {
            *why = "%s does not fit in 64 bits";
            return false;
        }
        v = v * base + d;
        digits++;
    }
    Suffix s = suffix_of(t->p + i, t->n - i);
    bool decimal = base == 10;
    if (!s.valid || (digits == 0 && base != 8))
        return false;
    *why = "%s is too large for a signed type; give it a u suffix";
    if (decimal && !s.uns && v > INT64_MAX)
        return false;
    *out = typed(v, s, decimal);
    return true;
}

/* ---- characters ---- */

typedef struct Chars {
    const char *p, *end;
} Chars;

static bool read_hex(Chars *c, size_t max, uint32_t *out)
{
    size_t n = 0;
    uint64_t v = 0;
    for (; c->p < c->end && n < max && digit_of(*c->p) < 16; c->p++, n++)
        if ((v = v << 4 | (uint64_t)digit_of(*c->p)) > UINT32_MAX)
            return false;
    *out = (uint32_t)v;
    return n > 0;
}

/* After the backslash. */
static bool read_escape(Chars *c, uint32_t *out)
{
    static const char names[] = "abfnrtve'\"?\\", values[] = "\a\b\f\n\r\t\v\x1b'\"?\\";
    if (c->p >= c->end)
        return false;
    char e = *c->p++;
    if (e >= '0' && e <= '7') {
        *out = (uint32_t)(e - '0');
        for (int n = 1; n < 3 && c->p < c->end && *c->p >= '0' && *c->p <= '7'; n++)
            *out = *out * 8 + (uint32_t)(*c->p++ - '0');
        return true;
    }
    if (e == 'x')
        return read_hex(c, 16, out);
    if (e == 'u' || e == 'U')
        return read_hex(c, e == 'u' ? 4 : 8, out);
    const char *at = e ? strchr(names, e) : NULL;
    if (!at)
        return false;
    *out = (uint32_t)values[at - names];
    return true;
}

/* One code point of UTF-8 (no overlong forms, no surrogates). */
static bool read_utf8(Chars *c, uint32_t *out)
{
    uint8_t b = (uint8_t)*c->p++;
    if (b < 0x80) {
        *out = b;
        return true;
    }
    int more = b >= 0xf0 && b < 0xf8 ? 3 : b >= 0xe0 && b < 0xf0 ? 2 : b >= 0xc2 && b < 0xe0 ? 1 : 0;
    uint32_t v = b & (0x3fu >> more);
    for (int i = 0; i < more; i++) {
        if (c->p >= c->end || ((uint8_t)*c->p & 0xc0) != 0x80)
            return false;
        v = v << 6 | ((uint8_t)*c->p++ & 0x3f);
    }
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    *out = v;
    return more && v >= least[more] && v <= 0x10ffff && (v < 0xd800 || v > 0xdfff);
}

static bool read_wide(Chars c, char prefix, Val *out)
{
    uint32_t v = 0;
    if (!(*c.p == '\\' ? (c.p++, read_escape(&c, &v)) : read_utf8(&c, &v)) || c.p != c.end)
        return false;
    uint32_t max = prefix == '8' ? 0xff : prefix == 'u' ? 0xffff : UINT32_MAX;
    bool uns = prefix == 'U';
    *out = (Val){.v = uns ? v : (uint64_t)(int64_t)(int32_t)v, .uns = uns, .known = true};
    return v <= max;
}

/* 'a' is a char, sign-extended; 'abcd' an int of its bytes, the first one highest (both gcc and clang). */
static bool read_narrow(Chars c, Val *out)
{
    uint32_t v = 0, one = 0;
    size_t n = 0;
    for (; c.p < c.end; n++) {
        bool escape = *c.p == '\\';
        bool code_point = escape && c.end - c.p >= 2 && (c.p[1] | 0x20) == 'u';
        if (escape)
            c.p++;
        if (escape ? !read_escape(&c, &one) || one > 0xff || code_point : (one = (uint8_t)*c.p++, one >= 0x80))
            return false;
        v = v << 8 | one;
    }
    int32_t value = n == 1 ? (int8_t)v : (int32_t)v;
    *out = (Val){.v = (uint64_t)(int64_t)value, .known = true};
    return n >= 1 && n <= 4;
}

bool literal_char(const Token *t, Val *out, const char **why)
{
    size_t i = 0;
    while (t->p[i] != '\'')
        i++;
    Chars c = {t->p + i + 1, t->p + t->n - 1};
    *why = "%s is no character constant of a known value";
    if (c.p >= c.end)
        return false;
    if (i == 0)
        return read_narrow(c, out);
    return read_wide(c, i == 2 ? '8' : t->p[0], out);
}
