/* tests/oracle/dynamic/trace.c - see trace.h.
 *
 * How: an int3 at the entry of each function that RESULTS has variables of (or FILE has indirect jumps of) starts an activation. It
 * is single-stepped until rsp rises above its entry value or it jumps out of the function; callees run freely, up to an int3 at
 * the return address that counts only with the same rsp (else it is another activation). longjmp and the unwinder end all
 * activations of the thread, since execution would go on where nobody waits. Children of fork are let go; other threads are
 * followed. */
#include "tests/oracle/dynamic/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t out_of_time;

static void alarm_note(int sig)
{
    (void)sig;
    out_of_time = 1;
}

/* --- threads --- */

static Thread *thread_find(Tracer *t, pid_t tid)
{
    for (unsigned i = 0; i < THREADS_MAX; i++)
        if (t->threads[i].tid == tid)
            return &t->threads[i];
    return NULL;
}

static Thread *thread_get(Tracer *t, pid_t tid)
{
    Thread *h = thread_find(t, tid);
    if (h)
        return h;
    h = thread_find(t, 0);
    if (!h) {
        fprintf(stderr, "dynamic: too many threads\n");
        exit(2);
    }
    *h = (Thread){.tid = tid};
    t->nthreads++;
    return h;
}

/* --- stacks of activations --- */

static void top_push(Thread *h, Activation *a)
{
    a->below = h->top;
    h->top = a;
    h->depth++;
}

static void top_pop(Tracer *t, Thread *h, End end)
{
    Activation *a = h->top;
    h->top = a->below;
    h->depth--;
    if (a->awaiting)
        break_drop(&t->process, a->await_pc);
    activation_end(&t->checker, a, a->awaiting ? END_DROPPED : end);
}

static void tops_drop(Tracer *t, Thread *h)
{
    while (h->top)
        top_pop(t, h, END_DROPPED);
}

/* Is a thread about to step over the breakpoint there, so that it is not in place? */
static bool stepped_over(const Tracer *t, uint64_t pc)
{
    for (unsigned i = 0; i < THREADS_MAX; i++)
        if (t->threads[i].tid && t->threads[i].over == pc)
            return true;
    return false;
}

/* Puts back the breakpoint that the thread stepped over; but another that is about to step over it, too, must not run into it: the last
 * one puts it back. */
static void step_over_done(Tracer *t, Thread *h)
{
    uint64_t over = h->over;
    h->over = 0;
    const Break *b = over && !stepped_over(t, over) ? break_find(&t->process, over) : NULL;
    if (b)
        break_arm(&t->process, b, true);
}

static void thread_gone(Tracer *t, Thread *h)
{
    tops_drop(t, h);
    if (t->status < 0)
        step_over_done(t, h);
    h->tid = 0;
    t->nthreads--;
}

/* Another thread may run over a breakpoint while it is taken out, so who waits there could miss its return: it is given up. */
static void waiters_drop(Tracer *t, const Thread *except, uint64_t pc)
{
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        Thread *h = &t->threads[i];
        bool waits = false;
        for (const Activation *a = h->top; a; a = a->below)
            waits |= a->awaiting && a->await_pc == pc;
        if (h->tid && h != except && waits)
            tops_drop(t, h);
    }
}

/* --- going on --- */

static void thread_resume(Tracer *t, Thread *h, uint64_t pc, int sig)
{
    const Break *b = break_find(&t->process, pc);
    bool step = h->top && !h->top->awaiting;
    h->over = 0;
    if (b && !sig) {
        break_arm(&t->process, b, false);
        h->over = pc;
        step = true;
        if (t->nthreads > 1)
            waiters_drop(t, h, pc);
    }
    h->stepping = step;
    ptrace(step ? PTRACE_SINGLESTEP : PTRACE_CONT, h->tid, NULL, (void *)(intptr_t)sig);
}

/* --- breakpoints at what was analysed --- */

static void forget_plant(void *context, uint64_t address)
{
    uint64_t *bias = context;
    Tracer *t = (Tracer *)(uintptr_t)bias[1];
    Break *b = break_find(&t->process, address + bias[0]);
    if (b && b->forget)
        return;
    b = break_add(&t->process, address + bias[0]);
    if (b)
        b->forget = true;
}

