/* analysis/prescan_kernel.h - finds places in bytes that are worth a closer look, 32 places at a time.
 *
 * A place i matches when the 4 bytes there, little-endian, lie in one of the bands, or (sites) an instruction of arithmetic
 * with a constant may start there:
 *
 *     05 0d 25 2d 35 3d        add, or, and, sub, xor, cmp $imm32,%eax
 *     81                       the same, $imm32,r/m
 *     83 /4                    and $imm8,r/m
 *     8d with disp32           lea disp32(...), lea disp32(%rip)
 *     66 81, 66 3d, 66 40..4f  16 bits
 *
 * The first bands may be of addresses instead: there the 4 bytes are a distance from their own end, as those of calls, jumps and
 * rip-relative operands mostly are, and what must lie in the band is the address that they lead to, modulo 2^32.
 */
#ifndef LVSCAN_ANALYSIS_PRESCAN_KERNEL_H
#define LVSCAN_ANALYSIS_PRESCAN_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATTERN_BANDS = 8 };

/* lo .. lo + span, modulo 2^32. */
typedef struct Band {
    uint32_t lo, span;
} Band;

typedef struct Pattern {
    Band bands[PATTERN_BANDS];
    unsigned nbands;
    unsigned naddresses; /* the first ones are bands of addresses, */
    uint32_t base;       /* where p[0] lies at this one */
    bool sites;
} Pattern;

typedef enum KernelKind { KERNEL_PORTABLE, KERNEL_SSE2, KERNEL_AVX2 } KernelKind;

/* The best kind that this processor runs. */
KernelKind kernel_best(void);

/* The first block at or after `from` (a multiple of 32 from there on) of p[0 .. n) that has a match: its offset, with the
 * matches in *mask; n when there is none. Bytes past the end count as zero; places whose value would pass the end can match. */
size_t kernel_next(KernelKind kind, const Pattern *pattern, const uint8_t *p, size_t n, size_t from, uint32_t *mask);

#endif
