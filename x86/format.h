/* x86/format.h - the shapes of the packed tables: what mktables writes and decode, effects and text read.
 *
 * Private to x86/. The sizes, sources and flags named here are those that the letters of opcodes.tbl stand for.
 */
#ifndef LVSCAN_X86_FORMAT_H
#define LVSCAN_X86_FORMAT_H

#include <stdint.h>

#include "x86/insn_kinds.h"
#include "x86/regs.h"

/* The opcode spaces, each of 256 opcodes. */
enum {
    MAP_LEGACY,    /* .. +3: one-byte, 0f, 0f38, 0f3a */
    MAP_3DNOW = 4, /* 0f 0f, by its suffix byte */
    MAP_VEX = 5,   /* .. +6: maps 1 (0f) to 7 */
    MAP_EVEX = 12, /* .. +6: the same */
    MAP_XOP = 19,  /* .. +2: maps 8, 9, 10 */
    MAP_COUNT = 22
};

/* What a choice among rows can look at: a field of the key. X(NAME, shift, bits). */
#define KEY_FIELDS(X)                                                                                                  \
    X(REG, 3, 3)                                                                                                       \
    X(RM, 0, 3)                                                                                                        \
    X(B, 8, 1)     /* REX.B */                                                                                         \
    X(W, 11, 1)    /* REX.W, VEX.W */                                                                                  \
    X(MOD3, 16, 1) /* ModRM names a register, not memory */                                                            \
    X(PP, 17, 2)   /* mandatory prefix: none, 66, f3, f2 */                                                            \
    X(OSZ, 19, 2)  /* operand size: 16, 32, 64 */                                                                      \
    X(L, 21, 2)    /* vector length: 128, 256, 512 */                                                                  \
    X(ASZ, 23, 1)  /* an address-size prefix */                                                                        \
    X(REX2, 24, 1) /* a REX2 prefix; in EVEX map 4, ND */                                                              \
    X(RIP, 25, 1)  /* the address is relative to RIP */
#define KEY_ENUM(name, shift, bits) KEY_##name,
enum { KEY_FIELDS(KEY_ENUM) KEY_COUNT };
#define KEY_SHIFT_ENUM(name, shift, bits) KEY_##name##_SHIFT = (shift),
enum { KEY_FIELDS(KEY_SHIFT_ENUM) KEY_REX_SHIFT = KEY_B_SHIFT };

/* An opcode's rows are counted, from 1 on, so that opcodes whose rows differ alike share what chooses
 * among them: a root. That is such a row, or with ENTRY_NODE the index of a node of the trie: a word that says at which
 * field of the key to look (shift | mask << 8), then an entry for each of the field's values, or with NODE_ONE a single
 * entry, for the value << NODE_VALUE_SHIFT alone, and with NODE_NEXT the node that it would name instead of the entry. Row 0
 * is no instruction. Opcodes' words (which root, and how many rows of its page come before its first) lie in pages of 16, so
 * that maps that are mostly empty take little room. */
enum { ENTRY_NODE = 0x8000, NODE_ONE = 0x8000, NODE_NEXT = 0x4000, NODE_VALUE_SHIFT = 11, PAGE_OPCODES = 16 };

static inline unsigned node_shift(unsigned node) { return node & 31; }
static inline unsigned node_mask(unsigned node) { return node >> 8 & 7; }

/* The same for the first two maps where there is at most one of 66, F3 and F2 before REX: the key is smaller, and an entry
 * is chosen by a single mask. What no entry can tell is ENTRY_SLOW: then the long way is taken. All that the length depends on is here, as the
 * next instruction's decoding waits for nothing else. */
typedef struct Fast {
    uint16_t first; /* in Hot.entries */
    uint8_t mask;   /* the bits of the key that the opcode's entries depend on */
    uint8_t len;    /* these and the immediate's; without an immediate that only some have */
    uint8_t modrm,
        modrm_and; /* what to look up as ModRM: the byte under the mask, or without ModRM the opcode's register */
    uint8_t at;    /* bytes of opcode and ModRM, 0F among them */
    uint8_t spare;
} Fast;
enum { FAST_PREFIXES = 4, FAST_PAGE = 8 };                             /* none, 66, F3, F2: KEY_PP */
enum { FAST_W = 1, FAST_IS_REG = 2, FAST_REG_SHIFT = 2, FAST_B = 32 }; /* the key */

