/* elf/encoding.h - encoded pointers of exception tables (LSB 5.0 core, 10.5 "DWARF Exception Header Encoding"). */
#ifndef LVSCAN_ELF_ENCODING_H
#define LVSCAN_ELF_ENCODING_H

#include "elf/cursor.h"
#include "elf/image.h"

enum {
    PE_ABSPTR = 0x00,
    PE_ULEB128 = 0x01,
    PE_UDATA2 = 0x02,
    PE_UDATA4 = 0x03,
    PE_UDATA8 = 0x04,
    PE_SLEB128 = 0x09,
    PE_SDATA2 = 0x0a,
    PE_SDATA4 = 0x0b,
    PE_SDATA8 = 0x0c,
    PE_PCREL = 0x10,
    PE_TEXTREL = 0x20,
    PE_DATAREL = 0x30,
    PE_FUNCREL = 0x40,
    PE_ALIGNED = 0x50,
    PE_INDIRECT = 0x80,
    PE_OMIT = 0xff,
};

/* Bytes of memory under a cursor, and what its pointers may be relative to. */
typedef struct PointerReader {
    const Image *image;
    Cursor cursor;
    Addr base;     /* the address of cursor.bytes.p[0] */
    Addr data;     /* DW_EH_PE_datarel; 0: none, a pointer that needs it is an error */
    Addr function; /* DW_EH_PE_funcrel; 0: none */
} PointerReader;

/* Reads memory at addr up to the end of its segment; false when addr is not file-backed. */
bool pointer_reader_at(PointerReader *out, const Image *image, Addr addr);

/* The address of the next byte. */
Addr pointer_reader_addr(const PointerReader *r);

/* Reads one pointer; 0 with the cursor bad when the encoding or the bytes are. As the unwinders do, an encoded 0 is 0
 * whatever it is relative to. */
uint64_t pointer_read(PointerReader *r, uint8_t encoding);

/* Reads the number alone, relative to nothing (as the length of an FDE's range is). */
uint64_t pointer_read_plain(PointerReader *r, uint8_t encoding);

/* The size of one such number, 0 when it varies or the encoding is unknown. */
size_t pointer_size(uint8_t encoding);

#endif
