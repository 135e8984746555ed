/* analysis/choose.c - which functions a name given by the user means.
 *
 * A name that is meant holds the last component of what is wanted to the letter. So the strings are searched for that, and only
 * the symbols whose name is one of the few strings found are looked at closely.
 */
#include <stddef.h>
#include <string.h>

#include "analysis/padding.h"
#include "analysis/program.h"
#include "elf/cursor.h"
#include "elf/demangle.h"
#include "elf/glob.h"
#include "elf/order.h"

static bool str_is_address(Str s, Addr *addr)
{
    *addr = 0;
    if (s.n < 3 || s.n > 18 || s.p[0] != '0' || (s.p[1] | 32) != 'x')
        return false;
    for (size_t i = 2; i < s.n; i++) {
        int c = s.p[i] | 32;
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        *addr = *addr << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

/* Stars and brackets are also in C++'s and Go's own names: operators, and what has arguments, are names to the letter. */
static bool wanted_is_glob(Str wanted)
{
    return glob_is(wanted) && !memchr(wanted.p, '(', wanted.n) && !memmem(wanted.p, wanted.n, "operator", 8);
}

/* What a name must hold to be meant; none: every name may be (operators are spelled differently in mangled names). */
static Str needle_of(Str wanted)
{
    if (wanted_is_glob(wanted))
        return (Str){0};
    Str last = demangled_last_component(wanted);
    bool spelled = last.n > 0 && !(last.n > 8 && memcmp(last.p, "operator", 8) == 0);
    return spelled ? last : (Str){0};
}

static bool str_holds(Str name, Str needle)
{
    return needle.n == 0 || (name.n >= needle.n && memmem(name.p, name.n, needle.p, needle.n) != NULL);
}

static bool text_is(Str text, Str wanted, bool glob)
{
    return str_eq(text, wanted) || (glob && glob_match(wanted, text));
}

static bool name_is(Str name, Str wanted, Str needle)
{
    bool glob = needle.n == 0 && wanted_is_glob(wanted);
    if (!name.p || !str_holds(name, needle))
        return false;
    if (text_is(name, wanted, glob) || text_is(demangled_last_component(name), wanted, glob))
        return true;
    Arena arena = {0};
    Str full = demangle(name, &arena);
    bool is = full.p && (text_is(full, wanted, glob) || text_is(demangled_without_arguments(full), wanted, glob) ||
                         text_is(demangled_last_component(full), wanted, glob));
    arena_free(&arena);
    return is;
}

/* What follows the last `mark` of the name, outside brackets; the name if there is none. */
static Str after_last(Str name, char mark)
{
    size_t start = 0;
    int depth = 0;
    for (size_t i = 0; i < name.n; i++) {
        depth += (name.p[i] == '[') - (name.p[i] == ']');
        if (name.p[i] == mark && depth == 0)
            start = i + 1;
    }
    return (Str){name.p + start, name.n - start};
}

/* Go's "encoding/json.(*Decoder).Decode": also without the path's folders, or the method's name alone. */
static bool go_name_is(Str name, Str wanted, Str needle)
{
    bool glob = needle.n == 0 && wanted_is_glob(wanted);
    if (name_is(name, wanted, needle))
        return true;
    return name.p && str_holds(name, needle) &&
           (text_is(after_last(name, '/'), wanted, glob) || text_is(after_last(name, '.'), wanted, glob));
}

/* ---- symbols ---- */

/* Strings of a table that hold the needle: upward, apart. */
typedef struct Texts {
    Part *items; /* offsets: [of the first byte, of the needle's last place) */
    size_t n, cap;
} Texts;

static bool texts_find(Texts *out, Bytes strings, Str needle, Arena *arena)
{
    const uint8_t *from = strings.p, *end = strings.n ? strings.p + strings.n : from, *hit;
    *out = (Texts){0};
    while (from < end && (hit = memmem(from, (size_t)(end - from), needle.p, needle.n)) != NULL) {
        const uint8_t *start = memrchr(from, 0, (size_t)(hit - from));
        const uint8_t *stop = memchr(hit, 0, (size_t)(end - hit)); /* symbols_open cuts the table behind the last */
        start = start ? start + 1 : from;
        if (!arena_grow(arena, (void **)&out->items, out->n, &out->cap, sizeof *out->items))
            return false;
        out->items[out->n++] = (Part){(Addr)(start - strings.p), (Addr)(stop - strings.p)};
        from = stop;
    }
    return true;
}

static bool texts_hold(const Texts *t, uint64_t off)
{
    size_t after = order_after(t->items, t->n, sizeof(Part), offsetof(Part, start), off);
    return after > 0 && off < t->items[after - 1].end;
}

static void choose_address(const Program *p, Addr addr, uint8_t *chosen)
{
    size_t row = functions_row(&p->functions, addr);
    if (row != SIZE_MAX && p->functions.rows[row].start == addr)
        chosen[row] = 1;
}

/* Many symbols may share one long name: so much of them all is looked at. */
static uint64_t names_budget(const Symbols *s)
{
    enum { BYTES_A_NAME = 256 };
    return (uint64_t)(s->strings[0].n + s->strings[1].n) * 8 + (uint64_t)symbols_count(s) * BYTES_A_NAME +
           NAME_BYTES_MAX;
}

static bool choose_symbols(const Program *p, Str wanted, uint8_t *chosen)
{
    Arena arena = {0};
    Texts texts[2];
    Str needle = needle_of(wanted);
    uint64_t budget = names_budget(&p->symbols);
    bool ok = true;
    for (unsigned i = 0; i < 2 && needle.n; i++)
        ok = ok && texts_find(&texts[i], p->symbols.strings[i], needle, &arena);
    for (size_t i = 0; ok && i < symbols_count(&p->symbols); i++) {
        Symbol s;
        Function f;
        if (!symbols_entry(&p->symbols, i, &s) || !symbol_is_function(&s) ||
            (needle.n && !texts_hold(&texts[s.source], s.name)))
            continue;
        Str name = symbol_name(&p->symbols, &s);
        budget -= name.n + 1 < budget ? name.n + 1 : budget;
        bool meant = budget && (p->go.n ? go_name_is(name, wanted, needle) : name_is(name, wanted, needle));
        if (meant && program_function(p, s.addr, &f) && !f.fragment)
            choose_address(p, s.addr, chosen);
    }
    arena_free(&arena);
    return ok;
}

bool program_choose(const Program *p, Str wanted, uint8_t *chosen)
{
    Addr addr;
    Str needle = needle_of(wanted);
    if (str_is_address(wanted, &addr)) {
        choose_address(p, addr, chosen);
        return true;
    }
    for (size_t i = 0; p->go.n && i < p->functions.n; i++)
        if (p->functions.rows[i].found_by == FOUND_PCLNTAB &&
            go_name_is(gopclntab_name(&p->go, p->functions.rows[i].source), wanted, needle))
            chosen[i] = 1;
    return choose_symbols(p, wanted, chosen);
}

/* ---- functions that have to be asked for ---- */

static bool ask_at(Program *p, Addr addr)
{
    FunctionRow row;
    if (functions_row(&p->functions, addr) != SIZE_MAX)
        return true;
    if (!p->padded)
        return !functions_at(p, addr) || functions_fill(p);
    return !padding_function(p, addr, &row) || functions_add(p, &row, 1);
}

bool program_ask(Program *p, const Str *wanted, size_t n)
{
    bool ok = n > 0 || functions_complete(p);
    for (size_t i = 0; ok && i < n; i++) {
        Addr addr;
        if (str_is_address(wanted[i], &addr))
            ok = ask_at(p, addr);
    }
    return ok;
}
