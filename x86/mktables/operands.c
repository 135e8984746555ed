/* x86/mktables/operands.c - the operand letters of opcodes.tbl: the SDM's (appendix A), with access marks. */
#include "x86/mktables/mktables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const size_names[] = {
#define X(name, a, b, c) #name,
    SIZES_BY_OPERAND(X) SIZES_BY_VECTOR(X)
#undef X
};

/* Where ModRM must name a register or memory. */
enum { MODRM_NO, MODRM_ANY, MODRM_REGISTER, MODRM_MEMORY, MODRM_PLAIN };

/* An operand as the table says it. */
typedef struct RawOp {
    uint8_t src, base, mask, kind[2], size, access, class;
    bool modrm; /* src is of ModRM */
} RawOp;

typedef struct Letter {
    const char *name;
    uint8_t src, base, mask, class, modrm;
} Letter;

/* Longer names first where one begins another. */
static const Letter letters[] = {
    {"KG", SRC_REG, REG_K0, 31, CLASS_K, MODRM_PLAIN},
    {"KE", SRC_RM, REG_K0, 7, CLASS_WHOLE, MODRM_ANY},
    {"KR", SRC_RM, REG_K0, 7, CLASS_WHOLE, MODRM_REGISTER},
    {"KB", SRC_VVVV, REG_K0, 31, CLASS_K, MODRM_NO},
    {"TG", SRC_REG, REG_TMM0, 31, CLASS_TMM, MODRM_PLAIN},
    {"TE", SRC_RM, REG_TMM0, 31, CLASS_TMM, MODRM_REGISTER},
    {"TB", SRC_VVVV, REG_TMM0, 31, CLASS_TMM, MODRM_NO},
    {"bndG", SRC_REG, REG_BND0, 31, CLASS_BND, MODRM_PLAIN},
    {"bndE", SRC_RM, REG_BND0, 31, CLASS_BND, MODRM_ANY},
    {"E", SRC_RM, REG_RAX, 31, CLASS_GPR, MODRM_ANY},
    {"R", SRC_RM, REG_RAX, 31, CLASS_GPR, MODRM_REGISTER},
    {"M", SRC_RM, REG_RAX, 31, CLASS_GPR, MODRM_MEMORY},
    {"G", SRC_REG, REG_RAX, 31, CLASS_GPR, MODRM_PLAIN},
    {"B", SRC_VVVV, REG_RAX, 31, CLASS_GPR, MODRM_NO},
    {"A", SRC_VVVV, REG_RAX, 31, CLASS_WHOLE, MODRM_NO},
    {"Z", SRC_RM, REG_RAX, 31, CLASS_GPR, MODRM_NO},
    {"V", SRC_REG, REG_XMM0, 31, CLASS_VEC, MODRM_PLAIN},
    {"W", SRC_VRM, REG_XMM0, 31, CLASS_VEC, MODRM_ANY},
    {"U", SRC_VRM, REG_XMM0, 31, CLASS_VEC, MODRM_REGISTER},
    {"H", SRC_VVVV, REG_XMM0, 31, CLASS_VEC, MODRM_NO},
    {"L", SRC_IS4, REG_XMM0, 15, CLASS_VEC, MODRM_NO},
    {"P", SRC_REG, REG_MM0, 7, CLASS_WHOLE, MODRM_PLAIN},
    {"Q", SRC_RM, REG_MM0, 7, CLASS_WHOLE, MODRM_ANY},
    {"N", SRC_RM, REG_MM0, 7, CLASS_WHOLE, MODRM_REGISTER},
    {"S", SRC_REG, REG_ES, 7, CLASS_SEG, MODRM_PLAIN},
    {"C", SRC_REG, REG_SYSTEM, 0, CLASS_CR, MODRM_PLAIN},
    {"D", SRC_REG, REG_SYSTEM, 0, CLASS_DR, MODRM_PLAIN},
    {"F", SRC_RM, REG_ST0, 7, CLASS_WHOLE, MODRM_REGISTER},
    {"al", SRC_FIXED, REG_RAX, 0, CLASS_GPR, MODRM_NO},
    {"cl", SRC_FIXED, REG_RCX, 0, CLASS_GPR, MODRM_NO},
    {"rax", SRC_FIXED, REG_RAX, 0, CLASS_GPR, MODRM_NO},
    {"rcx", SRC_FIXED, REG_RCX, 0, CLASS_GPR, MODRM_NO},
    {"rdx", SRC_FIXED, REG_RDX, 0, CLASS_GPR, MODRM_NO},
    {"st", SRC_FIXED, REG_ST0, 0, CLASS_WHOLE, MODRM_NO},
    {"xmm0", SRC_FIXED, REG_XMM0, 0, CLASS_VEC, MODRM_NO},
    {"fs", SRC_FIXED, REG_FS, 0, CLASS_WHOLE, MODRM_NO},
    {"gs", SRC_FIXED, REG_GS, 0, CLASS_WHOLE, MODRM_NO},
    {"YG", SRC_REG, REG_RAX, 31, CLASS_GPR, MODRM_PLAIN},
    {"X", SRC_FIXED, OPERAND_MEM_SI, 0, CLASS_PART, MODRM_NO},
    {"Y", SRC_FIXED, OPERAND_MEM_DI, 0, CLASS_PART, MODRM_NO},
    {"O", SRC_FIXED, OPERAND_MEM, 0, CLASS_PART, MODRM_NO},
};

