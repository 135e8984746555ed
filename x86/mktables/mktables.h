/* x86/mktables/mktables.h - the host program that checks opcodes.tbl and packs it into C tables.
 *
 * parse.c reads a line into a TblRow, operands.c the operand letters, trie.c makes the choice trees,
 * fast.c the table of the short way; names.c packs the names; emit.c and emit_hot.c write the headers. Runs at build time only; every complaint names the table's file and line and ends the program.
 */
#ifndef LVSCAN_MKTABLES_H
#define LVSCAN_MKTABLES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "x86/format.h"
#include "x86/insn_kinds.h"
#include "x86/regs.h"

enum {
    MAX_ROWS = 8000,
    MAX_DESCS = 256, /* Form.op is a byte */
    MAX_FORMS = 1 << (ROW_TRAITS_SHIFT - ROW_FORM_SHIFT),
    MAX_TRAITS = 1 << (32 - ROW_TRAITS_SHIFT),
    MAX_SHAPES = 1000,
    MAX_SETS = 127, /* EffectDesc holds twice the index */
    MAX_NAMES = ROW_MNEMONIC + 1,
    MAX_WORDS = 1000,
    MAX_TRIE = ENTRY_NODE,
    MAX_PAGES = 256,
    MAX_ENTRIES = 8000,
    MAX_FAST = 256 * FAST_PAGE,
    MAX_MACROS = 64,
    MAX_TOKENS = 64,
    MAX_FORMATS = 2000,
    MAX_STYLES = 256
};

typedef struct TblRow {
    int line;
    unsigned map, opcode, opcodes; /* first opcode, how many */
    uint8_t allow[KEY_COUNT];      /* per key field: a bit for each value allowed */
    uint16_t mnemonic;
    Form form;
    Traits traits;
    uint16_t form_at, traits_at; /* where these are among all */
    bool new_destination;        /* APX: there is a row with ND too */
    bool vector, conditions;     /* VEX, EVEX or XOP; the opcode's low 4 bits are a condition */
    uint16_t format;             /* index of the text's format; 0: the mnemonic's name */
} TblRow;

/* What the names begin with that EVEX gives to APX's forms of older instructions, which may write no flags and have a
 * destination of their own: MN_APX_ADD is not MN_ADD, though both are called "add". */
#define APX_NAME "~"

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
    Form forms[MAX_FORMS];
    unsigned nforms;
    Traits traits[MAX_TRAITS];
    unsigned ntraits;
    RegSet sets[MAX_SETS];
    unsigned nsets;
    char *names[MAX_NAMES];
    unsigned nnames;
    char *formats[MAX_FORMATS];
    unsigned nformats;
    Fast fast[MAX_FAST];
    unsigned nfast;
    uint8_t fast_page[FAST_PREFIXES][2][256 / FAST_PAGE];
    uint32_t fast_entries[MAX_ENTRIES];
    unsigned nfast_entries;
    Shape shapes[MAX_SHAPES];
    unsigned nshapes;
    uint8_t page[MAP_COUNT * 256 / PAGE_OPCODES];
    uint16_t entries[MAX_PAGES][PAGE_OPCODES];
    unsigned npages;
    uint16_t first[MAP_COUNT * 256 / PAGE_OPCODES];
    uint16_t roots[ENTRY_ROOTS];
    unsigned nroots;
    uint16_t trie[MAX_TRIE];
    unsigned ntrie;
} Tables;

/* Prints "path:line: what arg" and ends the program with status 1. */
void table_fail(const Tables *t, int line, const char *what, const char *arg) __attribute__((noreturn));

void table_parse(Tables *t, const char *path);                 /* reads the file into t */
void operands_parse(Tables *t, TblRow *row, const char *text); /* "=Gv,Ev" -> the row's form */
RegSet registers_parse(Tables *t, const char *list);           /* "rax,rdx" -> set */
void trie_build(Tables *t);                                    /* rows -> entries, roots and trie */
void fast_build(Tables *t);                                    /* rows -> fast; after trie_build */
/* The index among the pool's *n items of such items, added if need be; size: an item's bytes. */
unsigned items_add(const Tables *t, void *pool, unsigned *n, unsigned most, const void *items, unsigned count,
                   size_t size);
unsigned imm_bytes(unsigned imm, unsigned size);    /* how long an immediate is; 0 for an odd one */
unsigned widen_place(unsigned imm, unsigned size);  /* of its Widen in Hot.widens, in words */
void hot_emit(const Tables *t, FILE *f);            /* writes x86_hot (x86/hot.h) */
const char *name_shown(const char *name);           /* a name without APX_NAME */
void names_emit(const Tables *t, FILE *f);          /* writes the names (x86/names.c) */
void tables_emit(const Tables *t, const char *dir); /* writes the headers */

#endif
