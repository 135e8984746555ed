/* fuzz/fuzz_demangle.c - demangle on any bytes, as they are and after each prefix that starts a mangled name; the parts of
 * what comes out, and of the input itself, lie within it. */
#include "elf/demangle.h"

#include <stdlib.h>
#include <string.h>

static void check_within(Str part, Str whole)
{
    if (part.n && (part.p < whole.p || part.n > whole.n || (size_t)(part.p - whole.p) > whole.n - part.n))
        abort();
}

static void check_parts(Str s)
{
    check_within(demangled_last_component(s), s);
    check_within(demangled_without_arguments(s), s);
}

static void check(const char *prefix, const uint8_t *data, size_t size)
{
    Arena arena = {.limit = (size_t)256 << 20};
    size_t n = strlen(prefix);
    char *name = malloc(n + size + 1);
    if (!name)
        abort();
    memcpy(name, prefix, n);
    if (size)
        memcpy(name + n, data, size);
    Str in = {name, n + size}, out = demangle(in, &arena);
    if (out.p && (out.n == 0 || out.n > (64 << 10) + 64))
        abort();
    check_parts(in);
    if (out.p)
        check_parts(out);
    arena_free(&arena);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check("", data, size);
    check("_Z", data, size);
    check("_ZN", data, size);
    check("_R", data, size);
    return 0;
}
