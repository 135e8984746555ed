/* x86/decode_long.c - bytes -> Insn: the long way, for all instructions.
 *
 * The opcode's row is found by walking a small tree (format.h) with a key that packs ModRM, the mandatory prefix,
 * operand size, W and vector length, so each choice is a shift and a mask; then come the checks that prefixes, vector
 * encodings and odd rows need. (SDM vol. 2 chapter 2 for the formats; APM vol. 3 for XOP.)
 */
#include "x86/prefixes.h"

/* ---- the row ---- */

static unsigned osz_of(const Dec *d, unsigned flags)
{
    return operand_size(flags, rex_w(d), d->prefixes & PREFIX_OPSIZE);
}

/* The vector length field, or 512 bits where it is the rounding mode. */
static unsigned length_of(const Dec *d, unsigned modrm)
{
    return d->encoding == ENC_EVEX && (d->evex & 0x10) && modrm >= 0xc0 ? 2 : d->vl;
}

static uint32_t key_of(const Dec *d, unsigned modrm)
{
    return modrm | (uint32_t)(modrm >= 0xc0) << KEY_MOD3_SHIFT | (uint32_t)(d->rex & 15) << KEY_REX_SHIFT |
           (uint32_t)d->pp << KEY_PP_SHIFT | (uint32_t)osz_of(d, 0) << KEY_OSZ_SHIFT |
           (uint32_t)length_of(d, modrm) << KEY_L_SHIFT |
           (uint32_t)(d->prefixes / PREFIX_ADDRSIZE & 1) << KEY_ASZ_SHIFT |
           (uint32_t)(d->nd | (d->encoding == ENC_REX2)) << KEY_REX2_SHIFT |
           (uint32_t)((modrm & 0xc7) == 5) << KEY_RIP_SHIFT;
}

static unsigned row_find(unsigned map, unsigned opcode, uint32_t key)
{
    unsigned first, entry = opcode_root(map, opcode, &first);
    while (entry & ENTRY_NODE) {
        unsigned at = entry & (ENTRY_NODE - 1), node = x86_trie[at];
        unsigned value = key >> node_shift(node) & node_mask(node);
        if (!(node & NODE_ONE))
            entry = x86_trie[at + 1 + value];
        else if (value != (node >> NODE_VALUE_SHIFT & 7))
            return 0;
        else
            entry = node & NODE_NEXT ? ENTRY_NODE | (at + 1) : x86_trie[at + 1];
    }
    return entry ? first + entry - 1 : 0;
}

/* 3DNow!: the opcode comes after ModRM's address. */
static unsigned suffix_find(Dec *d)
{
    Mem scratch;
    const ModRm *m = &x86_hot.modrm[d->p[1]];
    d->far = d->p + 3 + mem_read(&x86_hot, d->p + 2, m, m->len, 0, 0, false, &scratch);
    return d->far[-1];
}

/* ---- operands ---- */

/* Whether the register number exists in its class (SDM: #UD else). */
static bool register_exists(unsigned class, unsigned n)
{
    switch (class) {
    case CLASS_SEG: return (n & 7) < 6;
    case CLASS_CR: return n == 0 || n == 2 || n == 3 || n == 4 || n == 8;
    case CLASS_DR: return n < 8;
    case CLASS_BND: return n < 4;
    case CLASS_K:
    case CLASS_TMM: return n < 8;
    default: return true;
    }
}

