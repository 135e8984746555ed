/* cli/enum_directive.c - the file's tokens with its directives carried out: conditions, #define, #include.
 *
 * A condition is true, false, or open (cli/enum.h). All branches of an open group are read, between the markers
 * TOK_OPEN_IF, TOK_OPEN_ELSE and TOK_OPEN_END, so that the reader of an enum can tell what differs between them. */
#include "cli/enum_expr.h"
#include "cli/enum_pp_internal.h"

#include <string.h>

enum { GROUPS_MAX = 1000 };

/* What is certain of the platform: x86-64 Linux, a program and not the kernel. body NULL: certainly not defined. */
static const struct {
    const char *name, *body;
} platform[] = {
    {"__x86_64__", "1"},
    {"__x86_64", "1"},
    {"__amd64__", "1"},
    {"__amd64", "1"},
    {"__linux__", "1"},
    {"__linux", "1"},
    {"__gnu_linux__", "1"},
    {"__unix__", "1"},
    {"__unix", "1"},
    {"__ELF__", "1"},
    {"__LP64__", "1"},
    {"_LP64", "1"},
    {"__CHAR_BIT__", "8"},
    {"CHAR_BIT", "8"},
    {"__SIZEOF_SHORT__", "2"},
    {"__SIZEOF_INT__", "4"},
    {"__SIZEOF_LONG__", "8"},
    {"__SIZEOF_LONG_LONG__", "8"},
    {"__SIZEOF_POINTER__", "8"},
    {"__BITS_PER_LONG", "64"},
    {"__WORDSIZE", "64"},
    {"__ORDER_LITTLE_ENDIAN__", "1234"},
    {"__ORDER_BIG_ENDIAN__", "4321"},
    {"__BYTE_ORDER__", "1234"},
    {"__LITTLE_ENDIAN", "1234"},
    {"INT8_MAX", "127"},
    {"INT16_MAX", "32767"},
    {"INT32_MAX", "2147483647"},
    {"INT64_MAX", "9223372036854775807L"},
    {"INT8_MIN", "(-128)"},
    {"INT16_MIN", "(-32768)"},
    {"INT32_MIN", "(-2147483647-1)"},
    {"INT64_MIN", "(-9223372036854775807L-1)"},
    {"UINT8_MAX", "255"},
    {"UINT16_MAX", "65535"},
    {"UINT32_MAX", "4294967295U"},
    {"UINT64_MAX", "18446744073709551615UL"},
    {"SCHAR_MAX", "127"},
    {"UCHAR_MAX", "255"},
    {"SHRT_MAX", "32767"},
    {"USHRT_MAX", "65535"},
    {"INT_MAX", "2147483647"},
    {"INT_MIN", "(-2147483647-1)"},
    {"UINT_MAX", "4294967295U"},
    {"LONG_MAX", "9223372036854775807L"},
    {"LONG_MIN", "(-9223372036854775807L-1)"},
    {"ULONG_MAX", "18446744073709551615UL"},
    {"LLONG_MAX", "9223372036854775807LL"},
    {"ULLONG_MAX", "18446744073709551615ULL"},
    {"SIZE_MAX", "18446744073709551615UL"},
    {"__INT_MAX__", "2147483647"},
    {"__LONG_MAX__", "9223372036854775807L"},
    {"__KERNEL__", NULL},
    {"__ASSEMBLY__", NULL},
    {"__ASSEMBLER__", NULL},
    {"_WIN32", NULL},
    {"_WIN64", NULL},
    {"WIN32", NULL},
    {"__CYGWIN__", NULL},
    {"__MINGW32__", NULL},
    {"_MSC_VER", NULL},
    {"__APPLE__", NULL},
    {"__FreeBSD__", NULL},
    {"__NetBSD__", NULL},
    {"__OpenBSD__", NULL},
    {"__sun", NULL},
    {"_AIX", NULL},
    {"__ANDROID__", NULL},
    {"__i386__", NULL},
    {"__i386", NULL},
    {"__ILP32__", NULL},
    {"__arm__", NULL},
    {"__aarch64__", NULL},
    {"__powerpc__", NULL},
    {"__mips__", NULL},
    {"__sparc__", NULL},
    {"__BIG_ENDIAN__", NULL},
};

