/* cli/enum_scan.c - walks a source file for enum definitions, and knows the scope around each.
 *
 * It is no C++ parser: it looks at braces, and at `namespace`, `class`, `struct`, `union` and `enum` before them. Text
 * that it does not understand costs at most a part of an enum's qualified name. */
#include "cli/enum_scan.h"

#include <string.h>

enum { SCOPES_MAX = 2000000, PATH_MAX_LEN = 512, HEAD_TOKENS_MAX = 256, ALIKE_MAX = 1000 };

/* ---- scopes ---- */

static void push_scope(Scan *s, Str name)
{
    Scope *scope = s->scopes < SCOPES_MAX ? arena_alloc(s->arena, 1, sizeof *scope) : NULL;
    if (!scope)
        return;
    s->scopes++;
    *scope = (Scope){.up = s->scope, .name = name};
    s->scope = scope;
}

static Str join(Arena *a, Str x, Str y, const char *end)
{
    Str tail = str_of(end);
    size_t n = x.n + y.n + tail.n;
    char *p = arena_alloc(a, n + 1, 1);
    if (!p)
        return (Str){0};
    if (x.n)
        memcpy(p, x.p, x.n);
    memcpy(p + x.n, y.p, y.n);
    memcpy(p + x.n + y.n, tail.p, tail.n);
    return (Str){p, n};
}

/* "a::b::" of the scope; the outermost named part is dropped first when it grows too long. */
static Str scope_path(Scan *s, Scope *scope)
{
    Str path = {0};
    Scope *named[32];
    size_t n = 0;
    for (; scope && n < 32; scope = scope->up) {
        if (scope->path.p) {
            path = scope->path;
            break;
        }
        if (scope->name.n)
            named[n++] = scope;
    }
    while (n-- > 0) {
        if (path.n + named[n]->name.n <= PATH_MAX_LEN)
            path = join(s->arena, path, named[n]->name, "::");
        named[n]->path = path;
    }
    return path;
}

/* ---- names of braces to come ---- */

enum { NO_NAME, WANT_NAME, HAVE_NAME, PASS_BASES };

static bool opens_scope(Token t)
{
    return token_named(&t, "namespace") || token_named(&t, "class") || token_named(&t, "struct") ||
           token_named(&t, "union");
}

/* Follows "class EXPORT A final : B {" and the like: s->pending is A. */
static void follow_head(Scan *s, Token t)
{
    if (opens_scope(t)) {
        s->pending_state = WANT_NAME;
        s->pending = (Str){0};
    } else if (s->pending_state == NO_NAME || s->pending_state == PASS_BASES) {
        if (token_is(t, ';'))
            s->pending_state = NO_NAME;
    } else if (t.kind == TOK_NAME) {
        if (!token_named(&t, "final") && !token_named(&t, "inline"))
            s->pending = token_str(t);
        s->pending_state = HAVE_NAME;
    } else if (token_is(t, OP2(':', ':'))) {
        s->pending_state = HAVE_NAME;
    } else if (token_is(t, ':') || token_is(t, '<')) {
        s->pending_state = PASS_BASES;
    } else if (t.kind == TOK_PUNCT && t.op != '[' && t.op != ']') {
        s->pending_state = NO_NAME;
    }
}

static void open_brace(Scan *s)
{
    bool named = s->pending_state == HAVE_NAME || s->pending_state == PASS_BASES;
    push_scope(s, named ? s->pending : (Str){0});
    s->pending_state = NO_NAME;
}

/* ---- enum heads ---- */

/* Attributes and names up to ':', '{' or what can't belong to a definition. */
static void read_tag(Scan *s, EnumDef *e)
{
    for (int i = 0; i < HEAD_TOKENS_MAX; i++) {
        Token t = s->pp.tok;
        if (token_named(&t, "class") || token_named(&t, "struct")) {
            e->scoped = true;
        } else if (token_is(t, '(') || token_is(t, '[')) {
            if (!pp_pass_parens(&s->pp, pp_advance_raw))
                return;
            continue;
        } else if (token_named(&t, "__attribute__") || token_named(&t, "__declspec") || token_named(&t, "alignas")) {
            pp_advance_raw(&s->pp);
            if (!token_is(s->pp.tok, '(') || !pp_pass_parens(&s->pp, pp_advance_raw))
                return;
            continue;
        } else if (t.kind == TOK_NAME) {
            e->tag = token_str(t);
        } else if (!token_is(t, OP2(':', ':'))) {
            return;
        }
        pp_advance_raw(&s->pp);
    }
}

/* After ':': the underlying type, up to '{'. One that is not known is like none. */
static bool read_underlying(Scan *s, EnumDef *e)
{
    TypeWords w = {0};
    bool known = true;
    for (int i = 0; i < HEAD_TOKENS_MAX; i++) {
        pp_advance(&s->pp);
        Token t = s->pp.tok;
        if (token_is(t, '{')) {
            e->fixed = known ? type_of_words(&w) : (IntType){0};
            return true;
        }
        if (t.kind != TOK_NAME && t.kind != TOK_PUNCT)
            return false;
        if (token_is(t, ';') || token_is(t, '}') || token_is(t, '='))
            return false;
        known &= token_named(&t, "std") || token_is(t, OP2(':', ':')) || type_word(&w, &t);
    }
    return false;
}

