/* x86/text.c - an instruction's text, in AT&T syntax as objdump prints it or in Intel's.
 *
 * A row's format (the "*" and text: of opcodes.tbl) says how AT&T spells its mnemonic: "*" adds a size suffix where no
 * register tells the size; in text:, %0 and %1 are an operand's size letter and %p, %i, %q, %x name an immediate. Behind "|"
 * stands Intel's spelling; "!" before it: memory is shown without a size.
 */
#include "x86/hot.h"
#include "x86/insn.h"
#include "x86/text_out.h"

void text_char(TextOut *o, char c)
{
    if (o->len + 1 < o->n)
        o->buf[o->len++] = c;
}

void text_string(TextOut *o, const char *s)
{
    while (*s)
        text_char(o, *s++);
}

void text_hex(TextOut *o, uint64_t v)
{
    int digits = 1;
    while (digits < 16 && v >> (4 * digits))
        digits++;
    text_string(o, "0x");
    while (digits--)
        text_char(o, "0123456789abcdef"[v >> (4 * digits) & 15]);
}

/* ---- prefixes ---- */

/* cs and ds before a conditional branch are hints, if only one of them is there. */
static const char *hint_text(const Insn *insn)
{
    unsigned hints = insn->priv[PRIV_SEGS] & 10;
    if (insn->flow != FLOW_BRANCH || insn->mnemonic == MN_XBEGIN)
        return "";
    return hints == 2 ? ",pn" : hints == 8 ? ",pt" : "";
}

static void segments_text(const Insn *insn, TextOut *o)
{
    static const char names[6][4] = {"es ", "cs ", "ss ", "ds ", "fs ", "gs "};
    bool mem = text_has_mem(insn), near = insn->row_flags & ROW_F64;
    for (unsigned i = 0; i < 6; i++) {
        if (!(insn->priv[PRIV_SEGS] >> i & 1) || (mem && insn->mem.segment == REG_ES + i))
            continue;
        if (i == 3 && near && (insn->flow == FLOW_JUMP || insn->flow == FLOW_CALL) && insn->op[0].kind != OPERAND_REL)
            text_string(o, "notrack ");
        else if (!*hint_text(insn) || (i != 1 && i != 3))
            text_string(o, names[i]);
    }
}

static bool string_compares(unsigned mnemonic)
{
    return mnemonic == MN_CMPSB || mnemonic == MN_CMPSW || mnemonic == MN_CMPSD || mnemonic == MN_CMPSQ ||
           mnemonic == MN_SCASB || mnemonic == MN_SCASW || mnemonic == MN_SCASD || mnemonic == MN_SCASQ;
}

static void repeat_text(const Insn *insn, TextOut *o)
{
    unsigned flags = insn->row_flags;
    bool string = flags & ROW_STRING, lock = insn->prefixes & PREFIX_LOCK;
    bool near = insn->flow != FLOW_NEXT && (flags & ROW_F64) && (insn->flow != FLOW_BRANCH || insn->cc != 0xff);
    bool mem = insn->op[0].source == 1, moffs = row_form(insn->row)->imm == IMM_MOFFS;
    bool store =
        mem && insn->mnemonic == MN_MOV && !(insn->op[1].kind == OPERAND_REG && insn->op[1].reg >= REG_ES) && !moffs;
    bool swap = mem && insn->mnemonic == MN_XCHG;
    lock =
        lock && insn->mnemonic != MN_CMPXCHG16B; /* which is not among those that elide locks (SDM vol. 2, XACQUIRE) */
    if (insn->prefixes & PREFIX_REP)
        text_string(o, lock || ((store || swap) && !(insn->prefixes & PREFIX_REPNE)) ? "xrelease "
                       : string && !string_compares(insn->mnemonic)                  ? "rep "
                                                                                     : "repz ");
    if (insn->prefixes & PREFIX_REPNE)
        text_string(o, lock || (swap && !(insn->prefixes & PREFIX_REP)) ? "xacquire " : near ? "bnd " : "repnz ");
}

/* Operand-size prefixes that change nothing, and REX.W where the size is 64 anyhow. */
static void size_prefixes_text(const Insn *insn, bool prefix_used, TextOut *o)
{
    bool used = prefix_used || text_operand_size(insn) == 0 || (row_style(insn->row) & STYLE_66_USED);
    for (unsigned i = insn->priv[PRIV_66]; i > (used ? 1u : 0u); i--)
        text_string(o, "data16 ");
}

