/* elf/names.c - string table lookups under a budget. */
#include "elf/names.h"

enum { BYTES_A_NAME = 256 };

Names names_open(Bytes strings, uint64_t count)
{
    return (Names){strings, (uint64_t)strings.n * 8 + count * BYTES_A_NAME + NAME_BYTES_MAX};
}

Str names_at(Names *names, uint64_t off)
{
    if (names->budget == 0)
        return (Str){0};
    Str s = bytes_text(names->strings, off, NAME_BYTES_MAX);
    uint64_t cost = s.p ? s.n + 1 : NAME_BYTES_MAX;
    names->budget -= cost < names->budget ? cost : names->budget;
    return s.n ? s : (Str){0};
}
