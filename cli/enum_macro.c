/* cli/enum_macro.c - #define, #undef, and a macro's body with its arguments put in (C11 6.10.3). */
#include "cli/enum_pp_internal.h"

#include <string.h>

enum { PARAMS_MAX = 256 };

/* ---- #define ---- */

/* After "NAME(": parameter names up to ')'. */
static bool read_params(Pp *p, Macro *m)
{
    size_t cap = 0;
    for (Token t = lexer_next(&p->lexer);; t = lexer_next(&p->lexer)) {
        if (token_is(t, ')'))
            return true;
        if (token_is(t, ','))
            continue;
        bool dots = token_is(t, '.');
        if (dots && m->variadic)
            continue;
        if ((t.kind != TOK_NAME && !dots) || m->param_count == PARAMS_MAX)
            return false;
        m->variadic |= dots;
        if (!arena_grow(p->arena, (void **)&m->params, m->param_count, &cap, sizeof *m->params))
            return false;
        m->params[m->param_count++] = dots ? str_of("__VA_ARGS__") : token_str(t);
    }
}

static bool same_text(const Lexer *from, const Lexer *other)
{
    Lexer a = *from, b = *other;
    a.in_directive = b.in_directive = true;
    for (;;) {
        Token x = lexer_next(&a), y = lexer_next(&b);
        bool end_x = x.kind == TOK_NEWLINE || x.kind == TOK_EOF, end_y = y.kind == TOK_NEWLINE || y.kind == TOK_EOF;
        if (end_x || end_y)
            return end_x && end_y;
        if (!str_eq(token_str(x), token_str(y)))
            return false;
    }
}

static Lexer body_lexer(const Macro *m)
{
    return (Lexer){.p = m->body, .end = m->end, .line_start = m->body, .line = m->at.line, .in_directive = true};
}

static bool same_body(const Macro *a, const Macro *b)
{
    Lexer x = body_lexer(a), y = body_lexer(b);
    return a->function == b->function && a->param_count == b->param_count && same_text(&x, &y);
}

static void keep_definition(Pp *p, const Macro *m)
{
    if (!p->wants || !p->wants(p->context, m->name))
        return;
    if (!arena_grow(p->arena, (void **)&p->defs, p->def_count, &p->def_cap, sizeof *m))
        pp_fatal(p, "out of memory at %s", &m->at);
    else
        p->defs[p->def_count++] = *m;
}

/* Puts the definition in the place of the name's earlier one. In an open branch, a different one leaves both possible. */
static void replace(Pp *p, Macro *old, Macro *m)
{
    if (old->defined && p->region && old->region != p->region && !same_body(old, m))
        m->ambiguous = true;
    if (p->region && old->ambiguous && old->region != p->region)
        m->ambiguous = true;
    *old = *m;
}

void pp_define(Pp *p)
{
    Token name = lexer_next(&p->lexer);
    if (name.kind != TOK_NAME)
        return;
    Macro m = {.name = token_str(name), .at = name, .end = p->lexer.end, .defined = true, .region = p->region};
    if (p->lexer.p < p->lexer.end && *p->lexer.p == '(') {
        lexer_next(&p->lexer);
        m.function = true;
        if (!read_params(p, &m))
            return;
    }
    m.body = p->lexer.p;
    Name *entry = pp_intern(p, m.name);
    if (entry && !entry->macro && ++p->macro_count <= PP_MACROS_MAX)
        entry->macro = arena_alloc(p->arena, 1, sizeof *entry->macro);
    if (!entry || !entry->macro) {
        pp_fatal(p, "too many macros at %s", &name);
        return;
    }
    keep_definition(p, &m);
    m.active = entry->macro->active;
    replace(p, entry->macro, &m);
}

void pp_undef(Pp *p)
{
    Token name = lexer_next(&p->lexer);
    Macro *m = name.kind == TOK_NAME ? pp_macro(p, &name) : NULL;
    if (!m || !m->defined)
        return;
    if (p->region && m->region != p->region) {
        m->ambiguous = true;
    } else {
        m->defined = false;
        m->ambiguous = false;
    }
}

/* ---- expansion ---- */

