/* x86/mktables/names.c - packs the mnemonics' names: each is a row of codes of one byte, and a code stands for a letter or for
 * a pair of codes. The pair that is most often found side by side gets the next code, until there is none left (Gage's byte
 * pair encoding, C Users Journal, February 1994). The NUL that ends a name is a letter, too.
 */
#include "x86/mktables/mktables.h"

#include <stdlib.h>
#include <string.h>

enum { CODES = 256, MAX_TEXT = MAX_NAMES * MNEMONIC_MAX };

/* All names, one after the other, as codes. */
typedef struct Packed {
    char letters[CODES]; /* what the first codes stand for */
    unsigned nletters, ncodes, n;
    uint8_t pairs[CODES][2]; /* and the others, from nletters on */
    uint8_t code[MAX_TEXT];
    bool last[MAX_TEXT]; /* the end of a name */
    unsigned count[CODES][CODES];
} Packed;

static uint8_t letter_code(Packed *p, char c)
{
    unsigned code = 0;
    while (code < p->nletters && p->letters[code] != c)
        code++;
    if (code == p->nletters)
        p->letters[p->nletters++] = c;
    return (uint8_t)code;
}

static void names_spell(const Tables *t, Packed *p)
{
    for (unsigned i = 0; i < t->nnames; i++) {
        const char *name = name_shown(t->names[i]);
        size_t length = strlen(name) + 1;
        if (length > MNEMONIC_MAX)
            table_fail(t, 0, "MNEMONIC_MAX has no room for", name);
        for (size_t k = 0; k < length; k++)
            p->code[p->n++] = letter_code(p, name[k]);
        p->last[p->n - 1] = true;
    }
    p->ncodes = p->nletters;
}

/* Whether the codes at i are the pair, and of one name. */
static bool is_pair(const Packed *p, unsigned i, const uint8_t pair[2])
{
    return i + 1 < p->n && !p->last[i] && p->code[i] == pair[0] && p->code[i + 1] == pair[1];
}

/* The pair found most often; returns how often. */
static unsigned pair_find(Packed *p, uint8_t pair[2])
{
    unsigned most = 0;
    memset(p->count, 0, sizeof p->count);
    for (unsigned i = 0; i + 1 < p->n; i++)
        if (!p->last[i])
            p->count[p->code[i]][p->code[i + 1]]++;
    for (unsigned a = 0; a < p->ncodes; a++)
        for (unsigned b = 0; b < p->ncodes; b++)
            if (p->count[a][b] > most)
                most = p->count[a][b], pair[0] = (uint8_t)a, pair[1] = (uint8_t)b;
    return most;
}

static void pair_replace(Packed *p, const uint8_t pair[2], unsigned code)
{
    unsigned to = 0;
    for (unsigned i = 0; i < p->n; i++) {
        bool both = is_pair(p, i, pair);
        p->code[to] = both ? (uint8_t)code : p->code[i];
        i += both;
        p->last[to++] = p->last[i];
    }
    p->n = to;
}

static void packed_emit(const Packed *p, FILE *f)
{
    fprintf(f, "enum { NAME_LETTERS = %u };\nstatic const char name_letters[] = {", p->nletters);
    for (unsigned i = 0; i < p->nletters; i++)
        fprintf(f, "%d,", p->letters[i]);
    fprintf(f, "};\nstatic const uint8_t name_pairs[][2] = {\n");
    for (unsigned i = p->nletters; i < p->ncodes; i++)
        fprintf(f, "    {%u, %u},\n", p->pairs[i][0], p->pairs[i][1]);
    fprintf(f, "};\nstatic const uint8_t name_codes[] = {\n");
    for (unsigned i = 0; i < p->n; i++)
        fprintf(f, "%u,%s", p->code[i], p->last[i] ? "\n" : "");
    fprintf(f, "};\nstatic const uint16_t name_starts[] = {\n");
    for (unsigned i = 0, name = 0; i < p->n; i++)
        if ((i == 0 || p->last[i - 1]) && name++ % NAME_BLOCK == 0)
            fprintf(f, "    %u,\n", i);
    fprintf(f, "};\n");
}

void names_emit(const Tables *t, FILE *f)
{
    uint8_t pair[2];
    Packed *p = calloc(1, sizeof *p);
    if (!p)
        exit(1);
    names_spell(t, p);
    while (p->ncodes < CODES && pair_find(p, pair) > 2) {
        memcpy(p->pairs[p->ncodes], pair, sizeof pair);
        pair_replace(p, pair, p->ncodes++);
    }
    packed_emit(p, f);
    free(p);
}
