/* tests/oracle/forms.c - the probes of a file's variables, in every form: forms BINARY FOLDER WANTED writes FOLDER/N.FORM for
 * WANTED of its variables (all, where there are not so many), best to worst, with names for their constants. Prints how many
 * of each form. */
#include "analysis/search.h"
#include "cli/emit.h"
#include "cli/input.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const FORMS[] = {"perf", "bpftrace", "tracefs", "perf-probe", "gdb", "systemtap", "c"};
enum { NFORMS = sizeof FORMS / sizeof FORMS[0], NAMED = 8 };
static unsigned written[NFORMS];

static bool form_write(const char *folder, size_t n, unsigned form, const ProbeSpec *spec)
{
    char path[4096];
    Sink t;
    Diag diag;
    snprintf(path, sizeof path, "%s/%05zu.%s", folder, n, FORMS[form]);
    sink_open(&t, -1);
    bool said = emitter_find(FORMS[form])->emit(&t, spec, &diag);
    if (!said)
        return sink_close(&t); /* this place cannot be read in this form: the message is checked elsewhere */
    t.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bool good = t.fd >= 0 && sink_close(&t);
    close(t.fd);
    written[form]++;
    return good;
}

static EnumTable names_for(const Variable *v, Arena *arena)
{
    EnumTable t = {.items = arena_alloc(arena, NAMED, sizeof *t.items)};
    for (size_t i = 0; t.items && i < v->nconstants && i < NAMED; i++)
        t.items[t.n++] = (Enumerator){str_of("NAME_of_it"), variable_constant(v, v->constants[i])};
    return t;
}

static bool variable_write(const char *folder, size_t n, Program *program, const Variable *v, Str path, Arena *arena)
{
    ProbeSpec spec;
    EnumTable names = names_for(v, arena);
    if (v->probe.pc == 0)
        return true;
    if (!spec_of_variable(&spec, program, v, path, &names, arena, NULL))
        return false;
    for (unsigned form = 0; form < NFORMS; form++)
        if (!form_write(folder, n, form, &spec))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    Input in;
    Program program;
    SearchResult result;
    Arena arena = {0};
    Diag diag = {0};
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1};
    size_t wanted = argc == 4 ? (size_t)atol(argv[3]) : 0;
    if (wanted == 0 || !input_open(&in, argv[1], &diag) || !program_open(&program, in.bytes, &diag) ||
        !search_run(&result, &program, &query, &arena, NULL, NULL, &diag))
        return fprintf(stderr, "forms: %s\n", diag.what), 2;
    size_t every = result.nvariables / wanted;
    for (size_t i = 0; i < result.nvariables; i += every ? every : 1)
        if (!variable_write(argv[2], i, &program, &result.variables[i], str_of(argv[1]), &arena))
            return fprintf(stderr, "forms: variable %zu cannot be written\n", i), 2;
    printf("%zu variables", result.nvariables);
    for (unsigned form = 0; form < NFORMS; form++)
        printf(" %s=%u", FORMS[form], written[form]);
    putchar('\n');
    arena_free(&arena);
    program_close(&program);
    input_close(&in);
    return 0;
}
