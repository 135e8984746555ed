/* x86/dec.h - what is known of an instruction while it is decoded; private to prefixes.c and decode.c. */
#ifndef LVSCAN_X86_DEC_H
#define LVSCAN_X86_DEC_H

#include "x86/format.h"
#include "x86/insn.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* What a byte is where an opcode or a prefix may stand. */
enum {
    BYTE_PLAIN,
    BYTE_REX,
    BYTE_SEG,
    BYTE_OPSIZE,
    BYTE_ADDRSIZE,
    BYTE_LOCK,
    BYTE_REPNE,
    BYTE_REP,
    BYTE_LAST_PREFIX = BYTE_REP,
    BYTE_0F,
    BYTE_VEX3,
    BYTE_VEX2,
    BYTE_EVEX,
    BYTE_XOP
};

extern const uint8_t x86_byte_class[256];

/* What the prefixes say, and where reading has got to. */
typedef struct Dec {
    const uint8_t *start, *p;
    uint32_t map, opcode, next; /* next: the byte after the opcode, on the short way */
    uint8_t rex;                /* 0100WRXB, also from VEX, EVEX and XOP; 0: none */
    uint8_t pp, prefixes, segs, segment, n66;
    uint8_t r4, x4, vvvv, vl; /* EVEX.R' and .X << 4; 5 bits of vvvv; the vector length field */
    uint8_t evex;             /* its last byte: z, L'L, b, V', aaa */
    uint8_t encoding;
    uint8_t mod_or;     /* 0xc0 where ModRM.mod is ignored: moves of control and debug registers */
    uint8_t tail;       /* bytes after everything else: 3DNow!'s opcode */
    const uint8_t *far; /* just past it */
} Dec;

static inline unsigned rex_w(const Dec *d) { return d->rex >> 3 & 1; }

/* Reads prefixes up to the opcode, at most 15 bytes of them, and sets pp. A REX that is not last is dead. */
bool prefixes_read(Dec *d);

/* Moves d->p to the opcode's last byte, through escape bytes and vector prefixes; false: no instruction begins so. */
bool opcode_reach(Dec *d);

#endif
