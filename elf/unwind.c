/* elf/unwind.c - finds FDEs: by .eh_frame_hdr's table where it can be used, else by walking .eh_frame.
 *
 * The table's only form that linkers make is used: pairs (start, FDE) of 4-byte offsets from the header, sorted by start
 * (LSB 5.0 core, 10.6.2).
 */
#include "elf/unwind.h"
#include "elf/cfi.h"

#include <stdlib.h>

enum { TABLE_ENCODING = PE_DATAREL | PE_SDATA4, TABLE_ROW = 8 };

/* Notes the table at the reader, n rows, when it lies in the header. */
static void table_note(Unwind *u, const PointerReader *r, uint64_t n)
{
    const Cursor *c = &r->cursor;
    if (c->bad || n == 0 || n > (c->bytes.n - c->off) / TABLE_ROW)
        return;
    u->table = pointer_reader_addr(r);
    u->ntable = (size_t)n;
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

bool unwind_open(Unwind *out, const Image *image)
{
    *out = (Unwind){.image = image};
    header_read(out);
    frame_bounds(out);
    return out->table || out->eh_frame;
}

/* Row i of the table: offsets from .eh_frame_hdr. i < ntable, so the bytes are there. */
static void table_row(const Unwind *u, size_t i, int64_t *start, Addr *fde)
{
    uint32_t words[2] = {0};
    image_u32(u->image, u->table + i * TABLE_ROW, &words[0]);
    image_u32(u->image, u->table + i * TABLE_ROW + 4, &words[1]);
    *start = (int32_t)words[0];
    *fde = u->image->eh_frame_hdr + (uint64_t)(int32_t)words[1];
}

/* The FDE of row i; false when it is damaged or starts elsewhere than the row says. */
static bool table_fde(const Unwind *u, size_t i, Fde *out)
{
    int64_t start;
    Addr fde;
    table_row(u, i, &start, &fde);
    return cfi_fde_read(out, u->image, fde) && out->start == u->image->eh_frame_hdr + (uint64_t)start;
}

static bool fde_holds(const Fde *fde, Addr pc) { return pc - fde->start < fde->size; }

static bool table_find(const Unwind *u, Addr pc, Fde *out)
{
    size_t lo = 0, hi = u->ntable;
    int64_t start, wanted = (int64_t)(pc - u->image->eh_frame_hdr);
    Addr fde;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        table_row(u, mid, &start, &fde);
        if (start <= wanted)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && table_fde(u, lo - 1, out) && fde_holds(out, pc);
}

/* Steps to the next readable FDE at or after *at; *at is then behind it. Entries only go upward, so a walk ends. A zero
 * length ends the frames, but linkers leave such in the middle of a section too. */
static bool walk_next(const Unwind *u, Addr *at, Fde *out)
{
    CfiEntry entry;
    while (*at - u->eh_frame < u->eh_frame_size && cfi_entry_read(&entry, u->image, *at)) {
        *at = entry.end;
        if (entry.kind == CFI_FDE && cfi_fde_read(out, u->image, entry.at))
            return true;
    }
    return false;
}

bool unwind_find(const Unwind *u, Addr pc, Fde *out)
{
    if (u->table)
        return table_find(u, pc, out);
    for (Addr at = u->eh_frame; walk_next(u, &at, out);)
        if (fde_holds(out, pc))
            return true;
    return false;
}

static int fde_compare(const void *a, const void *b)
{
    const Fde *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->size > y->size ? -1 : x->size < y->size;
}

/* Sorts, drops duplicates, and cuts a range that runs into the next, so that all sizes together are at most the text. */
static void fdes_settle(Fde *fdes, size_t *n)
{
    size_t kept = 0;
    if (*n)
        qsort(fdes, *n, sizeof *fdes, fde_compare);
    for (size_t i = 0; i < *n; i++) {
        Fde *last = kept ? &fdes[kept - 1] : NULL;
        if (last && last->start == fdes[i].start)
            continue;
        if (last && fde_holds(last, fdes[i].start))
            last->size = fdes[i].start - last->start;
        fdes[kept++] = fdes[i];
    }
    *n = kept;
}

static bool table_all(const Unwind *u, Fde **out, size_t *n, Arena *arena)
{
    *out = arena_alloc(arena, u->ntable, sizeof **out);
    for (size_t i = 0; *out && i < u->ntable; i++)
        if (table_fde(u, i, *out + *n))
            ++*n;
    return *out;
}

static bool walk_all(const Unwind *u, Fde **out, size_t *n, Arena *arena)
{
    size_t count = 0;
    Fde fde;
    for (Addr at = u->eh_frame; walk_next(u, &at, &fde);)
        count++;
    *out = arena_alloc(arena, count, sizeof **out);
    for (Addr at = u->eh_frame; *out && *n < count && walk_next(u, &at, *out + *n);)
        ++*n;
    return *out;
}

bool unwind_all(const Unwind *u, Fde **out, size_t *n, Arena *arena, Diag *diag)
{
    *n = 0;
    if (!(u->table ? table_all(u, out, n, arena) : walk_all(u, out, n, arena)))
        return diag_set(diag, u->table ? u->table : u->eh_frame, "out of memory for its unwind table");
    fdes_settle(*out, n);
    return true;
}
