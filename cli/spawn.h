/* cli/spawn.h - `-- COMMAND`: started, but held before its exec until the probe is in place. */
#ifndef LVSCAN_CLI_SPAWN_H
#define LVSCAN_CLI_SPAWN_H

#include "elf/base.h"

#include <sys/types.h>

typedef struct Spawned {
    pid_t pid;  /* 0: none */
    int gate;   /* a byte written here lets it go on; closing it ends it */
    int report; /* gives an errno when exec failed, end of file when it worked */
    bool ended;
    int status; /* waitpid's, once ended */
} Spawned;

/* Forks. The child gets default signal actions and an empty signal mask. output_to_stderr: its standard output goes to
 * our standard error, so that ours holds results only. */
bool spawn_held(Spawned *s, char **argv, bool output_to_stderr, Diag *diag);

/* Lets it run. False with a message when the program could not be started. */
bool spawn_release(Spawned *s, const char *name, Diag *diag);

/* Has it ended? Reaps it, without waiting. */
bool spawn_ended(Spawned *s);

/* Says on standard error how it ended, when that was not with status 0. */
void spawn_report(const Spawned *s, const char *name);

/* Ends what was never released; asks what still runs to end (SIGTERM), and waits for it. */
void spawn_close(Spawned *s);

#endif
