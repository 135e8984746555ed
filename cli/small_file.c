/* cli/small_file.c - see small_file.h. */
#include "cli/small_file.h"

#include <fcntl.h>
#include <unistd.h>

bool small_file_read(const char *path, char *out, size_t n)
{
    size_t have = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        for (ssize_t got; have + 1 < n && (got = read(fd, out + have, n - 1 - have)) > 0;)
            have += (size_t)got;
        close(fd);
    }
    out[have] = 0;
    return have > 0;
}
