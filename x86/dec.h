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

/* Reads ModRM's address: SIB and displacement, at p; modrm >= 0xc0 gives none. base_or, index_or: the numbers' bits that
 * prefixes give; vector: the index is a vector register. Returns how many bytes were read. */
static ALWAYS_INLINE unsigned mem_read(const uint8_t *p, unsigned modrm, unsigned base_or, unsigned index_or,
                                       bool vector, Mem *restrict out)
{
    const Address *a = &x86_hot.addresses[(modrm >> 3 & 0x18) | (modrm & 7)];
    uint64_t mem = a->mem;
    unsigned has_sib = a->has_sib;
    if (has_sib) {
        unsigned sib = p[0], base = sib & 7;
        if (base == 5 && modrm < 0x40) {
            a = &x86_hot.addresses[ADDRESS_NO_BASE];
            base = REG_NONE;
        }
        mem = MEM_WORD(base, index_of(sib, index_or, vector), 1u << (sib >> 6));
    }
    store64(&out->base, mem | base_or);
    out->disp = (int32_t)(((load32(p + has_sib) & a->bits) ^ a->sign) - a->sign);
    return a->len + has_sib;
}

/* ---- operands ---- */

/* The numbers that operands' sources choose from, a byte each (SRC_*). */
#define IN(src) ((uint64_t)1 << 8 * (src))

static ALWAYS_INLINE uint64_t sources_of(unsigned modrm, unsigned opcode, unsigned rex)
{
    return x86_hot.modrm_sources[modrm & 63] | x86_hot.rex_sources[rex & 15] | (uint64_t)(opcode & 7) << 8 * SRC_OPCODE;
}

/* One operand: its struct as the table has it, plus the register's number. */
static ALWAYS_INLINE void operand_fill(Operand *restrict op, uint64_t word, uint64_t sources)
{
    store64(op, word + (sources >> (word & 63) << 56));
}
_Static_assert(offsetof(Operand, source) == 0 && offsetof(Operand, reg) == 7, "operand_fill");

/* plane: twice the size, plus whether ModRM names a register. */
static ALWAYS_INLINE void operands_fill(const Form *form, uint64_t s, unsigned plane, Insn *restrict out)
{
    const uint64_t *words = x86_hot.opwords + (size_t)plane * COUNT_OPWORDS;
    operand_fill(&out->op[0], words[form->op[0]], s);
    operand_fill(&out->op[1], words[form->op[1]], s);
    if (form->nops > 2)
        for (unsigned i = 2; i < FORM_OPS; i++)
            operand_fill(&out->op[i], words[form->op[i]], s);
}

/* Where there is no REX, numbers 4..7 of byte registers are ah..bh. mktables sees to it that only the first two
 * operands can be such. */
static ALWAYS_INLINE void high_byte(Operand *op, bool rex)
{
    unsigned high = (op->high / HIGH_POSSIBLE) & (op->reg >> 2) & !rex;
    op->high = (uint8_t)high;
    op->reg = (uint8_t)(op->reg - 4 * high);
}

/* ---- immediates ---- */

/* osz2: twice the operand size. */
static ALWAYS_INLINE uint64_t imm_read(const uint8_t *p, const Form *form, unsigned osz2)
{
    const uint64_t *w = (const uint64_t *)x86_hot.widens + form->imm + osz2;
    return ((load64(p) & w[0]) ^ w[1]) - w[1];
}

/* ---- the rest of Insn ---- */

/* mnemonic, row, len, nops, flow, cc. */
static ALWAYS_INLINE const Form *insn_name(Insn *restrict out, unsigned row, unsigned len)
{
    const Row *r = &x86_hot.rows[row];
    const Form *form = (const Form *)((const uint64_t *)x86_hot.forms + r->form);
    uint32_t word;
    __builtin_memcpy(&word, &form->len, sizeof word);
    word += len;
    out->mnemonic = r->mnemonic;
    out->row = (uint16_t)row;
    __builtin_memcpy(&out->len, &word, sizeof word);
    return form;
}
_Static_assert(offsetof(Insn, nops) == offsetof(Insn, len) + 1 && offsetof(Insn, flow) == offsetof(Insn, len) + 2 &&
                   offsetof(Insn, cc) == offsetof(Insn, len) + 3 && offsetof(Form, nops) == offsetof(Form, len) + 1 &&
                   offsetof(Form, flow) == offsetof(Form, len) + 2 && offsetof(Form, cc) == offsetof(Form, len) + 3,
               "insn_name");

/* prefixes, encoding, mask and what of priv the short way does not set; then the second half of priv. */
static ALWAYS_INLINE void insn_clear(Insn *restrict out)
{
    store64(&out->prefixes, (uint64_t)REG_NONE << 16);
    store64(&out->priv[PRIV_FLAGS], 0);
}
_Static_assert(offsetof(Insn, mask) == offsetof(Insn, prefixes) + 2 &&
                   offsetof(Insn, priv) == offsetof(Insn, mask) + 1 && PRIV_FLAGS == 5 &&
                   sizeof(Insn) >= offsetof(Insn, priv) + PRIV_FLAGS + 8,
               "insn_clear");

#endif
