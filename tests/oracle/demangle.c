/* tests/oracle/demangle.c - a filter: mangled names in, a line each; demangled names out, or the name itself where there
 * is none. With -l the last component, with -a the name without arguments. */
#include "elf/demangle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    Arena arena = {0};
    const char *mode = argc > 1 ? argv[1] : "";
    while ((n = getline(&line, &cap, stdin)) > 0) {
        Str name = {line, (size_t)n - (line[n - 1] == '\n')};
        Str out = demangle(name, &arena);
        if (!out.p)
            out = name;
        if (strcmp(mode, "-l") == 0)
            out = demangled_last_component(out);
        else if (strcmp(mode, "-a") == 0)
            out = demangled_without_arguments(out);
        fwrite(out.p, 1, out.n, stdout);
        putchar('\n');
        arena_reset(&arena);
    }
    arena_free(&arena);
    free(line);
    return ferror(stdout) != 0;
}
