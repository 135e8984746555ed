/* elf/slots.h - the words of memory that the dynamic linker fills (gABI ch. 4 "Relocation"; psABI table 4.9).
 *
 * Nothing is read when they are opened but DT_RELR. A lookup bisects the tables in the file; a table that the linker did not
 * write in order of address (that of relocations by symbol) gets an index of 4 bytes an entry when it is first needed.
 */
#ifndef LVSCAN_ELF_SLOTS_H
#define LVSCAN_ELF_SLOTS_H

#include "elf/relr.h"

typedef struct Slot {
    Addr addr;   /* of the 8-byte word */
    Addr target; /* R_X86_64_RELATIVE, IRELATIVE (the resolver), or a symbol defined here (+ addend): the value; else 0.
                  * A symbol of a shared library may be preempted; of an ifunc symbol the target is not known: 0 */
    Str name;    /* the symbol's, when it has one */
    uint32_t type; /* R_X86_64_* */
} Slot;

/* The tables, in the order in which they are looked at: relocations that DT_RELACOUNT does not count, those of the PLT, and
 * the R_X86_64_RELATIVE that it counts. */
enum { SLOT_TABLES = 3 };

typedef struct Slots {
    const Image *image;
    Addr symtab;
    Bytes strings;
    Bytes tables[SLOT_TABLES]; /* whole Elf64_Rela */
    Relr relr;
    struct SlotOrders *orders; /* made when first needed, under a lock: any thread may look up */
} Slots;

/* Reads DT_RELR's words, and notes DT_RELA, DT_JMPREL and a static program's .rela.plt. A damaged table gives what could
 * be read. False when memory is used up; close it then too. */
bool slots_open(Slots *out, const Image *image, Arena *arena, Diag *diag);
void slots_close(Slots *s);

/* The slot at exactly addr; false: there is none. Where entries name one word and differ, neither name nor
 * target are told. */
bool slots_at(const Slots *s, Addr addr, Slot *out);

/* A walk over all slots, table by table: start with {0}. One word may come more than once. */
typedef struct SlotWalk {
    unsigned table;
    size_t at; /* of the next entry */
    RelrWalk relr;
} SlotWalk;
bool slots_next(const Slots *s, SlotWalk *w, Slot *out);

#endif
