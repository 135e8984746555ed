/* cli/trace_choose.c - see trace_choose.h. */
#include "cli/trace_choose.h"

#include "analysis/probe.h"
#include "cli/bpf_code.h"
#include "cli/confine.h"
#include "cli/emit.h"
#include "cli/message.h"
#include "cli/plan_text.h"
#include "cli/query.h"
#include "cli/trace_check.h"

enum { NEAR_MAX = 4 }; /* instructions from a compare on, where another place is looked for */

typedef struct Chooser {
    Plan *plan;
    const Options *o;
    Program program;
    Question question;
    SearchResult result;
    ProbeSpec spec; /* taken last */
} Chooser;

/* Can the kernel read it there, by a BPF program, the uprobe PMU or a fetch argument? */
static bool readable(const ProbeSpec *spec)
{
    Sink scratch;
    sink_open(&scratch, -1);
    bool good = bpf_code_can(spec, NULL) || spec_regs(spec) || tracefs_fetch(&scratch, spec, NULL);
    sink_close(&scratch);
    return good;
}

static bool take_variable(Chooser *c, const Variable *v)
{
    return spec_of_variable(&c->spec, &c->program, v, str_of(c->plan->in.path), &c->question.names, &c->plan->arena,
                            NULL) &&
           readable(&c->spec) && check_instruction(c->spec.bytes, NULL);
}

static uint8_t cost_at(Chooser *c, Addr pc)
{
    Insn insn;
    const uint8_t *bytes = program_insn(&c->program, pc, &insn) ? image_read(&c->program.image, pc, insn.len) : NULL;
    return bytes && uprobe_way(&insn, bytes) == UPROBE_EMULATED ? COST_EMULATED : COST_STEPPED;
}

/* The variable's range at `pc` that can be read, as if the search had put the probe there. */
static bool take_site(Chooser *c, const Variable *v, Addr pc)
{
    for (size_t i = 0; i < v->nranges; i++) {
        const Range *r = &v->ranges[i];
        Variable moved = *v;
        if (pc < r->start || pc >= r->end)
            continue;
        moved.probe = (Probe){pc, r->location, r->proof, cost_at(c, pc), COVERAGE_MANY};
        if (pc == v->probe.pc)
            moved.probe.coverage = v->probe.coverage;
        if (take_variable(c, &moved))
            return true;
    }
    return false;
}

/* From each compare to a few instructions on, the first place that can be read, and checked where that is asked for. */
static bool take_near_sites(Chooser *c, const Variable *v, bool verify)
{
    for (size_t i = 0; i < v->nsites; i++) {
        Insn insn;
        Addr pc = v->sites[i].pc;
        for (unsigned n = 0; n < NEAR_MAX && program_insn(&c->program, pc, &insn); n++, pc += insn.len) {
            if (take_site(c, v, pc) &&
                (!verify || flag_check_find(&c->plan->check, &c->program, v, pc, &c->spec.location)))
                return true;
            if (insn.flow != FLOW_NEXT)
                break;
        }
    }
    return false;
}

/* The search's own choice; else, as it needs a place that the kernel can read, another one. */
static bool take_any(Chooser *c, const Variable *v)
{
    if (c->o->has_site)
        return take_site(c, v, c->o->site);
    return (v->probe.pc && take_variable(c, v)) || take_near_sites(c, v, false);
}

/* With --verify: where what was taken cannot be checked, a place of the same variable that can. */
static void choose_check(Chooser *c, const Variable *v)
{
    ProbeSpec taken = c->spec;
    if (flag_check_find(&c->plan->check, &c->program, v, taken.pc, &taken.location))
        return;
    if (!c->o->has_site && take_near_sites(c, v, true))
        return;
    c->spec = taken;
    message_about(c->plan->in.path, "nothing to verify at 0x%llx: no compare of the variable makes the flags there",
                  (unsigned long long)taken.pc);
}

/* Is reading at the variable's places better than at the probe that was taken: each value met once, or at less cost? */
static bool places_are_better(const Chooser *c, const Variable *v)
{
    if (v->nplaces == 0 || c->spec.coverage != COVERAGE_ONCE)
        return v->nplaces > 0;
    for (size_t i = 0; i < v->nplaces; i++)
        if (v->places[i].cost >= c->spec.cost)
            return false;
    return true;
}

