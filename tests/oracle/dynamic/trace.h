/* tests/oracle/dynamic/trace.h - the program under ptrace: threads, their activations, and what makes them stop. */
#ifndef ORACLE_DYNAMIC_TRACE_H
#define ORACLE_DYNAMIC_TRACE_H

#include "tests/oracle/dynamic/check.h"

enum { DEPTH_MAX = 100, THREADS_MAX = 256 };

typedef enum ThreadKind { THREAD_NEW, THREAD_PLAIN, THREAD_FORKED, THREAD_VFORKED } ThreadKind;

typedef struct Thread {
    pid_t tid; /* 0: a free slot */
    ThreadKind kind;
    bool waiting;           /* THREAD_NEW that has stopped already */
    bool started, stepping; /* stepping: the last resume was for one instruction */
    uint64_t over;          /* the breakpoint that was taken out for that instruction; 0: none */
    Activation *top;
    unsigned depth;
} Thread;

typedef struct Tracer {
    Process process;
    Checker checker;
    Claims claims;
    Thread threads[THREADS_MAX];
    unsigned nthreads;
    uint64_t entry; /* where the program starts, in memory, until it is reached */
    uint64_t max_checks, max_steps;
    unsigned max_activations, seconds;
    bool planted;
    int status; /* of the program; -1: it runs */
} Tracer;

/* Runs the command until it ends or a limit of the tracer is reached, checking the tracer's claims; then kills what is left of it.
 * False: it could not be run up to its entry point. */
bool program_run(Tracer *t, char **argv);

#endif
