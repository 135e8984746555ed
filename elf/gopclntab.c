/* elf/gopclntab.c - Go's table of functions.
 *
 *  magic u32, 0, 0, quantum u8 (1 on x86), pointer size u8 (8), then words of 8 bytes:
 *    1.2        nfunc; the function table follows, its offsets and the names' count from the table's start
 *    1.16       nfunc, nfile, names, cus, files, pcs, functions   (offsets of the parts)
 *    1.18, 1.20 nfunc, nfile, text start, names, cus, files, pcs, functions
 *  function table: nfunc rows (pc, offset of the function's record), and the last function's end. Rows are two words of
 *  8 bytes, with addresses, to 1.16; two of 4 bytes, with offsets from the text start, since.
 *  record: pc as in the row (8 or 4 bytes), name offset i32, ...
 *
 * Source: the Go source tree, src/debug/gosym/pclntab.go and src/internal/abi/symtab.go (layout only). In a
 * position-independent program the addresses may be left to relocations, which are then consulted.
 */
#include "elf/gopclntab.h"
#include "elf/names.h"
#include "elf/symbols.h"

#include <elf.h>

enum { HEADER_WORDS_MAX = 8, HEADER_MAX = 8 + HEADER_WORDS_MAX * 8, SCAN_STEP = 8 };

typedef enum Version { GO_1_2, GO_1_16, GO_1_18 } Version;

typedef struct Pclntab {
    const Image *image;
    Slots slots;
    Version version;
    Addr addr;   /* of the table */
    Bytes bytes; /* from there to the end of the segment's file part */
    uint64_t nfunc;
    Addr text;        /* what rows count from: 0 to 1.16 */
    uint64_t records; /* offset that rows' offsets count from */
    uint64_t rows;    /* offset of the function table */
    Names names;
} Pclntab;

static bool version_of(Bytes b, Version *out)
{
    Cursor c = cursor_at(b, 0);
    uint32_t magic = cursor_u32(&c), rest = cursor_u32(&c);
    if (c.bad || rest != 0x08010000)
        return false;
    switch (magic) {
    case 0xfffffffb: *out = GO_1_2; return true;
    case 0xfffffffa: *out = GO_1_16; return true;
    case 0xfffffff0:
    case 0xfffffff1: *out = GO_1_18; return true;
    default: return false;
    }
}

static size_t row_size(const Pclntab *t) { return t->version == GO_1_18 ? 8 : 16; }

static uint64_t value_read(const Pclntab *t, Cursor *c)
{
    return t->version == GO_1_18 ? cursor_u32(c) : cursor_u64(c);
}

/* Reads the header at `bytes` and checks that the parts that are used lie behind it. */
static bool header_read(Pclntab *t)
{
    uint64_t word[HEADER_WORDS_MAX];
    Cursor c = cursor_at(t->bytes, 0);
    if (!version_of(t->bytes, &t->version))
        return false;
    cursor_u64(&c);
    for (size_t i = 0; i < HEADER_WORDS_MAX; i++)
        word[i] = cursor_u64(&c);
    static const unsigned char names_word[] = {[GO_1_16] = 2, [GO_1_18] = 3};
    static const unsigned char rows_word[] = {[GO_1_16] = 6, [GO_1_18] = 7};
    uint64_t names = 0;
    t->nfunc = word[0];
    t->rows = 16;
    t->records = 0;
    if (t->version != GO_1_2) {
        names = word[names_word[t->version]];
        t->rows = t->records = word[rows_word[t->version]];
    }
    if (c.bad || names > t->bytes.n || t->nfunc == 0 || t->nfunc == UINT64_MAX ||
        !bytes_at(t->bytes, t->rows, t->nfunc, row_size(t)))
        return false;
    t->names = names_open((Bytes){t->bytes.p + names, t->bytes.n - (size_t)names}, t->nfunc);
    return true;
}

static bool table_at(Pclntab *t, Addr addr)
{
    t->addr = addr;
    return image_bytes(t->image, addr, &t->bytes) && header_read(t);
}

