/* cli/kernel_reg.h - the kernel's names and numbers for registers.
 * Sources: arch/x86/include/uapi/asm/perf_regs.h (bits of sample_regs_user); arch/x86/kernel/ptrace.c, regoffset_table
 * (names in tracefs fetch arguments: %di, not %rdi). */
#ifndef LVSCAN_CLI_KERNEL_REG_H
#define LVSCAN_CLI_KERNEL_REG_H

#include "x86/regs.h"

enum { PERF_REG_SP = 7, PERF_REG_IP = 8, PERF_REG_FLAGS = 9 };

/* The bit of sample_regs_user for a general register, or -1 where it cannot be sampled (xmm, r16 and up). */
int perf_reg(unsigned reg);

/* The register of that name ("r15", "rax"), or REG_NONE. */
unsigned reg_by_name(const char *name, unsigned long n);

/* Its name in tracefs and bpftrace's reg() without a sign ("di", "r15"), or NULL. */
const char *tracefs_reg(unsigned reg);

#endif
