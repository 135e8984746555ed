/* fuzz/fuzz_enum.c - enum_read on any text, with no name, a name, and a pattern: a result that is whole or a message. */
#include "cli/enum.h"

#include <stdlib.h>
#include <string.h>

static void check(Bytes source, Str want)
{
    Arena arena = {.limit = (size_t)256 << 20};
    EnumTable t;
    EnumError e;
    bool ok = enum_read(&t, source, want, &arena, &e);
    if (ok ? t.n == 0 : !e.what[0])
        abort();
    for (size_t i = 0; ok && i < t.n; i++)
        if (!t.items[i].name.n || !enum_name_of(&t, t.items[i].value).p)
            abort();
    for (const char *p = e.what; *p; p++)
        if (*p < ' ' || *p > '~')
            abort();
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes source = {data, size};
    check(source, (Str){0});
    check(source, (Str){"E", 1});
    check(source, (Str){"*", 1});
    return 0;
}
