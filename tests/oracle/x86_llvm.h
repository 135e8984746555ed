/* tests/oracle/x86_llvm.h - acceptance, lengths and mnemonics against llvm-mc-19 --disassemble. */
#ifndef LVSCAN_TESTS_X86_LLVM_H
#define LVSCAN_TESTS_X86_LLVM_H

#include <stdbool.h>
#include <stdint.h>

/* Gives llvm-mc the exact bytes of each instruction that we accept among `count` structured random sequences. Prints
 * differences and totals; returns the number of unexplained differences. */
uint64_t llvm_compare(const char *known, uint64_t count, uint64_t seed, bool full, bool verbose);

#endif
