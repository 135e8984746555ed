/* cli/enum_lex.c - cuts C and C++ source into tokens.
 *
 * Phases 2 and 3 of translation (C11 5.1.1.2) in one go: a backslash-newline is white space here. Where one splits a
 * name or number, which phase 2 would join, the token is TOK_BAD, so that it is never misread. */
#include "cli/enum_lex.h"

#include <string.h>

void lexer_init(Lexer *l, const char *p, size_t n)
{
    *l = (Lexer){.p = p, .end = p + n, .line = 1, .at_line_start = true};
    if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        l->p += 3;
    l->line_start = l->p;
}

bool token_named(const Token *t, const char *z)
{
    size_t n = strlen(z);
    return t->kind == TOK_NAME && t->n == n && memcmp(t->p, z, n) == 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool is_name(char c) { return is_name_start(c) || is_digit(c); }

static bool at(const Lexer *l, size_t i, char c) { return (size_t)(l->end - l->p) > i && l->p[i] == c; }

static void pass_newline(Lexer *l)
{
    l->p++;
    l->line++;
    l->line_start = l->p;
}

/* Length of a backslash-newline at p, or 0. */
static size_t splice_len(const Lexer *l, const char *p)
{
    if (p >= l->end || *p != '\\')
        return 0;
    if (l->end - p >= 2 && p[1] == '\n')
        return 2;
    return l->end - p >= 3 && p[1] == '\r' && p[2] == '\n' ? 3 : 0;
}

static bool pass_splice(Lexer *l)
{
    size_t n = splice_len(l, l->p);
    if (n == 0)
        return false;
    l->p += n - 1;
    pass_newline(l);
    return true;
}

static void pass_block_comment(Lexer *l)
{
    l->p += 2;
    while (l->p < l->end) {
        if (at(l, 0, '*') && at(l, 1, '/')) {
            l->p += 2;
            return;
        }
        if (*l->p == '\n')
            pass_newline(l);
        else
            l->p++;
    }
}

static void pass_line_comment(Lexer *l)
{
    while (l->p < l->end && *l->p != '\n')
        if (!pass_splice(l))
            l->p++;
}

/* Passes white space and comments, up to a newline where that is a token. True when there was any. */
static bool pass_space(Lexer *l)
{
    const char *from = l->p;
    while (l->p < l->end) {
        char c = *l->p;
        if (c == '\n' && l->in_directive)
            break;
        if (c == '\n') {
            pass_newline(l);
            l->at_line_start = true;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
            l->p++;
        } else if (at(l, 0, '/') && at(l, 1, '*')) {
            pass_block_comment(l);
        } else if (at(l, 0, '/') && at(l, 1, '/')) {
            pass_line_comment(l);
        } else if (!pass_splice(l)) {
            break;
        }
    }
    return l->p > from;
}

/* True when the name or number that ends here goes on after a backslash-newline. */
static bool is_split(const Lexer *l)
{
    size_t n = splice_len(l, l->p);
    return n > 0 && (size_t)(l->end - l->p) > n && is_name(l->p[n]);
}

static uint8_t lex_number(Lexer *l)
{
    while (l->p < l->end) {
        char c = *l->p;
        bool sign = (c == '+' || c == '-') && strchr("eEpP", l->p[-1]);
        bool separator = c == '\'' && l->end - l->p >= 2 && is_name(l->p[1]);
        if (!is_name(c) && c != '.' && !sign && !separator)
            break;
        l->p++;
    }
    return is_split(l) ? TOK_BAD : TOK_NUMBER;
}

/* At the opening quote. A literal ends on its line, or is bad. */
static uint8_t lex_quoted(Lexer *l, char quote)
{
    l->p++;
    while (l->p < l->end && *l->p != '\n') {
        if (*l->p == quote) {
            l->p++;
            return quote == '"' ? TOK_STRING : TOK_CHAR;
        }
        if (pass_splice(l))
            continue;
        if (*l->p == '\\' && l->end - l->p >= 2 && l->p[1] != '\n')
            l->p++;
        l->p++;
    }
    return TOK_BAD;
}

/* At the quote of R"delimiter( ... )delimiter" (C++20 5.13.5). */
static uint8_t lex_raw_string(Lexer *l)
{
    const char *delimiter = ++l->p;
    while (l->p < l->end && *l->p != '(' && *l->p != '\n' && l->p - delimiter <= 16)
        l->p++;
    size_t n = (size_t)(l->p - delimiter);
    if (!at(l, 0, '('))
        return TOK_BAD;
    while (l->p < l->end) {
        if (*l->p == '\n') {
            pass_newline(l);
        } else if (*l->p++ == ')' && (size_t)(l->end - l->p) > n && memcmp(l->p, delimiter, n) == 0 && l->p[n] == '"') {
            l->p += n + 1;
            return TOK_STRING;
        }
    }
    return TOK_BAD;
}

static uint8_t lex_name(Lexer *l)
{
    const char *from = l->p;
    while (l->p < l->end && is_name(*l->p))
        l->p++;
    size_t n = (size_t)(l->p - from);
    if (n <= 3 && at(l, 0, '"') && from[n - 1] == 'R')
        return lex_raw_string(l);
    bool prefix = (n == 1 && strchr("LuU", *from)) || (n == 2 && memcmp(from, "u8", 2) == 0);
    if (prefix && (at(l, 0, '"') || at(l, 0, '\'')))
        return lex_quoted(l, *l->p);
    return is_split(l) ? TOK_BAD : TOK_NAME;
}

static uint8_t lex_punct(Lexer *l, uint16_t *op)
{
    static const char pairs[][3] = {"<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "::", "##", "->", "++", "--"};
    char c = *l->p++;
    *op = (uint8_t)c;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (c == pairs[i][0] && at(l, 0, pairs[i][1])) {
            l->p++;
            *op = OP2(pairs[i][0], pairs[i][1]);
            break;
        }
    return c > ' ' && c < 0x7f && c != '\\' && c != '`' && c != '@' ? TOK_PUNCT : TOK_BAD;
}

static uint8_t lex_one(Lexer *l, uint16_t *op)
{
    char c = *l->p;
    if (is_digit(c) || (c == '.' && l->end - l->p >= 2 && is_digit(l->p[1]))) {
        l->p++;
        return lex_number(l);
    }
    if (is_name_start(c))
        return lex_name(l);
    if (c == '"' || c == '\'')
        return lex_quoted(l, c);
    return lex_punct(l, op);
}

Token lexer_next(Lexer *l)
{
    bool spaced = pass_space(l);
    Token t = {.p = l->p, .line = l->line, .column = (uint32_t)(l->p - l->line_start) + 1, .spaced = spaced};
    if (l->p >= l->end)
        return t;
    if (*l->p == '\n') {
        t.kind = TOK_NEWLINE;
        pass_newline(l);
        l->at_line_start = true;
        l->in_directive = false;
    } else {
        bool first = l->at_line_start;
        l->at_line_start = false;
        t.kind = lex_one(l, &t.op);
        if (first && t.kind == TOK_PUNCT && t.op == '#')
            t.kind = TOK_HASH;
    }
    t.n = (uint32_t)(l->p - t.p);
    return t;
}

void lexer_skip_line(Lexer *l)
{
    while (l->p < l->end && *l->p != '\n') {
        if (at(l, 0, '/') && at(l, 1, '*'))
            pass_block_comment(l);
        else if (at(l, 0, '/') && at(l, 1, '/'))
            pass_line_comment(l);
        else if (!pass_splice(l))
            l->p++;
    }
    if (l->p < l->end)
        pass_newline(l);
    l->at_line_start = true;
    l->in_directive = false;
}
