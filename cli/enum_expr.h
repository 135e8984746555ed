/* cli/enum_expr.h - integer constant expressions of C (C11 6.6) and C++, with their types. */
#ifndef LVSCAN_CLI_ENUM_EXPR_H
#define LVSCAN_CLI_ENUM_EXPR_H

#include "cli/enum_pp.h"

/* v: sign-extended to 64 bits when the type is signed, zero-extended when it is not. wide: 64 bits, else 32.
 * known false: it depends on an open condition. */
typedef struct Val {
    uint64_t v;
    bool uns, wide, known;
} Val;

/* An integer type by its size in bits (1 for bool) and sign; bits 0: no type. */
typedef struct IntType {
    uint8_t bits;
    bool uns;
} IntType;

/* The value of a name ("A", or the qualifiers of "B::A" in `scope`). False: *why says why it has none. */
typedef bool ConstantLookup(void *context, Str scope, Token name, Val *out, const char **why);

/* Reads an assignment-expression (no comma) from p->tok on and leaves p->tok after it. False: *fault says why. */
bool expr_read(Pp *p, ConstantLookup *lookup, void *context, Val *out, Fault *fault);

/* The same for #if: 64 bits, names are unknown, and there are no casts. */
bool expr_read_condition(Pp *p, Val *out, Fault *fault);

/* Adds the word of a type ("unsigned", "uint8_t", "const", ...) to the words seen; false when it is none. */
typedef struct TypeWords {
    uint8_t n, longs, shorts, chars, ints, signs, unsigns;
    IntType fixed;
} TypeWords;
bool type_word(TypeWords *w, const Token *t);
IntType type_of_words(const TypeWords *w);

/* Whether v is representable in t; v as an enumerator's type: int where it fits, else unsigned, long, unsigned long. */
bool val_fits(Val v, IntType t);
Val val_shrink(Val v);

/* enum_literal.c: the value of a number or character token. False: *why. */
bool literal_number(const Token *t, Val *out, const char **why);
bool literal_char(const Token *t, Val *out, const char **why);

#endif
