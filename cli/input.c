/* cli/input.c - opening one input: see input.h. */
#include "cli/input.h"

#include "cli/message.h"
#include "cli/small_file.h"
#include "elf/format.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR: return "a directory";
    case S_IFIFO: return "a FIFO";
    case S_IFSOCK: return "a socket";
    case S_IFCHR:
    case S_IFBLK: return "a device";
    default: return "no regular file";
    }
}

/* Maps fd's whole file. An empty file gives no bytes. Shared, never private: into private mappings of a file the kernel
 * puts the int3 of every uprobe that is set system-wide on it, whoever maps it and for what (valid_vma() in
 * kernel/events/uprobes.c), so that code would be read other than it is in the file. */
static bool map_file(Input *in, const struct stat *st, Diag *diag)
{
    in->bytes = (Bytes){NULL, (size_t)st->st_size};
    if (st->st_size == 0)
        return diag_set(diag, 0, "the file is empty");
    void *p = mmap(NULL, in->bytes.n, PROT_READ, MAP_SHARED, in->fd, 0);
    if (p == MAP_FAILED)
        return diag_set(diag, 0, "cannot be mapped: %s", errno_text(errno));
    in->bytes.p = p;
    return true;
}

bool input_open(Input *in, const char *path, Diag *diag)
{
    struct stat st;
    *in = (Input){.path = path};
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (in->fd < 0)
        return diag_set(diag, 0, "cannot be opened: %s", errno_text(errno));
    if (fstat(in->fd, &st) != 0)
        diag_set(diag, 0, "cannot be examined: %s", errno_text(errno));
    else if (!S_ISREG(st.st_mode))
        diag_set(diag, 0, "is %s, not a file", kind_of(st.st_mode));
    else if (map_file(in, &st, diag))
        return true;
    close(in->fd);
    return false;
}

void input_close(Input *in)
{
    if (in->bytes.p)
        munmap((void *)(uintptr_t)in->bytes.p, in->bytes.n);
    close(in->fd);
}

bool input_is_elf(const Input *in) { return in->bytes.n >= 4 && memcmp(in->bytes.p, "\177ELF", 4) == 0; }

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool input_resolve(const char **path, pid_t *pid, const char *name, Arena *arena, Diag *diag)
{
    char link[64], target[PATH_MAX];
    *path = name;
    *pid = 0;
    if (strncmp(name, "pid:", 4) != 0 || access(name, F_OK) == 0)
        return true;
    const char *digits = name + strlen("pid:");
    uint64_t n = *digits == ' ' ? 0 : number_read(&digits, 10);
    if (*digits || n == 0 || n > INT_MAX)
        return diag_set(diag, 0, "is no process id");
    *pid = (pid_t)n;
    format_text(link, sizeof link, "/proc/%ld/exe", (long)n);
    ssize_t got = readlink(link, target, sizeof target - 1);
    if (got < 0)
        return diag_set(diag, 0, errno == ENOENT ? "there is no such process" : "its program cannot be found: %s",
                        errno_text(errno));
    target[got] = 0;
    const char *best = same_file(link, target) ? target : link;
    *path = arena_copy(arena, best, strlen(best));
    return *path || diag_set(diag, 0, "out of memory");
}
