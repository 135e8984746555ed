/* cli/enum_body.c - the enumerators between an enum's braces, each with its value.
 *
 * An implicit value is one more than that before it. Where an open condition's branches leave different values behind,
 * what follows is not known until the next explicit value. */
#include "cli/enum_scan.h"

#include <string.h>

enum { OPEN_MAX = 64 };

/* What an open condition's branches start from and have come to. */
typedef struct Branches {
    Val start, merged;
    Token at;
    bool any;
} Branches;

typedef struct Body {
    Scan *s;
    Pp *p;
    EnumDef *e;
    Val next;      /* the next implicit value */
    bool overflow; /* there is none: the one before was the largest */
    Branches open[OPEN_MAX];
    uint32_t depth;
} Body;

/* ---- open conditions ---- */

static void merge(Branches *b, Val v)
{
    if (b->any && (b->merged.v != v.v || b->merged.known != v.known || b->merged.uns != v.uns))
        b->merged.known = false;
    if (!b->any)
        b->merged = v;
    b->any = true;
}

static bool open_if(Body *b, Token t)
{
    if (b->depth == OPEN_MAX) {
        fault_set(&b->e->fault, "#%s nests too deeply", &t);
        return false;
    }
    b->open[b->depth++] = (Branches){.start = b->next, .at = t};
    return true;
}

static void open_end(Body *b, Token t)
{
    if (b->depth == 0) {
        b->next.known = false; /* the condition began before the enum did */
        return;
    }
    Branches *o = &b->open[--b->depth];
    merge(o, b->next);
    if (!t.op)
        merge(o, o->start);
    if (o->start.known && !o->merged.known && !b->e->open.p)
        b->e->open = o->at;
    b->next = o->merged;
}

static bool at_marker(Body *b)
{
    Token t = b->p->tok;
    if (t.kind == TOK_OPEN_IF)
        return open_if(b, t);
    if (t.kind == TOK_OPEN_END) {
        open_end(b, t);
        return true;
    }
    if (t.kind == TOK_OPEN_ELSE && b->depth > 0) {
        merge(&b->open[b->depth - 1], b->next);
        b->next = b->open[b->depth - 1].start;
        return true;
    }
    return t.kind == TOK_OPEN_ELSE;
}

/* ---- one enumerator ---- */

static bool is_end(Token t)
{
    return t.kind == TOK_EOF || t.kind == TOK_OPEN_IF || t.kind == TOK_OPEN_ELSE || t.kind == TOK_OPEN_END ||
           token_is(t, ',') || token_is(t, '}');
}

/* To the ',' or '}' that ends what could not be read. */
static void recover(Body *b)
{
    int32_t depth = 0;
    for (; b->p->tok.kind != TOK_EOF; pp_advance(b->p)) {
        Token t = b->p->tok;
        if (depth <= 0 && is_end(t))
            return;
        if (token_is(t, '(') || token_is(t, '[') || token_is(t, '{'))
            depth++;
        else if (token_is(t, ')') || token_is(t, ']') || token_is(t, '}'))
            depth--;
        else if (token_is(t, ';'))
            return;
    }
}

/* Attributes between name and value: [[...]], __attribute__((...)), and macros that this file does not define. */
static bool pass_attributes(Body *b)
{
    while (token_is(b->p->tok, '[') || b->p->tok.kind == TOK_NAME) {
        if (b->p->tok.kind == TOK_NAME)
            pp_advance(b->p);
        if ((token_is(b->p->tok, '(') || token_is(b->p->tok, '[')) && !pp_pass_parens(b->p, pp_advance))
            return false;
    }
    return true;
}

/* An underlying type's enumerators have that type, promoted. */
static Val typed(const EnumDef *e, Val v)
{
    if (e->fixed.bits < 32)
        return val_shrink(v);
    return (Val){.v = v.v, .uns = e->fixed.uns, .wide = e->fixed.bits == 64, .known = v.known};
}

static void keep_next(Body *b, Val v)
{
    b->overflow = v.uns && v.v == UINT64_MAX;
    b->next = (Val){.v = v.v + 1, .wide = true, .known = v.known && !b->overflow};
    b->next.uns = b->next.v > INT64_MAX && (v.uns || v.v == INT64_MAX);
}