typedef struct Immediate {
    const char *name;
    uint8_t imm, size, kind;
} Immediate;

static const Immediate immediates[] = {
    {"Ib", IMM_U8, SIZE_b, OPERAND_IMM},    {"Is", IMM_S8, SIZE_v, OPERAND_IMM},
    {"Isb", IMM_S8, SIZE_b, OPERAND_IMM},   {"Iw", IMM_U16, SIZE_w, OPERAND_IMM},
    {"Iz", IMM_SZ, SIZE_v, OPERAND_IMM},    {"Iv", IMM_UV, SIZE_v, OPERAND_IMM},
    {"Id", IMM_S32, SIZE_d, OPERAND_IMM},   {"Jb", IMM_REL8, SIZE_n, OPERAND_REL},
    {"Jz", IMM_RELZ, SIZE_n, OPERAND_REL},  {"Iww", IMM_ENTER, SIZE_w, OPERAND_IMM},
    {"Ibb", IMM_TWO8, SIZE_b, OPERAND_IMM}, {"I2", IMM_NONE, SIZE_b, OPERAND_IMM2},
    {"Ib4", IMM_U4, SIZE_b, OPERAND_IMM},   {"1", IMM_ONE, SIZE_b, OPERAND_IMM},
    {"Iud", IMM_U32, SIZE_d, OPERAND_IMM},  {"Jq", IMM_TARGET, SIZE_n, OPERAND_REL},
};

static unsigned size_find(const char *name)
{
    for (unsigned i = 0; i < SIZE_COUNT; i++)
        if (!strcmp(size_names[i], name))
            return i;
    return SIZE_COUNT;
}

static uint8_t access_parse(const char **text)
{
    char c = **text;
    if (!strchr("=+?%!", c))
        return ACCESS_READ;
    ++*text;
    switch (c) {
    case '=': return ACCESS_WRITE;
    case '+': return ACCESS_READ | ACCESS_WRITE;
    case '?': return ACCESS_WRITE | ACCESS_MAYBE;
    case '%': return ACCESS_READ | ACCESS_WRITE | ACCESS_MAYBE;
    default: return 0;
    }
}

static void modrm_apply(TblRow *row, unsigned modrm)
{
    if (modrm != MODRM_NO)
        row->form.bits |= FORM_MODRM;
    if (modrm == MODRM_REGISTER)
        row->allow[KEY_MOD3] &= 2;
    if (modrm == MODRM_MEMORY)
        row->allow[KEY_MOD3] &= 1;
}

