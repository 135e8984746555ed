/* elf/symbols.c - .symtab and .dynsym in one sorted array, and lookups in it. */
#include "elf/symbols.h"
#include "elf/dynamic.h"
#include "elf/names.h"
#include "elf/section.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* For a symbol that covers an address, so many addresses below it are tried, and so many symbols at each (the best come
 * first): nesting is shallow in sane files. */
enum { ADDRESSES_MAX = 64, SYMBOLS_MAX = 8 };

typedef struct Table {
    Bytes entries; /* whole Elf64_Sym */
    Names names;
    SymbolSource source;
} Table;

static size_t table_count(const Table *t) { return t->entries.n / sizeof(Elf64_Sym); }

static Table table_symtab(const Image *image)
{
    Elf64_Shdr symtab;
    Table t = {.source = SYMBOL_SYMTAB};
    if (!section_of_type(image, SHT_SYMTAB, &symtab) || symtab.sh_link >= image->nsections)
        return t;
    Elf64_Shdr strtab = section_at(image, symtab.sh_link);
    t.entries = section_bytes(image, &symtab);
    t.entries.n -= t.entries.n % sizeof(Elf64_Sym);
    t.names = names_open(section_bytes(image, &strtab), table_count(&t));
    return t;
}

static Table table_dynsym(const Image *image)
{
    Dynamic d;
    Table t = {.source = SYMBOL_DYNSYM};
    if (!dynamic_read(&d, image))
        return t;
    t.entries = dynamic_symbols(&d, image);
    t.names = names_open(d.strings, table_count(&t));
    return t;
}

/* Function before notype before object; 3 for the types that are left out. */
static int type_rank(uint8_t type)
{
    switch (type) {
    case STT_FUNC:
    case STT_GNU_IFUNC: return 0;
    case STT_NOTYPE: return 1;
    case STT_OBJECT: return 2;
    default: return 3;
    }
}

static int bind_rank(uint8_t bind) { return bind == STB_LOCAL ? 2 : bind == STB_WEAK ? 1 : 0; }

/* "memcpy@@GLIBC_2.14" in a .symtab is memcpy. */
static Str without_version(Str name)
{
    const char *at = name.n > 1 ? memchr(name.p + 1, '@', name.n - 1) : NULL;
    return at ? (Str){name.p, (size_t)(at - name.p)} : name;
}

/* Is it one of the symbols that are kept? Then *out is it. */
static bool symbol_convert(Symbol *out, const Elf64_Sym *sym, Table *table)
{
    uint8_t type = ELF64_ST_TYPE(sym->st_info);
    if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || sym->st_shndx == SHN_COMMON || type_rank(type) == 3)
        return false;
    Str name = names_at(&table->names, sym->st_name);
    *out = (Symbol){.addr = sym->st_value,
                    .size = sym->st_size,
                    .name = without_version(name),
                    .type = type,
                    .bind = ELF64_ST_BIND(sym->st_info),
                    .source = (uint8_t)table->source};
    return name.n > 0;
}

static void table_read(Symbols *out, Table *table)
{
    for (size_t i = 0; i < table_count(table); i++) {
        Elf64_Sym sym;
        memcpy(&sym, table->entries.p + i * sizeof sym, sizeof sym);
        if (symbol_convert(&out->items[out->n], &sym, table))
            out->n++;
    }
}

static int order(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

static int symbol_compare(const void *a, const void *b)
{
    const Symbol *x = a, *y = b;
    int c = order(x->addr, y->addr);
    if (!c)
        c = type_rank(x->type) - type_rank(y->type);
    if (!c)
        c = bind_rank(x->bind) - bind_rank(y->bind);
    if (!c)
        c = x->source - y->source;
    return c ? c : order((uintptr_t)x->name.p, (uintptr_t)y->name.p);
}

bool symbols_read(Symbols *out, const Image *image, Arena *arena, Diag *diag)
{
    Table symtab = table_symtab(image), dynsym = table_dynsym(image);
    *out = (Symbols){0};
    /* One more than can be kept: symbol_convert writes before it knows. */
    out->items = arena_alloc(arena, table_count(&symtab) + table_count(&dynsym) + 1, sizeof *out->items);
    if (!out->items)
        return diag_set(diag, 0, "out of memory for its symbols");
    table_read(out, &symtab);
    table_read(out, &dynsym);
    qsort(out->items, out->n, sizeof *out->items, symbol_compare);
    return true;
}

/* The index of the first symbol at or above addr. */
size_t symbols_from(const Symbols *s, Addr addr)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->items[mid].addr < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const Symbol *symbols_at(const Symbols *s, Addr addr)
{
    size_t i = symbols_from(s, addr);
    return i < s->n && s->items[i].addr == addr ? &s->items[i] : NULL;
}

static bool covers(const Symbol *s, Addr addr) { return type_rank(s->type) == 0 && addr - s->addr < s->size; }

const Symbol *symbols_covering(const Symbols *s, Addr addr)
{
    size_t end = addr == UINT64_MAX ? s->n : symbols_from(s, addr + 1);
    for (size_t tried = 0; end > 0 && tried < ADDRESSES_MAX; tried++) {
        size_t first = symbols_from(s, s->items[end - 1].addr);
        for (size_t i = first; i < end && i - first < SYMBOLS_MAX; i++)
            if (covers(&s->items[i], addr))
                return &s->items[i];
        end = first;
    }
    return NULL;
}
