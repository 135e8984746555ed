/* cli/trace_plan.c - see trace_plan.h. */
#include "cli/trace_plan.h"

#include "analysis/probe.h"
#include "cli/bpf_code.h"
#include "cli/emit.h"
#include "cli/message.h"
#include "cli/trace_check.h"
#include "elf/format.h"

enum { NEAR_MAX = 4 }; /* instructions from a compare on, where another place is looked for */

static int open_program(Plan *plan, const char *name)
{
    const char *path;
    pid_t pid;
    Diag diag = {0};
    if (!input_resolve(&path, &pid, name, &plan->arena, &diag) || !input_open(&plan->in, path, &diag)) {
        message_about(name, "%s", diag.what);
        return EXIT_INPUT;
    }
    plan->has_input = true;
    if (!plan->pid)
        plan->pid = pid;
    if (!program_open(&plan->program, plan->in.bytes, &diag)) {
        message_about(path, "%s", diag.what);
        return EXIT_INPUT;
    }
    plan->has_program = true;
    return EXIT_FOUND;
}

static int plan_from_spec(Plan *plan, const Options *o)
{
    Diag diag = {0};
    if (!spec_read_file(&plan->spec, o->spec, &plan->arena, &diag)) {
        message_about(o->spec, "%s", diag.what);
        return EXIT_INPUT;
    }
    const char *path = o->ninputs ? o->inputs[0] : arena_copy(&plan->arena, plan->spec.path.p, plan->spec.path.n);
    return path ? open_program(plan, path) : EXIT_INPUT;
}

/* Can the kernel read it there, by a BPF program, the uprobe PMU or a fetch argument? */
static bool readable(const ProbeSpec *spec)
{
    Sink scratch;
    sink_open(&scratch, -1);
    bool good = bpf_code_can(spec, NULL) || spec_regs(spec) || tracefs_fetch(&scratch, spec, NULL);
    sink_close(&scratch);
    return good;
}

static bool take_variable(Plan *plan, const Variable *v)
{
    return spec_of_variable(&plan->spec, &plan->program, v, str_of(plan->in.path), &plan->question.names, &plan->arena,
                            NULL) &&
           readable(&plan->spec) && check_instruction(plan->spec.bytes, NULL);
}

static uint8_t cost_at(Plan *plan, Addr pc)
{
    Insn insn;
    const uint8_t *bytes =
        program_insn(&plan->program, pc, &insn) ? image_read(&plan->program.image, pc, insn.len) : NULL;
    return bytes && uprobe_way(&insn, bytes) == UPROBE_EMULATED ? COST_EMULATED : COST_STEPPED;
}

/* The variable's range at `pc` that can be read, as if the search had put the probe there. */
static bool take_site(Plan *plan, const Variable *v, Addr pc)
{
    for (size_t i = 0; i < v->nranges; i++) {
        const Range *r = &v->ranges[i];
        Variable moved = *v;
        if (pc < r->start || pc >= r->end)
            continue;
        moved.probe = (Probe){pc, r->location, r->proof, cost_at(plan, pc), COVERAGE_MANY};
        if (pc == v->probe.pc)
            moved.probe.coverage = v->probe.coverage;
        if (take_variable(plan, &moved))
            return true;
    }
    return false;
}

/* From each compare to a few instructions on, the first place that can be read, and checked where that is asked for. */
static bool take_near_sites(Plan *plan, const Variable *v, bool verify)
{
    for (size_t i = 0; i < v->nsites; i++) {
        Insn insn;
        Addr pc = v->sites[i].pc;
        for (unsigned n = 0; n < NEAR_MAX && program_insn(&plan->program, pc, &insn); n++, pc += insn.len) {
            if (take_site(plan, v, pc) &&
                (!verify || flag_check_find(&plan->check, &plan->program, v, pc, &plan->spec.location)))
                return true;
            if (insn.flow != FLOW_NEXT)
                break;
        }
    }
    return false;
}

/* The search's own choice; else, as it needs a place that the kernel can read, another one. */
static bool take_any(Plan *plan, const Variable *v, const Options *o)
{
    if (o->has_site)
        return take_site(plan, v, o->site);
    return (v->probe.pc && take_variable(plan, v)) || take_near_sites(plan, v, false);
}

/* With --verify: where what was taken cannot be checked, a place of the same variable that can. */
static void choose_check(Plan *plan, const Variable *v, const Options *o)
{
    ProbeSpec taken = plan->spec;
    if (flag_check_find(&plan->check, &plan->program, v, taken.pc, &taken.location))
        return;
    if (!o->has_site && take_near_sites(plan, v, true))
        return;
    plan->spec = taken;
    message_about(plan->in.path, "nothing to verify at 0x%llx: no compare of the variable makes the flags there",
                  (unsigned long long)taken.pc);
}

