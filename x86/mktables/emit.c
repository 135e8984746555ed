/* x86/mktables/emit.c - writes mnemonics.h (the enum), tables.h, counts.h and names.h (packed tables, without pointers). */
#include "x86/mktables/mktables.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
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

static const char *shown(const char *name) { return name + (*name == *APX_NAME); }

/* The string that ends in s[i], of which it can be a part: the longest, of several the first. */
static unsigned holder_of(char *const *s, unsigned n, unsigned i)
{
    unsigned best = i;
    size_t length = strlen(shown(s[i]));
    for (unsigned k = 0; k < n; k++) {
        size_t other = strlen(shown(s[k])), most = strlen(shown(s[best]));
        bool longer = other > most || (other == most && k < best);
        if (longer && other >= length && strcmp(shown(s[k]) + other - length, shown(s[i])) == 0)
            best = k;
    }
    return best;
}

/* A string that is the end of another one is not written again. */
static void strings_emit(FILE *f, const char *name, char *const *s, unsigned n)
{
    unsigned *at = calloc(n, sizeof *at), off = 0;
    if (!at)
        exit(1);
    fprintf(f, "const char %s_text[] = {\n", name);
    for (unsigned i = 0; i < n; i++) {
        if (holder_of(s, n, i) != i)
            continue;
        for (const char *c = shown(s[i]); *c; c++)
            fprintf(f, "'%c',", *c);
        fprintf(f, "0,\n");
        at[i] = off;
        off += (unsigned)strlen(shown(s[i])) + 1;
    }
    fprintf(f, "};\nconst uint16_t %s_off[] = {", name);
    for (unsigned i = 0; i < n; i++) {
        unsigned k = holder_of(s, n, i);
        fprintf(f, "%s%u,", i % 16 ? " " : "\n    ", at[k] + (unsigned)(strlen(shown(s[k])) - strlen(shown(s[i]))));
    }
    fprintf(f, "\n};\n");
    free(at);
}

static void formats_emit(const Tables *t, FILE *f)
{
    fprintf(f, "const uint16_t x86_row_format[] = {");
    for (unsigned i = 0; i < t->nrows; i++)
        fprintf(f, "%s%u,", i % 16 ? " " : "\n    ",
                t->rows[i].format | (i && (t->rows[i].allow[KEY_PP] & 15) != 15 ? FORMAT_PREFIX_USED : 0u) |
                    (i && (t->rows[i].allow[KEY_OSZ] & 7) == 1 ? FORMAT_66_USED : 0u));
    fprintf(f, "\n};\n");
    strings_emit(f, "x86_format", t->formats, t->nformats);
}

void tables_emit(const Tables *t, const char *dir)
{
    FILE *f = output_open(t, dir, "mnemonics.h");
    mnemonics_emit(t, f);
    output_close(t, f);
    f = output_open(t, dir, "tables.h");
    hot_emit(t, f);
    bytes_emit(f, "x86_pages", t->page, sizeof t->page);
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
    strings_emit(f, "x86_name", t->names, t->nnames);
    formats_emit(t, f);
    output_close(t, f);
}
