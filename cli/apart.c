/* cli/apart.c - see apart.h. */
#include "cli/apart.h"

#include "cli/message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16, STATUS_UNHEARD = 255 };

static _Noreturn void run_child(ApartWork *work, void *context, const int to[2], pid_t parent)
{
    Sink out;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(to[1], STDOUT_FILENO) < 0)
        exit(STATUS_UNHEARD);
    close(to[0]);
    close(to[1]);
    sink_open(&out, STDOUT_FILENO);
    int status = work(context, &out);
    exit(sink_close(&out) ? status : STATUS_UNHEARD);
}

static bool read_all(int fd, Sink *said, size_t most)
{
    char buffer[READ_BYTES];
    ssize_t got = 1;
    while (got > 0 && said->n <= most && !said->error) {
        got = read(fd, buffer, sizeof buffer);
        if (got > 0)
            sink_put(said, buffer, (size_t)got);
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    return got == 0 && !said->error;
}

static int status_of(pid_t pid, Diag *diag)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) != STATUS_UNHEARD)
        return WEXITSTATUS(status);
    if (WIFSIGNALED(status))
        diag_set(diag, 0, "the process that examined it was ended by signal %d%s", WTERMSIG(status),
                 WTERMSIG(status) == SIGSYS ? ": it tried what its sandbox forbids" : "");
    else
        diag_set(diag, 0, "what was found in it could not be handed over");
    return -1;
}

static int hear(pid_t pid, int from, Sink *said, size_t most, Diag *diag)
{
    bool whole = read_all(from, said, most);
    close(from);
    int status = status_of(pid, diag);
    if (whole || status < 0)
        return status;
    diag_set(diag, 0, said->error ? "out of memory" : "what was found in it is too much");
    return -1;
}

int apart_run(ApartWork *work, void *context, Sink *said, size_t most, Diag *diag)
{
    int to[2];
    pid_t parent = getpid();
    if (pipe2(to, O_CLOEXEC) != 0) {
        diag_set(diag, 0, "no pipe: %s", errno_text(errno));
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        run_child(work, context, to, parent);
    int error = errno;
    close(to[1]);
    if (pid > 0)
        return hear(pid, to[0], said, most, diag);
    close(to[0]);
    diag_set(diag, 0, "no process could be started: %s", errno_text(error));
    return -1;
}