/* An entry: a row, its traits and its shape's place, in halves of words; or ENTRY_SLOW. */
enum { ENTRY_ROW = 0xfff, ENTRY_TRAITS_SHIFT = 12, ENTRY_TRAITS = 0x1ff, ENTRY_SHAPE_SHIFT = 21, ENTRY_SLOW = 0 };

/* What the short way copies into an Insn: a row for one operand size, and for either a register or memory. */
typedef struct Shape {
    uint32_t op[2][2]; /* two Operands as in Insn, but for what ModRM and REX add to their registers */
    uint8_t source[2]; /* SRC_*: which numbers these are */
    uint8_t imm;       /* Widen's place, in words */
    uint8_t rare;      /* RARE_* */
} Shape;
enum {
    RARE_HIGH = 1, /* may be ah..bh; the same for the second operand */
    RARE_HIGH_SECOND = 2,
    RARE_THIRD = 4,       /* there is a third operand */
    RARE_BYTES_SHIFT = 3, /* bytes of an immediate that Fast.len does not count */
    RARE_NOT_HIGH = 0xff & ~(RARE_HIGH | RARE_HIGH_SECOND)
};

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

/* Where an operand's register number comes from: a byte each of the eight that the decoder gathers. RM is the opcode's low
 * bits where there is no ModRM; IS4 is in an immediate's upper half; the last two leave out the prefixes' bits. */
enum { SRC_FIXED, SRC_REG, SRC_RM, SRC_VVVV, SRC_IS4, SRC_VRM, SRC_REG7, SRC_RM7, SRC_COUNT };

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

/* Operand structs before the register number is added, as little-endian words (the hosts are x86-64 too). An operand kind
 * has six: by size (operand size or, for vectors, vector length), then by whether ModRM names a register. */
enum { OPWORDS = 6 };

/* Operand.high, before it is decoded: numbers 4..7 are ah..bh where there is no REX. */
enum { HIGH_POSSIBLE = 2 };

/* Operand.touch: what the operand's access means for its register. */
enum { TOUCH_READ = 8, TOUCH_WRITE = 16, TOUCH_KILL = 32 };

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
    IMM_TARGET, /* 64 bits, an address */
    IMM_COUNT,
    IMM_ODD = IMM_ONE
};

