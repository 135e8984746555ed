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

static void keep_hit(Trace *t, const Sample *s)
{
    Hit *hit = &t->hits[t->nhits];
    *hit = (Hit){.time_ns = s->time, .pid = s->pid, .tid = s->tid};
    hit->readable = attachment_value(t->attachment, t->spec, s, &hit->value);
    hit->flags = t->check->compare ? attachment_flags(s) : 0;
    if (t->chains) {
        uint64_t *chain = t->chains + t->nhits * CHAIN_MAX;
        memcpy(chain, s->chain, s->nchain * sizeof *chain);
        hit->chain = chain;
        hit->nchain = s->nchain;
    }
    t->nhits++;
}

static void read_hits(Trace *t)
{
    Attachment *a = t->attachment;
    Sample sample;
    t->nhits = 0;
    for (size_t i = 0; i < a->n; i++) {
        while (t->nhits < BATCH_MAX && attachment_next(a, &a->channels[i], &sample))
            keep_hit(t, &sample);
        ring_done(&a->channels[i].ring);
    }
}

static void read_tasks(Trace *t)
{
    PerfRecord record;
    for (size_t i = 0; i < t->attachment->n; i++) {
        PerfRing *ring = &t->attachment->channels[i].tasks;
        while (ring_next(ring, &record))
            processes_learn(t->processes, &record);
        ring_done(ring);
    }
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
    uint64_t second = hit->time_ns / 1000000000;
    t->rate_hits = second == t->rate_second ? t->rate_hits + 1 : 1;
    t->rate_second = second;
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
    read_tasks(t);
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

TraceEnd trace_run(Trace *t)
{
    Attachment *a = t->attachment;
    TraceEnd end = END_OUTPUT;
    struct pollfd *fds = calloc(a->n + 2, sizeof *fds);
    t->hits = calloc(BATCH_MAX, sizeof *t->hits);
    t->chains = t->o->stack ? calloc((size_t)BATCH_MAX * CHAIN_MAX, sizeof *t->chains) : NULL;
    if (fds && t->hits && (t->chains || !t->o->stack)) {
        fds[0] = (struct pollfd){.fd = t->signals, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = t->target, .events = POLLIN};
        for (size_t i = 0; i < a->n; i++)
            fds[i + 2] = (struct pollfd){.fd = a->channels[i].fd, .events = POLLIN};
        end = loop(t, fds, a->n + 2);
        attachment_stop(a);
        drain(t, end);
    } else {
        message("out of memory");
    }
    t->summary.elapsed_ns = now_ns() - t->printer->start_ns;
    /* The counters know of hits that left no record; ends that leave records unread lose nothing by that. */
    t->summary.lost = a->lost;
    t->summary.counted = a->counted;
    t->summary.recorded = a->samples;
    if ((end == END_USER || end == END_TARGET) && a->counted > a->samples && a->counted - a->samples > a->lost)
        t->summary.lost = a->counted - a->samples;
    free(fds);
    free(t->hits);
    free(t->chains);
    return end;
}
