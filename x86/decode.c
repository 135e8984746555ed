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

static ALWAYS_INLINE uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static ALWAYS_INLINE uint64_t load64(const uint8_t *p) { return load32(p) | (uint64_t)load32(p + 4) << 32; }

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

/* The bytes of an entry's immediates: a digit for each BYTES_*, by operand size. */
static ALWAYS_INLINE unsigned imm_bytes(unsigned entry, unsigned osz, bool short_address)
{
    uint32_t digits = osz == 2 ? 0x48384210u : osz ? 0x48344210u : 0x48322210u;
    if (short_address)
        digits -= 0x04000000u;
    return digits >> (entry >> ENTRY_IMM_SHIFT) * 4 & 15;
}

/* ---- memory operands ---- */

/* What ModRM with mod and rm says: the base (REX.B ORed to it changes neither RIP nor NONE), and how long the
 * displacement is. X8: the eight rm of a mod. */
typedef struct Address {
    uint8_t base, disp, shift; /* shift: sign-extends the displacement from 32 bits read */
} Address;
#define X8(d, s)                                                                                                       \
    {0, d, s}, {1, d, s}, {2, d, s}, {3, d, s}, {4, d, s}, {5, d, s}, {6, d, s}, { 7, d, s }
#define NO_ADDRESS                                                                                                     \
    {                                                                                                                  \
        REG_NONE, 0, 0                                                                                                 \
    }
static const Address addresses[32] = {
    {0, 0, 0}, {1, 0, 0},  {2, 0, 0},  {3, 0, 0},  {4, 0, 0},  {REG_RIP, 4, 0}, {6, 0, 0},  {7, 0, 0},  X8(1, 24),
    X8(4, 0),  NO_ADDRESS, NO_ADDRESS, NO_ADDRESS, NO_ADDRESS, NO_ADDRESS,      NO_ADDRESS, NO_ADDRESS, NO_ADDRESS,
};
_Static_assert((REG_RIP | 8) == REG_RIP && (REG_NONE | 8) == REG_NONE, "REX.B must not change these");

