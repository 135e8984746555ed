/* cli/escape.h - hostile names made harmless for each place they are printed to.
 *
 * Names and paths come from files that an adversary may have written. Each form below is injective on what it must
 * keep, and leaves nothing that the reader (terminal, JSON parser, shell, C compiler) would act upon. */
#ifndef LVSCAN_CLI_ESCAPE_H
#define LVSCAN_CLI_ESCAPE_H

#include "cli/sink.h"

/* The next character of UTF-8 at s[i]: its length in bytes (1..4) and code point in *code, or 0 when the bytes there
 * are no well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
size_t utf8_next(Str s, size_t i, uint32_t *code);

/* For a terminal: control characters (C0, DEL, C1), bidirectional overrides, invalid UTF-8 and backslashes become
 * \n, \t, \xNN, \u{NNNN} or \\; everything else as it is. */
void escape_terminal(Sink *t, Str s);

/* A JSON string with its quotes (RFC 8259). Each byte of invalid UTF-8 becomes \ufffd. */
void escape_json(Sink *t, Str s);

/* The inside of a C string literal: printable ASCII as it is, quotes and backslashes escaped, all else octal \NNN
 * (three digits, so that a digit after it does no harm); `?` is escaped against trigraphs. */
void escape_c(Sink *t, Str s);

/* One word for a POSIX shell: in single quotes when it holds anything but letters, digits and _./:=@%+,- */
void escape_shell(Sink *t, Str s);

/* A C identifier made from s: letters, digits and underscores kept, the rest made underscores, at most 48 bytes. */
void escape_identifier(Sink *t, Str s);

#endif
