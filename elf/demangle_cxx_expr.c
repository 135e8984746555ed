/* elf/demangle_cxx_expr.c - parses expressions and literals (ABI 5.1.6). */
#include "elf/demangle_cxx_parse.h"

#include <string.h>

static CxxNode *op_node(Cxx *c, CxxKind kind, const CxxOp *op, CxxNode *x, CxxNode *y)
{
    CxxNode *n = node_new(c, kind, x, y);
    if (n)
        n->op = op;
    return n;
}

/* ---- literals ---- */

/* L type value E, L_Z encoding E, LDnE */
CxxNode *parse_literal(Cxx *c)
{
    CxxNode *n;
    if (!eat(c, 'L'))
        return NULL;
    if (eat2(c, '_', 'Z') || eat(c, 'Z')) {
        n = parse_encoding(c, false);
        return n && eat(c, 'E') ? n : NULL;
    }
    CxxNode *type = parse_type(c);
    if (!type)
        return NULL;
    if (type->kind == CXX_BUILTIN && type->text.n == 17 && eat(c, 'E')) /* decltype(nullptr) */
        return type;
    bool negative = eat(c, 'n');
    const char *from = c->p;
    while (c->p < c->end && *c->p != 'E')
        c->p++;
    n = node_text(c, CXX_LITERAL, type, (Str){from, (size_t)(c->p - from)});
    if (!n || (c->p == from && type->kind == CXX_BUILTIN) || !eat(c, 'E'))
        return NULL;
    n->number = negative;
    return n;
}

/* ---- lists ---- */

CxxNode *parse_expressions(Cxx *c, char end, bool *ok)
{
    CxxNode *first = NULL, **slot = &first;
    *ok = false;
    while (!eat(c, end)) {
        CxxNode *e = parse_expression(c);
        if (!e || !(*slot = node_new(c, CXX_ARGS, e, NULL)))
            return NULL;
        slot = &(*slot)->b;
    }
    *ok = true;
    return first ? first : node_new(c, CXX_ARGS, NULL, NULL);
}

/* ---- names ---- */

static CxxNode *with_args(Cxx *c, CxxNode *n)
{
    if (!n || peek(c) != 'I')
        return n;
    CxxNode *args = parse_template_args(c);
    return args ? node_new(c, CXX_TEMPLATE, n, args) : NULL;
}

/* on operator, dn destructor, or a name. */
static CxxNode *parse_base_name(Cxx *c)
{
    if (eat2(c, 'o', 'n'))
        return parse_operator_name(c);
    if (eat2(c, 'd', 'n')) {
        CxxNode *n = is_digit(peek(c)) ? with_args(c, parse_source_name(c)) : parse_type(c);
        return n ? node_new(c, CXX_DTOR, n, NULL) : NULL;
    }
    return parse_unqualified(c, NULL, NULL);
}

/* "levels E name" (clang); NULL when it is not of that form. */
static CxxNode *parse_levels(Cxx *c, CxxNode *scope)
{
    while (scope && !eat(c, 'E')) {
        CxxNode *level = is_digit(peek(c)) ? parse_source_name(c) : NULL;
        scope = level ? with_args(c, node_new(c, CXX_QUALIFIED, scope, level)) : NULL;
    }
    CxxNode *name = scope ? parse_base_name(c) : NULL;
    return name ? node_new(c, CXX_QUALIFIED, scope, name) : NULL;
}

static void go_back(Cxx *c, Cxx saved)
{
    saved.steps = c->steps;
    saved.subs = c->subs;
    saved.sub_cap = c->sub_cap;
    *c = saved;
}

/* sr type name, srN type levels E name, sr levels E name; then template arguments. What follows tells the first from the
 * others, which can start as it does. */
static CxxNode *parse_scoped(Cxx *c)
{
    Cxx saved = *c;
    CxxNode *n = NULL, *scope;
    if (is_digit(peek(c))) {
        n = parse_levels(c, with_args(c, parse_source_name(c)));
        if (!n)
            go_back(c, saved);
    }
    if (!n) {
        scope = parse_type(c);
        CxxNode *name = scope ? parse_base_name(c) : NULL;
        n = name ? node_new(c, CXX_QUALIFIED, scope, name) : NULL;
    }
    if (!n && peek(&saved) == 'N') {
        go_back(c, saved);
        c->p++;
        n = parse_levels(c, parse_type(c));
    }
    return with_args(c, n);
}

