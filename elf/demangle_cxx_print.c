/* elf/demangle_cxx_print.c - prints names and types in the form of c++filt.
 *
 * The tree is a graph (substitutions share nodes), so that printing could take exponential time: steps, depth and
 * output are bounded. */
#include "elf/demangle_cxx_print.h"

#include <string.h>

/* ---- output ---- */

void out_str(CxxOut *o, Str s)
{
    if (o->failed || s.n > DEMANGLE_OUT_MAX - o->n) {
        o->failed = true;
        return;
    }
    if (s.n > o->cap - o->n) {
        size_t cap = o->cap * 2 > o->n + s.n ? o->cap * 2 : o->n + s.n + 128;
        char *p = arena_alloc(o->arena, cap, 1);
        if (!p) {
            o->failed = true;
            return;
        }
        if (o->n)
            memcpy(p, o->p, o->n);
        o->p = p;
        o->cap = cap;
    }
    if (s.n) {
        memcpy(o->p + o->n, s.p, s.n);
        o->last = s.p[s.n - 1];
    }
    o->n += s.n;
}

void out_z(CxxOut *o, const char *z) { out_str(o, str_of(z)); }

void out_char(CxxOut *o, char c) { out_str(o, (Str){&c, 1}); }

void out_number(CxxOut *o, uint64_t n)
{
    char text[24];
    size_t i = sizeof text;
    do
        text[--i] = (char)('0' + n % 10);
    while (n /= 10);
    out_str(o, (Str){text + i, sizeof text - i});
}

bool print_enter(Printer *p)
{
    if (++p->depth > DEMANGLE_DEPTH_MAX || ++p->steps > DEMANGLE_STEPS_MAX)
        print_fail(p);
    return !p->o->failed;
}

/* ---- template parameters ---- */

static const CxxNode *pack_element(const CxxNode *pack, uint64_t i)
{
    for (; pack && i > 0; i--)
        pack = pack->b;
    return pack ? pack->a : NULL;
}

const CxxNode *param_argument(const TemplateScope *scope, const CxxNode *param)
{
    return scope ? pack_element(scope->args, param->number) : NULL;
}

/* A node, and the scope to print it in. */
typedef struct Scoped {
    const CxxNode *node; /* NULL: a parameter has no argument */
    const TemplateScope *scope;
} Scoped;

static Scoped value_of(const Printer *p, Scoped param)
{
    const CxxNode *a = param_argument(param.scope, param.node);
    if (a && a->kind == CXX_TARGS && p->pack_index != PACK_WHOLE)
        a = pack_element(a, p->pack_index);
    return (Scoped){a, param.scope ? param.scope->up : NULL};
}

/* In a lambda: "auto:1", or "$T0" of its template head. */
static void print_auto(Printer *p, const CxxNode *n)
{
    uint64_t i = n->number;
    const CxxNode *h = p->head;
    for (; h && i > 0; h = h->c)
        i--;
    if (h) {
        out_z(p->o, h->b ? "$N" : "$T");
        out_number(p->o, n->number);
        return;
    }
    out_z(p->o, "auto:");
    out_number(p->o, n->number + 1);
}

/* Is a parameter, here, one of a lambda? */
static bool is_auto(const Printer *p) { return p->lambda > 0; }

static bool is_quals(const CxxNode *n)
{
    return n->kind == CXX_CONST || n->kind == CXX_VOLATILE || n->kind == CXX_RESTRICT || n->kind == CXX_VENDOR_QUAL;
}

/* The type that a chain of parameters stands for. */
static Scoped resolve(const Printer *p, Scoped s)
{
    for (int i = 0; s.node && s.node->kind == CXX_PARAM && !is_auto(p); i++)
        s = i < 64 ? value_of(p, s) : (Scoped){0};
    return s;
}

/* The type under cv-qualifiers and parameters: what a declarator binds to. */
static Scoped bare(const Printer *p, Scoped s)
{
    s = resolve(p, s);
    for (int i = 0; s.node && is_quals(s.node); i++)
        s = i < 64 ? resolve(p, (Scoped){s.node->a, s.scope}) : (Scoped){0};
    return s;
}

static bool is_kind(const Printer *p, const CxxNode *n, CxxKind kind)
{
    Scoped s = bare(p, (Scoped){n, p->scope});
    return s.node && s.node->kind == kind;
}

/* ---- lists ---- */

