/* cli/json_read.c - recursive descent over the bytes; depth is counted, so that no input can exhaust the stack. */
#include "cli/json_read.h"

#include <string.h>

typedef struct JsonParser {
    const char *p;
    size_t n, i;
    Arena *arena;
    Diag *diag;
} JsonParser;

static bool fail(JsonParser *s, const char *what) { return diag_set(s->diag, s->i, "%s at byte %zu", what, s->i); }

static void skip_space(JsonParser *s)
{
    while (s->i < s->n && (s->p[s->i] == ' ' || s->p[s->i] == '\t' || s->p[s->i] == '\n' || s->p[s->i] == '\r'))
        s->i++;
}

static char peek(const JsonParser *s) { return s->i < s->n ? s->p[s->i] : 0; }

static bool hex4(JsonParser *s, uint32_t *out)
{
    uint32_t v = 0;
    if (s->n - s->i < 4)
        return fail(s, "truncated \\u escape");
    for (size_t k = 0; k < 4; k++) {
        char c = s->p[s->i + k];
        uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                            : 16;
        if (d == 16)
            return fail(s, "bad \\u escape");
        v = v << 4 | d;
    }
    s->i += 4;
    *out = v;
    return true;
}

/* \uXXXX, with its second half when it is a surrogate pair; the i is after the 'u'. */
static bool unicode(JsonParser *s, uint32_t *out)
{
    uint32_t low;
    if (!hex4(s, out))
        return false;
    if (*out < 0xd800 || *out > 0xdfff)
        return true;
    if (*out > 0xdbff || s->n - s->i < 6 || s->p[s->i] != '\\' || s->p[s->i + 1] != 'u')
        return fail(s, "lone surrogate");
    s->i += 2;
    if (!hex4(s, &low))
        return false;
    if (low < 0xdc00 || low > 0xdfff)
        return fail(s, "lone surrogate");
    *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static size_t utf8_write(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t k = n - 1; k > 0; k--, c >>= 6)
        to[k] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((0xf00u >> n & 0xf0u) | c);
    return n;
}

static bool escaped(JsonParser *s, char *to, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    char c = peek(s);
    s->i++;
    if (c == 'u') {
        uint32_t code;
        if (!unicode(s, &code))
            return false;
        *n += utf8_write(to + *n, code);
        return true;
    }
    const char *at = c ? strchr(from, c) : NULL;
    if (!at)
        return fail(s, "bad escape");
    to[(*n)++] = into[at - from];
    return true;
}

/* The i is after the opening quote. An unescaped string is never longer than its escaped form. */
static bool string(JsonParser *s, Str *out)
{
    size_t end = s->i, n = 0;
    while (end < s->n && s->p[end] != '"')
        end += s->p[end] == '\\' ? 2 : 1;
    if (end >= s->n)
        return fail(s, "string without an end");
    char *to = arena_alloc(s->arena, end - s->i + 1, 1);
    if (!to)
        return fail(s, "out of memory");
    while (s->i < end) {
        char c = s->p[s->i++];
        if ((unsigned char)c < 0x20)
            return fail(s, "control character in a string");
        if (c != '\\')
            to[n++] = c;
        else if (!escaped(s, to, &n))
            return false;
    }
    s->i = end + 1;
    *out = (Str){to, n};
    return true;
}

static size_t digits(JsonParser *s)
{
    size_t from = s->i;
    while (peek(s) >= '0' && peek(s) <= '9')
        s->i++;
    return s->i - from;
}

/* RFC 8259 section 6: [-] int [frac] [exp]. */
static bool number(JsonParser *s, JsonValue *v)
{
    size_t from = s->i;
    v->kind = JSON_NUMBER;
    s->i += peek(s) == '-';
    bool zero = peek(s) == '0';
    size_t n = digits(s);
    if (n == 0 || (zero && n > 1))
        return fail(s, "bad number");
    if (peek(s) == '.') {
        s->i++;
        if (digits(s) == 0)
            return fail(s, "bad number");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->i++;
        s->i += peek(s) == '-' || peek(s) == '+';
        if (digits(s) == 0)
            return fail(s, "bad number");
    }
    v->text = (Str){s->p + from, s->i - from};
    return true;
}

