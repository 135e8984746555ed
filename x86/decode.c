/* x86/decode.c - bytes -> Insn: the short way, for instructions with one or two opcode bytes, with nearly all prefixes
 * but VEX and its like.
 *
 * Its speed is all that matters here, so there are few branches: what an opcode says is looked up in tables (format.h)
 * and put together in words. Bytes are read without bounds checks: insn_decode sees to it that enough can be read.
 * (SDM vol. 2 chapter 2 for the formats.)
 */
#include "x86/prefixes.h"

/* What few instructions need: ah..bh, a third operand, an immediate that Fast.len does not count. Returns the length. */
static __attribute__((noinline)) int rare_finish(const Shape *shape, Insn *out)
{
    const Form *form = row_form(out->row);
    unsigned rex = out->priv[PRIV_REX], size = operand_size(out->row_flags, rex & 8, out->prefixes & PREFIX_OPSIZE);
    for (unsigned i = 0; i < 2; i++)
        if (!rex && (shape->rare & RARE_HIGH << i) && (out->op[i].reg & 4))
            out->op[i].high = 1, out->op[i].reg &= 3;
    for (unsigned i = 2; i < out->nops; i++)
        operand_fill(&out->op[i], kind_word(form->op[i], size, out->priv[PRIV_MODRM] >= 0xc0), 0, true);
    out->len = (uint8_t)(out->len + (shape->rare >> RARE_BYTES_SHIFT));
    return out->len;
}

/* An operand: as its shape has it, and what ModRM and REX add to its register. */
static ALWAYS_INLINE void operand_store(Operand *op, const uint32_t *word, const ModRm *m, const RexBits *r, bool rex,
                                        unsigned source)
{
    store64(op, load64(word) + ((uint64_t)(m->source[source] + (rex ? r->source[source] : 0u)) << 56));
}

static __attribute__((noinline)) int insn_read_prefix(const uint8_t *p, uint64_t pc, Insn *out);

/* Where the prefixes differ. */
typedef enum Way { WAY_PLAIN, WAY_REX, WAY_PREFIX } Way;

/* What the opcode at p, whose first bytes are given, can be; pp: the prefix before it, as KEY_PP has it. */
static ALWAYS_INLINE const Fast *fast_find(const Hot *hot, uint64_t bytes, Way way, unsigned pp)
{
    unsigned opcode = bytes & 0xff, map = opcode == 0x0f;
    if (map)
        opcode = bytes >> 8 & 0xff;
    if (way != WAY_PREFIX)
        return &hot->fast[map * 256 + opcode];
    return &hot->fast[hot->fast_pages[pp][map][opcode / FAST_PAGE] * FAST_PAGE + opcode % FAST_PAGE];
}

/* An instruction whose prefixes are read: a REX byte or 0; pp; and prefixes, SEGS and 66 as Insn has them, as a word. The
 * bytes at p are opcode and what follows it, up to INSN_PADDED; start: where the instruction begins. Made for each way,
 * as much of it falls away. */
