/* elf/demangle_cxx_print_expr.c - prints expressions, literals and pack expansions in the form of c++filt. */
#include "elf/demangle_cxx_print.h"

#include <string.h>

/* An operand: in parentheses unless it is a name. */
static void print_operand(Printer *p, const CxxNode *n)
{
    bool simple = n->kind == CXX_NAME || n->kind == CXX_QUALIFIED || n->kind == CXX_INIT || n->kind == CXX_FPARAM;
    if (!simple)
        out_char(p->o, '(');
    print_node(p, n);
    if (!simple)
        out_char(p->o, ')');
}

/* ---- packs ---- */

/* The pack that the pattern goes through; NULL: none. */
static const CxxNode *find_pack(Printer *p, const CxxNode *n)
{
    const CxxNode *found = NULL;
    if (!n)
        return NULL;
    if (print_enter(p)) {
        switch (n->kind) {
        case CXX_PARAM:
            found = param_argument(p->scope, n);
            if (found && found->kind != CXX_TARGS)
                found = NULL;
            break;
        case CXX_EXPANSION:
        case CXX_LAMBDA:
        case CXX_UNNAMED:
        case CXX_DEFAULT_ARG:
        case CXX_TAGGED:
        case CXX_MODULE: break;
        default:
            if (!(found = find_pack(p, n->a)) && !(found = find_pack(p, n->b)))
                found = find_pack(p, n->c);
        }
    }
    print_leave(p);
    return found;
}

static uint64_t pack_size(const CxxNode *pack)
{
    uint64_t n = 0;
    for (; pack && pack->a; pack = pack->b)
        n++;
    return n;
}

static void print_expansion(Printer *p, const CxxNode *n)
{
    const CxxNode *pack = p->lambda ? NULL : find_pack(p, n->a);
    if (!pack) {
        print_operand(p, n->a);
        out_z(p->o, "...");
        return;
    }
    uint64_t count = pack_size(pack), saved = p->pack_index;
    for (uint64_t i = 0; i < count && !p->o->failed; i++) {
        if (i > 0)
            out_z(p->o, ", ");
        p->pack_index = i;
        print_node(p, n->a);
    }
    p->pack_index = saved;
}

/* ---- literals ---- */

static void print_literal(Printer *p, const CxxNode *n)
{
    static const char *const suffixes[] = {
        [LIT_INT] = "", [LIT_U] = "u", [LIT_L] = "l", [LIT_UL] = "ul", [LIT_LL] = "ll", [LIT_ULL] = "ull"};
    uint64_t kind = n->a->kind == CXX_BUILTIN ? n->a->number : LIT_CAST;
    if (kind >= LIT_INT && kind <= LIT_ULL) {
        out_z(p->o, n->number ? "-" : "");
        out_str(p->o, n->text);
        out_z(p->o, suffixes[kind]);
        return;
    }
    if (kind == LIT_BOOL && !n->number && n->text.n == 1 && (n->text.p[0] == '0' || n->text.p[0] == '1')) {
        out_z(p->o, n->text.p[0] == '0' ? "false" : "true");
        return;
    }
    out_char(p->o, '(');
    print_node(p, n->a);
    out_z(p->o, n->number ? ")-" : ")");
    if (kind == LIT_FLOAT)
        out_char(p->o, '[');
    out_str(p->o, n->text);
    if (kind == LIT_FLOAT)
        out_char(p->o, ']');
}

/* ---- operators ---- */

static bool op_is(const CxxNode *n, const char *code) { return n->op && strcmp(n->op->code, code) == 0; }

static void print_parens(Printer *p, const CxxNode *n)
{
    out_char(p->o, '(');
    if (n)
        print_node(p, n);
    out_char(p->o, ')');
}

static void print_unary(Printer *p, const CxxNode *n)
{
    const CxxNode *operand = n->a;
    if (op_is(n, "sZ")) {
        const CxxNode *pack = find_pack(p, operand);
        out_number(p->o, pack_size(pack));
        return;
    }
    if (op_is(n, "sP")) {
        uint64_t count = 0;
        for (const CxxNode *t = operand; t && t->a; t = t->b) {
            const CxxNode *pack = t->a->kind == CXX_EXPANSION ? find_pack(p, t->a->a) : NULL;
            count += pack ? pack_size(pack) : 1;
        }
        out_number(p->o, count);
        return;
    }
    if (op_is(n, "ad") && operand->kind == CXX_TYPED && operand->a->kind == CXX_QUALIFIED && operand->b->number == 0)
        operand = operand->a; /* no argument list for the address of a member */
    out_z(p->o, n->op->name);
    if (op_is(n, "st") || op_is(n, "nx"))
        print_parens(p, operand);
    else
        print_operand(p, operand);
}

static void print_new_style_cast(Printer *p, const CxxNode *n)
{
    out_z(p->o, n->op->name);
    out_char(p->o, '<');
    print_node(p, n->a);
    out_z(p->o, ">(");
    print_node(p, n->b);
    out_char(p->o, ')');
}