static bool word(JsonParser *s, const char *w)
{
    size_t n = strlen(w);
    if (s->n - s->i < n || memcmp(s->p + s->i, w, n) != 0)
        return fail(s, "no JSON value");
    s->i += n;
    return true;
}

static bool value(JsonParser *s, JsonValue *v, unsigned depth);

static bool member_key(JsonParser *s, Str *key)
{
    skip_space(s);
    if (peek(s) != '"')
        return fail(s, "no key");
    s->i++;
    if (!string(s, key))
        return false;
    skip_space(s);
    if (peek(s) != ':')
        return fail(s, "no colon after a key");
    s->i++;
    return true;
}

/* Items of an array or an object up to `close`; the i is after the opening bracket. */
static bool items(JsonParser *s, JsonValue *v, char close, unsigned depth)
{
    JsonValue **link = &v->first;
    skip_space(s);
    if (peek(s) == close) {
        s->i++;
        return true;
    }
    for (;;) {
        JsonValue *item = arena_alloc(s->arena, 1, sizeof *item);
        if (!item)
            return fail(s, "out of memory");
        if (v->kind == JSON_OBJECT && !member_key(s, &item->key))
            return false;
        if (!value(s, item, depth + 1))
            return false;
        *link = item;
        link = &item->next;
        skip_space(s);
        char c = peek(s);
        if (c != ',' && c != close)
            return fail(s, "no comma or closing bracket");
        s->i++;
        if (c == close)
            return true;
    }
}

static bool value(JsonParser *s, JsonValue *v, unsigned depth)
{
    if (depth > JSON_MAX_DEPTH)
        return fail(s, "nested too deep");
    skip_space(s);
    char c = peek(s);
    switch (c) {
    case '{':
    case '[':
        s->i++;
        v->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        return items(s, v, c == '{' ? '}' : ']', depth);
    case '"':
        s->i++;
        v->kind = JSON_STRING;
        return string(s, &v->text);
    case 't':
    case 'f':
        v->kind = JSON_BOOL;
        v->truth = c == 't';
        return word(s, c == 't' ? "true" : "false");
    case 'n': v->kind = JSON_NULL; return word(s, "null");
    default: return number(s, v);
    }
}

bool json_read(JsonValue **out, Bytes source, Arena *arena, Diag *diag)
{
    JsonParser s = {(const char *)source.p, source.n, 0, arena, diag};
    if (source.n > JSON_MAX_BYTES)
        return diag_set(diag, 0, "larger than %d bytes", JSON_MAX_BYTES);
    *out = arena_alloc(arena, 1, sizeof **out);
    if (!*out)
        return fail(&s, "out of memory");
    if (!value(&s, *out, 0))
        return false;
    skip_space(&s);
    return s.i == s.n || fail(&s, "something after the value");
}

const JsonValue *json_member(const JsonValue *object, const char *key)
{
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    for (const JsonValue *v = object->first; v; v = v->next)
        if (str_eq(v->key, str_of(key)))
            return v;
    return NULL;
}

bool json_integer(const JsonValue *v, uint64_t *out, bool *negative)
{
    if (!v || v->kind != JSON_NUMBER)
        return false;
    size_t i = v->text.p[0] == '-';
    uint64_t sum = 0;
    *negative = i == 1;
    for (; i < v->text.n; i++) {
        char c = v->text.p[i];
        if (c < '0' || c > '9' || sum > (UINT64_MAX - (uint64_t)(c - '0')) / 10)
            return false;
        sum = sum * 10 + (uint64_t)(c - '0');
    }
    if (*negative && sum > (uint64_t)1 << 63)
        return false;
    *out = *negative ? 0 - sum : sum;
    return true;
}
