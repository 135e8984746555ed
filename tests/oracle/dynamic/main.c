/* tests/oracle/dynamic/main.c - runs a program and checks at each instruction what `lvscan --json` claims.
 *
 *   dynamic --json RESULTS [--functions BINARY FILE]... [options] -- COMMAND ARGS
 *
 * Exit status: 0 no violation, 1 violations, 2 usage or could not run. */
#include "tests/oracle/dynamic/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t routines_seen(const Claims *claims, size_t *all)
{
    size_t seen = 0;
    for (size_t i = 0; i < claims->nbinaries; i++) {
        *all += claims->binaries[i]->nroutines;
        for (size_t k = 0; k < claims->binaries[i]->nroutines; k++)
            seen += claims->binaries[i]->routines[k]->activations > 0;
    }
    return seen;
}

/* One line that a script can read, with every total. */
static void totals_print(const Tracer *t, const char *label)
{
    const Totals *s = &t->checker.totals;
    size_t all = 0, seen = routines_seen(&t->claims, &all);
    printf("TOTAL %s checks=%llu violations=%llu functions=%zu/%zu activations=%llu steps=%llu", label,
           (unsigned long long)totals_checks(s), (unsigned long long)totals_violations(s), seen, all,
           (unsigned long long)s->activations, (unsigned long long)s->steps);
    for (int i = 0; i < PROOF_COUNT; i++)
        printf(" %s=%llu/%llu", proof_names[i], (unsigned long long)s->violations[i], (unsigned long long)s->checks[i]);
    printf(" nodef=%llu jumps=%llu/%llu notonce=%llu/%llu noreturn=%llu unreadable=%llu\n",
           (unsigned long long)s->no_def, (unsigned long long)s->bad_jumps, (unsigned long long)s->jumps,
           (unsigned long long)s->not_once, (unsigned long long)s->once, (unsigned long long)s->returns_of_noreturn,
           (unsigned long long)s->unreadable);
}

static int usage(void)
{
    fprintf(stderr, "usage: dynamic --json RESULTS [--functions BINARY FILE]... [--label NAME] [--max-checks N]\n"
                    "               [--max-activations N] [--max-steps N] [--seconds N] [--print N] -- COMMAND ARGS\n");
    return 2;
}

static bool number_option(Tracer *t, const char *name, const char *value)
{
    uint64_t n = strtoull(value, NULL, 10);
    if (strcmp(name, "--max-checks") == 0)
        t->max_checks = n;
    else if (strcmp(name, "--max-activations") == 0)
        t->max_activations = (unsigned)n;
    else if (strcmp(name, "--max-steps") == 0)
        t->max_steps = n;
    else if (strcmp(name, "--seconds") == 0)
        t->seconds = (unsigned)n;
    else if (strcmp(name, "--print") == 0)
        t->checker.totals.print_max = n;
    else
        return false;
    return true;
}

/* The command after "--"; NULL: the options are wrong. */
static char **options_read(Tracer *t, char **argv, const char **label)
{
    for (argv++; *argv && strcmp(*argv, "--") != 0; argv += 2) {
        bool good;
        if (!argv[1])
            return NULL;
        if (strcmp(*argv, "--json") == 0)
            good = claims_load(&t->claims, argv[1]);
        else if (strcmp(*argv, "--functions") == 0)
            good = argv[2] && claims_load_functions(&t->claims, argv[1], argv[2]) && ++argv;
        else if (strcmp(*argv, "--label") == 0)
            good = (*label = argv[1]) != NULL;
        else
            good = number_option(t, *argv, argv[1]);
        if (!good) {
            fprintf(stderr, "dynamic: %s %s: not usable\n", argv[0], argv[1]);
            return NULL;
        }
    }
    return *argv && argv[1] ? argv + 1 : NULL;
}

int main(int argc, char **argv)
{
    (void)argc;
    Tracer *t = must_alloc(1, sizeof *t);
    *t = (Tracer){.max_checks = UINT64_MAX, .max_steps = 5000, .max_activations = 40, .status = -1};
    t->checker.process = &t->process;
    t->checker.totals.print_max = 20;
    const char *label = "program";
    char **command = options_read(t, argv, &label);
    if (!command)
        return usage();
    if (!program_run(t, command)) {
        fprintf(stderr, "dynamic: %s: could not be run to its entry\n", command[0]);
        return 2;
    }
    totals_print(t, label);
    return totals_violations(&t->checker.totals) ? 1 : 0;
}
