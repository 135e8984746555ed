/* x86/text.c - an instruction's text, in AT&T syntax as objdump prints it or in Intel's. */
#include "x86/format.h"
#include "x86/insn.h"

const char *mnemonic_name(unsigned mnemonic)
{
    return x86_name_text + x86_name_off[mnemonic < MN_COUNT ? mnemonic : 0];
}
