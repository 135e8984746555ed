/* tests/hostile/mutants.c - damages real programs (fuzz/elf_mutator.h) and runs the real command line on each.
 *
 *   mutants [-n COUNT] [-t SECONDS] [-s SEED] [-m MEGABYTES] [-k FILE] LVSCAN PROGRAM...
 *
 * Mutant number SEED + i depends on its number and the PROGRAMs alone. A run must end by itself within its time and memory, with status 0, 1
 * or 3, whole lines on standard output and no sanitizer's report. One that does not is named with its number; exit status 1 then.
 * -k keeps the last mutant. -m limits the address space, which programs with sanitizers cannot bear. */
#include "fuzz/elf_mutator.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRAM_MAX = 1 << 20, GROW = 1 << 12, CPU_SECONDS = 20, WALL_SECONDS = 300, ARGS_MAX = 8 };

typedef struct Run {
    const char *lvscan, *kept;
    char path[64];
    unsigned long long count, seed, megabytes;
    double seconds;
    int out, err;
} Run;

typedef struct Program {
    uint8_t *p;
    size_t n;
} Program;

static const char *const COMMANDS[][ARGS_MAX] = {
    {"--json", "-c", "0,7,30000"},
    {"--json", "-n", "3"},
    {"functions", "--json"},
    {"disasm", "--json"},
    {"-n", "2", "-j", "2"},
    {"--emit", "perf"},
    {"--json", "--whole", "--sha256", "-c", "-1,30000..30011"},
    {"--explain", "-c", "7"},
};
enum { NCOMMANDS = sizeof COMMANDS / sizeof *COMMANDS };

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(2);
}

static Program program_read(const char *path)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) != 0 || s.st_size < 64 || s.st_size > PROGRAM_MAX)
        die(path);
    Program program = {malloc((size_t)s.st_size), (size_t)s.st_size};
    if (!program.p || read(fd, program.p, program.n) != s.st_size)
        die(path);
    close(fd);
    return program;
}

static void write_file(const char *path, const uint8_t *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, p, n) != (ssize_t)n)
        die(path);
    close(fd);
}

static _Noreturn void child(const Run *run, const char *const *words)
{
    char *argv[ARGS_MAX + 3] = {(char *)(uintptr_t)run->lvscan};
    int n = 1;
    for (; n <= ARGS_MAX && words[n - 1]; n++)
        argv[n] = (char *)(uintptr_t)words[n - 1];
    argv[n] = (char *)(uintptr_t)run->path;
    rlim_t bytes = run->megabytes ? (rlim_t)run->megabytes << 20 : RLIM_INFINITY;
    setrlimit(RLIMIT_CPU, &(struct rlimit){CPU_SECONDS, CPU_SECONDS});
    setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    alarm(WALL_SECONDS); /* stays over execve */
    if (dup2(run->out, 1) < 0 || dup2(run->err, 2) < 0)
        _exit(127);
    execv(run->lvscan, argv);
    _exit(127);
}

/* What memory file `fd` holds, as text of at most n - 1 bytes; empties it. */
static size_t take(int fd, char *text, size_t n)
{
    off_t end = lseek(fd, 0, SEEK_END), from = end > (off_t)(n - 1) ? end - (off_t)(n - 1) : 0;
    ssize_t got = pread(fd, text, n - 1, from);
    text[got > 0 ? got : 0] = 0;
    if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        die("memfd");
    return got > 0 ? (size_t)got : 0;
}

/* NULL, or what was wrong with a run of these words. */
static const char *run_wrong(const Run *run, const char *const *words)
{
    static char why[400], text[4096];
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        child(run, words);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("fork");
    size_t n = take(run->out, text, sizeof text);
    bool cut = n > 0 && text[n - 1] != '\n';
    take(run->err, text, sizeof text);
    if (!WIFEXITED(status))
        snprintf(why, sizeof why, "died of signal %d: %.300s", WTERMSIG(status), text);
    else if (WEXITSTATUS(status) > 3 || WEXITSTATUS(status) == 2)
        snprintf(why, sizeof why, "status %d: %.300s", WEXITSTATUS(status), text);
    else if (strstr(text, "Sanitizer") || strstr(text, "runtime error"))
        snprintf(why, sizeof why, "%.300s", text);
    else if (cut)
        return "its last line has no end";
    else
        return NULL;
    return why;
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool run_number(const Run *run, const Program *programs, int n, unsigned long long number)
{
    static uint8_t room[PROGRAM_MAX + GROW];
    const Program *program = &programs[number % (unsigned)n];
    const char *const *words = COMMANDS[number / (unsigned)n % NCOMMANDS];
    if (program->n)
        memcpy(room, program->p, program->n);
    write_file(run->path, room, elf_mutate(room, program->n, program->n + GROW, number));
    const char *why = run_wrong(run, words);
    if (why)
        printf("# mutant %llu (%s %s...): %s\n", number, words[0], words[1], why);
    return !why;
}

static int run_all(const Run *run, const Program *programs, int n)
{
    unsigned long long done = 0, failed = 0;
    double start = seconds_now();
    for (; !run->count || done < run->count; done++) {
        if (run->seconds > 0 && seconds_now() - start >= run->seconds)
            break;
        failed += !run_number(run, programs, n, run->seed + done);
    }
    if (run->kept && rename(run->path, run->kept) != 0)
        perror(run->kept);
    unlink(run->path);
    printf("%llu damaged programs from number %llu on, %llu broke the rules, %.0f seconds\n", done, run->seed, failed,
           seconds_now() - start);
    return failed != 0;
}

int main(int argc, char **argv)
{
    Run run = {.count = 1000, .megabytes = 0, .path = "/dev/shm/lvscan-mutants-XXXXXX"};
    for (int option; (option = getopt(argc, argv, "n:t:s:m:k:")) != -1;) {
        switch (option) {
        case 'n': run.count = strtoull(optarg, NULL, 10); break;
        case 't': run.seconds = strtod(optarg, NULL), run.count = 0; break;
        case 's': run.seed = strtoull(optarg, NULL, 10); break;
        case 'm': run.megabytes = strtoull(optarg, NULL, 10); break;
        case 'k': run.kept = optarg; break;
        default: return 2;
        }
    }
    int n = argc - optind - 1;
    Program *programs = n > 0 ? calloc((size_t)n, sizeof *programs) : NULL;
    if (!programs)
        return 2;
    run.lvscan = argv[optind];
    for (int i = 0; i < n; i++)
        programs[i] = program_read(argv[optind + 1 + i]);
    int fd = mkstemp(run.path);
    run.out = memfd_create("out", MFD_CLOEXEC), run.err = memfd_create("err", MFD_CLOEXEC);
    if (fd < 0 || run.out < 0 || run.err < 0)
        die(run.path);
    close(fd);
    int status = run_all(&run, programs, n);
    for (int i = 0; i < n; i++)
        free(programs[i].p);
    free(programs);
    return status;
}
