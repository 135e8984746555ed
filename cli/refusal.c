/* cli/refusal.c - see refusal.h. Sources: capabilities(7); kernel_lockdown(7); perf_event_open(2). */
#include "cli/refusal.h"

#include "cli/message.h"
#include "cli/small_file.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ERROR_NOTSUPP = 524, LOCKDOWN_MAX = 64 };

static bool has_sys_admin(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capget, &header, data) == 0 && data[0].effective >> CAP_SYS_ADMIN & 1;
}

/* "none [integrity] confidentiality": the word in brackets; false when it is none, or there is no such file. */
static bool locked_down(char level[LOCKDOWN_MAX])
{
    char text[LOCKDOWN_MAX];
    small_file_read("/sys/kernel/security/lockdown", text, sizeof text);
    char *from = strchr(text, '['), *to = from ? strchr(from, ']') : NULL;
    if (!to)
        return false;
    *to = 0;
    memcpy(level, from + 1, (size_t)(to - from));
    return strcmp(level, "none") != 0;
}

static bool not_permitted(Diag *diag)
{
    char level[LOCKDOWN_MAX];
    if (!has_sys_admin())
        return diag_set(diag, 0,
                        "no permission to attach a uprobe: run as root, or with CAP_SYS_ADMIN (CAP_PERFMON where the "
                        "kernel takes that)");
    if (locked_down(level))
        return diag_set(diag, 0, "the kernel is locked down (%s) and lets nobody attach a uprobe: kernel_lockdown(7)",
                        level);
    return diag_set(
        diag, 0,
        "no permission to attach a uprobe, though CAP_SYS_ADMIN is there: a seccomp filter, a security module or "
        "a user namespace forbids it");
}

bool probe_refused(int error, Diag *diag)
{
    switch (error) {
    case EACCES:
    case EPERM: return not_permitted(diag);
    case ERROR_NOTSUPP:
        return diag_set(diag, 0,
                        "the kernel refuses a probe on this instruction (errno 524); --site names another place");
    case EMFILE:
    case ENFILE: return diag_set(diag, 0, "out of file descriptors: two are needed for each processor (ulimit -n)");
    case ENOMEM: return diag_set(diag, 0, "no memory for the ring buffers (ulimit -l, kernel.perf_event_mlock_kb)");
    default: return diag_set(diag, 0, "the probe cannot be opened: %s", errno_text(error));
    }
}