/* All of them, or none. */
static void take_places(Chooser *c, const Variable *v)
{
    ProbeSpec taken = c->spec;
    ProbeSpec *sites = arena_alloc(&c->plan->arena, v->nplaces, sizeof *sites);
    size_t n = 0;
    for (; sites && n < v->nplaces && n < PLAN_SITES_MAX; n++) {
        Variable moved = *v;
        moved.probe = v->places[n];
        if (!take_variable(c, &moved))
            break;
        sites[n] = c->spec;
    }
    c->spec = taken;
    if (!sites || n < v->nplaces)
        return;
    c->plan->sites = sites;
    c->plan->nsites = n;
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

static size_t count_alike(const Chooser *c, const Variable *v)
{
    size_t n = 0;
    for (size_t i = 0; i < c->result.nvariables; i++)
        n += is_alike(v, &c->result.variables[i]);
    return n;
}

static bool choose(Chooser *c)
{
    for (size_t i = 0; i < c->result.nvariables; i++) {
        const Variable *v = &c->result.variables[i];
        if (!take_any(c, v))
            continue;
        if (c->o->verify)
            choose_check(c, v);
        else if (!c->o->has_site && places_are_better(c, v))
            take_places(c, v);
        c->plan->nalike = count_alike(c, v);
        return true;
    }
    return false;
}

/* Why not: what is wrong with where the best variable is compared. */
static void say_unreadable(const Chooser *c)
{
    const Variable *v = &c->result.variables[0];
    Diag why = {0};
    ProbeSpec at = {.location = v->nsites ? v->sites[0].location : (Location){.kind = LOCATION_NONE}};
    bool known = at.location.kind != LOCATION_NONE && !bpf_code_can(&at, &why);
    message_about(c->plan->in.path, "no variable found has a place where the kernel can read it%s%s", known ? ": " : "",
                  why.what);
}

static void say_nothing(const Chooser *c)
{
    if (c->result.nvariables == 0)
        message_about(c->plan->in.path, "nothing found: no variable is compared with these constants");
    else if (c->o->has_site)
        message_about(c->plan->in.path, "no variable found is proved to be readable at 0x%llx",
                      (unsigned long long)c->o->site);
    else
        say_unreadable(c);
}

static int choose_by_search(Chooser *c)
{
    Diag diag = {0};
    c->question.query.limit = c->o->has_site ? 0 : 50;
    c->question.query.places = !c->o->has_site && !c->o->verify;
    if (!search_run(&c->result, &c->program, &c->question.query, &c->plan->arena, NULL, NULL, &diag)) {
        message_about(c->plan->in.path, "%s", diag.what);
        return c->o->nfunctions ? EXIT_NOTHING : EXIT_INPUT;
    }
    if (choose(c))
        return EXIT_FOUND;
    say_nothing(c);
    return EXIT_NOTHING;
}

/* One site, where no more were taken, and each right for this file. */
static int finish(Chooser *c)
{
    Plan *plan = c->plan;
    Diag diag = {0};
    if (plan->nsites == 0) {
        plan->sites = &c->spec;
        plan->nsites = 1;
    }
    plan->build_id = c->program.image.build_id;
    for (size_t i = 0; i < plan->nsites; i++)
        if (!check_file(&plan->sites[i], &c->program, &diag) || !check_instruction(plan->sites[i].bytes, &diag)) {
            message_about(plan->in.path, "%s", diag.what);
            return EXIT_ATTACH;
        }
    return EXIT_FOUND;
}

/* An enum's source is read while files can be opened; the program when none can be. */
int plan_choose(Plan *plan, const Options *o)
{
    Diag diag = {0};
    Chooser *c = arena_alloc(&plan->arena, 1, sizeof *c);
    if (!c) {
        message("out of memory");
        return EXIT_INPUT;
    }
    *c = (Chooser){.plan = plan, .o = o, .spec = plan->spec};
    confine(o, SANDBOX_READ);
    int status = o->spec ? EXIT_FOUND : question_open(&c->question, o);
    if (status != EXIT_FOUND)
        return status;
    confine(o, SANDBOX_STRICT);
    if (!program_open(&c->program, plan->in.bytes, &diag)) {
        message_about(plan->in.path, "%s", diag.what);
        return EXIT_INPUT;
    }
    status = o->spec ? EXIT_FOUND : choose_by_search(c);
    return status == EXIT_FOUND ? finish(c) : status;
}
