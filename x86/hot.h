/* x86/hot.h - the tables that the short way and effects need, together, so that one register holds the address of all. */
#ifndef LVSCAN_X86_HOT_H
#define LVSCAN_X86_HOT_H

#include "x86/counts.h" /* generated: COUNT_* */
#include "x86/format.h"

typedef struct Hot {
    _Alignas(16) RegSet singles[128]; /* the set of each register alone; empty for numbers that are none, and for RIP */
    RegSet touched[4 * 8];            /* all or nothing: what is read, written, killed, by TOUCH_*, in words */
    RegSet sets[COUNT_SETS];          /* what EffectDescs name */
    Fast fast[COUNT_FAST];            /* by map and opcode; for those with a prefix in pages of FAST_PAGE */
    uint8_t fast_pages[FAST_PREFIXES][2][256 / FAST_PAGE];
    uint32_t entries[COUNT_ENTRIES];
    Shape shapes[COUNT_SHAPES];
    ModRm modrm[MODRM_COUNT];
    RexBits rex[16];
    Widen widens[IMM_COUNT * SIZES]; /* by kind, then operand size */
    _Alignas(16) Traits traits[COUNT_TRAITS];
    uint32_t rows[COUNT_ROWS]; /* ROW_* */
} Hot;
extern const Hot x86_hot;

/* Where it is. What a compiler does not know it cannot add each table's offset to, so one register does hold it. */
static inline const Hot *hot_tables(void)
{
    const Hot *hot = &x86_hot;
    __asm__("" : "+r"(hot));
    return hot;
}

static inline unsigned row_mnemonic(const Hot *hot, unsigned row) { return hot->rows[row] & ROW_MNEMONIC; }
static inline const Traits *row_traits(unsigned row) { return &x86_hot.traits[x86_hot.rows[row] >> ROW_TRAITS_SHIFT]; }
static inline const Form *row_form(unsigned row)
{
    return &x86_forms[x86_hot.rows[row] >> ROW_FORM_SHIFT & ((1u << (ROW_TRAITS_SHIFT - ROW_FORM_SHIFT)) - 1)];
}

#endif