static void file_plant(void *context, const char *path, uint64_t bias)
{
    static const char *const forget[] = {"longjmp",
                                         "_longjmp",
                                         "siglongjmp",
                                         "__longjmp_chk",
                                         "__libc_siglongjmp",
                                         "__libc_longjmp",
                                         "swapcontext",
                                         "setcontext",
                                         "_Unwind_RaiseException",
                                         "_Unwind_Resume",
                                         "_Unwind_ForcedUnwind",
                                         "_Unwind_Resume_or_Rethrow",
                                         NULL};
    Tracer *t = context;
    uint64_t pair[2] = {bias, (uint64_t)(uintptr_t)t};
    file_symbols(path, forget, forget_plant, pair);
    for (size_t i = 0; i < t->claims.nbinaries; i++) {
        Binary *b = t->claims.binaries[i];
        if (b->mapped || strcmp(b->path, path) != 0)
            continue;
        b->mapped = true;
        b->bias = bias;
        for (size_t k = 0; k < b->nroutines; k++) {
            Break *at = break_add(&t->process, b->routines[k]->start + bias);
            if (at)
                at->routine = b->routines[k];
        }
    }
}

static void program_started(Tracer *t)
{
    break_drop(&t->process, t->entry);
    t->entry = 0;
    t->planted = true;
    process_files(&t->process, file_plant, t);
}

static void program_executed(Tracer *t, pid_t pid)
{
    for (unsigned i = 0; i < THREADS_MAX; i++)
        if (t->threads[i].tid && t->threads[i].tid != pid)
            thread_gone(t, &t->threads[i]);
    Thread *h = thread_get(t, pid);
    tops_drop(t, h);
    h->over = 0;
    h->kind = THREAD_PLAIN;
    h->started = true;
    for (size_t i = 0; i < t->claims.nbinaries; i++)
        t->claims.binaries[i]->mapped = false;
    process_open(&t->process, pid);
    t->entry = process_entry(pid);
    break_add(&t->process, t->entry);
}

/* --- where a thread stands --- */

static bool mine(const Activation *a, uint64_t pc, Stop **stop)
{
    *stop = routine_stop(a->routine, pc - a->routine->binary->bias);
    return *stop != NULL;
}

/* The instruction before was a call, and execution stands at the callee: wait for its return. */
static void call_follow(Tracer *t, Thread *h, const Machine *m)
{
    Activation *a = h->top;
    uint64_t to;
    if (!process_read(&t->process, m->regs.rsp, &to, sizeof to) || !break_add(&t->process, to)) {
        top_pop(t, h, END_DROPPED);
        return;
    }
    a->awaiting = true;
    a->interrupted = false;
    a->await_pc = to;
    a->await_sp = m->regs.rsp + 8;
    if (stepped_over(t, to)) /* its return could be missed */
        top_pop(t, h, END_DROPPED);
}

/* The activation that waits for this pc and rsp may be on another thread's stack (goroutines move). */
static void waiter_fetch(Tracer *t, Thread *h, const Machine *m)
{
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        Thread *from = &t->threads[i];
        if (!from->tid || from == h || from->kind != THREAD_PLAIN)
            continue;
        for (Activation **link = &from->top; *link; link = &(*link)->below) {
            Activation *a = *link;
            if (!a->awaiting || a->await_pc != m->regs.rip || a->await_sp != m->regs.rsp)
                continue;
            *link = a->below;
            from->depth--;
            top_push(h, a);
            return;
        }
    }
}

/* Execution stands at pc in the activation at the top, or has just left it. */
static void top_arrive(Tracer *t, Thread *h, Machine *m)
{
    Activation *a = h->top;
    uint64_t pc = m->regs.rip;
    Stop *stop;
    if (!mine(a, pc, &stop)) {
        activation_leave(&t->checker, a, pc - a->routine->binary->bias);
        top_pop(t, h, END_LEFT);
        return;
    }
    stop_decode(&t->process, stop, pc);
    activation_arrive(&t->checker, a, m, stop, pc - a->routine->binary->bias);
    if (a->steps > t->max_steps)
        top_pop(t, h, END_DROPPED);
}

/* The awaited place was reached. */
static void top_continue(Tracer *t, Thread *h, Machine *m)
{
    Activation *a = h->top;
    a->awaiting = false;
    break_drop(&t->process, a->await_pc);
    if (!a->interrupted)
        top_arrive(t, h, m);
}

