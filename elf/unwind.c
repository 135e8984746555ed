/* elf/unwind.c - finds FDEs: by .eh_frame_hdr's table where it can be used, else in a list made by walking .eh_frame.
 *
 * The table's only form that linkers make is used: pairs (start, FDE) of 4-byte offsets from the header, sorted by start
 * (LSB 5.0 core, 10.6.2).
 */
#include "elf/unwind.h"
#include "elf/cfi.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_ENCODING = PE_DATAREL | PE_SDATA4, TABLE_ROW = 8 };

/* Notes the table at the reader, n rows, when it lies in the header. */
static void table_note(Unwind *u, const PointerReader *r, uint64_t n)
{
    const Cursor *c = &r->cursor;
    if (c->bad || n == 0 || n > (c->bytes.n - c->off) / TABLE_ROW)
        return;
    u->table = (Bytes){c->bytes.p + c->off, (size_t)n * TABLE_ROW};
    u->n = (size_t)n;
}

/* .eh_frame_hdr: version 1, three encodings, the address of .eh_frame, the count, the table. */
static void header_read(Unwind *u)
{
    PointerReader r;
    const Image *image = u->image;
    if (!image->eh_frame_hdr || !pointer_reader_at(&r, image, image->eh_frame_hdr))
        return;
    if (r.cursor.bytes.n > image->eh_frame_hdr_size)
        r.cursor.bytes.n = (size_t)image->eh_frame_hdr_size;
    r.data = image->eh_frame_hdr;
    uint8_t version = cursor_u8(&r.cursor), frame = cursor_u8(&r.cursor);
    uint8_t count = cursor_u8(&r.cursor), table = cursor_u8(&r.cursor);
    if (r.cursor.bad || version != 1)
        return;
    u->eh_frame = pointer_read(&r, frame);
    uint64_t n = count == PE_OMIT ? 0 : pointer_read(&r, count);
    if (table == TABLE_ENCODING)
        table_note(u, &r, n);
}

/* The section's bounds when it is the one that the header names or the header names none; else to the segment's end. */
static void frame_bounds(Unwind *u)
{
    Addr addr;
    Bytes bytes;
    bool named = image_section(u->image, ".eh_frame", &addr, &bytes) && addr && bytes.n;
    if (named && (u->eh_frame == 0 || u->eh_frame == addr)) {
        u->eh_frame = addr;
        u->eh_frame_size = bytes.n;
    } else if (u->eh_frame && image_bytes(u->image, u->eh_frame, &bytes)) {
        u->eh_frame_size = bytes.n;
    } else {
        u->eh_frame = 0;
    }
}

/* ---- the table ---- */

/* Row i of the table: offsets from .eh_frame_hdr. */
static void table_row(const Unwind *u, size_t i, int64_t *start, Addr *fde)
{
    int32_t words[2];
    memcpy(words, u->table.p + i * TABLE_ROW, sizeof words);
    *start = words[0];
    *fde = u->image->eh_frame_hdr + (uint64_t)(int64_t)words[1];
}

static Addr start_at(const Unwind *u, size_t i)
{
    int64_t start;
    Addr fde;
    if (!u->table.n)
        return u->ranges[i].start;
    table_row(u, i, &start, &fde);
    return u->image->eh_frame_hdr + (uint64_t)start;
}

static bool table_in_order(const Unwind *u)
{
    bool upward = true;
    for (size_t i = 1; i < u->n; i++)
        upward &= start_at(u, i - 1) < start_at(u, i);
    return upward;
}

/* The range of row i's FDE; false when it is damaged or starts elsewhere than the row says. */
static bool table_range(const Unwind *u, size_t i, struct CieMemory *memory, FdeRange *out)
{
    int64_t start;
    Addr fde;
    table_row(u, i, &start, &fde);
    return cfi_range_read(out, u->image, fde, memory) && out->start == start_at(u, i);
}

/* ---- without it ---- */

/* Steps to the next readable FDE at or after *at; *at is then behind it. Entries only go upward, so a walk ends. A zero
 * length ends the frames, but linkers leave such in the middle of a section too. */
static bool frame_next(const Unwind *u, Addr *at, struct CieMemory *memory, FdeRange *out)
{
    CfiEntry entry;
    while (*at - u->eh_frame < u->eh_frame_size && cfi_entry_read(&entry, u->image, *at)) {
        *at = entry.end;
        if (entry.kind == CFI_FDE && cfi_range_read(out, u->image, entry.at, memory))
            return true;
    }
    return false;
}

static int range_order(const void *a, const void *b)
{
    const FdeRange *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->size < y->size) - (x->size > y->size);
}

static bool range_add(FdeRange **items, size_t *n, size_t *cap, FdeRange range, Arena *arena)
{
    if (!arena_grow(arena, (void **)items, *n, cap, sizeof **items))
        return false;
    (*items)[(*n)++] = range;
    return true;
}

/* Gathers all FDEs: of the table's rows, in whatever order, or by walking .eh_frame. */
static bool ranges_gather(const Unwind *u, FdeRange **items, size_t *n, Arena *arena)
{
    struct CieMemory memory = {0};
    FdeRange range;
    size_t cap = 0;
    bool ok = true;
    for (size_t i = 0; ok && u->table.n && i < u->n; i++)
        ok = !table_range(u, i, &memory, &range) || range_add(items, n, &cap, range, arena);
    for (Addr at = u->eh_frame; ok && !u->table.n && frame_next(u, &at, &memory, &range);)
        ok = range_add(items, n, &cap, range, arena);
    return ok;
}

/* Sorted, one for each start (the longest). */
static bool ranges_make(Unwind *u, Arena *arena)
{
    Arena scratch = {.limit = arena->limit};
    FdeRange *items = NULL;
    size_t n = 0, kept = 0;
    bool ok = ranges_gather(u, &items, &n, &scratch);
    u->ranges = ok ? arena_alloc(arena, n, sizeof *items) : NULL;
    if (u->ranges && n)
        qsort(items, n, sizeof *items, range_order);
    for (size_t i = 0; u->ranges && i < n; i++)
        if (i == 0 || items[i].start != items[i - 1].start)
            u->ranges[kept++] = items[i];
    u->table = (Bytes){0};
    u->n = kept;
    arena_free(&scratch);
    return u->ranges;
}

bool unwind_open(Unwind *out, const Image *image, Arena *arena, Diag *diag)
{
    *out = (Unwind){.image = image};
    header_read(out);
    frame_bounds(out);
    if (out->table.n && table_in_order(out))
        return true;
    return ranges_make(out, arena) || diag_set(diag, out->eh_frame, "out of memory for its unwind table");
}

/* ---- lookups ---- */

bool unwind_find(const Unwind *u, Addr pc, Fde *out)
{
    size_t lo = 0, hi = u->n;
    FdeRange range;
    struct CieMemory memory = {0};
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (start_at(u, mid) <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0 || (u->table.n && !table_range(u, lo - 1, &memory, &range)))
        return false;
    Addr fde = u->table.n ? range.fde : u->ranges[lo - 1].fde;
    return cfi_fde_read(out, u->image, fde) && pc - out->start < out->size;
}

bool unwind_next(const Unwind *u, UnwindWalk *w, FdeRange *out)
{
    for (; w->at < u->n; w->at++) {
        if (u->table.n && !table_range(u, w->at, &w->cie, out))
            continue;
        if (!u->table.n)
            *out = u->ranges[w->at];
        if (++w->at < u->n && start_at(u, w->at) - out->start < out->size)
            out->size = start_at(u, w->at) - out->start;
        return true;
    }
    return false;
}
