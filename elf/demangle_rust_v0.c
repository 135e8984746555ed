/* elf/demangle_rust_v0.c - Rust's v0 names: paths, types, generic arguments and constants (RFC 2603). */
#include "elf/demangle_rust.h"

#include <string.h>

typedef struct V0 {
    CxxOut *o;
    Str s;
    size_t at;
    uint32_t depth, steps;
    uint32_t skipping; /* > 0: read, but not printed */
    uint64_t bound;    /* lifetimes bound by the binders around */
    bool failed;
} V0;

typedef struct Ident {
    Str text;
    bool punycode;
} Ident;

static void read_path(V0 *v, bool in_value);
static void read_type(V0 *v);
static void read_const(V0 *v);

static void put(V0 *v, const char *z)
{
    if (!v->skipping)
        out_z(v->o, z);
}

static char peek(const V0 *v) { return v->at < v->s.n ? v->s.p[v->at] : 0; }

static bool eat(V0 *v, char c)
{
    if (peek(v) != c)
        return false;
    v->at++;
    return true;
}

static char take(V0 *v)
{
    if (v->at < v->s.n)
        return v->s.p[v->at++];
    v->failed = true;
    return 0;
}

static bool enter(V0 *v)
{
    if (++v->depth > DEMANGLE_DEPTH_MAX || ++v->steps > DEMANGLE_STEPS_MAX || v->o->failed)
        v->failed = true;
    return !v->failed;
}

/* ---- numbers and identifiers ---- */

/* Base 62, then '_'; "_" alone is 0. */
static uint64_t read_base62(V0 *v)
{
    uint64_t n = 0;
    if (eat(v, '_'))
        return 0;
    for (char c = take(v); c != '_'; c = take(v)) {
        unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10
                                            : (unsigned)(c - 'A') + 36;
        if (v->failed || d >= 62 || n > (UINT64_MAX - 62) / 62) {
            v->failed = true;
            return 0;
        }
        n = n * 62 + d;
    }
    return n + 1;
}

static uint64_t read_optional(V0 *v, char tag) { return eat(v, tag) ? read_base62(v) + 1 : 0; }

static Ident read_ident(V0 *v)
{
    Ident id = {.punycode = eat(v, 'u')};
    size_t n = 0;
    char c = take(v);
    if (c < '0' || c > '9') {
        v->failed = true;
        return id;
    }
    n = (size_t)(c - '0');
    while (c != '0' && peek(v) >= '0' && peek(v) <= '9' && n < DEMANGLE_NAME_MAX)
        n = n * 10 + (size_t)(take(v) - '0');
    eat(v, '_');
    if (n > v->s.n - v->at) {
        v->failed = true;
        return id;
    }
    id.text = (Str){v->s.p + v->at, n};
    v->at += n;
    return id;
}

static void put_ident(V0 *v, Ident id)
{
    if (v->skipping || v->failed)
        return;
    if (!id.punycode) {
        out_str(v->o, id.text);
        return;
    }
    if (!rust_punycode(v->o, id.text))
        v->failed = true;
}

static void put_number(V0 *v, uint64_t n)
{
    if (!v->skipping)
        out_number(v->o, n);
}

/* ---- lifetimes ---- */

/* 0 is erased; else de Bruijn, 1 the innermost. */
static void put_lifetime(V0 *v, uint64_t i)
{
    put(v, "'");
    if (i == 0) {
        put(v, "_");
        return;
    }
    if (i > v->bound) {
        v->failed = true;
        return;
    }
    uint64_t depth = v->bound - i;
    if (depth >= 26) {
        put(v, "_");
        put_number(v, depth);
        return;
    }
    char z[2] = {(char)('a' + depth), 0};
    put(v, z);
}

/* [G n]: "for<'a, 'b> "; gives how many to unbind. */
static uint64_t read_binder(V0 *v)
{
    uint64_t n = read_optional(v, 'G');
    if (n == 0 || v->failed)
        return 0;
    if (n > DEMANGLE_OUT_MAX) {
        v->failed = true;
        return 0;
    }
    put(v, "for<");
    for (uint64_t i = 0; i < n && !v->o->failed; i++) {
        put(v, i ? ", " : "");
        v->bound++;
        put_lifetime(v, 1);
    }
    put(v, "> ");
    return n;
}

/* ---- back references ---- */

/* After 'B': goes to an earlier place, to read it again and return to *saved. False: nothing to print there. */
static bool go_back(V0 *v, size_t *saved)
{
    size_t here = v->at - 1;
    uint64_t to = read_base62(v);
    if (v->failed || to >= here) {
        v->failed = true;
        return false;
    }
    if (v->skipping)
        return false;
    *saved = v->at;
    v->at = (size_t)to;
    return true;
}

/* ---- generic arguments ---- */

static void read_arg(V0 *v)
{
    if (eat(v, 'L'))
        put_lifetime(v, read_base62(v));
    else if (eat(v, 'K'))
        read_const(v);
    else
        read_type(v);
}

