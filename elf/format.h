/* elf/format.h - text with numbers in it: the part of printf that the program uses, without libc's, whose floating point
 * alone is a tenth of a small static binary.
 *
 * Conversions: %s %c %d %u %x %o %%; lengths l, ll and z; flags - 0 and +; width; precision for %s (also .*). Nothing
 * else: an unknown conversion is written as it stands. No locale.
 */
#ifndef LVSCAN_ELF_FORMAT_H
#define LVSCAN_ELF_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most size - 1 bytes and a NUL (nothing if size is 0); returns how many bytes the whole text has. */
size_t format_text(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t format_list(char *out, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

#endif
