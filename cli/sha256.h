/* cli/sha256.h - SHA-256 (FIPS 180-4). */
#ifndef LVSCAN_CLI_SHA256_H
#define LVSCAN_CLI_SHA256_H

#include "elf/base.h"

enum { SHA256_TEXT = 65 };

/* The digest of `bytes` as 64 lower-case hexadecimal digits and a NUL. */
void sha256_text(Bytes bytes, char out[SHA256_TEXT]);

#endif
