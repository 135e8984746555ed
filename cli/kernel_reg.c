/* cli/kernel_reg.c - see kernel_reg.h. */
#include "cli/kernel_reg.h"

#include <stddef.h>
#include <string.h>

int perf_reg(unsigned reg)
{
    static const signed char order[8] = {0, 2, 3, 1, 7, 6, 4, 5}; /* rax rcx rdx rbx rsp rbp rsi rdi */
    if (reg <= REG_RDI)
        return order[reg];
    return reg <= REG_R15 ? (int)reg - REG_R8 + 16 : -1;
}

const char *tracefs_reg(unsigned reg)
{
    return reg <= REG_RDI ? reg_name(reg) + 1 : reg <= REG_R15 ? reg_name(reg) : NULL;
}

unsigned reg_by_name(const char *name, unsigned long n)
{
    for (unsigned r = 0; r < REG_K0; r++)
        if (strlen(reg_name(r)) == n && memcmp(reg_name(r), name, n) == 0)
            return r;
    return REG_NONE;
}
