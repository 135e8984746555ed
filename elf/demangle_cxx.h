/* elf/demangle_cxx.h - the parts of the C++ demangler: text -> tree of nodes -> text.
 *
 * The grammar is that of the Itanium C++ ABI, chapter 5.1 (and the extensions of gcc and clang); the form of the
 * output is that of binutils' c++filt, which the tests compare with. */
#ifndef LVSCAN_ELF_DEMANGLE_CXX_H
#define LVSCAN_ELF_DEMANGLE_CXX_H

#include "elf/base.h"

enum {
    DEMANGLE_OUT_MAX = 64 << 10,  /* bytes of output */
    DEMANGLE_DEPTH_MAX = 512,     /* of recursion, in parsing and in printing */
    DEMANGLE_STEPS_MAX = 1 << 20, /* nodes visited while printing */
    DEMANGLE_PARSE_MAX = 1 << 18, /* grammar rules tried while parsing */
    DEMANGLE_NAME_MAX = 1 << 20,  /* bytes of input */
};

typedef enum CxxKind {
    /* names */
    CXX_NAME,         /* text */
    CXX_QUALIFIED,    /* a::b */
    CXX_LOCAL,        /* a::b, a being an encoding */
    CXX_TYPED,        /* a: name, b: function type */
    CXX_TEMPLATE,     /* a<b> */
    CXX_CTOR,         /* of a */
    CXX_DTOR,         /* of a */
    CXX_OPERATOR,     /* op */
    CXX_CONVERSION,   /* operator a */
    CXX_TAGGED,       /* a[abi:text] */
    CXX_MODULE,       /* a@b */
    CXX_MODULE_PART,  /* b.text, or b:text (number 1) */
    CXX_CLONE,        /* a [clone text] */
    CXX_SPECIAL,      /* text a */
    CXX_CONSTRUCTION, /* construction vtable for a-in-b */
    CXX_REFTEMP,      /* reference temporary #number for a */
    CXX_LAMBDA,       /* {lambda(a)#number}, b: template head */
    CXX_UNNAMED,      /* {unnamed type#number} */
    CXX_DEFAULT_ARG,  /* {default arg#number}::a */
    CXX_BINDING,      /* [a] */
    CXX_THIS_QUALS,   /* a, with the quals of a function that has no type */
    /* types */
    CXX_BUILTIN, /* text; number: how its literals print */
    CXX_PARAM,   /* template parameter `number` of the function around */
    CXX_CONST,
    CXX_VOLATILE,
    CXX_RESTRICT,
    CXX_POINTER,
    CXX_LREF,
    CXX_RREF,
    CXX_COMPLEX,
    CXX_IMAGINARY,   /* of a */
    CXX_VENDOR_QUAL, /* a text-of-b */
    CXX_FUNCTION,    /* returns a (NULL: not said) and takes b; number: quals */
    CXX_EXCEPT,      /* function type a, exception specification text, b */
    CXX_ARRAY,       /* of a, dimension b or NULL */
    CXX_MEMBER,      /* a::*, to b */
    CXX_VECTOR,      /* of b, a elements */
    CXX_DECLTYPE,    /* (a) */
    CXX_BITINT,      /* of a bits; number: 1 where it is unsigned */
    CXX_EXPANSION,   /* a... */
    CXX_ARGS,        /* a, then b: a list of function arguments or expressions */
    CXX_TARGS,       /* the same of template arguments; an argument that is one itself is a pack */
    CXX_HEAD,        /* a lambda's template parameter of kind text, b: its type; c: the next */
    /* expressions */
    CXX_LITERAL, /* of type a: text; number 1: negative */
    CXX_NUMBER,  /* number */
    CXX_FPARAM,  /* function parameter `number`, 0: this */
    CXX_NULLARY,
    CXX_UNARY,
    CXX_POSTFIX,
    CXX_BINARY,
    CXX_TRINARY,     /* op with a, b, c */
    CXX_CAST,        /* (a)b; number 1: b is a list */
    CXX_INIT,        /* a{b} */
    CXX_FOLD,        /* text l r L R; op, a, b */
    CXX_GLOBAL,      /* ::a */
    CXX_NEW,         /* op, placement a, type b, initialiser c */
    CXX_VENDOR_CALL, /* text(a) */
} CxxKind;

/* Quals of a function type. */
enum { QUAL_CONST = 1, QUAL_VOLATILE = 2, QUAL_RESTRICT = 4, QUAL_LREF = 8, QUAL_RREF = 16, QUAL_SAFE = 32 };

/* How a literal of a builtin type prints. */
enum { LIT_CAST, LIT_INT, LIT_U, LIT_L, LIT_UL, LIT_LL, LIT_ULL, LIT_BOOL, LIT_FLOAT };

typedef struct CxxOp {
    char code[3];
    uint8_t args;
    const char *name;
} CxxOp;

typedef struct CxxNode {
    uint8_t kind; /* CxxKind */
    struct CxxNode *a, *b, *c;
    const CxxOp *op;
    Str text;
    uint64_t number;
} CxxNode;

/* A growing output. */
typedef struct CxxOut {
    Arena *arena;
    char *p;
    size_t n, cap;
    char last;   /* the last byte written, also when it was taken back: what c++filt spaces '>' by */
    bool failed; /* too long, too deep, too much work, no memory, or an argument that is missing */
} CxxOut;

void out_str(CxxOut *o, Str s);
void out_z(CxxOut *o, const char *z);
void out_char(CxxOut *o, char c);
void out_number(CxxOut *o, uint64_t n);

/* demangle_cxx.c: the tree of a mangled name ("_Z..."), NULL when it is none. */
CxxNode *cxx_parse(Str name, Arena *arena);

/* The template that a function's name ends with, or NULL: its arguments are the function's template parameters. */
const CxxNode *cxx_name_template(const CxxNode *name);

/* demangle_cxx_ops.c */
const CxxOp *cxx_op(char a, char b);
const char *cxx_builtin(char c, uint64_t *literal);

/* demangle_cxx_print.c: false: o->failed. */
bool cxx_print(CxxOut *o, const CxxNode *n);

/* demangle_rust.c: both forms; none when it is no Rust name. */
Str rust_demangle(Str name, Arena *arena);

#endif