static void letter_apply(TblRow *row, const Letter *l, unsigned size, RawOp *d)
{
    d->src = l->src, d->base = l->base, d->mask = l->mask, d->class = l->class, d->size = (uint8_t)size;
    d->kind[0] = d->kind[1] = OPERAND_REG;
    d->modrm = l->modrm != MODRM_NO;
    modrm_apply(row, l->modrm);
    if (l->modrm == MODRM_ANY || l->modrm == MODRM_MEMORY)
        d->kind[0] = OPERAND_MEM;
    if (!strcmp(l->name, "YG"))
        d->kind[0] = d->kind[1] = OPERAND_MEM_AT;
    if (l->class == CLASS_PART) {
        d->kind[0] = d->kind[1] = l->base;
        d->base = REG_NONE;
    }
    if (d->class == CLASS_VEC && !row->vector)
        d->class = CLASS_SSE;
    if (d->class == CLASS_GPR && size == SIZE_b && d->src != SRC_FIXED)
        d->class = CLASS_GPR8;
    if (d->src == SRC_VVVV)
        row->traits.flags |= ROW_VVVV;
}

static bool immediate_apply(Form *p, const char *name, RawOp *d)
{
    for (size_t i = 0; i < sizeof immediates / sizeof immediates[0]; i++) {
        if (strcmp(immediates[i].name, name) != 0)
            continue;
        if (immediates[i].imm)
            p->imm = immediates[i].imm;
        d->kind[0] = d->kind[1] = immediates[i].kind;
        d->size = immediates[i].size;
        d->base = REG_NONE;
        d->class = CLASS_PART;
        return true;
    }
    return false;
}

static void operand_parse(Tables *t, TblRow *row, const char *text, RawOp *d)
{
    Form *p = &row->form;
    const char *name = text;
    d->access = access_parse(&name);
    if (immediate_apply(p, name, d))
        return;
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        size_t n = strlen(letters[i].name);
        unsigned size = size_find(letters[i].src == SRC_FIXED && !name[n] ? "n" : name + n);
        if (strncmp(letters[i].name, name, n) != 0 || size == SIZE_COUNT)
            continue;
        letter_apply(row, &letters[i], size, d);
        if (!strncmp(name, "L", 1) && !p->imm)
            p->imm = IMM_U8;
        if (!strncmp(name, "O", 1))
            p->imm = IMM_MOFFS;
        return;
    }
    table_fail(t, t->line, "unknown operand", text);
}

static const uint16_t sizes_by_operand[][3] = {
#define X(name, a, b, c) {a, b, c},
    SIZES_BY_OPERAND(X)};
static const uint16_t sizes_by_vector[][3] = {SIZES_BY_VECTOR(X)};
#undef X
enum { OPERAND_SIZES = sizeof sizes_by_operand / sizeof sizes_by_operand[0] };

static unsigned size_bits(unsigned size, unsigned mode)
{
    return size < OPERAND_SIZES ? sizes_by_operand[size][mode] : sizes_by_vector[size - OPERAND_SIZES][mode];
}

static bool size_varies(unsigned size)
{
    return size_bits(size, 0) != size_bits(size, 1) || size_bits(size, 1) != size_bits(size, 2);
}

/* Whether writing so many bits writes the register whole (SDM vol. 1, 3.4.1.1; vol. 2, 2.3.10). */
static bool write_is_whole(unsigned class, unsigned reg, unsigned bits)
{
    if (class == CLASS_GPR || class == CLASS_GPR8)
        return bits >= 32;
    return class != CLASS_SSE && reg != REG_SYSTEM;
}

/* A write that may not happen, but clears what lies above the operand, passes the old low part through. */
static unsigned touch_of(const RawOp *raw, unsigned bits)
{
    if (raw->kind[0] == OPERAND_MEM_AT)
        return TOUCH_READ;
    unsigned touch = (raw->access & ACCESS_READ ? TOUCH_READ : 0) | (raw->access & ACCESS_WRITE ? TOUCH_WRITE : 0);
    bool general = raw->class == CLASS_GPR || raw->class == CLASS_GPR8;
    if (raw->access & ACCESS_MAYBE)
        return raw->class == CLASS_VEC || raw->class == CLASS_SSE || (general && bits == 32) ? touch | TOUCH_READ
                                                                                             : touch;
    if ((raw->access & ACCESS_WRITE) && write_is_whole(raw->class, raw->base, bits))
        touch |= TOUCH_KILL;
    return touch;
}

