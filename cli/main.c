/* cli/main.c - from the command line to a command, and from a command to an exit status. */
#include "cli/command.h"
#include "cli/message.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef int CommandFn(const Options *o, Sink *out);

/* A mapped file that shrinks while it is read ends here: nothing that was read of it can be trusted any more. */
static void on_bus_error(int signal_number)
{
    static const char text[] = "lvscan: a file changed while it was read\n";
    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(EXIT_INPUT);
    _exit(EXIT_INPUT);
}

static void signals_prepare(void)
{
    struct sigaction bus = {.sa_handler = on_bus_error}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGBUS, &bus, NULL);
    sigaction(SIGPIPE, &ignore, NULL); /* a closed standard output is an error of write, and reported as one */
}

/* Large blocks go back to the system when they are freed. Left alone, glibc keeps what was freed once, up to 32 MB each (mallopt(3)). */
static void memory_prepare(void)
{
#ifdef M_MMAP_THRESHOLD
    enum { LARGE = 1 << 20, KEPT = 4 << 20 };
    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, KEPT);
#endif
}

static int run(const Options *o, Sink *out)
{
    static CommandFn *const commands[] = {command_find, command_trace, command_disasm, command_functions,
                                          command_check};
    if (o->help) {
        options_help(out, o->command);
        return EXIT_FOUND;
    }
    if (o->version) {
        sink_add(out, "lvscan " LVSCAN_VERSION "\n");
        return EXIT_FOUND;
    }
    return commands[o->command](o, out);
}

int main(int argc, char **argv)
{
    Options options;
    Diag diag = {0};
    Sink out;
    memory_prepare();
    signals_prepare();
    if (!options_parse(&options, argc, argv, &diag)) {
        message("%s (lvscan --help says more)", diag.what);
        arena_free(&options.arena);
        return EXIT_USAGE;
    }
    sink_open(&out, STDOUT_FILENO);
    int status = run(&options, &out);
    sink_flush(&out);
    if (out.error) {
        message("standard output: %s", errno_text(out.error));
        status = EXIT_INPUT;
    }
    sink_close(&out);
    arena_free(&options.arena);
    return status;
}
