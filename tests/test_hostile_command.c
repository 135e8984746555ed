/* tests/test_hostile_command.c - whole commands, each allocation and mapping of which fails in turn, alone and with all after it: an exit
 * status that is documented, never a crash or a leak (the sanitizers watch), and no answer that the whole run does not give. */
#include "cli/command.h"
#include "tests/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_WITH_SWITCH "fuzz/corpus/scan/real-switch"
#define SPEC             "/tmp/lvscan-test-command-spec.json"

enum { RUNS_MAX = 400, LIVE_RUNS_MAX = 60, WORDS_MAX = 12 };

/* Runs one command line, its output to `to`; gives its exit status. */
static int run(const char *const *words, const char *to, uint64_t at, bool on)
{
    static int (*const commands[])(const Options *, Sink *) = {command_find, command_trace, command_disasm,
                                                               command_functions, command_check};
    char *argv[WORDS_MAX + 1] = {NULL};
    int argc = 0, status = EXIT_USAGE, fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    Options o;
    Sink out;
    fault_set(at, on);
    if (options_parse(&o, argc, argv, &(Diag){0})) {
        sink_open(&out, fd);
        status = commands[o.command](&o, &out);
        sink_flush(&out);
        if (out.error)
            status = EXIT_INPUT;
        sink_close(&out);
    }
    fault.at = 0;
    arena_free(&o.arena);
    close(fd);
    return status;
}

/* What a run says must not be what only a run without a fault may say: 0 for one that finds nothing, 1 for one that does.
 * `apart`: the allocations of a process of its own, which goes on counting where it was made. */
static void fail_each(const char *const *words, uint64_t apart, uint64_t runs)
{
    int whole = run(words, "/dev/null", 0, false);
    uint64_t count = fault.count + apart, stride = 1 + count / runs;
    assert_in_range(whole, EXIT_FOUND, EXIT_NOTHING);
    for (uint64_t at = 1; at <= count; at += stride)
        for (int on = 0; on < 2; on++) {
            int status = run(words, "/dev/null", at, on);
            if (status < EXIT_FOUND || status > EXIT_ATTACH)
                fail_msg("allocation %llu of %s: status %d", (unsigned long long)at, words[1], status);
            if (whole == EXIT_NOTHING)
                assert_int_not_equal(status, EXIT_FOUND);
        }
    print_message("# %s %s: %llu allocations, every %llu. failed\n", words[1], words[2], (unsigned long long)count,
                  (unsigned long long)stride);
}

static void test_commands(void **state)
{
    static const char *const lines[][WORDS_MAX] = {
        {"lvscan", "--no-sandbox", "--json", "-n", "0", "-j", "1", FILE_WITH_SWITCH},
        {"lvscan", "--no-sandbox", "--sha256", "-v", "-j", "2", "-c", "7,30000", FILE_WITH_SWITCH},
        {"lvscan", "--no-sandbox", "-c", "123456789", "-j", "1", FILE_WITH_SWITCH},
        {"lvscan", "--no-sandbox", "--explain", "-j", "1", FILE_WITH_SWITCH},
        {"lvscan", "--no-sandbox", "--dot", "-j", "1", FILE_WITH_SWITCH},
        {"lvscan", "--no-sandbox", "--emit", "bpftrace", "-j", "1", FILE_WITH_SWITCH},
        {"lvscan", "--no-sandbox", "--emit", "c", "-j", "1", FILE_WITH_SWITCH},
        {"lvscan", "functions", "--json", "--no-sandbox", FILE_WITH_SWITCH},
        {"lvscan", "functions", "--no-sandbox", FILE_WITH_SWITCH},
        {"lvscan", "disasm", "--json", "--no-sandbox", FILE_WITH_SWITCH},
        {"lvscan", "disasm", "--no-sandbox", "--hex", "48 3d 30 75 00 00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        fail_each(lines[i], 0, RUNS_MAX);
}

static void test_check(void **state)
{
    static const char *const make[] = {"lvscan", "--no-sandbox", "--emit", "perf", "-j", "1", FILE_WITH_SWITCH, NULL};
    static const char *const check[] = {"lvscan", "check", "--no-sandbox", SPEC, FILE_WITH_SWITCH, NULL};
    (void)state;
    assert_int_equal(run(make, SPEC, 0, false), EXIT_FOUND);
    fail_each(check, 0, RUNS_MAX);
    unlink(SPEC);
}

/* The process that attaches and the one that examines the file both run out of memory. */
static void test_live_trace(void **state)
{
    static const char *const make[] = {"lvscan", "--no-sandbox", "--emit", "perf", "-j", "1", FILE_WITH_SWITCH, NULL};
    static const char *const lines[][WORDS_MAX] = {
        {"lvscan", "trace", "-q", "--duration", "0.001", "-a", FILE_WITH_SWITCH},
        {"lvscan", "trace", "--json", "-c", "30000", FILE_WITH_SWITCH, "--", "true"},
        {"lvscan", "trace", "-q", "--duration", "0.001", "--spec", SPEC, "-a", FILE_WITH_SWITCH},
    };
    (void)state;
    assert_int_equal(run(make, SPEC, 0, false), EXIT_FOUND);
    uint64_t apart = fault.count;
    if (run(lines[0], "/dev/null", 0, false) == EXIT_ATTACH) {
        print_message("# not allowed to attach\n");
        skip();
    }
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        fail_each(lines[i], apart, LIVE_RUNS_MAX);
    unlink(SPEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_live_trace),
    };
    /* thousands of messages about memory; MESSAGES=FILE keeps them */
    int null = open(getenv("MESSAGES") ? getenv("MESSAGES") : "/dev/null", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (null < 0 || dup2(null, STDERR_FILENO) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
