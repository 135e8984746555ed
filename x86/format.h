/* x86/format.h - the shapes of the packed tables: what mktables writes and decode, effects and text read.
 *
 * Private to x86/. The sizes, sources and flags named here are those that the letters of opcodes.tbl stand for.
 */
#ifndef LVSCAN_X86_FORMAT_H
#define LVSCAN_X86_FORMAT_H

#include <stdint.h>

#include "x86/regs.h"

/* The opcode spaces: each is 256 entries of the root table. */
enum {
    MAP_LEGACY,    /* .. +3: one-byte, 0f, 0f38, 0f3a */
    MAP_3DNOW = 4, /* 0f 0f, by its suffix byte */
    MAP_VEX = 5,   /* .. +2: 0f, 0f38, 0f3a */
    MAP_EVEX = 8,  /* .. +4: 0f, 0f38, 0f3a, map 5, map 6 */
    MAP_XOP = 13,  /* .. +2: maps 8, 9, 10 */
    MAP_COUNT = 16
};

/* What a choice in the trie can look at: a field of the key. X(NAME, shift, bits) */
#define KEY_FIELDS(X)                                                                                                  \
    X(REG, 3, 3)                                                                                                       \
    X(RM, 0, 3)                                                                                                        \
    X(MOD3, 8, 1)  /* ModRM names a register, not memory */                                                            \
    X(PP, 9, 2)    /* mandatory prefix: none, 66, f3, f2 */                                                            \
    X(OSZ, 11, 2)  /* operand size: 16, 32, 64 */                                                                      \
    X(W, 13, 1)    /* REX.W, VEX.W */                                                                                  \
    X(L, 14, 2)    /* vector length: 128, 256, 512 */                                                                  \
    X(ASZ, 16, 1)  /* an address-size prefix */                                                                        \
    X(B, 17, 1)    /* REX.B */                                                                                         \
    X(REX2, 18, 1) /* a REX2 prefix */
#define KEY_ENUM(name, shift, bits) KEY_##name,
enum { KEY_FIELDS(KEY_ENUM) KEY_COUNT };
#define KEY_SHIFT_ENUM(name, shift, bits) KEY_##name##_SHIFT = (shift),
enum { KEY_FIELDS(KEY_SHIFT_ENUM) KEY_END = 32 };

/* The root table has for each opcode which field of the key its first choice looks at, and where the entries for the
 * field's values begin: first | shift << 16 | mask << 24, and ROOT_MODRM. An entry is a row and the code of how long its
 * immediates are, or with ENTRY_NODE the index of a node: a word (shift | mask << 8), then the entries. Row 0 is no
 * instruction. All that the length depends on is here: the next instruction's decoding waits for nothing else. */
enum { ENTRY_NODE = 0x8000, ENTRY_ROW = 0xfff, ENTRY_IMM_SHIFT = 12, ROOT_MODRM = 1 << 21 };

/* How many bytes immediates take: nothing, 1, 2, z (2 or 4), v (2, 4 or 8), 3, an address, 4. */
enum { BYTES_0, BYTES_1, BYTES_2, BYTES_Z, BYTES_V, BYTES_3, BYTES_ADDRESS, BYTES_4 };

/* Sizes: X(letters, bits with operand size 16, 32, 64) and X(letters, bits with vector length 128, 256, 512). */
#define SIZES_BY_OPERAND(X)                                                                                            \
    X(n, 0, 0, 0)                                                                                                      \
    X(b, 8, 8, 8)                                                                                                      \
    X(w, 16, 16, 16)                                                                                                   \
    X(d, 32, 32, 32)                                                                                                   \
    X(q, 64, 64, 64)                                                                                                   \
    X(t, 80, 80, 80)                                                                                                   \
    X(dq, 128, 128, 128)                                                                                               \
    X(qq, 256, 256, 256)                                                                                               \
    X(oo, 512, 512, 512)                                                                                               \
    X(v, 16, 32, 64)                                                                                                   \
    X(y, 32, 32, 64)                                                                                                   \
    X(z, 16, 32, 32)                                                                                                   \
    X(p, 32, 48, 80)      /* far pointer */                                                                            \
    X(yy, 64, 64, 128)    /* cmpxchg8b, cmpxchg16b */                                                                  \
    X(env, 112, 224, 224) /* fldenv */                                                                                 \
    X(sav, 752, 864, 864) /* fsave */                                                                                  \
    X(k384, 384, 384, 384)                                                                                             \
    X(fx, 4096, 4096, 4096)                                                                                            \
    X(xs, 4608, 4608, 4608) /* xsave's, without extensions */                                                          \
    X(tile, 8192, 8192, 8192)