/* Enough activations were seen, and none is left that a missed entry could leave behind. */
static void entry_retire(Tracer *t, uint64_t pc)
{
    Break *b = break_find(&t->process, pc);
    b->routine = NULL;
    break_drop(&t->process, pc);
}

/* Execution stands at the entry of a function that was analysed. */
static void entry_arrive(Tracer *t, Thread *h, Machine *m, Routine *r)
{
    while (h->top && h->top->entry_sp <= m->regs.rsp)
        top_pop(t, h, END_DROPPED);
    if (r->activations >= t->max_activations) {
        if (r->live == 0)
            entry_retire(t, m->regs.rip);
        return;
    }
    if (h->depth >= DEPTH_MAX)
        return;
    top_push(h, activation_new(&t->checker, r, m));
    top_arrive(t, h, m);
}

static void thread_settle(Tracer *t, Thread *h, Machine *m)
{
    bool stepped = h->top && !h->top->awaiting;
    while (h->top && m->regs.rsp > h->top->entry_sp) {
        top_pop(t, h, stepped ? END_RETURNED : END_DROPPED);
        stepped = false;
    }
    if (stepped && h->top->prev && h->top->prev->call)
        call_follow(t, h, m);
    else if (stepped)
        top_arrive(t, h, m);
    if (!h->top || h->top->awaiting) {
        const Break *b = break_find(&t->process, m->regs.rip);
        bool here = h->top && h->top->await_pc == m->regs.rip && h->top->await_sp == m->regs.rsp;
        if (!here && b && t->nthreads > 1)
            waiter_fetch(t, h, m);
        if (h->top && h->top->awaiting && h->top->await_pc == m->regs.rip && h->top->await_sp == m->regs.rsp)
            top_continue(t, h, m);
    }
    const Break *b = h->top && !h->top->awaiting ? NULL : break_find(&t->process, m->regs.rip);
    if (b && b->routine)
        entry_arrive(t, h, m, b->routine);
    b = break_find(&t->process, m->regs.rip);
    if (b && b->forget)
        tops_drop(t, h);
}

/* --- stops --- */

/* Whether the SIGTRAP is of an int3 of ours at pc; it may have been taken out while the thread was about to report it. */
static bool int3_ran(const Tracer *t, const Thread *h, uint64_t pc)
{
    siginfo_t info = {0};
    uint8_t byte = 0;
    if (ptrace(PTRACE_GETSIGINFO, h->tid, NULL, &info) != 0 || info.si_code <= 0)
        return false;
    if (break_find(&t->process, pc))
        return true;
    return process_read(&t->process, pc, &byte, 1) && byte != 0xcc;
}

/* Whether a thread that was to make a step ran into an int3 instead that was put there meanwhile, for another thread. */
static bool step_failed(const Tracer *t, const Thread *h, uint64_t pc)
{
    siginfo_t info = {0};
    return h->stepping && t->nthreads > 1 && ptrace(PTRACE_GETSIGINFO, h->tid, NULL, &info) == 0 &&
           info.si_code == SI_KERNEL && int3_ran(t, h, pc);
}

/* SIGTRAP that may be ours. False: it is the program's own. */
static bool trap_handle(Tracer *t, Thread *h)
{
    Machine m;
    if (!machine_read(&m, h->tid))
        return true;
    bool stepped = h->stepping;
    step_over_done(t, h);
    if (step_failed(t, h, m.regs.rip - 1)) {
        m.regs.rip--;
        ptrace(PTRACE_SETREGS, h->tid, NULL, &m.regs);
        thread_resume(t, h, m.regs.rip, 0);
        return true;
    }
    if (!stepped) {
        if (!int3_ran(t, h, m.regs.rip - 1))
            return false;
        m.regs.rip--;
        ptrace(PTRACE_SETREGS, h->tid, NULL, &m.regs);
    }
    if (h->kind == THREAD_PLAIN) {
        if (t->entry && m.regs.rip == t->entry)
            program_started(t);
        thread_settle(t, h, &m);
    }
    thread_resume(t, h, m.regs.rip, 0);
    return true;
}

/* Whether the program has a handler for sig. */
static bool signal_caught(pid_t tid, int sig)
{
    char path[64], line[256];
    unsigned long long mask = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "SigCgt:", 7) == 0)
            mask = strtoull(line + 7, NULL, 16);
    if (f)
        fclose(f);
    return mask >> (sig - 1) & 1;
}

