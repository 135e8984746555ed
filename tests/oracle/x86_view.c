/* tests/oracle/x86_view.c - brings libzydis' and our description of an instruction to one form (see the header). */
#include "tests/oracle/x86_view.h"

#include "x86/hot.h"

#include <string.h>

typedef struct RegName {
    uint8_t reg, high;
    uint16_t bits;
} RegName;

static RegName reg_map[ZYDIS_REGISTER_MAX_VALUE + 1];

static uint8_t reg_of_class(ZydisRegisterClass class, uint8_t id)
{
    switch (class) {
    case ZYDIS_REGCLASS_GPR64: return (uint8_t)(REG_RAX + id);
    case ZYDIS_REGCLASS_X87: return (uint8_t)(REG_ST0 + id);
    case ZYDIS_REGCLASS_MMX: return (uint8_t)(REG_MM0 + id);
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
    case ZYDIS_REGCLASS_ZMM: return (uint8_t)(REG_XMM0 + id);
    case ZYDIS_REGCLASS_TMM: return (uint8_t)(REG_TMM0 + id);
    case ZYDIS_REGCLASS_SEGMENT: return (uint8_t)(REG_ES + id);
    case ZYDIS_REGCLASS_MASK: return (uint8_t)(REG_K0 + id);
    case ZYDIS_REGCLASS_BOUND: return (uint8_t)(REG_BND0 + id);
    case ZYDIS_REGCLASS_TABLE:
    case ZYDIS_REGCLASS_TEST:
    case ZYDIS_REGCLASS_CONTROL:
    case ZYDIS_REGCLASS_DEBUG: return REG_SYSTEM;
    default: return REG_NONE;
    }
}

static uint8_t reg_special(ZydisRegister r)
{
    switch (r) {
    case ZYDIS_REGISTER_MXCSR: return REG_MXCSR;
    case ZYDIS_REGISTER_X87CONTROL:
    case ZYDIS_REGISTER_X87STATUS:
    case ZYDIS_REGISTER_X87TAG: return REG_FPU;
    case ZYDIS_REGISTER_RIP:
    case ZYDIS_REGISTER_EIP: return REG_RIP;
    case ZYDIS_REGISTER_BNDCFG:
    case ZYDIS_REGISTER_BNDSTATUS:
    case ZYDIS_REGISTER_PKRU:
    case ZYDIS_REGISTER_XCR0:
    case ZYDIS_REGISTER_UIF: return REG_SYSTEM;
    default: return REG_NONE;
    }
}

static RegName reg_name_of(ZydisRegister r)
{
    RegName n = {REG_NONE, 0, ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, r)};
    ZydisRegisterClass class = ZydisRegisterGetClass(r);
    ZyanI8 id = ZydisRegisterGetId(r);
    if (class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16 || class == ZYDIS_REGCLASS_GPR32) {
        id = ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r));
        class = ZYDIS_REGCLASS_GPR64;
        n.high = r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
    }
    n.reg = reg_special(r);
    if (n.reg == REG_NONE && id >= 0)
        n.reg = reg_of_class(class, (uint8_t)id);
    return n;
}

