/* tests/oracle/x86_view.h - one instruction as two decoders can be compared on it.
 *
 * view_ours fills it from x86/insn.h, view_zydis from Debian's libzydis 4.0; what the two state differently by design
 * is brought to one form here, and each such step says why.
 */
#ifndef LVSCAN_TESTS_X86_VIEW_H
#define LVSCAN_TESTS_X86_VIEW_H

#include "x86/insn.h"

#include <Zydis/Zydis.h>

typedef struct ViewOp {
    uint8_t kind, access, reg, high;
    uint16_t bits;
    uint64_t value; /* immediates and targets */
} ViewOp;

typedef struct View {
    int len; /* or INSN_INVALID, INSN_TRUNCATED */
    char mnemonic[32];
    unsigned nops;
    ViewOp op[INSN_MAX_OPERANDS + 1];
    Mem mem; /* all zero, registers REG_NONE, where there is none */
    RegSet reads, writes, kills;
    uint8_t flags_read, flags_written, flags_undefined;
    uint8_t flow, mask;
    uint8_t mem_access;
    uint16_t mem_bits;
} View;

/* Prepares the register map and the decoder. */
void view_zydis_init(ZydisDecoder *decoder);

void view_ours(const uint8_t *p, size_t n, uint64_t pc, View *out, Insn *insn);
void view_zydis(const ZydisDecoder *decoder, const uint8_t *p, size_t n, uint64_t pc, View *out);

/* Whether the instruction, whose bytes are at p, is one of APX: REX2, EVEX map 4, registers from r16 on, or an EVEX
 * encoding of what only VEX had. libzydis 4.0 and objdump 2.40 know none of them. */
bool view_is_apx(const Insn *insn, const uint8_t *p);

#endif
