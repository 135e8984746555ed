/* cli/small_file.h - the few lines that the kernel keeps in a file of /proc, /sys or tracefs, and what they hold. */
#ifndef LVSCAN_CLI_SMALL_FILE_H
#define LVSCAN_CLI_SMALL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The file's first n - 1 bytes (n > 0), or all if it has fewer, and a NUL. False when it can't be opened or is empty: then "". */
bool small_file_read(const char *path, char *out, size_t n);

/* The number written at *at, behind blanks, in base 10 or 16; *at goes behind its digits. Where there are none: 0, and *at stays. A number
 * that 64 bits cannot hold is UINT64_MAX. */
uint64_t number_read(const char **at, unsigned base);

/* Where `what` begins in the text, or NULL. */
const char *text_find(const char *text, const char *what);

#endif