void view_zydis_init(ZydisDecoder *decoder)
{
    for (int r = 0; r <= ZYDIS_REGISTER_MAX_VALUE; r++)
        reg_map[r] = r == ZYDIS_REGISTER_NONE ? (RegName){REG_NONE, 0, 0} : reg_name_of((ZydisRegister)r);
    ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

static void view_clear(View *v)
{
    memset(v, 0, sizeof *v);
    v->mem = (Mem){.base = REG_NONE, .index = REG_NONE, .scale = 1, .segment = REG_NONE, .addr_bits = 64};
    v->mask = REG_NONE;
}

/* A segment register that only serves to form an address is not compared: with a flat base it changes nothing,
 * and for fs and gs Mem.segment says it. */
static uint8_t segment_in_force(uint8_t s) { return s == REG_FS || s == REG_GS ? s : REG_NONE; }

/* ---- ours ---- */

static bool vector_register(uint8_t r) { return r >= REG_XMM0 && r < REG_K0; }

/* libzydis gives vector and mask registers their width, ours the part that counts (64 for addsd, 8 for kmovb). A segment
 * register's own size is 16; ours gives what push moves. */
static uint16_t register_bits(uint8_t reg, uint16_t bits)
{
    if (vector_register(reg))
        return bits < 128 ? 128 : bits;
    if (reg >= REG_K0 && reg < REG_ST0)
        return 64;
    if (reg >= REG_TMM0 && reg < REG_ES)
        return 0; /* tileconfig tells */
    return reg >= REG_ES && reg <= REG_GS ? 16 : bits;
}

static ViewOp ours_operand(const Insn *insn, const Operand *op)
{
    ViewOp v = {op->kind, op->access, REG_NONE, 0, op->bits, 0};
    if (op->kind == OPERAND_REG)
        v.reg = op->reg, v.high = op->high, v.bits = register_bits(op->reg, op->bits);
    else if (op->kind == OPERAND_IMM)
        v.value = insn->imm;
    else if (op->kind == OPERAND_IMM2)
        v.value = insn->imm2, v.kind = OPERAND_IMM;
    else if (op->kind == OPERAND_REL)
        v.value = insn->target;
    /* libzydis counts a merged destination as read; ours says it by ACCESS_MAYBE and in Effects.reads. */
    if (op->kind == OPERAND_MEM_AT) /* shown as the register that it is */
        v.kind = OPERAND_REG, v.reg = op->reg, v.access = ACCESS_READ, v.bits = insn->mem.addr_bits;
    if (v.kind == OPERAND_REG && (v.access & ACCESS_MAYBE) && insn->mask != REG_NONE)
        v.access |= ACCESS_READ;
    if (v.access == 0)
        v.bits = 0; /* an address alone: of no size */
    if (v.kind == OPERAND_IMM || v.kind == OPERAND_REL)
        v.bits = 0, v.access = ACCESS_READ;
    return v;
}

static void ours_mem(const Insn *insn, Mem *m)
{
    for (unsigned i = 0; i < insn->nops; i++)
        if (insn->op[i].kind == OPERAND_MEM) {
            *m = insn->mem;
            m->segment = segment_in_force(m->segment);
            if (m->index == REG_NONE)
                m->scale = 1;
        }
}

void view_ours(const uint8_t *p, size_t n, uint64_t pc, View *out, Insn *insn)
{
    Effects e;
    view_clear(out);
    out->len = insn_decode(p, n, pc, insn);
    if (out->len <= 0)
        return;
    insn_effects(insn, &e);
    strncpy(out->mnemonic, mnemonic_name(insn->mnemonic).text, sizeof out->mnemonic - 1);
    for (unsigned i = 0; i < insn->nops; i++)
        out->op[out->nops++] = ours_operand(insn, &insn->op[i]);
    ours_mem(insn, &out->mem);
    out->reads = e.reads, out->writes = e.writes, out->kills = e.kills;
    out->flags_read = e.flags_read, out->flags_written = e.flags_written, out->flags_undefined = e.flags_undefined;
    out->flow = insn->flow, out->mask = insn->mask;
    out->mem_access = e.mem_access, out->mem_bits = e.mem_access ? e.mem_bits : 0;
}

/* ---- libzydis ---- */

enum {
    Z_READ = ZYDIS_OPERAND_ACTION_MASK_READ,
    Z_WRITE = ZYDIS_OPERAND_ACTION_MASK_WRITE,
    Z_SURE = ZYDIS_OPERAND_ACTION_WRITE
};

static uint8_t zydis_access(ZydisOperandActions a)
{
    unsigned v = 0;
    if (a & Z_READ)
        v |= ACCESS_READ;
    if (a & Z_WRITE)
        v |= ACCESS_WRITE;
    if ((a & Z_WRITE) && !(a & Z_SURE))
        v |= ACCESS_MAYBE;
    return (uint8_t)v;
}

/* CONTRACT.md section 6: written whole and always. 32-bit writes clear the upper half; VEX, EVEX and XOP writes clear
 * above; a merging mask keeps elements. */
static bool zydis_kills(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op, RegName r)
{
    if (!(op->actions & Z_SURE))
        return false;
    if (r.reg < REG_XMM0)
        return r.bits >= 32;
    if (!vector_register(r.reg))
        return r.reg != REG_MXCSR && r.reg != REG_FPU && r.reg != REG_SYSTEM;
    return z->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX || z->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX ||
           z->encoding == ZYDIS_INSTRUCTION_ENCODING_XOP;
}

static void zydis_register_effect(View *v, const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
    RegName r = reg_map[op->reg.value];
    if (r.reg == REG_NONE || r.reg == REG_RIP)
        return;
    if (op->actions & Z_READ)
        regset_add(&v->reads, r.reg);
    if (op->actions & Z_WRITE)
        regset_add(&v->writes, r.reg);
    if (zydis_kills(z, op, r))
        regset_add(&v->kills, r.reg);
}

static void zydis_address_effect(View *v, const ZydisDecodedOperand *op)
{
    ZydisRegister part[2] = {op->mem.base, op->mem.index};
    for (int i = 0; i < 2; i++) {
        uint8_t r = reg_map[part[i]].reg;
        if (r != REG_NONE && r != REG_RIP)
            regset_add(&v->reads, r);
    }
}

static bool string_memory(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
    return op->encoding == ZYDIS_OPERAND_ENCODING_NONE && z->raw.modrm.offset == 0 &&
           (op->mem.base == ZYDIS_REGISTER_RSI || op->mem.base == ZYDIS_REGISTER_RDI ||
            op->mem.base == ZYDIS_REGISTER_ESI || op->mem.base == ZYDIS_REGISTER_EDI);
}

/* libzydis has a read for what only names an address: hints, cache lines, nops (SDM: no data is loaded). */
static bool address_only(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_CLDEMOTE:
    case ZYDIS_MNEMONIC_CLFLUSH:
    case ZYDIS_MNEMONIC_CLFLUSHOPT:
    case ZYDIS_MNEMONIC_CLWB:
    case ZYDIS_MNEMONIC_INVLPG:
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_PREFETCH:
    case ZYDIS_MNEMONIC_PREFETCHW:
    case ZYDIS_MNEMONIC_PREFETCHWT1:
    case ZYDIS_MNEMONIC_PREFETCHNTA:
    case ZYDIS_MNEMONIC_PREFETCHT0:
    case ZYDIS_MNEMONIC_PREFETCHT1:
    case ZYDIS_MNEMONIC_PREFETCHT2: return true;
    default: return op->mem.type == ZYDIS_MEMOP_TYPE_AGEN || op->mem.type == ZYDIS_MEMOP_TYPE_MIB;
    }
}

