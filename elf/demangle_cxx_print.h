/* elf/demangle_cxx_print.h - the printer's state, shared by its two files. */
#ifndef LVSCAN_ELF_DEMANGLE_CXX_PRINT_H
#define LVSCAN_ELF_DEMANGLE_CXX_PRINT_H

#include "elf/demangle_cxx.h"

#define PACK_WHOLE UINT64_MAX /* as a pack_index: all elements, as a fold's operand */

/* What T_, T0_, ... stand for. Looked up while printing, since one node can stand in two functions' signatures. An argument
 * is printed in the scope around its function's. */
typedef struct TemplateScope {
    const struct TemplateScope *up;
    const CxxNode *args;
} TemplateScope;

typedef struct Printer {
    CxxOut *o;
    uint32_t depth, steps;
    uint32_t lambda;     /* > 0: in a lambda's parameters, where template parameters are "auto" */
    const CxxNode *head; /* of that lambda */
    const TemplateScope *scope;
    uint64_t pack_index; /* which element of the packs */
} Printer;

/* A node whole; a type is what comes before a declarator's name, and what comes after it. */
void print_node(Printer *p, const CxxNode *n);
void print_left(Printer *p, const CxxNode *n);
void print_right(Printer *p, const CxxNode *n);

/* A list with commas; elements that print nothing, at its end, leave none. */
void print_list(Printer *p, const CxxNode *list);
void print_template_args(Printer *p, const CxxNode *args);

/* The argument, perhaps a pack, of a template parameter in that scope; NULL: there is none. */
const CxxNode *param_argument(const TemplateScope *scope, const CxxNode *param);

/* demangle_cxx_print_expr.c */
void print_expression(Printer *p, const CxxNode *n);

static inline void print_fail(Printer *p) { p->o->failed = true; }
bool print_enter(Printer *p);
static inline void print_leave(Printer *p) { p->depth--; }

#endif
