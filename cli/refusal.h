/* cli/refusal.h - why the kernel does not let us put a probe, in words, with the remedy where there is one. */
#ifndef LVSCAN_CLI_REFUSAL_H
#define LVSCAN_CLI_REFUSAL_H

#include "elf/base.h"

/* For the errno of perf_event_open, mmap of its ring, or of writing to tracefs. False always. */
bool probe_refused(int error, Diag *diag);

#endif
