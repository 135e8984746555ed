/* x86/decode.c - bytes -> Insn: prefixes, opcode, ModRM, operands, immediates.
 *
 * The opcode's row is found by walking a small tree (format.h) with a key that packs ModRM, the mandatory prefix,
 * operand size, W and vector length, so each choice is a shift and a mask. Bytes are read without bounds checks:
 * insn_decode sees to it that at least PADDED bytes can be read, and compares lengths at the end.
 * (SDM vol. 2 chapter 2 for the formats; APM vol. 3 for XOP.)
 */
#include "x86/dec.h"

/* The longest look ahead: 15 prefix bytes, then opcode, ModRM, SIB, displacement and immediates. */
enum { PADDED = 48 };

/* The hosts are x86-64 too: numbers lie in memory as the instructions have them. */
static ALWAYS_INLINE uint32_t load32(const uint8_t *p)
{
    uint32_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

static ALWAYS_INLINE uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

static ALWAYS_INLINE void store64(Operand *p, uint64_t v) { __builtin_memcpy(p, &v, sizeof v); }

/* The same value, of which the compiler knows nothing, so that it makes no branch of it. */
static ALWAYS_INLINE unsigned without_branch(unsigned v)
{
    __asm__("" : "+r"(v));
    return v;
}

/* ---- the row ---- */

/* Operand size (0, 1, 2: 16, 32, 64) by row policy (none, D64, F64), then by W << 1 | 66. */
static const uint8_t operand_size[4][4] = {{1, 0, 2, 2}, {2, 0, 2, 2}, {2, 2, 2, 2}, {0}};

static ALWAYS_INLINE unsigned osz_of(const Dec *d, unsigned flags, bool plain)
{
    if (plain)
        return 1 + (rex_w(d) | ((flags & (ROW_D64 | ROW_F64)) != 0));
    return operand_size[flags / ROW_D64 & 3][rex_w(d) << 1 | (d->prefixes / PREFIX_OPSIZE & 1)];
}

static ALWAYS_INLINE uint32_t key_of(const Dec *d, unsigned modrm, bool plain)
{
    static const uint32_t of_rex[16] = {
#define REX_KEY(n) ((1u + (n) / 8) << KEY_OSZ_SHIFT | (n) / 8u << KEY_W_SHIFT | ((n)&1u) << KEY_B_SHIFT)
        REX_KEY(0), REX_KEY(1), REX_KEY(2),  REX_KEY(3),  REX_KEY(4),  REX_KEY(5),  REX_KEY(6),  REX_KEY(7),
        REX_KEY(8), REX_KEY(9), REX_KEY(10), REX_KEY(11), REX_KEY(12), REX_KEY(13), REX_KEY(14), REX_KEY(15)};
    if (plain)
        return modrm | (uint32_t)(modrm >= 0xc0) << KEY_MOD3_SHIFT | of_rex[d->rex & 15];
    uint32_t vl = d->vl;
    if (d->encoding == ENC_EVEX && (d->evex & 0x10) && modrm >= 0xc0)
        vl = 2; /* the length bits are the rounding mode: 512 bits */
    return modrm | (uint32_t)(modrm >= 0xc0) << KEY_MOD3_SHIFT | (uint32_t)d->pp << KEY_PP_SHIFT |
           (uint32_t)osz_of(d, 0, plain) << KEY_OSZ_SHIFT | (uint32_t)rex_w(d) << KEY_W_SHIFT | vl << KEY_L_SHIFT |
           (uint32_t)(d->prefixes / PREFIX_ADDRSIZE & 1) << KEY_ASZ_SHIFT | (uint32_t)(d->rex & 1) << KEY_B_SHIFT;
}

static ALWAYS_INLINE unsigned entry_find(uint32_t root, uint32_t key)
{
    unsigned entry = x86_trie[(root & 0xffff) + (key >> (root >> 16 & 31) & root >> 24)];
    while (entry & ENTRY_NODE) {
        const uint16_t *node = x86_trie + (entry & (ENTRY_NODE - 1));
        entry = node[1 + (key >> (node[0] & 31) & (unsigned)node[0] >> 8)];
    }
    return entry;
}

/* The bytes of an entry's immediates, by operand size, then BYTES_*. */
static const uint8_t imm_lengths[3][8] = {{0, 1, 2, 2, 2, 3, 8, 4}, {0, 1, 2, 4, 4, 3, 8, 4}, {0, 1, 2, 4, 8, 3, 8, 4}};

static ALWAYS_INLINE unsigned imm_bytes(unsigned entry, unsigned osz, bool short_address)
{
    if (short_address && entry >> ENTRY_IMM_SHIFT == BYTES_ADDRESS)
        return 4;
    return imm_lengths[osz][entry >> ENTRY_IMM_SHIFT];
}

/* ---- memory operands ---- */

/* What ModRM with mod and rm says: the base (REX.B ORed to it changes neither RIP nor NONE), and how long the
 * displacement is. X8: the eight rm of a mod. */
typedef struct Address {
    uint8_t base, disp, flags;
    uint32_t bits, sign; /* of the displacement in the 32 bits read */
} Address;
#define NEAR(n)                                                                                                        \
    {                                                                                                                  \
        n, 1, PF_DISP, 0xff, 0x80                                                                                      \
    }
#define FAR(n)                                                                                                         \
    {                                                                                                                  \
        n, 4, PF_DISP, 0xffffffff, 0                                                                                   \
    }
#define NO(n)                                                                                                          \
    {                                                                                                                  \
        n, 0, 0, 0, 0                                                                                                  \
    }
#define X4(x, n) x(n), x(n + 1), x(n + 2), x(n + 3)
static const Address addresses[32] = {
    X4(NO, 0),    NO(4),        FAR(REG_RIP), NO(6),        NO(7),        X4(NEAR, 0),
    X4(NEAR, 4),  X4(FAR, 0),   X4(FAR, 4),   NO(REG_NONE), NO(REG_NONE), NO(REG_NONE),
    NO(REG_NONE), NO(REG_NONE), NO(REG_NONE), NO(REG_NONE), NO(REG_NONE),
};
static const Address address_without_base = FAR(REG_NONE);
_Static_assert((REG_RIP | 8) == REG_RIP && (REG_NONE | 8) == REG_NONE, "REX.B must not change these");

/* SIB's index: 4 is none, but for vectors. */
static ALWAYS_INLINE unsigned index_of(const Dec *d, unsigned sib, bool vector_index)
{
    unsigned index = (sib >> 3 & 7) | (d->rex << 2 & 8);
    if (vector_index)
        return REG_XMM0 + (index | (d->vvvv & 0x10));
    return index == 4 ? REG_NONE : index;
}

/* Reads ModRM's and SIB's address. d->p is just past ModRM; modrm >= 0xc0 gives no address and reads nothing. Returns
 * PF_SIB and PF_DISP. */
static ALWAYS_INLINE unsigned mem_read(Dec *d, unsigned modrm, bool vector_index, Insn *restrict out)
{
    const Address *a = &addresses[(modrm >> 3 & 0x18) | (modrm & 7)];
    unsigned flags = 0, base = a->base, index = REG_NONE, scale = 1;
    if (base == 4) {
        unsigned sib = *d->p++;
        index = index_of(d, sib, vector_index);
        scale = 1u << (sib >> 6);
        base = sib & 7;
        flags = PF_SIB;
        if (base == 5 && modrm < 0x40)
            a = &address_without_base, base = REG_NONE;
    }
    out->mem.base = (uint8_t)(base | (d->rex << 3 & 8));
    out->mem.index = (uint8_t)index;
    out->mem.scale = (uint8_t)scale;
    out->mem.segment = d->segment;
    out->mem.addr_bits = d->prefixes & PREFIX_ADDRSIZE ? 32 : 64;
    out->mem.disp = (int32_t)(((load32(d->p) & a->bits) ^ a->sign) - a->sign);
    d->p += a->disp;
    return flags | a->flags;
}

/* 3DNow!: the opcode comes after ModRM's address. */
static unsigned suffix_find(Dec *d)
{
    Dec ahead = *d;
    Insn scratch;
    ahead.p += 2;
    mem_read(&ahead, d->p[1], false, &scratch);
    d->far = ahead.p + 1;
    return *ahead.p;
}

/* ---- operands ---- */

/* The numbers that operands' sources choose from, a byte each (SRC_*). */
#define IN(src) ((uint64_t)1 << 8 * (src))

static ALWAYS_INLINE uint64_t sources_of(const Dec *d, unsigned modrm, bool plain)
{
#define REX_SOURCES(n)  ((n)&4 ? 8 * IN(SRC_REG) : 0) | ((n)&1 ? 8 * (IN(SRC_RM) | IN(SRC_VRM) | IN(SRC_OPCODE)) : 0)
#define REX_SOURCES4(n) REX_SOURCES(n), REX_SOURCES(n + 1), REX_SOURCES(n + 2), REX_SOURCES(n + 3)
    static const uint64_t of_rex[16] = {REX_SOURCES4(0), REX_SOURCES4(4), REX_SOURCES4(8), REX_SOURCES4(12)};
    uint64_t reg = modrm >> 3 & 7, rm = modrm & 7, opcode = d->opcode & 7;
    uint64_t word =
        (reg * (IN(SRC_REG) | IN(SRC_REG7)) + rm * (IN(SRC_RM) | IN(SRC_VRM) | IN(SRC_RM7))) | of_rex[d->rex & 15];
    if (plain)
        return word | opcode << 8 * SRC_OPCODE;
    word = d->encoding ? word & ~(255 * IN(SRC_OPCODE)) : word | opcode << 8 * SRC_OPCODE; /* IS4 comes later */
    return word | d->r4 * IN(SRC_REG) | d->x4 * IN(SRC_VRM) | d->vvvv * IN(SRC_VVVV);
}

/* One operand: its struct as the table has it, plus the register's number. */
static ALWAYS_INLINE void operand_fill(Operand *restrict op, unsigned kind, uint64_t sources, unsigned mode)
{
    uint64_t word = x86_opwords[kind * OPWORDS + mode];
    store64(op, word + ((sources >> (word >> 56) & 31) << 16));
}

static ALWAYS_INLINE void operands_fill(const Pattern *pattern, uint64_t s, unsigned mode, Insn *restrict out)
{
    unsigned n = pattern->n;
    operand_fill(&out->op[0], pattern->op[0], s, mode);
    operand_fill(&out->op[1], pattern->op[1], s, mode);
    if (n <= 2)
        return;
    operand_fill(&out->op[2], pattern->op[2], s, mode);
    if (n <= 3)
        return;
    operand_fill(&out->op[3], pattern->op[3], s, mode);
    operand_fill(&out->op[4], pattern->op[4], s, mode);
}

/* Where there is no REX, numbers 4..7 of byte registers are ah..bh. mktables sees to it that only the first two
 * operands can be such. */
static ALWAYS_INLINE void high_byte(Operand *op, bool rex)
{
    unsigned high = (op->high / HIGH_POSSIBLE) & (op->reg >> 2) & !rex;
    op->high = (uint8_t)high;
    op->reg = (uint8_t)(op->reg - 4 * high);
}

/* Whether the register number exists in its class (SDM: #UD else). */
static bool register_exists(unsigned class, unsigned n)
{
    switch (class) {
    case CLASS_SEG: return (n & 7) < 6;
    case CLASS_CR: return n == 0 || n == 2 || n == 3 || n == 4 || n == 8;
    case CLASS_DR: return n < 8;
    case CLASS_BND: return n < 4;
    case CLASS_GPR:
    case CLASS_GPR8: return n < 16;
    case CLASS_K:
    case CLASS_TMM: return n < 8;
    default: return true;
    }
}

static bool registers_exist(const Pattern *pattern, uint64_t s, Insn *out)
{
    for (unsigned i = 0; i < pattern->n; i++) {
        const OpDesc *desc = &x86_opdescs[pattern->op[i]];
        unsigned n = (unsigned)(s >> 8 * desc->src) & 31;
        if (out->op[i].kind != OPERAND_REG)
            continue;
        if (!register_exists(desc->class, n))
            return false;
        if (desc->class == CLASS_CR || desc->class == CLASS_DR)
            out->imm2 = n; /* the register's number, for text */
    }
    return true;
}

/* ---- immediates ---- */

/* The immediates of few instructions. */
static void imm_odd(const uint8_t *p, unsigned kind, Insn *out)
{
    switch (kind) {
    case IMM_U4: out->imm = *p & 15; break;
    case IMM_MOFFS:
        out->imm = 0;
        out->mem.disp = out->mem.addr_bits == 32 ? (int64_t)load32(p) : (int64_t)load64(p);
        out->priv[PRIV_MEM] = out->op[0].kind == OPERAND_MEM ? 1 : 2;
        break;
    case IMM_ENTER: out->imm = load32(p) & 0xffff, out->imm2 = p[2]; break;
    case IMM_TWO8: out->imm = p[0], out->imm2 = p[1]; break;
    default: break;
    }
}

/* How each kind of immediate is widened, by operand size: its bits, and its sign bit or 0. */
typedef struct Widen {
    uint64_t bits, sign, minus; /* minus: the sign again; takes care of shifts by 1, too */
} Widen;
#define U8                                                                                                             \
    {                                                                                                                  \
        0xff, 0, 0                                                                                                     \
    }
#define U16                                                                                                            \
    {                                                                                                                  \
        0xffff, 0, 0                                                                                                   \
    }
#define U32                                                                                                            \
    {                                                                                                                  \
        0xffffffff, 0, 0                                                                                               \
    }
#define U64                                                                                                            \
    {                                                                                                                  \
        ~(uint64_t)0, 0, 0                                                                                             \
    }
#define S8                                                                                                             \
    {                                                                                                                  \
        0xff, 0x80, 0x80                                                                                               \
    }
#define S16                                                                                                            \
    {                                                                                                                  \
        0xffff, 0x8000, 0x8000                                                                                         \
    }
#define S32                                                                                                            \
    {                                                                                                                  \
        0xffffffff, 0x80000000, 0x80000000                                                                             \
    }
#define ONE                                                                                                            \
    {                                                                                                                  \
        0, 0, ~(uint64_t)0                                                                                             \
    }
static const Widen widens[][3] = {
    [IMM_U8] = {U8, U8, U8},      [IMM_U16] = {U16, U16, U16}, [IMM_UV] = {U16, U32, U64},  [IMM_U32] = {U32, U32, U32},
    [IMM_S8] = {S8, S8, S8},      [IMM_SZ] = {S16, S32, S32},  [IMM_S32] = {S32, S32, S32}, [IMM_REL8] = {S8, S8, S8},
    [IMM_RELZ] = {S16, S32, S32}, [IMM_ONE] = {ONE, ONE, ONE}, [IMM_U4] = {{0, 0, 0}},
};

static ALWAYS_INLINE void imm_read(const uint8_t *p, unsigned kind, unsigned osz, Insn *restrict out)
{
    const Widen *w = &widens[kind][osz];
    out->imm = ((load64(p) & w->bits) ^ w->sign) - w->minus;
}

/* ---- rules ---- */

static unsigned row_rule(unsigned row) { return x86_effects[x86_rows[row].effect & ROW_EFFECT].rule; }

/* Gathers, complex multiplication and tiles refuse registers named twice (SDM: #UD). */
static bool registers_distinct(const Insn *insn, bool all)
{
    RegSet seen = {{0, 0}};
    unsigned first = insn->op[0].reg;
    if (insn->mem.index >= REG_XMM0 && insn->mem.index < REG_K0)
        regset_add(&seen, insn->mem.index);
    for (unsigned i = 1; i < insn->nops; i++) {
        if (insn->op[i].kind != OPERAND_REG)
            continue;
        if (all && regset_has(seen, insn->op[i].reg))
            return false;
        regset_add(&seen, insn->op[i].reg);
    }
    return !regset_has(seen, first);
}

/* A write that may not happen; where it would clear what is above, the old low part shows through. */
static void operand_maybe(Operand *op)
{
    if (!(op->access & ACCESS_WRITE))
        return;
    op->access |= ACCESS_MAYBE;
    op->touch &= (uint8_t)~TOUCH_KILL;
    if (op->kind == OPERAND_REG && ((op->reg >= REG_XMM0 && op->reg < REG_K0) || op->bits == 32))
        op->touch |= TOUCH_READ;
}

/* Memory that no operand names. */
static bool mem_implied(unsigned base, Insn *out)
{
    out->mem.base = (uint8_t)base;
    return true;
}

/* The checks of a row's rule, and what it makes of the operands. */
static bool rule_holds(unsigned rule, Insn *out)
{
    switch (rule) {
    case RULE_DISTINCT:
    case RULE_DISTINCT3: return registers_distinct(out, rule == RULE_DISTINCT3);
    case RULE_NORIP:
        if (out->mem.base == REG_RIP)
            return false;
        /* fallthrough */
    case RULE_MPX: out->mem.addr_bits = 64; return true;
    case RULE_XLAT: return mem_implied(REG_RBX, out);
    case RULE_STORE_RAX: return mem_implied(REG_RAX, out);
    case RULE_STORE_RDI: return mem_implied(REG_RDI, out);
    default: return true;
    }
}

/* What only some rows need: register numbers that may be none, and rules. */
static bool operands_hold(const Pattern *pattern, uint64_t s, Insn *out)
{
    return registers_exist(pattern, s, out) && rule_holds(row_rule(out->row), out);
}

/* REP makes a string instruction's writes conditional. */
static void string_maybe(Insn *insn)
{
    for (unsigned i = 0; i < insn->nops; i++)
        operand_maybe(&insn->op[i]);
}

/* ---- EVEX ---- */

/* Merging leaves elements alone; a mask register's are cleared, and vblendm's are taken from a source. */
static void evex_mask(unsigned mask, bool zero, Insn *out)
{
    Operand *to = &out->op[0];
    bool is_mask = to->kind == OPERAND_REG && to->reg >= REG_K0;
    out->mask = (uint8_t)(REG_K0 + mask);
    if (!zero && !is_mask && row_rule(out->row) != RULE_SELECT)
        operand_maybe(to);
}

/* The checks on z, b and aaa, and what they make of the operands (SDM vol. 2, 2.7). */
static bool evex_finish(const Dec *d, const Pattern *pattern, unsigned flags, unsigned modrm, Insn *out)
{
    bool mem = modrm < 0xc0, zero = d->evex & 0x80, b = d->evex & 0x10;
    unsigned mask = d->evex & 7, bc = flags & ROW_TUPLE1 ? 0 : flags >> ROW_BC_SHIFT & 3;
    if ((mask && !(flags & ROW_MASK)) || (zero && (!mask || !(flags & ROW_ZERO))))
        return false;
    if (zero && out->op[0].kind == OPERAND_MEM)
        return false;
    if (b && (mem ? !bc : !(flags & (ROW_ER | ROW_SAE))))
        return false;
    if ((flags & ROW_VSIB) && !mask)
        return false;
    unsigned f = zero ? PF_ZERO : 0;
    if (b && mem) {
        out->op[(pattern->rm & PATTERN_RM) - 1].bits = (uint16_t)(8u << bc);
        f |= PF_BROADCAST;
    } else if (b && (flags & (ROW_ER | ROW_SAE)) != (ROW_ER | ROW_SAE)) /* both: neither means anything */
        f |= (flags & ROW_ER) ? (unsigned)(PF_ROUND | d->vl << PF_RMODE_SHIFT) : PF_SAE;
    out->priv[PRIV_FLAGS] |= (uint8_t)f;
    if (mask)
        evex_mask(mask, zero, out);
    return true;
}

/* disp8 counts units of the memory operand's size (SDM vol. 2, 2.7.5). */
static void evex_disp8(const Pattern *pattern, unsigned flags, Insn *out)
{
    unsigned bytes = out->op[(pattern->rm & PATTERN_RM) - 1].bits / 8u;
    if (flags & ROW_TUPLE1)
        bytes = 1u << (flags >> ROW_BC_SHIFT & 3);
    out->mem.disp *= bytes;
}

/* ---- the whole ---- */

static int insn_read_prefixed(const uint8_t *p, uint64_t pc, Insn *out);

/* looked: past the last byte that the verdict depends on. */
static int invalid_at(const uint8_t *looked, const Dec *d, Insn *out)
{
    out->len = (uint8_t)((d->far ? d->far : looked) - d->start);
    return INSN_INVALID;
}

/* What the row and the prefixes say, apart from operands. */
static ALWAYS_INLINE void insn_describe(const Dec *d, const Row *r, unsigned row, unsigned nops, unsigned osz,
                                        Insn *restrict out)
{
    out->row = (uint16_t)row;
    out->mnemonic = r->mnemonic;
    out->nops = (uint8_t)nops;
    out->flow = (uint8_t)(r->effect >> ROW_FLOW_SHIFT);
    out->cc = x86_effects[r->effect & ROW_EFFECT].cc;
    out->priv[PRIV_REX] = d->rex;
    /* prefixes, encoding, mask, spare, PRIV_VL, PRIV_SEGS, PRIV_66, PRIV_SPARE: one constant on the short way */
    uint64_t word = d->prefixes | (uint32_t)d->encoding << 8 | REG_NONE << 16 |
                    (uint64_t)(d->vl | (uint32_t)d->segs << 8 | (uint32_t)d->n66 << 16) << 32;
    __builtin_memcpy(&out->prefixes, &word, sizeof word);
    out->priv[PRIV_OSZ] = (uint8_t)osz;
}

_Static_assert(offsetof(Insn, priv) == offsetof(Insn, prefixes) + 4 && PRIV_SEGS == 1 && PRIV_66 == 2, "one word");

static bool row_allowed(const Dec *d, unsigned flags, unsigned modrm)
{
    if ((d->prefixes & PREFIX_LOCK) && ((flags & (ROW_LOCK | ROW_VSIB)) != ROW_LOCK || modrm >= 0xc0))
        return false;
    if (d->encoding != ENC_LEGACY && !(flags & ROW_VVVV) && (d->vvvv & ((flags & ROW_VSIB) ? 15 : 31)))
        return false;
    return !(flags & ROW_VSIB) || (modrm & 7) == 4;
}

/* The checks that only instructions with prefixes need. d->p is past the address. */
static bool prefixed_finish(const Dec *d, const Pattern *pattern, unsigned flags, unsigned modrm, uint64_t s, Insn *out)
{
    if (!row_allowed(d, flags, modrm))
        return false;
    if ((flags & ROW_STRING) && (d->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        string_maybe(out);
    if (d->encoding != ENC_EVEX)
        return true;
    if (!registers_exist(pattern, s, out) || !evex_finish(d, pattern, flags, modrm, out))
        return false;
    if (modrm >> 6 == 1)
        evex_disp8(pattern, flags, out);
    return true;
}

/* From the opcode on. d->p is at the opcode's last byte; plain: there is no prefix but REX.
 * Made twice, so that the short way has all the prefixes' fields as constants. */
static ALWAYS_INLINE int insn_finish(Dec *d, uint64_t pc, bool plain, Insn *restrict out)
{
    if (!plain)
        d->opcode = d->tail ? suffix_find(d) : *d->p;
    unsigned modrm = plain ? d->next : (unsigned)d->p[1] | d->mod_or;
    uint32_t key = key_of(d, modrm, plain), root = x86_root[d->map * 256 + d->opcode],
             has_modrm = root / ROOT_MODRM & 1;
    unsigned entry = entry_find(root, key), row = entry & ENTRY_ROW;
    const Row *r = &x86_rows[row];
    const Pattern *pattern = &x86_patterns[r->pattern];
    if (plain && (!row || (pattern->rm & PATTERN_CHECK)))
        return insn_read_prefixed(d->start, pc, out);
    d->p += 1 + has_modrm;
    if (!row || (!plain && (key >> KEY_L_SHIFT & 3) == 3)) /* there is no fourth vector length */
        return invalid_at(d->p + !has_modrm, d, out);
    modrm = without_branch((modrm | 0xc0 * (1 - has_modrm)) & (0xc0 | (0 - has_modrm)));
    uint64_t s = sources_of(d, modrm, plain);
    unsigned flags = r->flags, osz = osz_of(d, flags, plain), is_reg = modrm >= 0xc0;
    out->pc = pc;
    out->imm2 = 0;
    out->priv[PRIV_FLAGS] = (uint8_t)mem_read(d, modrm, !plain && (flags & ROW_VSIB), out);
    if (!plain && d->encoding) /* its byte comes after the address */
        s |= (uint64_t)(*d->p >> 4) << 8 * SRC_IS4;
    out->priv[PRIV_MEM] = (uint8_t)(pattern->rm & PATTERN_RM & (is_reg - 1));
    insn_describe(d, r, row, pattern->n, osz, out);
    unsigned size = !plain && (pattern->rm & PATTERN_VECTOR) ? key >> KEY_L_SHIFT & 3 : osz;
    operands_fill(pattern, s, 2 * size + is_reg, out);
    if (pattern->rm & PATTERN_BYTES) {
        high_byte(&out->op[0], d->rex);
        high_byte(&out->op[1], d->rex);
    }
    imm_read(d->p, pattern->imm, osz, out);
    if (!plain && (pattern->rm & PATTERN_CHECK) && !operands_hold(pattern, s, out))
        return invalid_at(d->p, d, out);
    if (!plain && !prefixed_finish(d, pattern, flags, modrm, s, out))
        return invalid_at(d->p, d, out);
    /* 64-bit sizes by default matter to no immediate's length: only REX.W's do, unless a prefix made the size 16. */
    unsigned bytes = imm_bytes(entry, plain ? 1 + rex_w(d) : osz, !plain && (d->prefixes & PREFIX_ADDRSIZE));
    if (!plain && pattern->imm >= IMM_ODD)
        imm_odd(d->p, pattern->imm, out);
    ptrdiff_t len = d->p - d->start + bytes + d->tail;
    if (!plain && len > INSN_MAX_LEN)
        return invalid_at(d->start + INSN_MAX_LEN, d, out);
    out->len = (uint8_t)len;
    out->target = pc + (uint64_t)len + out->imm;
    return (int)len;
}

static int insn_read_prefixed(const uint8_t *p, uint64_t pc, Insn *out)
{
    Dec d = {.start = p, .p = p, .segment = REG_NONE};
    if (!prefixes_read(&d))
        return invalid_at(d.p, &d, out);
    if (x86_byte_class[*d.p] && !opcode_reach(&d))
        return invalid_at(d.p + 1, &d, out);
    return insn_finish(&d, pc, false, out);
}

/* At least PADDED bytes can be read at p. What has no prefix but REX, and no third opcode byte, goes the short way; bytes
 * that are no opcode have no row in the first two maps, which sends them back to the long way. */
static ALWAYS_INLINE int insn_read_at(const uint8_t *p, uint64_t pc, Insn *restrict out)
{
    uint64_t bytes = load64(p);
    unsigned has_rex = (bytes & 0xf0) == 0x40, rex = (unsigned)bytes & (0u - has_rex) & 0xff;
    bytes >>= 8 * has_rex;
    unsigned is_0f = (bytes & 0xff) == 0x0f;
    bytes >>= 8 * is_0f;
    Dec d = {.start = p, .p = p + has_rex + is_0f, .map = is_0f, .rex = (uint8_t)rex, .segment = REG_NONE};
    d.opcode = bytes & 0xff;
    d.next = bytes >> 8 & 0xff;
    return insn_finish(&d, pc, true, out);
}

/* Near the end of the bytes: decode a copy with zeros after it, and see whether they were looked at. */
static int insn_read_short(const uint8_t *p, size_t n, uint64_t pc, Insn *out)
{
    uint8_t padded[2 * PADDED] = {0};
    for (size_t i = 0; i < n; i++)
        padded[i] = p[i];
    int len = insn_read_prefixed(padded, pc, out);
    if (len == INSN_INVALID)
        return out->len > n && n < INSN_MAX_LEN ? INSN_TRUNCATED : INSN_INVALID; /* of 15 bytes none is missing */
    return (size_t)len > n ? INSN_TRUNCATED : len;
}

int insn_decode(const uint8_t *p, size_t n, uint64_t pc, Insn *out)
{
    return n >= PADDED ? insn_read_at(p, pc, out) : insn_read_short(p, n, pc, out);
}

bool insn_mem_address(const Insn *insn, uint64_t *addr)
{
    const Mem *m = &insn->mem;
    if (!insn->priv[PRIV_MEM] || m->index != REG_NONE || m->segment != REG_NONE ||
        (m->base != REG_NONE && m->base != REG_RIP))
        return false;
    *addr = (uint64_t)m->disp + (m->base == REG_RIP ? insn->pc + insn->len : 0);
    if (m->addr_bits == 32)
        *addr &= 0xffffffff;
    return true;
}
