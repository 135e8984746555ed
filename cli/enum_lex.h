/* cli/enum_lex.h - C and C++ tokens with their places. */
#ifndef LVSCAN_CLI_ENUM_LEX_H
#define LVSCAN_CLI_ENUM_LEX_H

#include "elf/base.h"

typedef enum TokKind {
    TOK_EOF,
    TOK_NAME,
    TOK_NUMBER, /* a preprocessing number, not yet checked */
    TOK_CHAR,
    TOK_STRING,
    TOK_PUNCT,
    TOK_BAD,     /* no token: stray byte, unterminated literal, a name split over two lines */
    TOK_NEWLINE, /* only inside a directive */
    TOK_HASH,    /* '#' first on its line */
    /* made by the preprocessor (enum_pp.c): */
    TOK_OPEN_IF,   /* the first branch of an open condition starts */
    TOK_OPEN_ELSE, /* its next branch starts */
    TOK_OPEN_END,  /* it ends; `op` is 1 when one of its branches is certainly taken */
    TOK_INCLUDE,
    TOK_UNKNOWN, /* a macro with more than one possible body */
} TokKind;

typedef struct Token {
    const char *p;
    uint32_t n;
    uint32_t line, column;
    uint16_t op;  /* TOK_PUNCT: the character, or OP2 of two */
    uint8_t kind; /* TokKind */
    bool hidden;  /* a macro's name that must not be expanded again */
    bool spaced;  /* white space comes before it */
} Token;

#define OP2(a, b) ((uint16_t)((a) << 8 | (b)))

typedef struct Lexer {
    const char *p, *end, *line_start;
    uint32_t line;
    bool at_line_start; /* nothing but white space since the line's start */
    bool in_directive;  /* a newline is a token */
} Lexer;

void lexer_init(Lexer *l, const char *p, size_t n);

/* The next token; TOK_EOF at the end, again and again. Comments and backslash-newlines are white space. */
Token lexer_next(Lexer *l);

/* Drops the rest of the directive's line, with its newline. */
void lexer_skip_line(Lexer *l);

static inline Str token_str(Token t) { return (Str){t.p, t.n}; }
static inline bool token_is(Token t, uint16_t op) { return t.kind == TOK_PUNCT && t.op == op; }
bool token_named(const Token *t, const char *z);

#endif
