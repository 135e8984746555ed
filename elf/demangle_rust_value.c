/* elf/demangle_rust_value.c - constants in Rust's v0 names: numbers, strings, references, arrays, tuples, structs, enums.
 * Source: RFC 2603, "The Rust rustc book", chapter "v0 Symbol Format", const. They are shown as Rust's source has them; what
 * is no literal stands in braces, as a generic argument must. */
#include "elf/demangle_rust_v0.h"

/* Hexadecimal digits and '_'. */
static Str read_digits(V0 *v)
{
    size_t from = v->at;
    for (char c = v0_take(v); c != '_'; c = v0_take(v))
        if (v->failed || (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))) {
            v->failed = true;
            return (Str){0};
        }
    return (Str){v->s.p + from, v->at - 1 - from};
}

/* The same, as a number: without leading zeros. */
static Str read_hex(V0 *v)
{
    Str s = read_digits(v);
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
        v0_put_number(v, hex_value(s));
        return;
    }
    v0_put(v, "0x");
    if (!v->skipping)
        out_str(v->o, s);
}

static void read_bool(V0 *v)
{
    Str s = read_hex(v);
    uint64_t n = hex_value(s);
    v->failed |= s.n > 1 || n > 1;
    v0_put(v, n ? "true" : "false");
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

/* The bytes that pairs of digits name are UTF-8. Code points in *c; false: malformed. */
static bool hex_char(Str hex, size_t *at, uint32_t *c)
{
    uint32_t lead = (uint32_t)hex_value((Str){hex.p + *at, 2});
    size_t more = lead < 0x80 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    *at += 2;
    if ((lead >= 0x80 && lead < 0xc2) || lead >= 0xf5 || hex.n - *at < 2 * more)
        return false;
    *c = more ? lead & (0x3fu >> more) : lead;
    for (size_t i = 0; i < more; i++, *at += 2) {
        uint32_t next = (uint32_t)hex_value((Str){hex.p + *at, 2});
        if ((next & 0xc0) != 0x80)
            return false;
        *c = *c << 6 | (next & 0x3f);
    }
    return *c >= least[more] && *c <= 0x10ffff && !(*c >= 0xd800 && *c < 0xe000);
}

static void read_string(V0 *v)
{
    Str hex = read_digits(v);
    v->failed |= hex.n % 2 != 0;
    v0_put(v, "\"");
    for (size_t at = 0; at < hex.n && !v->failed;) {
        uint32_t c;
        if (!hex_char(hex, &at, &c))
            v->failed = true;
        else if (!v->skipping)
            rust_char_debug(v->o, c, '"');
    }
    v0_put(v, "\"");
}

/* Constants up to E, with commas; how many. */
static uint64_t read_consts(V0 *v)
{
    uint64_t n = 0;
    for (; !v->failed && !v0_eat(v, 'E'); n++) {
        v0_put(v, n ? ", " : "");
        v0_const(v, true);
    }
    return n;
}

static void read_fields(V0 *v)
{
    v0_put(v, " { ");
    for (bool first = true; !v->failed && !v0_eat(v, 'E'); first = false) {
        v0_put(v, first ? "" : ", ");
        v0_optional(v, 's');
        v0_put_ident(v, v0_ident(v));
        v0_put(v, ": ");
        v0_const(v, true);
    }
    v0_put(v, " }");
}

/* V path: a struct or a variant of an enum, U without fields, T with numbered, S with named ones. */
static void read_adt(V0 *v)
{
    v0_path(v, true);
    switch (v0_take(v)) {
    case 'U': break;
    case 'T':
        v0_put(v, "(");
        read_consts(v);
        v0_put(v, ")");
        break;
    case 'S': read_fields(v); break;
    default: v->failed = true;
    }
}

/* What is no literal. */
static void read_expression(V0 *v, char tag)
{
    switch (tag) {
    case 'e': /* of type str: what a string literal refers to */
        v0_put(v, "*");
        read_string(v);
        break;
    case 'R':
    case 'Q':
        v0_put(v, tag == 'R' ? "&" : "&mut ");
        v0_const(v, true);
        break;
    case 'A':
        v0_put(v, "[");
        read_consts(v);
        v0_put(v, "]");
        break;
    case 'T':
        v0_put(v, "(");
        v0_put(v, read_consts(v) == 1 ? ",)" : ")");
        break;
    case 'V': read_adt(v); break;
    default: v->failed = true;
    }
}

static void read_const_tag(V0 *v, char tag, bool in_value)
{
    size_t saved;
    switch (tag) {
    case 'p': v0_put(v, "_"); break;
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
        if (v0_eat(v, 'n'))
            v0_put(v, "-");
        read_integer(v);
        break;
    case 'b': read_bool(v); break;
    case 'c': read_character(v); break;
    case 'B':
        if (v0_go_back(v, &saved)) {
            v0_const(v, in_value);
            v->at = saved;
        }
        break;
    default:
        if (tag == 'R' && v0_eat(v, 'e')) { /* a literal is a reference already */
            read_string(v);
            break;
        }
        v0_put(v, in_value ? "" : "{");
        read_expression(v, tag);
        v0_put(v, in_value ? "" : "}");
    }
}

void v0_const(V0 *v, bool in_value)
{
    if (v0_enter(v))
        read_const_tag(v, v0_take(v), in_value);
    v->depth--;
}
