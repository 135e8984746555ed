/* elf/demangle_cxx_sub.c - substitutions (ABI 5.1.10), template parameters and arguments. */
#include "elf/demangle_cxx_parse.h"

#include <string.h>

bool sub_add(Cxx *c, CxxNode *n)
{
    if (!n || !arena_grow(c->arena, (void **)&c->subs, c->sub_count, &c->sub_cap, sizeof(CxxNode *)))
        return false;
    c->subs[c->sub_count++] = n;
    return true;
}

/* ---- Sa, Sb, Ss, Si, So, Sd ---- */

static CxxNode *std_name(Cxx *c, const char *name, CxxNode *args)
{
    CxxNode *std = node_text(c, CXX_NAME, NULL, str_of("std")), *n = node_text(c, CXX_NAME, NULL, str_of(name));
    if (n && args)
        n = node_new(c, CXX_TEMPLATE, n, args);
    return std && n ? node_new(c, CXX_QUALIFIED, std, n) : NULL;
}

static CxxNode *arg(Cxx *c, const char *text, CxxNode *rest)
{
    CxxNode *n = node_text(c, CXX_NAME, NULL, str_of(text));
    return n ? node_new(c, CXX_TARGS, n, rest) : NULL;
}

static CxxNode *std_stream(Cxx *c, const char *name)
{
    return std_name(c, name, arg(c, "char", arg(c, "std::char_traits<char>", NULL)));
}

static CxxNode *standard(Cxx *c, char x)
{
    switch (x) {
    case 't': return node_text(c, CXX_NAME, NULL, str_of("std"));
    case 'a': return std_name(c, "allocator", NULL);
    case 'b': return std_name(c, "basic_string", NULL);
    case 's':
        return std_name(c, "basic_string",
                        arg(c, "char", arg(c, "std::char_traits<char>", arg(c, "std::allocator<char>", NULL))));
    case 'i': return std_stream(c, "basic_istream");
    case 'o': return std_stream(c, "basic_ostream");
    case 'd': return std_stream(c, "basic_iostream");
    default: return NULL;
    }
}

/* Base 36, then "_". */
static bool parse_sequence(Cxx *c, uint64_t *out)
{
    *out = 0;
    if (eat(c, '_'))
        return true;
    for (; *out < UINT32_MAX; c->p++) {
        char x = peek(c);
        if (!is_digit(x) && !(x >= 'A' && x <= 'Z'))
            break;
        *out = *out * 36 + (uint64_t)(is_digit(x) ? x - '0' : x - 'A' + 10);
    }
    ++*out;
    return eat(c, '_');
}

CxxNode *parse_substitution(Cxx *c)
{
    if (!eat(c, 'S'))
        return NULL;
    if (is_lower(peek(c))) {
        CxxNode *n = standard(c, *c->p++);
        while (n && eat(c, 'B')) {
            CxxNode *tag = parse_source_name(c);
            n = tag ? node_text(c, CXX_TAGGED, n, tag->text) : NULL;
        }
        return n;
    }
    uint64_t i;
    return parse_sequence(c, &i) && i < c->sub_count ? c->subs[i] : NULL;
}

CxxNode *cxx_base_name(CxxNode *n)
{
    for (;;) {
        switch (n->kind) {
        case CXX_QUALIFIED:
        case CXX_LOCAL: n = n->b; break;
        case CXX_TEMPLATE:
        case CXX_TAGGED:
        case CXX_MODULE:
        case CXX_DEFAULT_ARG: n = n->a; break;
        default: return n;
        }
    }
}

/* ---- template parameters ---- */

CxxNode *parse_template_param(Cxx *c)
{
    uint64_t i;
    return eat(c, 'T') && parse_compact(c, &i) ? node_number(c, CXX_PARAM, NULL, i) : NULL;
}

/* ---- template arguments ---- */

CxxNode *parse_template_arg(Cxx *c)
{
    char x = peek(c);
    if (x == 'I' || x == 'J')
        return parse_template_args(c);
    if (x == 'L')
        return parse_literal(c);
    if (eat(c, 'X')) {
        CxxNode *n = parse_expression(c);
        return n && eat(c, 'E') ? n : NULL;
    }
    return parse_type(c);
}

static CxxNode *parse_arg_list(Cxx *c)
{
    CxxNode *first = node_new(c, CXX_TARGS, NULL, NULL), *last = NULL;
    if (!first || eat(c, 'E'))
        return first;
    do {
        CxxNode *one = last ? node_new(c, CXX_TARGS, NULL, NULL) : first;
        if (!one || !(one->a = parse_template_arg(c)))
            return NULL;
        if (last)
            last->b = one;
        last = one;
    } while (!eat(c, 'E'));
    return first;
}

CxxNode *parse_template_args(Cxx *c)
{
    CxxNode *n = NULL, *last_name = c->last_name;
    bool saved = c->in_conversion;
    uint8_t quals = c->quals; /* of the name before, not of one in the arguments */
    c->in_conversion = false;
    if (enter(c) && (eat(c, 'I') || eat(c, 'J')))
        n = parse_arg_list(c);
    leave(c);
    c->in_conversion = saved;
    c->quals = quals;
    c->last_name = last_name;
    return n;
}
