/* elf/glob.h - patterns for names: `*` any text, `?` any character, `[a-z]` one of a set, `[!a-z]` none of it. */
#ifndef LVSCAN_ELF_GLOB_H
#define LVSCAN_ELF_GLOB_H

#include "elf/base.h"

/* Has it any of these characters? */
bool glob_is(Str pattern);

/* Does the pattern match all of s? In time |pattern| * |s| at most. */
bool glob_match(Str pattern, Str s);

#endif