/* Looks for a header in a file without section headers; the linker aligns it to 32, 8 is asked for. */
static bool table_scan(Pclntab *t)
{
    for (size_t i = 0; i < t->image->nloads; i++) {
        const Segment *s = &t->image->loads[i];
        const uint8_t *p = t->image->file.p + s->off.v;
        for (uint64_t at = -s->addr & (SCAN_STEP - 1); at < s->filesz && s->filesz - at >= HEADER_MAX; at += SCAN_STEP)
            if (p[at + 3] == 0xff && p[at + 2] == 0xff && p[at + 1] == 0xff && table_at(t, s->addr + at))
                return true;
    }
    return false;
}

static bool table_find(Pclntab *t)
{
    static const char *const sections[] = {".gopclntab", ".data.rel.ro.gopclntab"};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        Addr addr;
        Bytes bytes;
        if (image_section(t->image, sections[i], &addr, &bytes) && addr && table_at(t, addr))
            return true;
    }
    return t->image->nsections == 0 && table_scan(t);
}

/* The address stored at an offset of the table, 8 bytes: a relocation's value where there is one. */
static Addr address_at(const Pclntab *t, uint64_t off, Addr stored)
{
    const Slot *slot = slots_at(&t->slots, t->addr + off);
    return slot && slot->target ? slot->target : stored;
}

/* Rows count from the text start; where neither the header nor a relocation says it, from .text's. */
static void text_find(Pclntab *t)
{
    enum { TEXT_WORD = 8 + 2 * 8 };
    Bytes bytes;
    Cursor c = cursor_at(t->bytes, TEXT_WORD);
    t->text = 0;
    if (t->version != GO_1_18)
        return;
    t->text = address_at(t, TEXT_WORD, cursor_u64(&c));
    if (!image_is_code(t->image, t->text) && !image_section(t->image, ".text", &t->text, &bytes))
        t->text = 0;
}

/* The pc of row i, or of the end for i == nfunc; *record is the record's offset. */
static Addr row_read(const Pclntab *t, uint64_t i, uint64_t *record)
{
    uint64_t at = t->rows + i * row_size(t);
    Cursor c = cursor_at(t->bytes, at);
    uint64_t pc = value_read(t, &c);
    *record = value_read(t, &c) + t->records;
    return t->version == GO_1_18 ? t->text + pc : address_at(t, at, pc);
}

static Str record_name(Pclntab *t, uint64_t record)
{
    Cursor c = cursor_at(t->bytes, record);
    value_read(t, &c);
    uint32_t name = cursor_u32(&c);
    if (c.bad)
        return (Str){0};
    return names_at(&t->names, name);
}

/* The functions, in the table's order, which is upward: a row that goes back, or leaves the code, is left out. */
static size_t functions_read(Pclntab *t, GoFunction *out)
{
    size_t n = 0;
    Addr last = 0;
    for (uint64_t i = 0; i < t->nfunc; i++) {
        uint64_t record, unused;
        Addr start = row_read(t, i, &record), end = row_read(t, i + 1, &unused);
        Bytes code;
        if (start < last || end <= start || !image_is_code(t->image, start) || !image_bytes(t->image, start, &code) ||
            end - start > code.n)
            continue;
        out[n++] = (GoFunction){start, end, record_name(t, record)};
        last = end;
    }
    return n;
}

bool gopclntab_read(const Image *image, GoFunction **out, size_t *n, Arena *arena, Diag *diag)
{
    Arena scratch = {.limit = arena->limit};
    Pclntab t = {.image = image};
    *out = NULL;
    *n = 0;
    if (!table_find(&t))
        return true;
    *out = arena_alloc(arena, (size_t)t.nfunc, sizeof **out);
    bool ok = *out && (image->type != ET_DYN || slots_read(&t.slots, image, &scratch, diag));
    if (ok) {
        text_find(&t);
        *n = functions_read(&t, *out);
    } else {
        diag_set(diag, t.addr, "out of memory for Go's function table");
    }
    arena_free(&scratch);
    return ok;
}
