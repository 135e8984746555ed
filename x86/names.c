/* x86/names.c - the mnemonics' names, out of the codes that x86/mktables/names.c packs them into. */
#include "x86/format.h"
#include "x86/insn.h"

#include "x86/names.h" /* generated */

/* Writes what a code stands for; returns how many characters. */
static unsigned code_spell(unsigned code, char *out)
{
    if (code < NAME_LETTERS) {
        *out = name_letters[code];
        return 1;
    }
    const uint8_t *pair = name_pairs[code - NAME_LETTERS];
    unsigned n = code_spell(pair[0], out);
    return n + code_spell(pair[1], out + n);
}

MnemonicName mnemonic_name(unsigned mnemonic)
{
    MnemonicName name = {{0}};
    unsigned at = mnemonic < MN_COUNT ? mnemonic : 0;
    const uint8_t *code = name_codes + name_starts[at / NAME_BLOCK];
    for (unsigned before = at % NAME_BLOCK + 1; before; before--)
        for (unsigned n = 0; n == 0 || name.text[n - 1];)
            n += code_spell(*code++, name.text + n);
    return name;
}
