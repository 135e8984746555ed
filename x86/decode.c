/* x86/decode.c - bytes -> Insn: the short way, for instructions with no prefix but REX and with one or two opcode bytes.
 *
 * Its speed is all that matters here, so there are few branches: what an opcode says is looked up in tables (format.h)
 * and put together in words. The length comes first, as the next instruction waits for it. Bytes are read without
 * bounds checks: insn_decode sees to it that enough can be read. (SDM vol. 2 chapter 2 for the formats.)
 */
#include "x86/dec.h"

/* INSN_PADDED bytes can be read at p; bytes: the first of them but for REX. Made twice, as without REX much falls away. */
static ALWAYS_INLINE int insn_read(const uint8_t *p, uint64_t bytes, uint64_t rex, uint64_t pc, Insn *restrict out)
{
    uint64_t before = rex != 0;
    const Fast *f = &x86_hot.fast[bytes & 0xff];
    if ((bytes & 0xff) == 0x0f) {
        bytes >>= 8;
        f = &x86_hot.fast[256 + (bytes & 0xff)];
        before++;
    }
    uint64_t modrm = bytes >> 8 & 0xff;
    size_t choice = f->first + ((modrm | rex << KEY_REX_SHIFT) >> (f->shift & 63) & f->mask);
    unsigned form_at = x86_hot.choice_forms[choice], shift = f->modrm_shift & 63u;
    if (form_at & FORM_SLOW)
        return insn_read_long(p, pc, out);
    unsigned length = f->lengths >> (modrm >> 2 & 12) & 15u;
    modrm = (bytes >> shift & 0xff) | f->modrm_or;
    store64(&out->mnemonic, x86_hot.choices[choice] | (uint64_t)REG_NONE << MASK_SHIFT | rex << REX_SHIFT);
    const ModRm *m = &x86_hot.modrm[modrm];
    const RexBits *r = &x86_hot.rex[rex & 15];
    uint64_t s = m->sources | (rex ? r->sources : 0), base = rex ? r->mem : 0, is_reg = m->is_reg;
    p += before + 1 + shift / 8;
    unsigned read = mem_read(p, m, base, rex << 2 & 8, false, &out->mem), len = (unsigned)before + length + read;
    const Form *form = (const Form *)((const uint64_t *)x86_hot.forms + form_at);
    uint64_t shape = load64(form), wide = (rex | shape) & FORM_WIDE;
    form_store(out, form, len);
    const uint64_t *plane = opwords_plane(1, 0) + (wide / 4 + is_reg) * OPWORDS_PLANE;
    operand_fill(&out->op[0], plane[shape >> 8 & 0xff], s);
    operand_fill(&out->op[1], plane[shape >> 16 & 0xff], s);
    store64(&out->priv[PRIV_MEM], (shape >> FORM_RM_SHIFT & 7 & (is_reg - 1)) | modrm << MODRM_SHIFT);
    const uint64_t *widen = (const uint64_t *)(x86_hot.widens + 1) + (shape >> 48 & 0xff) + wide / 4;
    uint64_t imm = imm_widen(load64(p + read), (const Widen *)widen);
    out->pc = pc;
    out->imm = imm;
    out->target = pc + len + imm;
    if (shape & FORM_RARE)
        operands_rare(form, plane, s, rex, out);
    return (int)len;
}
_Static_assert(FORM_WIDE == 8 && offsetof(Form, bits) == 0 && offsetof(Form, op) == 1 && offsetof(Form, imm) == 6 &&
                   sizeof(Form) == FORM_WORDS * sizeof(uint64_t),
               "shape");

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
    if (n < INSN_PADDED)
        return insn_read_short(p, n, pc, out);
    uint64_t bytes = load64(p), first = bytes & 0xff;
    if ((first & 0xf0) != 0x40)
        return insn_read(p, bytes, 0, pc, out);
    return insn_read(p, bytes >> 8, first | 0x40, pc, out);
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
