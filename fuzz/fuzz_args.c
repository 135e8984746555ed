/* fuzz/fuzz_args.c - any bytes, cut at NULs, as a command line. */
#include "cli/emit.h"
#include "cli/options.h"
#include "fuzz/require.h"

#include <string.h>

enum { ARGS_MAX = 64 };

static void check(const Options *o)
{
    require(o->command <= COMMAND_CHECK);
    for (size_t i = 1; i < o->constants.n; i++)
        require(o->constants.items[i - 1] < o->constants.items[i]);
    for (size_t i = 0; i < o->nfunctions; i++)
        require(o->functions[i].p);
    for (size_t i = 0; i < o->ninputs; i++)
        require(o->inputs[i]);
    require(!o->emit || emitter_find(o->emit));
    Sink t;
    sink_open(&t, -1);
    options_help(&t, o->command);
    require(sink_view(&t).n > 0);
    sink_close(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[ARGS_MAX + 2] = {NULL};
    static char program[] = "lvscan";
    char *text = malloc(size + 1);
    int argc = 1;
    require(text);
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    argv[0] = program;
    for (size_t i = 0; i < size && argc <= ARGS_MAX; i += strlen(text + i) + 1)
        argv[argc++] = text + i;
    Options options;
    Diag diag = {0};
    if (options_parse(&options, argc, argv, &diag))
        check(&options);
    else
        require(diag.what[0]);
    arena_free(&options.arena);
    free(text);
    return 0;
}
