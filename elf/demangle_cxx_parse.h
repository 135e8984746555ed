/* elf/demangle_cxx_parse.h - the parser's state, shared by its files. Every parse function gives NULL when it failed;
 * c->p is then anywhere. */
#ifndef LVSCAN_ELF_DEMANGLE_CXX_PARSE_H
#define LVSCAN_ELF_DEMANGLE_CXX_PARSE_H

#include "elf/demangle_cxx.h"

typedef struct Cxx {
    const char *p, *end; /* no byte is 0 */
    Arena *arena;
    CxxNode **subs; /* S_, S0_, ... */
    size_t sub_count, sub_cap;
    CxxNode *last_name; /* the last source name outside of template arguments */
    uint32_t depth, steps;
    uint8_t quals;      /* of the last nested name: N [KVr] [RO] */
    bool in_conversion; /* in the type of a conversion operator: an I after T_ belongs to the operator */
} Cxx;

CxxNode *node_new(Cxx *c, CxxKind kind, CxxNode *a, CxxNode *b);
CxxNode *node_text(Cxx *c, CxxKind kind, CxxNode *a, Str text);
CxxNode *node_number(Cxx *c, CxxKind kind, CxxNode *a, uint64_t number);

static inline char peek(const Cxx *c) { return c->p < c->end ? *c->p : 0; }
static inline char peek_at(const Cxx *c, size_t i) { return (size_t)(c->end - c->p) > i ? c->p[i] : 0; }
bool eat(Cxx *c, char x); /* x is not 0 */
bool eat2(Cxx *c, char x, char y);
static inline bool is_digit(char x) { return x >= '0' && x <= '9'; }
static inline bool is_lower(char x) { return x >= 'a' && x <= 'z'; }

/* Counts recursion; leave() after each enter(), also after a refused one. */
static inline bool enter(Cxx *c) { return ++c->depth <= DEMANGLE_DEPTH_MAX && ++c->steps <= DEMANGLE_PARSE_MAX; }
static inline void leave(Cxx *c) { c->depth--; }

bool parse_digits(Cxx *c, uint64_t *out);  /* at least one */
bool parse_compact(Cxx *c, uint64_t *out); /* "_" is 0, "N_" is N+1 */
bool parse_discriminator(Cxx *c);

/* names (demangle_cxx.c) */
CxxNode *parse_encoding(Cxx *c, bool local);
CxxNode *parse_name(Cxx *c);
CxxNode *parse_unqualified(Cxx *c, CxxNode *scope, CxxNode *module);
CxxNode *parse_source_name(Cxx *c);
CxxNode *parse_operator_name(Cxx *c);
CxxNode *parse_nested_rest(Cxx *c, CxxNode *start); /* the components up to E */

/* substitutions and template parameters (demangle_cxx_sub.c) */
bool sub_add(Cxx *c, CxxNode *n);
CxxNode *parse_substitution(Cxx *c); /* not St followed by a name */
CxxNode *parse_template_param(Cxx *c);
CxxNode *parse_template_args(Cxx *c);
CxxNode *parse_template_arg(Cxx *c);
CxxNode *cxx_base_name(CxxNode *n); /* A of "x::A<int>" */

/* types (demangle_cxx_type.c) */
CxxNode *parse_type(Cxx *c);
CxxNode *parse_types(Cxx *c, bool *ok); /* a function's parameters; NULL with *ok: none */
CxxNode *parse_function_type(Cxx *c);
CxxNode *parse_decltype(Cxx *c);
uint8_t parse_cv(Cxx *c);
CxxNode *parse_lambda_head(Cxx *c, bool *ok);

/* expressions (demangle_cxx_expr.c) */
CxxNode *parse_expression(Cxx *c);
CxxNode *parse_literal(Cxx *c);
CxxNode *parse_expressions(Cxx *c, char end, bool *ok);

#endif
