/* cli/sandbox.h - confinement: what the process gives up before it looks at bytes that may be hostile.
 *
 * Rings, entered in turn, none of which can be left:
 *   SANDBOX_READ    while inputs are still to be opened: files can only be opened for reading; nothing can be written but to standard output
 *                   and error; no sockets, no programs run, no processes made, no memory made executable.
 *   SANDBOX_PROCESSES  as SANDBOX_READ, without Landlock, which hides other processes' /proc/N/exe.
 *   SANDBOX_STRICT  when the last input is open: no file can be opened at all.
 * By no_new_privs, a seccomp filter (Linux 3.5) and Landlock (5.13, where it is configured); system calls only, no library.
 */
#ifndef LVSCAN_CLI_SANDBOX_H
#define LVSCAN_CLI_SANDBOX_H

#include <stdbool.h>

typedef enum SandboxRing { SANDBOX_PROCESSES, SANDBOX_READ, SANDBOX_STRICT } SandboxRing;

typedef struct SandboxReport {
    bool filtered;                    /* the seccomp filter is in force: what it forbids kills the process (SIGSYS) */
    bool landlocked;                  /* so are Landlock's rules: what they forbid fails with EACCES */
    int filter_error, landlock_error; /* errno where not */
} SandboxReport;

/* Enters the ring, as far as the kernel can. True when the filter is in force. Other threads must not exist yet. */
bool sandbox_enter(SandboxRing ring, SandboxReport *report);

/* Is this build one that cannot be confined: sanitizers and coverage open files of their own? */
bool sandbox_is_impossible(void);

#endif