static unsigned source_of(const RawOp *raw)
{
    unsigned src = raw->mask == 0 ? SRC_FIXED : raw->src;
    if (raw->mask == 7)
        src = src == SRC_REG ? SRC_REG7 : SRC_RM7;
    return 8 * src;
}

/* An Operand as decode.c copies it: source, touch, kind, access, bits, high, register. */
static uint64_t opword(const RawOp *raw, unsigned mode, unsigned form)
{
    bool is_reg = raw->kind[form] == OPERAND_REG || raw->kind[form] == OPERAND_MEM_AT;
    unsigned bits = size_bits(raw->size, mode), reg = is_reg ? raw->base : REG_NONE;
    unsigned touch = is_reg ? touch_of(raw, bits) : 0, source = is_reg ? source_of(raw) : 0;
    unsigned high = is_reg && raw->class == CLASS_GPR8 ? HIGH_POSSIBLE : 0;
    return source | (uint64_t)touch << 8 | (uint64_t)raw->kind[form] << 16 | (uint64_t)raw->access << 24 |
           (uint64_t)bits << 32 | (uint64_t)high << 48 | (uint64_t)reg << 56;
}

static bool kind_same(const OpKind *a, const OpKind *b)
{
    return a->desc.src == b->desc.src && a->desc.class == b->desc.class &&
           memcmp(a->words, b->words, sizeof a->words) == 0;
}

static unsigned desc_add(Tables *t, const RawOp *raw)
{
    OpKind k;
    memset(&k, 0, sizeof k);
    k.desc.src = raw->src;
    k.desc.class = raw->class;
    for (unsigned i = 0; i < OPWORDS; i++)
        k.words[i] = opword(raw, i / 2, i & 1);
    for (unsigned i = 0; i < t->ndescs; i++)
        if (kind_same(&t->descs[i], &k))
            return i;
    if (t->ndescs == MAX_DESCS)
        table_fail(t, t->line, "too many operand kinds", "");
    t->descs[t->ndescs] = k;
    return t->ndescs++;
}

/* Sizes go by the operand size or by the vector length, not both in one row. */
static void sizes_note(Tables *t, const RawOp *d, bool *by_operand, Form *p)
{
    if (!size_varies(d->size))
        return;
    if (d->size >= OPERAND_SIZES)
        p->bits |= FORM_VECTOR;
    else
        *by_operand = true;
    if (*by_operand && (p->bits & FORM_VECTOR))
        table_fail(t, t->line, "sizes by both operand size and vector length", "");
}

/* Whether effects.c must look at all operands: it takes the second one to be read, if it is a register, and no more. */
static bool needs_more(const TblRow *row, const OpKind *kind, unsigned i)
{
    for (unsigned k = 0; k < OPWORDS; k++) {
        unsigned touch = kind->words[k] >> 8 & 0xff;
        bool is_reg = kind->words[k] >> 56 != REG_NONE, possible = row->allow[KEY_MOD3] >> (k & 1) & 1;
        if (i == 0 || !is_reg || !possible)
            continue;
        if (i > 1 ? touch != 0 : touch != TOUCH_READ)
            return true;
    }
    return false;
}

/* What the operand means for the row. */
static void operand_add(Tables *t, TblRow *row, const RawOp *d, const char *text)
{
    Form *p = &row->form;
    unsigned kind = desc_add(t, d), i = row->traits.nops++;
    if (d->modrm && (d->src == SRC_RM || d->src == SRC_VRM))
        p->bits |= (uint8_t)((i + 1) << FORM_RM_SHIFT);
    if (d->class >= CLASS_SEG)
        p->bits |= FORM_CHECK;
    if (d->class == CLASS_GPR8 && i > 1 && (row->allow[KEY_MOD3] & 2) && !row->vector)
        table_fail(t, t->line, "a byte register as third operand", text);
    if (needs_more(row, &t->descs[kind], i))
        row->traits.effect.more |= MORE_ALL;
    p->op[i] = (uint8_t)kind;
}

