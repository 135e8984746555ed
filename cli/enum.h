/* cli/enum.h - constants, and names for values, from C and C++ source: `-e FILE[:NAME]`.
 *
 * The file is read on its own, as a compiler for x86-64 Linux would, without following #include:
 * - #define and #undef take effect in order; macros, with and without parameters, are expanded in enum bodies.
 * - Of #if groups that the file itself (or the platform) decides, the branch taken is read. A condition on a name that
 *   the file does not define is open: all branches are read, an implicit value that differs between them is not
 *   known, and what depends on it is left out and remarked upon. `#ifndef X` directly before `#define X` is taken.
 * - Values have C's types (int, unsigned, long, unsigned long); what a compiler would reject or warn
 *   about as overflow is refused, and so are sizeof, alignof, offsetof, floats and names from elsewhere. */
#ifndef LVSCAN_CLI_ENUM_H
#define LVSCAN_CLI_ENUM_H

#include "elf/base.h"

typedef struct Enumerator {
    Str name;
    int64_t value; /* two's complement, also for unsigned 64-bit */
} Enumerator;

/* In order of the source. enum_name: qualified ("bpftrace::AsyncAction"), the typedef's name where there is no other,
 * the pattern where one was given; p NULL for an anonymous enum. */
typedef struct EnumTable {
    Enumerator *items;
    size_t n;
    Str enum_name;
} EnumTable;

typedef struct EnumError {
    uint32_t line, column; /* from 1, column in bytes; 0 where the message is about the whole file */
    char what[256];        /* one line, no full stop; printable ASCII whatever the file holds */
} EnumError;

/* Reads `source` (at most 64 MB, 10^6 enumerators in all). `want`:
 * - p NULL: the first enum that can be used;
 * - a name, plain or qualified: the enum of that tag or typedef name; two different ones are an error;
 * - a glob with `*`, `?` or `[...]`: all #defines with an integer value, and all enumerators, whose names match.
 * True: *out is filled, n > 0, names point into `source` or `arena`; err->what is empty or a remark about what was
 * left out. False: *err says what and where. */
bool enum_read(EnumTable *out, Bytes source, Str want, Arena *arena, EnumError *err);

/* The first enumerator with that value, or the Str that is none. */
Str enum_name_of(const EnumTable *t, int64_t value);

#endif
