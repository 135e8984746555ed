/* elf/demangle_rust_v0.c - Rust's v0 names: paths, types and generic arguments (RFC 2603). */
#include "elf/demangle_rust_v0.h"

#include <string.h>

static void read_type(V0 *v);

void v0_put(V0 *v, const char *z)
{
    if (!v->skipping)
        out_z(v->o, z);
}

char v0_peek(const V0 *v) { return v->at < v->s.n ? v->s.p[v->at] : 0; }

bool v0_eat(V0 *v, char c)
{
    if (v0_peek(v) != c)
        return false;
    v->at++;
    return true;
}

char v0_take(V0 *v)
{
    if (v->at < v->s.n)
        return v->s.p[v->at++];
    v->failed = true;
    return 0;
}

bool v0_enter(V0 *v)
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
    if (v0_eat(v, '_'))
        return 0;
    for (char c = v0_take(v); c != '_'; c = v0_take(v)) {
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

uint64_t v0_optional(V0 *v, char tag) { return v0_eat(v, tag) ? read_base62(v) + 1 : 0; }

Ident v0_ident(V0 *v)
{
    Ident id = {.punycode = v0_eat(v, 'u')};
    size_t n = 0;
    char c = v0_take(v);
    if (c < '0' || c > '9') {
        v->failed = true;
        return id;
    }
    n = (size_t)(c - '0');
    while (c != '0' && v0_peek(v) >= '0' && v0_peek(v) <= '9' && n < DEMANGLE_NAME_MAX)
        n = n * 10 + (size_t)(v0_take(v) - '0');
    v0_eat(v, '_');
    if (n > v->s.n - v->at) {
        v->failed = true;
        return id;
    }
    id.text = (Str){v->s.p + v->at, n};
    v->at += n;
    return id;
}

void v0_put_ident(V0 *v, Ident id)
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

void v0_put_number(V0 *v, uint64_t n)
{
    if (!v->skipping)
        out_number(v->o, n);
}

/* ---- lifetimes ---- */

/* 0 is erased; else de Bruijn, 1 the innermost. */
static void put_lifetime(V0 *v, uint64_t i)
{
    v0_put(v, "'");
    if (i == 0) {
        v0_put(v, "_");
        return;
    }
    if (i > v->bound) {
        v->failed = true;
        return;
    }
    uint64_t depth = v->bound - i;
    if (depth >= 26) {
        v0_put(v, "_");
        v0_put_number(v, depth);
        return;
    }
    char z[2] = {(char)('a' + depth), 0};
    v0_put(v, z);
}

/* [G n]: "for<'a, 'b> "; gives how many to unbind. */
static uint64_t read_binder(V0 *v)
{
    uint64_t n = v0_optional(v, 'G');
    if (n == 0 || v->failed)
        return 0;
    if (n > DEMANGLE_OUT_MAX) {
        v->failed = true;
        return 0;
    }
    v0_put(v, "for<");
    for (uint64_t i = 0; i < n && !v->o->failed; i++) {
        v0_put(v, i ? ", " : "");
        v->bound++;
        put_lifetime(v, 1);
    }
    v0_put(v, "> ");
    return n;
}

/* ---- back references ---- */

/* After 'B': goes to an earlier place, to read it again and return to *saved. False: nothing to print there. */
bool v0_go_back(V0 *v, size_t *saved)
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
    if (v0_eat(v, 'L'))
        put_lifetime(v, read_base62(v));
    else if (v0_eat(v, 'K'))
        v0_const(v, false);
    else
        read_type(v);
}

/* Up to E, with commas. */
static uint64_t read_args(V0 *v)
{
    uint64_t n = 0;
    for (; !v->failed && !v0_eat(v, 'E'); n++) {
        v0_put(v, n ? ", " : "");
        read_arg(v);
    }
    return n;
}

/* ---- paths ---- */

static void skip_path(V0 *v)
{
    v->skipping++;
    v0_path(v, false);
    v->skipping--;
}

/* N namespace path identifier */
static void read_nested(V0 *v, bool in_value)
{
    char space = v0_take(v);
    bool upper = space >= 'A' && space <= 'Z';
    if (!upper && !(space >= 'a' && space <= 'z')) {
        v->failed = true;
        return;
    }
    v0_path(v, in_value);
    uint64_t disambiguator = v0_optional(v, 's');
    Ident id = v0_ident(v);
    if (v->failed)
        return;
    if (!upper) {
        if (id.text.n) {
            v0_put(v, "::");
            v0_put_ident(v, id);
        }
        return;
    }
    char z[2] = {space, 0};
    v0_put(v, "::{");
    v0_put(v, space == 'C' ? "closure" : space == 'S' ? "shim" : z);
    v0_put(v, id.text.n ? ":" : "");
    v0_put_ident(v, id);
    v0_put(v, "#");
    v0_put_number(v, disambiguator);
    v0_put(v, "}");
}

/* M: <T>, X and Y: <T as Trait> */
static void read_impl(V0 *v, char tag)
{
    if (tag != 'Y') {
        v0_optional(v, 's');
        skip_path(v);
    }
    v0_put(v, "<");
    read_type(v);
    if (tag != 'M') {
        v0_put(v, " as ");
        v0_path(v, false);
    }
    v0_put(v, ">");
}

