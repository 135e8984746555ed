/* x86/mktables/emit_hot.c - writes x86_hot, the tables of the short way (x86/hot.h), some of which say what the encoding is
 * (SDM vol. 2, 2.1.5 and 2.2.1) and do not depend on opcodes.tbl.
 */
#include "x86/mktables/mktables.h"

#include <stddef.h>

/* The second half of a Mem: base, index, scale, segment, address size. */
static unsigned long long mem_word(unsigned base)
{
    return base | (unsigned)REG_NONE << 8 | 1 << 16 | (unsigned long long)REG_NONE << 48 | 64ull << 56;
}

static void address_emit(FILE *f, unsigned base, unsigned len, bool has_sib)
{
    static const char *const bits[5] = {"0, 0", "0xff, 0x80", "", "", "0xffffffff, 0"};
    fprintf(f, "    {0x%llx, %s, %u, %u, 0},\n", mem_word(base), bits[len], len, has_sib);
}

/* By mod << 3 | rm. */
static void addresses_emit(FILE *f)
{
    static const unsigned lengths[4] = {0, 1, 4, 0};
    fprintf(f, "  .addresses = {\n");
    for (unsigned mod = 0; mod < 4; mod++)
        for (unsigned rm = 0; rm < 8; rm++)
            if (mod == 3)
                address_emit(f, REG_NONE, 0, false);
            else if (mod == 0 && rm == 5)
                address_emit(f, REG_RIP, 4, false);
            else
                address_emit(f, rm, lengths[mod], rm == 4);
    address_emit(f, REG_NONE, 4, false);
    fprintf(f, "  },\n");
}

#define IN(src) (1ull << 8 * (src))

static void sources_emit(FILE *f)
{
    fprintf(f, "  .modrm_sources = {\n");
    for (unsigned n = 0; n < 64; n++)
        fprintf(f, "    0x%llx,\n",
                n / 8 * (IN(SRC_REG) | IN(SRC_REG7)) + n % 8 * (IN(SRC_RM) | IN(SRC_VRM) | IN(SRC_RM7)));
    fprintf(f, "  },\n  .rex_sources = {\n");
    for (unsigned n = 0; n < 16; n++)
        fprintf(f, "    0x%llx,\n",
                (n & 4 ? 8 * IN(SRC_REG) : 0) | (n & 1 ? 8 * (IN(SRC_RM) | IN(SRC_VRM) | IN(SRC_OPCODE)) : 0));
    fprintf(f, "  },\n");
}

/* The immediate's bytes, negative where it is signed, by operand size. */
static const int imm_sizes[IMM_COUNT][SIZES] = {
    [IMM_U8] = {1, 1, 1},     [IMM_U16] = {2, 2, 2},     [IMM_UV] = {2, 4, 8},
    [IMM_U32] = {4, 4, 4},    [IMM_S8] = {-1, -1, -1},   [IMM_SZ] = {-2, -4, -4},
    [IMM_S32] = {-4, -4, -4}, [IMM_REL8] = {-1, -1, -1}, [IMM_RELZ] = {-2, -4, -4},
};

static void widens_emit(FILE *f)
{
    fprintf(f, "  .widens = {\n");
    for (unsigned i = 0; i < IMM_COUNT * SIZES; i++) {
        int size = imm_sizes[i / SIZES][i % SIZES], bits = 8 * (size < 0 ? -size : size);
        fprintf(f, "    {0x%llx, 0x%llx},\n", bits == 64 ? ~0ull : (1ull << bits) - 1,
                size < 0 ? 1ull << (bits - 1) : 0);
    }
    fprintf(f, "  },\n");
}

static void opwords_emit(const Tables *t, FILE *f)
{
    fprintf(f, "  .opwords = {\n");
    for (unsigned plane = 0; plane < OPWORDS; plane++)
        for (unsigned i = 0; i < t->ndescs; i++)
            fprintf(f, "    0x%llx,\n", (unsigned long long)t->descs[i].words[plane]);
    fprintf(f, "  },\n");
}

static void fast_emit(const Tables *t, FILE *f)
{
    fprintf(f, "  .fast = {\n");
    for (unsigned i = 0; i < 2 * 256; i++) {
        const Fast *o = &t->fast[i];
        fprintf(f, "    {%u, %u, %u, 0x%x, %u, %u},\n", o->first, o->shift, o->mask, o->lengths, o->no_modrm,
                o->imm_at);
    }
    fprintf(f, "  },\n");
}

static void rows_emit(const Tables *t, FILE *f)
{
    fprintf(f, "  .forms = {\n");
    for (unsigned i = 0; i < t->nforms; i++) {
        const Form *p = &t->forms[i];
        fprintf(f, "    {{%u, %u, %u, %u, %u}, %u, 0x%x, %u, 0, %u, %u, %u, 0x%x, 0x%x},\n", p->op[0], p->op[1],
                p->op[2], p->op[3], p->op[4], p->imm, p->bits, p->rule, p->nops, p->flow, p->cc, p->flags, p->effect);
    }
    fprintf(f, "  },\n  .rows = {\n");
    for (unsigned i = 0; i < t->nrows; i++)
        fprintf(f, "    {%u, %u}, /* line %d */\n", t->rows[i].mnemonic, 2u * t->form[i], t->rows[i].line);
    fprintf(f, "  },\n  .trie = {");
    for (unsigned i = 0; i < t->ntrie; i++)
        fprintf(f, "%s0x%x,", i % 16 ? " " : "\n    ", t->trie[i]);
    fprintf(f, "\n  },\n");
}

void hot_emit(const Tables *t, FILE *f)
{
    fprintf(f, "const Hot x86_hot = {\n");
    addresses_emit(f);
    sources_emit(f);
    widens_emit(f);
    opwords_emit(t, f);
    fast_emit(t, f);
    rows_emit(t, f);
    fprintf(f, "};\n");
}
