/* cli/enum_internal.h - what enum.c and enum_near.c share. */
#ifndef LVSCAN_CLI_ENUM_INTERNAL_H
#define LVSCAN_CLI_ENUM_INTERNAL_H

#include "cli/enum.h"
#include "cli/enum_scan.h"

/* Fills *err with `what`, its %s replaced by the token's text, made printable and short. Returns false. */
bool enum_fail(EnumError *err, const char *what, const Token *at);

/* "there is no enum `want` ...", with the names most like it. Returns false. */
bool enum_fail_missing(const Scan *s, Str want, EnumError *err);

/* Appends at most `max` bytes of s to err->what, what is not printable ASCII as '?'. */
void enum_what_add(EnumError *err, Str s, size_t max);

#endif
