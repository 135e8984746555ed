/* x86/hot.h - the tables that the short way needs, together, so that one register holds the address of all of them. */
#ifndef LVSCAN_X86_HOT_H
#define LVSCAN_X86_HOT_H

#include "x86/counts.h" /* generated: COUNT_* */
#include "x86/format.h"

typedef struct Hot {
    Fast fast[2 * 256];
    uint32_t choices[COUNT_CHOICES]; /* mnemonic | row << 16 */
    ModRm modrm[MODRM_COUNT];
    RexBits rex[16];
    Widen widens[IMM_COUNT * SIZES]; /* by kind, then operand size */
    uint64_t opwords[OPWORDS * OPWORDS_PLANE];
    Form forms[COUNT_FORMS];
    uint16_t choice_forms[COUNT_CHOICES]; /* the row's form, times FORM_WORDS, or FORM_SLOW */
    Row rows[COUNT_ROWS];
    uint16_t trie[COUNT_TRIE];
} Hot;
extern const Hot x86_hot;

static inline const Form *row_form(unsigned row) { return &x86_hot.forms[x86_hot.rows[row].form]; }

#endif
