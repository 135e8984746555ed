/* x86/hot.h - the tables that the short way needs, together, so that one register holds the address of all of them. */
#ifndef LVSCAN_X86_HOT_H
#define LVSCAN_X86_HOT_H

#include "x86/counts.h" /* generated: COUNT_* */
#include "x86/format.h"

typedef struct Hot {
    Address addresses[ADDRESS_COUNT];
    uint64_t modrm_sources[64],
        rex_sources[16];             /* operands' numbers, a byte each (SRC_*): what ModRM gives, and REX adds */
    Widen widens[IMM_COUNT * SIZES]; /* by kind, then operand size */
    uint64_t opwords[OPWORDS * COUNT_OPWORDS];
    Fast fast[2 * 256];
    Form forms[COUNT_FORMS];
    Row rows[COUNT_ROWS];
    uint16_t trie[COUNT_TRIE];
} Hot;
extern const Hot x86_hot;

static inline const Form *row_form(unsigned row) { return &x86_hot.forms[x86_hot.rows[row].form / 2]; }

#endif
