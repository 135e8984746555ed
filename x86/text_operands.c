/* x86/text_operands.c - the operands of an instruction's text. */
#include "x86/hot.h"
#include "x86/text_out.h"

bool text_has_mem(const Insn *insn)
{
    for (unsigned i = 0; i < insn->nops; i++) {
        unsigned kind = insn->op[i].kind;
        if (kind == OPERAND_MEM || kind == OPERAND_MEM_SI || kind == OPERAND_MEM_DI)
            return true;
    }
    return insn->mnemonic == MN_XLAT;
}

unsigned text_operand_size(const Insn *insn)
{
    return operand_size(insn->row_flags, insn->priv[PRIV_REX] & 8, insn->prefixes & PREFIX_OPSIZE);
}

static const OpDesc *operand_desc(const Insn *insn, const Operand *op)
{
    return &x86_opdescs[row_form(insn->row)->op[op - insn->op]];
}

static void percent_text(Syntax syntax, TextOut *o)
{
    if (syntax == SYNTAX_ATT)
        text_char(o, '%');
}

static void number_text(unsigned n, TextOut *o)
{
    if (n >= 10)
        text_char(o, (char)('0' + n / 10));
    text_char(o, (char)('0' + n % 10));
}

/* ---- registers ---- */

/* Control and debug registers are one REG_SYSTEM; the number is in imm2. */
static void system_text(const Insn *insn, unsigned class, Syntax syntax, TextOut *o)
{
    text_string(o, class == CLASS_CR ? "cr" : syntax == SYNTAX_ATT ? "db" : "dr");
    number_text((unsigned)insn->imm2, o);
}

static void reg_text(const Insn *insn, const Operand *op, Syntax syntax, TextOut *o)
{
    const OpDesc *desc = operand_desc(insn, op);
    bool port = desc->src == SRC_FIXED && op->reg == REG_RDX && op->bits == 16;
    if (port && syntax == SYNTAX_ATT)
        text_char(o, '(');
    percent_text(syntax, o);
    if (op->reg >= REG_ST0 && op->reg < REG_ST0 + 8) {
        text_string(o, "st");
        if (desc->src != SRC_FIXED) {
            text_char(o, '(');
            number_text(op->reg - REG_ST0, o);
            text_char(o, ')');
        }
    } else if (desc->class == CLASS_CR || desc->class == CLASS_DR) {
        system_text(insn, desc->class, syntax, o);
    } else {
        /* mov to a segment register: 16 bits are read, but objdump shows the operand size's register */
        bool to_segment = op == &insn->op[1] && insn->op[0].reg >= REG_ES && insn->op[0].reg <= REG_GS;
        text_string(o, reg_name_sized(op->reg, to_segment ? 16u << text_operand_size(insn) : op->bits, op->high));
    }
    if (port && syntax == SYNTAX_ATT)
        text_char(o, ')');
}

static void imm_text(uint64_t imm, unsigned bits, Syntax syntax, TextOut *o)
{
    if (bits < 64)
        imm &= ((uint64_t)1 << bits) - 1;
    if (syntax == SYNTAX_ATT)
        text_char(o, '$');
    text_hex(o, imm);
}

/* ---- memory ---- */

/* What is added to base and index: with neither in 32-bit mode it is shown without a sign. */
static int64_t shown_disp(const Mem *m)
{
    return m->base == REG_NONE && m->index == REG_NONE && m->addr_bits == 32 ? (int64_t)(uint32_t)m->disp : m->disp;
}

