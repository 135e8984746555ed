/* elf/slots.c - see slots.h. */
#include "elf/slots.h"
#include "elf/cursor.h"
#include "elf/dynamic.h"
#include "elf/order.h"

#include <elf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* How a table is bisected. */
typedef enum OrderState { ORDER_UNSEEN, ORDER_AS_IT_IS, ORDER_BY_INDEX, ORDER_FAILED } OrderState;

struct SlotOrders {
    pthread_mutex_t lock;
    atomic_uchar state[SLOT_TABLES];
    uint32_t *index[SLOT_TABLES]; /* entries by address, but for those that do nothing */
    size_t n[SLOT_TABLES];        /* of them, or of the table as it is */
};

static size_t table_count(Bytes table) { return table.n / sizeof(Elf64_Rela); }

static Elf64_Rela table_entry(Bytes table, size_t i)
{
    Elf64_Rela rela;
    memcpy(&rela, table.p + i * sizeof rela, sizeof rela);
    return rela;
}

/* ---- opening ---- */

/* A static program has no dynamic section; its IRELATIVE relocations lie between __rela_iplt_start and _end. */
static Bytes static_table(const Image *image)
{
    Addr addr;
    Bytes table;
    if (!image_section(image, ".rela.plt", &addr, &table) || !addr)
        return (Bytes){0};
    table.n -= table.n % sizeof(Elf64_Rela);
    return table;
}

static Bytes table_cut(Bytes table)
{
    size_t most = (size_t)UINT32_MAX * sizeof(Elf64_Rela);
    return (Bytes){table.p, table.n < most ? table.n : most};
}

static void tables_note(Slots *s, const Dynamic *d)
{
    size_t relative = d->relative < table_count(d->rela) ? (size_t)d->relative * sizeof(Elf64_Rela) : d->rela.n;
    Bytes rest = {d->rela.p ? d->rela.p + relative : NULL, d->rela.n - relative};
    s->tables[0] = table_cut(rest);
    s->tables[1] = table_cut(d->jmprel.n ? d->jmprel : static_table(s->image));
    s->tables[2] = table_cut((Bytes){d->rela.p, relative});
}

bool slots_open(Slots *out, const Image *image, Arena *arena, Diag *diag)
{
    Dynamic d;
    dynamic_read(&d, image);
    *out = (Slots){.image = image, .symtab = d.symtab, .strings = d.strings};
    tables_note(out, &d);
    out->orders = calloc(1, sizeof *out->orders);
    if (!out->orders || !relr_open(&out->relr, d.relr, arena))
        return diag_set(diag, 0, "out of memory for its relocations");
    pthread_mutex_init(&out->orders->lock, NULL);
    return true;
}

void slots_close(Slots *s)
{
    if (!s->orders)
        return;
    for (size_t i = 0; i < SLOT_TABLES; i++)
        free(s->orders->index[i]);
    pthread_mutex_destroy(&s->orders->lock);
    free(s->orders);
    s->orders = NULL;
}

/* ---- one slot ---- */

