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
#include "elf/cursor.h"

#include <elf.h>

enum { HEADER_WORDS_MAX = 8, HEADER_MAX = 8 + HEADER_WORDS_MAX * 8, SCAN_STEP = 8 };

static bool version_of(Bytes b, GoVersion *out)
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

static size_t row_size(const GoTable *t) { return t->version == GO_1_18 ? 8 : 16; }

static uint64_t value_read(const GoTable *t, Cursor *c)
{
    return t->version == GO_1_18 ? cursor_u32(c) : cursor_u64(c);
}

/* Reads the header at `bytes` and checks that the parts that are used lie behind it. */
static bool header_read(GoTable *t)
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
    uint64_t n = word[0];
    t->rows = 16;
    t->records = 0;
    if (t->version != GO_1_2) {
        names = word[names_word[t->version]];
        t->rows = t->records = word[rows_word[t->version]];
    }
    if (c.bad || names > t->bytes.n || n == 0 || n == UINT64_MAX || !bytes_at(t->bytes, t->rows, n, row_size(t)))
        return false;
    t->n = (size_t)n;
    t->names = (Bytes){t->bytes.p + names, t->bytes.n - (size_t)names};
    return true;
}

static bool table_at(GoTable *t, Addr addr)
{
    t->addr = addr;
    return image_bytes(t->image, addr, &t->bytes) && header_read(t);
}

/* Looks for a header in a file without section headers; the linker aligns it to 32, 8 is asked for. */
static bool table_scan(GoTable *t)
{
    for (size_t i = 0; i < t->image->nloads; i++) {
        const Segment *s = &t->image->loads[i];
        const uint8_t *p = t->image->file.p + s->off.v;
        for (uint64_t at = -s->addr & (SCAN_STEP - 1); at + HEADER_MAX <= s->filesz; at += SCAN_STEP)
            if (p[at + 3] == 0xff && p[at + 2] == 0xff && p[at + 1] == 0xff && table_at(t, s->addr + at))
                return true;
    }
    return false;
}

static bool table_find(GoTable *t)
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
static Addr address_at(const GoTable *t, uint64_t off, Addr stored)
{
    Slot slot;
    bool relocated = t->image->type == ET_DYN && slots_at(t->slots, t->addr + off, &slot) && slot.target;
    return relocated ? slot.target : stored;
}

/* Rows count from the text start; where neither the header nor a relocation says it, from .text's. */
static void text_find(GoTable *t)
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

/* The pc of row i, or of the end for i == n; *record is the record's offset. */
static Addr row_read(const GoTable *t, uint64_t i, uint64_t *record)
{
    uint64_t at = t->rows + i * row_size(t);
    Cursor c = cursor_at(t->bytes, at);
    uint64_t pc = value_read(t, &c);
    *record = value_read(t, &c) + t->records;
    return t->version == GO_1_18 ? t->text + pc : address_at(t, at, pc);
}

bool gopclntab_open(GoTable *out, const Image *image, const Slots *slots)
{
    *out = (GoTable){.image = image, .slots = slots};
    if (!table_find(out)) {
        out->n = 0;
        return false;
    }
    text_find(out);
    return true;
}

bool gopclntab_function(const GoTable *t, size_t i, Addr *start, Addr *end)
{
    uint64_t record;
    Bytes code;
    *start = row_read(t, i, &record);
    *end = row_read(t, i + 1, &record);
    return *end > *start && image_code_bytes(t->image, *start, &code) && *end - *start <= code.n;
}

Str gopclntab_name(const GoTable *t, size_t i)
{
    uint64_t record;
    row_read(t, i, &record);
    Cursor c = cursor_at(t->bytes, record);
    value_read(t, &c);
    uint32_t name = cursor_u32(&c);
    Str text = c.bad ? (Str){0} : bytes_text(t->names, name, NAME_BYTES_MAX);
    return text.n ? text : (Str){0};
}
