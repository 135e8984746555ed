/* elf/demangle_rust_v0.h - the v0 reader's state and the parts that constants share with paths and types. */
#ifndef LVSCAN_ELF_DEMANGLE_RUST_V0_H
#define LVSCAN_ELF_DEMANGLE_RUST_V0_H

#include "elf/demangle_rust.h"

typedef struct V0 {
    CxxOut *o;
    Str s;
    size_t at;
    uint32_t depth, steps;
    uint32_t skipping; /* > 0: read, but not printed */
    uint64_t bound;    /* lifetimes bound by the binders around */
    bool failed;
} V0;

typedef struct Ident {
    Str text;
    bool punycode;
} Ident;

/* Each reads from v->at on and prints unless v->skipping; sets v->failed where the name breaks a rule. */
void v0_put(V0 *v, const char *z);
char v0_peek(const V0 *v);
bool v0_eat(V0 *v, char c);
char v0_take(V0 *v); /* 0 at the end */

/* One level deeper; false, and failed: too deep, or too much work. The caller counts v->depth down again. */
bool v0_enter(V0 *v);

uint64_t v0_optional(V0 *v, char tag); /* 0 without the tag; else the base-62 number after it, plus 1 */
Ident v0_ident(V0 *v);
void v0_put_ident(V0 *v, Ident id);
void v0_put_number(V0 *v, uint64_t n);

/* After the B of a back-reference: goes there, *saved says where to go on; false: nothing to be read there. */
bool v0_go_back(V0 *v, size_t *saved);

void v0_path(V0 *v, bool in_value);

/* demangle_rust_value.c: a constant. in_value: inside another one, where no braces are needed. */
void v0_const(V0 *v, bool in_value);

#endif
