/* cli/tracefs.c - see tracefs.h. */
#include "cli/tracefs.h"

#include "cli/message.h"
#include "cli/refusal.h"
#include "cli/small_file.h"
#include "elf/format.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *tracefs_root(void)
{
    static const char *const roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
    char path[128];
    for (size_t i = 0; i < 2; i++) {
        format_text(path, sizeof path, "%s/uprobe_events", roots[i]);
        if (access(path, F_OK) == 0)
            return roots[i];
    }
    return NULL;
}

/* Appends one command to uprobe_events; false with errno. */
static bool command(const char *root, const char *line)
{
    char path[128];
    format_text(path, sizeof path, "%s/uprobe_events", root);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool good = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    int error = errno;
    close(fd);
    errno = error;
    return good;
}

/* The event stays busy for a moment after its perf events are closed. */
static void remove_event(const char *root, const char *name)
{
    char line[96];
    struct timespec pause = {0, 20000000};
    format_text(line, sizeof line, "-:%s\n", name);
    for (int tries = 0; tries < 250 && !command(root, line) && errno == EBUSY; tries++)
        nanosleep(&pause, NULL);
}

/* Events "lvscan/vN_PID" whose process is gone: the machine lost its guardian too (or was it an old version). */
static void remove_stale(const char *root)
{
    char path[128], *text = malloc(1 << 16);
    format_text(path, sizeof path, "%s/uprobe_events", root);
    if (text && small_file_read(path, text, 1 << 16)) {
        for (const char *p = text; (p = text_find(p, ":lvscan/v"));) {
            char name[64];
            p += 9;
            unsigned long site = number_read(&p, 10);
            p += *p == '_';
            long pid = (long)number_read(&p, 10);
            format_text(name, sizeof name, "lvscan/v%lu_%ld", site, pid);
            if (pid > 0 && pid <= INT_MAX && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
                remove_event(root, name);
        }
    }
    free(text);
}

/* The guardian's whole life: wait for the pipe to close, remove the event. It holds no file of ours open. */
static void guard(const TracefsEvent *e, int pipe_end)
{
    sigset_t all;
    char byte;
    setsid();
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int fd = 0; fd < 1024; fd++)
        if (fd != pipe_end)
            close(fd);
    ssize_t got;
    while ((got = read(pipe_end, &byte, 1)) < 0 && errno == EINTR)
        ;
    if (got == 0)
        remove_event(e->root, e->name);
    _exit(0);
}

static bool guardian_start(TracefsEvent *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    e->guardian = fork();
    if (e->guardian == 0) {
        close(ends[1]);
        guard(e, ends[0]);
    }
    close(ends[0]);
    e->lifeline = ends[1];
    if (e->guardian > 0)
        return true;
    close(ends[1]);
    return false;
}

/* "field:u64 v1; offset:16; size:8; signed:0;" in the event's format file. */
static bool read_format(TracefsEvent *e)
{
    char path[192], text[4096];
    format_text(path, sizeof path, "%s/events/%s/format", e->root, e->name);
    if (!small_file_read(path, text, sizeof text))
        return false;
    const char *id = text_find(text, "ID: "), *field = text_find(text, " v1;");
    const char *off = field ? text_find(field, "offset:") : NULL, *size = off ? text_find(off, "size:") : NULL;
    if (!id || !size)
        return false;
    id += strlen("ID: "), off += strlen("offset:"), size += strlen("size:");
    e->id = number_read(&id, 10);
    e->field_off = number_read(&off, 10);
    e->field_size = number_read(&size, 10);
    return e->field_size >= 1 && e->field_size <= 8;
}

/* The last complaint in error_log, as far as it is about us. */
static void explain(const TracefsEvent *e, int error, Diag *diag)
{
    char path[128], text[4096];
    format_text(path, sizeof path, "%s/error_log", e->root);
    const char *last = NULL;
    if (error == EINVAL && small_file_read(path, text, sizeof text))
        for (const char *p = text; (p = text_find(p, "trace_uprobe: error: ")); p++)
            last = p + 21;
    if (last)
        diag_set(diag, 0, "the kernel refuses the probe: %.*s", (int)(strchrnul(last, '\n') - last), last);
    else if (error == EACCES || error == EPERM)
        probe_refused(error, diag);
    else
        diag_set(diag, 0, "uprobe_events cannot be written: %s", errno_text(error));
}

bool tracefs_open(TracefsEvent *e, unsigned site, const char *path, uint64_t off, const char *fetch, Diag *diag)
{
    char line[4096 + 256];
    *e = (TracefsEvent){.root = tracefs_root(), .lifeline = -1};
    if (!e->root)
        return diag_set(diag, 0,
                        "tracefs is not there or may not be read: as root, mount -t tracefs nodev /sys/kernel/tracing");
    format_text(e->name, sizeof e->name, "lvscan/v%u_%ld", site + 1, (long)getpid());
    remove_stale(e->root);
    if (!guardian_start(e)) {
        e->root = NULL;
        return diag_set(diag, 0, "no process could be started: %s", errno_text(errno));
    }
    size_t n = format_text(line, sizeof line, "p:%s %s:0x%llx v1=%s\n", e->name, path, (unsigned long long)off, fetch);
    bool good = n < sizeof line && command(e->root, line);
    int error = errno;
    if (good && read_format(e))
        return true;
    if (good)
        diag_set(diag, 0, "the event's format cannot be understood");
    else
        explain(e, error, diag);
    tracefs_close(e);
    return false;
}

void tracefs_close(TracefsEvent *e)
{
    if (!e->root)
        return;
    remove_event(e->root, e->name);
    /* A byte tells the guardian that all is done. */
    if (write(e->lifeline, "", 1) < 0)
        kill(e->guardian, SIGKILL);
    close(e->lifeline);
    waitpid(e->guardian, NULL, 0);
    e->root = NULL;
}