static void zydis_memory(View *v, const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op, ViewOp *out)
{
    bool addr_only = address_only(z, op);
    out->bits = addr_only ? 0 : op->size;
    out->access = addr_only ? 0 : zydis_access(op->actions);
    if (string_memory(z, op)) {
        bool si = op->mem.base == ZYDIS_REGISTER_RSI || op->mem.base == ZYDIS_REGISTER_ESI;
        out->kind = si ? OPERAND_MEM_SI : OPERAND_MEM_DI;
        return;
    }
    out->kind = OPERAND_MEM;
    v->mem.base = reg_map[op->mem.base].reg;
    v->mem.index = reg_map[op->mem.index].reg;
    v->mem.scale = v->mem.index == REG_NONE ? 1 : op->mem.scale;
    v->mem.segment = segment_in_force(reg_map[op->mem.segment].reg);
    v->mem.addr_bits = z->address_width;
    v->mem.disp = op->mem.disp.has_displacement ? op->mem.disp.value : 0;
    v->mem_access = out->access;
    v->mem_bits = out->bits;
}

static void zydis_immediate(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op, uint64_t pc, ViewOp *out)
{
    out->access = ACCESS_READ;
    out->kind = op->imm.is_relative ? OPERAND_REL : OPERAND_IMM;
    out->value = op->imm.value.u;
    if (op->imm.is_relative)
        ZydisCalcAbsoluteAddress(z, op, pc, &out->value);
}

/* The string instructions' operands, which libzydis hides and ours shows: memory and al..rax or dx, not rsi, rdi, rcx. */
static bool zydis_shown(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
    if (op->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN)
        return true;
    if (z->meta.category != ZYDIS_CATEGORY_STRINGOP && z->meta.category != ZYDIS_CATEGORY_IOSTRINGOP)
        return false;
    uint8_t reg = op->type == ZYDIS_OPERAND_TYPE_REGISTER ? reg_map[op->reg.value].reg : REG_NONE;
    return op->type == ZYDIS_OPERAND_TYPE_MEMORY || reg == REG_RAX || reg == REG_RDX;
}

static void zydis_visible(View *v, const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op, uint64_t pc)
{
    ViewOp out = {OPERAND_NONE, 0, REG_NONE, 0, 0, 0};
    if (op->encoding == ZYDIS_OPERAND_ENCODING_MASK) {
        uint8_t k = reg_map[op->reg.value].reg;
        v->mask = k == REG_K0 ? REG_NONE : k;
        return;
    }
    if (op->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        RegName r = reg_map[op->reg.value];
        out = (ViewOp){OPERAND_REG, zydis_access(op->actions), r.reg, r.high, register_bits(r.reg, r.bits), 0};
    } else if (op->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        zydis_memory(v, z, op, &out);
    } else if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        zydis_immediate(z, op, pc, &out);
    }
    if (v->nops <= INSN_MAX_OPERANDS)
        v->op[v->nops++] = out;
}