/* A handler runs like a callee: the activation waits for it to come back to the same place. */
static void signal_handle(Tracer *t, Thread *h, int sig)
{
    Machine m;
    if (!machine_read(&m, h->tid))
        return;
    step_over_done(t, h);
    Activation *a = h->top;
    if (a && !a->awaiting && signal_caught(h->tid, sig) && break_add(&t->process, m.regs.rip)) {
        a->awaiting = a->interrupted = true;
        a->await_pc = m.regs.rip;
        a->await_sp = m.regs.rsp;
    }
    thread_resume(t, h, m.regs.rip, sig);
}

/* A new thread or child stands at its first stop, and it is known what it is. */
static void thread_start(Tracer *t, Thread *h)
{
    h->started = true;
    if (h->kind != THREAD_FORKED) {
        ptrace(PTRACE_CONT, h->tid, NULL, NULL);
        return;
    }
    breaks_erase(&t->process, h->tid);
    ptrace(PTRACE_DETACH, h->tid, NULL, NULL);
    thread_gone(t, h);
}

static void child_handle(Tracer *t, pid_t tid, ThreadKind kind)
{
    Thread *child = thread_get(t, tid);
    child->kind = kind;
    if (child->waiting)
        thread_start(t, child);
}

static void exec_handle(Tracer *t, Thread *h)
{
    if (h->kind == THREAD_VFORKED) {
        ptrace(PTRACE_DETACH, h->tid, NULL, NULL);
        thread_gone(t, h);
        return;
    }
    program_executed(t, t->process.pid);
    ptrace(PTRACE_CONT, t->process.pid, NULL, NULL);
}

static void event_handle(Tracer *t, Thread *h, int event)
{
    unsigned long child = 0;
    ptrace(PTRACE_GETEVENTMSG, h->tid, NULL, &child);
    if (event == PTRACE_EVENT_EXEC) {
        exec_handle(t, h);
        return;
    }
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_VFORK)
        child_handle(t, (pid_t)child,
                     event == PTRACE_EVENT_FORK    ? THREAD_FORKED
                     : event == PTRACE_EVENT_VFORK ? THREAD_VFORKED
                     : h->kind == THREAD_VFORKED   ? THREAD_VFORKED
                                                   : THREAD_PLAIN);
    /* The event comes in the middle of an instruction, so go on as before. */
    ptrace(h->stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, h->tid, NULL, NULL);
}

static void stop_handle(Tracer *t, pid_t tid, int status)
{
    Thread *h = thread_get(t, tid);
    int sig = WSTOPSIG(status), event = status >> 16;
    if (!h->started) {
        h->waiting = true;
        if (h->kind != THREAD_NEW)
            thread_start(t, h);
    } else if (event) {
        event_handle(t, h, event);
    } else if (sig != SIGTRAP || !trap_handle(t, h)) {
        signal_handle(t, h, sig);
    }
}

static void program_trace(Tracer *t)
{
    while (t->status < 0 && !out_of_time && totals_checks(&t->checker.totals) < t->max_checks) {
        int status;
        pid_t tid = waitpid(-1, &status, __WALL);
        if (tid < 0 && errno == EINTR)
            continue;
        if (tid < 0)
            break;
        if (WIFSTOPPED(status)) {
            stop_handle(t, tid, status);
            continue;
        }
        if (tid == t->process.pid)
            t->status = status;
        Thread *h = thread_find(t, tid);
        if (h)
            thread_gone(t, h);
    }
}

bool program_run(Tracer *t, char **argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR); /* its output is nobody's concern here */
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        setpgid(0, 0);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execvp(argv[0], argv);
        _exit(127);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return false;
    ptrace(PTRACE_SETOPTIONS, pid, NULL,
           (void *)(intptr_t)(PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
                              PTRACE_O_EXITKILL));
    program_executed(t, pid);
    ptrace(PTRACE_CONT, pid, NULL, NULL);
    struct sigaction act = {.sa_handler = alarm_note};
    sigaction(SIGALRM, &act, NULL);
    if (t->seconds)
        alarm(t->seconds);
    program_trace(t);
    kill(-pid, SIGKILL);
    return t->planted;
}
