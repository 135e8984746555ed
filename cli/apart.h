/* cli/apart.h - work that is done in a process of its own, of which nothing comes back but what it writes and its exit status. */
#ifndef LVSCAN_CLI_APART_H
#define LVSCAN_CLI_APART_H

#include "cli/sink.h"

/* Gives an exit status. `out` is standard output, which in that process is a pipe to us. */
typedef int ApartWork(void *context, Sink *out);

/* Runs work(context, ...) in a copy of this process, which ends when we do, and waits for it. *said (open, in memory) gets what it wrote, at
 * most `most` bytes. Returns its exit status, or -1 with a message: it could not be started, was killed, or wrote more, or wrote in vain.
 * No thread may run. */
int apart_run(ApartWork *work, void *context, Sink *said, size_t most, Diag *diag);

#endif
