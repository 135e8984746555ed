/* elf/encoding.c - reads encoded pointers. */
#include "elf/encoding.h"

enum { FORMAT = 0x0f, RELATIVE_TO = 0x70 };

bool pointer_reader_at(PointerReader *out, const Image *image, Addr addr)
{
    Bytes bytes;
    bool found = image_bytes(image, addr, &bytes);
    *out = (PointerReader){.image = image, .cursor = cursor_at(bytes, 0), .base = addr};
    out->cursor.bad = !found;
    return found;
}

Addr pointer_reader_addr(const PointerReader *r) { return r->base + r->cursor.off; }

size_t pointer_size(uint8_t encoding)
{
    switch (encoding & FORMAT) {
    case PE_UDATA2:
    case PE_SDATA2: return 2;
    case PE_UDATA4:
    case PE_SDATA4: return 4;
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8: return 8;
    default: return 0;
    }
}

uint64_t pointer_read_plain(PointerReader *r, uint8_t encoding)
{
    Cursor *c = &r->cursor;
    switch (encoding & FORMAT) {
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8: return cursor_u64(c);
    case PE_ULEB128: return cursor_uleb(c);
    case PE_UDATA2: return cursor_u16(c);
    case PE_UDATA4: return cursor_u32(c);
    case PE_SLEB128: return (uint64_t)cursor_sleb(c);
    case PE_SDATA2: return (uint64_t)(int16_t)cursor_u16(c);
    case PE_SDATA4: return (uint64_t)(int32_t)cursor_u32(c);
    default: c->bad = true; return 0;
    }
}

static uint64_t fail(PointerReader *r)
{
    r->cursor.bad = true;
    return 0;
}

/* What the pointer at `here` is relative to. text and data bases are 0 for most unwinders on x86-64 too. */
static bool pointer_base(const PointerReader *r, uint8_t encoding, Addr here, Addr *out)
{
    switch (encoding & RELATIVE_TO) {
    case PE_ABSPTR:
    case PE_ALIGNED: *out = 0; return true;
    case PE_PCREL: *out = here; return true;
    case PE_DATAREL: *out = r->data; return r->data;
    case PE_FUNCREL: *out = r->function; return r->function;
    default: return false;
    }
}

uint64_t pointer_read(PointerReader *r, uint8_t encoding)
{
    Addr base;
    if (encoding == PE_OMIT)
        return 0;
    if ((encoding & RELATIVE_TO) == PE_ALIGNED)
        cursor_take(&r->cursor, -pointer_reader_addr(r) & 7);
    Addr here = pointer_reader_addr(r);
    uint64_t v = pointer_read_plain(r, encoding);
    if (r->cursor.bad || v == 0)
        return 0;
    if (!pointer_base(r, encoding, here, &base))
        return fail(r);
    v += base;
    if ((encoding & PE_INDIRECT) && !image_number(r->image, v, 64, &v))
        return fail(r);
    return v;
}