static bool registers_exist(const Form *form, uint64_t s, Insn *out)
{
    for (unsigned i = 0; i < out->nops; i++) {
        const OpDesc *desc = &x86_opdescs[form->op[i]];
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

/* The bytes of immediates by operand size. */
static const uint8_t imm_lengths[IMM_COUNT][SIZES] = {
    [IMM_U8] = {1, 1, 1},   [IMM_U16] = {2, 2, 2},    [IMM_UV] = {2, 4, 8},    [IMM_U32] = {4, 4, 4},
    [IMM_S8] = {1, 1, 1},   [IMM_SZ] = {2, 4, 4},     [IMM_S32] = {4, 4, 4},   [IMM_REL8] = {1, 1, 1},
    [IMM_RELZ] = {2, 4, 4}, [IMM_ENTER] = {3, 3, 3},  [IMM_MOFFS] = {8, 8, 8}, [IMM_TWO8] = {2, 2, 2},
    [IMM_U4] = {1, 1, 1},   [IMM_TARGET] = {8, 8, 8},
};

/* The immediates of few instructions. */
static void imm_odd(const uint8_t *p, unsigned kind, Insn *out)
{
    switch (kind) {
    case IMM_U4: out->imm = *p & 15; break;
    case IMM_TARGET: out->imm = load64(p); break;
    case IMM_MOFFS:
        out->imm = 0;
        out->mem.disp = out->mem.addr_bits == 32 ? (int64_t)load32(p) : (int64_t)load64(p);
        out->op[0].source = out->op[0].kind == OPERAND_MEM ? 1 : 2;
        break;
    case IMM_ENTER: out->imm = load32(p) & 0xffff, out->imm2 = p[2]; break;
    case IMM_TWO8: out->imm = p[0], out->imm2 = p[1]; break;
    case IMM_ONE: out->imm = 1; break;
    default: break;
    }
}

/* ---- rules ---- */

static unsigned row_rule(unsigned row) { return row_form(row)->rule; }

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

/* push2 and pop2 refuse rsp, and pop2 the same register twice. Their memory is below rsp or at it. */
static bool stack_registers_hold(Insn *insn)
{
    unsigned a = insn->op[0].reg, b = insn->op[1].reg;
    insn->mem.base = REG_RSP;
    insn->mem.disp = insn->op[0].access & ACCESS_WRITE ? 0 : -16;
    return a != REG_RSP && b != REG_RSP && (a != b || !(insn->op[0].access & ACCESS_WRITE));
}

/* A register is written whole, though the operand is less. */
static bool written_whole(Operand *op)
{
    if (op->kind == OPERAND_REG)
        op->touch |= TOUCH_KILL;
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
    case RULE_STACK2: return stack_registers_hold(out);
    case RULE_ZU: return written_whole(&out->op[0]);
    default: return true;
    }
}

/* What only some rows need: register numbers that may be none, and rules. */
static bool operands_hold(const Form *form, uint64_t s, Insn *out)
{
    return registers_exist(form, s, out) && rule_holds(row_rule(out->row), out);
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
static bool evex_finish(const Dec *d, const Form *form, unsigned flags, unsigned modrm, Insn *out)
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
        out->op[form_rm(form) - 1].bits = (uint16_t)(8u << bc);
        f |= PF_BROADCAST;
    } else if (b && (flags & (ROW_ER | ROW_SAE)) != (ROW_ER | ROW_SAE)) /* both: neither means anything */
        f |= (flags & ROW_ER) ? (unsigned)(PF_ROUND | d->vl << PF_RMODE_SHIFT) : PF_SAE;
    out->priv[PRIV_FLAGS] |= (uint8_t)f;
    if (mask)
        evex_mask(mask, zero, out);
    return true;
}

/* APX's payload: z, L'L and two of aaa must be 0, and NF where the row has none. Where there is a condition, it takes the
 * lower four bits, and vvvv the flags that hold if it does not. The text needs both. */
static bool apx_finish(const Dec *d, unsigned flags, unsigned rule, Insn *out)
{
    if (rule == RULE_SCC) {
        out->imm2 = (uint64_t)(d->evex & 15) | (~d->vvvv & 15u) << 4;
        return !(d->evex & 0xf0) && !d->nd;
    }
    bool nf = d->evex & 4;
    if ((d->evex & 0xf3) || (nf && d->map != MAP_EVEX + 3 && !(flags & ROW_NF)))
        return false;
    if (nf && (flags & ROW_NF))
        out->priv[PRIV_FLAGS] = PF_NF, out->effect.more |= MORE_ALL;
    return true;
}

