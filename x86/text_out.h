/* x86/text_out.h - the text being written; private to text.c (mnemonics) and text_operands.c. */
#ifndef LVSCAN_X86_TEXT_OUT_H
#define LVSCAN_X86_TEXT_OUT_H

#include "x86/insn.h"

/* What does not fit in n - 1 characters is dropped. */
typedef struct TextOut {
    char *buf;
    size_t n, len;
} TextOut;

void text_char(TextOut *o, char c);
void text_string(TextOut *o, const char *s);
void text_hex(TextOut *o, uint64_t v);

/* 0, 1, 2 for 16, 32, 64 bits. */
unsigned text_operand_size(const Insn *insn);

/* Whether the instruction has a memory operand, a string's included. */
bool text_has_mem(const Insn *insn);

/* Whether Intel's text leaves out the size of the memory operand: in the table, an Intel spelling that begins with "!". */
bool text_sizeless(const Insn *insn);

/* Whether the mnemonic has to tell the memory operand's size, no wider destination doing so. */
bool text_needs_suffix(const Insn *insn);

/* The operands, after a space if there are any; without the immediate if the mnemonic has told it. */
void operands_text(const Insn *insn, Syntax syntax, bool imm_told, TextOut *o);

#endif
