/* fuzz/elf_custom.c - gives libFuzzer's targets that take whole files the mutations of elf_mutator.c, beside its own. */
#include "fuzz/elf_mutator.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return seed % 4 == 0 ? LLVMFuzzerMutate(data, size, max) : elf_mutate(data, size, max, seed);
}
