/* cli/spawn.c - see spawn.h. */
#include "cli/spawn.h"

#include "cli/message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_child(int gate, int report, char **argv, bool output_to_stderr)
{
    sigset_t none;
    char byte;
    signal(SIGPIPE, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    ssize_t got;
    while ((got = read(gate, &byte, 1)) < 0 && errno == EINTR)
        ;
    if (got != 1)
        _exit(127);
    if (output_to_stderr)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(argv[0], argv);
    int error = errno;
    if (write(report, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

bool spawn_held(Spawned *s, char **argv, bool output_to_stderr, Diag *diag)
{
    int gate[2], report[2];
    *s = (Spawned){.gate = -1, .report = -1};
    if (pipe2(gate, O_CLOEXEC) != 0)
        return diag_set(diag, 0, "no pipe: %s", errno_text(errno));
    if (pipe2(report, O_CLOEXEC) != 0) {
        close(gate[0]);
        close(gate[1]);
        return diag_set(diag, 0, "no pipe: %s", errno_text(errno));
    }
    s->pid = fork();
    if (s->pid == 0) {
        close(gate[1]); /* else it would hold its own gate open when we die */
        close(report[0]);
        run_child(gate[0], report[1], argv, output_to_stderr);
    }
    int error = errno;
    close(gate[0]);
    close(report[1]);
    s->gate = gate[1];
    s->report = report[0];
    if (s->pid > 0)
        return true;
    s->pid = 0;
    close(s->gate);
    close(s->report);
    return diag_set(diag, 0, "no process could be started: %s", errno_text(error));
}

bool spawn_release(Spawned *s, const char *name, Diag *diag)
{
    int error = 0;
    bool good = write(s->gate, "", 1) == 1;
    close(s->gate);
    s->gate = -1;
    ssize_t got;
    while ((got = read(s->report, &error, sizeof error)) < 0 && errno == EINTR)
        ;
    close(s->report);
    s->report = -1;
    if (good && got == 0)
        return true;
    return diag_set(diag, 0, "%.80s cannot be run: %s", name, errno_text(error ? error : EPIPE));
}

bool spawn_ended(Spawned *s)
{
    if (s->pid > 0 && !s->ended)
        s->ended = waitpid(s->pid, &s->status, WNOHANG) == s->pid;
    return s->ended;
}

void spawn_report(const Spawned *s, const char *name)
{
    if (!s->ended)
        return;
    if (WIFSIGNALED(s->status))
        message("%s was ended by signal %d", name, WTERMSIG(s->status));
    else if (WEXITSTATUS(s->status) != 0)
        message("%s ended with status %d", name, WEXITSTATUS(s->status));
}

void spawn_close(Spawned *s)
{
    if (s->pid <= 0)
        return;
    bool held = s->gate >= 0;
    if (held)
        close(s->gate);
    if (s->report >= 0)
        close(s->report);
    if (!spawn_ended(s)) {
        if (!held)
            kill(s->pid, SIGTERM);
        while (waitpid(s->pid, &s->status, 0) < 0 && errno == EINTR)
            ;
    }
    s->pid = 0;
}
