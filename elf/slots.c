/* elf/slots.c - the words that relocations fill: DT_RELA, DT_JMPREL, DT_RELR, and .rela.plt of static programs.
 *
 * Every table is passed over twice, first to count and then to fill one array. RELR packs 63 words into 8 bytes; a sane
 * table goes upward, and one that does not is cut there, so that there are never more slots than words in the file.
 * Sources: gABI ch. 4 "Relocation", "Relative Relocation Table"; psABI table 4.9.
 */
#include "elf/dynamic.h"
#include "elf/names.h"
#include "elf/symbols.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

typedef struct Reader {
    const Image *image;
    Dynamic dynamic;
    Names names;
    Slot *items; /* NULL while counting */
    size_t n;
} Reader;

static void slot_add(Reader *r, Slot slot)
{
    if (r->items)
        r->items[r->n] = slot;
    r->n++;
}

static bool symbol_read(const Reader *r, uint64_t index, Elf64_Sym *out)
{
    if (r->dynamic.symtab == 0 || index == 0)
        return false;
    const uint8_t *p = image_read(r->image, r->dynamic.symtab + index * sizeof *out, sizeof *out);
    return p ? memcpy(out, p, sizeof *out) : NULL;
}

/* The value that a relocation by symbol stores, when the symbol is defined here and is what is stored. */
static Addr symbol_target(const Elf64_Sym *sym, uint32_t type, int64_t addend)
{
    bool address = type == R_X86_64_64 || type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT;
    uint8_t kind = ELF64_ST_TYPE(sym->st_info);
    if (!address || sym->st_shndx == SHN_UNDEF || kind == STT_TLS || kind == STT_GNU_IFUNC)
        return 0;
    return sym->st_value + (type == R_X86_64_64 ? (uint64_t)addend : 0);
}

static void rela_add(Reader *r, const Elf64_Rela *rela)
{
    Elf64_Sym sym;
    Slot slot = {.addr = rela->r_offset, .type = (uint32_t)ELF64_R_TYPE(rela->r_info)};
    if (slot.type == R_X86_64_NONE)
        return;
    if (!r->items) {
        ; /* only counted */
    } else if (slot.type == R_X86_64_RELATIVE || slot.type == R_X86_64_RELATIVE64 || slot.type == R_X86_64_IRELATIVE) {
        slot.target = (Addr)rela->r_addend;
    } else if (symbol_read(r, ELF64_R_SYM(rela->r_info), &sym)) {
        slot.name = names_at(&r->names, sym.st_name);
        slot.target = symbol_target(&sym, slot.type, rela->r_addend);
    }
    slot_add(r, slot);
}

static void rela_table(Reader *r, Bytes table, uint64_t skip)
{
    for (uint64_t i = skip; i < table.n / sizeof(Elf64_Rela); i++) {
        Elf64_Rela rela;
        memcpy(&rela, table.p + i * sizeof rela, sizeof rela);
        rela_add(r, &rela);
    }
}

static void relr_add(Reader *r, Addr addr)
{
    uint64_t value;
    if (image_u64(r->image, addr, &value))
        slot_add(r, (Slot){.addr = addr, .target = value, .type = R_X86_64_RELATIVE});
}

static void relr_bitmap(Reader *r, Addr base, uint64_t bits)
{
    for (; bits; bits >>= 1, base += 8)
        if (bits & 1)
            relr_add(r, base);
}

/* An even word is an address; an odd one a bitmap of the 63 words after the last. Ends where addresses stop growing. */
static void relr_table(Reader *r, Bytes table)
{
    enum { SPAN = 63 * 8 };
    Addr next = 0;
    Cursor c = cursor_at(table, 0);
    while (c.off < table.n && next <= UINT64_MAX - SPAN) {
        uint64_t word = cursor_u64(&c);
        if (word & 1) {
            relr_bitmap(r, next, word >> 1);
            next += SPAN;
        } else if (word >= next && word <= UINT64_MAX - SPAN) {
            relr_add(r, word);
            next = word + 8;
        } else {
            return;
        }
    }
}

/* A static program has no dynamic section; its IRELATIVE relocations lie between __rela_iplt_start and _end. */
static void static_table(Reader *r)
{
    Addr addr;
    Bytes table;
    if (r->dynamic.jmprel.n == 0 && image_section(r->image, ".rela.plt", &addr, &table) && addr)
        rela_table(r, table, 0);
}

static void tables_read(Reader *r, bool relative)
{
    r->n = 0;
    rela_table(r, r->dynamic.rela, relative ? 0 : r->dynamic.relative);
    rela_table(r, r->dynamic.jmprel, 0);
    static_table(r);
    if (relative)
        relr_table(r, r->dynamic.relr);
}

static int slot_compare(const void *a, const void *b)
{
    const Slot *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return x->type < y->type ? -1 : x->type > y->type;
}

/* Linkers write the relative ones, mostly the greatest part, in order: only what follows them is sorted, and merged in from
 * behind. Without memory for that all is sorted. */
static void slots_sort(Slot *items, size_t n, Arena *arena)
{
    size_t head = n ? 1 : 0;
    while (head < n && slot_compare(&items[head - 1], &items[head]) <= 0)
        head++;
    size_t tail = n - head;
    Slot *rest = tail && head > tail / 4 ? arena_alloc(arena, tail, sizeof *rest) : NULL;
    if (!rest) {
        if (tail)
            qsort(items, n, sizeof *items, slot_compare);
        return;
    }
    memcpy(rest, items + head, tail * sizeof *rest);
    qsort(rest, tail, sizeof *rest, slot_compare);
    for (size_t to = n; tail > 0;) {
        bool from_head = head > 0 && slot_compare(&items[head - 1], &rest[tail - 1]) > 0;
        items[--to] = from_head ? items[--head] : rest[--tail];
    }
}

/* Sorts and leaves out what both DT_RELA and DT_JMPREL hold. */
static void slots_settle(Slots *s, Arena *arena)
{
    size_t n = 0;
    slots_sort(s->items, s->n, arena);
    for (size_t i = 0; i < s->n; i++)
        if (n == 0 || slot_compare(&s->items[n - 1], &s->items[i]) != 0)
            s->items[n++] = s->items[i];
    s->n = n;
}

static bool slots_collect(Slots *out, const Image *image, bool relative, Arena *arena, Diag *diag)
{
    Reader r = {.image = image};
    *out = (Slots){0};
    dynamic_read(&r.dynamic, image);
    tables_read(&r, relative);
    if (r.n == 0)
        return true;
    r.names = names_open(r.dynamic.strings, r.n);
    r.items = arena_alloc(arena, r.n, sizeof *r.items);
    if (!r.items)
        return diag_set(diag, 0, "out of memory for its relocations");
    tables_read(&r, relative);
    *out = (Slots){r.items, r.n};
    slots_settle(out, arena);
    return true;
}

bool slots_read(Slots *out, const Image *image, Arena *arena, Diag *diag)
{
    return slots_collect(out, image, true, arena, diag);
}

bool slots_read_named(Slots *out, const Image *image, Arena *arena, Diag *diag)
{
    return slots_collect(out, image, false, arena, diag);
}

const Slot *slots_at(const Slots *s, Addr addr)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->items[mid].addr < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->n && s->items[lo].addr == addr ? &s->items[lo] : NULL;
}