/* disp8 counts units of the memory operand's size (SDM vol. 2, 2.7.5). */
static void evex_disp8(const Form *form, unsigned flags, Insn *out)
{
    unsigned bytes = out->op[form_rm(form) - 1].bits / 8u;
    if (flags & ROW_TUPLE1)
        bytes = 1u << (flags >> ROW_BC_SHIFT & 3);
    out->mem.disp *= bytes;
}

/* ---- the whole ---- */

/* looked: past the last byte that the verdict depends on. */
static int invalid_at(const uint8_t *looked, const Dec *d, Insn *out)
{
    out->len = (uint8_t)((d->far ? d->far : looked) - d->start);
    return INSN_INVALID;
}

/* Whether there is a vvvv, and no opcode that names a register. */
static bool is_vector(const Dec *d) { return d->encoding != ENC_LEGACY && d->encoding != ENC_REX2; }

static bool row_allowed(const Dec *d, unsigned flags, unsigned modrm)
{
    if ((d->prefixes & PREFIX_LOCK) && ((flags & (ROW_LOCK | ROW_VSIB)) != ROW_LOCK || modrm >= 0xc0))
        return false;
    if (is_vector(d) && !(flags & ROW_VVVV) && (d->vvvv & ((flags & ROW_VSIB) ? 15 : 31)))
        return false;
    return !(flags & ROW_VSIB) || (modrm & 7) == 4;
}

/* REX2 names only 16 vector registers. */
static void rex2_vectors(Insn *insn)
{
    for (unsigned i = 0; i < insn->nops; i++)
        if (insn->op[i].reg >= REG_XMM0 && insn->op[i].reg < REG_K0)
            insn->op[i].reg = (uint8_t)(insn->op[i].reg & ~16u);
}

