/* cli/trace.c - the walk: what to read (plan), hold the COMMAND, attach, let it run, read, take away, summarise. */
#include "cli/command.h"
#include "cli/emit.h"
#include "cli/escape.h"
#include "cli/message.h"
#include "cli/record.h"
#include "cli/result_text.h"
#include "cli/signals.h"
#include "cli/trace_check.h"
#include "cli/trace_plan.h"
#include "cli/trace_run.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What the kernel does at a hit there. */
static void add_treatment(Sink *t, const ProbeSpec *s)
{
    sink_format(t, "; %s by the kernel%s", cost_name(s->cost),
                s->cost == COST_STEPPED ? " (leaves an [uprobes] mapping in the target)" : "");
}

static uint8_t weakest_proof(const Plan *plan)
{
    uint8_t proof = 0;
    for (size_t i = 0; i < plan->nsites; i++)
        proof = plan->sites[i].proof > proof ? plan->sites[i].proof : proof;
    return proof;
}

/* Says on standard error what is read, where, and what it costs. */
static void announce(const Options *o, const Plan *plan, const Attachment *a)
{
    static const char *const passed[] = {"each value is met once", "some values are not met",
                                         "one value may be met many times"};
    const ProbeSpec *s = plan->sites;
    Sink t;
    if (o->quiet)
        return;
    sink_open(&t, STDERR_FILENO);
    sink_add(&t, "lvscan: reading ");
    location_text(&t, &s->location);
    sink_format(&t, " (%u bits) at 0x%llx, ", s->location.bits, (unsigned long long)s->pc);
    if (s->function.p)
        escape_terminal(&t, s->function);
    else
        sink_format(&t, "function 0x%llx", (unsigned long long)s->function_start);
    sink_format(&t, "%+lld, of ", (long long)(s->pc - s->function_start));
    escape_terminal(&t, str_of(plan->in.path));
    add_treatment(&t, s);
    for (size_t i = 1; i < plan->nsites; i++) {
        const ProbeSpec *more = &plan->sites[i];
        sink_add(&t, ",\n  and ");
        location_text(&t, &more->location);
        sink_format(&t, " at 0x%llx", (unsigned long long)more->pc);
        add_treatment(&t, more);
    }
    sink_format(&t, "; %s; rests on %s\n", passed[s->coverage <= COVERAGE_MANY ? s->coverage : COVERAGE_MANY],
                proof_words(weakest_proof(plan)));
    if (plan->nalike)
        sink_format(
            &t,
            "lvscan: %zu more in this function %s compared with the same constants and not read: another variable, or "
            "this one on a way that the compiler duplicated\n",
            plan->nalike, plan->nalike == 1 ? "is" : "are");
    static const char *const ways[] = {"a BPF program", "perf samples", "an event in tracefs"};
    if (o->verbose)
        sink_format(&t, "lvscan: read by %s%s%s\n", ways[a->way], a->why[0] ? "; not by a BPF program: " : "", a->why);
    sink_close(&t);
}

static int attach_failed(const Plan *plan, const Diag *diag)
{
    message_about(plan->in.path, "%s", diag->what);
    return EXIT_ATTACH;
}

/* -p's process is watched for its end. Kernels before 5.3 have no pidfd: then Ctrl-C ends the trace. */
static int target_open(pid_t pid) { return pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1; }