/* fp quals [number] _, fL level p quals [number] _, fpT */
static CxxNode *parse_function_param(Cxx *c)
{
    uint64_t number;
    if (eat2(c, 'f', 'L')) {
        if (!parse_digits(c, &number) || !eat(c, 'p'))
            return NULL;
    } else {
        c->p += 2;
        if (eat(c, 'T'))
            return node_number(c, CXX_FPARAM, NULL, 0);
    }
    parse_cv(c);
    return parse_compact(c, &number) ? node_number(c, CXX_FPARAM, NULL, number + 1) : NULL;
}

/* ---- operators ---- */

static CxxNode *parse_cast(Cxx *c)
{
    c->p += 2;
    bool saved = c->in_conversion, ok = true;
    c->in_conversion = false;
    CxxNode *type = parse_type(c), *operand;
    c->in_conversion = saved;
    if (!type)
        return NULL;
    bool list = eat(c, '_');
    operand = list ? parse_expressions(c, 'E', &ok) : parse_expression(c);
    CxxNode *n = operand ? node_new(c, CXX_CAST, type, operand) : NULL;
    if (n)
        n->number = list;
    return n;
}

/* nw placement _ type (E | pi arguments E | il ... E) */
static CxxNode *parse_new(Cxx *c, const CxxOp *op)
{
    bool ok;
    CxxNode *placement = parse_expressions(c, '_', &ok), *type = ok ? parse_type(c) : NULL;
    CxxNode *n = type ? op_node(c, CXX_NEW, op, placement, type) : NULL;
    if (!n || eat(c, 'E'))
        return n;
    if (eat2(c, 'p', 'i'))
        n->c = parse_expressions(c, 'E', &ok);
    else
        n->c = peek(c) == 'i' && peek_at(c, 1) == 'l' ? parse_expression(c) : NULL;
    return n->c ? n : NULL;
}

/* fl, fr: one operand; fL, fR: two. */
static CxxNode *parse_fold(Cxx *c)
{
    Str kind = {c->p + 1, 1};
    bool binary = c->p[1] == 'L' || c->p[1] == 'R';
    const CxxOp *op = cxx_op(peek_at(c, 2), peek_at(c, 3));
    c->p += 2;
    if (!op)
        return NULL;
    c->p += 2;
    CxxNode *x = parse_expression(c), *y = x && binary ? parse_expression(c) : NULL;
    CxxNode *n = x && (!binary || y) ? op_node(c, CXX_FOLD, op, x, y) : NULL;
    if (n)
        n->text = kind;
    return n;
}

static CxxNode *parse_init_list(Cxx *c)
{
    bool typed = c->p[0] == 't', ok;
    c->p += 2;
    CxxNode *type = typed ? parse_type(c) : NULL;
    CxxNode *list = typed && !type ? NULL : parse_expressions(c, 'E', &ok);
    return list ? node_new(c, CXX_INIT, type, list) : NULL;
}

static bool op_is(const CxxOp *op, const char *codes)
{
    for (; *codes; codes += 2)
        if (op->code[0] == codes[0] && op->code[1] == codes[1])
            return true;
    return false;
}

static CxxNode *parse_unary(Cxx *c, const CxxOp *op)
{
    bool ok = true;
    CxxNode *operand;
    bool postfix = op_is(op, "ppmm") && !eat(c, '_');
    if (op_is(op, "sP")) {
        CxxNode *args = node_new(c, CXX_TARGS, NULL, NULL), **slot = &args;
        while (args && ok && !eat(c, 'E')) {
            if (!*slot)
                *slot = node_new(c, CXX_TARGS, NULL, NULL);
            ok = *slot && ((*slot)->a = parse_template_arg(c));
            slot = ok ? &(*slot)->b : slot;
        }
        operand = ok ? args : NULL;
    } else {
        operand = op_is(op, "stti") || op_is(op, "at") ? parse_type(c) : parse_expression(c);
    }
    return operand ? op_node(c, postfix ? CXX_POSTFIX : CXX_UNARY, op, operand, NULL) : NULL;
}

