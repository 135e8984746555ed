/* analysis/asked.h - is a number one of those that were asked for? */
#ifndef LVSCAN_ANALYSIS_ASKED_H
#define LVSCAN_ANALYSIS_ASKED_H

#include "analysis/search.h"

/* Does the constant k of `bits` bits equal one? real: k is the encoding of a float or double. */
bool constant_asked(const Query *q, uint64_t k, unsigned bits, bool real);

/* Would k, of 8, 16, 32 or 64 bits, with no more than `reach` added or taken away, in as many bits or, if k is then a number of fewer bits
 * that was extended, in those? May say so where k would not be. Integers only; reach is below 2^62. */
bool constant_within(const Query *q, uint64_t k, unsigned bits, uint64_t reach);

#endif