static ALWAYS_INLINE int insn_read(const uint8_t *start, const uint8_t *p, Way way, unsigned rex, unsigned pp,
                                   uint64_t prefixes, uint64_t pc, Insn *restrict out)
{
    const Hot *hot = hot_tables();
    uint64_t bytes = load32(p);
    const Fast *f = fast_find(hot, bytes, way, pp);
    bytes >>= (bytes & 0xff) == 0x0f ? 8 : 0;
    uint64_t byte = bytes >> 8 & 0xff, modrm = (byte & f->modrm_and) + f->modrm;
    const ModRm *m = &hot->modrm[modrm];
    const RexBits *r = &hot->rex[rex & 15];
    uint64_t key = (uint64_t)hot->modrm[byte].key | (way ? r->key : 0u);
    uint64_t entry = hot->entries[f->first + (key & f->mask)];
    if (UNLIKELY(entry == ENTRY_SLOW))
        return way == WAY_PLAIN ? insn_read_prefix(start, pc, out) : insn_read_long(start, pc, out);
    const Shape *shape = (const Shape *)((const uint32_t *)hot->shapes + (entry >> ENTRY_SHAPE_SHIFT));
    const Traits *traits = &hot->traits[entry >> ENTRY_TRAITS_SHIFT & ENTRY_TRAITS];
    operand_store(&out->op[0], shape->op[0], m, r, way, shape->source[0]);
    operand_store(&out->op[1], shape->op[1], m, r, way, shape->source[1]);
    store64(&out->effect, load64(&traits->effect));
    out->mnemonic = (uint16_t)row_mnemonic(hot, (unsigned)entry & ENTRY_ROW);
    out->row = entry & ENTRY_ROW;
    store64(&out->prefixes, prefixes | (uint64_t)REG_NONE << 16 | rex << 24 | modrm << 32);
    unsigned before = (unsigned)(p - start);
    p += f->at;
    unsigned read = mem_read(hot, p, m, m->len, way ? r->base : 0, way ? rex << 2 & 8 : 0, false, &out->mem);
    unsigned len = before + f->len + read;
    uint64_t imm = number_read(hot, p + read, shape->imm);
    out->pc = pc;
    out->imm = imm;
    out->target = pc + len + imm;
    store64(&out->len, load64(traits) + len);
    if (UNLIKELY(shape->rare & (way == WAY_REX ? RARE_NOT_HIGH : m->rare)))
        return rare_finish(shape, out);
    return (int)len;
}
_Static_assert(offsetof(Insn, encoding) == offsetof(Insn, prefixes) + 1 &&
                   offsetof(Insn, mask) == offsetof(Insn, prefixes) + 2 &&
                   offsetof(Insn, priv) == offsetof(Insn, prefixes) + 3 && PRIV_REX == 0 && PRIV_MODRM == 1 &&
                   PRIV_SEGS == 2 && PRIV_66 == 3 && offsetof(Insn, priv) + PRIV_COUNT == offsetof(Insn, prefixes) + 8,
               "the word that is stored");

static __attribute__((noinline)) int insn_read_rex(const uint8_t *p, uint64_t pc, Insn *out)
{
    return insn_read(p, p + 1, WAY_REX, *p | 0x40u, 0, 0, pc, out);
}

/* With legacy prefixes, but for those that few instructions have. */
static int insn_read_prefix(const uint8_t *p, uint64_t pc, Insn *out)
{
    Dec d = {.start = p, .p = p, .segment = REG_NONE};
    if (!byte_class[*p] || byte_class[*p] > BYTE_LAST_PREFIX || !prefixes_read(&d) ||
        (d.prefixes & (PREFIX_LOCK | PREFIX_ADDRSIZE)) || (d.pp > 1 && d.n66))
        return insn_read_long(p, pc, out);
    int len = insn_read(p, d.p, WAY_PREFIX, d.rex, d.pp, d.prefixes | (uint64_t)d.segs << 40 | (uint64_t)d.n66 << 48,
                        pc, out);
    if (len > INSN_MAX_LEN)
        return insn_read_long(p, pc, out);
    if (d.segment != REG_NONE)
        out->mem.segment = d.segment, out->effect.more |= MORE_ALL;
    return len;
}

/* Near the end of the bytes: decode a copy with zeros after it, and see whether they were looked at. */
static __attribute__((noinline)) int insn_read_short(const uint8_t *p, size_t n, uint64_t pc, Insn *out)
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
    if (UNLIKELY(n < INSN_PADDED))
        return insn_read_short(p, n, pc, out);
    if ((*p & 0xf0) == 0x40)
        return insn_read_rex(p, pc, out);
    return insn_read(p, p, WAY_PLAIN, 0, 0, 0, pc, out);
}

bool insn_mem_address(const Insn *insn, uint64_t *addr)
{
    const Mem *m = &insn->mem;
    if (!insn->op[0].source || m->index != REG_NONE || m->segment != REG_NONE ||
        (m->base != REG_NONE && m->base != REG_RIP))
        return false;
    *addr = (uint64_t)m->disp + (m->base == REG_RIP ? insn->pc + insn->len : 0);
    if (m->addr_bits == 32)
        *addr &= 0xffffffff;
    return true;
}
