/* elf/cfi.c - parses CIEs and FDEs. */
#include "elf/cfi.h"

enum { AUGMENTATION_MAX = 16 };

/* What an FDE needs of its CIE. */
typedef struct CieMemory Cie;

/* Reads the length; the cursor is left behind it, and its bytes are cut to the entry. */
static bool length_read(PointerReader *r, uint64_t *length)
{
    Cursor *c = &r->cursor;
    *length = cursor_u32(c);
    if (*length == UINT32_MAX)
        *length = cursor_u64(c);
    if (c->bad || *length > c->bytes.n - c->off)
        return false;
    c->bytes.n = c->off + (size_t)*length;
    return true;
}

static bool entry_open(CfiEntry *out, PointerReader *r, const Image *image, Addr at)
{
    uint64_t length;
    if (!pointer_reader_at(r, image, at) || !length_read(r, &length))
        return false;
    *out = (CfiEntry){.kind = CFI_TERMINATOR, .at = at, .id = pointer_reader_addr(r), .end = at + r->cursor.bytes.n};
    if (length == 0)
        return true;
    uint32_t id = cursor_u32(&r->cursor);
    out->kind = id ? CFI_FDE : CFI_CIE;
    out->cie = id ? out->id - id : 0;
    return !r->cursor.bad;
}

bool cfi_entry_read(CfiEntry *out, const Image *image, Addr at)
{
    PointerReader r;
    return entry_open(out, &r, image, at);
}

/* One letter's augmentation data; false for a letter whose data's size is not known. */
static bool augmentation_letter(Cie *out, PointerReader *r, char letter)
{
    switch (letter) {
    case 'R': out->fde_encoding = cursor_u8(&r->cursor); return true;
    case 'L': out->lsda_encoding = cursor_u8(&r->cursor); return true;
    case 'P': /* the personality: its value is not needed, so what it is relative to does not matter */
    {
        uint8_t encoding = cursor_u8(&r->cursor);
        if ((encoding & 0x70) == PE_ALIGNED)
            pointer_read(r, PE_ALIGNED);
        else if (encoding != PE_OMIT)
            pointer_read_plain(r, encoding);
        return true;
    }
    case 'S': out->signal_frame = true; return true;
    case 'B': /* AArch64's, without data */
    case 'G': return true;
    default: return false;
    }
}

static bool augmentation_read(Cie *out, PointerReader *r, Str letters)
{
    if (letters.n == 0)
        return true;
    if (letters.p[0] != 'z')
        return false;
    out->sized = true;
    cursor_uleb(&r->cursor); /* the data's size */
    for (size_t i = 1; i < letters.n; i++)
        if (!augmentation_letter(out, r, letters.p[i]))
            return false;
    return true;
}

static bool cie_read(Cie *out, const Image *image, Addr at)
{
    CfiEntry entry;
    PointerReader r;
    *out = (Cie){.at = at, .fde_encoding = PE_ABSPTR, .lsda_encoding = PE_OMIT};
    if (!entry_open(&entry, &r, image, at) || entry.kind != CFI_CIE)
        return false;
    Cursor *c = &r.cursor;
    uint8_t version = cursor_u8(c);
    Str letters = bytes_text(c->bytes, c->off, AUGMENTATION_MAX);
    if (!letters.p || (version != 1 && version != 3 && version != 4))
        return false;
    cursor_take(c, letters.n + 1);
    if (version == 4)
        cursor_take(c, 2);               /* address size, segment selector size */
    if (str_eq(letters, str_of("eh"))) { /* gcc 2: a pointer, then nothing in the FDEs */
        cursor_u64(c);
        return !c->bad;
    }
    cursor_uleb(c); /* code alignment */
    cursor_sleb(c); /* data alignment */
    if (version == 1)
        cursor_u8(c); /* return address register */
    else
        cursor_uleb(c);
    return augmentation_read(out, &r, letters) && !c->bad;
}

