/* cli/real_text.h - floating-point numbers as decimal text and back, exactly; libc's would be a tenth of the static program. */
#ifndef LVSCAN_CLI_REAL_TEXT_H
#define LVSCAN_CLI_REAL_TEXT_H

#include "elf/base.h"

enum { REAL_TEXT = 32 }; /* bytes that hold any number's text with its NUL */

/* The double nearest to the decimal number that is all of `text`: sign, digits with or without a point, exponent (C11 6.4.4.2).
 * False when it is none, has more than 40 digits, or lies beyond what a double holds. */
bool real_parse(double *out, Str text);

/* The shortest digits that read back as `v` (bits == 64) or as the float that v is (32): "0.1", "42.0", "1e-07", "inf", "nan".
 * Returns the length. */
size_t real_print(char out[REAL_TEXT], double v, unsigned bits);

#endif
