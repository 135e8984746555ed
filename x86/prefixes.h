/* x86/prefixes.h - legacy prefixes, REX, REX2, VEX, EVEX, XOP and escape bytes -> Dec (SDM vol. 2, 2.1 to 2.7; APM vol. 3).
 *
 * Included by decode.c and decode_long.c alone: compiled together with what uses it, this costs a sixth less.
 */
#ifndef LVSCAN_X86_PREFIXES_H
#define LVSCAN_X86_PREFIXES_H

#include "x86/dec.h"

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
    BYTE_XOP,
    BYTE_REX2
};

/* What the prefixes say, and where reading has got to. */
typedef struct Dec {
    const uint8_t *start, *p;
    uint32_t map, opcode;
    uint8_t rex; /* 0100WRXB, also from VEX, EVEX and XOP; 0: none */
    uint8_t pp, prefixes, segs, segment, n66;
    uint8_t r4, x4, vvvv, vl; /* EVEX.R' and .X << 4; 5 bits of vvvv; the vector length field */
    uint8_t b4, i4;           /* APX's fifth bits of base and index, << 4 */
    uint8_t evex;             /* its last byte: z, L'L, b, V', aaa; without ND */
    uint8_t nd;               /* APX: the destination is vvvv */
    uint8_t encoding;
    uint8_t mod_or;     /* 0xc0 where ModRM.mod is ignored: moves of control and debug registers */
    uint8_t tail;       /* bytes after everything else: 3DNow!'s opcode */
    const uint8_t *far; /* just past it */
} Dec;

static inline unsigned rex_w(const Dec *d) { return d->rex >> 3 & 1; }

#define REX4 BYTE_REX, BYTE_REX, BYTE_REX, BYTE_REX
static const uint8_t byte_class[256] = {
    [0x0f] = BYTE_0F,
    [0x26] = BYTE_SEG,
    [0x2e] = BYTE_SEG,
    [0x36] = BYTE_SEG,
    [0x3e] = BYTE_SEG,
    [0x40] = REX4,
    REX4,
    REX4,
    REX4,
    [0x62] = BYTE_EVEX,
    [0x64] = BYTE_SEG,
    [0x65] = BYTE_SEG,
    [0x66] = BYTE_OPSIZE,
    [0x67] = BYTE_ADDRSIZE,
    [0x8f] = BYTE_XOP,
    [0xc4] = BYTE_VEX3,
    [0xc5] = BYTE_VEX2,
    [0xd5] = BYTE_REX2,
    [0xf0] = BYTE_LOCK,
    [0xf2] = BYTE_REPNE,
    [0xf3] = BYTE_REP,
};

/* One legacy prefix byte. The last of F2 and F3 is the mandatory one; cs, ss, ds, es overrides have no effect. */
static void prefix_take(Dec *d, unsigned class, uint8_t byte)
{
    switch (class) {
    case BYTE_OPSIZE: d->prefixes |= PREFIX_OPSIZE, d->n66++; break;
    case BYTE_ADDRSIZE: d->prefixes |= PREFIX_ADDRSIZE; break;
    case BYTE_LOCK: d->prefixes |= PREFIX_LOCK; break;
    case BYTE_REPNE: d->prefixes |= PREFIX_REPNE, d->pp = 3; break;
    case BYTE_REP: d->prefixes |= PREFIX_REP, d->pp = 2; break;
    default:
        d->prefixes |= PREFIX_SEGMENT;
        d->segs |= (uint8_t)(1u << (byte >= 0x64 ? byte - 0x60u : byte >> 3 & 3u));
        if (byte >= 0x64)
            d->segment = (uint8_t)(REG_FS + (byte - 0x64));
    }
}

/* Reads prefixes up to the opcode, at most 15 bytes of them, and sets pp. A REX that is not last is dead. */
static inline bool prefixes_read(Dec *d)
{
    for (unsigned class; (class = byte_class[*d->p] - 1u) < BYTE_LAST_PREFIX; d->p++) {
        if (d->p - d->start >= INSN_MAX_LEN)
            return false;
        if (class + 1 == BYTE_REX) {
            d->rex = *d->p;
            continue;
        }
        d->rex = 0;
        prefix_take(d, class + 1, *d->p);
    }
    if (!d->pp && (d->prefixes & PREFIX_OPSIZE))
        d->pp = 1;
    return true;
}

/* VEX, EVEX and XOP refuse REX, LOCK and mandatory prefixes before them. */
static bool vector_prefix_allowed(const Dec *d)
{
    return !d->rex && !(d->prefixes & (PREFIX_LOCK | PREFIX_REP | PREFIX_REPNE | PREFIX_OPSIZE));
}