static int status_of(const Trace *t, TraceEnd end)
{
    if (end == END_OUTPUT)
        return EXIT_INPUT;
    if (end == END_RATE)
        message("more than %llu hits in a second: detached (--max-rate)", (unsigned long long)t->o->max_rate);
    bool missed = t->o->children && t->attachment->tasks.missed;
    if (missed)
        message("not all forks were seen: hits of children may be missing");
    if (t->summary.lost || t->summary.contradictions || missed)
        return EXIT_LOST;
    return t->summary.hits > 0 || end == END_USER || (end == END_LIMIT && !t->o->max_hits) ? EXIT_FOUND : EXIT_NOTHING;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* With the probe in place: let the COMMAND go, read until the end, take the probe away, print what remains. */
static int trace_attached(Trace *t, const Plan *plan)
{
    Diag diag = {0};
    announce(t->o, plan, t->attachment);
    t->printer->start_ns = now_ns();
    if (t->child->pid && !spawn_release(t->child, t->o->child[0], &diag)) {
        message("%s", diag.what);
        return EXIT_ATTACH;
    }
    TraceEnd end = trace_run(t);
    attachment_close(t->attachment);
    if (t->o->count)
        print_counts(t->printer);
    print_summary(t->printer, &t->summary);
    if (!t->o->quiet)
        spawn_report(t->child, t->o->child ? t->o->child[0] : "");
    return status_of(t, end);
}

/* The kernel counts by value where nothing is asked that must be known hit by hit. */
static AttachRequest request_of(const Options *o, const Plan *plan, const Trace *t, pid_t pid)
{
    return (AttachRequest){.sites = plan->sites,
                           .nsites = plan->nsites,
                           .fd = plan->in.fd,
                           .filter = &t->filter,
                           .only = o->children ? 0 : (uint32_t)pid,
                           .stack = o->stack,
                           .flags = plan->check.compare != 0,
                           .count = o->count && !o->children && !o->verify && !o->max_hits && !o->max_rate,
                           .names = !o->count || o->children};
}

static int trace_plan(const Options *o, Sink *out, Plan *plan)
{
    Attachment attachment = {0};
    Processes processes = {0};
    Spawned child = {.gate = -1, .report = -1};
    Printer printer = {.out = out, .o = o, .spec = plan->sites, .sites = plan->sites, .color = color_wanted(o)};
    printer.live = o->count && !o->json && isatty(STDOUT_FILENO);
    Trace t = {.o = o,
               .spec = plan->sites,
               .check = &plan->check,
               .attachment = &attachment,
               .processes = &processes,
               .printer = &printer,
               .child = &child,
               .signals = -1,
               .target = -1,
               .filter = {.is_unsigned = plan->sites->sign == SIGN_UNSIGNED}};
    Diag diag = {0};
    if (o->filter && !filter_parse(&t.filter, o->filter, &plan->sites->names, &diag)) {
        message("%s", diag.what);
        return EXIT_USAGE;
    }
    pid_t pid = o->all || o->child ? 0 : plan->pid;
    for (size_t i = 0; pid && i < plan->nsites; i++)
        if (!check_process(&plan->sites[i], &plan->in, pid, &diag))
            return attach_failed(plan, &diag);
    if (is_own_program(&plan->in))
        return attach_failed(plan, (diag_set(&diag, 0, "is lvscan itself: tracing it would trace the tracing"), &diag));
    if (!record_write(o, out, &plan->in, plan->build_id, plan->sites, plan->nsites, &diag))
        return attach_failed(plan, &diag);
    t.signals = signals_open();
    if (o->child && !spawn_held(&child, o->child, o->json, &diag))
        return attach_failed(plan, &diag);
    t.target = target_open(pid);
    int status = EXIT_ATTACH;
    pid_t root = o->child ? child.pid : pid;
    AttachRequest request = request_of(o, plan, &t, root);
    if (attachment_open(&attachment, &request, &diag)) {
        processes_open(&processes, root, o->children); /* now that forks are recorded: none is between */
        status = trace_attached(&t, plan);
    } else {
        attach_failed(plan, &diag);
    }
    attachment_close(&attachment);
    spawn_close(&child);
    processes_close(&processes);
    u64map_free(&printer.counts);
    if (t.target >= 0)
        close(t.target);
    close(t.signals);
    return status;
}

int command_trace(const Options *o, Sink *out)
{
    Plan plan;
    int status = plan_open(&plan, o);
    if (status == EXIT_FOUND)
        status = trace_plan(o, out, &plan);
    plan_close(&plan);
    return status;
}
