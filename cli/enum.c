/* cli/enum.c - reads the constants of one enum, or of all names that match a pattern, out of a source file.
 *
 * scan_file finds all enums with their values (cli/enum_scan.h); here one is chosen and handed out. */
#include "cli/enum_internal.h"
#include "elf/glob.h"

#include <string.h>

enum { SOURCE_MAX = 64 << 20 };

/* ---- messages ---- */

void enum_what_add(EnumError *err, Str s, size_t max)
{
    size_t n = strlen(err->what);
    for (size_t i = 0; i < s.n && i < max && n + 1 < sizeof err->what; i++, n++)
        err->what[n] = s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '?';
    err->what[n] = 0;
}

bool enum_fail(EnumError *err, const char *what, const Token *at)
{
    const char *slot = strchr(what, '%');
    *err = (EnumError){.line = at->line, .column = at->column};
    enum_what_add(err, (Str){what, slot ? (size_t)(slot - what) : strlen(what)}, SIZE_MAX);
    if (slot) {
        enum_what_add(err, token_str(*at), 60);
        enum_what_add(err, str_of(slot + 2), SIZE_MAX);
    }
    return false;
}

/* A remark that goes with success: what was left out, and why. */
static void remark_left_out(EnumError *err, uint64_t count, const EnumDef *e)
{
    char number[24];
    size_t i = sizeof number;
    *err =
        (EnumError){.line = e->open.p ? e->open.line : e->at.line, .column = e->open.p ? e->open.column : e->at.column};
    for (uint64_t n = count; n || i == sizeof number; n /= 10)
        number[--i] = (char)('0' + n % 10);
    enum_what_add(err, (Str){number + i, sizeof number - i}, SIZE_MAX);
    enum_what_add(err,
                  str_of(count == 1 ? " enumerator is left out: its value depends"
                                    : " enumerators are left out: their values depend"),
                  SIZE_MAX);
    enum_what_add(err, str_of(" on an #if that the file does not decide"), SIZE_MAX);
}

/* ---- results ---- */

static Str qualified(const EnumDef *e, Arena *arena)
{
    Str name = e->tag.n ? e->tag : e->typedefs ? e->typedefs->name : (Str){0};
    if (!name.n || !e->path.n)
        return name;
    char *p = arena_alloc(arena, e->path.n + name.n + 1, 1);
    if (!p)
        return name;
    memcpy(p, e->path.p, e->path.n);
    memcpy(p + e->path.n, name.p, name.n);
    return (Str){p, e->path.n + name.n};
}

static bool out_of_memory(EnumError *err) { return enum_fail(err, "out of memory", &(Token){0}); }

/* The table of one enum. */
static bool give_enum(EnumTable *out, const EnumDef *e, Arena *arena, EnumError *err)
{
    if (e->fault.what)
        return enum_fail(err, e->fault.what, &e->fault.at);
    size_t n = 0;
    for (const Constant *c = e->first; c; c = c->next)
        n += c->val.known;
    if (n == 0 && e->unknown > 0)
        return enum_fail(err, "all values depend on this #%s, which the file does not decide",
                         e->open.p ? &e->open : &e->at);
    if (n == 0)
        return enum_fail(err, "the enum has no enumerators", &e->at);
    *out = (EnumTable){.items = arena_alloc(arena, n, sizeof *out->items), .enum_name = qualified(e, arena)};
    if (!out->items)
        return out_of_memory(err);
    for (const Constant *c = e->first; c; c = c->next)
        if (c->val.known)
            out->items[out->n++] = (Enumerator){token_str(c->at), (int64_t)c->val.v};
    if (e->unknown > 0)
        remark_left_out(err, e->unknown, e);
    return true;
}

/* ---- the first, or the named one ---- */

static bool give_first(EnumTable *out, const Scan *s, Arena *arena, EnumError *err)
{
    EnumError first = {0};
    for (const EnumDef *e = s->first; e; e = e->next) {
        if (give_enum(out, e, arena, err))
            return true;
        if (!first.what[0])
            first = *err;
        *err = (EnumError){0};
    }
    *err = first;
    return first.what[0] ? false
                         : enum_fail(err, "the file defines no enum; FILE:PREFIX_* takes #defines", &(Token){0});
}

/* 2: "path + name" is all of want; 1: want is its last parts; 0: neither. */
static int match_of(Str path, Str name, Str want)
{
    if (!name.n || want.n < name.n || memcmp(want.p + want.n - name.n, name.p, name.n) != 0)
        return 0;
    Str rest = {want.p, want.n - name.n};
    if (rest.n > path.n || (rest.n && memcmp(path.p + path.n - rest.n, rest.p, rest.n) != 0))
        return 0;
    if (rest.n == path.n)
        return 2;
    return rest.n == 0 || path.p[path.n - rest.n - 1] == ':';
}

static int enum_match(const EnumDef *e, Str want)
{
    int best = match_of(e->path, e->tag, want);
    for (const TypedefName *n = e->typedefs; n; n = n->next) {
        int m = match_of(e->path, n->name, want);
        best = m > best ? m : best;
    }
    return best;
}

static bool fail_ambiguous(const EnumDef *a, const EnumDef *b, Arena *arena, EnumError *err)
{
    enum_fail(err, "more than one enum has that name: ", &b->at);
    enum_what_add(err, qualified(a, arena), 80);
    enum_what_add(err, str_of(" and "), SIZE_MAX);
    enum_what_add(err, qualified(b, arena), 80);
    return false;
}