static void vector_payload(Dec *d, uint8_t rxb, uint8_t wvlp)
{
    d->rex = (uint8_t)(0x40 | (~rxb >> 5 & 7) | (wvlp >> 4 & 8));
    d->vvvv = (uint8_t)(~wvlp >> 3 & 15);
    d->vl = wvlp >> 2 & 1;
    d->pp = wvlp & 3;
}

/* VEX.pp counts F3 before F2, as KEY_PP does. */
static bool vex2_read(Dec *d)
{
    vector_payload(d, d->p[1] | 0x60, d->p[1] & 0x7f);
    d->encoding = ENC_VEX;
    d->map = MAP_VEX;
    d->p += 2;
    return true;
}

static bool vex3_read(Dec *d)
{
    unsigned map = d->p[1] & 31u;
    vector_payload(d, d->p[1], d->p[2]);
    d->encoding = ENC_VEX;
    d->map = MAP_VEX + map - 1;
    d->p += 3;
    return map >= 1 && map <= 7;
}

static bool xop_read(Dec *d)
{
    unsigned map = d->p[1] & 31u;
    vector_payload(d, d->p[1], d->p[2]);
    d->encoding = ENC_XOP;
    d->map = MAP_XOP + map - 8;
    d->p += 3;
    return map >= 8 && map <= 10;
}

/* In map 4, APX's, b is ND, and 66 gives the operand size; its vector length must be 0, and NF takes its place in the key.
 * (APX specification, 3.1.2.) */
static bool evex_map4(Dec *d)
{
    d->nd = d->evex >> 4 & 1;
    d->evex &= 0xef;
    if (d->pp == 1)
        d->prefixes |= PREFIX_OPSIZE;
    if (d->vl)
        return false;
    d->vl = d->evex >> 2 & 1;
    return true;
}

static bool evex_read(Dec *d)
{
    uint8_t p0 = d->p[1], p1 = d->p[2], p2 = d->p[3];
    vector_payload(d, p0, p1);
    d->encoding = ENC_EVEX;
    d->map = MAP_EVEX + (p0 & 7u) - 1;
    d->r4 = (p0 & 0x10) ^ 0x10;
    d->x4 = (p0 >> 2 & 0x10) ^ 0x10;
    d->b4 = (uint8_t)(p0 << 1 & 0x10);
    d->i4 = (uint8_t)((p1 << 2 & 0x10) ^ 0x10);
    d->vvvv |= (uint8_t)((p2 << 1 & 0x10) ^ 0x10);
    d->vl = p2 >> 5 & 3;
    d->evex = p2;
    d->p += 4;
    return (p0 & 7) == 4 ? evex_map4(d) : (p0 & 7) != 0;
}

/* REX2: M0 R4 X4 B4 W R3 X3 B3. It excludes REX, and opcodes whose upper four bits are these, but for jmpabs. (APX
 * specification, 3.1.1.) */
static bool rex2_read(Dec *d)
{
    static const uint16_t refused[2] = {1 << 4 | 1 << 7 | 1 << 10 | 1 << 14, 1 << 3 | 1 << 8};
    uint8_t payload = d->p[1], map = payload >> 7, opcode = d->p[2];
    if (d->rex)
        return false;
    d->rex = 0x40 | (payload & 15);
    d->r4 = payload >> 2 & 0x10;
    d->i4 = payload >> 1 & 0x10;
    d->b4 = payload & 0x10;
    d->encoding = ENC_REX2;
    d->map = MAP_LEGACY + map;
    d->mod_or = map && (opcode & 0xfc) == 0x20 ? 0xc0 : 0;
    d->p += 2;
    return !(refused[map] >> (opcode >> 4) & 1) || (!map && opcode == 0xa1);
}

/* The rest of an opcode that begins with 0F. */
static bool escape_read(Dec *d)
{
    uint8_t b = *++d->p;
    d->map = MAP_LEGACY + 1;
    if (b == 0x38 || b == 0x3a)
        d->map += b == 0x3a ? 2 : 1, d->p++;
    else if ((b & 0xfc) == 0x20)
        d->mod_or = 0xc0;
    else if (b == 0x0f)
        d->map = MAP_3DNOW, d->tail = 1;
    return true;
}

/* Moves d->p to the opcode's last byte, through escape bytes and vector prefixes; false: no instruction begins so. */
static inline bool opcode_reach(Dec *d)
{
    unsigned class = byte_class[*d->p];
    if (class == BYTE_0F)
        return escape_read(d);
    if (class == BYTE_XOP && (d->p[1] & 31) < 8)
        return true;
    if (class == BYTE_REX2)
        return rex2_read(d);
    if (!vector_prefix_allowed(d))
        return false;
    switch (class) {
    case BYTE_VEX2: return vex2_read(d);
    case BYTE_VEX3: return vex3_read(d);
    case BYTE_EVEX: return evex_read(d);
    default: return xop_read(d);
    }
}

#endif
