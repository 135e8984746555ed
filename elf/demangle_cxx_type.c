/* elf/demangle_cxx_type.c - parses types (ABI 5.1.5). All but builtin types and substitutions themselves are candidates
 * for substitution, in the order in which they end. */
#include "elf/demangle_cxx_parse.h"

#include <string.h>

static CxxNode *literal_text(Cxx *c, const char *z) { return node_text(c, CXX_BUILTIN, NULL, str_of(z)); }

uint8_t parse_cv(Cxx *c)
{
    uint8_t quals = eat(c, 'r') ? QUAL_RESTRICT : 0;
    quals |= eat(c, 'V') ? QUAL_VOLATILE : 0;
    return quals | (eat(c, 'K') ? QUAL_CONST : 0);
}

/* ---- functions ---- */

CxxNode *parse_types(Cxx *c, bool *ok)
{
    CxxNode *first = NULL, **slot = &first;
    *ok = false;
    if (peek(c) == 'v') {
        char next = peek_at(c, 1);
        if (next == 0 || next == 'E' || next == '.' || ((next == 'R' || next == 'O') && peek_at(c, 2) == 'E')) {
            c->p++;
            *ok = true;
            return NULL;
        }
    }
    for (;;) {
        char x = peek(c);
        if (x == 0 || x == 'E' || x == '.' || ((x == 'R' || x == 'O') && peek_at(c, 1) == 'E'))
            break;
        CxxNode *type = parse_type(c);
        if (!type || !(*slot = node_new(c, CXX_ARGS, type, NULL)))
            return NULL;
        slot = &(*slot)->b;
    }
    *ok = first != NULL;
    return first;
}

/* F [Y] return parameters [RO] E, after an exception specification perhaps. */
CxxNode *parse_function_type(Cxx *c)
{
    bool ok = true;
    Str except = {0};
    CxxNode *condition = NULL;
    if (eat2(c, 'D', 'o')) {
        except = str_of(" noexcept");
    } else if (eat2(c, 'D', 'O')) {
        except = str_of(" noexcept");
        condition = parse_expression(c);
        ok = condition && eat(c, 'E');
    } else if (eat2(c, 'D', 'w')) {
        except = str_of(" throw");
        condition = parse_types(c, &ok);
        ok = ok && eat(c, 'E');
    }
    uint8_t safe = ok && eat2(c, 'D', 'x') ? QUAL_SAFE : 0;
    if (!ok || !eat(c, 'F'))
        return NULL;
    eat(c, 'Y');
    CxxNode *type = parse_type(c), *args = type ? parse_types(c, &ok) : NULL;
    if (!type || !ok)
        return NULL;
    uint8_t ref = eat(c, 'R') ? QUAL_LREF : eat(c, 'O') ? QUAL_RREF : 0;
    CxxNode *f = eat(c, 'E') ? node_number(c, CXX_FUNCTION, type, (uint64_t)(ref | safe)) : NULL;
    if (!f)
        return NULL;
    f->b = args;
    f->text = except;
    f->c = condition;
    return f;
}

static bool is_function_start(const Cxx *c)
{
    char y = peek_at(c, 1);
    return peek(c) == 'F' || (peek(c) == 'D' && (y == 'o' || y == 'O' || y == 'w' || y == 'x'));
}

/* [rVK] before a type; before a function type they are quals of `this`. */
static CxxNode *parse_qualified_type(Cxx *c)
{
    uint8_t quals = parse_cv(c);
    if (is_function_start(c)) {
        CxxNode *f = parse_function_type(c);
        if (f)
            f->number |= quals;
        return f;
    }
    CxxNode *n = parse_type(c);
    if (n && (quals & QUAL_CONST))
        n = node_new(c, CXX_CONST, n, NULL);
    if (n && (quals & QUAL_VOLATILE))
        n = node_new(c, CXX_VOLATILE, n, NULL);
    if (n && (quals & QUAL_RESTRICT))
        n = node_new(c, CXX_RESTRICT, n, NULL);
    return n;
}

/* ---- compounds ---- */

static CxxNode *parse_of(Cxx *c, CxxKind kind)
{
    c->p++;
    CxxNode *n = parse_type(c);
    return n ? node_new(c, kind, n, NULL) : NULL;
}

/* A dimension _ element: the dimension is a number, an expression, or nothing. */
static CxxNode *parse_array(Cxx *c)
{
    c->p++;
    CxxNode *dimension = NULL;
    if (is_digit(peek(c))) {
        const char *from = c->p;
        while (is_digit(peek(c)))
            c->p++;
        dimension = node_text(c, CXX_NAME, NULL, (Str){from, (size_t)(c->p - from)});
    } else if (peek(c) != '_') {
        dimension = parse_expression(c);
        if (!dimension)
            return NULL;
    }
    CxxNode *element = eat(c, '_') ? parse_type(c) : NULL;
    return element ? node_new(c, CXX_ARRAY, element, dimension) : NULL;
}

