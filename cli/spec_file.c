/* cli/spec_file.c - a probe spec from a file or standard input. */
#include "cli/json_read.h"
#include "cli/message.h"
#include "cli/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* At most JSON_MAX_BYTES of a file or of standard input. */
static bool bytes_of_file(const char *path, Arena *arena, Bytes *out, Diag *diag)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    uint8_t *p = arena_alloc(arena, JSON_MAX_BYTES + 1, 1);
    size_t n = 0;
    ssize_t got = -1;
    if (fd < 0)
        return diag_set(diag, 0, "cannot be opened: %s", errno_text(errno));
    while (p && n <= JSON_MAX_BYTES && (got = read(fd, p + n, JSON_MAX_BYTES + 1 - n)) > 0)
        n += (size_t)got;
    int error = errno;
    if (fd != STDIN_FILENO)
        close(fd);
    *out = (Bytes){p, n};
    if (!p)
        return diag_set(diag, 0, "out of memory");
    return got >= 0 || diag_set(diag, 0, "cannot be read: %s", errno_text(error));
}

bool spec_read_file(ProbeSpec *out, const char *path, Arena *arena, Diag *diag)
{
    Bytes json = {0};
    return bytes_of_file(path, arena, &json, diag) && spec_read(out, json, arena, diag);
}