/* Row flags. */
enum {
    ROW_APX = 1,    /* EVEX: APX's payload, no vector length, mask or scaled disp8 */
    ROW_NF = 2,     /* EVEX: NF allowed, no flags are written */
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

/* What a row says of its operands; many rows have the same. */
enum {
    FORM_OPS = 5,
    FORM_MODRM = 1,   /* there is ModRM */
    FORM_VECTOR = 2,  /* sizes go by the vector length */
    FORM_CHECK = 4,   /* registers or the rule need a closer look */
    FORM_RM_SHIFT = 5 /* 3 bits: 1 + the operand that ModRM's rm gives, or 0 */
};
typedef struct Form {
    uint8_t bits;         /* FORM_* */
    uint8_t op[FORM_OPS]; /* operand kinds; 0 where there is none */
    uint8_t imm, rule;    /* IMM_*, RULE_* */
} Form;
enum { SIZES = 3 }; /* operand sizes, vector lengths */

static inline unsigned form_rm(const Form *form) { return form->bits >> FORM_RM_SHIFT; }

/* And of all else, laid out as in Insn; many rows have the same. */
typedef struct Traits {
    uint8_t len, nops, flow, cc; /* len is 0 */
    uint16_t flags, spare;       /* ROW_* */
    EffectDesc effect;
} Traits;

/* A row is its mnemonic, form and traits. */
enum { ROW_FORM_SHIFT = 12, ROW_TRAITS_SHIFT = 22, ROW_MNEMONIC = (1 << ROW_FORM_SHIFT) - 1 };

/* The operand size, 0, 1, 2 for 16, 32, 64, by the row's flags, W and an operand-size prefix. */
static inline unsigned operand_size(unsigned flags, bool w, bool prefix)
{
    if (w || (flags & ROW_F64))
        return 2;
    return prefix ? 0 : flags & ROW_D64 ? 2 : 1;
}

/* Rules that need the operands' values. */
enum {
    RULE_NONE,
    RULE_SHIFT, /* flags by the immediate count */
    RULE_ROTATE,
    RULE_KPAIR,     /* writes the other mask register of the pair too */
    RULE_SELECT,    /* the mask chooses between sources: the destination is written whole */
    RULE_DISTINCT,  /* the destination must differ from the sources (and a gather's index) */
    RULE_DISTINCT3, /* all registers must differ */
    RULE_MPX,       /* addresses are always 64 bits */
    RULE_NORIP,     /* the same, and no RIP-relative ones */
    RULE_XLAT,      /* reads [rbx + al] */
    RULE_STORE_RAX, /* writes a cache line at [rax] */
    RULE_STORE_RDI, /* writes at [rdi], under a mask */
    RULE_STACK2,    /* push2, pop2: not rsp */
    RULE_ZU,        /* a register is written whole */
    RULE_SCC        /* APX: a condition chooses between the comparison's flags and given ones */
};

/* What a ModRM byte says: registers' numbers, by SRC_*; the address' base, for which prefixes' bits change neither RIP nor
 * NONE, and how long SIB and displacement are; the key of the short way. */
typedef struct ModRm {
    uint8_t source[SRC_COUNT];
    uint8_t base, len, has_sib; /* has_sib: 1 or 0 */
    uint8_t disp;               /* Widen's place, in words */
    uint8_t key;                /* FAST_* */
    uint8_t rare;               /* RARE_*: without REX, what can be rare about a register that it names */
    uint8_t spare[2];
} ModRm;
enum { MODRM_COUNT = 256 };

/* What REX adds to these. */
typedef struct RexBits {
    uint8_t source[SRC_COUNT];
    uint8_t base, key, spare[6];
} RexBits;

/* How an immediate is widened: its bits, and its sign bit or 0. */
typedef struct Widen {
    uint64_t bits, sign;
} Widen;

/* The tables, made by mktables and defined in tables.c and text_tables.c; what the short way needs is in hot.h. */
extern const uint8_t x86_pages[MAP_COUNT * 256 / PAGE_OPCODES];
extern const uint16_t x86_first[MAP_COUNT * 256 / PAGE_OPCODES]; /* the first row of a page */
extern const uint16_t x86_roots[];
extern const uint16_t x86_entries[];
extern const OpDesc x86_opdescs[];
extern const uint16_t x86_opkinds[][OPWORDS]; /* of each operand kind, in x86_opwords */
extern const uint64_t x86_opwords[];
extern const Form x86_forms[];
extern const uint16_t x86_trie[];
extern const uint8_t x86_row_style[]; /* in x86_styles */
extern const uint16_t x86_styles[];
extern const char x86_format_text[];

/* An opcode's root, and its first row. */
enum { ENTRY_ROWS = 192, ENTRY_ROOTS = 0x10000 / ENTRY_ROWS };
static inline unsigned opcode_root(unsigned map, unsigned opcode, unsigned *first)
{
    unsigned at = map * 256 + opcode, page = at / PAGE_OPCODES;
    unsigned entry = x86_entries[x86_pages[page] * PAGE_OPCODES + at % PAGE_OPCODES];
    *first = x86_first[page] + entry % ENTRY_ROWS;
    return x86_roots[entry / ENTRY_ROWS];
}

/* An operand kind's Operand in that size. */
static inline uint64_t kind_word(unsigned kind, unsigned size, bool is_reg)
{
    return x86_opwords[x86_opkinds[kind][2 * size + is_reg]];
}

/* How a row's text is made: where in x86_format_text its format is; whether its prefix is mandatory; whether its name tells
 * of one 66. */
enum { STYLE_PREFIX_USED = 0x8000, STYLE_66_USED = 0x4000, STYLE_FORMAT = 0xfff };
static inline unsigned row_style(unsigned row) { return x86_styles[x86_row_style[row]]; }

/* The names' codes are found from every such many names on. */
enum { NAME_BLOCK = 16 };

/* What the private bytes of an Insn hold. */
enum {
    PRIV_REX,   /* the REX byte in force, or 0 */
    PRIV_MODRM, /* ModRM, or 0xc0 or more where there is none */
    PRIV_SEGS,  /* segment override bytes seen: bit n is REG_ES + n */
    PRIV_66,    /* how many operand-size prefixes */
    PRIV_FLAGS, /* PF_* */
    PRIV_COUNT
};
enum {
    PF_VL = 3, /* the vector length field */
    PF_NF = 4, /* APX: no flags */
    PF_ZERO = 8,
    PF_BROADCAST = 16,
    PF_ROUND = 32,
    PF_RMODE_SHIFT = 6, /* 2 bits, with PF_ROUND */
    PF_SAE = 64         /* without it */
};

#endif
