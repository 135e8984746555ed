/* cli/processes.c - see processes.h. Record layouts: include/uapi/linux/perf_event.h. */
#include "cli/processes.h"

#include "cli/small_file.h"
#include "elf/format.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 1 << 16, DESCENDANTS_MAX = 1 << 16, CHILDREN_TEXT = 1 << 20 };

static void want(Processes *p, uint32_t pid, bool wanted)
{
    uint64_t *value = u64map_put(&p->wanted, pid);
    if (value)
        *value = wanted;
}

/* The processes that are found to descend from one, in a list that grows as it is walked. */
typedef struct Descent {
    Processes *p;
    pid_t *list;
    size_t n;
    char *text; /* CHILDREN_TEXT bytes */
} Descent;

static void want_children_of_thread(Descent *d, pid_t pid, const char *tid)
{
    char path[96];
    format_text(path, sizeof path, "/proc/%ld/task/%s/children", (long)pid, tid);
    if (!small_file_read(path, d->text, CHILDREN_TEXT))
        return;
    const char *at = d->text;
    for (uint64_t child; d->n < DESCENDANTS_MAX && (child = number_read(&at, 10)) > 0 && *at == ' ';) {
        want(d->p, (uint32_t)child, true);
        d->list[d->n++] = (pid_t)child;
    }
}

/* A thread's children are its own until it ends. */
static void want_children(Descent *d, pid_t pid)
{
    char path[64];
    format_text(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *threads = opendir(path);
    for (struct dirent *e; threads && (e = readdir(threads)) != NULL;)
        want_children_of_thread(d, pid, e->d_name);
    if (threads)
        closedir(threads);
}

static void want_descendants(Processes *p, pid_t root)
{
    Descent d = {p, malloc(DESCENDANTS_MAX * sizeof *d.list), 1, malloc(CHILDREN_TEXT)};
    if (d.list && d.text) {
        d.list[0] = root;
        for (size_t i = 0; i < d.n; i++)
            want_children(&d, d.list[i]);
    }
    free(d.list);
    free(d.text);
}

void processes_open(Processes *p, pid_t pid, bool descendants)
{
    *p = (Processes){.everyone = pid == 0, .descendants = descendants};
    want(p, (uint32_t)pid, pid != 0);
    if (pid && descendants)
        want_descendants(p, pid);
    if (p->everyone)
        want(p, (uint32_t)getpid(), true);
}

void processes_close(Processes *p)
{
    u64map_free(&p->wanted);
    u64map_free(&p->comms);
    free(p->names);
    *p = (Processes){0};
}

bool processes_wanted(const Processes *p, uint32_t pid)
{
    const uint64_t *value = u64map_find(&p->wanted, pid);
    bool listed = value && *value;
    return p->everyone ? !listed : listed;
}

static void comms_forget_all(Processes *p)
{
    u64map_free(&p->comms);
    p->nnames = 0;
}

static const char *comm_set(Processes *p, uint32_t tid, const char *name, size_t n)
{
    if (p->nnames == NAMES_MAX)
        comms_forget_all(p);
    uint64_t *index = u64map_put(&p->comms, tid);
    if (index && *index == 0) {
        if (p->nnames == p->cap) {
            size_t cap = p->cap ? p->cap * 2 : 64;
            void *names = realloc(p->names, cap * sizeof *p->names);
            if (!names)
                return "?";
            p->names = names;
            p->cap = cap;
        }
        *index = ++p->nnames;
    }
    if (!index)
        return "?";
    char *to = p->names[*index - 1];
    memset(to, 0, COMM_SIZE);
    memcpy(to, name, n < COMM_SIZE - 1 ? n : COMM_SIZE - 1);
    return to;
}

const char *processes_comm(Processes *p, uint32_t pid, uint32_t tid)
{
    char path[64], name[64];
    const uint64_t *index = u64map_find(&p->comms, tid);
    if (index && *index)
        return p->names[*index - 1];
    format_text(path, sizeof path, "/proc/%u/task/%u/comm", (unsigned)pid, (unsigned)tid);
    if (!small_file_read(path, name, sizeof name))
        return comm_set(p, tid, "?", 1);
    return comm_set(p, tid, name, (size_t)(strchrnul(name, '\n') - name));
}

/* A number may come back with another owner: what was known of it is forgotten, or taken from the parent. */
static void learn_fork(Processes *p, const uint32_t ids[4])
{
    uint32_t pid = ids[0], parent = ids[1], tid = ids[2], parent_tid = ids[3];
    char name[COMM_SIZE];
    if (processes_wanted(p,
                         parent)) /* while the parent is there to be asked: the child may be gone before it is named */
        processes_comm(p, parent, parent_tid);
    const uint64_t *index = u64map_find(&p->comms, parent_tid);
    uint64_t *own = u64map_find(&p->comms, tid);
    if (index && *index) {
        memcpy(name, p->names[*index - 1], COMM_SIZE);
        comm_set(p, tid, name, strlen(name));
    } else if (own) {
        comm_set(p, tid, "?", 1);
    }
    if (pid != parent && !p->everyone && (p->descendants || processes_wanted(p, pid)))
        want(p, pid, p->descendants && processes_wanted(p, parent));
}

void processes_learn(Processes *p, const PerfRecord *record)
{
    uint32_t ids[4];
    Bytes body = record->body;
    memcpy(ids, body.p, body.n < sizeof ids ? body.n : sizeof ids);
    if (record->type == PERF_RECORD_FORK && body.n >= sizeof ids) {
        learn_fork(p, ids);
    } else if (record->type == PERF_RECORD_COMM && body.n > 8) {
        const char *name = (const char *)body.p + 8;
        comm_set(p, ids[1], name, strnlen(name, body.n - 8));
    }
}
