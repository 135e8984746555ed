/* cli/small_file.c - see small_file.h. */
#include "cli/small_file.h"

#include <fcntl.h>
#include <string.h>
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

static unsigned digit_of(char c)
{
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

uint64_t number_read(const char **at, unsigned base)
{
    const char *p = *at;
    while (*p == ' ')
        p++;
    if (digit_of(*p) >= base)
        return 0;
    uint64_t v = 0;
    for (unsigned digit; (digit = digit_of(*p)) < base; p++)
        v = v > (UINT64_MAX - digit) / base ? UINT64_MAX : v * base + digit;
    *at = p;
    return v;
}

const char *text_find(const char *text, const char *what) { return memmem(text, strlen(text), what, strlen(what)); }
