/* tests/demo/perf_event_printer.c - the demo's program in C, for a machine without a C++ compiler. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum AsyncAction {
    ACTION_exit = 30000,
    ACTION_print,
    ACTION_clear,
    ACTION_zero,
    ACTION_time,
    ACTION_join,
    ACTION_helper_error,
    ACTION_print_non_map,
};

struct Tracer {
    int finalize, maps, errors;
};

static void say(const char *what, int size)
{
    printf("  the program: %s, %d bytes\n", what, size);
    fflush(stdout);
}

__attribute__((noinline)) void perf_event_printer(void *cookie, const void *data, int size)
{
    struct Tracer *tracer = cookie;
    uint64_t *copy = malloc((size_t)size), printf_id;
    if (!copy)
        return;
    memcpy(copy, data, (size_t)size);
    printf_id = *copy;
    if (printf_id == ACTION_exit) {
        say("ends", size);
        tracer->finalize = 1;
    } else if (printf_id == ACTION_print) {
        say("prints a map", size);
        tracer->maps++;
    } else if (printf_id == ACTION_print_non_map) {
        say("prints a value", size);
    } else if (printf_id == ACTION_clear) {
        tracer->maps = 0;
        say("clears the maps", size);
    } else if (printf_id == ACTION_join) {
        say("joins words", size);
    } else if (printf_id == ACTION_helper_error) {
        tracer->errors++;
        say("counts an error", size);
    }
    free(copy);
}

int main(void)
{
    const uint64_t ids[] = {7, 30005, 30007, 30001, 30007, 30000};
    struct Tracer tracer = {0, 0, 0};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        uint64_t event[3] = {ids[i], 0, 0};
        perf_event_printer(&tracer, event, sizeof event);
    }
    return 0;
}