/* Up to E, with commas. */
static uint64_t read_args(V0 *v)
{
    uint64_t n = 0;
    for (; !v->failed && !eat(v, 'E'); n++) {
        put(v, n ? ", " : "");
        read_arg(v);
    }
    return n;
}

/* ---- paths ---- */

static void skip_path(V0 *v)
{
    v->skipping++;
    read_path(v, false);
    v->skipping--;
}

/* N namespace path identifier */
static void read_nested(V0 *v, bool in_value)
{
    char space = take(v);
    bool upper = space >= 'A' && space <= 'Z';
    if (!upper && !(space >= 'a' && space <= 'z')) {
        v->failed = true;
        return;
    }
    read_path(v, in_value);
    uint64_t disambiguator = read_optional(v, 's');
    Ident id = read_ident(v);
    if (v->failed)
        return;
    if (!upper) {
        if (id.text.n) {
            put(v, "::");
            put_ident(v, id);
        }
        return;
    }
    char z[2] = {space, 0};
    put(v, "::{");
    put(v, space == 'C' ? "closure" : space == 'S' ? "shim" : z);
    put(v, id.text.n ? ":" : "");
    put_ident(v, id);
    put(v, "#");
    put_number(v, disambiguator);
    put(v, "}");
}

/* M: <T>, X and Y: <T as Trait> */
static void read_impl(V0 *v, char tag)
{
    if (tag != 'Y') {
        read_optional(v, 's');
        skip_path(v);
    }
    put(v, "<");
    read_type(v);
    if (tag != 'M') {
        put(v, " as ");
        read_path(v, false);
    }
    put(v, ">");
}

static void read_path_tag(V0 *v, char tag, bool in_value)
{
    size_t saved;
    switch (tag) {
    case 'C':
        read_optional(v, 's');
        put_ident(v, read_ident(v));
        break;
    case 'N': read_nested(v, in_value); break;
    case 'M':
    case 'X':
    case 'Y': read_impl(v, tag); break;
    case 'I':
        read_path(v, in_value);
        put(v, in_value ? "::<" : "<");
        read_args(v);
        put(v, ">");
        break;
    case 'B':
        if (go_back(v, &saved)) {
            read_path(v, in_value);
            v->at = saved;
        }
        break;
    default: v->failed = true;
    }
}

static void read_path(V0 *v, bool in_value)
{
    if (enter(v))
        read_path_tag(v, take(v), in_value);
    v->depth--;
}

/* ---- types ---- */

static const char *basic_type(char tag)
{
    static const struct {
        char tag;
        const char *name;
    } types[] = {{'b', "bool"}, {'c', "char"},  {'e', "str"},   {'u', "()"},  {'a', "i8"},  {'s', "i16"}, {'l', "i32"},
                 {'x', "i64"},  {'n', "i128"},  {'i', "isize"}, {'h', "u8"},  {'t', "u16"}, {'m', "u32"}, {'y', "u64"},
                 {'o', "u128"}, {'j', "usize"}, {'f', "f32"},   {'d', "f64"}, {'z', "!"},   {'p', "_"},   {'v', "..."}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].tag == tag)
            return types[i].name;
    return NULL;
}

/* R and Q: [L lifetime] type */
static void read_reference(V0 *v, bool is_mut)
{
    put(v, "&");
    if (eat(v, 'L')) {
        uint64_t lifetime = read_base62(v);
        if (lifetime) {
            put_lifetime(v, lifetime);
            put(v, " ");
        }
    }
    put(v, is_mut ? "mut " : "");
    read_type(v);
}

/* "C", or a name in which '_' stands for '-'. */
static void put_abi(V0 *v)
{
    put(v, "extern \"");
    if (eat(v, 'C')) {
        put(v, "C");
    } else {
        Ident id = read_ident(v);
        if (id.punycode || id.text.n == 0)
            v->failed = true;
        for (size_t i = 0; !v->failed && i < id.text.n; i++) {
            char z[2] = {id.text.p[i] == '_' ? '-' : id.text.p[i], 0};
            put(v, z);
        }
    }
    put(v, "\" ");
}

static void read_fn(V0 *v)
{
    uint64_t bound = read_binder(v);
    if (eat(v, 'U'))
        put(v, "unsafe ");
    if (eat(v, 'K'))
        put_abi(v);
    put(v, "fn(");
    for (bool first = true; !v->failed && !eat(v, 'E'); first = false) {
        put(v, first ? "" : ", ");
        read_type(v);
    }
    put(v, ")");
    if (!eat(v, 'u')) {
        put(v, " -> ");
        read_type(v);
    }
    v->bound -= bound;
}

/* A path whose generic list is left open for associated types; true when it is open. */
static bool read_open_path(V0 *v)
{
    bool open = false;
    size_t saved;
    if (enter(v)) {
        if (eat(v, 'B')) {
            if (go_back(v, &saved)) {
                open = read_open_path(v);
                v->at = saved;
            }
        } else if (eat(v, 'I')) {
            read_path(v, false);
            put(v, "<");
            open = true;
            read_args(v);
        } else {
            read_path(v, false);
        }
    }
    v->depth--;
    return open;
}

