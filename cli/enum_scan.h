/* cli/enum_scan.h - all enums of a source file, with their constants' values. */
#ifndef LVSCAN_CLI_ENUM_SCAN_H
#define LVSCAN_CLI_ENUM_SCAN_H

#include "cli/enum_expr.h"

enum { ENUM_CONSTANTS_MAX = 1000000 };

typedef struct EnumDef EnumDef;

/* An enumerator. */
struct Constant {
    Constant *next;  /* of its enum, in order */
    Constant *older; /* of the same name */
    EnumDef *owner;
    Val val;
    Token at; /* its name and place */
};

typedef struct TypedefName {
    struct TypedefName *next;
    Str name;
} TypedefName;

/* A namespace, class or other braces. */
typedef struct Scope {
    struct Scope *up;
    Str name; /* n 0: it gives no part to qualified names */
    Str path; /* "a::b::", or p NULL: not made yet */
} Scope;

struct EnumDef {
    EnumDef *next;
    Str tag;  /* n 0: anonymous */
    Str path; /* of the scope around it: "a::b::" */
    TypedefName *typedefs;
    Token at; /* the word enum */
    Constant *first, *last;
    IntType fixed;    /* the underlying type, bits 0: none given, or not one that is known */
    bool scoped;      /* enum class */
    Fault fault;      /* the first thing in it that could not be read */
    Token open;       /* the open condition that a value depends on; p NULL: none */
    uint32_t unknown; /* constants without a known value */
};

typedef struct Scan {
    Pp pp;
    Arena *arena;
    EnumDef *first, *last;
    EnumDef *current;
    Scope *scope;
    uint32_t scopes, constants;
    bool after_typedef;
    Str pending; /* the name that the next brace's scope will have */
    uint8_t pending_state;
    Scope *saved[64]; /* at the start of each open condition */
    uint32_t open_depth;
} Scan;

/* Reads the whole file. False: s->pp.fatal says why not. */
bool scan_file(Scan *s);

/* For expr_read: the value of an enumerator as seen from the current enum. */
bool scan_lookup(void *scan, Str scope, Token name, Val *out, const char **why);

/* enum_body.c: from after '{' to after '}'. */
bool scan_body(Scan *s, EnumDef *e);

#endif
