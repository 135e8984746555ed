/* analysis/functions.c - see functions.h.
 *
 * Every source gives rows in order of address; they are merged, and where two begin at one address the better named wins. A
 * row ends where the next begins. Most files have little but unwind tables: a row of those is a few words read from the file.
 */
#include "analysis/functions.h"

#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/carve.h"
#include "analysis/gaps.h"
#include "analysis/padding.h"
#include "analysis/program.h"
#include "analysis/sweep.h"
#include "elf/dynamic.h"
#include "elf/order.h"

static void found_add(const Program *p, RowList *list, FunctionRow row)
{
    if (image_is_code(&p->image, row.start))
        rows_add(list, row);
}

/* ---- sources ---- */

static void found_fdes(const Program *p, RowList *list)
{
    UnwindWalk w = {0};
    FdeRange range;
    list->cap = p->unwind.n;
    list->items = arena_alloc(list->arena, list->cap, sizeof *list->items);
    list->failed |= !list->items;
    while (!list->failed && unwind_next(&p->unwind, &w, &range))
        found_add(p, list, row_make(range.start, range.start + range.size, FOUND_EH_FRAME));
}

/* Symbols that lie in no FDE's range; found_join sees to those at one address. */
static void found_symbols(const Program *p, RowList *list, const RowList *fdes)
{
    size_t fde = 0;
    for (size_t i = 0; i < p->symbols.n && !list->failed; i++) {
        Addr addr = p->symbols.addrs[i];
        Bytes rest;
        while (fde < fdes->n && row_end(&fdes->items[fde]) <= addr)
            fde++;
        if (fde < fdes->n && fdes->items[fde].start <= addr)
            continue;
        Symbol s = symbols_get(&p->symbols, i);
        if (!symbol_is_function(&s) || !image_bytes(&p->image, addr, &rest))
            continue;
        Addr end = s.addr + (s.size <= rest.n ? s.size : 0); /* else its size is a lie */
        found_add(p, list, row_make(s.addr, end, s.source == SYMBOL_SYMTAB ? FOUND_SYMTAB : FOUND_DYNSYM));
    }
}

static void found_go(const Program *p, RowList *list)
{
    Addr start, end, last = 0;
    for (size_t i = 0; i < p->go.n && i < ROW_SOURCE_MAX && !list->failed; i++)
        if (gopclntab_function(&p->go, i, &start, &end) && start >= last) {
            FunctionRow row = row_make(start, end, FOUND_PCLNTAB);
            row.source = (uint32_t)i & ROW_SOURCE_MAX;
            found_add(p, list, row);
            last = end;
        }
}

/* A file whose symbols and unwind tables know less than half of the code is swept for where its own code calls or points to; but not one
 * with more code than this. */
enum { SWEEP_MAX = 64 << 20 };

static uint64_t rows_bytes(const RowList *list)
{
    uint64_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        n += list->items[i].found_by == FOUND_DYNSYM ? 0 : list->items[i].size; /* exported ones are some, not all */
    return n;
}

static uint64_t code_bytes(const Image *image)
{
    uint64_t code = 0;
    for (size_t i = 0; i < image->nloads; i++) {
        Addr start, end;
        image_code(image, &image->loads[i], &start, &end);
        code += image->loads[i].executable ? end - start : 0;
    }
    return code;
}

/* ---- all of them ---- */

/* Joins what begins at one address, where an FDE comes first if there is one (found_symbols): its range is the right one. Go's table knows
 * the name. */
static void found_join(RowList *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        FunctionRow *f = &list->items[i], *last = n ? &list->items[n - 1] : NULL;
        if (!last || last->start != f->start) {
            list->items[n++] = *f;
            continue;
        }
        if (last->found_by == FOUND_EH_FRAME && f->found_by == FOUND_PCLNTAB) {
            last->found_by = f->found_by;
            last->source = f->source;
        } else if (f->size > last->size) {
            last->size = f->size;
        }
    }
    list->n = n;
}

