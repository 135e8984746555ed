/* elf/unwind.h - function ranges from .eh_frame and landing pads from the LSDA.
 * Sources: LSB 5.0 core, ch. 10.6 (.eh_frame, .eh_frame_hdr, pointer encodings); Itanium C++ ABI, exception
 * handling tables; GCC's gcc_except_table layout. */
#ifndef LVSCAN_ELF_UNWIND_H
#define LVSCAN_ELF_UNWIND_H

#include "elf/image.h"

typedef struct Fde {
    Addr start;
    uint64_t size;     /* bytes, > 0 */
    Addr lsda;         /* 0: none */
    bool signal_frame; /* augmentation 'S' */
    bool
        at_entry; /* its CFI begins with the CFA at rsp + 8, as at a function's entry; a `.cold` part's mostly does not */
} Fde;

/* Where FDEs are found. Reading it costs O(1): it only notes the tables. */
typedef struct Unwind {
    const Image *image;
    Addr table; /* .eh_frame_hdr's sorted (start, FDE) table; 0: there is none that checks out */
    size_t ntable;
    Addr eh_frame;          /* 0: none */
    uint64_t eh_frame_size; /* bytes at most */
} Unwind;

/* False when the file has no unwind tables that can be used; *out is then empty but valid. */
bool unwind_open(Unwind *out, const Image *image);

/* The FDE whose range holds pc: by bisection of the table, without parsing other FDEs; without a table, by
 * walking .eh_frame. False when there is none. */
bool unwind_find(const Unwind *u, Addr pc, Fde *out);

/* All FDEs, sorted by start, duplicates removed; from the table, or by walking .eh_frame where there is none. */
bool unwind_all(const Unwind *u, Fde **out, size_t *n, Arena *arena, Diag *diag);

/* One row of an LSDA's call-site table: a call in [start, end) that throws goes to pad. */
typedef struct CallSite {
    Addr start, end;
    Addr pad; /* 0: no landing pad */
} CallSite;

/* The call sites of an FDE's LSDA (in table order). *n = 0 when it has none or it is damaged; false then only if damaged. */
bool lsda_read(const Image *image, const Fde *fde, CallSite **out, size_t *n, Arena *arena, Diag *diag);

#endif
