/* cli/escape.c - see escape.h. */
#include "cli/escape.h"

#include <string.h>

static bool continues(Str s, size_t i, size_t n)
{
    if (n > s.n - i)
        return false;
    for (size_t k = 1; k < n; k++)
        if (((unsigned char)s.p[i + k] & 0xc0) != 0x80)
            return false;
    return true;
}

size_t utf8_next(Str s, size_t i, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)s.p[i];
    *code = c;
    if (c < 0x80)
        return 1;
    size_t n = c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc0 && c < 0xe0 ? 2 : 0;
    if (n == 0 || !continues(s, i, n))
        return 0;
    uint32_t v = c & (0xffu >> (n + 1));
    for (size_t k = 1; k < n; k++)
        v = v << 6 | ((unsigned char)s.p[i + k] & 0x3f);
    *code = v;
    return v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? 0 : n;
}

/* Characters that reorder or hide what a terminal shows: bidi marks and overrides, zero-width ones, line separators. */
static bool deceptive(uint32_t c)
{
    return (c >= 0x80 && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x61c || (c >= 0xe0000 && c <= 0xe007f);
}

/* A backslash and the letter that `named` pairs with the character; false when it has none. */
static bool escape_named(Sink *t, unsigned char c, const char *named)
{
    for (; *named; named += 2)
        if ((unsigned char)named[1] == c) {
            sink_char(t, '\\');
            sink_char(t, named[0]);
            return true;
        }
    return false;
}

static void terminal_byte(Sink *t, unsigned char c)
{
    if (!escape_named(t, c, "a\ab\bt\tn\nv\vf\fr\r\\\\"))
        sink_format(t, "\\x%02x", c);
}

void escape_terminal(Sink *t, Str s)
{
    for (size_t i = 0; i < s.n;) {
        uint32_t code;
        size_t n = utf8_next(s, i, &code);
        if (n == 0 || code < 0x20 || code == 0x7f || code == '\\')
            terminal_byte(t, (unsigned char)s.p[i]);
        else if (deceptive(code))
            sink_format(t, "\\u{%x}", (unsigned)code);
        else
            sink_put(t, s.p + i, n);
        i += n ? n : 1;
    }
}

static void json_control(Sink *t, unsigned char c)
{
    if (!escape_named(t, c, "b\bf\fn\nr\rt\t"))
        sink_format(t, "\\u%04x", c);
}

void escape_json(Sink *t, Str s)
{
    sink_char(t, '"');
    for (size_t i = 0; i < s.n;) {
        uint32_t code;
        size_t n = utf8_next(s, i, &code);
        if (n == 0) {
            sink_add(t, "\\ufffd");
        } else if (code == '"' || code == '\\') {
            sink_char(t, '\\');
            sink_char(t, (char)code);
        } else if (code < 0x20 || code == 0x7f) {
            json_control(t, (unsigned char)code);
        } else {
            sink_put(t, s.p + i, n);
        }
        i += n ? n : 1;
    }
    sink_char(t, '"');
}

void escape_c(Sink *t, Str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\' || c == '?') {
            sink_char(t, '\\');
            sink_char(t, (char)c);
        } else if (c < 0x20 || c >= 0x7f) {
            sink_format(t, "\\%03o", c);
        } else {
            sink_char(t, (char)c);
        }
    }
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool shell_plain(Str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!word_char(s.p[i]) && !(s.p[i] && strchr("./:=@%+,-", s.p[i])))
            return false;
    return s.n > 0;
}

void escape_shell(Sink *t, Str s)
{
    if (shell_plain(s)) {
        sink_str(t, s);
        return;
    }
    sink_char(t, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            sink_add(t, "'\\''");
        else
            sink_char(t, s.p[i]);
    }
    sink_char(t, '\'');
}

void escape_identifier(Sink *t, Str s)
{
    if (s.n == 0 || (s.p[0] >= '0' && s.p[0] <= '9'))
        sink_char(t, '_');
    for (size_t i = 0; i < s.n && i < 48; i++)
        sink_char(t, word_char(s.p[i]) ? s.p[i] : '_');
}