#define SIZES_BY_VECTOR(X)                                                                                             \
    X(x, 128, 256, 512)                                                                                                \
    X(h, 64, 128, 256)                                                                                                 \
    X(f, 32, 64, 128)                                                                                                  \
    X(e, 16, 32, 64)                                                                                                   \
    X(dup, 64, 256, 512) /* movddup */                                                                                 \
    X(yx, 128, 256, 256) /* at most a ymm */
#define SIZE_ENUM(name, a, b, c) SIZE_##name,
enum { SIZES_BY_OPERAND(SIZE_ENUM) SIZES_BY_VECTOR(SIZE_ENUM) SIZE_COUNT };

/* Where an operand's register number comes from: a byte each of the eight that decode.c gathers. The last two leave out
 * the prefixes' bits. */
enum { SRC_FIXED, SRC_REG, SRC_RM, SRC_VVVV, SRC_OPCODE, SRC_VRM, SRC_REG7, SRC_RM7, SRC_COUNT, SRC_IS4 = SRC_OPCODE };

/* What a write to the whole operand does to the whole register. */
enum {
    CLASS_GPR,   /* written whole from 32 bits on */
    CLASS_GPR8,  /* the same, and ah..bh without REX */
    CLASS_VEC,   /* written whole */
    CLASS_SSE,   /* never: what is above the operand stays */
    CLASS_WHOLE, /* always written whole */
    CLASS_PART,  /* stands for more than the operand: never written whole */
    CLASS_SEG,
    CLASS_CR,
    CLASS_DR,
    CLASS_K,
    CLASS_BND,
    CLASS_TMM,
    CLASS_LAST
};

/* What is the same for an operand kind in all its sizes. */
typedef struct OpDesc {
    uint8_t src, class;
} OpDesc;

/* An operand kind's Operand structs before the register number is added, as little-endian words (the hosts are x86-64
 * too): by size (operand size or, for vectors, vector length), then by whether ModRM names a register. */
enum { OPWORDS = 6 };

/* Operand.high, before it is decoded: numbers 4..7 are ah..bh where there is no REX. */
enum { HIGH_POSSIBLE = 2 };

/* Operand.touch: what the operand's access means for its register. */
enum { TOUCH_READ = 1, TOUCH_WRITE = 2, TOUCH_KILL = 4 };

enum { PATTERN_OPS = 5, PATTERN_CHECK = 0x80, PATTERN_BYTES = 0x40, PATTERN_VECTOR = 0x20, PATTERN_RM = 7 };
typedef struct Pattern {
    uint8_t n, imm, op[PATTERN_OPS];
    uint8_t rm; /* 1 + the operand that ModRM's rm gives, or 0; PATTERN_CHECK: registers or the row need a closer look;
                * PATTERN_BYTES: byte registers are among them; PATTERN_VECTOR: sizes go by the vector length */
} Pattern;

/* Immediates: which bytes follow, and how they are widened; from IMM_ODD on specially. */
enum {
    IMM_NONE,
    IMM_U8,
    IMM_U16,
    IMM_UV,
    IMM_U32,
    IMM_S8,
    IMM_SZ,
    IMM_S32,
    IMM_REL8,
    IMM_RELZ,
    IMM_ONE,
    IMM_MOFFS,
    IMM_ENTER,
    IMM_TWO8,
    IMM_U4,
    IMM_ODD = IMM_MOFFS
};

