/* cli/query.c - see query.h. */
#include "cli/query.h"

#include "cli/input.h"
#include "cli/message.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    return n < 1 ? 1 : (unsigned)n;
}

/* FILE or FILE:NAME: the longest way to read it as a file that exists wins. */
static bool enum_split(const char *argument, Arena *arena, const char **file, Str *name)
{
    *file = argument;
    *name = (Str){0};
    if (access(argument, F_OK) == 0)
        return true;
    for (const char *colon = strchr(argument, ':'); colon; colon = strchr(colon + 1, ':')) {
        char *head = arena_copy(arena, argument, (size_t)(colon - argument));
        if (!head)
            return false;
        if (colon > argument && access(head, F_OK) == 0) {
            *file = head;
            *name = str_of(colon + 1);
            return true;
        }
    }
    return true;
}

static bool constants_from_names(Question *q)
{
    int64_t *items = arena_alloc(&q->arena, q->names.n, sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < q->names.n; i++)
        items[i] = q->names.items[i].value;
    q->query.nconstants = constants_sort(items, q->names.n);
    q->query.constants = items;
    return true;
}

static int enum_open(Question *q, const Options *o)
{
    const char *file;
    Str name;
    Input in;
    Diag diag = {0};
    EnumError error = {0};
    if (!enum_split(o->enum_file, &q->arena, &file, &name)) {
        message("out of memory");
        return EXIT_INPUT;
    }
    if (!input_open(&in, file, &diag)) {
        message_about(file, "%s", diag.what);
        return EXIT_INPUT;
    }
    close(in.fd);
    q->enum_bytes = in.bytes;
    bool good = enum_read(&q->names, in.bytes, name, &q->arena, &error);
    if (error.what[0] && (!good || !o->quiet)) {
        if (error.line)
            message("%s:%u:%u: %s", file, (unsigned)error.line, (unsigned)error.column, error.what);
        else
            message("%s: %s", file, error.what);
    }
    if (!good)
        return EXIT_INPUT;
    if (query_asks(&q->query) == 0 && !constants_from_names(q)) {
        message("out of memory");
        return EXIT_INPUT;
    }
    return EXIT_FOUND;
}

int question_open(Question *q, const Options *o)
{
    *q = (Question){.query = {.constants = o->constants.items,
                              .nconstants = o->constants.n,
                              .reals = o->constants.reals,
                              .nreals = o->constants.nreals,
                              .functions = o->functions,
                              .nfunctions = o->nfunctions,
                              .limit = o->limit,
                              .weakest = o->weakest,
                              .jobs = o->jobs ? o->jobs : processors(),
                              .whole = o->whole}};
    return o->enum_file ? enum_open(q, o) : EXIT_FOUND;
}

void question_close(Question *q)
{
    if (q->enum_bytes.p)
        munmap((void *)(uintptr_t)q->enum_bytes.p, q->enum_bytes.n);
    arena_free(&q->arena);
}
