/* elf/symbols.h - symbols, relocations and the names of PLT stubs (gABI ch. 4; psABI ch. 5.2). */
#ifndef LVSCAN_ELF_SYMBOLS_H
#define LVSCAN_ELF_SYMBOLS_H

#include "elf/image.h"

typedef enum SymbolSource { SYMBOL_SYMTAB, SYMBOL_DYNSYM } SymbolSource;

typedef struct Symbol {
    Addr addr;
    uint64_t size;  /* bytes; 0 where the symbol does not say */
    Str name;       /* in the file's bytes; version suffixes are not part of it */
    uint8_t type;   /* STT_FUNC, STT_OBJECT, STT_GNU_IFUNC, STT_NOTYPE */
    uint8_t bind;   /* STB_LOCAL, STB_GLOBAL, STB_WEAK */
    uint8_t source; /* SymbolSource */
} Symbol;

typedef struct Symbols {
    Symbol *
        items; /* defined ones of the four types with a name, sorted by addr, then function before notype before object,
                    * then global before weak before local, then .symtab before .dynsym */
    size_t n;
} Symbols;

/* Reads .symtab (by section header) and .dynsym (by PT_DYNAMIC, counted through DT_HASH or DT_GNU_HASH). A damaged
 * table gives what could be read. False only when memory is used up. */
bool symbols_read(Symbols *out, const Image *image, Arena *arena, Diag *diag);

/* The best symbol at exactly addr (function before notype before object), or NULL. By bisection. */
const Symbol *symbols_at(const Symbols *s, Addr addr);

/* The index of the first symbol at or after addr (n when there is none). By bisection. */
size_t symbols_from(const Symbols *s, Addr addr);

/* The function symbol whose [addr, addr+size) holds addr (the innermost start), or NULL. By bisection. */
const Symbol *symbols_covering(const Symbols *s, Addr addr);

/* A word of memory that the dynamic linker fills. */
typedef struct Slot {
    Addr addr;   /* of the 8-byte word */
    Addr target; /* R_X86_64_RELATIVE, IRELATIVE (the resolver), or a symbol defined here (+ addend): the value; else 0.
                     * A symbol of a shared library may be preempted; of an ifunc symbol the target is not known: 0 */
    Str name;    /* the symbol's, when it has one */
    uint32_t type; /* R_X86_64_* */
} Slot;

typedef struct Slots {
    Slot *items; /* sorted by addr */
    size_t n;
} Slots;

/* Reads DT_RELA, DT_JMPREL and DT_RELR. A damaged table gives what could be read. */
bool slots_read(Slots *out, const Image *image, Arena *arena, Diag *diag);

/* As slots_read, but only what names a symbol or fills the PLT: leaves out DT_RELR and the R_X86_64_RELATIVE that
 * DT_RELACOUNT counts. A small part of the cost on large files; enough for plt_target (elf/plt.h). */
bool slots_read_named(Slots *out, const Image *image, Arena *arena, Diag *diag);

/* The slot at exactly addr, or NULL. By bisection. */
const Slot *slots_at(const Slots *s, Addr addr);

#endif