/* What APX's EVEX says before the mnemonic: no flags; or that it is no legacy encoding. */
static void apx_prefix_text(const Insn *insn, TextOut *o)
{
    const Form *form = row_form(insn->row);
    bool own_name = (insn->row_flags & ROW_VVVV) || form->rule == RULE_ZU || insn->cc != 0xff;
    if (insn->priv[PRIV_FLAGS] & PF_NF)
        text_string(o, "{nf} ");
    else if ((insn->row_flags & ROW_APX) && !own_name)
        text_string(o, "{evex} ");
}

static void prefixes_text(const Insn *insn, TextOut *o)
{
    bool prefix_used = row_style(insn->row) & STYLE_PREFIX_USED;
    if (insn->encoding != ENC_LEGACY && insn->encoding != ENC_REX2) {
        apx_prefix_text(insn, o);
        return;
    }
    size_prefixes_text(insn, prefix_used, o);
    segments_text(insn, o);
    if (insn->prefixes & PREFIX_LOCK)
        text_string(o, "lock ");
    if (!prefix_used)
        repeat_text(insn, o);
    if (insn->prefixes & PREFIX_ADDRSIZE && (!text_has_mem(insn) || insn->mem.addr_bits == 64) &&
        insn->mnemonic != MN_JECXZ && !(insn->flow == FLOW_BRANCH && insn->cc == 0xff))
        text_string(o, "addr32 ");
    if ((insn->priv[PRIV_REX] & 8) && (insn->row_flags & ROW_F64) && insn->op[0].kind == OPERAND_REL)
        text_string(o, "rex.W ");
}

/* ---- the mnemonic ---- */

static char suffix_letter(unsigned bits)
{
    switch (bits) {
    case 8: return 'b';
    case 16: return 'w';
    case 32: return 'l';
    case 64: return 'q';
    case 128: return 'x';
    case 256: return 'y';
    default: return 'z';
    }
}

/* Whether AT&T needs a size suffix: memory, and no register of the same kind to tell its size. */
static const Operand *suffix_operand(const Insn *insn)
{
    const Form *form = row_form(insn->row);
    const Operand *mem = NULL;
    if (insn->priv[PRIV_FLAGS] & PF_BROADCAST)
        return NULL;
    for (unsigned i = 0; i < insn->nops; i++) {
        const OpDesc *desc = &x86_opdescs[form->op[i]];
        if (insn->op[i].kind == OPERAND_MEM)
            mem = &insn->op[i];
        else if (insn->op[i].kind == OPERAND_REG && desc->src != SRC_FIXED && desc->class <= CLASS_GPR8)
            return NULL;
    }
    return mem;
}

static bool destination_is_wide(const Insn *insn)
{
    unsigned reg = insn->op[0].reg;
    return insn->op[0].kind == OPERAND_REG && reg >= REG_XMM0 && reg < REG_K0 && insn->op[0].bits > 128;
}

/* The condition of ccmp and ctest, and the flags that hold if it does not: "z {dfv=of,cf}". */
static void condition_text(const Insn *insn, bool behind, TextOut *o)
{
    static const char names[16][3] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                      "s", "ns", "t", "f",  "l", "ge", "le", "g"};
    static const char flags[4][3] = {"cf", "zf", "sf", "of"};
    const char *comma = "";
    if (!behind) {
        text_string(o, names[insn->imm2 & 15]);
        return;
    }
    text_string(o, " {dfv=");
    for (unsigned i = 4; i-- > 0;)
        if (insn->imm2 >> (4 + i) & 1) {
            text_string(o, comma);
            text_string(o, flags[i]);
            comma = ",";
        }
    text_char(o, '}');
}

/* The mnemonic's name; a push or pop with REX2.W tells that it is balanced. */
static void name_text(const Insn *insn, TextOut *o)
{
    const Form *form = row_form(insn->row);
    MnemonicName name = mnemonic_name(insn->mnemonic);
    text_string(o, name.text);
    if (form->rule == RULE_SCC)
        condition_text(insn, false, o);
    if (insn->encoding == ENC_REX2 && (insn->priv[PRIV_REX] & 8) &&
        (insn->mnemonic == MN_PUSH || insn->mnemonic == MN_POP) && x86_opdescs[form->op[0]].src == SRC_RM &&
        !(form->bits & FORM_MODRM))
        text_char(o, 'p');
}

static void star_text(const Insn *insn, TextOut *o)
{
    const Operand *mem = suffix_operand(insn);
    bool stack = insn->row_flags & ROW_D64;
    name_text(insn, o);
    if (stack && insn->op[0].bits != 16)
        return;
    if (mem && !destination_is_wide(insn))
        text_char(o, suffix_letter(mem->bits));
    else if (stack && insn->op[0].kind == OPERAND_IMM)
        text_char(o, 'w');
}

