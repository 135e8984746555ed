/* cli/tracefs.h - a uprobe event made through tracefs, for locations that the uprobe PMU cannot read and for kernels
 * without it (before 4.17). The event is named after this process and always removed: by us, or, when we are killed, by
 * a small guardian process that waits for our end. Source: Documentation/trace/uprobetracer.rst. */
#ifndef LVSCAN_CLI_TRACEFS_H
#define LVSCAN_CLI_TRACEFS_H

#include "elf/base.h"

#include <sys/types.h>

typedef struct TracefsEvent {
    const char *root; /* of tracefs; NULL: no event exists */
    char name[64];    /* "lvscan/v1_PID", v2_PID, ... */
    uint64_t id;      /* of the tracepoint, for perf_event_open */
    size_t field_off; /* where the value is in the raw record */
    size_t field_size;
    pid_t guardian;
    int lifeline; /* the guardian wakes up when this end of a pipe closes */
} TracefsEvent;

/* Makes the event, the site-th of this process: `fetch` is the fetch argument ("%r15:u64"). Also removes events that dead lvscan processes left. */
bool tracefs_open(TracefsEvent *e, unsigned site, const char *path, uint64_t off, const char *fetch, Diag *diag);

/* Removes it. All perf events that use it must be closed before. */
void tracefs_close(TracefsEvent *e);

#endif
