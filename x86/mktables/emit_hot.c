/* x86/mktables/emit_hot.c - writes x86_hot, the tables of the short way and of effects (x86/hot.h), some of which say what the encoding is
 * (SDM vol. 2, 2.1.5 and 2.2.1) and do not depend on opcodes.tbl.
 */
#include "x86/mktables/mktables.h"

#include <stddef.h>

unsigned widen_place(unsigned imm, unsigned size)
{
    while (size > 0 && imm_bytes(imm, size) == imm_bytes(imm, size - 1))
        size--;
    return (unsigned)((imm * SIZES + size) * sizeof(Widen) / sizeof(uint64_t));
}

static void sources_emit(FILE *f, const uint8_t *source)
{
    fprintf(f, "{");
    for (unsigned i = 0; i < SRC_COUNT; i++)
        fprintf(f, "%u,", source[i]);
    fprintf(f, "}");
}

static void modrm_emit(FILE *f, unsigned modrm, unsigned base, unsigned disp, bool is_reg)
{
    unsigned reg = modrm >> 3 & 7, rm = modrm & 7;
    uint8_t source[SRC_COUNT] = {0};
    source[SRC_REG] = source[SRC_REG7] = (uint8_t)reg;
    source[SRC_RM] = source[SRC_VRM] = source[SRC_RM7] = (uint8_t)rm;
    fprintf(f, "    {");
    sources_emit(f, source);
    fprintf(f, ", %u, %u, %u, %u, %u, %u, {0}},\n", base, disp + (base == 4), base == 4,
            widen_place(disp == 4 ? IMM_S32
                        : disp    ? IMM_S8
                                  : IMM_NONE,
                        0),
            (is_reg ? FAST_IS_REG : 0) | reg << FAST_REG_SHIFT,
            (reg & 4) || (is_reg && (rm & 4)) ? 0xffu : (unsigned)RARE_NOT_HIGH);
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
    for (unsigned n = 0; n < 16; n++) {
        uint8_t source[SRC_COUNT] = {0};
        source[SRC_REG] = n & 4 ? 8 : 0;
        source[SRC_RM] = source[SRC_VRM] = n & 1 ? 8 : 0;
        fprintf(f, "    {");
        sources_emit(f, source);
        fprintf(f, ", %u, %u, {0}},\n", n & 1 ? 8u : 0u, (unsigned)((n & 8 ? FAST_W : 0) | (n & 1 ? FAST_B : 0)));
    }
    fprintf(f, "  },\n");
}

/* The immediate's bytes, negative where it is signed, by operand size. */
static const int imm_sizes[IMM_COUNT][SIZES] = {
    [IMM_U8] = {1, 1, 1},     [IMM_U16] = {2, 2, 2},     [IMM_UV] = {2, 4, 8},
    [IMM_U32] = {4, 4, 4},    [IMM_S8] = {-1, -1, -1},   [IMM_SZ] = {-2, -4, -4},
    [IMM_S32] = {-4, -4, -4}, [IMM_REL8] = {-1, -1, -1}, [IMM_RELZ] = {-2, -4, -4},
};

unsigned imm_bytes(unsigned imm, unsigned size)
{
    int bytes = imm_sizes[imm][size];
    return (unsigned)(bytes < 0 ? -bytes : bytes);
}

static void widens_emit(FILE *f)
{
    fprintf(f, "  .widens = {\n");
    for (unsigned i = 0; i < IMM_COUNT * SIZES; i++) {
        int size = imm_sizes[i / SIZES][i % SIZES];
        unsigned bits = 8 * imm_bytes(i / SIZES, i % SIZES);
        fprintf(f, "    {0x%llx, 0x%llx},\n", bits == 64 ? ~0ull : (1ull << bits) - 1,
                size < 0 ? 1ull << (bits - 1) : 0);
    }
    fprintf(f, "  },\n");
}