/* Reads ModRM's and SIB's address. d->p is just past ModRM; modrm >= 0xc0 gives no address and reads nothing. */
static ALWAYS_INLINE void mem_read(Dec *d, unsigned modrm, bool vector_index, Insn *restrict out)
{
    Address a = addresses[(modrm >> 3 & 0x18) | (modrm & 7)];
    unsigned sib_seen = 0, index = REG_NONE, scale = 0;
    Mem *m = &out->mem;
    if (a.base == 4) {
        unsigned sib = *d->p++;
        index = (sib >> 3 & 7) | (d->rex << 2 & 8);
        index = vector_index ? REG_XMM0 + (index | (d->vvvv & 0x10)) : index == 4 ? REG_NONE : index;
        scale = sib >> 6;
        a.base = sib & 7;
        if (a.base == 5 && modrm < 0x40)
            a = (Address){REG_NONE, 4, 0};
        sib_seen = PF_SIB;
    }
    uint32_t has_disp = 0u - (a.disp != 0);
    m->base = a.base | (d->rex << 3 & 8);
    m->index = (uint8_t)index;
    m->scale = (uint8_t)(1u << scale);
    m->disp = (int32_t)((uint32_t)((int32_t)(load32(d->p) << a.shift) >> a.shift) & has_disp);
    d->p += a.disp;
    out->priv[PRIV_FLAGS] = (uint8_t)(sib_seen | (has_disp & PF_DISP));
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
static ALWAYS_INLINE uint64_t sources_of(const Dec *d, unsigned modrm)
{
    unsigned b = d->rex << 3 & 8, reg = (modrm >> 3 & 7) | (d->rex << 1 & 8) | d->r4;
    unsigned rm = (modrm & 7) | b;
    return (uint64_t)reg << (8 * SRC_REG) | (uint64_t)rm << (8 * SRC_RM) | (uint64_t)d->vvvv << (8 * SRC_VVVV) |
           (uint64_t)((d->opcode & 7) | b) << (8 * SRC_OPCODE) |
           (uint64_t)(d->encoding ? *d->p >> 4 : 0) << (8 * SRC_IS4) | (uint64_t)(rm | d->x4) << (8 * SRC_VRM);
}

/* One operand, again without branches. */
static ALWAYS_INLINE void operand_fill(Operand *restrict op, const OpDesc *desc, uint64_t sources, unsigned mod3,
                                       unsigned mode)
{
    uint32_t n = (uint32_t)(sources >> desc->src) & desc->mask[mod3], word = desc->word[mod3] + (n << 16);
    __builtin_memcpy(op, &word, sizeof word);
    op->bits = x86_sizes[desc->size + mode];
}

static ALWAYS_INLINE void operands_fill(const Pattern *pattern, uint64_t sources, unsigned mod3, unsigned mode,
                                        Insn *restrict out)
{
    unsigned n = pattern->n;
    operand_fill(&out->op[0], &x86_opdescs[pattern->op[0]], sources, mod3, mode);
    operand_fill(&out->op[1], &x86_opdescs[pattern->op[1]], sources, mod3, mode);
    out->nops = (uint8_t)n;
    for (unsigned i = 2; i < n; i++)
        operand_fill(&out->op[i], &x86_opdescs[pattern->op[i]], sources, mod3, mode);
}

/* Where there is no REX, numbers 4..7 of byte registers are ah..bh. */
static void high_bytes(const Pattern *pattern, Insn *out)
{
    for (unsigned i = 0; i < pattern->n; i++) {
        Operand *op = &out->op[i];
        if (!x86_opdescs[pattern->op[i]].byte || op->kind != OPERAND_REG || op->reg < 4)
            continue;
        op->reg = (uint8_t)(op->reg - 4);
        op->high = 1;
    }
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

static bool registers_exist(const Pattern *pattern, uint64_t sources, Insn *out)
{
    for (unsigned i = 0; i < pattern->n; i++) {
        const OpDesc *desc = &x86_opdescs[pattern->op[i]];
        unsigned n = (unsigned)(sources >> desc->src) & 31;
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

/* How an immediate is widened: its bytes are masked, then sign-extended from a bit (0: not). */
enum { WIDEN_0, WIDEN_U8, WIDEN_S8, WIDEN_U16, WIDEN_S16, WIDEN_U32, WIDEN_S32, WIDEN_U64, WIDEN_ODD };

static const uint8_t widen_of[][4] = {
    /* by operand size */
    [IMM_U8] = {WIDEN_U8, WIDEN_U8, WIDEN_U8},       [IMM_S8] = {WIDEN_S8, WIDEN_S8, WIDEN_S8},
    [IMM_U16] = {WIDEN_U16, WIDEN_U16, WIDEN_U16},   [IMM_SZ] = {WIDEN_S16, WIDEN_S32, WIDEN_S32},
    [IMM_UV] = {WIDEN_U16, WIDEN_U32, WIDEN_U64},    [IMM_S32] = {WIDEN_S32, WIDEN_S32, WIDEN_S32},
    [IMM_REL8] = {WIDEN_S8, WIDEN_S8, WIDEN_S8},     [IMM_RELZ] = {WIDEN_S16, WIDEN_S32, WIDEN_S32},
    [IMM_MOFFS] = {WIDEN_ODD, WIDEN_ODD, WIDEN_ODD}, [IMM_ENTER] = {WIDEN_ODD, WIDEN_ODD, WIDEN_ODD},
    [IMM_TWO8] = {WIDEN_ODD, WIDEN_ODD, WIDEN_ODD},  [IMM_ONE] = {WIDEN_ODD, WIDEN_ODD, WIDEN_ODD},
    [IMM_U32] = {WIDEN_U32, WIDEN_U32, WIDEN_U32},   [IMM_U4] = {WIDEN_ODD, WIDEN_ODD, WIDEN_ODD},
};
static const uint64_t widen_mask[] = {0, 0xff, 0xff, 0xffff, 0xffff, 0xffffffff, 0xffffffff, ~(uint64_t)0, 0};
static const uint64_t widen_sign[] = {0, 0, 0x80, 0, 0x8000, 0, 0x80000000, 0, 0};

/* The immediates of few instructions. */
static void imm_odd(const uint8_t *p, unsigned kind, Insn *out)
{
    switch (kind) {
    case IMM_U4: out->imm = *p & 15; break;
    case IMM_MOFFS: out->mem.disp = out->mem.addr_bits == 32 ? (int64_t)load32(p) : (int64_t)load64(p); break;
    case IMM_ENTER: out->imm = load32(p) & 0xffff, out->imm2 = p[2]; break;
    case IMM_TWO8: out->imm = p[0], out->imm2 = p[1]; break;
    default: out->imm = 1;
    }
}

static ALWAYS_INLINE void imm_read(const uint8_t *p, unsigned kind, unsigned osz, Insn *restrict out)
{
    unsigned widen = widen_of[kind][osz];
    uint64_t sign = widen_sign[widen];
    out->imm = ((load64(p) & widen_mask[widen]) ^ sign) - sign;
    if (widen == WIDEN_ODD)
        imm_odd(p, kind, out);
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

/* REP makes a string instruction's writes conditional. */
static void string_maybe(Insn *insn)
{
    for (unsigned i = 0; i < insn->nops; i++)
        if (insn->op[i].access & ACCESS_WRITE)
            insn->op[i].access |= ACCESS_MAYBE;
}

static bool rules_hold(unsigned flags, Insn *insn)
{
    unsigned rule = row_rule(insn->row);
    if ((flags & ROW_STRING) && (insn->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        string_maybe(insn);
    return rule < RULE_DISTINCT || registers_distinct(insn, rule == RULE_DISTINCT3);
}

/* ---- EVEX ---- */

/* Merging leaves elements alone; a mask register's are cleared, and vblendm's are taken from a source. */
static void evex_mask(unsigned mask, bool zero, Insn *out)
{
    Operand *to = &out->op[0];
    out->mask = (uint8_t)(REG_K0 + mask);
    bool is_mask = to->kind == OPERAND_REG && to->reg >= REG_K0;
    if ((to->access & ACCESS_WRITE) && !zero && !is_mask && row_rule(out->row) != RULE_SELECT)
        to->access |= ACCESS_MAYBE;
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
    } else if (b)
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

/* looked: past the last byte that the verdict depends on. */
static int invalid_at(const uint8_t *looked, const Dec *d, Insn *out)
{
    ptrdiff_t far = (d->far ? d->far : looked) - d->start;
    out->len = (uint8_t)(far < INSN_MAX_LEN ? far : INSN_MAX_LEN); /* with 15 bytes there, more would not help */
    return INSN_INVALID;
}

/* What the row and the prefixes say, apart from operands. */
static ALWAYS_INLINE void insn_describe(const Dec *d, unsigned row, unsigned osz, Insn *restrict out)
{
    const Row *r = &x86_rows[row];
    unsigned cc = d->opcode & 15, has_cc = r->flags / ROW_CC & 1;
    out->row = (uint16_t)row;
    out->mnemonic = (uint16_t)(r->mnemonic + (cc & (0u - has_cc)));
    out->cc = (uint8_t)(cc | (has_cc - 1));
    out->flow = (uint8_t)(r->effect >> ROW_FLOW_SHIFT);
    out->mask = REG_NONE;
    out->prefixes = d->prefixes;
    out->encoding = d->encoding;
    out->mem.segment = d->segment;
    out->mem.addr_bits = (d->prefixes & PREFIX_ADDRSIZE) ? 32 : 64;
    out->priv[PRIV_VL] = d->vl;
    out->priv[PRIV_OSZ] = (uint8_t)osz;
    out->priv[PRIV_SEGS] = d->segs;
    out->priv[PRIV_REX] = d->rex;
    out->priv[PRIV_66] = d->n66;
}

static bool row_allowed(const Dec *d, unsigned flags, unsigned modrm)
{
    if ((d->prefixes & PREFIX_LOCK) && ((flags & (ROW_LOCK | ROW_VSIB)) != ROW_LOCK || modrm >= 0xc0))
        return false;
    if (d->encoding != ENC_LEGACY && !(flags & ROW_VVVV) && (d->vvvv & ((flags & ROW_VSIB) ? 15 : 31)))
        return false;
    return !(flags & ROW_VSIB) || (modrm & 7) == 4;
}

/* The checks that only instructions with prefixes need. d->p is past the address. */
static bool prefixed_finish(const Dec *d, const Pattern *pattern, unsigned flags, unsigned modrm, uint64_t sources,
                            Insn *out)
{
    if (!row_allowed(d, flags, modrm))
        return false;
    if (d->encoding == ENC_EVEX) {
        if (!registers_exist(pattern, sources, out) || !evex_finish(d, pattern, flags, modrm, out))
            return false;
        if (modrm >> 6 == 1)
            evex_disp8(pattern, flags, out);
    }
    return rules_hold(flags, out);
}

/* From the opcode on. d->p is at the opcode's last byte; plain: there is no prefix but REX. */
/* Made twice, so that the short way has all the prefixes' fields as constants. */
static ALWAYS_INLINE int insn_finish(Dec *d, uint64_t pc, bool plain, Insn *restrict out)
{
    d->opcode = !plain && d->tail ? suffix_find(d) : *d->p;
    d->p++;
    unsigned modrm = *d->p | d->mod_or;
    uint32_t key = key_of(d, modrm, plain), root = x86_root[d->map * 256 + d->opcode];
    unsigned entry = entry_find(root, key), row = entry & ENTRY_ROW, has_modrm = root / ROOT_MODRM & 1;
    unsigned flags = x86_rows[row].flags, osz = osz_of(d, flags, plain);
    if (!row)
        return invalid_at(d->p + 1, d, out);
    const Pattern *pattern = &x86_patterns[x86_rows[row].pattern];
    modrm |= has_modrm ? 0 : 0xc0;
    modrm &= has_modrm ? 0xff : 0xc0;
    d->p += has_modrm;
    out->pc = pc;
    mem_read(d, modrm, !plain && (flags & ROW_VSIB), out);
    insn_describe(d, row, osz, out);
    uint64_t sources = sources_of(d, modrm);
    operands_fill(pattern, sources, modrm >= 0xc0, osz + 4u * (key >> KEY_L_SHIFT & 3), out);
    if ((pattern->rm & PATTERN_BYTES) && !d->rex)
        high_bytes(pattern, out);
    out->imm2 = 0;
    if ((pattern->rm & PATTERN_CHECK) && !registers_exist(pattern, sources, out))
        return invalid_at(d->p, d, out);
    if (!plain && !prefixed_finish(d, pattern, flags, modrm, sources, out))
        return invalid_at(d->p, d, out);
    imm_read(d->p, pattern->imm, osz, out);
    /* 64-bit sizes by default matter to no immediate: only REX.W's do, unless a prefix made the size 16. */
    unsigned bytes = imm_bytes(entry, plain ? 1 + rex_w(d) : osz, !plain && (d->prefixes & PREFIX_ADDRSIZE));
    ptrdiff_t len = d->p - d->start + bytes + d->tail;
    if (len > INSN_MAX_LEN)
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

/* Bytes after 0F that are no plain opcode: 0F 0F, 0F 20..23, 0F 38, 0F 3A. */
static inline bool second_is_odd(uint8_t b) { return (b & 0xfd) == 0x38 || (b & 0xfc) == 0x20 || b == 0x0f; }

/* At least PADDED bytes can be read at p. What has no prefix but REX, and no third opcode byte, goes the short way. */
static ALWAYS_INLINE int insn_read_at(const uint8_t *p, uint64_t pc, Insn *restrict out)
{
    unsigned has_rex = (*p & 0xf0u) == 0x40, rex = *p & (0u - has_rex);
    const uint8_t *q = p + has_rex;
    unsigned is_0f = *q == 0x0f;
    if (is_0f ? second_is_odd(q[1]) : x86_byte_class[*q] != BYTE_PLAIN)
        return insn_read_prefixed(p, pc, out);
    Dec d = {.start = p, .p = q + is_0f, .map = is_0f, .rex = (uint8_t)rex, .segment = REG_NONE};
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
        return out->len > n ? INSN_TRUNCATED : INSN_INVALID;
    return (size_t)len > n ? INSN_TRUNCATED : len;
}

int insn_decode(const uint8_t *p, size_t n, uint64_t pc, Insn *out)
{
    return n >= PADDED ? insn_read_at(p, pc, out) : insn_read_short(p, n, pc, out);
}

bool insn_mem_address(const Insn *insn, uint64_t *addr)
{
    const Mem *m = &insn->mem;
    bool has_mem = false;
    for (unsigned i = 0; i < insn->nops; i++)
        has_mem |= insn->op[i].kind == OPERAND_MEM;
    if (!has_mem || m->index != REG_NONE || m->segment != REG_NONE || (m->base != REG_NONE && m->base != REG_RIP))
        return false;
    *addr = (uint64_t)m->disp + (m->base == REG_RIP ? insn->pc + insn->len : 0);
    if (m->addr_bits == 32)
        *addr &= 0xffffffff;
    return true;
}
