/* elf/demangle_rust_const.c - characters of Rust names: Punycode (RFC 3492, with '_' for '-') and escapes. */
#include "elf/demangle_rust.h"

#include <string.h>

enum { CODE_POINTS_MAX = 128 };

void rust_char(CxxOut *o, uint32_t c)
{
    if (c < 0x80) {
        out_char(o, (char)c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    out_char(o, (char)(lead[more] | c >> (6 * more)));
    while (more-- > 0)
        out_char(o, (char)(0x80 | (c >> (6 * more) & 0x3f)));
}

/* Does Rust's Debug show it as it is? Left out are controls, separators, what joins the character before or is invisible,
 * surrogates and private use: the larger ranges of Unicode's general categories Z, C and M. */
static bool shown(uint32_t c)
{
    static const uint32_t hidden[][2] = {
        {0, 0x1f},        {0x7f, 0xa0},     {0xad, 0xad},     {0x300, 0x36f},   {0x483, 0x489},     {0x591, 0x5bd},
        {0x610, 0x61a},   {0x61c, 0x61c},   {0x64b, 0x65f},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},   {0x2000, 0x200f},
        {0x2028, 0x202f}, {0x205f, 0x206f}, {0x20d0, 0x20f0}, {0x3000, 0x3000}, {0xd800, 0xf8ff},   {0xfe00, 0xfe0f},
        {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff}};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (c >= hidden[i][0] && c <= hidden[i][1])
            return false;
    return true;
}

void rust_char_debug(CxxOut *o, uint32_t c, char quote)
{
    static const char codes[] = "0tnr\\", values[] = "\0\t\n\r\\";
    for (size_t i = 0; i < sizeof codes - 1; i++)
        if (c == (uint8_t)values[i]) {
            out_char(o, '\\');
            out_char(o, codes[i]);
            return;
        }
    if (c == (uint8_t)quote)
        out_char(o, '\\');
    if (shown(c)) {
        rust_char(o, c);
        return;
    }
    out_z(o, "\\u{");
    bool started = false;
    for (int shift = 28; shift >= 0; shift -= 4) {
        uint32_t d = c >> shift & 15;
        started = started || d || shift == 0;
        if (started)
            out_char(o, "0123456789abcdef"[d]);
    }
    out_char(o, '}');
}

static bool digit(char c, uint32_t *out)
{
    *out = c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 26 : (uint32_t)(c - 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static uint32_t adapt(uint32_t delta, uint32_t n, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / 700 : delta / 2;
    for (delta += delta / n; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* A variable-length integer (RFC 3492, section 6.2) below 2^31; while it goes on a digit is not 0, so that w <= i. */
static bool read_delta(Str s, size_t *at, uint32_t bias, uint32_t *out)
{
    uint64_t i = 0, w = 1;
    for (uint32_t k = 36;; k += 36) {
        uint32_t d, t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (*at >= s.n || !digit(s.p[(*at)++], &d))
            return false;
        i += d * w;
        if (i > INT32_MAX)
            return false;
        *out = (uint32_t)i;
        if (d < t)
            return true;
        w *= 36 - t;
    }
}

bool rust_punycode(CxxOut *o, Str s)
{
    uint32_t points[CODE_POINTS_MAX], count = 0, n = 128, i = 0, bias = 72;
    size_t at = 0;
    for (size_t k = s.n; k > 0; k--)
        if (s.p[k - 1] == '_') {
            at = k;
            break;
        }
    if (at > CODE_POINTS_MAX || at == s.n)
        return false;
    for (size_t k = 0; at > 0 && k < at - 1; k++)
        points[count++] = (uint8_t)s.p[k];
    while (at < s.n) {
        uint32_t delta;
        bool first = n == 128 && i == 0 && bias == 72;
        if (count == CODE_POINTS_MAX || !read_delta(s, &at, bias, &delta))
            return false;
        i += delta;
        count++;
        bias = adapt(delta, count, first);
        n += i / count;
        i %= count;
        if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000))
            return false;
        memmove(points + i + 1, points + i, (count - 1 - i) * sizeof *points);
        points[i++] = n;
    }
    for (uint32_t k = 0; k < count; k++)
        rust_char(o, points[k]);
    return true;
}
