/* cli/input.h - the files that a command line names: each opened, mapped, handed to a visitor, closed again. */
#ifndef LVSCAN_CLI_INPUT_H
#define LVSCAN_CLI_INPUT_H

#include "cli/options.h"

typedef struct Input {
    const char *path; /* as it is to be shown, and opened by others */
    int fd;           /* stays open while the bytes are used */
    Bytes bytes;      /* mapped */
} Input;

/* Opens and maps a regular file (never a FIFO, a device or a socket). False with a message in *diag. */
bool input_open(Input *in, const char *path, Diag *diag);
void input_close(Input *in);

/* Resolves "pid:N": the path of the program that process N runs. When the file at its recorded path is another one by now
 * (deleted, replaced, other mount namespace) that is /proc/N/exe. *pid is 0 where `name` has no such form. */
bool input_resolve(const char **path, pid_t *pid, const char *name, Arena *arena, Diag *diag);

/* Does the file start as an ELF file does? */
bool input_is_elf(const Input *in);

/* Called for each input file; returns an exit status. `walked`: it was met in a directory, so what cannot be used is
 * to be passed over without noise. */
typedef int InputVisit(void *context, const Input *in, bool walked);

/* Visits all that the options name: files, directories (walked in order of name, without following symbolic links),
 * "-" (paths on standard input, separated by NUL or newline), "pid:N". Prints messages. Returns EXIT_INPUT if any
 * could not be read, else EXIT_FOUND if any visit found something, else EXIT_NOTHING. */
int inputs_each(const Options *o, InputVisit *visit, void *context);

#endif
