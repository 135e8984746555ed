/* x86/dec.h - what the decoder's files share; private to decode.c, decode_long.c and effects.c.
 *
 * decode.c has the short way, for instructions of one or two opcode bytes without surprises: nearly all of a program's.
 * decode_long.c has the long way, for all instructions. Both use the parts below.
 */
#ifndef LVSCAN_X86_DEC_H
#define LVSCAN_X86_DEC_H

#include "x86/hot.h"
#include "x86/insn.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define UNLIKELY(x)   __builtin_expect((x) != 0, 0)

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

static ALWAYS_INLINE void store32(void *p, uint32_t v) { __builtin_memcpy(p, &v, sizeof v); }
static ALWAYS_INLINE void store64(void *p, uint64_t v) { __builtin_memcpy(p, &v, sizeof v); }

/* ---- displacements and immediates ---- */

static ALWAYS_INLINE uint64_t imm_widen(uint64_t bytes, const Widen *w)
{
    return ((bytes & w->bits) ^ w->sign) - w->sign;
}

/* The number at p; place: of its Widen, in words. */
static ALWAYS_INLINE uint64_t number_read(const Hot *hot, const uint8_t *p, unsigned place)
{
    return imm_widen(load64(p), (const Widen *)((const uint64_t *)hot->widens + place));
}
enum { DISP32 = IMM_S32 * SIZES * sizeof(Widen) / sizeof(uint64_t) };

/* ---- memory operands ---- */

/* The second half of a Mem. */
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

/* Reads ModRM's address: SIB and displacement, at p: len bytes, or what is returned where that differs (SIB without a
 * base). base_or: the base's bits that prefixes give; index_or: the index's; vector: the index is a vector register. */
static ALWAYS_INLINE unsigned mem_read(const Hot *hot, const uint8_t *p, const ModRm *m, unsigned len, unsigned base_or,
                                       unsigned index_or, bool vector, Mem *restrict out)
{
    uint64_t mem = MEM_WORD(m->base | base_or, REG_NONE, 1);
    unsigned disp = m->disp;
    if (m->has_sib) {
        unsigned sib = *p, base = sib & 7;
        if (base == 5 && len == 1)
            disp = DISP32, len = 5, base = REG_NONE;
        mem = MEM_WORD(base | base_or, index_of(sib, index_or, vector), 1u << (sib >> 6));
    }
    out->disp = (int64_t)number_read(hot, p + m->has_sib, disp);
    store64(&out->base, mem);
    return len;
}

/* ---- operands ---- */

/* The numbers that operands' sources choose from, a byte each (SRC_*). */
#define IN(src) ((uint64_t)1 << 8 * (src))

enum { HIGH_SHIFT = 49 };

/* One operand: its struct as the table has it, plus the register's number. Where there is no REX, numbers 4..7 of byte
 * registers are ah..bh. */
static inline void operand_fill(Operand *restrict op, uint64_t word, uint64_t sources, bool rex)
{
    uint64_t n = sources >> (word & 63), high = word >> HIGH_SHIFT & n >> 2 & !rex;
    store64(op, (word & ~((uint64_t)1 << HIGH_SHIFT)) + ((n - 4 * high) << 56) + (high << 48));
}
_Static_assert(offsetof(Operand, high) == 6 && HIGH_POSSIBLE == 1 << (HIGH_SHIFT - 48), "HIGH_SHIFT");
_Static_assert(offsetof(Operand, source) == 0 && offsetof(Operand, reg) == 7, "operand_fill");

/* ---- the rest of Insn ---- */

/* len, nops, flow, cc, row_flags; effect. */
static ALWAYS_INLINE void traits_store(Insn *restrict out, const Traits *traits, unsigned len)
{
    store64(&out->len, load64(traits) + len);
    store64(&out->effect, load64(&traits->effect));
}
#define SAME_PLACE(insn, traits)                                                                                       \
    _Static_assert(offsetof(Insn, insn) - offsetof(Insn, len) == offsetof(Traits, traits), "traits_store")
SAME_PLACE(len, len);
SAME_PLACE(nops, nops);
SAME_PLACE(flow, flow);
SAME_PLACE(cc, cc);
SAME_PLACE(row_flags, flags);
SAME_PLACE(effect, effect);

#endif