static CxxNode *parse_member(Cxx *c)
{
    c->p++;
    CxxNode *class = parse_type(c), *to = class ? parse_type(c) : NULL;
    return to ? node_new(c, CXX_MEMBER, class, to) : NULL;
}

/* Dv number _ type, or Dv _ expression _ type */
static CxxNode *parse_vector(Cxx *c)
{
    CxxNode *size = NULL;
    uint64_t n;
    if (eat(c, '_'))
        size = parse_expression(c);
    else if (parse_digits(c, &n))
        size = node_number(c, CXX_NUMBER, NULL, n);
    CxxNode *element = size && eat(c, '_') ? parse_type(c) : NULL;
    return element ? node_new(c, CXX_VECTOR, size, element) : NULL;
}

CxxNode *parse_decltype(Cxx *c)
{
    c->p += 2;
    CxxNode *e = parse_expression(c);
    return e && eat(c, 'E') ? node_new(c, CXX_DECLTYPE, e, NULL) : NULL;
}

static CxxNode *parse_vendor_qual(Cxx *c)
{
    c->p++;
    CxxNode *name = parse_source_name(c), *args;
    if (name && peek(c) == 'I' && (!(args = parse_template_args(c)) || !(name = node_new(c, CXX_TEMPLATE, name, args))))
        return NULL;
    CxxNode *type = name ? parse_type(c) : NULL;
    return type ? node_new(c, CXX_VENDOR_QUAL, type, name) : NULL;
}

/* DF number _ , DF number b, DF number x */
static CxxNode *parse_float(Cxx *c)
{
    uint64_t bits;
    if (!parse_digits(c, &bits))
        return NULL;
    if (bits == 16 && eat(c, 'b'))
        return literal_text(c, "std::bfloat16_t");
    bool extended = eat(c, 'x');
    if (!extended && !eat(c, '_'))
        return NULL;
    char text[32];
    size_t n = sizeof text;
    if (extended)
        text[--n] = 'x';
    for (; bits || n == sizeof text; bits /= 10)
        text[--n] = (char)('0' + bits % 10);
    n -= 6;
    memcpy(text + n, "_Float", 6);
    const char *copy = arena_copy(c->arena, text + n, sizeof text - n);
    CxxNode *type = copy ? node_text(c, CXX_BUILTIN, NULL, (Str){copy, sizeof text - n}) : NULL;
    if (type)
        type->number = LIT_FLOAT;
    return type;
}

/* DB size _ or DU size _, the size a number or an expression: ABI 5.1.5.2, no candidate for substitution. */
static CxxNode *parse_bit_int(Cxx *c, bool is_unsigned)
{
    uint64_t bits;
    CxxNode *size;
    if (is_digit(peek(c)))
        size = parse_digits(c, &bits) ? node_number(c, CXX_NUMBER, NULL, bits) : NULL;
    else
        size = parse_expression(c);
    return size && eat(c, '_') ? node_number(c, CXX_BITINT, size, is_unsigned) : NULL;
}

