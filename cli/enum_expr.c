/* cli/enum_expr.c - evaluates constant expressions while reading them: precedence climbing over p->tok.
 *
 * `dead` counts the operands that are not evaluated (of &&, || and ?:): there only syntax is checked. Values that depend
 * on an open condition are not known, and so is what is computed from them, unless it is the same anyhow. */
#include "cli/enum_expr.h"

#include <string.h>

enum { EXPR_DEPTH_MAX = 200 };

typedef struct Reader {
    Pp *p;
    ConstantLookup *lookup;
    void *context;
    Fault *fault;
    uint32_t depth, dead;
    bool condition; /* of #if */
} Reader;

static bool read_ternary(Reader *r, Val *out);
static bool read_unary(Reader *r, Val *out);

static bool fail(Reader *r, const char *what, const Token *at)
{
    fault_set(r->fault, what, at);
    return false;
}

/* A fault of the value, which does not matter in an operand that is not evaluated. */
static bool fail_value(Reader *r, Val *out, const char *what, const Token *at)
{
    out->known = false;
    return r->dead > 0 || fail(r, what, at);
}

static bool expect(Reader *r, uint16_t op, const char *what)
{
    if (!token_is(r->p->tok, op))
        return fail(r, what, &r->p->tok);
    pp_advance(r->p);
    return true;
}

/* ---- types ---- */

static bool fits64(Val v, uint8_t bits, bool uns)
{
    if (uns)
        return (v.uns || (int64_t)v.v >= 0) && (bits == 64 || v.v >> bits == 0);
    if (bits == 64)
        return !v.uns || v.v <= INT64_MAX;
    int64_t max = (int64_t)((1ull << (bits - 1)) - 1);
    if (v.uns)
        return v.v <= (uint64_t)max;
    return (int64_t)v.v <= max && (int64_t)v.v >= -max - 1;
}

bool val_fits(Val v, IntType t) { return fits64(v, t.bits, t.uns); }

Val val_shrink(Val v)
{
    bool narrow = fits64(v, 32, false) || fits64(v, 32, true);
    bool uns = narrow ? !fits64(v, 32, false) : !fits64(v, 64, false);
    return (Val){.v = v.v, .uns = uns, .wide = !narrow, .known = v.known};
}

static Val val_int(uint64_t v, bool known) { return (Val){.v = v, .known = known}; }

/* v's bits as a value of its own type. */
static Val wrap(Val v)
{
    if (!v.wide)
        v.v = v.uns ? (uint32_t)v.v : (uint64_t)(int64_t)(int32_t)(uint32_t)v.v;
    return v;
}

static Val convert(Val v, IntType t)
{
    Val to = {.known = v.known, .wide = t.bits == 64, .uns = t.uns && t.bits >= 32};
    if (t.bits == 64)
        to.v = v.v;
    else if (t.bits == 1)
        to.v = v.v != 0;
    else if (t.uns)
        to.v = v.v & ((1ull << t.bits) - 1);
    else
        to.v = (uint64_t)((int64_t)(v.v << (64 - t.bits)) >> (64 - t.bits));
    return to;
}

/* The usual arithmetic conversions (C11 6.3.1.8). */
static void balance(Val *a, Val *b)
{
    bool wide = a->wide || b->wide;
    bool uns = a->wide == b->wide ? a->uns || b->uns : a->wide ? a->uns : b->uns;
    a->wide = b->wide = wide;
    a->uns = b->uns = uns;
    *a = wrap(*a);
    *b = wrap(*b);
}

/* A type in a cast, from the current token on. */
static bool read_type(Reader *r, IntType *out)
{
    TypeWords w = {0};
    Token at = r->p->tok;
    while (r->p->tok.kind == TOK_NAME || token_is(r->p->tok, OP2(':', ':'))) {
        Token t = r->p->tok;
        if (!token_named(&t, "std") && !token_is(t, OP2(':', ':')) && !type_word(&w, &t))
            return fail(r, "%s is no integer type that is known here", &t);
        pp_advance(r->p);
    }
    *out = type_of_words(&w);
    if (token_is(r->p->tok, '*') || token_is(r->p->tok, '&'))
        return fail(r, "a cast to a pointer is no integer constant", &r->p->tok);
    return out->bits > 0 || fail(r, "%s is no integer type that is known here", &at);
}

