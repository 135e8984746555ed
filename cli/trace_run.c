/* cli/trace_run.c - see trace_run.h.
 *
 * A round: read hits from all rings into a batch; then the records of forks and names, which the kernel wrote before the
 * hits of the processes that they are about; then print the batch in order of time. */
#include "cli/trace_run.h"

#include "cli/message.h"
#include "cli/signals.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH_MAX = 1 << 15, WAIT_MS = 100 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void read_hits(Trace *t)
{
    Attachment *a = t->attachment;
    t->nhits = 0;
    while (t->nhits < BATCH_MAX &&
           attachment_next(a, &t->hits[t->nhits], t->chains ? t->chains + t->nhits * CHAIN_MAX : NULL))
        t->nhits++;
    attachment_done(a);
}

/* What the kernel counted for us. */
static void read_counts(Trace *t)
{
    uint64_t hits;
    attachment_counts(t->attachment, &t->printer->counts, &hits);
    t->summary.hits += hits;
}

static int hit_order(const void *a, const void *b)
{
    const Hit *x = a, *y = b;
    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static void sort_hits(Trace *t)
{
    for (size_t i = 1; i < t->nhits; i++)
        if (t->hits[i].time_ns < t->hits[i - 1].time_ns) {
            qsort(t->hits, t->nhits, sizeof *t->hits, hit_order);
            return;
        }
}

/* Counts a hit whose flags say another thing than its value. */
static void verify_hit(Trace *t, const Hit *hit)
{
    if (!t->check->compare || !hit->readable)
        return;
    t->summary.checked++;
    t->summary.contradictions += !flag_check_holds(t->check, (uint64_t)hit->value, hit->flags);
}

static bool too_fast(Trace *t, const Hit *hit)
{
    bool same = t->rate_hits && hit->time_ns - t->rate_start < 1000000000;
    t->rate_hits = same ? t->rate_hits + 1 : 1;
    t->rate_start = same ? t->rate_start : hit->time_ns;
    return t->o->max_rate && t->rate_hits > t->o->max_rate;
}

/* Prints what is wanted of the batch. */
static TraceEnd show_hits(Trace *t)
{
    sort_hits(t);
    for (size_t i = 0; i < t->nhits; i++) {
        const Hit *hit = &t->hits[i];
        if (!processes_wanted(t->processes, hit->pid) || !filter_pass(&t->filter, hit->value, hit->pid, hit->tid))
            continue;
        t->summary.hits++;
        t->summary.unreadable += !hit->readable;
        verify_hit(t, hit);
        if (t->o->count)
            count_hit(t->printer, hit);
        else
            print_hit(t->printer, hit, processes_comm(t->processes, hit->pid, hit->tid));
        if (t->o->max_hits && t->summary.hits >= t->o->max_hits)
            return END_LIMIT;
        if (too_fast(t, hit))
            return END_RATE;
    }
    return t->printer->out->error ? END_OUTPUT : END_NOT;
}

/* One round; *more: the batch was full. */
static TraceEnd round_once(Trace *t, bool *more)
{
    read_hits(t);
    task_watch_read(&t->attachment->tasks, t->processes);
    *more = t->nhits == BATCH_MAX;
    return show_hits(t);
}

static TraceEnd check_end(Trace *t, const struct pollfd *target)
{
    if (signals_asked_end(t->signals))
        return END_USER;
    if ((t->child->pid && spawn_ended(t->child)) || (t->target >= 0 && target->revents))
        return END_TARGET;
    if (t->o->duration_ns && now_ns() - t->printer->start_ns >= t->o->duration_ns)
        return END_LIMIT;
    return END_NOT;
}

static int wait_ms(const Trace *t)
{
    uint64_t ran = now_ns() - t->printer->start_ns;
    if (t->o->duration_ns && t->o->duration_ns > ran && t->o->duration_ns - ran < (uint64_t)WAIT_MS * 1000000)
        return (int)((t->o->duration_ns - ran) / 1000000) + 1;
    return WAIT_MS;
}

static TraceEnd loop(Trace *t, struct pollfd *fds, size_t n)
{
    TraceEnd end = END_NOT;
    while (end == END_NOT) {
        bool more = true;
        if (poll(fds, n, wait_ms(t)) < 0 && errno != EINTR)
            return END_OUTPUT;
        TraceEnd outside = check_end(t, &fds[1]);
        for (int rounds = 0; end == END_NOT && more && rounds < 64; rounds++)
            end = round_once(t, &more);
        if (t->printer->live)
            read_counts(t);
        print_counts_live(t->printer, now_ns());
        sink_flush(t->printer->out);
        end = end == END_NOT ? outside : end;
    }
    return end;
}

/* What is still in the rings after the probe is gone. Bounded: nothing is added any more. */
static void drain(Trace *t, TraceEnd end)
{
    bool more = end == END_USER || end == END_TARGET || (end == END_LIMIT && !t->o->max_hits);
    while (more && round_once(t, &more) == END_NOT)
        ;
}

/* The counters know of hits that left no record; ends that leave records unread lose nothing by that. */
static void sum_up(Trace *t, TraceEnd end)
{
    const Attachment *a = t->attachment;
    Summary *s = &t->summary;
    s->elapsed_ns = now_ns() - t->printer->start_ns;
    s->lost = a->lost;
    s->counted = a->counted;
    s->recorded = a->samples;
    s->by = way_name(a->way);
    if ((end == END_USER || end == END_TARGET) && a->wanted > a->samples && a->wanted - a->samples > a->lost)
        s->lost = a->wanted - a->samples;
}

/* What there is to wait for: the signals, the target's end, and hits. */
static struct pollfd *poll_list(const Trace *t, size_t *n)
{
    const Attachment *a = t->attachment;
    size_t most = 3, k = 0;
    for (size_t i = 0; i < a->nperf; i++)
        most += a->perf[i].n;
    struct pollfd *fds = calloc(most, sizeof *fds);
    if (!fds)
        return NULL;
    fds[k++] = (struct pollfd){.fd = t->signals, .events = POLLIN};
    fds[k++] = (struct pollfd){.fd = t->target, .events = POLLIN};
    fds[k++] = (struct pollfd){.fd = a->bpf.ring, .events = POLLIN};
    for (size_t i = 0; i < a->nperf; i++)
        for (size_t c = 0; c < a->perf[i].n; c++)
            fds[k++] = (struct pollfd){.fd = a->perf[i].channels[c].fd, .events = POLLIN};
    *n = k;
    return fds;
}

TraceEnd trace_run(Trace *t)
{
    Attachment *a = t->attachment;
    TraceEnd end = END_OUTPUT;
    size_t n = 0;
    struct pollfd *fds = poll_list(t, &n);
    t->hits = calloc(BATCH_MAX, sizeof *t->hits);
    t->chains = t->o->stack ? calloc((size_t)BATCH_MAX * CHAIN_MAX, sizeof *t->chains) : NULL;
    if (fds && t->hits && (t->chains || !t->o->stack)) {
        end = loop(t, fds, n);
        attachment_stop(a);
        drain(t, end);
        read_counts(t);
    } else {
        message("out of memory");
    }
    sum_up(t, end);
    free(fds);
    free(t->hits);
    free(t->chains);
    return end;
}
