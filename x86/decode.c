/* x86/decode.c - bytes -> Insn: the short way, for instructions with no prefix but REX and with one or two opcode bytes.
 *
 * Its speed is all that matters here, so there are few branches: what an opcode says is looked up in tables (format.h)
 * and put together in words. The length comes first, as the next instruction waits for it. Bytes are read without
 * bounds checks: insn_decode sees to it that enough can be read. (SDM vol. 2 chapter 2 for the formats.)
 */
#include "x86/dec.h"

/* INSN_PADDED bytes can be read at p. */
static ALWAYS_INLINE int insn_read(const uint8_t *p, uint64_t pc, Insn *restrict out)
{
    uint64_t bytes = load64(p), has_rex = (bytes & 0xf0) == 0x40;
    unsigned rex = (unsigned)(bytes & (0 - has_rex)) & 0xff;
    bytes >>= 8 * has_rex;
    uint64_t is_0f = (bytes & 0xff) == 0x0f;
    bytes >>= 8 * is_0f;
    unsigned opcode = bytes & 0xff, modrm = bytes >> 8 & 0xff;
    const Fast *f = &x86_hot.fast[is_0f * 256 + opcode];
    unsigned row = x86_hot.trie[f->first + ((modrm | rex << KEY_REX_SHIFT) >> (f->shift & 31) & f->mask)];
    if (row & ENTRY_SLOW)
        return insn_read_long(p, pc, out);
    const uint8_t *at = p + has_rex + is_0f;
    uint64_t s = sources_of(modrm, opcode, rex);
    unsigned length = f->lengths >> (modrm >> 2 & 12) & 15u;
    modrm |= f->no_modrm;
    unsigned read = mem_read(at + 2, modrm, rex << 3 & 8, rex << 2 & 8, false, &out->mem);
    unsigned len = (unsigned)(has_rex + is_0f) + length + read;
    const Form *form = insn_name(out, row, len);
    unsigned osz2 = 2 + ((rex >> 2 | form->bits) & 2), is_reg = (modrm + 0x40) >> 8;
    uint64_t imm = imm_read(at + f->imm_at + read, form, osz2);
    out->pc = pc;
    out->imm = imm;
    out->imm2 = 0;
    out->target = pc + len + imm;
    insn_clear(out);
    out->priv[PRIV_REX] = (uint8_t)rex;
    out->priv[PRIV_OSZ] = (uint8_t)(osz2 / 2);
    out->priv[PRIV_MEM] = (uint8_t)(form_rm(form) & (is_reg - 1));
    out->priv[PRIV_MODRM] = (uint8_t)modrm;
    out->effect = form->effect;
    operands_fill(form, s, osz2 + is_reg, out);
    if (form->bits & FORM_BYTES) {
        high_byte(&out->op[0], rex);
        high_byte(&out->op[1], rex);
    }
    return (int)len;
}
_Static_assert(FORM_WIDE == 2, "osz2");

/* Near the end of the bytes: decode a copy with zeros after it, and see whether they were looked at. */
static int insn_read_short(const uint8_t *p, size_t n, uint64_t pc, Insn *out)
{
    uint8_t padded[2 * INSN_PADDED] = {0};
    for (size_t i = 0; i < n; i++)
        padded[i] = p[i];
    int len = insn_read_long(padded, pc, out);
    if (len == INSN_INVALID)
        return out->len > n && n < INSN_MAX_LEN ? INSN_TRUNCATED : INSN_INVALID; /* of 15 bytes none is missing */
    return (size_t)len > n ? INSN_TRUNCATED : len;
}

int insn_decode(const uint8_t *p, size_t n, uint64_t pc, Insn *out)
{
    return n >= INSN_PADDED ? insn_read(p, pc, out) : insn_read_short(p, n, pc, out);
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