void pp_predefine(Pp *p)
{
    for (size_t i = 0; i < sizeof platform / sizeof *platform; i++) {
        Str name = str_of(platform[i].name);
        const char *body = platform[i].body ? platform[i].body : "";
        Name *entry = pp_intern(p, name);
        Macro *m = entry ? arena_alloc(p->arena, 1, sizeof *m) : NULL;
        if (!m) {
            pp_fatal(p, "out of memory", &p->tok);
            return;
        }
        *m = (Macro){.name = name, .body = body, .end = body + strlen(body), .defined = platform[i].body != NULL};
        entry->macro = m;
    }
}

/* ---- conditions ---- */

typedef enum Truth { FALSE_, TRUE_, OPEN_ } Truth;

static Truth not(Truth t) { return t == OPEN_ ? OPEN_ : t == TRUE_ ? FALSE_ : TRUE_; }

static Truth is_defined(const Pp *p, const Token *name)
{
    const Macro *m = pp_macro(p, name);
    if (!m || m->ambiguous || (m->defined && m->region && m->region != p->region))
        return OPEN_;
    return m->defined ? TRUE_ : FALSE_;
}

static bool is_line_end(Token t) { return t.kind == TOK_NEWLINE || t.kind == TOK_EOF; }

/* Whether the next directive is "#define name": then a "not defined" before it is an include guard or a default. */
static bool is_guard(const Pp *p, const Token *name)
{
    Lexer l = p->lexer;
    l.in_directive = false;
    if (lexer_next(&l).kind != TOK_HASH)
        return false;
    Token define = lexer_next(&l);
    if (!token_named(&define, "define"))
        return false;
    return str_eq(token_str(lexer_next(&l)), token_str(*name));
}

static Truth read_ifdef(Pp *p, bool negated)
{
    Token name = lexer_next(&p->lexer);
    if (name.kind != TOK_NAME)
        return OPEN_;
    if (p->lexer.in_directive)
        lexer_skip_line(&p->lexer);
    Truth t = is_defined(p, &name);
    if (t == OPEN_ && negated && !pp_macro(p, &name) && is_guard(p, &name))
        return TRUE_;
    return negated ? not(t) : t;
}

/* After `defined`: the name, in parentheses or not, as a token 0, 1 or unknown. */
static Token read_defined(Pp *p, Token at, Token *name)
{
    *name = lexer_next(&p->lexer);
    if (token_is(*name, '(')) {
        *name = lexer_next(&p->lexer);
        if (!is_line_end(*name))
            lexer_next(&p->lexer);
    }
    Truth t = name->kind == TOK_NAME ? is_defined(p, name) : OPEN_;
    at.kind = t == OPEN_ ? TOK_UNKNOWN : TOK_NUMBER;
    at.p = t == TRUE_ ? "1" : "0";
    at.n = 1;
    return at;
}

/* The directive's tokens, `defined X` replaced. *guard: the X of a condition that is `!defined(X)` and no more. */
static bool read_condition(Pp *p, Tokens *out, Token *guard)
{
    Token name = {0};
    for (Token t = lexer_next(&p->lexer); !is_line_end(t); t = lexer_next(&p->lexer)) {
        if (token_named(&t, "defined"))
            t = read_defined(p, t, &name);
        if (!tokens_add(p, out, &t))
            return false;
        if (is_line_end(name) && name.p)
            break;
    }
    if (out->n == 2 && token_is(out->p[0], '!') && name.kind == TOK_NAME)
        *guard = name;
    return true;
}

static Truth evaluate(Pp *p, Tokens *line)
{
    Token saved = p->tok;
    Val v = {0};
    Fault fault = {0};
    Frame *frames = p->frames, *f = pp_push(p, line->p, line->n, NULL);
    if (!f)
        return OPEN_;
    f->barrier = true;
    p->isolated++;
    pp_advance(p);
    bool ok = expr_read_condition(p, &v, &fault) && p->tok.kind == TOK_EOF;
    while (p->frames != frames)
        pp_pop(p);
    p->isolated--;
    p->tok = saved;
    return !ok || !v.known ? OPEN_ : v.v ? TRUE_ : FALSE_;
}

static Truth read_if(Pp *p)
{
    Tokens line = {0};
    Token guard = {0};
    pp_tidy(p);
    p->collecting++;
    Truth t = read_condition(p, &line, &guard) ? evaluate(p, &line) : OPEN_;
    p->collecting--;
    if (t == OPEN_ && guard.p && !pp_macro(p, &guard) && is_guard(p, &guard))
        return TRUE_;
    return t;
}