static bool is_type_start(Token t)
{
    TypeWords w = {0};
    return t.kind == TOK_NAME && (token_named(&t, "std") || type_word(&w, &t));
}

/* ---- primary ---- */

/* NAME or A::B::NAME. */
static bool read_name(Reader *r, Val *out)
{
    static const char *const refused[] = {"sizeof",   "_Alignof", "alignof",    "offsetof", "__builtin_offsetof",
                                          "_Generic", "typeof",   "__typeof__", "decltype", "__alignof__"};
    Pp *p = r->p;
    Token t = p->tok;
    Str scope = {0};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (token_named(&t, refused[i]))
            return fail(r, "%s is not supported in a constant", &t);
    pp_advance(p);
    while (token_is(p->tok, OP2(':', ':'))) {
        scope = token_str(t);
        pp_advance(p);
        if (p->tok.kind != TOK_NAME)
            return fail(r, "a name is missing before %s", &p->tok);
        t = p->tok;
        pp_advance(p);
    }
    if (token_is(p->tok, '(') && !r->condition)
        return fail(r, "%s is no macro of this file, so its call has no known value", &t);
    if (token_named(&t, "true") || token_named(&t, "false")) {
        *out = val_int(t.n == 4, true);
        return true;
    }
    if (r->condition) {
        *out = (Val){.wide = true};
        return !token_is(p->tok, '(') || fail(r, "%s is not known", &t);
    }
    const char *why = NULL;
    return r->lookup(r->context, scope, t, out, &why) || fail_value(r, out, why, &t);
}

static bool read_literal(Reader *r, Val *out)
{
    Token t = r->p->tok;
    const char *why = NULL;
    bool ok = t.kind == TOK_CHAR ? literal_char(&t, out, &why) : literal_number(&t, out, &why);
    if (!ok)
        return fail(r, why, &t);
    out->wide |= r->condition;
    pp_advance(r->p);
    return true;
}

/* After "type": "(expression)" or "{expression}". */
static bool read_converted(Reader *r, IntType t, Val *out)
{
    bool brace = token_is(r->p->tok, '{');
    if (!brace && !token_is(r->p->tok, '('))
        return fail(r, "( is missing before %s", &r->p->tok);
    pp_advance(r->p);
    if (!read_ternary(r, out) || !expect(r, brace ? '}' : ')', "unexpected %s in a conversion"))
        return false;
    *out = convert(*out, t);
    return true;
}

static bool read_static_cast(Reader *r, Val *out)
{
    IntType t;
    pp_advance(r->p);
    return expect(r, '<', "unexpected %s after static_cast") && read_type(r, &t) &&
           expect(r, '>', "unexpected %s in a cast") && read_converted(r, t, out);
}

/* After "(": an expression, or a type and then the operand of the cast. */
static bool read_parenthesis(Reader *r, Val *out)
{
    Token at = r->p->tok;
    pp_advance(r->p);
    if (token_is(r->p->tok, '{'))
        return fail(r, "a statement expression is no constant", &at);
    if (r->condition || !is_type_start(r->p->tok))
        return read_ternary(r, out) && expect(r, ')', "unexpected %s; ) is missing");
    IntType t;
    if (!read_type(r, &t))
        return false;
    if (token_is(r->p->tok, '(')) /* (int(5) + 1) */
        return fail(r, "%s after a type is not supported here", &r->p->tok);
    if (!expect(r, ')', "unexpected %s in a cast") || !read_unary(r, out))
        return false;
    *out = convert(*out, t);
    return true;
}

static bool read_primary(Reader *r, Val *out)
{
    Token t = r->p->tok;
    *out = (Val){0};
    if (t.kind == TOK_NUMBER || t.kind == TOK_CHAR)
        return read_literal(r, out);
    if (token_is(t, '('))
        return read_parenthesis(r, out);
    if (t.kind == TOK_UNKNOWN) {
        *out = (Val){.wide = r->condition};
        pp_advance(r->p);
        return true;
    }
    if (token_is(t, OP2(':', ':')))
        pp_advance(r->p);
    if (token_named(&r->p->tok, "static_cast"))
        return read_static_cast(r, out);
    if (!r->condition && is_type_start(r->p->tok)) {
        IntType type;
        return read_type(r, &type) && read_converted(r, type, out);
    }
    if (r->p->tok.kind == TOK_NAME)
        return read_name(r, out);
    if (t.kind == TOK_STRING)
        return fail(r, "a string is no integer constant", &t);
    if (t.kind == TOK_OPEN_IF || t.kind == TOK_OPEN_ELSE || t.kind == TOK_OPEN_END)
        return fail(r, "#%s inside an expression is not supported", &t);
    return fail(r, t.kind == TOK_EOF ? "the expression ends too early" : "unexpected %s in an expression", &t);
}

