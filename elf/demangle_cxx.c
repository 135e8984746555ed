/* elf/demangle_cxx.c - parses C++ linkage names: encodings, names, special names (ABI 5.1.2 to 5.1.4). */
#include "elf/demangle_cxx_parse.h"

#include <string.h>

CxxNode *node_new(Cxx *c, CxxKind kind, CxxNode *a, CxxNode *b)
{
    CxxNode *n = arena_alloc(c->arena, 1, sizeof *n);
    if (n)
        *n = (CxxNode){.kind = (uint8_t)kind, .a = a, .b = b};
    return n;
}

CxxNode *node_text(Cxx *c, CxxKind kind, CxxNode *a, Str text)
{
    CxxNode *n = node_new(c, kind, a, NULL);
    if (n)
        n->text = text;
    return n;
}

CxxNode *node_number(Cxx *c, CxxKind kind, CxxNode *a, uint64_t number)
{
    CxxNode *n = node_new(c, kind, a, NULL);
    if (n)
        n->number = number;
    return n;
}

bool eat(Cxx *c, char x)
{
    if (peek(c) != x)
        return false;
    c->p++;
    return true;
}

bool eat2(Cxx *c, char x, char y)
{
    if (peek(c) != x || peek_at(c, 1) != y)
        return false;
    c->p += 2;
    return true;
}

bool parse_digits(Cxx *c, uint64_t *out)
{
    uint64_t v = 0;
    if (!is_digit(peek(c)))
        return false;
    for (; is_digit(peek(c)); c->p++) {
        v = v * 10 + (uint64_t)(*c->p - '0');
        if (v > INT32_MAX)
            return false;
    }
    *out = v;
    return true;
}

bool parse_compact(Cxx *c, uint64_t *out)
{
    *out = 0;
    if (eat(c, '_'))
        return true;
    if (!parse_digits(c, out))
        return false;
    ++*out;
    return eat(c, '_');
}

/* "_5", "__12_" or nothing. */
bool parse_discriminator(Cxx *c)
{
    uint64_t v;
    if (!eat(c, '_'))
        return true;
    bool many = eat(c, '_');
    if (!is_digit(peek(c))) /* a lone "_" ends a reference temporary's name */
        return true;
    return parse_digits(c, &v) && (!many || v < 10 || eat(c, '_'));
}

/* ---- unqualified names ---- */

static bool is_anonymous_namespace(Str s)
{
    return s.n >= 10 && memcmp(s.p, "_GLOBAL_", 8) == 0 && strchr("._$", s.p[8]) && s.p[9] == 'N';
}

CxxNode *parse_source_name(Cxx *c)
{
    uint64_t n;
    if (!parse_digits(c, &n) || n == 0 || n > (size_t)(c->end - c->p))
        return NULL;
    Str s = {c->p, (size_t)n};
    c->p += n;
    c->last_name = node_text(c, CXX_NAME, NULL, is_anonymous_namespace(s) ? str_of("(anonymous namespace)") : s);
    return c->last_name;
}

CxxNode *parse_operator_name(Cxx *c)
{
    if (peek(c) == 'v' && is_digit(peek_at(c, 1))) {
        c->p += 2;
        CxxNode *name = parse_source_name(c);
        return name ? node_new(c, CXX_CONVERSION, name, NULL) : NULL;
    }
    if (eat2(c, 'c', 'v')) {
        bool saved = c->in_conversion;
        c->in_conversion = true;
        CxxNode *type = parse_type(c);
        c->in_conversion = saved;
        return type ? node_new(c, CXX_CONVERSION, type, NULL) : NULL;
    }
    const CxxOp *op = cxx_op(peek(c), peek_at(c, 1));
    CxxNode *n = op ? node_new(c, CXX_OPERATOR, NULL, NULL) : NULL;
    if (!n)
        return NULL;
    c->p += 2;
    n->op = op;
    if (strcmp(op->code, "li") == 0 && !(n->a = parse_source_name(c)))
        return NULL;
    return n;
}

/* C1, D0, CI2 base: of the class that `scope` names; where that has no name, of the last name, as c++filt prints it. */
static CxxNode *parse_ctor(Cxx *c, CxxNode *scope)
{
    CxxNode *base = scope ? cxx_base_name(scope) : NULL;
    if (base && (base->kind == CXX_LAMBDA || base->kind == CXX_UNNAMED))
        base = c->last_name;
    bool ctor = *c->p++ == 'C';
    bool inherited = ctor && eat(c, 'I');
    char kind = peek(c);
    if (!base || !(ctor ? kind >= '1' && kind <= '5' : kind >= '0' && kind <= '5' && kind != '3'))
        return NULL;
    c->p++;
    if (inherited && !parse_type(c))
        return NULL;
    return node_new(c, ctor ? CXX_CTOR : CXX_DTOR, base, NULL);
}

