/* elf/lsda.c - the call-site table of a language-specific data area (GCC's and LLVM's common layout).
 *
 *  u8 encoding of LPStart, LPStart      unless omitted: then pads are relative to the FDE's start
 *  u8 encoding of types, uleb offset    unless omitted
 *  u8 encoding of call sites, uleb size of their table
 *  rows: start, length, pad (0: none), uleb action; sorted by start, as the personality routines need it
 */
#include "elf/encoding.h"
#include "elf/unwind.h"

typedef struct Lsda {
    PointerReader reader; /* at the rows, cut to them */
    Addr pads;            /* what pads are relative to */
    uint8_t encoding;
} Lsda;

static bool header_read(Lsda *out, const Image *image, const Fde *fde)
{
    PointerReader *r = &out->reader;
    Cursor *c = &r->cursor;
    if (!pointer_reader_at(r, image, fde->lsda))
        return false;
    r->function = fde->start;
    uint8_t start = cursor_u8(c);
    out->pads = start == PE_OMIT ? fde->start : pointer_read(r, start);
    if (cursor_u8(c) != PE_OMIT)
        cursor_uleb(c);
    out->encoding = cursor_u8(c);
    uint64_t size = cursor_uleb(c);
    if (c->bad || size > c->bytes.n - c->off)
        return false;
    c->bytes.n = c->off + (size_t)size;
    return true;
}

/* Reads one row; false when it is damaged, does not lie behind `previous` (an offset), or leaves the function. */
static bool row_read(Lsda *lsda, const Image *image, const Fde *fde, uint64_t previous, CallSite *out)
{
    PointerReader *r = &lsda->reader;
    uint64_t start = pointer_read_plain(r, lsda->encoding);
    uint64_t length = pointer_read_plain(r, lsda->encoding);
    uint64_t pad = pointer_read_plain(r, lsda->encoding);
    cursor_uleb(&r->cursor);
    if (r->cursor.bad || start < previous || start > fde->size || length > fde->size - start)
        return false;
    *out = (CallSite){fde->start + start, fde->start + start + length, pad ? lsda->pads + pad : 0};
    return !pad || image_is_code(image, out->pad);
}

/* Passes over the rows, storing them when `rows` is not NULL. Rows without bytes are left out. */
static bool rows_read(Lsda lsda, const Image *image, const Fde *fde, CallSite *rows, size_t *n)
{
    uint64_t previous = 0, budget = fde->size + 16;
    *n = 0;
    while (lsda.reader.cursor.off < lsda.reader.cursor.bytes.n) {
        CallSite row;
        if (budget-- == 0 || !row_read(&lsda, image, fde, previous, &row))
            return false;
        previous = row.end - fde->start;
        if (row.start == row.end)
            continue;
        if (rows)
            rows[*n] = row;
        ++*n;
    }
    return true;
}

bool lsda_read(const Image *image, const Fde *fde, CallSite **out, size_t *n, Arena *arena, Diag *diag)
{
    Lsda lsda;
    *out = NULL;
    *n = 0;
    if (!fde->lsda)
        return true;
    if (!header_read(&lsda, image, fde) || !rows_read(lsda, image, fde, NULL, n)) {
        *n = 0;
        return diag_set(diag, fde->lsda, "damaged exception table");
    }
    *out = arena_alloc(arena, *n, sizeof **out);
    if (!*out) {
        *n = 0;
        return diag_set(diag, fde->lsda, "out of memory for an exception table");
    }
    return rows_read(lsda, image, fde, *out, n);
}
