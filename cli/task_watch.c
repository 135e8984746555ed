/* cli/task_watch.c - see task_watch.h. */
#include "cli/task_watch.h"

#include "cli/perf_event.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <unistd.h>

enum { TASK_PAGES = 64, TASK_CPUS_MAX = 4096 };

void task_watch_open(TaskWatch *w)
{
    int *cpus = malloc(TASK_CPUS_MAX * sizeof *cpus);
    size_t n = cpus ? cpus_online(cpus, TASK_CPUS_MAX) : 0;
    *w = (TaskWatch){.rings = calloc(n ? n : 1, sizeof *w->rings)};
    w->missed = !w->rings || n == 0;
    for (size_t i = 0; w->rings && i < n; i++) {
        TaskRing *r = &w->rings[w->n];
        r->fd = task_event_open(cpus[i]);
        if (r->fd >= 0 && ring_open(&r->ring, r->fd, TASK_PAGES, 1)) {
            w->n++;
            continue;
        }
        w->missed = true;
        if (r->fd >= 0)
            close(r->fd);
    }
    free(cpus);
}

/* The ring whose next record is the oldest; NULL: there is none. Looks at each twice: before a record that the first look found, another
 * ring may have got an older one, after it was looked at. */
static TaskRing *rings_oldest(TaskWatch *w)
{
    TaskRing *oldest = NULL;
    for (size_t i = 0; i < 2 * w->n; i++) {
        TaskRing *r = &w->rings[i % w->n];
        r->has_next = r->has_next || ring_next(&r->ring, &r->next);
        if (r->has_next && (!oldest || task_event_time(&r->next) < task_event_time(&oldest->next)))
            oldest = r;
    }
    return oldest;
}

void task_watch_read(TaskWatch *w, Processes *processes)
{
    for (TaskRing *r; (r = rings_oldest(w)) != NULL; r->has_next = false) {
        w->missed |= r->next.type == PERF_RECORD_LOST;
        processes_learn(processes, &r->next);
    }
    for (size_t i = 0; i < w->n; i++)
        ring_done(&w->rings[i].ring);
}

void task_watch_close(TaskWatch *w)
{
    for (size_t i = 0; i < w->n; i++) {
        ring_close(&w->rings[i].ring);
        close(w->rings[i].fd);
    }
    free(w->rings);
    *w = (TaskWatch){.missed = w->missed};
}