/* Row flags. */
enum {
    ROW_MODRM = 1,
    ROW_CC = 2,     /* the opcode's low 4 bits are a condition, and count on from the row's mnemonic */
    ROW_LOCK = 4,   /* LOCK allowed with a memory destination */
    ROW_DINDEX = 4, /* with ROW_VSIB: the indices are 32 bits wide */
    ROW_D64 = 8,    /* operand size 64 by default: push, pop */
    ROW_F64 = 16,   /* operand size 64 always: near branches */
    ROW_IDIOM = 32, /* both sources the same register: the result does not depend on it */
    ROW_VVVV = 64,  /* VEX.vvvv names an operand, so it need not be 1111 */
    ROW_VSIB = 128,
    ROW_MASK = 1 << 8, /* EVEX: {k} allowed */
    ROW_ZERO = 1 << 9, /* EVEX: {z} allowed */
    ROW_BC_SHIFT = 10, /* EVEX: 2 bits: broadcast of none, 16, 32, 64 bits */
    ROW_ER = 1 << 12,  /* EVEX: rounding with registers */
    ROW_SAE = 1 << 13,
    ROW_TUPLE1 = 1 << 14, /* EVEX: disp8 counts single elements, not the operand's bytes */
    ROW_STRING = 1 << 15  /* REP repeats it */
};

typedef struct Row {
    uint16_t mnemonic, pattern, flags;
    uint16_t effect; /* its index | flow << ROW_FLOW_SHIFT */
} Row;
enum { ROW_FLOW_SHIFT = 12, ROW_EFFECT = (1 << ROW_FLOW_SHIFT) - 1, SIZE_MODES = 3 };

/* Rules that need the operands' values. */
enum {
    RULE_NONE,
    RULE_SHIFT, /* flags by the immediate count */
    RULE_ROTATE,
    RULE_KEEP, /* writes registers so that they never are killed */
    RULE_UNKNOWN,
    RULE_KPAIR,     /* writes the other mask register of the pair too */
    RULE_SELECT,    /* the mask chooses between sources: the destination is written whole */
    RULE_DISTINCT,  /* the destination must differ from the sources (and a gather's index) */
    RULE_DISTINCT3, /* all registers must differ */
    RULE_MPX,       /* addresses are always 64 bits */
    RULE_NORIP,     /* the same, and no RIP-relative ones */
    RULE_XLAT,      /* reads [rbx + al] */
    RULE_STORE_RAX, /* writes a cache line at [rax] */
    RULE_STORE_RDI  /* writes at [rdi], under a mask */
};

typedef struct EffectDesc {
    uint8_t reads, writes, kills; /* indices into the register sets */
    uint8_t flags_read, flags_written, flags_undefined;
    uint8_t rule;
    uint8_t cc; /* Insn.cc */
} EffectDesc;

/* The tables, made by mktables and defined in tables.c. */
extern const uint32_t x86_root[];
extern const uint64_t x86_opwords[];
extern const uint16_t x86_trie[], x86_row_format[], x86_name_off[], x86_format_off[];
extern const Row x86_rows[];
extern const Pattern x86_patterns[];
extern const OpDesc x86_opdescs[];
extern const RegSet x86_regsets[];
extern const EffectDesc x86_effects[];
extern const char x86_name_text[], x86_format_text[];

/* Bits of x86_row_format beside the index: the row's prefix is mandatory; one 66 is told by the name. */
enum { FORMAT_PREFIX_USED = 0x8000, FORMAT_66_USED = 0x4000, FORMAT_INDEX = 0xfff };

/* What the private bytes of an Insn hold. */
enum {
    PRIV_VL,   /* vector length field: 0..3 */
    PRIV_SEGS, /* segment override bytes seen: bit n is REG_ES + n */
    PRIV_66,   /* how many operand-size prefixes */
    PRIV_SPARE,
    PRIV_OSZ,   /* operand size: 0..2 */
    PRIV_REX,   /* the REX byte in force, or 0 */
    PRIV_FLAGS, /* PF_* */
    PRIV_MEM    /* 1 + the operand that insn->mem is, or 0 */
};
enum { PF_ZERO = 1, PF_BROADCAST = 2, PF_ROUND = 4, PF_SAE = 8, PF_DISP = 16, PF_SIB = 32, PF_RMODE_SHIFT = 6 };

#endif