static bool give_named(EnumTable *out, const Scan *s, Str want, Arena *arena, EnumError *err)
{
    const EnumDef *found = NULL, *other = NULL;
    int best = 0;
    if (want.n >= 2 && memcmp(want.p, "::", 2) == 0)
        want = (Str){want.p + 2, want.n - 2};
    for (const EnumDef *e = s->first; e; e = e->next) {
        int m = enum_match(e, want);
        if (m > best) {
            best = m;
            found = e;
            other = NULL;
        } else if (m && m == best) {
            other = e;
        }
    }
    if (!found)
        return enum_fail_missing(s, want, err);
    return other ? fail_ambiguous(found, other, arena, err) : give_enum(out, found, arena, err);
}

/* ---- those that match a pattern ---- */

typedef struct Pick {
    EnumTable *out;
    size_t cap;
    Arena *arena;
    Scan *s;
    Str want;
    uint64_t unknown;
    const EnumDef *unknown_in;
    Fault fault; /* the first that was left out */
} Pick;

static bool wants_name(void *want, Str name) { return glob_match(*(const Str *)want, name); }

static bool pick_add(Pick *k, Str name, uint64_t value)
{
    EnumTable *t = k->out;
    if (t->n == ENUM_CONSTANTS_MAX || !arena_grow(k->arena, (void **)&t->items, t->n, &k->cap, sizeof *t->items)) {
        fault_set(&k->s->pp.fatal, "there are too many names that match", &(Token){0});
        return false;
    }
    t->items[t->n++] = (Enumerator){name, (int64_t)value};
    return true;
}

/* The #define's value as it is at the file's end. A #define of a name that has another by then is left out. */
static bool pick_define(Pick *k, const Macro *m)
{
    const Name *entry = pp_find(&k->s->pp, m->name);
    const Macro *now = entry ? entry->macro : NULL;
    Val v;
    Fault fault = {0};
    if (m->function || !now || !now->defined || now->ambiguous || now->body != m->body)
        return true;
    if (!pp_enter_body(&k->s->pp, m))
        return false;
    entry->macro->active = true;
    pp_advance(&k->s->pp);
    bool empty = k->s->pp.tok.kind == TOK_EOF;
    bool ok = !empty && expr_read(&k->s->pp, scan_lookup, k->s, &v, &fault);
    ok = ok && k->s->pp.tok.kind == TOK_EOF && v.known;
    entry->macro->active = false;
    pp_leave(&k->s->pp);
    if (!ok && !empty)
        fault_set(&k->fault, fault.what ? fault.what : "%s is no integer constant", fault.what ? &fault.at : &m->at);
    return !k->s->pp.fatal.what && (!ok || pick_add(k, m->name, v.v));
}

static bool pick_constant(Pick *k, const Constant *c)
{
    Str name = token_str(c->at);
    if (!glob_match(k->want, name))
        return true;
    if (!c->val.known) {
        k->unknown++;
        k->unknown_in = c->owner;
        return true;
    }
    return pick_add(k, name, c->val.v);
}

static bool is_before(Token a, Token b) { return a.line != b.line ? a.line < b.line : a.column < b.column; }

/* Enumerators and #defines, merged in the order of the source. A name that both have is an enumerator's. */
static bool pick_all(Pick *k)
{
    Pp *p = &k->s->pp;
    size_t i = 0;
    for (const EnumDef *e = k->s->first; e; e = e->next)
        for (const Constant *c = e->first; c; c = c->next) {
            for (; i < p->def_count && is_before(p->defs[i].at, c->at); i++)
                if (!pick_define(k, &p->defs[i]))
                    return false;
            if (!pick_constant(k, c))
                return false;
        }
    for (; i < p->def_count; i++)
        if (!pick_define(k, &p->defs[i]))
            return false;
    return true;
}

static bool give_matching(EnumTable *out, Scan *s, Str want, Arena *arena, EnumError *err)
{
    Pick k = {.out = out, .arena = arena, .s = s, .want = want};
    *out = (EnumTable){.enum_name = want};
    s->current = NULL;
    if (!pick_all(&k))
        return enum_fail(err, s->pp.fatal.what ? s->pp.fatal.what : "out of memory", &s->pp.fatal.at);
    if (out->n > 0) {
        if (k.unknown > 0)
            remark_left_out(err, k.unknown, k.unknown_in);
        return true;
    }
    if (k.fault.what)
        return enum_fail(err, k.fault.what, &k.fault.at);
    enum_fail(err, "no #define with an integer value and no enumerator matches ", &(Token){0});
    enum_what_add(err, want, 80);
    return false;
}

/* ---- entry ---- */

bool enum_read(EnumTable *out, Bytes source, Str want, Arena *arena, EnumError *err)
{
    bool pattern = want.p && glob_is(want);
    *out = (EnumTable){0};
    *err = (EnumError){0};
    if (source.n > SOURCE_MAX)
        return enum_fail(err, "the source file is larger than 64 MB", &(Token){0});
    if (source.n && memchr(source.p, 0, source.n))
        return enum_fail(err, "the file is binary, not C or C++ source", &(Token){0});
    Scan *s = arena_alloc(arena, 1, sizeof *s);
    if (!s)
        return out_of_memory(err);
    *s = (Scan){.arena = arena};
    pp_init(&s->pp, source, arena);
    if (pattern) {
        s->pp.wants = wants_name;
        s->pp.context = &want;
    }
    bool ok;
    if (!scan_file(s))
        ok = enum_fail(err, s->pp.fatal.what, &s->pp.fatal.at);
    else if (pattern)
        ok = give_matching(out, s, want, arena, err);
    else
        ok = want.p ? give_named(out, s, want, arena, err) : give_first(out, s, arena, err);
    pp_free(&s->pp);
    return ok;
}

Str enum_name_of(const EnumTable *t, int64_t value)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->items[i].value == value)
            return t->items[i].name;
    return (Str){0};
}
