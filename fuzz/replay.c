/* fuzz/replay.c - a main for fuzz targets without libFuzzer: runs the target once on each file named, and on nothing,
 * so that the committed corpora are replayed under any compiler and sanitizer. Fails when a file cannot be read.
 *
 *   fuzz_NAME [-n COUNT | -t SECONDS] [-s SEED] [-o FILE] FILE...
 *
 * COUNT more inputs, or as many as SECONDS allow, made blindly from the files: without coverage to be measured that is many
 * times as fast as libFuzzer. Input number SEED + i depends on its number and the files alone. How many they were is said at
 * the end ("executions: N"). -o: the input that fails, or takes over 20 s of processor time, is kept there. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS_MAX = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the name is the sanitizers' run-time library's */
void __sanitizer_set_death_callback(void (*)(void)) __attribute__((weak));

typedef struct Seed {
    uint8_t *p;
    size_t n;
} Seed;

/* The input that runs, for whoever dies of it. */
static struct {
    const uint8_t *volatile p;
    volatile size_t n;
    const char *path;
} running;

/* What follows may run in a signal handler (signal-safety(7)). */
static void say(const char *text) { (void)!write(STDERR_FILENO, text, strlen(text)); }

static void keep_input(void)
{
    int file = running.path ? open(running.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (file < 0)
        return;
    if (write(file, running.p, running.n) == (ssize_t)running.n) {
        say("input kept as ");
        say(running.path);
        say("\n");
    }
    close(file);
}

/* abort() of a broken promise, or too much time. */
static void on_signal(int number)
{
    say(number == SIGPROF ? "ERROR: over 20 s\n" : "ERROR: aborted\n");
    keep_input();
    _exit(1);
}

/* Processor time: on a busy machine others take the rest. */
static void watch_time(time_t seconds)
{
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = seconds}}, NULL);
}

static void watch_failures(const char *path)
{
    running.path = path;
    signal(SIGPROF, on_signal);
    signal(SIGABRT, on_signal);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(keep_input);
}

static void run(const uint8_t *p, size_t n)
{
    running.p = p, running.n = n;
    LLVMFuzzerTestOneInput(p, n);
}

/* The file's bytes, in a block of just their size, so that a read past them is seen. */
static bool seed_read(Seed *out, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        return false;
    long size = ftell(file);
    out->p = size >= 0 ? malloc((size_t)size + !size) : NULL;
    out->n = (size_t)size;
    rewind(file);
    bool good = out->p && fread(out->p, 1, out->n, file) == out->n;
    fclose(file);
    return good;
}

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* A few bytes of one file changed, or put in from another. */
static void run_blindly(const Seed *seeds, size_t n, uint64_t number)
{
    uint64_t state = number;
    const Seed *seed = &seeds[draw(&state) % n], *other = &seeds[draw(&state) % n];
    size_t size = seed->n ? seed->n - draw(&state) % 4 * (seed->n > 8) : 0;
    uint8_t *copy = malloc(size + !size);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, seed->p, size);
    for (uint64_t changes = size ? 1 + draw(&state) % 8 : 0; changes > 0; changes--) {
        uint64_t what = draw(&state);
        size_t at = draw(&state) % size, from = other->n ? draw(&state) % other->n : 0;
        size_t most = size - at < other->n - from ? size - at : other->n - from;
        if (what % 4 == 0 && other->n)
            memcpy(copy + at, other->p + from, most < 16 ? most : 16);
        else
            copy[at] = what & 4 ? (uint8_t)(what >> 8) : (uint8_t)(copy[at] ^ 1u << (what >> 8 & 7));
    }
    run(copy, size);
    free(copy);
}

/* For count inputs, or for seconds if that is not 0. */
static uint64_t run_all_blindly(const Seed *seeds, size_t n, uint64_t first, uint64_t count, time_t seconds)
{
    time_t started = time(NULL);
    uint64_t i = 0;
    for (; seconds ? time(NULL) - started < seconds : i < count; i++) {
        watch_time(SECONDS_MAX);
        run_blindly(seeds, n, first + i);
    }
    watch_time(0);
    return i;
}

int main(int argc, char **argv)
{
    uint64_t count = 0, first = 0, seconds = 0;
    const char *path = NULL;
    for (int option; (option = getopt(argc, argv, "n:s:t:o:")) != -1;) {
        if (option == '?')
            return 2;
        if (option == 'o')
            path = optarg;
        else
            *(option == 'n' ? &count : option == 't' ? &seconds : &first) = strtoull(optarg, NULL, 10);
    }
    size_t n = (size_t)(argc - optind);
    Seed *seeds = calloc(n + 1, sizeof *seeds);
    if (!seeds)
        return 1;
    watch_failures(path);
    run((const uint8_t *)"", 0);
    for (size_t i = 0; i < n; i++) {
        if (!seed_read(&seeds[i], argv[optind + (int)i])) {
            fprintf(stderr, "%s: cannot be read\n", argv[optind + (int)i]);
            exit(1);
        }
        run(seeds[i].p, seeds[i].n);
    }
    if (n && (count || seconds))
        fprintf(stderr, "executions: %llu\n",
                (unsigned long long)run_all_blindly(seeds, n, first, count, (time_t)seconds));
    for (size_t i = 0; i < n; i++)
        free(seeds[i].p);
    free(seeds);
    return 0;
}
