/* analysis/real.h - floats and doubles as the bits that instructions and memory hold (IEEE 754; SDM vol. 1, section 4.2.2). */
#ifndef LVSCAN_ANALYSIS_REAL_H
#define LVSCAN_ANALYSIS_REAL_H

#include <stdint.h>
#include <string.h>

/* The encoding of `number` as a float (bits == 32, rounded) or a double. */
static inline uint64_t real_encoding(double number, unsigned bits)
{
    uint64_t wide;
    uint32_t narrow;
    float single = (float)number;
    memcpy(&wide, &number, sizeof wide);
    memcpy(&narrow, &single, sizeof narrow);
    return bits == 32 ? narrow : wide;
}

/* The number that `encoding` stands for as a float (bits == 32) or a double. */
static inline double real_number(uint64_t encoding, unsigned bits)
{
    double wide;
    float single;
    uint32_t narrow = (uint32_t)encoding;
    memcpy(&wide, &encoding, sizeof wide);
    memcpy(&single, &narrow, sizeof single);
    return bits == 32 ? (double)single : wide;
}

#endif
