/* tests/oracle/forms.c - the probes of a file's variables, in every form: forms BINARY FOLDER WANTED writes FOLDER/FORM, the
 * forms of WANTED of its variables (all, where there are not so many), best to worst, with names for their constants. Before
 * each a line: the variable's number and how many bytes follow. Prints how many of each form. Read by accept.py. */
#include "analysis/search.h"
#include "cli/emit.h"
#include "cli/input.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const FORMS[] = {"perf", "bpftrace", "tracefs", "perf-probe", "gdb", "systemtap", "c"};
enum { NFORMS = sizeof FORMS / sizeof FORMS[0], NAMED = 8 };
static unsigned written[NFORMS];

static FILE *files[NFORMS];

static bool form_write(size_t n, unsigned form, const ProbeSpec *spec)
{
    Sink t;
    Diag diag;
    sink_open(&t, -1);
    bool said = emitter_find(FORMS[form])->emit(&t, spec, &diag);
    bool good = !said || /* this place cannot be read in this form: the message is checked elsewhere */
                (!t.error && fprintf(files[form], "%zu %zu\n", n, t.n) > 0 && fwrite(t.p, 1, t.n, files[form]) == t.n);
    written[form] += said;
    sink_close(&t);
    return good;
}

static bool files_open(const char *folder)
{
    char path[4096];
    for (unsigned form = 0; form < NFORMS; form++) {
        snprintf(path, sizeof path, "%s/%s", folder, FORMS[form]);
        files[form] = fopen(path, "w");
        if (!files[form])
            return false;
    }
    return true;
}

static bool files_close(void)
{
    bool good = true;
    for (unsigned form = 0; form < NFORMS; form++)
        good &= fclose(files[form]) == 0;
    return good;
}

static EnumTable names_for(const Variable *v, Arena *arena)
{
    EnumTable t = {.items = arena_alloc(arena, NAMED, sizeof *t.items)};
    for (size_t i = 0; t.items && i < v->nconstants && i < NAMED; i++)
        t.items[t.n++] = (Enumerator){str_of("NAME_of_it"), variable_constant(v, v->constants[i])};
    return t;
}

static bool variable_write(size_t n, Program *program, const Variable *v, Str path, Arena *arena)
{
    ProbeSpec spec;
    EnumTable names = names_for(v, arena);
    if (v->probe.pc == 0)
        return true;
    if (!spec_of_variable(&spec, program, v, path, &names, arena, NULL))
        return false;
    for (unsigned form = 0; form < NFORMS; form++)
        if (!form_write(n, form, &spec))
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
    size_t wanted = argc == 4 ? (size_t)strtoul(argv[3], NULL, 10) : 0;
    if (wanted == 0 || !input_open(&in, argv[1], &diag) || !program_open(&program, in.bytes, &diag) ||
        !search_run(&result, &program, &query, &arena, NULL, NULL, &diag))
        return fprintf(stderr, "forms: %s\n", diag.what), 2;
    if (!files_open(argv[2]))
        return perror(argv[2]), 2;
    size_t every = result.nvariables / wanted;
    for (size_t i = 0; i < result.nvariables; i += every ? every : 1)
        if (!variable_write(i, &program, &result.variables[i], str_of(argv[1]), &arena))
            return fprintf(stderr, "forms: variable %zu cannot be written\n", i), 2;
    printf("%zu variables", result.nvariables);
    for (unsigned form = 0; form < NFORMS; form++)
        printf(" %s=%u", FORMS[form], written[form]);
    putchar('\n');
    if (!files_close())
        return perror(argv[2]), 2;
    arena_free(&arena);
    program_close(&program);
    input_close(&in);
    return 0;
}