static void sets_emit(const char *name, const RegSet *sets, unsigned n, FILE *f)
{
    fprintf(f, "  .%s = {\n", name);
    for (unsigned i = 0; i < n; i++)
        fprintf(f, "    {{0x%llxu, 0x%llxu}},\n", (unsigned long long)sets[i].w[0], (unsigned long long)sets[i].w[1]);
    fprintf(f, "  },\n");
}

static void registers_emit(FILE *f)
{
    RegSet singles[128], touched[4 * 8];
    for (unsigned reg = 0; reg < 128; reg++)
        singles[reg] = reg <= REG_SYSTEM ? regset_of(reg) : (RegSet){{0, 0}};
    for (unsigned i = 0; i < 8; i++)
        for (unsigned k = 0; k < 4; k++) {
            uint64_t all = i >> k & 1 ? ~0ull : 0;
            touched[4 * i + k] = (RegSet){{all, all}};
        }
    sets_emit("singles", singles, 128, f);
    sets_emit("touched", touched, 4 * 8, f);
}

static void fast_emit(const Tables *t, FILE *f)
{
    fprintf(f, "  .fast = {\n");
    for (unsigned i = 0; i < t->nfast; i++) {
        const Fast *o = &t->fast[i];
        fprintf(f, "    {%u, %u, %u, %u, %u, %u, 0},\n", o->first, o->mask, o->len, o->modrm, o->modrm_and, o->at);
    }
    fprintf(f, "  },\n  .fast_pages = {\n");
    for (unsigned prefix = 0; prefix < FAST_PREFIXES; prefix++)
        for (unsigned map = 0; map < 2; map++) {
            fprintf(f, "    %s{", map ? " " : "{");
            for (unsigned i = 0; i < 256 / FAST_PAGE; i++)
                fprintf(f, "%u,", t->fast_page[prefix][map][i]);
            fprintf(f, "}%s,\n", map ? "}" : "");
        }
    fprintf(f, "  },\n  .entries = {\n");
    for (unsigned i = 0; i < t->nfast_entries; i++)
        fprintf(f, "    0x%xu,\n", t->fast_entries[i]);
    fprintf(f, "  },\n  .shapes = {\n");
    for (unsigned i = 0; i < t->nshapes; i++) {
        const Shape *s = &t->shapes[i];
        fprintf(f, "    {{{0x%xu, 0x%xu}, {0x%xu, 0x%xu}}, {%u, %u}, %u, %u},\n", s->op[0][0], s->op[0][1], s->op[1][0],
                s->op[1][1], s->source[0], s->source[1], s->imm, s->rare);
    }
    fprintf(f, "  },\n");
}

static void rows_emit(const Tables *t, FILE *f)
{
    fprintf(f, "  .traits = {\n");
    for (unsigned i = 0; i < t->ntraits; i++) {
        const Traits *p = &t->traits[i];
        const EffectDesc *e = &p->effect;
        fprintf(f, "    {0, %u, %u, %u, 0x%x, 0, {%u, %u, %u, 0, %u, %u, %u, %u}},\n", p->nops, p->flow, p->cc,
                p->flags, e->flags_read, e->flags_written, e->flags_undefined, e->reads, e->writes, e->kills, e->more);
    }
    fprintf(f, "  },\n  .rows = {\n");
    for (unsigned i = 0; i < t->nrows; i++)
        fprintf(f, "    0x%xu, /* line %d */\n",
                t->rows[i].mnemonic | (uint32_t)t->rows[i].form_at << ROW_FORM_SHIFT |
                    (uint32_t)t->rows[i].traits_at << ROW_TRAITS_SHIFT,
                t->rows[i].line);
    fprintf(f, "  },\n");
}

void hot_emit(const Tables *t, FILE *f)
{
    fprintf(f, "const Hot x86_hot = {\n");
    registers_emit(f);
    sets_emit("sets", t->sets, t->nsets, f);
    fast_emit(t, f);
    modrms_emit(f);
    rex_emit(f);
    widens_emit(f);
    rows_emit(t, f);
    fprintf(f, "};\n");
}
