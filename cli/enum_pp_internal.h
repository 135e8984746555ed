/* cli/enum_pp_internal.h - what the preprocessor's own files share. */
#ifndef LVSCAN_CLI_ENUM_PP_INTERNAL_H
#define LVSCAN_CLI_ENUM_PP_INTERNAL_H

#include "cli/enum_pp.h"

enum { PP_LIST_MAX = 1 << 18 };

typedef struct Tokens {
    Token *p;
    size_t n, cap;
} Tokens;

/* Tokens to be read before anything outer. */
struct Frame {
    Frame *up;
    Token *tokens;
    size_t n, i;
    Macro *macro; /* whose expansion it is */
    bool barrier; /* its end is an end of input */
};

/* An #if group. */
struct Group {
    Group *up;
    Token at;        /* the condition that made it open */
    uint32_t region; /* of the branches around it */
    bool skipped;    /* it lies in a branch not taken */
    bool taking;     /* the current branch is read */
    bool decided;    /* a branch that is certainly taken was met: no more branches */
    bool open;       /* its markers were given out */
};

bool pp_fatal(Pp *p, const char *what, const Token *at);
Macro *pp_macro(const Pp *p, const Token *t);
Frame *pp_push(Pp *p, Token *tokens, size_t n, Macro *m);
void pp_pop(Pp *p);
void pp_tidy(Pp *p); /* resets the scratch arena when nothing in it is in use */
bool tokens_add(Pp *p, Tokens *list, const Token *t);

/* enum_directive.c: the next token of the file, directives carried out. */
Token pp_next_of_file(Pp *p);
void pp_predefine(Pp *p);

/* enum_macro.c: #define and #undef; the macro's body with arguments put in, `#` and `##` done, each token placed at `at`. */
void pp_define(Pp *p);
void pp_undef(Pp *p);
bool pp_substitute(Pp *p, const Macro *m, const Tokens *args, const Tokens *expanded, Token at, Tokens *out);

#endif