static void forget(EnumDef *e, Constant *c)
{
    e->unknown += c->val.known;
    c->val.known = false;
}

/* A name can come twice, in two branches of a condition: then it has one value, or none that is known. */
static bool keep_constant(Body *b, Token name, Val v)
{
    Scan *s = b->s;
    Name *entry = pp_intern(b->p, token_str(name));
    if (!entry || ++s->constants > ENUM_CONSTANTS_MAX) {
        fault_set(&b->p->fatal, "there are too many enumerators at %s", &name);
        return false;
    }
    Constant *c = entry->constants;
    if (c && c->owner == b->e) {
        if (!v.known || c->val.v != v.v)
            forget(b->e, c);
        return true;
    }
    if (!(c = arena_alloc(s->arena, 1, sizeof *c))) {
        fault_set(&b->p->fatal, "out of memory at %s", &name);
        return false;
    }
    *c = (Constant){.older = entry->constants, .owner = b->e, .val = typed(b->e, v), .at = name};
    entry->constants = c;
    *(b->e->last ? &b->e->last->next : &b->e->first) = c;
    b->e->last = c;
    b->e->unknown += !v.known;
    return true;
}

static Val explicit_value(Body *b)
{
    Val v;
    Fault fault = {0};
    bool ok = expr_read(b->p, scan_lookup, b->s, &v, &fault);
    if (ok && !is_end(b->p->tok))
        fault_set(&fault, "unexpected %s after a value", &b->p->tok);
    if (fault.what) {
        fault_set(&b->e->fault, fault.what, &fault.at);
        recover(b);
        v = (Val){0};
    }
    return v;
}

/* The value has to be one that the enum's type can hold. */
static Val check_range(Body *b, Token name, Val v)
{
    if (b->e->fixed.bits && v.known && !val_fits(v, b->e->fixed)) {
        fault_set(&b->e->fault, "the value of %s does not fit the enum's type", &name);
        v.known = false;
    }
    return v;
}

static bool read_enumerator(Body *b)
{
    Token name = b->p->tok;
    pp_advance(b->p);
    if (token_is(b->p->tok, '(')) {
        fault_set(&b->e->fault, "%s is no macro of this file, so its enumerators are not known", &name);
        b->next.known = false;
        recover(b);
        return true;
    }
    if (!pass_attributes(b))
        return false;
    Val v = b->next;
    bool overflow = b->overflow;
    if (token_is(b->p->tok, '=')) {
        pp_advance(b->p);
        v = explicit_value(b);
        overflow = false;
    }
    if (overflow)
        fault_set(&b->e->fault, "the value of %s does not fit in 64 bits", &name);
    v = check_range(b, name, v);
    if (!v.known && !b->e->open.p)
        b->e->open = pp_open_condition(b->p);
    keep_next(b, v);
    return keep_constant(b, name, v);
}

/* ---- the body ---- */

static bool unexpected(Body *b)
{
    Token t = b->p->tok;
    if (t.kind == TOK_EOF)
        fault_set(&b->e->fault, "the enum does not end", &b->e->at);
    else if (t.kind == TOK_INCLUDE)
        fault_set(&b->e->fault, "enumerators come from another file, through #include", &t);
    else
        fault_set(&b->e->fault, "unexpected %s in an enum", &t);
    b->next.known = false;
    if (t.kind == TOK_EOF || token_is(t, ';') || token_is(t, '{'))
        return false;
    pp_advance(b->p);
    if (t.kind != TOK_INCLUDE)
        recover(b);
    return true;
}

bool scan_body(Scan *s, EnumDef *e)
{
    Body b = {.s = s, .p = &s->pp, .e = e, .next = {.known = true}};
    while (!token_is(s->pp.tok, '}')) {
        Token t = s->pp.tok;
        if (token_is(t, ',') || at_marker(&b)) {
            pp_advance(&s->pp);
        } else if (t.kind == TOK_NAME) {
            if (!read_enumerator(&b))
                return false;
        } else if (!unexpected(&b)) {
            return false;
        }
        if (token_is(s->pp.tok, ';'))
            return unexpected(&b);
    }
    pp_advance_raw(&s->pp);
    return true;
}
