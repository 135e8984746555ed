/* elf/dynamic.h - what PT_DYNAMIC tells of symbols and relocations (gABI ch. 5, "Dynamic Section"). */
#ifndef LVSCAN_ELF_DYNAMIC_H
#define LVSCAN_ELF_DYNAMIC_H

#include "elf/image.h"

typedef struct Dynamic {
    Addr symtab, hash, gnu_hash;
    Bytes strings;            /* DT_STRTAB, DT_STRSZ: as much of it as the file holds */
    Bytes rela, jmprel, relr; /* the tables, as much as the file holds, in whole entries */
    Addr init, fini;          /* DT_INIT, DT_FINI: functions; 0: none */
    Bytes starts[3];          /* DT_PREINIT_ARRAY, DT_INIT_ARRAY, DT_FINI_ARRAY: whole words as the file has them */
    Addr starts_at[3];        /* where they lie */
    uint64_t relative;        /* DT_RELACOUNT: how many R_X86_64_RELATIVE come first in rela; 0: not said */
} Dynamic;

/* False (and *out empty) when there is no dynamic section that can be read. */
bool dynamic_read(Dynamic *out, const Image *image);

/* The dynamic symbol table's bytes in whole entries: counted by DT_HASH, else DT_GNU_HASH, else the section. */
Bytes dynamic_symbols(const Dynamic *d, const Image *image);

#endif
