/* fuzz/elf_mutator.h - damages an ELF file where its structure is: a field of a header, a section, a segment, a symbol, a relocation, an
 * unwind entry, a note; a place in its code or tables. It has a reader of its own, so that a fault of elf/ cannot hide from it. */
#ifndef LVSCAN_FUZZ_ELF_MUTATOR_H
#define LVSCAN_FUZZ_ELF_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/* Changes the file of n bytes at p, in room for `max`, in one to a few ways that `seed` decides. Gives its new size (at least 1).
 * Any bytes are taken; what is no ELF file is changed bytewise. */
size_t elf_mutate(uint8_t *p, size_t n, size_t max, uint64_t seed);

#endif
