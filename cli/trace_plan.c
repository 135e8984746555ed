/* cli/trace_plan.c - see trace_plan.h. */
#include "cli/trace_plan.h"

#include "cli/apart.h"
#include "cli/message.h"
#include "cli/plan_text.h"
#include "cli/trace_check.h"
#include "cli/trace_choose.h"
#include "elf/format.h"

enum { PLAN_BYTES_MAX = 256 << 20 };

typedef struct Chosen {
    Plan *plan;
    const Options *o;
} Chosen;

/* What BINARY, or else the spec, or -p names. */
static int open_file(Plan *plan, const Options *o)
{
    char own[32];
    const char *name = own, *path;
    pid_t pid;
    Diag diag = {0};
    format_text(own, sizeof own, "pid:%ld", (long)o->pid);
    if (o->ninputs)
        name = o->inputs[0];
    else if (o->spec)
        name = arena_copy(&plan->arena, plan->spec.path.p, plan->spec.path.n);
    if (!name)
        return EXIT_INPUT;
    if (!input_resolve(&path, &pid, name, &plan->arena, &diag) || !input_open(&plan->in, path, &diag)) {
        message_about(name, "%s", diag.what);
        return EXIT_INPUT;
    }
    plan->has_input = true;
    if (!plan->pid)
        plan->pid = pid;
    return EXIT_FOUND;
}

/* Done apart, by the process that reads the file. */
static int choose(void *context, Sink *out)
{
    Chosen *c = context;
    int status = plan_choose(c->plan, c->o);
    if (status == EXIT_FOUND)
        plan_write(out, c->plan);
    return status;
}

/* The chosen sites; with --spec its one, as it was read, once the other process found nothing wrong with it. */
static bool take_plan(Plan *plan, const Options *o, Str said, Diag *diag)
{
    if (!plan_read(plan, (Bytes){(const uint8_t *)said.p, said.n}, diag))
        return false;
    if (o->spec) {
        plan->sites = &plan->spec;
        plan->nsites = 1;
    }
    for (size_t i = 0; i < plan->nsites; i++)
        plan->sites[i].path = str_of(plan->in.path);
    return true;
}

/* Whatever the other process says, the probes stand where the file has the bytes of an instruction that bears them. */
static bool sites_hold(const Plan *plan, Diag *diag)
{
    for (size_t i = 0; i < plan->nsites; i++)
        if (!check_bytes(&plan->sites[i], &plan->in, diag) || !check_instruction(plan->sites[i].bytes, diag))
            return false;
    return true;
}

static int choose_apart(Plan *plan, const Options *o)
{
    Sink said;
    Diag diag = {0};
    Chosen chosen = {plan, o};
    sink_open(&said, -1);
    int status = apart_run(choose, &chosen, &said, PLAN_BYTES_MAX, &diag);
    if (status < 0 || (status == EXIT_FOUND && !take_plan(plan, o, sink_view(&said), &diag)))
        status = EXIT_INPUT;
    else if (status == EXIT_FOUND && !sites_hold(plan, &diag))
        status = EXIT_ATTACH;
    if (diag.what[0])
        message_about(plan->in.path, "%s", diag.what);
    sink_close(&said);
    return status;
}

int plan_open(Plan *plan, const Options *o)
{
    Diag diag = {0};
    *plan = (Plan){.pid = o->pid};
    if (o->spec && !spec_read_file(&plan->spec, o->spec, &plan->arena, &diag)) {
        message_about(o->spec, "%s", diag.what);
        return EXIT_INPUT;
    }
    int status = open_file(plan, o);
    return status == EXIT_FOUND ? choose_apart(plan, o) : status;
}

void plan_close(Plan *plan)
{
    if (plan->has_input)
        input_close(&plan->in);
    arena_free(&plan->arena);
}