/* What operands and flags ask of decode.c and effects.c. */
static void operands_finish(TblRow *row)
{
    Form *p = &row->form;
    if (p->imm >= IMM_ODD || p->rule >= RULE_DISTINCT)
        p->bits |= FORM_CHECK;
    uint8_t *more = &row->traits.effect.more;
    if (row->traits.flags & ROW_IDIOM)
        *more |= MORE_IDIOM;
    if (p->rule == RULE_SHIFT || p->rule == RULE_ROTATE)
        *more |= MORE_SHIFT;
    else if (p->rule || (row->traits.flags & ROW_STRING))
        *more |= MORE_ALL;
}

void operands_parse(Tables *t, TblRow *row, const char *text)
{
    static const RawOp none = {.base = REG_NONE, .class = CLASS_PART};
    bool by_operand = false;
    desc_add(t, &none); /* number 0 stands where there is no operand */
    char copy[128];
    snprintf(copy, sizeof copy, "%s", text);
    if (strcmp(text, "-") != 0)
        for (char *s = strtok(copy, ","); s; s = strtok(NULL, ",")) {
            RawOp d = {0};
            if (row->traits.nops == FORM_OPS)
                table_fail(t, t->line, "too many operands", text);
            operand_parse(t, row, s, &d);
            sizes_note(t, &d, &by_operand, &row->form);
            operand_add(t, row, &d, text);
        }
    operands_finish(row);
}

typedef struct RegName {
    const char *name;
    uint8_t first, count;
} RegName;

static const RegName reg_names[] = {
    {"rax", REG_RAX, 1},       {"rcx", REG_RCX, 1},       {"rdx", REG_RDX, 1},       {"rbx", REG_RBX, 1},
    {"rsp", REG_RSP, 1},       {"rbp", REG_RBP, 1},       {"rsi", REG_RSI, 1},       {"rdi", REG_RDI, 1},
    {"r11", REG_R11, 1},       {"gprs", REG_RAX, 16},     {"xmm0", REG_XMM0, 1},     {"xmms", REG_XMM0, 32},
    {"xmms16", REG_XMM0, 16},  {"xmms8", REG_XMM0, 8},    {"ks", REG_K0, 8},         {"mms", REG_MM0, 8},
    {"sts", REG_ST0, 8},       {"st0", REG_ST0, 1},       {"st1", REG_ST0 + 1, 1},   {"st7", REG_ST0 + 7, 1},
    {"tmms", REG_TMM0, 8},     {"es", REG_ES, 1},         {"cs", REG_CS, 1},         {"ss", REG_SS, 1},
    {"ds", REG_DS, 1},         {"fs", REG_FS, 1},         {"gs", REG_GS, 1},         {"ssp", REG_SSP, 1},
    {"mxcsr", REG_MXCSR, 1},   {"bnds", REG_BND0, 4},     {"fpu", REG_FPU, 1},       {"system", REG_SYSTEM, 1},
    {"r8", REG_R8, 1},         {"r9", REG_R9, 1},         {"r10", REG_R10, 1},       {"xmm1", REG_XMM0 + 1, 1},
    {"xmm2", REG_XMM0 + 2, 1}, {"xmm3", REG_XMM0 + 3, 1}, {"xmm4", REG_XMM0 + 4, 1}, {"xmm5", REG_XMM0 + 5, 1},
    {"xmm6", REG_XMM0 + 6, 1}, {"xmm7", REG_XMM0 + 7, 1}, {"egprs", REG_R16, 16},
};

RegSet registers_parse(Tables *t, const char *list)
{
    RegSet set = {{0, 0}};
    char copy[128];
    snprintf(copy, sizeof copy, "%s", list);
    for (char *s = strtok(copy, ","); s; s = strtok(NULL, ",")) {
        size_t i = 0, n = sizeof reg_names / sizeof reg_names[0];
        while (i < n && strcmp(reg_names[i].name, s) != 0)
            i++;
        if (i == n)
            table_fail(t, t->line, "unknown register", s);
        for (unsigned k = 0; k < reg_names[i].count; k++)
            regset_add(&set, reg_names[i].first + k);
    }
    return set;
}
