/* cli/small_file.h - the few lines that the kernel keeps in a file of /proc, /sys or tracefs. */
#ifndef LVSCAN_CLI_SMALL_FILE_H
#define LVSCAN_CLI_SMALL_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* The file's first n - 1 bytes (n > 0), or all if it has fewer, and a NUL. False when it can't be opened or is empty: then "". */
bool small_file_read(const char *path, char *out, size_t n);

#endif