/* The row's size, cut at `next`; one without a size gets the space up to there. */
static uint32_t size_settled(const Image *image, const FunctionRow *row, Addr next)
{
    Bytes rest = {.n = row->size};
    if (row->size == 0)
        image_bytes(image, row->start, &rest); /* else none: then it is left out (rows_clean) */
    uint64_t most = next - row->start, size = rest.n < most ? rest.n : most;
    return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

/* Does a symbol or an FDE say that code begins where compilers and linkers begin none: at an odd address, inside what another row says is its
 * own, or behind bytes that are neither its nor whole padding? The table may be damaged, and what it tells of be in the middle of an
 * instruction. */
static bool begins_oddly(const Image *image, const FunctionRow *before, const FunctionRow *f)
{
    enum { ALIGN = 4 };
    if (f->start % ALIGN == 0 || f->found_by > FOUND_EH_FRAME || (before && !before->size))
        return false;
    return !before || row_end(before) > f->start ||
           (row_end(before) < f->start && carve_padding(image, row_end(before), f->start) != f->start);
}

/* Drops other entries inside a longer range, and settles where ranges end. */
static void found_trim(const Image *image, RowList *list)
{
    size_t n = 0;
    Addr covered = 0;
    for (size_t i = 0; i < list->n; i++) {
        FunctionRow f = list->items[i];
        if (f.start < covered && f.found_by != FOUND_EH_FRAME)
            continue;
        f.unsure |= begins_oddly(image, n ? &list->items[n - 1] : NULL, &f);
        covered = row_end(&f) > covered ? row_end(&f) : covered;
        list->items[n++] = f;
    }
    list->n = n;
    for (size_t i = 0; i < n; i++)
        list->items[i].size = size_settled(image, &list->items[i], i + 1 < n ? list->items[i + 1].start : UINT64_MAX);
}

/* ---- what begins in a gap between those known ---- */

/* A static program has no dynamic section; these sections say the same. */
static void static_entries(const Image *image, Dynamic *d)
{
    static const char *const names[] = {".preinit_array", ".init_array", ".fini_array"};
    Bytes bytes;
    image_section(image, ".init", &d->init, &bytes);
    image_section(image, ".fini", &d->fini, &bytes);
    for (size_t i = 0; i < 3; i++)
        if (image_section(image, names[i], &d->starts_at[i], &d->starts[i]))
            d->starts[i].n &= ~(size_t)7;
}

/* Where the program begins, and what the dynamic linker runs at start and end. */
static void entries_note(const Program *p, RowList *list)
{
    Dynamic d;
    if (!dynamic_read(&d, &p->image))
        static_entries(&p->image, &d);
    found_add(p, list, row_make(p->image.entry, p->image.entry, FOUND_ENTRY));
    found_add(p, list, row_make(d.init, d.init, FOUND_INIT));
    found_add(p, list, row_make(d.fini, d.fini, FOUND_INIT));
    for (size_t i = 0; i < 3; i++)
        for (size_t at = 0; at < d.starts[i].n; at += 8) {
            Slot slot;
            uint64_t addr;
            memcpy(&addr, d.starts[i].p + at,
                   sizeof addr); /* most linkers write it here, too; BOLT leaves what was there */
            if (slots_at(&p->slots, d.starts_at[i] + at, &slot) && slot.target)
                addr = slot.target;
            found_add(p, list, row_make(addr, addr, FOUND_INIT));
        }
}

/* What runs at start and end, and what that leads to: the functions of the C library's start files have no unwind tables. */
static void found_entries(const Program *p, RowList *rows, Arena *scratch)
{
    RowList entries = {.arena = scratch}, found = entries;
    entries_note(p, &entries);
    gaps_follow(p, rows, &entries, false, &found);
    rows_merge(rows, found.items, found.n, 0, scratch);
    rows->failed |= entries.failed || found.failed;
}

/* ---- all of them ---- */

static void found_settle(const Image *image, RowList *list)
{
    found_join(list);
    found_trim(image, list);
}

/* What the code itself shows, among what tables and symbols show. */
static void found_swept(const Program *p, RowList *all, Arena *scratch)
{
    RowList named = {.arena = scratch}, spans = named;
    entries_note(p, &named);
    sweep_references(p, &named);
    rows_merge(all, named.items, named.n, 0, scratch);
    all->failed |= named.failed;
    found_settle(&p->image, all);
    sweep_spans(p, all->items, all->n, &spans);
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++)
        if (!row_is_swept(&all->items[i]))
            all->items[n++] = all->items[i];
    all->n = n;
    rows_merge(all, spans.items, spans.n, 0, scratch);
    all->failed |= spans.failed;
}

