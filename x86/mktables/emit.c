/* x86/mktables/emit.c - writes mnemonics.h (the enum), tables.h, counts.h, styles.h and names.h (packed tables, without pointers). */
#include "x86/mktables/mktables.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static FILE *output_open(const Tables *t, const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (!f)
        table_fail(t, 0, "cannot write", path);
    fprintf(f, "/* Made by mktables from opcodes.tbl. */\n");
    return f;
}

static void output_close(const Tables *t, FILE *f)
{
    if (ferror(f) | fclose(f))
        table_fail(t, 0, "cannot write", "the output");
}

static void mnemonics_emit(const Tables *t, FILE *f)
{
    fprintf(f, "#ifndef LVSCAN_X86_MNEMONICS_H\n#define LVSCAN_X86_MNEMONICS_H\n\nenum Mnemonic {\n    MN_INVALID,\n");
    for (unsigned i = 1; i < t->nnames; i++) {
        const char *s = t->names[i];
        fprintf(f, "    MN_%s", *s == *APX_NAME ? "APX_" : "");
        for (s += *s == *APX_NAME; *s; s++)
            fputc(isalnum((unsigned char)*s) ? toupper((unsigned char)*s) : '_', f);
        fprintf(f, ",\n");
    }
    fprintf(f, "    MN_COUNT\n};\n\n#endif\n");
}

static void words_emit(FILE *f, const char *name, const uint16_t *w, size_t n)
{
    fprintf(f, "const uint16_t %s[] = {", name);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s0x%x,", i % 16 ? " " : "\n    ", w[i]);
    fprintf(f, "\n};\n");
}

static void bytes_emit(FILE *f, const char *name, const uint8_t *b, size_t n)
{
    fprintf(f, "const uint8_t %s[] = {", name);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s%u,", i % 16 ? " " : "\n    ", b[i]);
    fprintf(f, "\n};\n");
}

static void opdescs_emit(const Tables *t, FILE *f)
{
    fprintf(f, "const OpDesc x86_opdescs[] = {\n");
    for (unsigned i = 0; i < t->ndescs; i++)
        fprintf(f, "    {%u, %u},\n", t->descs[i].desc.src, t->descs[i].desc.class);
    fprintf(f, "};\n");
}

static void forms_emit(const Tables *t, FILE *f)
{
    fprintf(f, "const Form x86_forms[] = {\n");
    for (unsigned i = 0; i < t->nforms; i++) {
        const Form *p = &t->forms[i];
        fprintf(f, "    {0x%x, {%u, %u, %u, %u, %u}, %u, %u},\n", p->bits, p->op[0], p->op[1], p->op[2], p->op[3],
                p->op[4], p->imm, p->rule);
    }
    fprintf(f, "};\n");
}

/* The operand kinds' words, each of them once. */
static void opwords_emit(const Tables *t, FILE *f)
{
    static uint64_t words[MAX_WORDS];
    unsigned n = 0;
    fprintf(f, "const uint16_t x86_opkinds[][OPWORDS] = {\n");
    for (unsigned i = 0; i < t->ndescs; i++) {
        fprintf(f, "    {");
        for (unsigned k = 0; k < OPWORDS; k++)
            fprintf(f, "%u,", items_add(t, words, &n, MAX_WORDS, &t->descs[i].words[k], 1, sizeof words[0]));
        fprintf(f, "},\n");
    }
    fprintf(f, "};\nconst uint64_t x86_opwords[] = {\n");
    for (unsigned i = 0; i < n; i++)
        fprintf(f, "    0x%llxu,\n", (unsigned long long)words[i]);
    fprintf(f, "};\n");
}

const char *name_shown(const char *name) { return name + (*name == *APX_NAME); }

static unsigned style_of(const TblRow *row, const unsigned *format_at)
{
    return format_at[row->format] | ((row->allow[KEY_PP] & 15) != 15 ? STYLE_PREFIX_USED : 0u) |
           ((row->allow[KEY_OSZ] & 7) == 1 ? STYLE_66_USED : 0u);
}

/* Writes the formats; at: where each of them is. */
static void formats_emit(const Tables *t, unsigned *at, FILE *f)
{
    unsigned n = 0;
    fprintf(f, "const char x86_format_text[] = {\n");
    for (unsigned i = 0; i < t->nformats; i++) {
        at[i] = n;
        for (const char *c = t->formats[i]; *c; c++, n++)
            fprintf(f, "'%c',", *c);
        fprintf(f, "0,\n");
        n++;
    }
    fprintf(f, "};\n");
    if (n > STYLE_FORMAT)
        table_fail(t, 0, "there is no room for the formats", "");
}

static void styles_emit(const Tables *t, FILE *f)
{
    static uint16_t styles[MAX_STYLES];
    static uint8_t rows[MAX_ROWS];
    unsigned format_at[MAX_FORMATS], n = 0;
    formats_emit(t, format_at, f);
    for (unsigned i = 0; i < t->nrows; i++) {
        uint16_t style = i ? (uint16_t)style_of(&t->rows[i], format_at) : 0;
        rows[i] = (uint8_t)items_add(t, styles, &n, MAX_STYLES, &style, 1, sizeof style);
    }
    bytes_emit(f, "x86_row_style", rows, t->nrows);
    words_emit(f, "x86_styles", styles, n);
}

void tables_emit(const Tables *t, const char *dir)
{
    FILE *f = output_open(t, dir, "mnemonics.h");
    mnemonics_emit(t, f);
    output_close(t, f);
    f = output_open(t, dir, "tables.h");
    hot_emit(t, f);
    bytes_emit(f, "x86_pages", t->page, sizeof t->page);
    words_emit(f, "x86_first", t->first, sizeof t->first / sizeof t->first[0]);
    words_emit(f, "x86_roots", t->roots, t->nroots);
    words_emit(f, "x86_entries", t->entries[0], t->npages * PAGE_OPCODES);
    words_emit(f, "x86_trie", t->trie, t->ntrie);
    opdescs_emit(t, f);
    forms_emit(t, f);
    opwords_emit(t, f);
    output_close(t, f);
    f = output_open(t, dir, "counts.h");
    fprintf(f, "enum {\n    COUNT_ROWS = %u,\n    COUNT_TRAITS = %u,\n    COUNT_SETS = %u,\n", t->nrows, t->ntraits,
            t->nsets);
    fprintf(f, "    COUNT_FAST = %u,\n    COUNT_ENTRIES = %u,\n    COUNT_SHAPES = %u\n};\n", t->nfast, t->nfast_entries,
            t->nshapes);
    output_close(t, f);
    f = output_open(t, dir, "names.h");
    names_emit(t, f);
    output_close(t, f);
    f = output_open(t, dir, "styles.h");
    styles_emit(t, f);
    output_close(t, f);
}
