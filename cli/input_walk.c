/* cli/input_walk.c - going through all inputs: see input.h. */
#include "cli/input.h"

#include "cli/confine.h"
#include "cli/message.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALK_DEPTH_MAX = 64, PATHS_MAX_BYTES = 1 << 28 };

typedef struct InputWalk {
    const Options *o;
    InputVisit *visit;
    void *context;
    bool found, failed;
    bool last;        /* no other file will be opened */
    size_t elf_files; /* met in the directory that is being walked */
} InputWalk;

static void walk_status(InputWalk *w, int status)
{
    w->found |= status == EXIT_FOUND;
    w->failed |= status == EXIT_INPUT;
}

static void visit_file(InputWalk *w, const char *path, bool walked)
{
    Input in;
    Diag diag = {0};
    if (!input_open(&in, path, &diag)) {
        if (!walked || w->o->verbose)
            message_about(path, "%s", diag.what);
        w->failed |= !walked;
        return;
    }
    if (w->last)
        confine(w->o, SANDBOX_STRICT);
    if (!walked || input_is_elf(&in)) {
        w->elf_files += walked;
        walk_status(w, w->visit(w->context, &in, walked));
    } else if (w->o->verbose) {
        message_about(path, "no ELF file, skipped");
    }
    input_close(&in);
}

static int wanted_entry(const struct dirent *e) { return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0; }

/* Symbolic links are passed over: what they name is met where it lies, or is outside the directory asked for. */
static bool walk_directory(InputWalk *w, const char *path, unsigned depth)
{
    struct dirent **entries;
    char below[PATH_MAX];
    struct stat st;
    int n = depth < WALK_DEPTH_MAX ? scandir(path, &entries, wanted_entry, alphasort) : -1;
    if (n < 0) {
        if (depth == 0 || w->o->verbose)
            message_about(path, "cannot be walked: %s", depth < WALK_DEPTH_MAX ? errno_text(errno) : "nested too deep");
        return false;
    }
    for (int i = 0; i < n; i++) {
        size_t length = strlen(path), more = strlen(entries[i]->d_name);
        if (length + more + 2 <= sizeof below) {
            memcpy(below, path, length);
            below[length] = '/';
            memcpy(below + length + (length && path[length - 1] == '/' ? 0 : 1), entries[i]->d_name, more + 1);
            if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode))
                walk_directory(w, below, depth + 1);
            else if (S_ISREG(st.st_mode))
                visit_file(w, below, true);
        }
        free(entries[i]);
    }
    free(entries);
    return true;
}

static void visit_path(InputWalk *w, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        visit_file(w, path, false);
        return;
    }
    w->elf_files = 0;
    w->last = false;
    if (!walk_directory(w, path, 0))
        w->failed = true;
    else if (w->elf_files == 0) {
        message_about(path, "the directory holds no ELF file");
        w->failed = true;
    }
}

/* All of standard input, at most PATHS_MAX_BYTES, in malloc's memory. */
static char *read_stdin(size_t *n)
{
    size_t cap = 1 << 16;
    char *p = malloc(cap);
    *n = 0;
    while (p) {
        ssize_t got = read(STDIN_FILENO, p + *n, cap - *n - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            message("standard input: %s", errno_text(errno));
        if (got <= 0)
            break;
        *n += (size_t)got;
        if (*n + 1 < cap)
            continue;
        char *q = cap < PATHS_MAX_BYTES ? realloc(p, cap * 2) : NULL;
        if (!q)
            message("standard input: too many paths, the rest is left out");
        if (!q)
            break;
        p = q;
        cap *= 2;
    }
    return p;
}

static void visit_listed(InputWalk *w)
{
    size_t n;
    char *list = read_stdin(&n);
    if (!list) {
        message("out of memory");
        w->failed = true;
        return;
    }
    list[n] = 0;
    char separator = memchr(list, 0, n) ? 0 : '\n';
    for (size_t i = 0; i < n;) {
        char *end = memchr(list + i, separator, n - i);
        size_t next = end ? (size_t)(end - list) : n;
        list[next] = 0;
        if (next > i)
            visit_path(w, list + i);
        i = next + 1;
    }
    free(list);
}

int inputs_each(const Options *o, InputVisit *visit, void *context)
{
    InputWalk w = {.o = o, .visit = visit, .context = context};
    Arena arena = {0};
    confine(o, SANDBOX_READ);
    for (size_t i = 0; i < o->ninputs; i++) {
        const char *path;
        pid_t pid;
        Diag diag = {0};
        bool list = strcmp(o->inputs[i], "-") == 0;
        w.last = i + 1 == o->ninputs && !list;
        if (list)
            visit_listed(&w);
        else if (input_resolve(&path, &pid, o->inputs[i], &arena, &diag))
            visit_path(&w, path);
        else {
            message_about(o->inputs[i], "%s", diag.what);
            w.failed = true;
        }
    }
    arena_free(&arena);
    return w.failed ? EXIT_INPUT : w.found ? EXIT_FOUND : EXIT_NOTHING;
}