static void signed_text(int64_t v, bool plus, TextOut *o)
{
    if (v < 0)
        text_char(o, '-');
    else if (plus)
        text_char(o, '+');
    text_hex(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void segment_text(const Mem *m, Syntax syntax, TextOut *o)
{
    if (m->segment == REG_NONE)
        return;
    percent_text(syntax, o);
    text_string(o, reg_name(m->segment));
    text_char(o, ':');
}

static bool insn_has_sib(const Insn *insn)
{
    unsigned modrm = insn->priv[PRIV_MODRM];
    return modrm < 0xc0 && (modrm & 7) == 4;
}

/* Whether the address has a displacement, though it may be 0. */
static bool insn_has_disp(const Insn *insn)
{
    unsigned modrm = insn->priv[PRIV_MODRM];
    return modrm < 0xc0 && (modrm >= 0x40 || insn->mem.base == REG_RIP || insn->mem.base == REG_NONE);
}

/* An index of none is shown as riz where the encoding needed no SIB byte for it, and as eiz in a 32-bit address. */
static bool shows_no_index(const Insn *insn)
{
    const Mem *m = &insn->mem;
    if (!insn_has_sib(insn))
        return false;
    return m->scale != 1 || m->base == REG_NONE ? m->scale != 1 || m->addr_bits == 32 : (m->base & 7) != REG_RSP;
}

/* A gather's index holds as many elements as its destination or, with 64-bit indices, as the vector length says. */
static unsigned vector_index_bits(const Insn *insn)
{
    unsigned whole = 128u << (insn->priv[PRIV_FLAGS] & PF_VL), element = 0;
    for (unsigned i = 0; i < insn->nops; i++)
        if (insn->op[i].kind == OPERAND_MEM)
            element = insn->op[i].bits;
    bool dword_index = insn->row_flags & ROW_DINDEX;
    return dword_index && element == 64 && whole > 128 ? whole / 2 : whole;
}

static const char *index_name(const Insn *insn)
{
    const Mem *m = &insn->mem;
    if (m->index == REG_NONE)
        return m->addr_bits == 64 ? "riz" : "eiz";
    return reg_name_sized(m->index, m->index < REG_XMM0 ? m->addr_bits : vector_index_bits(insn), false);
}

static void mem_att(const Insn *insn, TextOut *o)
{
    const Mem *m = &insn->mem;
    bool index = m->index != REG_NONE || shows_no_index(insn);
    segment_text(m, SYNTAX_ATT, o);
    if (m->base == REG_NONE && !index) {
        text_hex(o, (uint64_t)shown_disp(m));
        return;
    }
    if (insn_has_disp(insn))
        signed_text(shown_disp(m), false, o);
    text_char(o, '(');
    if (m->base != REG_NONE) {
        text_char(o, '%');
        text_string(o, reg_name_sized(m->base, m->addr_bits, false));
    }
    if (index) {
        text_string(o, ",%");
        text_string(o, index_name(insn));
        text_char(o, ',');
        text_char(o, (char)('0' + m->scale));
    }
    text_char(o, ')');
}

static const char *size_name(unsigned bits, bool vector)
{
    switch (bits) {
    case 8: return "BYTE";
    case 16: return "WORD";
    case 32: return "DWORD";
    case 48: return "FWORD";
    case 64: return "QWORD";
    case 80: return "TBYTE";
    case 128: return vector ? "XMMWORD" : "OWORD";
    case 256: return "YMMWORD";
    case 512: return "ZMMWORD";
    default: return "";
    }
}

static bool has_vector(const Insn *insn)
{
    bool vector = false;
    for (unsigned i = 0; i < insn->nops; i++)
        vector |= insn->op[i].kind == OPERAND_REG && insn->op[i].reg >= REG_XMM0 && insn->op[i].reg < REG_ES;
    return vector;
}

/* "DWORD PTR ", or "DWORD BCST " of one element for all. */
static void size_text(const Insn *insn, const Operand *op, TextOut *o)
{
    const char *name = size_name(op->bits, has_vector(insn));
    if (!*name || text_sizeless(insn))
        return;
    text_string(o, name);
    text_string(o, insn->priv[PRIV_FLAGS] & PF_BROADCAST ? " BCST " : " PTR ");
}

static void mem_intel(const Insn *insn, const Operand *op, TextOut *o)
{
    const Mem *m = &insn->mem;
    bool index = m->index != REG_NONE || shows_no_index(insn);
    size_text(insn, op, o);
    segment_text(m, SYNTAX_INTEL, o);
    if (m->base == REG_NONE && !index) {
        if (m->segment == REG_NONE)
            text_string(o, "ds:");
        text_hex(o, (uint64_t)shown_disp(m));
        return;
    }
    text_char(o, '[');
    if (m->base != REG_NONE)
        text_string(o, reg_name_sized(m->base, m->addr_bits, false));
    if (index) {
        if (m->base != REG_NONE)
            text_char(o, '+');
        text_string(o, index_name(insn));
        text_char(o, '*');
        text_char(o, (char)('0' + m->scale));
    }
    if (insn_has_disp(insn))
        signed_text(shown_disp(m), true, o);
    text_char(o, ']');
}

static void broadcast_text(const Insn *insn, const Operand *op, TextOut *o)
{
    if (!(insn->priv[PRIV_FLAGS] & PF_BROADCAST) || !op->bits)
        return;
    unsigned kind = row_form(insn->row)->op[op - insn->op];
    unsigned whole = (unsigned)(kind_word(kind, insn->priv[PRIV_FLAGS] & (unsigned)PF_VL, false) >> 32 & 0xffff);
    text_string(o, "{1to");
    number_text(whole / op->bits, o);
    text_char(o, '}');
}

static void string_text(const Insn *insn, const Operand *op, Syntax syntax, TextOut *o)
{
    bool si = op->kind == OPERAND_MEM_SI;
    if (syntax == SYNTAX_INTEL)
        size_text(insn, op, o);
    percent_text(syntax, o);
    text_string(o, !si ? "es" : insn->mem.segment == REG_NONE ? "ds" : reg_name(insn->mem.segment));
    text_string(o, syntax == SYNTAX_ATT ? ":(%" : ":[");
    text_string(o, reg_name_sized(si ? REG_RSI : REG_RDI, insn->mem.addr_bits, false));
    text_char(o, syntax == SYNTAX_ATT ? ')' : ']');
}

/* ---- all of them ---- */

static void operand_text(const Insn *insn, const Operand *op, Syntax syntax, TextOut *o)
{
    bool indirect = syntax == SYNTAX_ATT && (insn->flow == FLOW_JUMP || insn->flow == FLOW_CALL);
    if (indirect && (op->kind == OPERAND_REG || op->kind == OPERAND_MEM))
        text_char(o, '*');
    switch (op->kind) {
    case OPERAND_REG: reg_text(insn, op, syntax, o); break;
    case OPERAND_IMM: imm_text(insn->imm, op->bits, syntax, o); break;
    case OPERAND_MEM_AT:
        percent_text(syntax, o);
        text_string(o, reg_name_sized(op->reg, insn->mem.addr_bits, false));
        break;
    case OPERAND_IMM2: imm_text(insn->imm2, op->bits, syntax, o); break;
    case OPERAND_REL:
        if (syntax == SYNTAX_ATT && row_form(insn->row)->imm == IMM_TARGET)
            text_char(o, '$');
        text_hex(o, insn->target);
        break;
    case OPERAND_MEM:
        if (syntax == SYNTAX_INTEL) {
            mem_intel(insn, op, o);
            if (text_needs_suffix(insn))
                broadcast_text(insn, op, o);
        } else {
            mem_att(insn, o);
            broadcast_text(insn, op, o);
        }
        break;
    default: string_text(insn, op, syntax, o);
    }
}

static void mask_text(const Insn *insn, Syntax syntax, TextOut *o)
{
    if (insn->mask != REG_NONE) {
        text_char(o, '{');
        percent_text(syntax, o);
        text_string(o, reg_name(insn->mask));
        text_char(o, '}');
    }
    if (insn->priv[PRIV_FLAGS] & PF_ZERO)
        text_string(o, "{z}");
}

/* "{rn-sae}" or "{sae}": in AT&T syntax an operand between the immediate, if any, and the registers; in Intel's behind the
 * last of them. */
static void rounding_text(const Insn *insn, TextOut *o)
{
    static const char modes[4][9] = {"{rn-sae}", "{rd-sae}", "{ru-sae}", "{rz-sae}"};
    unsigned f = insn->priv[PRIV_FLAGS];
    text_string(o, f & PF_ROUND ? modes[f >> PF_RMODE_SHIFT & 3] : "{sae}");
}

/* An operand that the text leaves out: the 1 of shifts, an immediate told by the mnemonic. */
static bool operand_hidden(const Insn *insn, const Operand *op, bool imm_told)
{
    if (op->kind != OPERAND_IMM)
        return false;
    return imm_told || row_form(insn->row)->imm == IMM_ONE;
}

static void separator_text(bool *first, TextOut *o)
{
    text_char(o, *first ? ' ' : ',');
    *first = false;
}

static void operands_att(const Insn *insn, bool imm_told, TextOut *o)
{
    bool first = true, rounding = insn->priv[PRIV_FLAGS] & (PF_ROUND | PF_SAE);
    bool in_order = insn->nops == 2 && insn->op[1].kind == OPERAND_IMM2;
    for (unsigned i = 0; i < insn->nops; i++) {
        const Operand *op = &insn->op[in_order ? i : insn->nops - 1u - i];
        if (operand_hidden(insn, op, imm_told))
            continue;
        bool general = op != insn->op && op->kind == OPERAND_REG && op->reg < REG_XMM0; /* stands before it, too */
        if (rounding && op->kind != OPERAND_IMM && !general) {
            separator_text(&first, o);
            rounding_text(insn, o);
            rounding = false;
        }
        separator_text(&first, o);
        operand_text(insn, op, SYNTAX_ATT, o);
        if (op == insn->op)
            mask_text(insn, SYNTAX_ATT, o);
    }
}

/* The 1 of shifts has no other spelling. */
static void operand_intel(const Insn *insn, const Operand *op, TextOut *o)
{
    if (op->kind == OPERAND_IMM && row_form(insn->row)->imm == IMM_ONE)
        text_char(o, '1');
    else
        operand_text(insn, op, SYNTAX_INTEL, o);
}

static void operands_intel(const Insn *insn, bool imm_told, TextOut *o)
{
    bool first = true, rounding = insn->priv[PRIV_FLAGS] & (PF_ROUND | PF_SAE);
    for (unsigned i = 0; i < insn->nops; i++) {
        const Operand *op = &insn->op[i];
        if (rounding && op->kind == OPERAND_IMM) {
            rounding_text(insn, o);
            rounding = false;
        }
        if (imm_told && op->kind == OPERAND_IMM)
            continue;
        separator_text(&first, o);
        operand_intel(insn, op, o);
        if (i == 0)
            mask_text(insn, SYNTAX_INTEL, o);
    }
    if (rounding)
        rounding_text(insn, o);
}

void operands_text(const Insn *insn, Syntax syntax, bool imm_told, TextOut *o)
{
    if (insn->mnemonic == MN_XLAT) {
        text_string(o, syntax == SYNTAX_ATT ? " %" : " BYTE PTR ");
        text_string(o, insn->mem.segment == REG_NONE ? "ds" : reg_name(insn->mem.segment));
        text_string(o, syntax == SYNTAX_ATT ? ":(%" : ":[");
        text_string(o, reg_name_sized(REG_RBX, insn->mem.addr_bits, false));
        text_char(o, syntax == SYNTAX_ATT ? ')' : ']');
        return;
    }
    if (syntax == SYNTAX_ATT)
        operands_att(insn, imm_told, o);
    else
        operands_intel(insn, imm_told, o);
}