/* Is reading at the variable's places better than at the probe that was taken: each value met once, or at less cost? */
static bool places_are_better(const Plan *plan, const Variable *v)
{
    if (v->nplaces == 0 || plan->spec.coverage != COVERAGE_ONCE)
        return v->nplaces > 0;
    for (size_t i = 0; i < v->nplaces; i++)
        if (v->places[i].cost >= plan->spec.cost)
            return false;
    return true;
}

/* All of them, or none. */
static void take_places(Plan *plan, const Variable *v)
{
    ProbeSpec taken = plan->spec;
    ProbeSpec *sites = arena_alloc(&plan->arena, v->nplaces, sizeof *sites);
    size_t n = 0;
    for (; sites && n < v->nplaces; n++) {
        Variable moved = *v;
        moved.probe = v->places[n];
        if (!take_variable(plan, &moved))
            break;
        sites[n] = plan->spec;
    }
    plan->spec = taken;
    if (!sites || n < v->nplaces)
        return;
    plan->spec = sites[0];
    plan->sites = sites;
    plan->nsites = n;
}

/* Of the same function and width, and compared with half of its constants or more: b may be a on another way. */
static bool is_alike(const Variable *a, const Variable *b)
{
    size_t same = 0;
    if (a == b || a->function->start != b->function->start || a->width != b->width)
        return false;
    for (size_t i = 0; i < a->nmatched; i++)
        for (size_t k = 0; k < b->nmatched; k++)
            same += a->matched[i] == b->matched[k];
    return same > 0 && same * 2 >= a->nmatched;
}

static size_t count_alike(const Plan *plan, const Variable *v)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->result.nvariables; i++)
        n += is_alike(v, &plan->result.variables[i]);
    return n;
}

static bool choose(Plan *plan, const Options *o)
{
    for (size_t i = 0; i < plan->result.nvariables; i++) {
        const Variable *v = &plan->result.variables[i];
        if (!take_any(plan, v, o))
            continue;
        if (o->verify)
            choose_check(plan, v, o);
        else if (!o->has_site && places_are_better(plan, v))
            take_places(plan, v);
        plan->nalike = count_alike(plan, v);
        return true;
    }
    return false;
}

/* Why not: what is wrong with where the best variable is compared. */
static void say_unreadable(const Plan *plan)
{
    const Variable *v = &plan->result.variables[0];
    Diag why = {0};
    ProbeSpec at = {.location = v->nsites ? v->sites[0].location : (Location){.kind = LOCATION_NONE}};
    bool known = at.location.kind != LOCATION_NONE && !bpf_code_can(&at, &why);
    message_about(plan->in.path, "no variable found has a place where the kernel can read it%s%s", known ? ": " : "",
                  why.what);
}

static int plan_from_search(Plan *plan, const Options *o)
{
    char own[32];
    Diag diag = {0};
    format_text(own, sizeof own, "pid:%ld", (long)o->pid);
    int status = open_program(plan, o->ninputs ? o->inputs[0] : own);
    if (status == EXIT_FOUND) {
        plan->has_question = true;
        status = question_open(&plan->question, o);
    }
    if (status != EXIT_FOUND)
        return status;
    plan->question.query.limit = o->has_site ? 0 : 50;
    plan->question.query.places = !o->has_site && !o->verify;
    if (!search_run(&plan->result, &plan->program, &plan->question.query, &plan->arena, NULL, NULL, &diag)) {
        message_about(plan->in.path, "%s", diag.what);
        return o->nfunctions ? EXIT_NOTHING : EXIT_INPUT;
    }
    if (choose(plan, o))
        return EXIT_FOUND;
    if (plan->result.nvariables == 0)
        message_about(plan->in.path, "nothing found: no variable is compared with these constants");
    else if (o->has_site)
        message_about(plan->in.path, "no variable found is proved to be readable at 0x%llx",
                      (unsigned long long)o->site);
    else
        say_unreadable(plan);
    return EXIT_NOTHING;
}

int plan_open(Plan *plan, const Options *o)
{
    Diag diag = {0};
    *plan = (Plan){.pid = o->pid};
    int status = o->spec ? plan_from_spec(plan, o) : plan_from_search(plan, o);
    if (status != EXIT_FOUND)
        return status;
    if (plan->nsites == 0) {
        plan->sites = &plan->spec;
        plan->nsites = 1;
    }
    for (size_t i = 0; i < plan->nsites; i++)
        if (!check_file(&plan->sites[i], &plan->program, &diag) || !check_instruction(plan->sites[i].bytes, &diag)) {
            message_about(plan->in.path, "%s", diag.what);
            return EXIT_ATTACH;
        }
    return EXIT_FOUND;
}

void plan_close(Plan *plan)
{
    if (plan->has_question)
        question_close(&plan->question);
    if (plan->has_program)
        program_close(&plan->program);
    if (plan->has_input)
        input_close(&plan->in);
    arena_free(&plan->arena);
}
