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

#define IN(src) (1ull << 8 * (src))

static void modrm_emit(FILE *f, unsigned modrm, unsigned base, unsigned disp, bool is_reg)
{
    static const char *const bits[5] = {"0, 0", "0xff, 0x80", "", "", "0xffffffff, 0"};
    unsigned long long reg = modrm >> 3 & 7, rm = modrm & 7;
    fprintf(f, "    {0x%llx, 0x%llx, %s, %u, %u, %u},\n", mem_word(base),
            reg * (IN(SRC_REG) | IN(SRC_REG7)) + rm * (IN(SRC_RM) | IN(SRC_VRM) | IN(SRC_RM7)), bits[disp],
            disp + (base == 4), base == 4, is_reg);
}

static void modrms_emit(FILE *f)
{
    static const unsigned lengths[4] = {0, 1, 4, 0};
    fprintf(f, "  .modrm = {\n");
    for (unsigned modrm = 0; modrm < 256; modrm++)
        if (modrm >= 0xc0)
            modrm_emit(f, modrm, REG_NONE, 0, true);
        else if ((modrm & 0xc7) == 5)
            modrm_emit(f, modrm, REG_RIP, 4, false);
        else
            modrm_emit(f, modrm, modrm & 7, lengths[modrm >> 6], false);
    fprintf(f, "  },\n");
}

static void rex_emit(FILE *f)
{
    fprintf(f, "  .rex = {\n");
    for (unsigned n = 0; n < 16; n++)
        fprintf(f, "    {%u, 0x%llx},\n", n & 1 ? 8u : 0u,
                (n & 4 ? 8 * IN(SRC_REG) : 0) | (n & 1 ? 8 * (IN(SRC_RM) | IN(SRC_VRM)) : 0));
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
        for (unsigned i = 0; i < OPWORDS_PLANE; i++)
            fprintf(f, "    0x%llx,\n", i < t->ndescs ? (unsigned long long)t->descs[i].words[plane] : 0);
    fprintf(f, "  },\n");
}

static void fast_emit(const Tables *t, FILE *f)
{
    fprintf(f, "  .fast = {\n");
    for (unsigned i = 0; i < 2 * 256; i++) {
        const Fast *o = &t->fast[i];
        fprintf(f, "    {%u, %u, %u, 0x%x, %u, %u},\n", o->first, o->shift, o->mask, o->lengths, o->modrm_shift,
                o->modrm_or);
    }
    fprintf(f, "  },\n");
}

/* mnemonic and row; the row's form. */
static void choices_emit(const Tables *t, FILE *f)
{
    fprintf(f, "  .choices = {\n");
    for (unsigned i = 0; i < t->nchoices; i++) {
        unsigned row = t->choices[i];
        fprintf(f, "    0x%xu,\n", row < t->nrows ? t->rows[row].mnemonic | row << 16 : 0);
    }
    fprintf(f, "  },\n  .choice_forms = {\n");
    for (unsigned i = 0; i < t->nchoices; i++)
        fprintf(f, "    %u,\n",
                t->choices[i] < t->nrows ? (unsigned)FORM_WORDS * t->form[t->choices[i]] : (unsigned)FORM_SLOW);
    fprintf(f, "  },\n");
}

static void rows_emit(const Tables *t, FILE *f)
{
    fprintf(f, "  .forms = {\n");
    for (unsigned i = 0; i < t->nforms; i++) {
        const Form *p = &t->forms[i];
        fprintf(f, "    {0x%x, {%u, %u, %u, %u, %u}, %u, %u, 0, %u, %u, %u, 0x%x, 0x%x},\n", p->bits, p->op[0],
                p->op[1], p->op[2], p->op[3], p->op[4], p->imm, p->rule, p->nops, p->flow, p->cc, p->flags, p->effect);
    }
    fprintf(f, "  },\n  .rows = {\n");
    for (unsigned i = 0; i < t->nrows; i++)
        fprintf(f, "    {%u, %u}, /* line %d */\n", t->rows[i].mnemonic, t->form[i], t->rows[i].line);
    fprintf(f, "  },\n  .trie = {");
    for (unsigned i = 0; i < t->ntrie; i++)
        fprintf(f, "%s0x%x,", i % 16 ? " " : "\n    ", t->trie[i]);
    fprintf(f, "\n  },\n");
}

void hot_emit(const Tables *t, FILE *f)
{
    fprintf(f, "const Hot x86_hot = {\n");
    fast_emit(t, f);
    choices_emit(t, f);
    modrms_emit(f);
    rex_emit(f);
    widens_emit(f);
    opwords_emit(t, f);
    rows_emit(t, f);
    fprintf(f, "};\n");
}
