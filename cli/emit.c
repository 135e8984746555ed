/* cli/emit.c - the table of forms. */
#include "cli/emit.h"

#include <string.h>

static const Emitter EMITTERS[] = {
    {"perf", emit_perf},
    {"bpftrace", emit_bpftrace},
    {"tracefs", emit_tracefs},
    {"perf-probe", emit_perf_probe},
    {"gdb", emit_gdb},
    {"systemtap", emit_systemtap},
    {"c", emit_c},
};

const Emitter *emitter_find(const char *name)
{
    for (size_t i = 0; i < sizeof EMITTERS / sizeof EMITTERS[0]; i++)
        if (strcmp(EMITTERS[i].name, name) == 0)
            return &EMITTERS[i];
    return NULL;
}