static uint32_t param_index(const Macro *m, const Token *t)
{
    for (uint32_t i = 0; t->kind == TOK_NAME && i < m->param_count; i++)
        if (str_eq(m->params[i], token_str(*t)))
            return i;
    return UINT32_MAX;
}

static bool read_body(Pp *p, const Macro *m, Tokens *body)
{
    Lexer l = body_lexer(m);
    for (Token t = lexer_next(&l); t.kind != TOK_NEWLINE && t.kind != TOK_EOF; t = lexer_next(&l))
        if (!tokens_add(p, body, &t))
            return false;
    return true;
}

static bool add_at(Pp *p, Tokens *out, Token t, Token at)
{
    t.line = at.line;
    t.column = at.column;
    return tokens_add(p, out, &t);
}

static bool add_all(Pp *p, Tokens *out, const Tokens *list, Token at)
{
    for (size_t i = 0; i < list->n; i++)
        if (!add_at(p, out, list->p[i], at))
            return false;
    return true;
}

/* `left ## right`: one token of both texts (C11 6.10.3.3). */
static bool paste(Pp *p, Token *left, Token right)
{
    size_t n = (size_t)left->n + right.n;
    char *text = n <= 4096 ? arena_alloc(p->arena, n + 1, 1) : NULL;
    if (!text)
        return pp_fatal(p, "## makes too long a token at %s", left);
    memcpy(text, left->p, left->n);
    memcpy(text + left->n, right.p, right.n);
    Lexer l;
    lexer_init(&l, text, n);
    Token t = lexer_next(&l);
    t.line = left->line;
    t.column = left->column;
    t.kind = t.n == n ? t.kind : TOK_BAD;
    t.p = text;
    t.n = (uint32_t)n;
    *left = t;
    return true;
}

/* The tokens that body[i] stands for beside a ##: the argument unexpanded, or itself. */
static Tokens operand(const Macro *m, const Tokens *args, Token *t)
{
    uint32_t i = args ? param_index(m, t) : UINT32_MAX;
    return i == UINT32_MAX ? (Tokens){t, 1, 1} : args[i];
}

/* body[*i] is followed by ##: appends the chain a ## b ## c and leaves *i at its last operand. */
static bool add_pasted(Pp *p, const Macro *m, const Tokens *args, const Tokens *body, size_t *i, Token at, Tokens *out)
{
    size_t first = out->n;
    Tokens left = operand(m, args, &body->p[*i]);
    if (!add_all(p, out, &left, at))
        return false;
    while (*i + 2 < body->n && token_is(body->p[*i + 1], OP2('#', '#'))) {
        *i += 2;
        Tokens right = operand(m, args, &body->p[*i]);
        size_t from = 0;
        if (out->n > first && right.n > 0)
            if (!paste(p, &out->p[out->n - 1], right.p[from++]))
                return false;
        for (; from < right.n; from++)
            if (!add_at(p, out, right.p[from], at))
                return false;
    }
    return true;
}

/* `#param`: its text does not matter here, only that it is a string. */
static bool is_stringizing(const Macro *m, const Tokens *body, size_t i)
{
    bool hash = token_is(body->p[i], '#') || body->p[i].kind == TOK_HASH;
    return m->function && hash && i + 1 < body->n && param_index(m, &body->p[i + 1]) != UINT32_MAX;
}

bool pp_substitute(Pp *p, const Macro *m, const Tokens *args, const Tokens *expanded, Token at, Tokens *out)
{
    Tokens body = {0};
    if (!read_body(p, m, &body))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < body.n; i++) {
        Token t = body.p[i];
        uint32_t param = args ? param_index(m, &t) : UINT32_MAX;
        if (is_stringizing(m, &body, i)) {
            ok = add_at(p, out, (Token){.p = "\"\"", .n = 2, .kind = TOK_STRING, .spaced = t.spaced}, at);
            i++;
        } else if (i + 2 < body.n && token_is(body.p[i + 1], OP2('#', '#'))) {
            ok = add_pasted(p, m, args, &body, &i, at, out);
        } else if (param != UINT32_MAX) {
            ok = add_all(p, out, &expanded[param], at);
        } else {
            ok = add_at(p, out, t, at);
        }
        ok = ok && ++p->steps <= PP_TOKENS_MAX;
    }
    return ok || pp_fatal(p, "macros expand to too many tokens at %s", &at);
}