static bool symbol_read(const Slots *s, uint64_t index, Elf64_Sym *out)
{
    if (s->symtab == 0 || index == 0)
        return false;
    const uint8_t *p = image_read(s->image, s->symtab + index * sizeof *out, sizeof *out);
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

static Slot slot_of(const Slots *s, const Elf64_Rela *rela)
{
    Elf64_Sym sym;
    Slot slot = {.addr = rela->r_offset, .type = (uint32_t)ELF64_R_TYPE(rela->r_info)};
    if (slot.type == R_X86_64_RELATIVE || slot.type == R_X86_64_RELATIVE64 || slot.type == R_X86_64_IRELATIVE) {
        slot.target = (Addr)rela->r_addend;
    } else if (symbol_read(s, ELF64_R_SYM(rela->r_info), &sym)) {
        slot.name = bytes_text(s->strings, sym.st_name, NAME_BYTES_MAX);
        slot.name = slot.name.n ? slot.name : (Str){0};
        slot.target = symbol_target(&sym, slot.type, rela->r_addend);
    }
    return slot;
}

static bool relr_slot(const Slots *s, Addr addr, Slot *out)
{
    uint64_t value;
    if (!image_number(s->image, addr, 64, &value))
        return false;
    *out = (Slot){.addr = addr, .target = value, .type = R_X86_64_RELATIVE};
    return true;
}

/* ---- lookups ---- */

static bool entry_is_none(Bytes table, size_t i) { return ELF64_R_TYPE(table_entry(table, i).r_info) == R_X86_64_NONE; }

static uint64_t entry_addr(const void *table, uint32_t i) { return table_entry(*(const Bytes *)table, i).r_offset; }

static bool table_in_order(Bytes table)
{
    Addr last = 0;
    for (size_t i = 0; i < table_count(table); i++) {
        Elf64_Rela rela = table_entry(table, i);
        if (last > rela.r_offset || ELF64_R_TYPE(rela.r_info) == R_X86_64_NONE)
            return false;
        last = rela.r_offset;
    }
    return true;
}

static OrderState order_find(Bytes table, uint32_t **out, size_t *nout)
{
    *nout = table_count(table);
    if (table_in_order(table))
        return ORDER_AS_IT_IS;
    uint32_t *index = calloc(table_count(table), sizeof *index);
    size_t n = 0;
    for (size_t i = 0; index && i < table_count(table); i++)
        if (!entry_is_none(table, i))
            index[n++] = (uint32_t)i;
    if (!index || !order_sort(index, n, entry_addr, &table, NULL)) {
        free(index);
        return ORDER_FAILED;
    }
    *out = index;
    *nout = n;
    return ORDER_BY_INDEX;
}

static OrderState order_of(const Slots *s, unsigned table)
{
    struct SlotOrders *o = s->orders;
    OrderState state = (OrderState)atomic_load_explicit(&o->state[table], memory_order_acquire);
    if (state != ORDER_UNSEEN)
        return state;
    pthread_mutex_lock(&o->lock);
    state = (OrderState)atomic_load_explicit(&o->state[table], memory_order_relaxed);
    if (state == ORDER_UNSEEN)
        state = order_find(s->tables[table], &o->index[table], &o->n[table]);
    atomic_store_explicit(&o->state[table], (unsigned char)state, memory_order_release);
    pthread_mutex_unlock(&o->lock);
    return state;
}

/* The entry at a rank in the order of address; in the table's own where that serves, or no other could be made. */
static Elf64_Rela entry_at(const Slots *s, unsigned table, size_t rank)
{
    const uint32_t *index = s->orders->index[table];
    return table_entry(s->tables[table], index ? index[rank] : rank);
}

/* The rank of the first entry for addr; false: there is none. */
static bool entry_find(const Slots *s, unsigned table, Addr addr, size_t *rank)
{
    Bytes entries = s->tables[table];
    size_t lo = 0, count = table_count(entries);
    if (count == 0)
        return false;
    if (order_of(s, table) == ORDER_FAILED) { /* no memory for the index: slow, but a slot must not be missed */
        while (lo < count && (table_entry(entries, lo).r_offset != addr || entry_is_none(entries, lo)))
            lo++;
        *rank = lo;
        return lo < count;
    }
    size_t n = s->orders->n[table], hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (entry_at(s, table, mid).r_offset < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    *rank = lo;
    return lo < n && entry_at(s, table, lo).r_offset == addr;
}

static bool entries_agree(const Elf64_Rela *x, const Elf64_Rela *y)
{
    return x->r_info == y->r_info && x->r_addend == y->r_addend;
}

/* Do all entries for the word of the one at `rank`, the first, say the same? More than a few never count as that. */
static bool entry_is_sure(const Slots *s, unsigned table, size_t rank)
{
    enum { SAME_MAX = 4 };
    bool ordered = order_of(s, table) != ORDER_FAILED;
    size_t n = ordered ? s->orders->n[table] : table_count(s->tables[table]), same = 0;
    Elf64_Rela first = entry_at(s, table, rank);
    for (size_t i = rank + 1; i < n; i++) {
        Elf64_Rela other = entry_at(s, table, i);
        if (other.r_offset == first.r_offset && (++same > SAME_MAX || !entries_agree(&first, &other)))
            return false;
        if (other.r_offset != first.r_offset && ordered)
            return true;
    }
    return true;
}

/* Which of several entries that differ counts is the dynamic linker's affair, and depends on whether it binds lazily: nothing is known of
 * such a word but that it is filled. */
static Slot slot_disputed(Addr addr) { return (Slot){.addr = addr, .type = R_X86_64_64}; }

bool slots_at(const Slots *s, Addr addr, Slot *out)
{
    Elf64_Rela first = {0};
    bool found = false, sure = true;
    for (unsigned i = 0; i < SLOT_TABLES; i++) {
        size_t rank;
        if (!entry_find(s, i, addr, &rank))
            continue;
        Elf64_Rela rela = entry_at(s, i, rank);
        sure &= entry_is_sure(s, i, rank) && (!found || entries_agree(&first, &rela));
        first = found ? first : rela;
        found = true;
    }
    if (found)
        *out = sure ? slot_of(s, &first) : slot_disputed(addr);
    return found || (relr_holds(&s->relr, addr) && relr_slot(s, addr, out));
}

bool slots_next(const Slots *s, SlotWalk *w, Slot *out)
{
    Addr addr;
    for (; w->table < SLOT_TABLES; w->table++, w->at = 0)
        while (w->at < table_count(s->tables[w->table])) {
            size_t i = w->at++;
            if (entry_is_none(s->tables[w->table], i))
                continue;
            Elf64_Rela rela = table_entry(s->tables[w->table], i);
            *out = slot_of(s, &rela);
            return true;
        }
    while (relr_next(&s->relr, &w->relr, &addr))
        if (relr_slot(s, addr, out))
            return true;
    return false;
}
