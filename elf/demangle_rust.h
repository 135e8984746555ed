/* elf/demangle_rust.h - the Rust demangler's parts. */
#ifndef LVSCAN_ELF_DEMANGLE_RUST_H
#define LVSCAN_ELF_DEMANGLE_RUST_H

#include "elf/demangle_cxx.h"

/* demangle_rust_v0.c: the name after "_R", without a suffix. */
bool rust_v0(CxxOut *o, Str s);

/* demangle_rust_const.c: a name's UTF-8 form; false: the Punycode is malformed. */
bool rust_punycode(CxxOut *o, Str s);
void rust_char(CxxOut *o, uint32_t c);                   /* in UTF-8 */
void rust_char_debug(CxxOut *o, uint32_t c, char quote); /* escaped as Rust's Debug does */

#endif
