/* elf/demangle_rust.c - Rust's linkage names: the legacy form, and v0 (Rust RFC 2603), printed while they are read.
 *
 * As rustc-demangle's plain form: no hashes, no crate disambiguators. Back references could make the output exponential:
 * depth, steps and output are bounded. */
#include "elf/demangle_rust.h"

#include <string.h>

/* ---- the legacy form: _ZN (length name)* 17h<16 hex digits> E ---- */

static bool is_hash(Str s)
{
    uint32_t seen = 0;
    int kinds = 0;
    if (s.n != 17 || s.p[0] != 'h')
        return false;
    for (size_t i = 1; i < s.n; i++) {
        char c = s.p[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        seen |= 1u << (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    for (; seen; seen &= seen - 1)
        kinds++;
    return kinds >= 5;
}

/* One "$..$" at p; the length, 0: it is none that is known. */
static size_t legacy_escape(CxxOut *o, Str s)
{
    static const struct {
        const char *code, *text;
    } escapes[] = {{"$SP$", "@"}, {"$BP$", "*"}, {"$RF$", "&"}, {"$LT$", "<"},
                   {"$GT$", ">"}, {"$LP$", "("}, {"$RP$", ")"}, {"$C$", ","}};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        size_t n = strlen(escapes[i].code);
        if (s.n >= n && memcmp(s.p, escapes[i].code, n) == 0) {
            out_z(o, escapes[i].text);
            return n;
        }
    }
    uint32_t v = 0;
    size_t i = 2;
    if (s.n < 4 || s.p[1] != 'u')
        return 0;
    for (; i < s.n && i < 9 && s.p[i] != '$'; i++) {
        char c = s.p[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return 0;
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (i == 2 || i >= s.n || s.p[i] != '$' || v < 0x20 || v > 0x7e)
        return 0;
    out_char(o, (char)v);
    return i + 1;
}

static void legacy_name(CxxOut *o, Str s)
{
    if (s.n >= 2 && s.p[0] == '_' && s.p[1] == '$')
        s = (Str){s.p + 1, s.n - 1};
    for (size_t i = 0; i < s.n && !o->failed;) {
        size_t n = s.p[i] == '$' ? legacy_escape(o, (Str){s.p + i, s.n - i}) : 0;
        if (n == 0 && s.p[i] == '$') { /* as it stands, from here on */
            out_str(o, (Str){s.p + i, s.n - i});
            return;
        }
        if (n > 0) {
            i += n;
        } else if (s.p[i] == '.') {
            bool twice = i + 1 < s.n && s.p[i + 1] == '.';
            out_z(o, twice ? "::" : ".");
            i += twice ? 2 : 1;
        } else {
            out_char(o, s.p[i++]);
        }
    }
}

static bool legacy_next(Str *rest, Str *name)
{
    size_t n = 0, i = 0;
    for (; i < rest->n && i < 6 && rest->p[i] >= '0' && rest->p[i] <= '9'; i++)
        n = n * 10 + (size_t)(rest->p[i] - '0');
    if (i == 0 || n == 0 || n > rest->n - i)
        return false;
    *name = (Str){rest->p + i, n};
    *rest = (Str){rest->p + i + n, rest->n - i - n};
    return true;
}

static bool legacy_demangle(CxxOut *o, Str rest)
{
    Str name = {0}, last = {0};
    for (bool first = true; rest.n > 0 && rest.p[0] != 'E'; last = name) {
        if (last.p) {
            if (!first)
                out_z(o, "::");
            legacy_name(o, last);
            first = false;
        }
        if (!legacy_next(&rest, &name))
            return false;
    }
    bool ends = rest.n == 1 || (rest.n > 1 && rest.p[1] == '.');
    return ends && last.p && is_hash(last) && o->n > 0 && !o->failed;
}

/* ---- both ---- */

static bool has_only(Str s, const char *extra)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!word && !strchr(extra, c))
            return false;
    }
    return true;
}

Str rust_demangle(Str name, Arena *arena)
{
    CxxOut o = {.arena = arena};
    bool ok = false;
    if (name.n > 3 && memcmp(name.p, "_ZN", 3) == 0) {
        ok = has_only(name, "$.:@") && legacy_demangle(&o, (Str){name.p + 3, name.n - 3});
    } else if (name.n > 2 && memcmp(name.p, "_R", 2) == 0) {
        const char *dot = memchr(name.p, '.', name.n);
        Str rest = {name.p + 2, (dot ? (size_t)(dot - name.p) : name.n) - 2};
        ok = has_only(rest, "") && rust_v0(&o, rest);
    }
    return ok ? (Str){o.p, o.n} : (Str){0};
}
