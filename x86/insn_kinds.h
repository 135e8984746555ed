/* x86/insn_kinds.h - what an instruction's operands, flow, flags and effects are made of, which needs no generated header. */
#ifndef LVSCAN_X86_INSN_KINDS_H
#define LVSCAN_X86_INSN_KINDS_H

#include <stdint.h>

typedef enum OperandKind {
    OPERAND_NONE,
    OPERAND_REG,    /* reg (and high) */
    OPERAND_MEM,    /* insn->mem */
    OPERAND_IMM,    /* insn->imm */
    OPERAND_IMM2,   /* insn->imm2: the second immediate of enter, extrq, insertq */
    OPERAND_REL,    /* insn->target: the address a near branch, call or xbegin names */
    OPERAND_MEM_SI, /* the string source, [rsi] (or esi), segment insn->mem.segment */
    OPERAND_MEM_DI, /* the string destination, es:[rdi] (or edi) */
    OPERAND_MEM_AT  /* es:[reg], where movdir64b and enqcmd store; insn->mem is their source */
} OperandKind;

/* How an operand is touched: bits. */
enum {
    ACCESS_READ = 1,
    ACCESS_WRITE = 2,
    ACCESS_MAYBE = 4 /* with ACCESS_WRITE: the write may not happen (cmov, masked EVEX, bsf) */
};

typedef enum Flow {
    FLOW_NEXT,
    FLOW_JUMP,   /* jmp: direct (operand REL) or indirect */
    FLOW_BRANCH, /* jcc, loop, jrcxz, xbegin: target or next */
    FLOW_CALL,
    FLOW_RETURN, /* ret, iret, sysret ... */
    FLOW_STOP    /* ud0/1/2, hlt: execution does not go on */
} Flow;

/* Flag bits of Effects. */
enum { FLAG_O = 1, FLAG_S = 2, FLAG_Z = 4, FLAG_A = 8, FLAG_P = 16, FLAG_C = 32, FLAG_D = 64 };

/* Bytes that hold any mnemonic's name. */
enum { MNEMONIC_MAX = 24 };

/* What a row does, but for its operands: private to x86/. */
typedef struct EffectDesc {
    uint8_t flags_read, flags_written, flags_undefined, zero;
    uint8_t reads, writes, kills; /* twice the indices into the register sets */
    uint8_t more;                 /* MORE_* */
} EffectDesc;
enum {
    MORE_ALL = 1, /* there is more to it than this and the first two operands, the second only read; or else at most: */
    MORE_IDIOM = 2, /* it does not depend on what both operands are, if they are the same */
    MORE_SHIFT = 4  /* it shifts or rotates by an immediate */
};

#endif
