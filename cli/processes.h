/* cli/processes.h - whose hits are wanted, and what threads are called. */
#ifndef LVSCAN_CLI_PROCESSES_H
#define LVSCAN_CLI_PROCESSES_H

#include "cli/perf_ring.h"
#include "cli/u64map.h"

#include <sys/types.h>

enum { COMM_SIZE = 16 };

typedef struct Processes {
    bool everyone;    /* no process is left out, but ourselves */
    bool descendants; /* those of wanted processes are wanted */
    U64Map wanted;    /* pid -> 1 */
    U64Map comms;     /* tid -> index + 1 into names, 0: not known (any more) */
    char (*names)[COMM_SIZE];
    size_t nnames, cap;
} Processes;

/* pid: the one that is wanted, with the descendants that it has now when they are; 0: everyone. */
void processes_open(Processes *p, pid_t pid, bool descendants);
void processes_close(Processes *p);

bool processes_wanted(const Processes *p, uint32_t pid);

/* A thread's name, as the records told, or as /proc says when they did not. Never NULL. */
const char *processes_comm(Processes *p, uint32_t pid, uint32_t tid);

/* Learns from a PERF_RECORD_FORK, _EXIT or _COMM; passes over others. */
void processes_learn(Processes *p, const PerfRecord *record);

#endif
