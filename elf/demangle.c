/* elf/demangle.c - tells Rust names from C++ names, and takes demangled names apart. */
#include "elf/demangle.h"
#include "elf/demangle_cxx.h"

#include <string.h>

static bool starts_with(Str s, const char *z)
{
    size_t n = strlen(z);
    return s.n >= n && memcmp(s.p, z, n) == 0;
}

/* "_GLOBAL__I_f": what runs before main for f; f may be mangled itself. */
static Str demangle_global(Str name, Arena *arena)
{
    if (!starts_with(name, "_GLOBAL_") || name.n < 12 || !strchr("._$", name.p[8]) || !name.p[8] || name.p[10] != '_' ||
        (name.p[9] != 'I' && name.p[9] != 'D'))
        return (Str){0};
    CxxOut o = {.arena = arena};
    Str key = {name.p + 11, name.n - 11}, plain = {0};
    if (starts_with(key, "_Z"))
        plain = demangle(key, arena);
    out_z(&o, name.p[9] == 'I' ? "global constructors keyed to " : "global destructors keyed to ");
    out_str(&o, plain.p ? plain : key);
    return o.failed ? (Str){0} : (Str){o.p, o.n};
}

static Str demangle_cxx(Str name, Arena *arena)
{
    CxxNode *n = cxx_parse(name, arena);
    CxxOut o = {.arena = arena};
    if (!n || !cxx_print(&o, n) || o.n == 0)
        return (Str){0};
    return (Str){o.p, o.n};
}

Str demangle(Str name, Arena *arena)
{
    if (!name.p || name.n < 3 || name.n > DEMANGLE_NAME_MAX || memchr(name.p, 0, name.n))
        return (Str){0};
    Str rust = rust_demangle(name, arena);
    if (rust.p)
        return rust;
    return starts_with(name, "_Z") ? demangle_cxx(name, arena) : demangle_global(name, arena);
}

/* ---- parts of a demangled name ---- */

static bool ends_with_at(Str s, size_t end, const char *z)
{
    size_t n = strlen(z);
    return end >= n && memcmp(s.p + end - n, z, n) == 0;
}

static bool is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The '<', '>' and '(' of an operator's own name are no brackets: the length of "operator..." at i, or 0. */
static size_t operator_len(Str s, size_t i)
{
    static const char *const names[] = {"operator<=>", "operator<<=", "operator>>=", "operator->*", "operator<<",
                                        "operator>>",  "operator<=",  "operator>=",  "operator->",  "operator()",
                                        "operator<",   "operator>"};
    bool inside = i > 0 && is_word(s.p[i - 1]);
    for (size_t k = 0; !inside && k < sizeof names / sizeof *names; k++) {
        size_t n = strlen(names[k]);
        if (s.n - i >= n && memcmp(s.p + i, names[k], n) == 0)
            return n;
    }
    return 0;
}

/* Steps over one byte, one operator's name, or one "(anonymous namespace)" at *i; gives a bracket's depth change. */
static int step(Str s, size_t *i)
{
    static const char anonymous[] = "(anonymous namespace)";
    size_t n = s.p[*i] == 'o' ? operator_len(s, *i) : 0;
    if (s.p[*i] == '(' && s.n - *i >= sizeof anonymous - 1 && memcmp(s.p + *i, anonymous, sizeof anonymous - 1) == 0)
        n = sizeof anonymous - 1;
    if (n > 0) {
        *i += n;
        return 0;
    }
    char c = s.p[(*i)++];
    if (c == '>' && *i >= 2 && s.p[*i - 2] == '-') /* Rust's -> */
        return 0;
    return c == '(' || c == '<' || c == '[' || c == '{' ? 1 : c == ')' || c == '>' || c == ']' || c == '}' ? -1 : 0;
}

/* Where the name's own argument list starts: the first '(' outside of all brackets that ends no type of a function
 * pointer returned, and where its return type ends. */
typedef struct Span {
    size_t start, end;
} Span;

/* "void (*f<int>(int))(char)": the declarator in the parentheses after the return type. */
static Str inner_declarator(Str s)
{
    int depth = 0;
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        int change = step(s, &i);
        if (depth == 0 && change == 1 && s.p[at] == '(' && at > 0 && s.p[at - 1] == ' ' && i < s.n &&
            (s.p[i] == '*' || s.p[i] == '&')) {
            size_t from = i, end = i;
            while (from < s.n && (s.p[from] == '*' || s.p[from] == '&' || s.p[from] == ' '))
                from++;
            for (int d = 1; end < s.n && d > 0;)
                d += step(s, &end);
            return from < end ? (Str){s.p + from, end - from - 1} : s;
        }
        if (depth == 0 && change == 1 && s.p[at] == '(')
            return s;
        depth += change;
    }
    return s;
}

static Span name_span(Str s)
{
    Span span = {0, s.n};
    int depth = 0;
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        bool is_conversion = starts_with((Str){s.p + i, s.n - i}, "operator ") && !ends_with_at(s, i, "_");
        if (depth == 0 && is_conversion)
            i += sizeof "operator" - 1; /* its type follows, perhaps with spaces; what is before is the scope */
        int change = step(s, &i);
        if (depth == 0 && change == 1 && s.p[at] == '(') {
            size_t close = i;
            for (int d = 1; close < s.n && d > 0;)
                d += step(s, &close);
            if (s.n - close >= 2 && s.p[close] == ':' && s.p[close + 1] == ':') { /* f(int)::local */
                i = close;
                continue;
            }
            span.end = at;
            break;
        }
        if (depth == 0 && change == 0 && s.p[at] == ' ' && !is_conversion) {
            if (starts_with((Str){s.p + at, s.n - at}, " [clone") || starts_with((Str){s.p + at, s.n - at}, " const")) {
                span.end = at;
                break;
            }
            span.start = at + 1;
        }
        if (is_conversion && depth == 0) { /* up to the argument list */
            while (i < s.n && !(s.p[i] == '(' && depth == 0))
                depth += step(s, &i);
            span.end = i;
            break;
        }
        depth += change;
    }
    return span;
}

Str demangled_without_arguments(Str demangled)
{
    if (!demangled.p)
        return demangled;
    Str s = inner_declarator(demangled);
    Span span = name_span(s);
    return span.start < span.end ? (Str){s.p + span.start, span.end - span.start} : s;
}

Str demangled_last_component(Str demangled)
{
    Str s = demangled_without_arguments(demangled);
    size_t start = 0, end = s.n;
    int depth = 0;
    for (size_t i = 0; s.p && i < s.n;) {
        size_t at = i;
        if (depth == 0 && starts_with((Str){s.p + i, s.n - i}, "operator "))
            return (Str){s.p + start, s.n - start};
        int change = step(s, &i);
        if (depth == 0 && change == 1 && s.p[at] == '<')
            end = at;
        if (depth == 0 && change == 0 && s.p[at] == ':' && at + 1 < s.n && s.p[at + 1] == ':') {
            i = at + 2;
            if (i < s.n && s.p[i] == '<') /* Rust's f::<T> */
                continue;
            start = i;
            end = s.n;
        }
        depth += change;
    }
    while (end > start && s.p[end - 1] == ':')
        end--;
    return start < end ? (Str){s.p + start, end - start} : s;
}
