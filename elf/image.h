/* elf/image.h - an ELF64 little-endian x86-64 file (ET_EXEC or ET_DYN) seen through its program headers.
 *
 * The file's bytes are the caller's (mapped or read) and must outlive the Image; they may be hostile: every read
 * is checked. Section headers are used only for what program headers cannot say (.symtab), and may be missing
 * or false. Sources: gABI ch. 4-5 (ELF header, program header, notes), x86-64 psABI ch. 4-5.
 */
#ifndef LVSCAN_ELF_IMAGE_H
#define LVSCAN_ELF_IMAGE_H

#include "elf/base.h"

/* One PT_LOAD with memsz > 0. Invariant: off + filesz lies in the file (off is 0 when filesz is), filesz <= memsz,
 * addr + memsz does not wrap. */
typedef struct Segment {
    Addr addr;
    uint64_t memsz;
    uint64_t filesz;
    Off off;
    bool executable, writable;
} Segment;

typedef struct Image {
    Bytes file;
    uint16_t type;  /* ET_EXEC or ET_DYN */
    Addr entry;     /* 0: none */
    Segment *loads; /* sorted by addr; overlapping ones are refused */
    size_t nloads;
    Bytes build_id;    /* of the NT_GNU_BUILD_ID note; n == 0: none */
    Addr eh_frame_hdr; /* PT_GNU_EH_FRAME; 0: none */
    uint64_t eh_frame_hdr_size;
    Addr dynamic; /* PT_DYNAMIC; 0: none */
    uint64_t dynamic_size;
    Addr relro;          /* PT_GNU_RELRO: made read-only after relocation */
    uint64_t relro_size; /* 0: none */
    bool has_go_note;    /* made by Go's linker */
    bool has_interp;     /* PT_INTERP: dynamically linked program */
    bool has_symtab;     /* a .symtab with a local function or one at `entry`; `strip -K NAME` leaves neither */
    bool has_debug;      /* a .debug_info section */
    /* section header table, only as far as it checks out; nsections == 0 otherwise */
    Off sections;
    size_t nsections;
    size_t shstrndx;
} Image;

/* Parses the headers of `file` into *image; arrays come from `arena`. On failure fills *diag:
 * not ELF, 32-bit, big-endian, another machine, another type (ET_REL, ET_CORE), truncated, contradictory. */
bool image_open(Image *image, Bytes file, Arena *arena, Diag *diag);

/* The file-backed bytes from addr to the end of its segment's file part. False (and *out empty) when addr is in none. */
bool image_bytes(const Image *image, Addr addr, Bytes *out);

/* The same, of an executable segment; elsewhere false, and *out is left as it was. */
bool image_code_bytes(const Image *image, Addr addr, Bytes *out);

/* The little-endian number of `bits` (8, 16 .. 64) at addr, of file-backed bytes. False: there is none, or more bits are asked for. */
bool image_number(const Image *image, Addr addr, unsigned bits, uint64_t *out);

/* Exactly n file-backed bytes at addr, or NULL. */
const uint8_t *image_read(const Image *image, Addr addr, size_t n);

/* The only two places where addresses become offsets and back (file-backed parts only). */
bool image_addr_to_off(const Image *image, Addr addr, Off *off);
bool image_off_to_addr(const Image *image, Off off, Addr *addr);

/* The segment that holds addr (by memsz), or NULL. */
const Segment *image_segment(const Image *image, Addr addr);

/* Is addr file-backed and in an executable segment? */
bool image_is_code(const Image *image, Addr addr);

/* Is addr file-backed and in a segment that is never writable, or is made read-only after relocation (PT_GNU_RELRO)? */
bool image_is_constant(const Image *image, Addr addr);

/* A section by name through the section headers: its address (0 when not allocated) and its file bytes. */
bool image_section(const Image *image, const char *name, Addr *addr, Bytes *bytes);

/* Where the segment's code lies: from the first to the last of its executable sections; all of it, as far as it is in the file, when section
 * headers tell of none. (ld -z noseparate-code puts headers and constants in the same segment.) */
void image_code(const Image *image, const Segment *segment, Addr *start, Addr *end);

#endif