/* Ul types E number _ */
static CxxNode *parse_lambda(Cxx *c)
{
    bool ok = true;
    CxxNode *head = parse_lambda_head(c, &ok), *args = ok ? parse_types(c, &ok) : NULL;
    uint64_t number;
    if (!ok || !eat(c, 'E') || !parse_compact(c, &number))
        return NULL;
    CxxNode *n = node_number(c, CXX_LAMBDA, args, number);
    if (n)
        n->b = head;
    return n;
}

static CxxNode *parse_unnamed(Cxx *c)
{
    uint64_t number;
    if (!parse_compact(c, &number))
        return NULL;
    return node_number(c, CXX_UNNAMED, NULL, number);
}

/* DC names E: a structured binding. */
static CxxNode *parse_binding(Cxx *c)
{
    CxxNode *first = NULL, **slot = &first;
    while (!eat(c, 'E')) {
        CxxNode *name = parse_source_name(c);
        if (!name || !(*slot = node_new(c, CXX_ARGS, name, NULL)))
            return NULL;
        slot = &(*slot)->b;
    }
    return first ? node_new(c, CXX_BINDING, first, NULL) : NULL;
}

static CxxNode *parse_plain(Cxx *c, CxxNode *scope)
{
    char x = peek(c);
    if (is_digit(x))
        return parse_source_name(c);
    if (eat2(c, 'D', 'C'))
        return parse_binding(c);
    if (is_lower(x))
        return parse_operator_name(c);
    if (x == 'C' || x == 'D')
        return parse_ctor(c, scope);
    if (eat(c, 'L')) {
        CxxNode *name = parse_source_name(c);
        return name && parse_discriminator(c) ? name : NULL;
    }
    if (eat2(c, 'U', 'l'))
        return parse_lambda(c);
    return eat2(c, 'U', 't') ? parse_unnamed(c) : NULL;
}

/* W name, WP name, ...: the module that the next name is attached to. */
static CxxNode *parse_module(Cxx *c, CxxNode *module)
{
    while (eat(c, 'W')) {
        bool partition = eat(c, 'P');
        CxxNode *name = parse_source_name(c), *n = name ? node_number(c, CXX_MODULE_PART, module, partition) : NULL;
        if (!n || !sub_add(c, n))
            return NULL;
        n->b = name;
        module = n;
    }
    return module;
}

CxxNode *parse_unqualified(Cxx *c, CxxNode *scope, CxxNode *module)
{
    if (peek(c) == 'W' && !(module = parse_module(c, module)))
        return NULL;
    CxxNode *n = parse_plain(c, scope);
    if (n && module)
        n = node_new(c, CXX_MODULE, n, module);
    while (n && eat(c, 'B')) {
        CxxNode *tag = parse_source_name(c);
        n = tag ? node_text(c, CXX_TAGGED, n, tag->text) : NULL;
    }
    return n;
}

/* ---- names ---- */

static uint8_t parse_ref_qual(Cxx *c) { return eat(c, 'R') ? QUAL_LREF : eat(c, 'O') ? QUAL_RREF : 0; }

static CxxNode *qualify(Cxx *c, CxxNode *scope, CxxNode *n)
{
    return !n || !scope ? n : node_new(c, CXX_QUALIFIED, scope, n);
}

/* One component of a nested name after `scope`; *keep: it is no candidate for substitution. */
static CxxNode *parse_component(Cxx *c, CxxNode *scope, bool *keep)
{
    char x = peek(c), y = peek_at(c, 1);
    *keep = false;
    if (x == 'S') {
        *keep = true;
        CxxNode *n = parse_substitution(c);
        if (n && n->kind == CXX_MODULE_PART) {
            *keep = false;
            return qualify(c, scope, parse_unqualified(c, scope, n));
        }
        return scope ? NULL : n;
    }
    if (x == 'I') {
        CxxNode *args = scope ? parse_template_args(c) : NULL;
        return args ? node_new(c, CXX_TEMPLATE, scope, args) : NULL;
    }
    if (x == 'T')
        return scope ? NULL : parse_template_param(c);
    if (x == 'D' && (y == 't' || y == 'T'))
        return scope ? NULL : parse_decltype(c);
    return qualify(c, scope, parse_unqualified(c, scope, NULL));
}

CxxNode *parse_nested_rest(Cxx *c, CxxNode *start)
{
    CxxNode *n = start;
    while (!eat(c, 'E')) {
        bool keep;
        if (n && eat(c, 'M')) /* a lambda in a member's initialiser: the member is a scope */
            continue;
        n = parse_component(c, n, &keep);
        if (!n || (!keep && peek(c) != 'E' && !sub_add(c, n)))
            return NULL;
    }
    return n;
}