/* The checks that only instructions with prefixes need. d->p is past the address. */
static bool prefixed_finish(const Dec *d, const Form *form, unsigned flags, unsigned modrm, Insn *out)
{
    if (!row_allowed(d, flags, modrm))
        return false;
    if ((flags & ROW_STRING) && (d->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        string_maybe(out);
    if (d->encoding == ENC_REX2)
        rex2_vectors(out);
    if (d->encoding != ENC_EVEX)
        return true;
    if (flags & ROW_APX)
        return apx_finish(d, flags, form->rule, out);
    if ((d->i4 && modrm >= 0xc0) || !evex_finish(d, form, flags, modrm, out))
        return false;
    if (modrm >> 6 == 1)
        evex_disp8(form, flags, out);
    return true;
}

/* ModRM's address, with what prefixes say of it. d->p is just past ModRM; afterwards past the address. */
static void address_read(Dec *d, unsigned flags, unsigned modrm, Insn *out)
{
    bool vector = flags & ROW_VSIB;
    unsigned rex = d->rex, index_or = (rex << 2 & 8) | (vector ? d->vvvv & 0x10u : d->i4);
    unsigned base_or = (rex << 3 & 8) | d->b4;
    const ModRm *m = &x86_hot.modrm[modrm];
    d->p += mem_read(&x86_hot, d->p, m, m->len, base_or, index_or, vector, &out->mem);
    out->mem.segment = d->segment;
    if (d->prefixes & PREFIX_ADDRSIZE)
        out->mem.addr_bits = 32;
}

/* The numbers that ModRM and prefixes give. d->p is past the address. */
static uint64_t sources_of(const Dec *d, unsigned modrm)
{
    unsigned reg = modrm >> 3 & 7, rm = modrm & 7, reg4 = reg | (d->rex << 1 & 8), rm4 = rm | (d->rex << 3 & 8);
    uint64_t s = reg4 * IN(SRC_REG) | rm4 * (IN(SRC_RM) | IN(SRC_VRM)) | reg * IN(SRC_REG7) | rm * IN(SRC_RM7);
    return s | (*d->p >> 4) * IN(SRC_IS4) | d->r4 * IN(SRC_REG) | d->b4 * IN(SRC_RM) | d->x4 * IN(SRC_VRM) |
           d->vvvv * IN(SRC_VVVV);
}

static void prefixes_describe(const Dec *d, Insn *out)
{
    out->prefixes = d->prefixes;
    out->encoding = d->encoding;
    out->priv[PRIV_REX] = d->rex;
    out->priv[PRIV_FLAGS] = d->vl & PF_VL;
    out->priv[PRIV_SEGS] = d->segs;
    out->priv[PRIV_66] = d->n66;
}

/* What the row and the prefixes say. d->p is past the address; s: sources_of it. */
static void insn_describe(const Dec *d, const Form *form, unsigned row, unsigned modrm, uint64_t s, Insn *out)
{
    const Traits *traits = row_traits(row);
    bool is_reg = modrm >= 0xc0;
    unsigned osz = osz_of(d, traits->flags), size = form->bits & FORM_VECTOR ? length_of(d, modrm) : osz;
    traits_store(out, traits, 0);
    out->priv[PRIV_MODRM] = (uint8_t)modrm;
    out->mnemonic = (uint16_t)row_mnemonic(&x86_hot, row);
    out->row = (uint16_t)row;
    out->mask = REG_NONE;
    out->imm2 = 0;
    prefixes_describe(d, out);
    for (unsigned i = 0; i < 2 || i < out->nops; i++)
        operand_fill(&out->op[i], kind_word(form->op[i], size, is_reg), s, d->rex);
    out->op[0].source = (uint8_t)(is_reg ? 0 : form_rm(form));
    out->imm = imm_widen(load64(d->p), &x86_hot.widens[form->imm * SIZES + osz]);
}

/* The immediates, whose bytes are at d->p, and all that depends on the length; false: it is too long. */
static bool insn_finish(Dec *d, const Form *form, Insn *out)
{
    unsigned bytes = imm_lengths[form->imm][osz_of(d, out->row_flags)];
    if (form->imm == IMM_MOFFS && out->mem.addr_bits == 32)
        bytes = 4;
    if (form->imm >= IMM_ODD)
        imm_odd(d->p, form->imm, out);
    ptrdiff_t len = d->p - d->start + bytes + d->tail;
    if (len > INSN_MAX_LEN)
        return false;
    out->len = (uint8_t)len;
    out->target = form->imm == IMM_TARGET ? out->imm : out->pc + (uint64_t)len + out->imm;
    if (out->mask != REG_NONE || out->mem.segment != REG_NONE)
        out->effect.more |= MORE_ALL;
    return true;
}

/* d->p is at the opcode's last byte. */
static int opcode_read(Dec *d, uint64_t pc, Insn *out)
{
    d->opcode = d->tail ? suffix_find(d) : *d->p;
    unsigned modrm = (unsigned)d->p[1] | d->mod_or;
    if (length_of(d, modrm) == 3) /* there is no fourth vector length */
        return invalid_at(d->p + 2, d, out);
    unsigned row = row_find(d->map, d->opcode, key_of(d, modrm));
    const Form *form = row_form(row);
    if (!row)
        return invalid_at(d->p + 2, d, out);
    d->p += form->bits & FORM_MODRM ? 2 : 1;
    if (!(form->bits & FORM_MODRM))
        modrm = 0xc0 | (d->opcode & 7);
    out->pc = pc;
    address_read(d, row_traits(row)->flags, modrm, out);
    uint64_t s = sources_of(d, modrm);
    insn_describe(d, form, row, modrm, s, out);
    if ((form->bits & FORM_CHECK) && !operands_hold(form, s, out))
        return invalid_at(d->p, d, out);
    if (!prefixed_finish(d, form, out->row_flags, modrm, out))
        return invalid_at(d->p, d, out);
    if (!insn_finish(d, form, out))
        return invalid_at(d->start + INSN_MAX_LEN, d, out);
    return out->len;
}

int insn_read_long(const uint8_t *p, uint64_t pc, Insn *out)
{
    Dec d = {.start = p, .p = p, .segment = REG_NONE};
    if (!prefixes_read(&d))
        return invalid_at(d.p, &d, out);
    if (byte_class[*d.p] && !opcode_reach(&d))
        return invalid_at(d.p + 1, &d, out);
    return opcode_read(&d, pc, out);
}