void print_list(Printer *p, const CxxNode *list)
{
    const CxxNode *first = list;
    for (; list && !p->o->failed; list = list->b) {
        size_t before = p->o->n;
        if (list != first)
            out_z(p->o, ", ");
        size_t n = p->o->n;
        if (list->a)
            print_node(p, list->a);
        if (p->o->n == n && !list->b)
            p->o->n = before;
    }
}

void print_template_args(Printer *p, const CxxNode *args)
{
    if (p->o->last == '<')
        out_char(p->o, ' ');
    out_char(p->o, '<');
    print_list(p, args);
    out_z(p->o, p->o->last == '>' ? " >" : ">");
}

/* ---- functions ---- */

static void print_quals(Printer *p, uint64_t quals)
{
    static const struct {
        uint8_t bit;
        const char *text;
    } all[] = {{QUAL_SAFE, " transaction_safe"}, {QUAL_CONST, " const"}, {QUAL_VOLATILE, " volatile"},
               {QUAL_RESTRICT, " restrict"},     {QUAL_LREF, " &"},      {QUAL_RREF, " &&"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (quals & all[i].bit)
            out_z(p->o, all[i].text);
}

static void print_function_right(Printer *p, const CxxNode *f)
{
    out_char(p->o, '(');
    print_list(p, f->b);
    out_char(p->o, ')');
    print_quals(p, f->number);
    if (f->text.p) {
        out_str(p->o, f->text);
        if (f->c || f->text.n == 6) {
            out_char(p->o, '(');
            if (f->c && f->c->kind == CXX_ARGS)
                print_list(p, f->c);
            else if (f->c)
                print_node(p, f->c);
            out_char(p->o, ')');
        }
    }
    if (f->a)
        print_right(p, f->a);
}

static bool is_declarator(const CxxNode *n)
{
    return n->kind == CXX_POINTER || n->kind == CXX_LREF || n->kind == CXX_RREF || n->kind == CXX_MEMBER;
}

/* The return type, and a space unless its declarator goes on. */
static void print_function_left(Printer *p, const CxxNode *f)
{
    if (!f->a)
        return;
    print_left(p, f->a);
    Scoped r = bare(p, (Scoped){f->a, p->scope});
    for (int i = 0; i < 64 && r.node && is_declarator(r.node); i++)
        r = bare(p, (Scoped){r.node->kind == CXX_MEMBER ? r.node->b : r.node->a, r.scope});
    if (!r.node || (r.node->kind != CXX_FUNCTION && r.node->kind != CXX_ARRAY))
        out_char(p->o, ' ');
}

static void print_typed(Printer *p, const CxxNode *n)
{
    const CxxNode *template = cxx_name_template(n->a);
    TemplateScope scope = {p->scope, template ? template->b : NULL};
    if (template)
        p->scope = &scope; // cppcheck-suppress autoVariables ; taken back below
    print_function_left(p, n->b);
    print_node(p, n->a);
    print_function_right(p, n->b);
    if (template)
        p->scope = scope.up;
}

/* ---- declarators ---- */

/* "(" before the declarator of a function or an array. */
static void open_declarator(Printer *p, const CxxNode *to)
{
    char last = p->o->last;
    if (is_kind(p, to, CXX_ARRAY)) {
        out_z(p->o, " (");
    } else if (is_kind(p, to, CXX_FUNCTION)) {
        if (last != '*' && last != ' ')
            out_char(p->o, ' ');
        out_char(p->o, '(');
    }
}

static bool binds(Printer *p, const CxxNode *to) { return is_kind(p, to, CXX_ARRAY) || is_kind(p, to, CXX_FUNCTION); }

/* References to references: & wins (C++ [dcl.ref]). Gives the reference that is printed, and what it refers to. */
static const CxxNode *collapse(const Printer *p, const CxxNode *n, Scoped *to)
{
    *to = (Scoped){n->a, p->scope};
    for (int i = 0; i < 64; i++) {
        Scoped sub = resolve(p, *to);
        if (!sub.node || (sub.node->kind != CXX_LREF && sub.node->kind != CXX_RREF))
            break;
        if (sub.node->kind == CXX_LREF)
            n = sub.node;
        *to = (Scoped){sub.node->a, sub.scope};
    }
    return n;
}

static void print_reference(Printer *p, const CxxNode *n, bool left)
{
    Scoped to;
    const TemplateScope *saved = p->scope;
    const CxxNode *r = print_enter(p) ? collapse(p, n, &to) : NULL;
    if (r)
        p->scope = to.scope;
    if (r && left) {
        print_left(p, to.node);
        open_declarator(p, to.node);
        out_z(p->o, r->kind == CXX_LREF ? "&" : "&&");
    } else if (r) {
        if (binds(p, to.node))
            out_char(p->o, ')');
        print_right(p, to.node);
    }
    p->scope = saved;
    print_leave(p);
}

static void print_member_left(Printer *p, const CxxNode *n)
{
    print_left(p, n->b);
    open_declarator(p, n->b);
    if (p->o->last != '(')
        out_char(p->o, ' ');
    print_node(p, n->a);
    out_z(p->o, "::*");
}

static void print_array_right(Printer *p, const CxxNode *n)
{
    if (p->o->last != ']')
        out_char(p->o, ' ');
    out_char(p->o, '[');
    if (n->b)
        print_node(p, n->b);
    out_char(p->o, ']');
    print_right(p, n->a);
}

static void print_qualified_left(Printer *p, const CxxNode *n)
{
    static const char *const words[] = {" const", " volatile", " restrict"};
    print_left(p, n->a);
    if (n->kind != CXX_VENDOR_QUAL) {
        /* const T with T const is T */
        Scoped sub = resolve(p, (Scoped){n->a, p->scope});
        if (!sub.node || sub.node->kind != n->kind)
            out_z(p->o, words[n->kind - CXX_CONST]);
        return;
    }
    out_char(p->o, ' ');
    print_node(p, n->b);
}

static void print_param(Printer *p, const CxxNode *n, bool left)
{
    if (is_auto(p)) {
        if (left)
            print_auto(p, n);
        return;
    }
    const TemplateScope *saved = p->scope;
    Scoped v = value_of(p, (Scoped){n, p->scope});
    p->scope = v.scope;
    if (!v.node)
        print_fail(p);
    else if (left)
        print_left(p, v.node);
    else
        print_right(p, v.node);
    p->scope = saved;
}

/* ---- names ---- */

static void print_lambda(Printer *p, const CxxNode *n)
{
    const CxxNode *saved = p->head;
    out_z(p->o, "{lambda");
    if (n->b) {
        uint64_t i = 0;
        out_char(p->o, '<');
        for (const CxxNode *h = n->b; h; h = h->c, i++) {
            out_z(p->o, i ? ", " : "");
            if (h->b)
                print_node(p, h->b);
            else
                out_z(p->o, "typename");
            out_z(p->o, h->number ? "... " : " ");
            out_z(p->o, h->b ? "$N" : "$T");
            out_number(p->o, i);
        }
        out_char(p->o, '>');
    }
    p->head = n->b;
    p->lambda++;
    out_char(p->o, '(');
    print_list(p, n->a);
    p->lambda--;
    p->head = saved;
    out_z(p->o, ")#");
    out_number(p->o, n->number + 1);
    out_char(p->o, '}');
}

static void print_operator(Printer *p, const CxxNode *n)
{
    Str name = str_of(n->op->name);
    if (n->a) {
        out_z(p->o, "operator\"\" ");
        print_node(p, n->a);
        return;
    }
    out_z(p->o, "operator");
    if (name.p[0] >= 'a' && name.p[0] <= 'z')
        out_char(p->o, ' ');
    if (name.p[name.n - 1] == ' ')
        name.n--;
    out_str(p->o, name);
}

/* Two nodes with text between. */
static void print_joined(Printer *p, const CxxNode *a, const char *between, const CxxNode *b)
{
    print_node(p, a);
    out_z(p->o, between);
    print_node(p, b);
}

static void print_enclosed(Printer *p, const char *open, const CxxNode *n, Str text)
{
    print_node(p, n);
    out_z(p->o, open);
    out_str(p->o, text);
    out_char(p->o, ']');
}

static void print_numbered(Printer *p, const char *open, uint64_t n, const char *close)
{
    out_z(p->o, open);
    out_number(p->o, n);
    out_z(p->o, close);
}

static void print_module_part(Printer *p, const CxxNode *n)
{
    if (n->a)
        print_node(p, n->a);
    if (n->number)
        out_char(p->o, ':');
    else if (n->a)
        out_char(p->o, '.');
    print_node(p, n->b);
}

/* True: it was a name. */
static bool print_name(Printer *p, const CxxNode *n)
{
    switch (n->kind) {
    case CXX_NAME:
    case CXX_BUILTIN: out_str(p->o, n->text); return true;
    case CXX_QUALIFIED:
    case CXX_LOCAL: print_joined(p, n->a, "::", n->b); return true;
    case CXX_TYPED: print_typed(p, n); return true;
    case CXX_TEMPLATE:
        print_node(p, n->a);
        print_template_args(p, n->b);
        return true;
    case CXX_CTOR: print_node(p, n->a); return true;
    case CXX_DTOR:
        out_char(p->o, '~');
        print_node(p, n->a);
        return true;
    case CXX_OPERATOR: print_operator(p, n); return true;
    case CXX_CONVERSION:
        out_z(p->o, "operator ");
        print_node(p, n->a);
        return true;
    case CXX_TAGGED: print_enclosed(p, "[abi:", n->a, n->text); return true;
    case CXX_MODULE: print_joined(p, n->a, "@", n->b); return true;
    case CXX_MODULE_PART: print_module_part(p, n); return true;
    case CXX_CLONE: print_enclosed(p, " [clone ", n->a, n->text); return true;
    case CXX_SPECIAL:
        out_str(p->o, n->text);
        print_node(p, n->a);
        return true;
    case CXX_CONSTRUCTION:
        out_z(p->o, "construction vtable for ");
        print_joined(p, n->a, "-in-", n->b);
        return true;
    case CXX_REFTEMP:
        print_numbered(p, "reference temporary #", n->number, " for ");
        print_node(p, n->a);
        return true;
    case CXX_LAMBDA: print_lambda(p, n); return true;
    case CXX_UNNAMED: print_numbered(p, "{unnamed type#", n->number + 1, "}"); return true;
    case CXX_DEFAULT_ARG:
        print_numbered(p, "{default arg#", n->number + 1, "}::");
        print_node(p, n->a);
        return true;
    case CXX_BINDING:
        out_char(p->o, '[');
        print_list(p, n->a);
        out_char(p->o, ']');
        return true;
    case CXX_THIS_QUALS:
        print_node(p, n->a);
        print_quals(p, n->number);
        return true;
    default: return false;
    }
}

/* ---- all ---- */

/* True: it was a type with a left and a right side, and one of them was printed. */
static bool print_type_left(Printer *p, const CxxNode *n)
{
    switch (n->kind) {
    case CXX_PARAM: print_param(p, n, true); return true;
    case CXX_CONST:
    case CXX_VOLATILE:
    case CXX_RESTRICT:
    case CXX_VENDOR_QUAL: print_qualified_left(p, n); return true;
    case CXX_POINTER:
        print_left(p, n->a);
        open_declarator(p, n->a);
        out_char(p->o, '*');
        return true;
    case CXX_LREF:
    case CXX_RREF: print_reference(p, n, true); return true;
    case CXX_COMPLEX:
    case CXX_IMAGINARY:
        print_left(p, n->a);
        out_z(p->o, n->kind == CXX_COMPLEX ? " _Complex" : " _Imaginary");
        return true;
    case CXX_FUNCTION: print_function_left(p, n); return true;
    case CXX_ARRAY: print_left(p, n->a); return true;
    case CXX_MEMBER: print_member_left(p, n); return true;
    case CXX_VECTOR:
        print_left(p, n->b);
        out_z(p->o, " __vector(");
        print_node(p, n->a);
        out_char(p->o, ')');
        return true;
    default: return false;
    }
}

void print_left(Printer *p, const CxxNode *n)
{
    if (print_enter(p) && !print_type_left(p, n) && !print_name(p, n))
        print_expression(p, n);
    print_leave(p);
}

static void print_type_right(Printer *p, const CxxNode *n)
{
    switch (n->kind) {
    case CXX_PARAM: print_param(p, n, false); break;
    case CXX_CONST:
    case CXX_VOLATILE:
    case CXX_RESTRICT:
    case CXX_VENDOR_QUAL:
    case CXX_COMPLEX:
    case CXX_IMAGINARY: print_right(p, n->a); break;
    case CXX_POINTER:
        if (binds(p, n->a))
            out_char(p->o, ')');
        print_right(p, n->a);
        break;
    case CXX_LREF:
    case CXX_RREF: print_reference(p, n, false); break;
    case CXX_FUNCTION: print_function_right(p, n); break;
    case CXX_ARRAY: print_array_right(p, n); break;
    case CXX_MEMBER:
        if (binds(p, n->b))
            out_char(p->o, ')');
        print_right(p, n->b);
        break;
    case CXX_VECTOR: print_right(p, n->b); break;
    default: break;
    }
}

void print_right(Printer *p, const CxxNode *n)
{
    if (print_enter(p))
        print_type_right(p, n);
    print_leave(p);
}

void print_node(Printer *p, const CxxNode *n)
{
    print_left(p, n);
    print_right(p, n);
}

bool cxx_print(CxxOut *o, const CxxNode *n)
{
    Printer p = {.o = o};
    print_node(&p, n);
    return !o->failed;
}