static CxxNode *parse_nested(Cxx *c)
{
    uint8_t quals = parse_cv(c);
    quals |= parse_ref_qual(c);
    CxxNode *n = parse_nested_rest(c, NULL);
    c->quals = quals;
    return n;
}

/* Z encoding E (s | [d number _] name) */
static CxxNode *parse_local(Cxx *c)
{
    CxxNode *function = parse_encoding(c, true), *n;
    uint64_t number = UINT64_MAX;
    c->quals = 0;
    if (!function || !eat(c, 'E'))
        return NULL;
    if (eat(c, 's'))
        return parse_discriminator(c) && (n = node_text(c, CXX_NAME, NULL, str_of("string literal")))
                   ? node_new(c, CXX_LOCAL, function, n)
                   : NULL;
    if (eat(c, 'd') && !parse_compact(c, &number))
        return NULL;
    n = parse_name(c);
    if (n && n->kind != CXX_LAMBDA && n->kind != CXX_UNNAMED && !parse_discriminator(c))
        return NULL;
    if (n && number != UINT64_MAX)
        n = node_number(c, CXX_DEFAULT_ARG, n, number);
    return n ? node_new(c, CXX_LOCAL, function, n) : NULL;
}

/* Not nested, not local: [St] unqualified, or a substitution, and template arguments. */
static CxxNode *parse_unscoped(Cxx *c)
{
    bool subst = false;
    CxxNode *n;
    if (eat2(c, 'S', 't')) {
        CxxNode *std = node_text(c, CXX_NAME, NULL, str_of("std"));
        n = qualify(c, std, parse_unqualified(c, NULL, NULL));
    } else if (peek(c) == 'S') {
        n = parse_substitution(c);
        subst = !n || n->kind != CXX_MODULE_PART;
        if (!subst)
            n = parse_unqualified(c, NULL, n);
    } else {
        n = parse_unqualified(c, NULL, NULL);
    }
    if (!n || peek(c) != 'I')
        return n;
    if (!subst && !sub_add(c, n))
        return NULL;
    CxxNode *args = parse_template_args(c);
    return args ? node_new(c, CXX_TEMPLATE, n, args) : NULL;
}

CxxNode *parse_name(Cxx *c)
{
    CxxNode *n = NULL;
    if (enter(c)) {
        c->quals = 0;
        if (eat(c, 'N'))
            n = parse_nested(c);
        else if (eat(c, 'Z'))
            n = parse_local(c);
        else
            n = parse_unscoped(c);
    }
    leave(c);
    return n;
}

/* ---- special names ---- */

static bool parse_offset(Cxx *c)
{
    uint64_t v;
    eat(c, 'n');
    return parse_digits(c, &v) && eat(c, '_');
}

static bool parse_call_offset(Cxx *c)
{
    if (eat(c, 'h'))
        return parse_offset(c);
    return eat(c, 'v') && parse_offset(c) && parse_offset(c);
}

static CxxNode *special(Cxx *c, const char *text, CxxNode *n)
{
    return n ? node_text(c, CXX_SPECIAL, n, str_of(text)) : NULL;
}

static CxxNode *parse_construction(Cxx *c)
{
    CxxNode *derived = parse_type(c), *base;
    uint64_t offset;
    if (!derived || !parse_digits(c, &offset) || !eat(c, '_') || !(base = parse_type(c)))
        return NULL;
    return node_new(c, CXX_CONSTRUCTION, base, derived);
}

/* After T. */
static CxxNode *parse_special_t(Cxx *c)
{
    char x = peek(c);
    if (x == 'h' || x == 'v')
        return !parse_call_offset(c)
                   ? NULL
                   : special(c, x == 'h' ? "non-virtual thunk to " : "virtual thunk to ", parse_encoding(c, false));
    c->p += c->p < c->end;
    switch (x) {
    case 'V': return special(c, "vtable for ", parse_type(c));
    case 'T': return special(c, "VTT for ", parse_type(c));
    case 'I': return special(c, "typeinfo for ", parse_type(c));
    case 'S': return special(c, "typeinfo name for ", parse_type(c));
    case 'F': return special(c, "typeinfo fn for ", parse_type(c));
    case 'J': return special(c, "java Class for ", parse_type(c));
    case 'H': return special(c, "TLS init function for ", parse_name(c));
    case 'W': return special(c, "TLS wrapper function for ", parse_name(c));
    case 'C': return parse_construction(c);
    case 'c':
        for (int offsets = 0; offsets < 2; offsets++) /* of this, of what is returned */
            if (!parse_call_offset(c))
                return NULL;
        return special(c, "covariant return thunk to ", parse_encoding(c, false));
    case 'A': return special(c, "template parameter object for ", parse_template_arg(c));
    default: return NULL;
    }
}

