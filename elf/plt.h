/* elf/plt.h - what a PLT stub jumps to, from its bytes and the slot it jumps through (psABI 5.2, "Procedure Linkage
 * Table"). No section headers and no table of stubs are needed. */
#ifndef LVSCAN_ELF_PLT_H
#define LVSCAN_ELF_PLT_H

#include "elf/slots.h"

/* Is there at `stub` an indirect jump through a slot that only the dynamic linker writes? True then, with *name the
 * symbol's (perhaps none) and *target the address (0: in another file or not known until run time; the resolver of an
 * IRELATIVE slot is not given). At least one of them is set. Forms: [endbr64] [bnd or notrack] jmp *disp32(%rip), which
 * are .plt, .plt.sec, .plt.got of ld and lld, lazy or not; and mov disp32(%rip),%r11 before a call or jump, lld's retpolineplt. */
bool plt_target(const Image *image, const Slots *slots, Addr stub, Str *name, Addr *target);

/* Does the code at addr begin as a .plt does, which calls the dynamic linker (psABI 5.2): push GOT+8, then a jump through, or a load of, GOT+16? */
bool plt_is_first(const Image *image, Addr addr);

#endif
