/* cli/task_watch.h - records of forks, exits and names of all threads, as they happen, from each processor. */
#ifndef LVSCAN_CLI_TASK_WATCH_H
#define LVSCAN_CLI_TASK_WATCH_H

#include "cli/processes.h"

typedef struct TaskRing {
    int fd;
    PerfRing ring;
    PerfRecord next; /* read, but not handed on yet */
    bool has_next;
} TaskRing;

typedef struct TaskWatch {
    TaskRing *rings;
    size_t n;
    bool missed; /* a processor cannot be watched, or its records found no room */
} TaskWatch;

/* Where a ring cannot be had, what it would have told is looked up in /proc or not known. */
void task_watch_open(TaskWatch *w);

/* Hands what happened to processes_learn, in the order in which it did: a process may be named on one processor and fork on another. */
void task_watch_read(TaskWatch *w, Processes *processes);
void task_watch_close(TaskWatch *w);

#endif