static void print_infix(Printer *p, const CxxNode *n)
{
    if (op_is(n, "cl") && n->a->kind == CXX_TYPED)
        print_operand(p, n->a->a); /* no parameter types in a call */
    else
        print_operand(p, n->a);
    if (op_is(n, "ix")) {
        out_char(p->o, '[');
        print_node(p, n->b);
        out_char(p->o, ']');
        return;
    }
    if (!op_is(n, "cl"))
        out_z(p->o, n->op->name);
    print_operand(p, n->b);
}

/* .name=value, [index]=value, [first ... last]=value */
static bool print_designated(Printer *p, const CxxNode *n)
{
    bool name = op_is(n, "di"), index = op_is(n, "dx"), range = op_is(n, "dX");
    if (!name && !index && !range)
        return false;
    const CxxNode *value = range ? n->c : n->b;
    out_char(p->o, name ? '.' : '[');
    print_node(p, n->a);
    if (range) {
        out_z(p->o, " ... ");
        print_node(p, n->b);
    }
    out_z(p->o, name ? "" : "]");
    bool nested = value->kind == CXX_BINARY && (op_is(value, "di") || op_is(value, "dx"));
    if (nested) {
        print_node(p, value);
    } else {
        out_char(p->o, '=');
        print_operand(p, value);
    }
    return true;
}

static void print_binary(Printer *p, const CxxNode *n)
{
    bool greater = op_is(n, "gt");
    if (print_designated(p, n))
        return;
    if (op_is(n, "sc") || op_is(n, "dc") || op_is(n, "cc") || op_is(n, "rc")) {
        print_new_style_cast(p, n);
        return;
    }
    if (greater)
        out_char(p->o, '(');
    print_infix(p, n);
    if (greater)
        out_char(p->o, ')');
}

static void print_trinary(Printer *p, const CxxNode *n)
{
    if (print_designated(p, n))
        return;
    print_operand(p, n->a);
    out_z(p->o, n->op->name);
    print_operand(p, n->b);
    out_z(p->o, " : ");
    print_operand(p, n->c);
}

static void print_new(Printer *p, const CxxNode *n)
{
    out_z(p->o, n->op->name);
    out_char(p->o, ' ');
    if (n->a->a) {
        print_parens(p, n->a);
        out_char(p->o, ' ');
    }
    print_node(p, n->b);
    if (n->c)
        print_operand(p, n->c);
}

/* (...+x), (x+...), (x+...+y) */
static void print_fold(Printer *p, const CxxNode *n)
{
    char kind = n->text.p[0];
    uint64_t saved = p->pack_index;
    p->pack_index = PACK_WHOLE;
    out_char(p->o, '(');
    if (kind != 'l')
        print_operand(p, n->a);
    if (kind != 'l')
        out_z(p->o, n->op->name);
    out_z(p->o, "...");
    if (kind != 'r') {
        out_z(p->o, n->op->name);
        print_operand(p, kind == 'l' ? n->a : n->b);
    }
    out_char(p->o, ')');
    p->pack_index = saved;
}

static void print_fparam(Printer *p, const CxxNode *n)
{
    if (n->number == 0) {
        out_z(p->o, "this");
        return;
    }
    out_z(p->o, "{parm#");
    out_number(p->o, n->number);
    out_char(p->o, '}');
}

static void print_cast(Printer *p, const CxxNode *n)
{
    print_parens(p, n->a);
    print_operand(p, n->b);
}

void print_expression(Printer *p, const CxxNode *n)
{
    switch (n->kind) {
    case CXX_LITERAL: print_literal(p, n); break;
    case CXX_NUMBER: out_number(p->o, n->number); break;
    case CXX_FPARAM: print_fparam(p, n); break;
    case CXX_DECLTYPE:
        out_z(p->o, "decltype ");
        print_parens(p, n->a);
        break;
    case CXX_BITINT:
        out_z(p->o, n->number ? "unsigned _BitInt" : "_BitInt");
        print_parens(p, n->a);
        break;
    case CXX_EXPANSION: print_expansion(p, n); break;
    case CXX_ARGS:
    case CXX_TARGS: print_list(p, n); break;
    case CXX_NULLARY: out_z(p->o, n->op->name); break;
    case CXX_UNARY: print_unary(p, n); break;
    case CXX_POSTFIX:
        print_operand(p, n->a);
        out_z(p->o, n->op->name);
        break;
    case CXX_BINARY: print_binary(p, n); break;
    case CXX_TRINARY: print_trinary(p, n); break;
    case CXX_CAST: print_cast(p, n); break;
    case CXX_INIT:
        if (n->a)
            print_node(p, n->a);
        out_char(p->o, '{');
        print_list(p, n->b);
        out_char(p->o, '}');
        break;
    case CXX_FOLD: print_fold(p, n); break;
    case CXX_GLOBAL:
        out_z(p->o, "::");
        print_node(p, n->a);
        break;
    case CXX_NEW: print_new(p, n); break;
    case CXX_VENDOR_CALL:
        out_str(p->o, n->text);
        print_parens(p, n->a);
        break;
    default: print_fail(p);
    }
}