static const char predicates[32][9] = {
    "eq",     "lt",     "le",    "unord",  "neq",    "nlt",      "nle",    "ord",   "eq_uq",   "nge",    "ngt",
    "false",  "neq_oq", "ge",    "gt",     "true",   "eq_os",    "lt_oq",  "le_oq", "unord_s", "neq_us", "nlt_uq",
    "nle_uq", "ord_s",  "eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq", "gt_oq",   "true_us"};
static const char integer_predicates[8][6] = {"eq", "lt", "le", "", "neq", "nlt", "nle", ""};
static const char xop_predicates[8][6] = {"lt", "le", "gt", "ge", "eq", "neq", "false", "true"};

static bool is_vector(const Insn *insn) { return insn->encoding != ENC_LEGACY && insn->encoding != ENC_REX2; }

/* What a compare's or pclmulqdq's immediate is called, "" where it has no name. */
static const char *immediate_name(const Insn *insn, char letter)
{
    uint64_t imm = insn->imm;
    switch (letter) {
    case 'p': return imm < (is_vector(insn) ? 32 : 8) ? predicates[imm] : "";
    case 'i': return imm < 8 ? integer_predicates[imm] : "";
    case 'q': return imm < 8 ? xop_predicates[imm] : "";
    case 'x': return imm == 0 ? "lql" : imm == 1 ? "hql" : imm == 16 ? "lqh" : imm == 17 ? "hqh" : "";
    default: return "";
    }
}

/* Writes the spelling; returns whether it has told the immediate. */
static bool format_text(const Insn *insn, const char *format, TextOut *o)
{
    bool told = false;
    for (; *format && *format != '|'; format++) {
        if (*format != '%') {
            text_char(o, *format == '_' ? ' ' : *format);
        } else if (*++format == '%') {
            text_char(o, '%');
        } else if (*format < '5') {
            text_char(o, suffix_letter(insn->op[*format - '0'].bits));
        } else if (*format == 'm') {
            if (insn->op[0].source)
                text_char(o, suffix_letter(insn->op[insn->op[0].source - 1].bits));
        } else if (*format == 'W') {
            text_string(o, insn->priv[PRIV_REX] & 8 ? "q" : "");
        } else if (*format == 'a') {
            text_char(o, insn->mem.addr_bits == 64 ? 'r' : 'e');
        } else {
            const char *name = immediate_name(insn, *format);
            told = *name;
            text_string(o, *format == 'x' && !told ? "" : name);
            if (*format == 'x' && !told)
                continue;
        }
    }
    return told;
}

static const char *format_of(const Insn *insn) { return x86_format_text + (row_style(insn->row) & STYLE_FORMAT); }

bool text_needs_suffix(const Insn *insn) { return *format_of(insn) == '*' && !destination_is_wide(insn); }

/* What stands behind the bar: Intel's spelling, where it is not the mnemonic's name. */
static const char *intel_format(const char *format)
{
    while (*format && *format != '|')
        format++;
    return *format ? format + 1 : format;
}

bool text_sizeless(const Insn *insn) { return *intel_format(format_of(insn)) == '!'; }

/* Intel's operands tell the size, but for an immediate that is pushed. */
static bool mnemonic_intel(const Insn *insn, TextOut *o)
{
    const char *format = format_of(insn), *spelling = intel_format(format);
    spelling += *spelling == '!';
    if (*spelling)
        return format_text(insn, spelling, o);
    name_text(insn, o);
    if (*format == '*' && (insn->row_flags & ROW_D64) && insn->op[0].kind == OPERAND_IMM && insn->op[0].bits == 16)
        text_char(o, 'w');
    return false;
}

static bool mnemonic_att(const Insn *insn, TextOut *o)
{
    const char *format = format_of(insn);
    bool told = false;
    if (*format == '*')
        star_text(insn, o);
    else if (*format && *format != '|')
        told = format_text(insn, format, o);
    else
        name_text(insn, o);
    text_string(o, hint_text(insn));
    return told;
}

size_t insn_text(const Insn *insn, Syntax syntax, char *buf, size_t n)
{
    TextOut o = {buf, n, 0};
    prefixes_text(insn, &o);
    if (insn->mnemonic == MN_NOP && insn->nops == 0 && insn->priv[PRIV_66]) {
        bool wide = text_operand_size(insn) == 2;
        text_string(&o, syntax == SYNTAX_ATT ? wide ? "xchg %rax,%rax" : "xchg %ax,%ax"
                        : wide               ? "xchg rax,rax"
                                             : "xchg ax,ax");
    } else {
        bool told = syntax == SYNTAX_ATT ? mnemonic_att(insn, &o) : mnemonic_intel(insn, &o);
        if (row_form(insn->row)->rule == RULE_SCC)
            condition_text(insn, true, &o);
        operands_text(insn, syntax, told, &o);
    }
    buf[o.len] = 0;
    return o.len;
}
