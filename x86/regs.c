/* x86/regs.c - the names of registers. */
#include "x86/regs.h"

#include <stddef.h>

/* Six bytes a name, so that the table needs no relocations. */
typedef char Name[7];

static const Name whole_names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",  "r9",  "r10",
                                   "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21",
                                   "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31"};
static const Name dword_names[] = {"eax",  "ecx",  "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                   "r8d",  "r9d",  "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
                                   "r16d", "r17d", "r18d", "r19d", "r20d", "r21d", "r22d", "r23d",
                                   "r24d", "r25d", "r26d", "r27d", "r28d", "r29d", "r30d", "r31d"};
static const Name word_names[] = {"ax",   "cx",   "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                  "r8w",  "r9w",  "r10w", "r11w", "r12w", "r13w", "r14w", "r15w",
                                  "r16w", "r17w", "r18w", "r19w", "r20w", "r21w", "r22w", "r23w",
                                  "r24w", "r25w", "r26w", "r27w", "r28w", "r29w", "r30w", "r31w"};
static const Name byte_names[] = {"al",   "cl",   "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                  "r8b",  "r9b",  "r10b", "r11b", "r12b", "r13b", "r14b", "r15b",
                                  "r16b", "r17b", "r18b", "r19b", "r20b", "r21b", "r22b", "r23b",
                                  "r24b", "r25b", "r26b", "r27b", "r28b", "r29b", "r30b", "r31b"};
static const Name high_names[] = {"ah", "ch", "dh", "bh"};
static const Name xmm_names[] = {"xmm0",  "xmm1",  "xmm2",  "xmm3",  "xmm4",  "xmm5",  "xmm6",  "xmm7",
                                 "xmm8",  "xmm9",  "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
                                 "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
                                 "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31"};
static const Name ymm_names[] = {"ymm0",  "ymm1",  "ymm2",  "ymm3",  "ymm4",  "ymm5",  "ymm6",  "ymm7",
                                 "ymm8",  "ymm9",  "ymm10", "ymm11", "ymm12", "ymm13", "ymm14", "ymm15",
                                 "ymm16", "ymm17", "ymm18", "ymm19", "ymm20", "ymm21", "ymm22", "ymm23",
                                 "ymm24", "ymm25", "ymm26", "ymm27", "ymm28", "ymm29", "ymm30", "ymm31"};
static const Name zmm_names[] = {"zmm0",  "zmm1",  "zmm2",  "zmm3",  "zmm4",  "zmm5",  "zmm6",  "zmm7",
                                 "zmm8",  "zmm9",  "zmm10", "zmm11", "zmm12", "zmm13", "zmm14", "zmm15",
                                 "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23",
                                 "zmm24", "zmm25", "zmm26", "zmm27", "zmm28", "zmm29", "zmm30", "zmm31"};
static const Name other_names[] = {"k0",   "k1",   "k2",   "k3",   "k4",   "k5",    "k6",   "k7",   "mm0",  "mm1",
                                   "mm2",  "mm3",  "mm4",  "mm5",  "mm6",  "mm7",   "st0",  "st1",  "st2",  "st3",
                                   "st4",  "st5",  "st6",  "st7",  "tmm0", "tmm1",  "tmm2", "tmm3", "tmm4", "tmm5",
                                   "tmm6", "tmm7", "es",   "cs",   "ss",   "ds",    "fs",   "gs",   "ssp",  "mxcsr",
                                   "bnd0", "bnd1", "bnd2", "bnd3", "fpu",  "system"};

const char *reg_name(unsigned reg)
{
    if (reg < REG_XMM0)
        return whole_names[reg];
    if (reg < REG_K0)
        return xmm_names[reg - REG_XMM0];
    if (reg == REG_RIP)
        return "rip";
    return reg - REG_K0 < sizeof other_names / sizeof other_names[0] ? other_names[reg - REG_K0] : "?";
}

static const char *gpr_name(unsigned reg, unsigned bits, bool high)
{
    if (bits > 32)
        return whole_names[reg];
    if (bits > 16)
        return dword_names[reg];
    if (bits > 8)
        return word_names[reg];
    return high && reg < 4 ? high_names[reg] : byte_names[reg];
}

const char *reg_name_sized(unsigned reg, unsigned bits, bool high)
{
    if (reg < REG_XMM0)
        return gpr_name(reg, bits, high);
    if (reg < REG_K0)
        return (bits > 256 ? zmm_names : bits > 128 ? ymm_names : xmm_names)[reg - REG_XMM0];
    return reg == REG_RIP && bits == 32 ? "eip" : reg_name(reg);
}
