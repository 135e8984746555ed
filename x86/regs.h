/* x86/regs.h - the architectural registers, and sets of them.
 *
 * A register is named by its whole: eax, ax and al are all REG_RAX, ymm3 and zmm3 are REG_XMM0 + 3.
 * The first 16 numbers are the encoding's own (SDM vol. 2, table 2-2), so REG_RAX + n is the register
 * that a REX-extended field n selects; REG_R16..R31 are APX's.
 */
#ifndef LVSCAN_X86_REGS_H
#define LVSCAN_X86_REGS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum Reg {
    REG_RAX,
    REG_RCX,
    REG_RDX,
    REG_RBX,
    REG_RSP,
    REG_RBP,
    REG_RSI,
    REG_RDI,
    REG_R8,
    REG_R9,
    REG_R10,
    REG_R11,
    REG_R12,
    REG_R13,
    REG_R14,
    REG_R15,
    REG_R16 = 16,  /* ..31: APX */
    REG_XMM0 = 32, /* ..63: xmm/ymm/zmm0-31 */
    REG_K0 = 64,   /* ..71 */
    REG_MM0 = 72,  /* ..79 */
    REG_ST0 = 80,  /* ..87 */
    REG_TMM0 = 88, /* ..95 */
    REG_ES = 96,
    REG_CS,
    REG_SS,
    REG_DS,
    REG_FS,
    REG_GS,        /* ..101: the encoding's order */
    REG_SSP = 102, /* the shadow stack pointer (CET) */
    REG_MXCSR = 103,
    REG_BND0 = 104,   /* ..107 (MPX) */
    REG_FPU = 108,    /* x87 control, status, tag and pointers, as one */
    REG_SYSTEM = 109, /* control, debug, test, descriptor and model-specific registers, as one */
    REG_RIP = 125,    /* only as the base of a memory operand */
    REG_NONE = 127
} Reg;

/* A set of registers: bit n of the 128 is register n. */
typedef struct RegSet {
    uint64_t w[2];
} RegSet;

static inline RegSet regset_of(unsigned r)
{
    RegSet s = {{0, 0}};
    s.w[(r >> 6) & 1] = (uint64_t)1 << (r & 63);
    return s;
}

static inline bool regset_has(RegSet s, unsigned r) { return (s.w[(r >> 6) & 1] >> (r & 63)) & 1; }
static inline void regset_add(RegSet *s, unsigned r) { s->w[(r >> 6) & 1] |= (uint64_t)1 << (r & 63); }
static inline bool regset_empty(RegSet s) { return (s.w[0] | s.w[1]) == 0; }

/* The whole name of a register ("rax", "xmm0", "k1"), never NULL; "?" for a number that is none. */
const char *reg_name(unsigned reg);

/* The name of a register's low (or, if high, second) `bits` bits: reg_name_sized(REG_RAX, 8, true) = "ah". */
const char *reg_name_sized(unsigned reg, unsigned bits, bool high);

#endif
