/* x86/insn.h - one decoded x86-64 instruction: its operands, what it does, its text.
 *
 * Everything here comes from one row of x86/opcodes.tbl, which holds encoding and effects side by side.
 * No allocation, no globals that change, no libc. 64-bit mode only (SDM vol. 2; APM vol. 3).
 */
#ifndef LVSCAN_X86_INSN_H
#define LVSCAN_X86_INSN_H

#include <stddef.h>
#include <stdint.h>

#include "x86/insn_kinds.h" /* OperandKind, ACCESS_*, Flow, FLAG_* */
#include "x86/mnemonics.h"  /* generated: enum Mnemonic { MN_INVALID, MN_ADD, ... } */
#include "x86/regs.h"

enum { INSN_MAX_LEN = 15, INSN_MAX_OPERANDS = 5 };

/* What insn_decode returns when it is no length. */
enum {
    INSN_TRUNCATED = -1, /* the bytes end inside an instruction */
    INSN_INVALID = -2    /* the bytes start no valid instruction */
};

typedef struct Operand {
    uint8_t source, touch; /* private to x86/; op[0].source: 1 + which operand Insn.mem is, or 0 */
    uint8_t kind;          /* OperandKind */
    uint8_t access;        /* ACCESS_* */
    uint16_t bits;         /* size of the operand in bits; 0 where it has none (lea's, nop's address) */
    uint8_t high;          /* 1: ah, ch, dh or bh */
    uint8_t reg;           /* Reg, for OPERAND_REG */
} Operand;

/* A memory operand's address: segment base + base + index*scale + disp. */
typedef struct Mem {
    int64_t disp;      /* sign-extended, EVEX disp8*N applied; with base REG_RIP see insn_mem_address */
    uint8_t base;      /* REG_RAX.., REG_RIP or REG_NONE */
    uint8_t index;     /* REG_RAX.., REG_XMM0.. (gathers) or REG_NONE */
    uint8_t scale;     /* 1, 2, 4, 8 */
    uint8_t zero[3];   /* private to x86/ */
    uint8_t segment;   /* an override in force (only REG_FS and REG_GS change the address), else REG_NONE */
    uint8_t addr_bits; /* 64, or 32 with an address-size prefix */
} Mem;

enum {
    PREFIX_LOCK = 1,
    PREFIX_REP = 2,
    PREFIX_REPNE = 4,
    PREFIX_OPSIZE = 8,
    PREFIX_ADDRSIZE = 16,
    PREFIX_SEGMENT = 32 /* any segment override byte, also those without effect */
};

typedef enum Encoding { ENC_LEGACY, ENC_VEX, ENC_EVEX, ENC_XOP, ENC_REX2 } Encoding;

typedef struct Insn {
    uint64_t pc;     /* virtual address of the first byte */
    uint64_t imm;    /* as the instruction uses it: sign- or zero-extended to 64 bits as the SDM says */
    uint64_t imm2;   /* where there is an OPERAND_IMM2, else unspecified */
    uint64_t target; /* OPERAND_REL: absolute virtual address */
    Mem mem;
    Operand op[INSN_MAX_OPERANDS]; /* explicit ones, in Intel's order (destination first) */
    uint8_t len;                   /* bytes, 1..15 */
    uint8_t
        nops; /* how many of op[]; where fewer than two, the others of the first two are OPERAND_NONE, else unspecified;
                                    a jump, branch or call has one at least */
    uint8_t flow;              /* Flow */
    uint8_t cc;                /* condition of jcc, setcc, cmovcc as the SDM's tttn (0 = o .. 15 = g); 0xff: none */
    uint16_t row_flags, spare; /* private to x86/ */
    EffectDesc effect;         /* private to x86/ */
    uint16_t mnemonic;         /* Mnemonic */
    uint16_t row;              /* which row of opcodes.tbl: private to x86/ */
    uint8_t prefixes;          /* PREFIX_*: those present as bytes (mandatory ones too) */
    uint8_t encoding;          /* Encoding */
    uint8_t mask;              /* EVEX: REG_K0 + n of the write mask when n > 0, else REG_NONE */
    uint8_t priv[5];           /* private to x86/ (EVEX.z, .b, vector length, rounding ...) */
} Insn;

/* What an instruction does to registers and flags (CONTRACT.md section 6). */
typedef struct Effects {
    RegSet reads;                                       /* implicit and address registers included */
    RegSet writes;                                      /* any part, perhaps conditionally */
    RegSet kills;                                       /* of writes: written whole, and always */
    uint8_t flags_read, flags_written, flags_undefined; /* FLAG_* */
    uint8_t mem_access; /* ACCESS_* of insn->mem's data; 0 where only an address is formed */
    uint16_t mem_bits;  /* size of that data */
    uint16_t zero;      /* always 0 */
} Effects;

/* Decodes the instruction in the first of the n bytes at p, whose virtual address is pc.
 * Returns its length (1..15) and fills *out, or INSN_TRUNCATED or INSN_INVALID (*out is then unspecified).
 * Reads no byte at or after p + n; n may be any size. */
int insn_decode(const uint8_t *p, size_t n, uint64_t pc, Insn *out);

/* What the decoded instruction does. Cannot fail. */
void insn_effects(const Insn *insn, Effects *out);

/* The address of a memory operand that needs no register, into *addr: RIP-relative or absolute.
 * Returns false where a general register or a segment base takes part. */
bool insn_mem_address(const Insn *insn, uint64_t *addr);

typedef enum Syntax { SYNTAX_ATT, SYNTAX_INTEL } Syntax;

/* Bytes that hold any instruction's text: a dozen "data16 " are the longest (test_longest_text of test_x86_decode.c). */
enum { INSN_TEXT_MAX = 160 };

/* Writes the instruction's text, NUL-terminated, into buf of n bytes (n > 0); returns its length, cut to n - 1.
 * As objdump prints it in AT&T or Intel syntax, but with one space after the mnemonic, no symbol names and no comments: "cmp $0x7530,%rax", "je 0xe2f10", "mov 0x0(%rbp),%r15". */
size_t insn_text(const Insn *insn, Syntax syntax, char *buf, size_t n);

/* The mnemonic's name without a size suffix ("cmp", "je", "vpaddd"), NUL-terminated and never empty. */
typedef struct MnemonicName {
    char text[MNEMONIC_MAX];
} MnemonicName;
MnemonicName mnemonic_name(unsigned mnemonic);

#endif
