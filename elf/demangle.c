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
    if (!starts_with(name, "_GLOBAL_") || name.n < 12 || !strchr("._$", name.p[8]) || name.p[10] != '_' ||
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
    if (!n || !cxx_print(&o, n))
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

static bool is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The '<', '>' and '(' of an operator's own name are no brackets: the length of "operator..." at i, or 0. */
static size_t operator_len(Str s, size_t i)
{
    static const char *const names[] = {
        "operator<=>", "operator<<=", "operator>>=", "operator->*", "operator<<", "operator>>",
        "operator<=",  "operator>=",  "operator->",  "operator()",  "operator<",  "operator>"};
    bool inside = i > 0 && is_word(s.p[i - 1]);
    for (size_t k = 0; !inside && k < sizeof names / sizeof *names; k++) {
        size_t n = strlen(names[k]);
        if (s.n - i >= n && memcmp(s.p + i, names[k], n) == 0)
            return n + (starts_with((Str){s.p + i + n, s.n - i - n}, " <")); /* "operator<< <char>" */
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

/* After a '(' that ends at i: past its ')'. */
static size_t skip_group(Str s, size_t i)
{
    for (int depth = 1; i < s.n && depth > 0;)
        depth += step(s, &i);
    return i;
}

/* "operator int", "operator new": what follows the space belongs to the name. */
static bool is_worded_operator(Str s, size_t i)
{
    return starts_with((Str){s.p + i, s.n - i}, "operator ") && !(i > 0 && is_word(s.p[i - 1]));
}

/* "void (*f<int>(int))(char)": the declarator in the parentheses after the return type. */
static Str inner_declarator(Str s)
{
    int depth = 0;
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        if (depth == 0 && is_worded_operator(s, i))
            return s;
        int change = step(s, &i);
        if (depth == 0 && change == 1 && s.p[at] == '(' && at > 0 && s.p[at - 1] == ' ' && i < s.n &&
            (s.p[i] == '*' || s.p[i] == '&')) {
            size_t from = i, end = skip_group(s, i);
            while (from < s.n && (s.p[from] == '*' || s.p[from] == '&' || s.p[from] == ' '))
                from++;
            return from + 1 < end ? (Str){s.p + from, end - from - 1} : s;
        }
        if (depth == 0 && change == 1 && s.p[at] == '(')
            return s;
        depth += change;
    }
    return s;
}

/* From after the return type to the argument list; all of s where there is no argument list. */
static Str name_of(Str s)
{
    size_t start = 0, end = s.n;
    int depth = 0;
    bool worded = false;
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        if (depth == 0 && !worded && is_worded_operator(s, i)) {
            worded = true;
            i += sizeof "operator " - 1;
            continue;
        }
        int change = step(s, &i);
        if (depth == 0 && s.p[at] == '(' && change == 1) {
            size_t close = skip_group(s, i);
            bool scope = starts_with((Str){s.p + close, s.n - close}, "::"); /* f(int)::local */
            end = scope ? end : at;
            if (!scope && !worded)
                break;
            i = close;
            continue;
        }
        if (depth == 0 && s.p[at] == ' ' && !worded)
            start = i;
        depth += change;
    }
    return start < end && end < s.n ? (Str){s.p + start, end - start} : s;
}

Str demangled_without_arguments(Str demangled)
{
    return demangled.p ? name_of(inner_declarator(demangled)) : demangled;
}

Str demangled_last_component(Str demangled)
{
    Str s = demangled_without_arguments(demangled);
    size_t start = 0, end = s.n;
    int depth = 0;
    if (!s.p)
        return s;
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        if (depth == 0 && is_worded_operator(s, i))
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
    while (end > start && (s.p[end - 1] == ':' || s.p[end - 1] == ' '))
        end--;
    return start < end ? (Str){s.p + start, end - start} : s;
}
