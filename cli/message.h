/* cli/message.h - what goes to standard error: one line each, "lvscan: " in front, hostile bytes escaped. */
#ifndef LVSCAN_CLI_MESSAGE_H
#define LVSCAN_CLI_MESSAGE_H

#include "elf/base.h"

void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "lvscan: PATH: what". */
void message_about(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An errno value in words; good until the next call (lvscan never sets a locale, so they are English). */
const char *errno_text(int error);

#endif
