/* x86/dec.h - what the decoder's files share; private to prefixes.c, decode.c, decode_long.c and effects.c.
 *
 * decode.c has the short way, for instructions without prefixes but REX and without surprises: nearly all of a program's.
 * decode_long.c has the long way, for all instructions. Both use the parts below.
 */
#ifndef LVSCAN_X86_DEC_H
#define LVSCAN_X86_DEC_H

#include "x86/hot.h"
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
    BYTE_XOP,
    BYTE_REX2
};

extern const uint8_t x86_byte_class[256];

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

/* Reads prefixes up to the opcode, at most 15 bytes of them, and sets pp. A REX that is not last is dead. */
bool prefixes_read(Dec *d);

/* Moves d->p to the opcode's last byte, through escape bytes and vector prefixes; false: no instruction begins so. */
bool opcode_reach(Dec *d);

/* The long way. INSN_PADDED bytes can be read at p: 15 of prefixes, then opcode, ModRM, SIB, displacement and immediates.
 * What is no instruction leaves in out->len how many bytes were looked at to see it. */
enum { INSN_PADDED = 48 };
int insn_read_long(const uint8_t *p, uint64_t pc, Insn *out);

/* ---- the bytes ---- */

/* The hosts are x86-64 too: numbers lie in memory as the instructions have them. */
static ALWAYS_INLINE uint32_t load32(const uint8_t *p)
{
    uint32_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

static ALWAYS_INLINE uint64_t load64(const void *p)
{
    uint64_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

static ALWAYS_INLINE void store64(void *p, uint64_t v) { __builtin_memcpy(p, &v, sizeof v); }

/* ---- memory operands ---- */

#define MEM_WORD(base, index, scale)                                                                                   \
    ((uint64_t)(base) | (uint64_t)(index) << 8 | (uint64_t)(scale) << 16 | (uint64_t)REG_NONE << 48 |                  \
     (uint64_t)64 << 56)

_Static_assert(offsetof(Mem, base) == 8 && offsetof(Mem, index) == 9 && offsetof(Mem, scale) == 10 &&
                   offsetof(Mem, segment) == 14 && offsetof(Mem, addr_bits) == 15,
               "MEM_WORD");
_Static_assert((REG_RIP | 0x18) == REG_RIP && (REG_NONE | 0x18) == REG_NONE, "bits of the base must not change these");

/* SIB's index: 4 is none, but for vectors. */
static ALWAYS_INLINE unsigned index_of(unsigned sib, unsigned index_or, bool vector)
{
    unsigned index = (sib >> 3 & 7) | index_or;
    return vector ? REG_XMM0 + index : index == 4 ? (unsigned)REG_NONE : index;
}

/* Reads ModRM's address: SIB and displacement, at p: m->len bytes, or what is returned where that differs (SIB without a
 * base). mem_or: the base's bits that prefixes give; index_or: the index's; vector: the index is a vector register. */
static ALWAYS_INLINE unsigned mem_read(const uint8_t *p, const ModRm *m, uint64_t mem_or, unsigned index_or,
                                       bool vector, Mem *restrict out)
{
    uint64_t mem = m->mem;
    uint32_t bits = m->bits, sign = m->sign;
    unsigned len = m->len;
    if (m->has_sib) {
        unsigned sib = *p++, base = sib & 7;
        if (base == 5 && len == 1)
            bits = 0xffffffff, len = 5, base = REG_NONE;
        mem = MEM_WORD(base, index_of(sib, index_or, vector), 1u << (sib >> 6));
    }
    out->disp = (int32_t)(((load32(p) & bits) ^ sign) - sign);
    store64(&out->base, mem | mem_or);
    return len;
}

/* ---- operands ---- */

/* The numbers that operands' sources choose from, a byte each (SRC_*). */
#define IN(src) ((uint64_t)1 << 8 * (src))

/* One operand: its struct as the table has it, plus the register's number. */
static ALWAYS_INLINE void operand_fill(Operand *restrict op, uint64_t word, uint64_t sources)
{
    store64(op, word + (sources >> (word & 63) << 56));
}
_Static_assert(offsetof(Operand, source) == 0 && offsetof(Operand, reg) == 7, "operand_fill");

/* The words of a plane: size, and whether ModRM names a register. */
static ALWAYS_INLINE const uint64_t *opwords_plane(unsigned size, unsigned is_reg)
{
    return x86_hot.opwords + (size_t)(2 * size + is_reg) * OPWORDS_PLANE;
}

/* Where there is no REX, numbers 4..7 of byte registers are ah..bh. */
static inline void high_byte(Operand *op, bool rex)
{
    unsigned high = (op->high / HIGH_POSSIBLE) & (op->reg >> 2) & !rex;
    op->high = (uint8_t)high;
    op->reg = (uint8_t)(op->reg - 4 * high);
}

/* FORM_RARE. */
static inline void operands_rare(const Form *form, const uint64_t *plane, uint64_t s, bool rex, Insn *restrict out)
{
    for (unsigned i = 2; i < form->nops; i++)
        operand_fill(&out->op[i], plane[form->op[i]], s);
    for (unsigned i = 0; i < form->nops; i++)
        high_byte(&out->op[i], rex);
}

/* ---- immediates ---- */

static ALWAYS_INLINE uint64_t imm_widen(uint64_t bytes, const Widen *w)
{
    return ((bytes & w->bits) ^ w->sign) - w->sign;
}

/* ---- the rest of Insn ---- */

/* len, nops, flow, cc, row_flags, effect. */
static ALWAYS_INLINE void form_store(Insn *restrict out, const Form *form, unsigned len)
{
    store64(&out->len, load64(&form->len) + len);
}
_Static_assert(offsetof(Insn, nops) == offsetof(Insn, len) + 1 && offsetof(Form, nops) == offsetof(Form, len) + 1 &&
                   offsetof(Insn, flow) == offsetof(Insn, len) + 2 && offsetof(Form, flow) == offsetof(Form, len) + 2 &&
                   offsetof(Insn, cc) == offsetof(Insn, len) + 3 && offsetof(Form, cc) == offsetof(Form, len) + 3 &&
                   offsetof(Insn, row_flags) == offsetof(Insn, len) + 4 &&
                   offsetof(Form, flags) == offsetof(Form, len) + 4 &&
                   offsetof(Insn, effect) == offsetof(Insn, len) + 6 &&
                   offsetof(Form, effect) == offsetof(Form, len) + 6,
               "form_store");

/* Insn from mnemonic on, in words: mnemonic, row, prefixes, encoding, mask, REX; the rest of priv. */
_Static_assert(offsetof(Insn, row) == offsetof(Insn, mnemonic) + 2 &&
                   offsetof(Insn, prefixes) == offsetof(Insn, mnemonic) + 4 &&
                   offsetof(Insn, encoding) == offsetof(Insn, mnemonic) + 5 &&
                   offsetof(Insn, mask) == offsetof(Insn, mnemonic) + 6 &&
                   offsetof(Insn, priv) == offsetof(Insn, mnemonic) + 7 &&
                   sizeof(Insn) == offsetof(Insn, mnemonic) + 16 && PRIV_REX == 0 && PRIV_MEM == 1 && PRIV_MODRM == 2,
               "MASK_SHIFT, REX_SHIFT, MODRM_SHIFT");
enum { MASK_SHIFT = 48, REX_SHIFT = 56, MODRM_SHIFT = 8 };

#endif