static uint8_t zydis_flags(ZydisAccessedFlagsMask m)
{
    unsigned v = 0;
    v |= m & ZYDIS_CPUFLAG_OF ? FLAG_O : 0;
    v |= m & ZYDIS_CPUFLAG_SF ? FLAG_S : 0;
    v |= m & ZYDIS_CPUFLAG_ZF ? FLAG_Z : 0;
    v |= m & ZYDIS_CPUFLAG_AF ? FLAG_A : 0;
    v |= m & ZYDIS_CPUFLAG_PF ? FLAG_P : 0;
    v |= m & ZYDIS_CPUFLAG_CF ? FLAG_C : 0;
    v |= m & ZYDIS_CPUFLAG_DF ? FLAG_D : 0;
    return (uint8_t)v;
}

static void zydis_flag_effects(View *v, const ZydisDecodedInstruction *z)
{
    const ZydisAccessedFlags *f = z->cpu_flags;
    if (!f)
        return;
    v->flags_read = zydis_flags(f->tested);
    v->flags_written = zydis_flags(f->modified | f->set_0 | f->set_1);
    v->flags_undefined = zydis_flags(f->undefined);
}

static uint8_t zydis_flow(const ZydisDecodedInstruction *z)
{
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT: return FLOW_STOP;
    case ZYDIS_MNEMONIC_XEND:
    case ZYDIS_MNEMONIC_XABORT: return FLOW_NEXT;
    case ZYDIS_MNEMONIC_XBEGIN: return FLOW_BRANCH;
    case ZYDIS_MNEMONIC_RSM: return FLOW_RETURN;
    default: break;
    }
    switch (z->meta.category) {
    case ZYDIS_CATEGORY_COND_BR: return FLOW_BRANCH;
    case ZYDIS_CATEGORY_UNCOND_BR: return FLOW_JUMP;
    case ZYDIS_CATEGORY_CALL: return FLOW_CALL;
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_SYSRET: return FLOW_RETURN;
    default: return FLOW_NEXT;
    }
}

static void zydis_effects(View *v, const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
    if (op->encoding == ZYDIS_OPERAND_ENCODING_MASK && op->reg.value == ZYDIS_REGISTER_K0)
        return; /* no mask */
    if (op->type == ZYDIS_OPERAND_TYPE_MEMORY)
        zydis_address_effect(v, op);
    else if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
        zydis_register_effect(v, z, op);
}

/* Knights Corner's instructions (MVEX and VEX-coded), which share opcodes with AVX-512's and are not decoded by us. */
static bool is_knc(const ZydisDecodedInstruction *z)
{
    switch (z->meta.isa_ext) {
    case ZYDIS_ISA_EXT_KNC:
    case ZYDIS_ISA_EXT_KNCE:
    case ZYDIS_ISA_EXT_KNCV: return true;
    default: return false;
    }
}

void view_zydis(const ZydisDecoder *decoder, const uint8_t *p, size_t n, uint64_t pc, View *out)
{
    ZydisDecodedInstruction z;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    view_clear(out);
    ZyanStatus s = ZydisDecoderDecodeFull(decoder, p, n, &z, op);
    if (!ZYAN_SUCCESS(s) || is_knc(&z)) {
        out->len = s == ZYDIS_STATUS_NO_MORE_DATA ? INSN_TRUNCATED : INSN_INVALID;
        return;
    }
    out->len = z.length;
    strncpy(out->mnemonic, ZydisMnemonicGetString(z.mnemonic), sizeof out->mnemonic - 1);
    for (unsigned i = 0; i < z.operand_count; i++) {
        if (zydis_shown(&z, &op[i]))
            zydis_visible(out, &z, &op[i], pc);
        zydis_effects(out, &z, &op[i]);
    }
    zydis_flag_effects(out, &z);
    out->flow = zydis_flow(&z);
}

bool view_is_apx(const Insn *insn, const uint8_t *p)
{
    if (insn->encoding != ENC_EVEX)
        return insn->encoding == ENC_REX2;
    p = memchr(p, 0x62, INSN_MAX_LEN);
    bool map = (p[1] & 7) == 4 || (p[1] & 7) == 7, extended = (p[1] & 8) || !(p[2] & 4);
    bool general = insn->op[0].kind == OPERAND_REG && insn->op[0].reg >= REG_R16 && insn->op[0].reg < REG_XMM0;
    return map || extended || general || (row_traits(insn->row)->flags & ROW_APX);
}