/* How the program's functions are known. */
typedef enum Kinds {
    KINDS_TABLES, /* by tables and symbols, but for what lies in gaps */
    KINDS_SWEPT,  /* all code was gone through */
    KINDS_LEFT    /* that would take too long */
} Kinds;

static Kinds found_all(Program *p, RowList *all, Arena *scratch)
{
    RowList fdes = {.arena = scratch}, go = fdes;
    found_fdes(p, &fdes);
    found_symbols(p, all, &fdes);
    found_go(p, &go);
    rows_merge(all, go.items, go.n, 0, scratch);
    rows_merge(all, fdes.items, fdes.n, 0, scratch);
    all->failed |= fdes.failed || go.failed;
    uint64_t code = code_bytes(&p->image);
    Kinds kinds = rows_bytes(all) >= code / 2 ? KINDS_TABLES : code > SWEEP_MAX ? KINDS_LEFT : KINDS_SWEPT;
    if (kinds == KINDS_SWEPT)
        found_swept(p, all, scratch);
    found_settle(&p->image, all);
    found_entries(p, all, scratch);
    return kinds;
}

bool functions_find(Program *program, Diag *diag)
{
    Arena scratch = {0};
    RowList all = {.arena = &scratch};
    Kinds kinds = found_all(program, &all, &scratch);
    rows_merge(&all, NULL, 0, 0, &program->arena);
    rows_clean(&all, &program->image);
    program->known = program->functions = (Functions){all.items, all.n};
    program->padded = kinds == KINDS_LEFT && padding_usable(program);
    program->gaps = kinds == KINDS_TABLES ? gaps_open() : NULL;
    arena_free(&scratch);
    return (!all.failed && (program->gaps || kinds != KINDS_TABLES)) || diag_set(diag, 0, "out of memory");
}

void functions_close(Program *program) { gaps_close(program->gaps); }

/* ---- what is asked for ---- */

bool functions_add(Program *program, const FunctionRow *rows, size_t n)
{
    RowList all = {.items = program->functions.rows, .n = program->functions.n};
    rows_merge(&all, rows, n, 0, &program->arena);
    if (all.failed)
        return false;
    found_join(&all);
    program->functions = (Functions){all.items, all.n};
    return true;
}

bool functions_fill(Program *program)
{
    Functions found;
    if (!program->gaps || program->filled)
        return true;
    program->filled = gaps_rows(program->gaps, program, &found) && functions_add(program, found.rows, found.n);
    return program->filled;
}

const FunctionRow *functions_at(const Program *p, Addr pc)
{
    size_t row = functions_row(&p->known, pc);
    if (row != SIZE_MAX)
        return &p->known.rows[row];
    return p->gaps ? gaps_row(p->gaps, p, pc) : NULL;
}

bool functions_complete(Program *program)
{
    RowList all = {.arena = &program->arena};
    if (!functions_fill(program))
        return false;
    if (!program->padded || program->complete)
        return true;
    padding_all(program, &all);
    if (all.failed)
        return false;
    program->functions = (Functions){all.items, all.n};
    program->complete = true;
    return true;
}

size_t functions_row(const Functions *f, Addr pc)
{
    size_t after = order_after(f->rows, f->n, sizeof(FunctionRow), offsetof(FunctionRow, start), pc);
    return after > 0 && pc < row_end(&f->rows[after - 1]) ? after - 1 : SIZE_MAX;
}
