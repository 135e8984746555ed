/* cli/enum_pp.h - the preprocessor under cli/enum.c: macros, conditions that are decided or open, expansion. */
#ifndef LVSCAN_CLI_ENUM_PP_H
#define LVSCAN_CLI_ENUM_PP_H

#include "cli/enum_lex.h"

enum { PP_DEPTH_MAX = 200, PP_MACROS_MAX = 1000000, PP_TOKENS_MAX = 1 << 26 };

/* Why something could not be read; what NULL: nothing is wrong. %s in `what` stands for the token. */
typedef struct Fault {
    const char *what;
    Token at;
} Fault;

typedef struct Macro {
    Str name;
    const char *body; /* up to the end of its (logical) line */
    const char *end;  /* of the text that body lies in */
    Token at;         /* the name in its #define */
    Str *params;
    uint32_t param_count;
    uint32_t region; /* the open branch that it was defined in, 0: none */
    bool defined, function, variadic, ambiguous, active;
} Macro;

typedef struct Constant Constant;

/* What a name means; the table of all names is a hash trie. */
typedef struct Name {
    Str text;
    uint64_t hash;
    struct Name *child[4];
    Macro *macro;
    Constant *constants; /* newest first (cli/enum_scan.c) */
} Name;

typedef struct Frame Frame;
typedef struct Group Group;

typedef struct Pp {
    Lexer lexer;
    Token tok; /* the current token, set by pp_advance and pp_advance_raw */
    Arena *arena;
    Arena scratch; /* expansions; reset between top-level ones */
    Name *names;
    uint64_t seed;
    Frame *frames;       /* innermost expansion */
    Group *groups;       /* innermost #if */
    Group *spare;        /* groups that ended */
    uint32_t depth;      /* of expansion */
    uint32_t collecting; /* > 0: tokens in scratch are in use */
    uint32_t isolated;   /* > 0: the end of the frames is the end of input */
    uint32_t region, regions;
    uint32_t macro_count;
    uint64_t steps;
    Fault fatal; /* a bound was passed: only TOK_EOF comes from now on */
    /* every #define whose name it wants, in order: */
    bool (*wants)(void *context, Str name);
    void *context;
    Macro *defs;
    size_t def_count, def_cap;
} Pp;

void pp_init(Pp *p, Bytes source, Arena *arena);
void pp_free(Pp *p);

/* Sets p->tok to the next token, macros expanded, or as it stands in the file. */
typedef void PpAdvance(Pp *p);
PpAdvance pp_advance, pp_advance_raw;

/* From an opening parenthesis or bracket to after the one that closes it. False where a brace, a semicolon or the end
 * stands before that, which is then the token. */
bool pp_pass_parens(Pp *p, PpAdvance *advance);

/* Reads the macro's body, expanded, instead of the file, until pp_leave; the end is TOK_EOF. */
bool pp_enter_body(Pp *p, const Macro *m);
void pp_leave(Pp *p);

/* The name's entry, or NULL; pp_intern makes it (NULL: out of memory). */
Name *pp_find(const Pp *p, Str text);
Name *pp_intern(Pp *p, Str text);

/* The open condition that the current place depends on, for remarks; at.p NULL: none. */
Token pp_open_condition(const Pp *p);

void fault_set(Fault *f, const char *what, const Token *at);

#endif
