/* elf/symbols.c - .symtab and .dynsym in one order, and lookups in it. */
#include "elf/symbols.h"
#include "elf/cursor.h"
#include "elf/dynamic.h"
#include "elf/order.h"
#include "elf/section.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* For a symbol that covers an address, so many addresses below it are tried, and so many symbols at each (the best come
 * first): nesting is shallow in sane files. */
enum { ADDRESSES_MAX = 64, SYMBOLS_MAX = 8 };

static size_t table_count(const Symbols *s, SymbolSource source) { return s->entries[source].n / sizeof(Elf64_Sym); }

/* What follows the last NUL is no text. */
static Bytes strings_cut(Bytes strings)
{
    while (strings.n && strings.p[strings.n - 1] != 0)
        strings.n--;
    return strings;
}

static void symtab_open(Symbols *s, const Image *image)
{
    Elf64_Shdr symtab;
    if (!section_of_type(image, SHT_SYMTAB, &symtab) || symtab.sh_link >= image->nsections)
        return;
    Elf64_Shdr strtab = section_at(image, symtab.sh_link);
    Bytes entries = section_bytes(image, &symtab);
    entries.n -= entries.n % sizeof(Elf64_Sym);
    s->entries[SYMBOL_SYMTAB] = entries;
    s->strings[SYMBOL_SYMTAB] = strings_cut(section_bytes(image, &strtab));
}

static void dynsym_open(Symbols *s, const Image *image)
{
    Dynamic d;
    if (!dynamic_read(&d, image))
        return;
    s->entries[SYMBOL_DYNSYM] = dynamic_symbols(&d, image);
    s->strings[SYMBOL_DYNSYM] = strings_cut(d.strings);
}

/* Function before notype before object; 3 for the types that are left out. */
static unsigned type_rank(uint8_t type)
{
    switch (type) {
    case STT_FUNC:
    case STT_GNU_IFUNC: return 0;
    case STT_NOTYPE: return 1;
    case STT_OBJECT: return 2;
    default: return 3;
    }
}

static unsigned bind_rank(uint8_t bind) { return bind == STB_LOCAL ? 2 : bind == STB_WEAK ? 1 : 0; }

/* Entry i of both tables, the first one's before the second's. */
static Elf64_Sym entry_at(const Symbols *s, uint32_t i, SymbolSource *source)
{
    Elf64_Sym sym;
    size_t n = table_count(s, SYMBOL_SYMTAB);
    *source = i < n ? SYMBOL_SYMTAB : SYMBOL_DYNSYM;
    memcpy(&sym, s->entries[*source].p + (i < n ? i : i - n) * sizeof sym, sizeof sym);
    return sym;
}

static bool entry_kept(const Symbols *s, const Elf64_Sym *sym, SymbolSource source)
{
    if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || sym->st_shndx == SHN_COMMON ||
        type_rank(ELF64_ST_TYPE(sym->st_info)) == 3)
        return false;
    return sym->st_name < s->strings[source].n && s->strings[source].p[sym->st_name] != 0;
}

static uint64_t entry_addr(const void *symbols, uint32_t i)
{
    SymbolSource source;
    return entry_at(symbols, i, &source).st_value;
}

enum { RANKS = 9 };

static unsigned entry_rank(const Elf64_Sym *sym)
{
    return type_rank(ELF64_ST_TYPE(sym->st_info)) * 3 + bind_rank(ELF64_ST_BIND(sym->st_info));
}

/* Lists the entries that are kept, rank by rank. `ranks` has room for a byte for each of all entries. */
static void entries_list(Symbols *s, size_t all, uint8_t *ranks)
{
    size_t place[RANKS + 1] = {0};
    for (uint32_t i = 0; i < all; i++) {
        SymbolSource source;
        Elf64_Sym sym = entry_at(s, i, &source);
        ranks[i] = entry_kept(s, &sym, source) ? (uint8_t)(entry_rank(&sym) + 1) : 0;
        place[ranks[i]]++;
    }
    s->n = all - place[0];
    place[0] = 0;
    for (unsigned rank = 1, before = 0; rank <= RANKS; rank++) {
        unsigned count = (unsigned)place[rank];
        place[rank] = before;
        before += count;
    }
    for (uint32_t i = 0; i < all; i++)
        if (ranks[i])
            s->order[place[ranks[i]]++] = i;
}