/* ---- groups ---- */

static bool is_skipping(const Pp *p) { return p->groups && (p->groups->skipped || !p->groups->taking); }

static Token marker(Token at, TokKind kind, bool decided)
{
    at.kind = (uint8_t)kind;
    at.op = decided;
    return at;
}

/* The group's next branch, with that condition; a marker in *out when there is one to give. */
static bool take_branch(Pp *p, Group *g, Truth t, Token at, Token *out)
{
    g->taking = t != FALSE_;
    if (t == FALSE_)
        return false;
    g->decided |= t == TRUE_;
    if (t == TRUE_ && !g->open)
        return false;
    if (!g->open)
        g->at = at;
    *out = marker(at, g->open ? TOK_OPEN_ELSE : TOK_OPEN_IF, false);
    g->open = true;
    p->region = ++p->regions;
    return true;
}

static Group *push_group(Pp *p, Token at)
{
    uint32_t depth = 0;
    for (const Group *g = p->groups; g; g = g->up)
        depth++;
    Group *g = p->spare;
    if (g)
        p->spare = g->up;
    else
        g = depth < GROUPS_MAX ? arena_alloc(p->arena, 1, sizeof *g) : NULL;
    if (!g) {
        pp_fatal(p, "#if nests too deeply", &at);
        return NULL;
    }
    *g = (Group){.up = p->groups, .at = at, .skipped = is_skipping(p), .region = p->region};
    return p->groups = g;
}

static bool begin_group(Pp *p, Token word, Token *out)
{
    bool skip = is_skipping(p);
    Truth t = FALSE_;
    if (!skip)
        t = token_named(&word, "if") ? read_if(p) : read_ifdef(p, token_named(&word, "ifndef"));
    Group *g = push_group(p, word);
    return g && !skip && take_branch(p, g, t, word, out);
}

static bool next_branch(Pp *p, Token word, Token *out)
{
    Group *g = p->groups;
    if (!g || g->skipped)
        return false;
    p->region = g->region;
    if (g->decided) {
        g->taking = false;
        return false;
    }
    Truth t = TRUE_;
    if (token_named(&word, "elif"))
        t = read_if(p);
    else if (!token_named(&word, "else"))
        t = read_ifdef(p, token_named(&word, "elifndef"));
    return take_branch(p, g, t, word, out);
}

static bool end_group(Pp *p, Token word, Token *out)
{
    Group *g = p->groups;
    if (!g)
        return false;
    p->groups = g->up;
    p->region = g->region;
    g->up = p->spare;
    p->spare = g;
    *out = marker(word, TOK_OPEN_END, g->decided);
    return g->open;
}

Token pp_open_condition(const Pp *p)
{
    for (const Group *g = p->groups; g; g = g->up)
        if (g->open)
            return g->at;
    return (Token){0};
}

/* ---- the file ---- */

/* At a directive's name. True: *out is a token to give. */
static bool carry_out(Pp *p, Token word, Token *out)
{
    if (token_named(&word, "if") || token_named(&word, "ifdef") || token_named(&word, "ifndef"))
        return begin_group(p, word, out);
    if (token_named(&word, "else") || token_named(&word, "elif") || token_named(&word, "elifdef") ||
        token_named(&word, "elifndef"))
        return next_branch(p, word, out);
    if (token_named(&word, "endif"))
        return end_group(p, word, out);
    if (is_skipping(p))
        return false;
    if (token_named(&word, "define"))
        pp_define(p);
    else if (token_named(&word, "undef"))
        pp_undef(p);
    *out = marker(word, TOK_INCLUDE, false);
    return token_named(&word, "include") || token_named(&word, "include_next");
}

static bool read_directive(Pp *p, Token *out)
{
    p->lexer.in_directive = true;
    Token word = lexer_next(&p->lexer);
    bool gives = word.kind == TOK_NAME && carry_out(p, word, out);
    if (p->lexer.in_directive)
        lexer_skip_line(&p->lexer);
    return gives;
}

Token pp_next_of_file(Pp *p)
{
    for (;;) {
        Token t = lexer_next(&p->lexer);
        if (t.kind == TOK_HASH) {
            if (read_directive(p, &t))
                return t;
        } else if (t.kind == TOK_EOF || !is_skipping(p)) {
            return t;
        }
        if (p->fatal.what)
            return (Token){.p = "", .kind = TOK_EOF};
    }
}