/* ---- operators ---- */

static bool negate(Reader *r, Val *v, Token at)
{
    if (v->known && !v->uns && v->v == (v->wide ? (uint64_t)INT64_MIN : (uint64_t)(int64_t)INT32_MIN))
        return fail_value(r, v, "%s overflows", &at);
    v->v = 0 - v->v;
    *v = wrap(*v);
    return true;
}

static bool read_unary(Reader *r, Val *out)
{
    Token t = r->p->tok;
    bool is_op = token_is(t, '-') || token_is(t, '+') || token_is(t, '~') || token_is(t, '!');
    if (++r->depth > EXPR_DEPTH_MAX)
        return fail(r, "the expression nests too deeply at %s", &t);
    if (!is_op) {
        bool ok = read_primary(r, out);
        r->depth--;
        return ok;
    }
    pp_advance(r->p);
    if (!read_unary(r, out))
        return false;
    r->depth--;
    if (t.op == '-')
        return negate(r, out, t);
    if (t.op == '~')
        *out = wrap((Val){.v = ~out->v, .uns = out->uns, .wide = out->wide, .known = out->known});
    else if (t.op == '!')
        *out = val_int(out->v == 0, out->known);
    return true;
}

static int precedence_of(Token t)
{
    if (t.kind != TOK_PUNCT)
        return 0;
    switch (t.op) {
    case '*':
    case '/':
    case '%': return 10;
    case '+':
    case '-': return 9;
    case OP2('<', '<'):
    case OP2('>', '>'): return 8;
    case '<':
    case '>':
    case OP2('<', '='):
    case OP2('>', '='): return 7;
    case OP2('=', '='):
    case OP2('!', '='): return 6;
    case '&': return 5;
    case '^': return 4;
    case '|': return 3;
    case OP2('&', '&'): return 2;
    case OP2('|', '|'): return 1;
    default: return 0;
    }
}

/* + - * with both operands of one type. */
static bool add_or_multiply(Reader *r, Token op, Val a, Val b, Val *out)
{
    int64_t x = (int64_t)a.v, y = (int64_t)b.v, s = 0;
    *out = a;
    out->v = op.op == '+' ? a.v + b.v : op.op == '-' ? a.v - b.v : a.v * b.v;
    if (!a.uns) {
        bool over = op.op == '+'   ? __builtin_add_overflow(x, y, &s)
                    : op.op == '-' ? __builtin_sub_overflow(x, y, &s)
                                   : __builtin_mul_overflow(x, y, &s);
        if (over || (!a.wide && (s > INT32_MAX || s < INT32_MIN)))
            return fail_value(r, out, "the result of %s overflows", &op);
    }
    *out = wrap(*out);
    return true;
}

static bool divide(Reader *r, Token op, Val a, Val b, Val *out)
{
    *out = a;
    if (b.v == 0)
        return fail_value(r, out, "%s by zero", &op);
    if (a.uns) {
        out->v = op.op == '/' ? a.v / b.v : a.v % b.v;
        return true;
    }
    int64_t x = (int64_t)a.v, y = (int64_t)b.v;
    if (y == -1 && x == (a.wide ? INT64_MIN : INT32_MIN))
        return fail_value(r, out, "the result of %s overflows", &op);
    out->v = (uint64_t)(op.op == '/' ? x / y : x % y);
    return true;
}

/* The result has the left operand's type (C11 6.5.7); a bit may reach the sign but not pass it, as in gcc and C++14. */
static bool shift(Reader *r, Token op, Val a, Val b, Val *out)
{
    unsigned width = a.wide ? 64 : 32;
    *out = a;
    if (b.v >= width)
        return fail_value(r, out, "the operand of %s is out of range", &op);
    unsigned n = (unsigned)b.v;
    if (op.op == OP2('>', '>')) {
        out->v = a.uns ? a.v >> n : (uint64_t)((int64_t)a.v >> n);
        return true;
    }
    out->v = a.v << n;
    *out = wrap(*out);
    uint64_t bits = a.wide ? a.v : (uint32_t)a.v;
    bool lost = (int64_t)a.v < 0 ? (int64_t)out->v >> n != (int64_t)a.v : n > 0 && bits >> (width - n) != 0;
    if (!a.uns && lost)
        return fail_value(r, out, "the result of %s overflows", &op);
    return true;
}