static CxxNode *parse_binary(Cxx *c, const CxxOp *op)
{
    bool ok = true;
    bool cast = op_is(op, "ccdcrcsc");
    CxxNode *x = NULL, *y;
    if (op_is(op, "di"))
        x = parse_source_name(c);
    else
        x = cast ? parse_type(c) : parse_expression(c);
    if (!x)
        return NULL;
    if (op_is(op, "cl"))
        y = parse_expressions(c, 'E', &ok);
    else if (op_is(op, "dtpt"))
        y = peek(c) == 'g' || (peek(c) == 's' && peek_at(c, 1) == 'r') ? parse_expression(c)
                                                                       : with_args(c, parse_base_name(c));
    else
        y = parse_expression(c);
    return y ? op_node(c, CXX_BINARY, op, x, y) : NULL;
}

static CxxNode *parse_trinary(Cxx *c, const CxxOp *op)
{
    CxxNode *x = parse_expression(c), *y = x ? parse_expression(c) : NULL, *z = y ? parse_expression(c) : NULL;
    CxxNode *n = z ? op_node(c, CXX_TRINARY, op, x, y) : NULL;
    if (n)
        n->c = z;
    return n;
}

static CxxNode *parse_operation(Cxx *c)
{
    const CxxOp *op = cxx_op(peek(c), peek_at(c, 1));
    if (!op || op_is(op, "li"))
        return NULL;
    c->p += 2;
    if (op_is(op, "gs")) {
        CxxNode *n = parse_expression(c);
        return n ? node_new(c, CXX_GLOBAL, n, NULL) : NULL;
    }
    if (op_is(op, "nwna"))
        return parse_new(c, op);
    switch (op->args) {
    case 0: return op_node(c, CXX_NULLARY, op, NULL, NULL);
    case 1: return parse_unary(c, op);
    case 2: return parse_binary(c, op);
    default: return parse_trinary(c, op);
    }
}

static CxxNode *parse_vendor_call(Cxx *c)
{
    c->p++;
    CxxNode *name = parse_source_name(c), *args = NULL, **slot = &args;
    while (name && !eat(c, 'E')) {
        CxxNode *arg = parse_template_arg(c);
        if (!arg || !(*slot = node_new(c, CXX_ARGS, arg, NULL)))
            return NULL;
        slot = &(*slot)->b;
    }
    return name ? node_text(c, CXX_VENDOR_CALL, args, name->text) : NULL;
}

static CxxNode *parse_any_expression(Cxx *c)
{
    char x = peek(c), y = peek_at(c, 1);
    if (x == 'L')
        return parse_literal(c);
    if (x == 'T')
        return parse_template_param(c);
    if (eat2(c, 's', 'r'))
        return parse_scoped(c);
    if (eat2(c, 's', 'p')) {
        CxxNode *n = parse_expression(c);
        return n ? node_new(c, CXX_EXPANSION, n, NULL) : NULL;
    }
    if (x == 'f' && (y == 'p' || (y == 'L' && is_digit(peek_at(c, 2)))))
        return parse_function_param(c);
    if (x == 'f' && (y == 'l' || y == 'r' || y == 'L' || y == 'R'))
        return parse_fold(c);
    if (is_digit(x) || (x == 'o' && y == 'n') || (x == 'd' && y == 'n'))
        return with_args(c, parse_base_name(c));
    if ((x == 't' || x == 'i') && y == 'l')
        return parse_init_list(c);
    if (x == 'c' && y == 'v')
        return parse_cast(c);
    return x == 'u' ? parse_vendor_call(c) : parse_operation(c);
}

CxxNode *parse_expression(Cxx *c)
{
    CxxNode *n = enter(c) ? parse_any_expression(c) : NULL;
    leave(c);
    return n;
}
