/* cli/confine.c - see confine.h. */
#include "cli/confine.h"

#include "cli/message.h"

#include <errno.h>
#include <string.h>

/* May the file of a running process be asked for? */
static bool names_processes(const Options *o)
{
    for (size_t i = 0; i < o->ninputs; i++)
        if (strncmp(o->inputs[i], "pid:", 4) == 0 || strcmp(o->inputs[i], "-") == 0)
            return true;
    return false;
}

void confine(const Options *o, SandboxRing ring)
{
    SandboxReport report;
    bool first = ring == SANDBOX_READ || o->command == COMMAND_CHECK; /* of the two times that a command asks */
    if (o->no_sandbox)
        return;
    if (sandbox_is_impossible()) {
        if (o->verbose && first)
            message("not confined: this build has sanitizers or coverage in it");
        return;
    }
    sandbox_enter(ring == SANDBOX_READ && names_processes(o) ? SANDBOX_PROCESSES : ring, &report);
    if (!o->verbose || !first)
        return;
    if (!report.filtered)
        message("not confined by seccomp: %s; files are read with all of this process's rights",
                errno_text(report.filter_error));
    if (!report.landlocked && !names_processes(o))
        message("not confined by Landlock (%s); %s",
                report.landlock_error == ENOSYS ? "this kernel has none" : errno_text(report.landlock_error),
                report.filtered ? "the seccomp filter is in force" : "nor by anything else");
}