/* Does the range lie in the file-backed part of one executable segment? */
static bool range_is_code(const Image *image, Addr start, uint64_t size)
{
    Bytes code;
    return size > 0 && image_code_bytes(image, start, &code) && size <= code.n;
}

/* Skips the operands of an instruction that says nothing about the CFA; false for one not known here. */
static bool cfa_skip(Cursor *c, uint8_t op)
{
    switch (op & 0xc0 ? op & 0xc0 : op) {
    case 0xc0: /* DW_CFA_restore */
    case 0x00: /* nop */
    case 0x0a: /* remember_state */ return true;
    case 0x80: /* offset */
    case 0x06: /* restore_extended */
    case 0x07: /* undefined */
    case 0x08: /* same_value */
    case 0x2e: /* GNU_args_size */ cursor_uleb(c); return true;
    case 0x05: /* offset_extended */
    case 0x09: /* register */
        cursor_uleb(c);
        cursor_uleb(c);
        return true;
    default: return false;
    }
}

static bool cfa_is_rsp_plus_8(Cursor *c)
{
    enum { RSP = 7 };
    uint64_t reg = cursor_uleb(c), offset = cursor_uleb(c);
    return reg == RSP && offset == 8;
}

/* Do the instructions before the first advance leave the CFA at rsp + 8, where the CIE has put it? More of them than
 * any compiler puts there are not read: many rows of a table may name one FDE. */
static bool cfa_is_entry(Cursor *c)
{
    enum { DEF_CFA = 0x0c, DEF_CFA_OFFSET = 0x0e, INSTRUCTIONS_MAX = 64 };
    for (int i = 0; c->off < c->bytes.n && i < INSTRUCTIONS_MAX; i++) {
        uint8_t op = cursor_u8(c);
        bool ok;
        if ((op & 0xc0) == 0x40 || (op >= 0x01 && op <= 0x04)) /* advance_loc, set_loc */
            return true;
        if (op == DEF_CFA)
            ok = cfa_is_rsp_plus_8(c);
        else if (op == DEF_CFA_OFFSET)
            ok = cursor_uleb(c) == 8;
        else
            ok = cfa_skip(c, op);
        if (!ok || c->bad)
            return false;
    }
    return c->off == c->bytes.n;
}

/* All but at_entry; *instructions is left at the FDE's CFI. */
static bool fde_read(Fde *out, Cursor *instructions, const Image *image, Addr at, Cie *cie)
{
    CfiEntry entry;
    PointerReader r;
    if (!entry_open(&entry, &r, image, at) || entry.kind != CFI_FDE)
        return false;
    if (cie->at != entry.cie || !cie->good)
        cie->good = cie_read(cie, image, entry.cie);
    if (!cie->good)
        return false;
    *out = (Fde){.start = pointer_read(&r, cie->fde_encoding), .signal_frame = cie->signal_frame, .at_entry = true};
    out->size = pointer_read_plain(&r, cie->fde_encoding);
    if (r.cursor.bad || !range_is_code(image, out->start, out->size))
        return false;
    *instructions = (Cursor){.bytes = r.cursor.bytes, .off = r.cursor.bytes.n};
    if (cie->sized) {
        r.function = out->start;
        uint64_t n = cursor_uleb(&r.cursor);
        *instructions = r.cursor;
        cursor_take(instructions, n);
        out->lsda = pointer_read(&r, cie->lsda_encoding);
    }
    return !r.cursor.bad;
}

bool cfi_range_read(FdeRange *out, const Image *image, Addr at, struct CieMemory *memory)
{
    Fde fde;
    Cursor instructions;
    if (!fde_read(&fde, &instructions, image, at, memory))
        return false;
    *out = (FdeRange){fde.start, fde.size, at};
    return true;
}

bool cfi_fde_read(Fde *out, const Image *image, Addr at)
{
    Cie cie = {.good = false};
    Cursor instructions;
    if (!fde_read(out, &instructions, image, at, &cie))
        return false;
    out->at_entry = !instructions.bad && cfa_is_entry(&instructions);
    return true;
}
