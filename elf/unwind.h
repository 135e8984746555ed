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

/* What an FDE covers, and where it lies. */
typedef struct FdeRange {
    Addr start;
    uint64_t size; /* bytes, > 0 */
    Addr fde;
} FdeRange;

/* Where FDEs are found: in .eh_frame_hdr's table, read where it lies, when it goes upward from row to row; else in a list of
 * all FDEs, sorted by start, made when it is opened. */
typedef struct Unwind {
    const Image *image;
    Bytes table;            /* of .eh_frame_hdr: rows of two words (start, FDE), relative to it */
    FdeRange *ranges;       /* used when the table is empty */
    size_t n;               /* rows, or ranges */
    Addr eh_frame;          /* 0: none */
    uint64_t eh_frame_size; /* bytes at most */
} Unwind;

/* Opens the tables, whatever they are: without any that can be used, nothing is found in them. False when memory is used up. */
bool unwind_open(Unwind *out, const Image *image, Arena *arena, Diag *diag);

/* The FDE whose range holds pc, by bisection; without other FDEs being parsed. False when there is none. Where ranges
 * overlap, the one that starts last counts. */
bool unwind_find(const Unwind *u, Addr pc, Fde *out);

/* A walk over all FDEs' ranges, upward by start: start with {0}. Damaged ones are passed over, one that runs into the next
 * row is cut there. False at the end. */
typedef struct UnwindWalk {
    size_t at;         /* the next row */
    struct CieMemory { /* the CIE read last, which mostly is the next one's too */
        Addr at;
        bool good;
        bool sized;            /* 'z': FDEs have augmentation data with a length */
        uint8_t fde_encoding;  /* 'R' */
        uint8_t lsda_encoding; /* 'L' */
        bool signal_frame;     /* 'S' */
    } cie;
} UnwindWalk;
bool unwind_next(const Unwind *u, UnwindWalk *w, FdeRange *out);

/* One row of an LSDA's call-site table: a call in [start, end) that throws goes to pad. */
typedef struct CallSite {
    Addr start, end;
    Addr pad; /* 0: no landing pad */
} CallSite;

/* The call sites of an FDE's LSDA (in table order). *n = 0 when it has none or it is damaged; false then only if damaged. */
bool lsda_read(const Image *image, const Fde *fde, CallSite **out, size_t *n, Arena *arena, Diag *diag);

#endif
