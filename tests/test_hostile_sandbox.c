/* tests/test_hostile_sandbox.c - in the sandbox, what it forbids kills the process; what the analysis needs goes on.
 * Each probe runs in a child of its own, by raw system calls, as injected code would. */
#include "cli/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PASSED = 42, FAILED = 43, NO_FILTER = 44 };

typedef bool Probe(void); /* true: it did what it wanted */

static int run(SandboxRing ring, Probe *probe)
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        SandboxReport report;
        if (!sandbox_enter(ring, &report))
            syscall(SYS_exit_group, NO_FILTER);
        syscall(SYS_exit_group, probe() ? PASSED : FAILED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER)
        skip();
    return status;
}

static bool died(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }
static bool passed(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == PASSED; }

static bool open_to_read(void) { return syscall(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC) >= 0; }
static bool open_to_write(void) { return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY) >= 0; }
static bool open_both(void) { return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR) >= 0; }
static bool open_create(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/tmp/lvscan-sandbox", O_RDONLY | O_CREAT, 0600) >= 0;
}
static bool open_truncate(void) { return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_TRUNC) >= 0; }
static bool open_old(void) { return syscall(SYS_open, "/dev/null", O_WRONLY) >= 0; }
static bool make_socket(void) { return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0; }
static bool make_process(void) { return syscall(SYS_fork) >= 0; }
static bool clone_process(void) { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0; }
static bool run_program(void)
{
    char *none[] = {NULL};
    return syscall(SYS_execve, "/bin/true", none, none) == 0;
}
static bool unlink_file(void) { return syscall(SYS_unlink, "/tmp/lvscan-sandbox-none") == 0; }
static bool write_elsewhere(void) { return syscall(SYS_write, 7, "x", 1) >= 0; }
static bool trace_parent(void) { return syscall(SYS_ptrace, 16L, (long)getppid(), 0L, 0L) == 0; }
static bool signal_parent(void) { return syscall(SYS_kill, (long)getppid(), 0L) == 0; }
static bool map_code(void)
{
    return (void *)syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}
static bool make_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && syscall(SYS_mprotect, p, 4096, PROT_READ | PROT_EXEC) == 0;
}
static bool old_numbers(void) /* i386's call 20, getpid */
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    return result > 0;
}
static bool x32_numbers(void) { return syscall(0x40000000L + SYS_getpid) > 0; }
static bool lift(void)
{
    SandboxReport r;
    return sandbox_enter(SANDBOX_READ, &r);
}
static bool strict_then_read(void)
{
    SandboxReport r;
    return sandbox_enter(SANDBOX_STRICT, &r) && open_to_read();
}

static bool works(void)
{
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return false;
    p[5] = 1;
    bool good = munmap(p, 1 << 20) == 0 && write(STDOUT_FILENO, "", 0) == 0 && getpid() > 0;
    struct timespec t;
    return good && syscall(SYS_clock_gettime, 1, &t) == 0 && syscall(SYS_futex, &t, 1, 1, 0, 0, 0) == 0;
}

static void test_dies(void **state)
{
    static Probe *const forbidden[] = {open_to_write,   open_both,    open_create,   open_truncate, open_old,
                                       make_socket,     make_process, clone_process, run_program,   unlink_file,
                                       write_elsewhere, trace_parent, signal_parent, map_code,      make_code,
                                       old_numbers,     x32_numbers};
    (void)state;
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        if (!died(run(SANDBOX_READ, forbidden[i])) || !died(run(SANDBOX_STRICT, forbidden[i])))
            fail_msg("probe %zu lived", i);
    }
}

static void test_reading(void **state)
{
    (void)state;
    assert_true(passed(run(SANDBOX_READ, open_to_read)));
    assert_true(passed(run(SANDBOX_PROCESSES, open_to_read)));
    assert_true(died(run(SANDBOX_STRICT, open_to_read)));
    assert_true(died(run(SANDBOX_READ, strict_then_read)));
}

static void test_works(void **state)
{
    (void)state;
    assert_true(passed(run(SANDBOX_READ, works)));
    assert_true(passed(run(SANDBOX_STRICT, works)));
}

static void test_no_way_back(void **state)
{
    (void)state;
    assert_true(died(run(SANDBOX_STRICT, lift)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dies),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_works),
        cmocka_unit_test(test_no_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