static CxxNode *parse_reftemp(Cxx *c)
{
    CxxNode *name = parse_name(c);
    uint64_t number = 0;
    if (!name || (is_digit(peek(c)) && !parse_digits(c, &number)))
        return NULL;
    return node_number(c, CXX_REFTEMP, name, number);
}

/* After G. */
static CxxNode *parse_special_g(Cxx *c)
{
    if (eat(c, 'V'))
        return special(c, "guard variable for ", parse_name(c));
    if (eat(c, 'R'))
        return parse_reftemp(c);
    if (eat(c, 'A'))
        return special(c, "hidden alias for ", parse_encoding(c, false));
    if (eat2(c, 'T', 'n'))
        return special(c, "non-transaction clone for ", parse_encoding(c, false));
    if (eat2(c, 'T', 't'))
        return special(c, "transaction clone for ", parse_encoding(c, false));
    if (eat(c, 'I'))
        return special(c, "initializer for module ", parse_module(c, NULL));
    return NULL;
}

/* ---- encodings ---- */

static bool is_nameless_return(const CxxNode *n)
{
    while (n->kind == CXX_QUALIFIED || n->kind == CXX_LOCAL || n->kind == CXX_TAGGED || n->kind == CXX_MODULE)
        n = n->kind == CXX_TAGGED || n->kind == CXX_MODULE ? n->a : n->b;
    return n->kind == CXX_CTOR || n->kind == CXX_DTOR || n->kind == CXX_CONVERSION;
}

const CxxNode *cxx_name_template(const CxxNode *n)
{
    while (n->kind == CXX_LOCAL || n->kind == CXX_DEFAULT_ARG)
        n = n->kind == CXX_LOCAL ? n->b : n->a;
    return n->kind == CXX_TEMPLATE ? n : NULL;
}

/* The rest of an encoding after its name: nothing for data, else [return type] parameters. */
static CxxNode *parse_signature(Cxx *c, CxxNode *name, const CxxNode *template, bool local)
{
    uint8_t quals = c->quals;
    char x = peek(c);
    if (x == 0 || x == 'E')
        return quals ? node_number(c, CXX_THIS_QUALS, name, quals) : name;
    bool returns = eat(c, 'J') || (template && !is_nameless_return(template->a)), ok = true;
    CxxNode *type = returns ? parse_type(c) : NULL;
    if (returns && !type)
        return NULL;
    CxxNode *args = parse_types(c, &ok), *f = ok ? node_number(c, CXX_FUNCTION, local ? NULL : type, quals) : NULL;
    if (!f)
        return NULL;
    f->b = args;
    return node_new(c, CXX_TYPED, name, f);
}

static CxxNode *parse_function(Cxx *c, bool local)
{
    CxxNode *name = parse_name(c);
    return name ? parse_signature(c, name, cxx_name_template(name), local) : NULL;
}

CxxNode *parse_encoding(Cxx *c, bool local)
{
    CxxNode *n = NULL;
    bool saved = c->in_conversion;
    c->in_conversion = false;
    if (enter(c)) {
        if (eat(c, 'T'))
            n = parse_special_t(c);
        else if (eat(c, 'G'))
            n = parse_special_g(c);
        else
            n = parse_function(c, local);
    }
    leave(c);
    c->in_conversion = saved;
    return n;
}

/* ".cold", ".part.0", ".constprop.0.isra.1": each is a clone of what is before it. */
static CxxNode *parse_clone(Cxx *c, CxxNode *n)
{
    const char *from = c->p++;
    while (is_lower(peek(c)) || peek(c) == '_' || is_digit(peek(c)))
        c->p++;
    while (peek(c) == '.' && is_digit(peek_at(c, 1)))
        for (c->p++; is_digit(peek(c));)
            c->p++;
    return node_text(c, CXX_CLONE, n, (Str){from, (size_t)(c->p - from)});
}

CxxNode *cxx_parse(Str name, Arena *arena)
{
    Cxx c = {.p = name.p, .end = name.p + name.n, .arena = arena};
    if (!eat2(&c, '_', 'Z'))
        return NULL;
    CxxNode *n = parse_encoding(&c, false);
    while (n && peek(&c) == '.' && (is_lower(peek_at(&c, 1)) || peek_at(&c, 1) == '_' || is_digit(peek_at(&c, 1))))
        n = parse_clone(&c, n);
    return c.p == c.end ? n : NULL;
}
