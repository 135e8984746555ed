/* x86/mktables/main.c - mktables OPCODES.TBL OUTDIR: see mktables.h. */
#include "x86/mktables/mktables.h"

#include <stdio.h>
#include <stdlib.h>

void table_fail(const Tables *t, int line, const char *what, const char *arg)
{
    fprintf(stderr, "%s:%d: %s %s\n", t->path, line, what, arg);
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: mktables OPCODES.TBL OUTDIR\n");
        return 2;
    }
    Tables *t = calloc(1, sizeof *t);
    if (!t)
        return 1;
    table_parse(t, argv[1]);
    trie_build(t);
    fast_build(t);
    tables_emit(t, argv[2]);
    printf("mktables: %u rows, %u mnemonics, %u forms, %u operand kinds, %u traits, %u sets, %u pages, %u trie words\n",
           t->nrows - 1, t->nnames - 1, t->nforms, t->ndescs, t->ntraits, t->nsets, t->npages, t->ntrie);
    free(t);
    return 0;
}