size_t symbols_count(const Symbols *s) { return table_count(s, SYMBOL_SYMTAB) + table_count(s, SYMBOL_DYNSYM); }

bool symbols_open(Symbols *out, const Image *image, Arena *arena, Diag *diag)
{
    *out = (Symbols){.n = 0};
    symtab_open(out, image);
    dynsym_open(out, image);
    size_t n = symbols_count(out);
    if (n > UINT32_MAX)
        return true;
    out->order = arena_alloc(arena, n, sizeof *out->order);
    uint8_t *ranks = calloc(n ? n : 1, 1);
    bool listed = out->order && ranks;
    if (listed)
        entries_list(out, n, ranks);
    free(ranks);
    out->addrs = arena_alloc(arena, out->n, sizeof *out->addrs);
    bool ok = listed && out->addrs && order_sort(out->order, out->n, entry_addr, out, out->addrs);
    out->n = ok ? out->n : 0;
    return ok || diag_set(diag, 0, "out of memory for its symbols");
}

static Symbol symbol_of(const Elf64_Sym *sym, SymbolSource source)
{
    return (Symbol){.addr = sym->st_value,
                    .size = sym->st_size,
                    .name = sym->st_name,
                    .type = ELF64_ST_TYPE(sym->st_info),
                    .bind = ELF64_ST_BIND(sym->st_info),
                    .source = (uint8_t)source};
}

bool symbols_entry(const Symbols *s, size_t i, Symbol *out)
{
    SymbolSource source;
    Elf64_Sym sym = entry_at(s, (uint32_t)i, &source);
    *out = symbol_of(&sym, source);
    return entry_kept(s, &sym, source);
}

Symbol symbols_get(const Symbols *s, size_t i)
{
    SymbolSource source;
    Elf64_Sym sym = entry_at(s, s->order[i], &source);
    return symbol_of(&sym, source);
}

/* "memcpy@@GLIBC_2.14" in a .symtab is memcpy. */
static Str without_version(Str name)
{
    const char *at = name.n > 1 ? memchr(name.p + 1, '@', name.n - 1) : NULL;
    return at ? (Str){name.p, (size_t)(at - name.p)} : name;
}

Str symbol_name(const Symbols *s, const Symbol *symbol)
{
    return without_version(bytes_text(s->strings[symbol->source], symbol->name, NAME_BYTES_MAX));
}

bool symbol_is_function(const Symbol *symbol) { return type_rank(symbol->type) == 0; }

size_t symbols_from(const Symbols *s, Addr addr) { return order_from(s->addrs, s->n, sizeof(Addr), 0, addr); }

bool symbols_at(const Symbols *s, Addr addr, Symbol *out)
{
    size_t i = symbols_from(s, addr);
    if (i == s->n)
        return false;
    *out = symbols_get(s, i);
    return out->addr == addr;
}

static bool covers(const Symbol *s, Addr addr) { return symbol_is_function(s) && addr - s->addr < s->size; }

bool symbols_covering(const Symbols *s, Addr addr, Symbol *out)
{
    size_t end = addr == UINT64_MAX ? s->n : symbols_from(s, addr + 1);
    for (size_t tried = 0; end > 0 && tried < ADDRESSES_MAX; tried++) {
        size_t first = symbols_from(s, symbols_get(s, end - 1).addr);
        for (size_t i = first; i < end && i - first < SYMBOLS_MAX; i++) {
            *out = symbols_get(s, i);
            if (covers(out, addr))
                return true;
        }
        end = first;
    }
    return false;
}
