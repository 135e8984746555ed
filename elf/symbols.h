/* elf/symbols.h - symbols by address and by name (gABI ch. 4). They are read where they lie; only their order is kept. */
#ifndef LVSCAN_ELF_SYMBOLS_H
#define LVSCAN_ELF_SYMBOLS_H

#include "elf/image.h"

typedef enum SymbolSource { SYMBOL_SYMTAB, SYMBOL_DYNSYM } SymbolSource;

typedef struct Symbol {
    Addr addr;
    uint64_t size;  /* bytes; 0 where the symbol does not say */
    uint32_t name;  /* offset into its table's strings: symbol_name */
    uint8_t type;   /* STT_FUNC, STT_OBJECT, STT_GNU_IFUNC, STT_NOTYPE */
    uint8_t bind;   /* STB_LOCAL, STB_GLOBAL, STB_WEAK */
    uint8_t source; /* SymbolSource */
} Symbol;

/* The defined symbols of the four types with a name, sorted by addr, then function before notype before object, then
 * global before weak before local, then .symtab before .dynsym. */
typedef struct Symbols {
    Bytes entries[2]; /* by SymbolSource: whole Elf64_Sym */
    Bytes strings[2]; /* cut behind the last NUL */
    uint32_t *order;  /* index into .symtab, or its number of entries and the index into .dynsym */
    Addr *addrs;      /* beside order */
    size_t n;
} Symbols;

/* Opens .symtab (by section header) and .dynsym (by PT_DYNAMIC, counted through DT_HASH or DT_GNU_HASH). A damaged table
 * gives what could be read; beyond 2^32 symbols nothing is. False only when memory is used up. */
bool symbols_open(Symbols *out, const Image *image, Arena *arena, Diag *diag);

/* All entries of both tables, as they stand: entry i < symbols_count; false for one that is left out above. */
size_t symbols_count(const Symbols *s);
bool symbols_entry(const Symbols *s, size_t i, Symbol *out);

/* The i-th in order, i < n. */
Symbol symbols_get(const Symbols *s, size_t i);

/* Its name in the file's bytes, without a version; none when it is longer than NAME_BYTES_MAX. */
Str symbol_name(const Symbols *s, const Symbol *symbol);

/* Is it a function (or the resolver of one)? */
bool symbol_is_function(const Symbol *symbol);

/* The best symbol at exactly addr (function before notype before object); false: none. By bisection. */
bool symbols_at(const Symbols *s, Addr addr, Symbol *out);

/* The index of the first symbol at or after addr (n when there is none). By bisection. */
size_t symbols_from(const Symbols *s, Addr addr);

/* The function symbol whose [addr, addr+size) holds addr (the innermost start); false: none. By bisection. */
bool symbols_covering(const Symbols *s, Addr addr, Symbol *out);

#endif
