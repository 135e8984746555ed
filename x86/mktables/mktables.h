/* x86/mktables/mktables.h - the host program that checks opcodes.tbl and packs it into C tables.
 *
 * parse.c reads a line into a TblRow, operands.c the operand letters, trie.c makes the choice trees, emit.c writes
 * the headers. Runs at build time only; every complaint names the table's file and line and ends the program.
 */
#ifndef LVSCAN_MKTABLES_H
#define LVSCAN_MKTABLES_H

#include <stddef.h>
#include <stdint.h>

#include "x86/format.h"
#include "x86/insn_kinds.h"
#include "x86/regs.h"

enum {
    MAX_ROWS = ENTRY_ROW + 1,
    MAX_DESCS = 255,
    MAX_PATTERNS = 2000,
    MAX_SETS = 255,
    MAX_EFFECTS = 2000,
    MAX_NAMES = 4000,
    MAX_TRIE = 0x8000,
    MAX_MACROS = 64,
    MAX_TOKENS = 64,
    MAX_FORMATS = 2000
};

typedef struct TblRow {
    int line;
    unsigned map, opcode, opcodes; /* first opcode, how many */
    uint8_t allow[KEY_COUNT];      /* per key field: a bit for each value allowed */
    Row row;
    bool vector, check; /* VEX, EVEX or XOP; the row's rule looks at operands */
    uint16_t format;    /* index of the text's format; 0: the mnemonic's name */
} TblRow;

/* An operand kind with what it looks like in each size. */
typedef struct OpKind {
    OpDesc desc;
    uint64_t words[OPWORDS];
} OpKind;

typedef struct Tables {
    const char *path;
    int line;
    TblRow rows[MAX_ROWS];
    unsigned nrows;
    OpKind descs[MAX_DESCS];
    unsigned ndescs;
    Pattern patterns[MAX_PATTERNS];
    unsigned npatterns;
    RegSet sets[MAX_SETS];
    unsigned nsets;
    EffectDesc effects[MAX_EFFECTS];
    unsigned neffects;
    char *names[MAX_NAMES];
    unsigned nnames;
    char *formats[MAX_FORMATS];
    unsigned nformats;
    uint32_t root[MAP_COUNT][256];
    uint16_t trie[MAX_TRIE];
    unsigned ntrie;
} Tables;

/* Prints "path:line: what arg" and ends the program with status 1. */
_Noreturn void table_fail(const Tables *t, int line, const char *what, const char *arg);

void table_parse(Tables *t, const char *path);                     /* reads the file into t */
unsigned operands_parse(Tables *t, TblRow *row, const char *text); /* "=Gv,Ev" -> index of its pattern */
RegSet registers_parse(Tables *t, const char *list);               /* "rax,rdx" -> set */
void trie_build(Tables *t);                                        /* rows -> root and trie */
void tables_emit(const Tables *t, const char *dir);                /* writes mnemonics.h and tables.h */

#endif