static bool compare(uint16_t op, Val a, Val b)
{
    bool less = a.uns ? a.v < b.v : (int64_t)a.v < (int64_t)b.v;
    switch (op) {
    case '<': return less;
    case '>': return !less && a.v != b.v;
    case OP2('<', '='): return less || a.v == b.v;
    case OP2('>', '='): return !less;
    case OP2('=', '='): return a.v == b.v;
    default: return a.v != b.v;
    }
}

static bool apply(Reader *r, Token op, Val a, Val b, Val *out)
{
    bool known = a.known && b.known;
    if (op.op == OP2('<', '<') || op.op == OP2('>', '>')) {
        *out = (Val){.uns = a.uns, .wide = a.wide};
        return !known || shift(r, op, a, b, out);
    }
    balance(&a, &b);
    *out = (Val){.uns = a.uns, .wide = a.wide, .known = known};
    switch (op.op) {
    case '+':
    case '-':
    case '*': return !known || add_or_multiply(r, op, a, b, out);
    case '/':
    case '%': return !known || divide(r, op, a, b, out);
    case '&': out->v = a.v & b.v; return true;
    case '|': out->v = a.v | b.v; return true;
    case '^': out->v = a.v ^ b.v; return true;
    default: *out = val_int(compare(op.op, a, b), known); return true;
    }
}

/* a && b and a || b: `decides` is the value of an operand that settles it. */
static Val logical(Val a, Val b, bool decides)
{
    if ((a.known && (a.v != 0) == decides) || (b.known && (b.v != 0) == decides))
        return val_int(decides, true);
    return val_int(!decides, a.known && b.known);
}

static bool read_binary(Reader *r, int least, Val *out)
{
    if (!read_unary(r, out))
        return false;
    for (int level; (level = precedence_of(r->p->tok)) >= least && level > 0;) {
        Token op = r->p->tok;
        Val left = *out, right;
        bool decides = level == 1;
        bool dead = level <= 2 && left.known && (left.v != 0) == decides;
        pp_advance(r->p);
        r->dead += dead;
        bool ok = read_binary(r, level + 1, &right);
        r->dead -= dead;
        if (!ok)
            return false;
        if (level <= 2)
            *out = logical(left, right, decides);
        else if (!apply(r, op, left, right, out))
            return false;
    }
    return true;
}

static Val choose(Val condition, Val yes, Val no)
{
    balance(&yes, &no);
    Val v = condition.v ? yes : no;
    if (!condition.known)
        v.known = yes.known && no.known && yes.v == no.v;
    return v;
}

static bool read_ternary(Reader *r, Val *out)
{
    Val c, yes, no;
    if (++r->depth > EXPR_DEPTH_MAX)
        return fail(r, "the expression nests too deeply at %s", &r->p->tok);
    if (!read_binary(r, 1, &c))
        return false;
    if (token_is(r->p->tok, '?')) {
        bool dead_yes = c.known && !c.v, dead_no = c.known && c.v;
        pp_advance(r->p);
        r->dead += dead_yes;
        if (!read_ternary(r, &yes) || !expect(r, ':', "unexpected %s; : is missing"))
            return false;
        r->dead = r->dead - dead_yes + dead_no;
        if (!read_ternary(r, &no))
            return false;
        r->dead -= dead_no;
        c = choose(c, yes, no);
    }
    *out = c;
    r->depth--;
    return true;
}

bool expr_read(Pp *p, ConstantLookup *lookup, void *context, Val *out, Fault *fault)
{
    Reader r = {.p = p, .lookup = lookup, .context = context, .fault = fault};
    *out = (Val){0};
    return read_ternary(&r, out);
}

bool expr_read_condition(Pp *p, Val *out, Fault *fault)
{
    Reader r = {.p = p, .fault = fault, .condition = true};
    *out = (Val){0};
    return read_ternary(&r, out);
}