/* After the closing brace: "Name, *PName;" of a typedef. */
static void read_typedef_names(Scan *s, EnumDef *e)
{
    bool pointer = false;
    for (int i = 0; i < HEAD_TOKENS_MAX && !token_is(s->pp.tok, ';'); i++) {
        Token t = s->pp.tok;
        if (token_is(t, '(') || token_is(t, '[')) {
            if (!pp_pass_parens(&s->pp, pp_advance_raw))
                return;
            continue;
        }
        if (t.kind == TOK_EOF || token_is(t, '{') || token_is(t, '}'))
            return;
        if (t.kind == TOK_NAME && !pointer) {
            TypedefName *n = arena_alloc(s->arena, 1, sizeof *n);
            if (!n)
                return;
            *n = (TypedefName){e->typedefs, token_str(t)};
            e->typedefs = n;
        }
        pointer = token_is(t, '*') || (pointer && !token_is(t, ','));
        pp_advance_raw(&s->pp);
    }
}

static bool keep_enum(Scan *s, const EnumDef *e)
{
    EnumDef *kept = arena_alloc(s->arena, 1, sizeof *kept);
    if (!kept || ++s->constants > ENUM_CONSTANTS_MAX) {
        fault_set(&s->pp.fatal, "too many enums at %s", &e->at);
        return false;
    }
    *kept = *e;
    kept->path = scope_path(s, s->scope);
    if (s->last)
        s->last->next = kept;
    else
        s->first = kept;
    s->last = kept;
    return true;
}

/* At `enum`: a definition, or a mention of a type, which ends where it is no definition any more. */
static void read_enum(Scan *s)
{
    EnumDef e = {.at = s->pp.tok};
    bool is_typedef = s->after_typedef;
    pp_advance_raw(&s->pp);
    read_tag(s, &e);
    if (token_is(s->pp.tok, ':') && !read_underlying(s, &e))
        return;
    if (!token_is(s->pp.tok, '{') || !keep_enum(s, &e))
        return;
    pp_advance(&s->pp);
    s->current = s->last;
    bool closed = scan_body(s, s->last);
    s->current = NULL;
    if (closed && is_typedef)
        read_typedef_names(s, s->last);
}

/* ---- the file ---- */

/* Each branch of an open condition starts with the same braces open. */
static void follow_condition(Scan *s, Token t)
{
    if (t.kind == TOK_OPEN_IF) {
        if (s->open_depth < 64)
            s->saved[s->open_depth] = s->scope;
        s->open_depth++;
    } else if (s->open_depth > 0 && t.kind == TOK_OPEN_ELSE) {
        if (s->open_depth <= 64)
            s->scope = s->saved[s->open_depth - 1];
    } else if (s->open_depth > 0 && t.kind == TOK_OPEN_END) {
        s->open_depth--;
    }
}

static void follow_token(Scan *s, Token t)
{
    follow_condition(s, t);
    if (token_is(t, '{')) {
        open_brace(s);
    } else if (token_is(t, '}')) {
        s->scope = s->scope ? s->scope->up : NULL;
        s->pending_state = NO_NAME;
    } else {
        follow_head(s, t);
    }
    if (token_named(&t, "typedef"))
        s->after_typedef = true;
    else if (token_is(t, ';') || token_is(t, '{') || token_is(t, '}'))
        s->after_typedef = false;
}

bool scan_file(Scan *s)
{
    pp_advance_raw(&s->pp);
    while (s->pp.tok.kind != TOK_EOF) {
        if (token_named(&s->pp.tok, "enum")) {
            read_enum(s);
            continue;
        }
        follow_token(s, s->pp.tok);
        pp_advance_raw(&s->pp);
    }
    return !s->pp.fatal.what;
}

/* ---- names in expressions ---- */

static bool str_ends(Str s, Str end) { return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0; }

/* Whether "scope::" can stand before the constant: its enum's name, or that of the scope around an unscoped enum. */
static bool matches_scope(const Constant *c, Str scope)
{
    const EnumDef *e = c->owner;
    if (str_eq(e->tag, scope))
        return true;
    for (const TypedefName *n = e->typedefs; n; n = n->next)
        if (str_eq(n->name, scope))
            return true;
    Str path = {e->path.p, e->path.n >= 2 ? e->path.n - 2 : 0};
    bool whole = path.n == scope.n || (path.n > scope.n && path.p[path.n - scope.n - 1] == ':');
    return !e->scoped && path.n > 0 && str_ends(path, scope) && whole;
}

/* Whether a plain name means the constant, seen from enum `from` (NULL: from the end of the file). */
static bool is_visible(const Constant *c, const EnumDef *from)
{
    Str path = c->owner->path;
    if (c->owner == from)
        return true;
    if (c->owner->scoped)
        return false;
    return !from || (path.n <= from->path.n && (path.n == 0 || memcmp(path.p, from->path.p, path.n) == 0));
}

bool scan_lookup(void *scan, Str scope, Token name, Val *out, const char **why)
{
    Scan *s = scan;
    const Name *entry = pp_find(&s->pp, token_str(name));
    const Constant *found = NULL;
    *why = "%s has no value that this file gives";
    int n = 0;
    for (const Constant *c = entry ? entry->constants : NULL; c && n < ALIKE_MAX; c = c->older, n++) {
        if (scope.p ? !matches_scope(c, scope) : !is_visible(c, s->current))
            continue;
        bool nearer = !scope.p && found && found->owner->path.n > c->owner->path.n;
        if (nearer || (found && found->owner == s->current && !scope.p))
            continue;
        bool farther = !scope.p && found && found->owner->path.n < c->owner->path.n;
        if (found && !farther && c->owner != s->current && found->val.v != c->val.v) {
            *why = "%s has more than one value in this file";
            return false;
        }
        found = c;
    }
    if (!found || n == ALIKE_MAX)
        return false;
    *out = found->val;
    return true;
}
