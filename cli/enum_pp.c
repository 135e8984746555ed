/* cli/enum_pp.c - the token source: file and macro bodies in, expanded tokens out (C11 6.10.3).
 *
 * A stack of frames over the file: each macro being expanded has one, and may not be expanded again meanwhile.
 * Directives are in enum_directive.c. Work is bounded by PP_TOKENS_MAX tokens, depth by PP_DEPTH_MAX, and the memory
 * for expansions by the scratch arena's limit; what passes a bound ends the reading with p->fatal. */
#include "cli/enum_pp_internal.h"

#include <string.h>

enum { SCRATCH_MAX = 64 << 20 };

void fault_set(Fault *f, const char *what, const Token *at)
{
    if (!f->what)
        *f = (Fault){what, *at};
}

bool pp_fatal(Pp *p, const char *what, const Token *at)
{
    fault_set(&p->fatal, what, at);
    return false;
}

/* ---- names ---- */

static uint64_t hash_of(const Pp *p, Str s)
{
    uint64_t h = p->seed;
    for (size_t i = 0; i < s.n; i++) {
        h ^= (uint8_t)s.p[i];
        h *= 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

static Name **find_slot(Name **slot, Str text, uint64_t hash)
{
    for (uint64_t h = hash; *slot; h = h >> 2 | h << 62) {
        if ((*slot)->hash == hash && str_eq((*slot)->text, text))
            break;
        slot = &(*slot)->child[h & 3];
    }
    return slot;
}

Name *pp_find(const Pp *p, Str text)
{
    Name *root = p->names;
    return *find_slot(&root, text, hash_of(p, text));
}

Name *pp_intern(Pp *p, Str text)
{
    uint64_t hash = hash_of(p, text);
    Name **slot = find_slot(&p->names, text, hash);
    if (!*slot && (*slot = arena_alloc(p->arena, 1, sizeof **slot)))
        **slot = (Name){.text = text, .hash = hash};
    return *slot;
}

Macro *pp_macro(const Pp *p, const Token *t)
{
    Name *n = pp_find(p, token_str(*t));
    return n ? n->macro : NULL;
}

/* ---- frames ---- */

Frame *pp_push(Pp *p, Token *tokens, size_t n, Macro *m)
{
    Frame *f = arena_alloc(&p->scratch, 1, sizeof *f);
    if (!f || ++p->depth > PP_DEPTH_MAX) {
        pp_fatal(p, "macros nest too deeply or expand to too much at %s", &p->tok);
        return NULL;
    }
    *f = (Frame){.up = p->frames, .tokens = tokens, .n = n, .macro = m};
    if (m)
        m->active = true;
    return p->frames = f;
}

void pp_pop(Pp *p)
{
    if (p->frames->macro)
        p->frames->macro->active = false;
    p->frames = p->frames->up;
    p->depth--;
}

/* The next token of the innermost frame that has one, or of the file. */
static Token next_raw(Pp *p)
{
    if (p->fatal.what)
        return (Token){.p = "", .kind = TOK_EOF};
    while (p->frames && p->frames->i == p->frames->n && !p->frames->barrier)
        pp_pop(p);
    if (p->frames && p->frames->i < p->frames->n) {
        if (++p->steps > PP_TOKENS_MAX)
            pp_fatal(p, "macros expand to too many tokens at %s", &p->tok);
        return p->frames->tokens[p->frames->i++];
    }
    if (p->frames || p->isolated)
        return (Token){.p = "", .kind = TOK_EOF};
    return pp_next_of_file(p);
}

static void unget(Pp *p, Token t)
{
    Token *copy = arena_alloc(&p->scratch, 1, sizeof *copy);
    if (!copy) {
        pp_fatal(p, "macros expand to too much at %s", &t);
        return;
    }
    *copy = t;
    pp_push(p, copy, 1, NULL);
}

/* ---- macro calls ---- */

void pp_tidy(Pp *p)
{
    if (!p->frames && !p->collecting && !p->isolated)
        arena_reset(&p->scratch);
}

bool tokens_add(Pp *p, Tokens *list, const Token *t)
{
    if (list->n == PP_LIST_MAX || !arena_grow(&p->scratch, (void **)&list->p, list->n, &list->cap, sizeof *t))
        return pp_fatal(p, "macros expand to too much at %s", t);
    list->p[list->n++] = *t;
    return true;
}

/* The tokens of `in`, expanded on their own (C11 6.10.3.1). */
static bool expand_alone(Pp *p, const Tokens *in, Tokens *out)
{
    Token saved = p->tok;
    Frame *f = pp_push(p, in->p, in->n, NULL);
    if (!f)
        return false;
    f->barrier = true;
    for (pp_advance(p); p->tok.kind != TOK_EOF; pp_advance(p))
        if (!tokens_add(p, out, &p->tok))
            return false;
    if (!p->fatal.what)
        pp_pop(p);
    p->tok = saved;
    return !p->fatal.what;
}

/* After "NAME (": the arguments, up to the closing parenthesis. */
static bool read_args(Pp *p, const Macro *m, Token at, Tokens *args, uint32_t *count)
{
    uint32_t depth = 0, i = 0;
    for (;;) {
        Token t = next_raw(p);
        if (t.kind == TOK_EOF || t.kind == TOK_OPEN_IF || t.kind == TOK_INCLUDE)
            return pp_fatal(p, "the arguments of macro %s do not end", &at);
        if (token_is(t, ')') && depth == 0)
            break;
        if (token_is(t, '('))
            depth++;
        else if (token_is(t, ')'))
            depth--;
        bool last = m->variadic && i + 1 == m->param_count;
        if (token_is(t, ',') && depth == 0 && !last) {
            if (++i >= m->param_count)
                return pp_fatal(p, "macro %s has too many arguments", &at);
        } else if (m->param_count == 0) {
            return pp_fatal(p, "macro %s takes no arguments", &at);
        } else if (!tokens_add(p, &args[i], &t)) {
            return false;
        }
    }
    *count = i + 1;
    return true;
}

static bool check_arg_count(Pp *p, const Macro *m, Token at, uint32_t count)
{
    if (count >= m->param_count || (m->variadic && count + 1 == m->param_count) || m->param_count == 1)
        return true;
    return pp_fatal(p, "macro %s has too few arguments", &at);
}

/* False: it is no call after all (no parenthesis follows), or p->fatal. */
static bool expand_call(Pp *p, Macro *m, Token at, Tokens *out)
{
    uint32_t count = 0;
    size_t n = (size_t)m->param_count + 1;
    Tokens *args = arena_alloc(&p->scratch, n, sizeof *args);
    Tokens *expanded = arena_alloc(&p->scratch, n, sizeof *expanded);
    if (!args || !expanded)
        return pp_fatal(p, "macros expand to too much at %s", &at);
    if (!read_args(p, m, at, args, &count) || !check_arg_count(p, m, at, count))
        return false;
    for (uint32_t i = 0; i < m->param_count; i++)
        if (!expand_alone(p, &args[i], &expanded[i]))
            return false;
    return pp_substitute(p, m, args, expanded, at, out);
}

/* Replaces the macro's name `at` by a frame of its expansion. False: it stays as it is. */
static bool expand(Pp *p, Macro *m, Token at)
{
    pp_tidy(p);
    if (m->function) {
        Token next = next_raw(p);
        if (!token_is(next, '(')) {
            if (next.kind != TOK_EOF)
                unget(p, next);
            return false;
        }
    }
    Tokens out = {0};
    p->collecting++;
    bool ok = m->function ? expand_call(p, m, at, &out) : pp_substitute(p, m, NULL, NULL, at, &out);
    p->collecting--;
    return ok && pp_push(p, out.p, out.n, m) != NULL;
}

void pp_advance_raw(Pp *p) { p->tok = next_raw(p); }

void pp_advance(Pp *p)
{
    for (;;) {
        Token t = next_raw(p);
        p->tok = t;
        Macro *m = t.kind == TOK_NAME && !t.hidden ? pp_macro(p, &t) : NULL;
        if (!m || !m->defined)
            return;
        if (m->active) {
            p->tok.hidden = true;
            return;
        }
        if (m->ambiguous) {
            p->tok.kind = TOK_UNKNOWN;
            return;
        }
        if (!expand(p, m, t)) {
            p->tok = p->fatal.what ? (Token){.p = "", .kind = TOK_EOF} : t;
            return;
        }
    }
}

bool pp_pass_parens(Pp *p, PpAdvance *advance)
{
    uint32_t depth = 0;
    do {
        Token t = p->tok;
        if (token_is(t, '(') || token_is(t, '['))
            depth++;
        else if (token_is(t, ')') || token_is(t, ']'))
            depth--;
        else if (t.kind == TOK_EOF || token_is(t, '{') || token_is(t, '}') || token_is(t, ';'))
            return false;
        advance(p);
    } while (depth > 0);
    return true;
}

/* ---- whole ---- */

void pp_init(Pp *p, Bytes source, Arena *arena)
{
    *p = (Pp){.arena = arena, .scratch = {.limit = SCRATCH_MAX}};
    p->seed = 0xcbf29ce484222325u ^ (uint64_t)(uintptr_t)p * 0x9e3779b97f4a7c15u;
    lexer_init(&p->lexer, source.n ? (const char *)source.p : "", source.n);
    pp_predefine(p);
}

void pp_free(Pp *p) { arena_free(&p->scratch); }

bool pp_enter_body(Pp *p, const Macro *m)
{
    Tokens out = {0};
    Macro object = *m;
    arena_reset(&p->scratch);
    p->frames = NULL;
    p->depth = 0;
    p->isolated++;
    return pp_substitute(p, &object, NULL, NULL, m->at, &out) && pp_push(p, out.p, out.n, NULL);
}

void pp_leave(Pp *p)
{
    while (p->frames)
        pp_pop(p);
    p->isolated--;
}