static void read_dyn_trait(V0 *v)
{
    bool open = read_open_path(v);
    while (!v->failed && eat(v, 'p')) {
        put(v, open ? ", " : "<");
        open = true;
        put_ident(v, read_ident(v));
        put(v, " = ");
        read_type(v);
    }
    put(v, open ? ">" : "");
}

static void read_dyn(V0 *v)
{
    put(v, "dyn ");
    uint64_t bound = read_binder(v);
    for (bool first = true; !v->failed && !eat(v, 'E'); first = false) {
        put(v, first ? "" : " + ");
        read_dyn_trait(v);
    }
    v->bound -= bound;
    if (!eat(v, 'L')) {
        v->failed = true;
        return;
    }
    uint64_t lifetime = read_base62(v);
    if (lifetime) {
        put(v, " + ");
        put_lifetime(v, lifetime);
    }
}

static void read_tuple(V0 *v)
{
    uint64_t n = 0;
    put(v, "(");
    for (; !v->failed && !eat(v, 'E'); n++) {
        put(v, n ? ", " : "");
        read_type(v);
    }
    put(v, n == 1 ? ",)" : ")");
}

static void read_type_tag(V0 *v, char tag)
{
    size_t saved;
    switch (tag) {
    case 'R':
    case 'Q': read_reference(v, tag == 'Q'); break;
    case 'P':
    case 'O':
        put(v, tag == 'P' ? "*const " : "*mut ");
        read_type(v);
        break;
    case 'A':
    case 'S':
        put(v, "[");
        read_type(v);
        if (tag == 'A') {
            put(v, "; ");
            read_const(v);
        }
        put(v, "]");
        break;
    case 'T': read_tuple(v); break;
    case 'F': read_fn(v); break;
    case 'D': read_dyn(v); break;
    case 'B':
        if (go_back(v, &saved)) {
            read_type(v);
            v->at = saved;
        }
        break;
    default: v->at--; read_path(v, false);
    }
}

static void read_type(V0 *v)
{
    if (enter(v)) {
        char tag = take(v);
        const char *basic = basic_type(tag);
        if (basic)
            put(v, basic);
        else if (!v->failed)
            read_type_tag(v, tag);
    }
    v->depth--;
}

/* ---- constants ---- */

/* Hexadecimal digits and '_'; without leading zeros. */
static Str read_hex(V0 *v)
{
    size_t from = v->at;
    for (char c = take(v); c != '_'; c = take(v))
        if (v->failed || (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))) {
            v->failed = true;
            return (Str){0};
        }
    Str s = {v->s.p + from, v->at - 1 - from};
    for (; s.n > 0 && s.p[0] == '0'; s.n--)
        s.p++;
    return s;
}

static uint64_t hex_value(Str s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s.n && i < 16; i++)
        n = n << 4 | (uint64_t)(s.p[i] <= '9' ? s.p[i] - '0' : s.p[i] - 'a' + 10);
    return n;
}

static void read_integer(V0 *v)
{
    Str s = read_hex(v);
    if (v->failed)
        return;
    if (s.n <= 16) {
        put_number(v, hex_value(s));
        return;
    }
    put(v, "0x");
    if (!v->skipping)
        out_str(v->o, s);
}

static void read_bool(V0 *v)
{
    Str s = read_hex(v);
    uint64_t n = hex_value(s);
    v->failed |= s.n > 1 || n > 1;
    put(v, n ? "true" : "false");
}

static void read_character(V0 *v)
{
    Str s = read_hex(v);
    uint64_t c = hex_value(s);
    if (s.n > 6 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        v->failed = true;
    if (v->failed || v->skipping)
        return;
    out_char(v->o, '\'');
    rust_char_debug(v->o, (uint32_t)c, '\'');
    out_char(v->o, '\'');
}

static void read_const_tag(V0 *v, char tag)
{
    size_t saved;
    switch (tag) {
    case 'p': put(v, "_"); break;
    case 'h':
    case 't':
    case 'm':
    case 'y':
    case 'o':
    case 'j': read_integer(v); break;
    case 'a':
    case 's':
    case 'l':
    case 'x':
    case 'n':
    case 'i':
        if (eat(v, 'n'))
            put(v, "-");
        read_integer(v);
        break;
    case 'b': read_bool(v); break;
    case 'c': read_character(v); break;
    case 'B':
        if (go_back(v, &saved)) {
            read_const(v);
            v->at = saved;
        }
        break;
    default: v->failed = true;
    }
}

static void read_const(V0 *v)
{
    if (enter(v))
        read_const_tag(v, take(v));
    v->depth--;
}

bool rust_v0(CxxOut *o, Str s)
{
    V0 v = {.o = o, .s = s};
    char first = peek(&v);
    if (first < 'A' || first > 'Z')
        return false;
    read_path(&v, true);
    if (!v.failed && v.at < v.s.n) /* the crate that instantiates it */
        skip_path(&v);
    return !v.failed && !o->failed && v.at == v.s.n && o->n > 0;
}