static void read_path_tag(V0 *v, char tag, bool in_value)
{
    size_t saved;
    switch (tag) {
    case 'C':
        v0_optional(v, 's');
        v0_put_ident(v, v0_ident(v));
        break;
    case 'N': read_nested(v, in_value); break;
    case 'M':
    case 'X':
    case 'Y': read_impl(v, tag); break;
    case 'I':
        v0_path(v, in_value);
        v0_put(v, in_value ? "::<" : "<");
        read_args(v);
        v0_put(v, ">");
        break;
    case 'B':
        if (v0_go_back(v, &saved)) {
            v0_path(v, in_value);
            v->at = saved;
        }
        break;
    default: v->failed = true;
    }
}

void v0_path(V0 *v, bool in_value)
{
    if (v0_enter(v))
        read_path_tag(v, v0_take(v), in_value);
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
    v0_put(v, "&");
    if (v0_eat(v, 'L')) {
        uint64_t lifetime = read_base62(v);
        if (lifetime) {
            put_lifetime(v, lifetime);
            v0_put(v, " ");
        }
    }
    v0_put(v, is_mut ? "mut " : "");
    read_type(v);
}

/* "C", or a name in which '_' stands for '-'. */
static void put_abi(V0 *v)
{
    v0_put(v, "extern \"");
    if (v0_eat(v, 'C')) {
        v0_put(v, "C");
    } else {
        Ident id = v0_ident(v);
        if (id.punycode || id.text.n == 0)
            v->failed = true;
        for (size_t i = 0; !v->failed && i < id.text.n; i++) {
            char z[2] = {id.text.p[i] == '_' ? '-' : id.text.p[i], 0};
            v0_put(v, z);
        }
    }
    v0_put(v, "\" ");
}

static void read_fn(V0 *v)
{
    uint64_t bound = read_binder(v);
    if (v0_eat(v, 'U'))
        v0_put(v, "unsafe ");
    if (v0_eat(v, 'K'))
        put_abi(v);
    v0_put(v, "fn(");
    for (bool first = true; !v->failed && !v0_eat(v, 'E'); first = false) {
        v0_put(v, first ? "" : ", ");
        read_type(v);
    }
    v0_put(v, ")");
    if (!v0_eat(v, 'u')) {
        v0_put(v, " -> ");
        read_type(v);
    }
    v->bound -= bound;
}

/* A path whose generic list is left open for associated types; true when it is open. */
static bool read_open_path(V0 *v)
{
    bool open = false;
    size_t saved;
    if (v0_enter(v)) {
        if (v0_eat(v, 'B')) {
            if (v0_go_back(v, &saved)) {
                open = read_open_path(v);
                v->at = saved;
            }
        } else if (v0_eat(v, 'I')) {
            v0_path(v, false);
            v0_put(v, "<");
            open = true;
            read_args(v);
        } else {
            v0_path(v, false);
        }
    }
    v->depth--;
    return open;
}

static void read_dyn_trait(V0 *v)
{
    bool open = read_open_path(v);
    while (!v->failed && v0_eat(v, 'p')) {
        v0_put(v, open ? ", " : "<");
        open = true;
        v0_put_ident(v, v0_ident(v));
        v0_put(v, " = ");
        read_type(v);
    }
    v0_put(v, open ? ">" : "");
}

static void read_dyn(V0 *v)
{
    v0_put(v, "dyn ");
    uint64_t bound = read_binder(v);
    for (bool first = true; !v->failed && !v0_eat(v, 'E'); first = false) {
        v0_put(v, first ? "" : " + ");
        read_dyn_trait(v);
    }
    v->bound -= bound;
    if (!v0_eat(v, 'L')) {
        v->failed = true;
        return;
    }
    uint64_t lifetime = read_base62(v);
    if (lifetime) {
        v0_put(v, " + ");
        put_lifetime(v, lifetime);
    }
}

static void read_tuple(V0 *v)
{
    uint64_t n = 0;
    v0_put(v, "(");
    for (; !v->failed && !v0_eat(v, 'E'); n++) {
        v0_put(v, n ? ", " : "");
        read_type(v);
    }
    v0_put(v, n == 1 ? ",)" : ")");
}

static void read_type_tag(V0 *v, char tag)
{
    size_t saved;
    switch (tag) {
    case 'R':
    case 'Q': read_reference(v, tag == 'Q'); break;
    case 'P':
    case 'O':
        v0_put(v, tag == 'P' ? "*const " : "*mut ");
        read_type(v);
        break;
    case 'A':
    case 'S':
        v0_put(v, "[");
        read_type(v);
        if (tag == 'A') {
            v0_put(v, "; ");
            v0_const(v, false);
        }
        v0_put(v, "]");
        break;
    case 'T': read_tuple(v); break;
    case 'F': read_fn(v); break;
    case 'D': read_dyn(v); break;
    case 'B':
        if (v0_go_back(v, &saved)) {
            read_type(v);
            v->at = saved;
        }
        break;
    default: v->at--; v0_path(v, false);
    }
}

static void read_type(V0 *v)
{
    if (v0_enter(v)) {
        char tag = v0_take(v);
        const char *basic = basic_type(tag);
        if (basic)
            v0_put(v, basic);
        else if (!v->failed)
            read_type_tag(v, tag);
    }
    v->depth--;
}

bool rust_v0(CxxOut *o, Str s)
{
    V0 v = {.o = o, .s = s};
    char first = v0_peek(&v);
    if (first < 'A' || first > 'Z')
        return false;
    v0_path(&v, true);
    if (!v.failed && v.at < v.s.n) /* the crate that instantiates it */
        skip_path(&v);
    return !v.failed && !o->failed && v.at == v.s.n && o->n > 0;
}