/* A builtin type D?; NULL when it is none. */
static CxxNode *parse_builtin_d(Cxx *c)
{
    static const struct {
        char code;
        const char *name;
    } types[] = {{'d', "decimal64"},      {'e', "decimal128"},       {'f', "decimal32"}, {'h', "half"},
                 {'i', "char32_t"},       {'s', "char16_t"},         {'u', "char8_t"},   {'a', "auto"},
                 {'c', "decltype(auto)"}, {'n', "decltype(nullptr)"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (eat2(c, 'D', types[i].code))
            return literal_text(c, types[i].name);
    if (eat2(c, 'D', 'B'))
        return parse_bit_int(c, false);
    if (eat2(c, 'D', 'U'))
        return parse_bit_int(c, true);
    return eat2(c, 'D', 'F') ? parse_float(c) : NULL;
}

/* ---- names as types ---- */

static CxxNode *with_template_args(Cxx *c, CxxNode *n)
{
    CxxNode *args = parse_template_args(c);
    return args ? node_new(c, CXX_TEMPLATE, n, args) : NULL;
}

/* S_ and the like, with template arguments perhaps; *is_new: it is a candidate itself. */
static CxxNode *parse_substituted_type(Cxx *c, bool *is_new)
{
    char next = peek_at(c, 1);
    if (next == 't') {
        return parse_name(c);
    }
    bool plain_std = is_lower(next);
    CxxNode *n = parse_substitution(c);
    if (n && n->kind == CXX_MODULE_PART) {
        if (!(n = parse_unqualified(c, NULL, n)))
            return NULL;
        if (peek(c) != 'I')
            return n;
        return sub_add(c, n) ? with_template_args(c, n) : NULL;
    }
    if (!n || peek(c) == 'I')
        return n ? with_template_args(c, n) : NULL;
    *is_new = plain_std && n->kind == CXX_TAGGED;
    return n;
}

/* T_, and where a template is named by it, its arguments. */
static CxxNode *parse_param_type(Cxx *c)
{
    CxxNode *n = parse_template_param(c);
    if (!n || peek(c) != 'I' || c->in_conversion)
        return n;
    return sub_add(c, n) ? with_template_args(c, n) : NULL;
}

static CxxNode *parse_vendor_type(Cxx *c)
{
    c->p++;
    CxxNode *n = parse_source_name(c);
    return n && peek(c) == 'I' ? with_template_args(c, n) : n;
}

/* ---- all ---- */

static CxxNode *parse_d(Cxx *c)
{
    char y = peek_at(c, 1);
    if (y == 't' || y == 'T')
        return parse_decltype(c);
    if (y == 'v') {
        c->p += 2;
        return parse_vector(c);
    }
    if (y == 'p') {
        c->p += 2;
        CxxNode *n = parse_type(c);
        return n ? node_new(c, CXX_EXPANSION, n, NULL) : NULL;
    }
    return is_function_start(c) ? parse_function_type(c) : NULL;
}

/* Ts, Tu, Te: "struct", "union" or "enum" before a name, which is not printed. */
static bool is_elaborated(const Cxx *c)
{
    char y = peek_at(c, 1);
    return y == 's' || y == 'u' || y == 'e';
}

static CxxNode *parse_new_type(Cxx *c, bool *is_new)
{
    switch (peek(c)) {
    case 'r':
    case 'V':
    case 'K': return parse_qualified_type(c);
    case 'P': return parse_of(c, CXX_POINTER);
    case 'R': return parse_of(c, CXX_LREF);
    case 'O': return parse_of(c, CXX_RREF);
    case 'C': return parse_of(c, CXX_COMPLEX);
    case 'G': return parse_of(c, CXX_IMAGINARY);
    case 'F': return parse_function_type(c);
    case 'A': return parse_array(c);
    case 'M': return parse_member(c);
    case 'D': return parse_d(c);
    case 'U': return peek_at(c, 1) == 'l' || peek_at(c, 1) == 't' ? parse_name(c) : parse_vendor_qual(c);
    case 'u': return parse_vendor_type(c);
    case 'S': return parse_substituted_type(c, is_new);
    case 'T':
        if (!is_elaborated(c))
            return parse_param_type(c);
        c->p += 2;
        return parse_name(c);
    case 'N':
    case 'Z':
    case 'W': return parse_name(c);
    default: return is_digit(peek(c)) ? parse_name(c) : NULL;
    }
}

static CxxNode *parse_any_type(Cxx *c)
{
    uint64_t literal = 0;
    const char *name = cxx_builtin(peek(c), &literal);
    CxxNode *n;
    if (name) {
        c->p++;
        n = literal_text(c, name);
        if (n)
            n->number = literal;
        return n;
    }
    if (peek(c) == 'D' && (n = parse_builtin_d(c)))
        return n;
    bool is_new = true;
    n = parse_new_type(c, &is_new);
    return n && (!is_new || sub_add(c, n)) ? n : NULL;
}

CxxNode *parse_type(Cxx *c)
{
    CxxNode *n = enter(c) ? parse_any_type(c) : NULL;
    leave(c);
    return n;
}

/* ---- the template head of a lambda ---- */

/* Ty, Tn type, Tt ... E, Tp: C++20's "[]<typename T>". */
CxxNode *parse_lambda_head(Cxx *c, bool *ok)
{
    CxxNode *first = NULL, **slot = &first;
    *ok = false;
    while (peek(c) == 'T') {
        bool pack = eat2(c, 'T', 'p');
        char kind = peek(c) == 'T' ? peek_at(c, 1) : 0;
        if (kind != 'y' && kind != 'n')
            break;
        c->p += 2;
        CxxNode *n = node_number(c, CXX_HEAD, NULL, pack);
        if (!n || (kind == 'n' && !(n->b = parse_type(c))))
            return NULL;
        *slot = n;
        slot = &n->c;
    }
    *ok = true;
    return first;
}
