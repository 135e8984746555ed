/* tests/oracle/x86_diff.c - difference classes (see the header). */
#include "tests/oracle/x86_diff.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        exit(2);
    }
    return p;
}

/* Cuts the next word off *s: NUL-terminates it, moves *s behind it and the blanks that follow. */
static char *word_cut(char **s)
{
    char *w = *s;
    size_t n = strcspn(w, " \t\n");
    char *end = w + n;
    while (*end && isspace((unsigned char)*end))
        *end++ = 0;
    *s = end;
    return w;
}

static void known_add(DiffTable *t, const char *glob, const char *reason)
{
    t->known = must(realloc(t->known, (t->nknown + 1) * sizeof *t->known));
    t->known[t->nknown++] = (Known){must(strdup(glob)), must(strdup(reason)), 0};
}

static void known_read(DiffTable *t, const char *path)
{
    FILE *f = fopen(path, "r");
    char line[1024];
    if (!f) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof line, f)) {
        char *s = line;
        char *oracle = word_cut(&s);
        char *glob = word_cut(&s);
        s[strcspn(s, "\n")] = 0;
        if (*oracle == '#' || !*oracle || strcmp(oracle, t->oracle) != 0)
            continue;
        if (!*s) {
            fprintf(stderr, "%s: '%s' gives no reason\n", path, glob);
            exit(2);
        }
        known_add(t, glob, s);
    }
    fclose(f);
}

void diff_init(DiffTable *t, const char *oracle, const char *path)
{
    memset(t, 0, sizeof *t);
    t->oracle = oracle;
    t->room = 1 << 12;
    t->class = must(calloc(t->room, sizeof *t->class));
    known_read(t, path);
}

static size_t key_hash(const char *s)
{
    uint64_t h = 14695981039346656037u;
    while (*s)
        h = (h ^ (unsigned char)*s++) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

static DiffClass *class_find(const DiffTable *t, const char *key)
{
    size_t i = key_hash(key) & (t->room - 1);
    while (t->class[i].key && strcmp(t->class[i].key, key) != 0)
        i = (i + 1) & (t->room - 1);
    return &t->class[i];
}

static void table_grow(DiffTable *t)
{
    DiffTable old = *t;
    t->room *= 2;
    t->class = must(calloc(t->room, sizeof *t->class));
    for (size_t i = 0; i < old.room; i++)
        if (old.class[i].key)
            *class_find(t, old.class[i].key) = old.class[i];
    free(old.class);
}

static Known *known_match(const DiffTable *t, const char *key)
{
    for (size_t i = 0; i < t->nknown; i++)
        if (fnmatch(t->known[i].glob, key, FNM_EXTMATCH) == 0)
            return &t->known[i];
    return NULL;
}

bool diff_known(const DiffTable *t, const char *key) { return known_match(t, key) != NULL; }

bool diff_add(DiffTable *t, const char *key)
{
    DiffClass *c = class_find(t, key);
    if (!c->key) {
        if (t->used * 2 > t->room) {
            table_grow(t);
            c = class_find(t, key);
        }
        t->used++;
        c->key = must(strdup(key));
        c->known = known_match(t, key);
    }
    if (c->known)
        c->known->hits++;
    return c->count++ == 0;
}

void diff_example(DiffTable *t, const char *key, const char *fmt, ...)
{
    char buf[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    DiffClass *c = class_find(t, key);
    free(c->example);
    c->example = must(strdup(buf));
}

static int class_order(const void *a, const void *b)
{
    const DiffClass *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

/* The kind of a key: what lies between its first and second slash. */
static void key_kind(const char *key, char *buf, size_t n)
{
    const char *s = strchr(key, '/');
    s = s ? s + 1 : key;
    snprintf(buf, n, "%.*s", (int)strcspn(s, "/"), s);
}

typedef struct KindCount {
    char kind[32];
    uint64_t classes, count, explained;
} KindCount;

static void kind_count(KindCount *k, size_t *n, size_t room, const DiffClass *c)
{
    char kind[32];
    size_t i = 0;
    key_kind(c->key, kind, sizeof kind);
    while (i < *n && strcmp(k[i].kind, kind) != 0)
        i++;
    if (i == room)
        return;
    if (i == *n)
        memcpy(k[(*n)++].kind, kind, sizeof kind);
    if (c->known) {
        k[i].explained += c->count;
    } else {
        k[i].classes++;
        k[i].count += c->count;
    }
}

static size_t known_stale(const DiffTable *t)
{
    size_t stale = 0;
    for (size_t i = 0; i < t->nknown; i++)
        if (!t->known[i].hits) {
            printf("STALE known entry: %s %s\n", t->oracle, t->known[i].glob);
            stale++;
        }
    return stale;
}

uint64_t diff_report(const DiffTable *t, bool full, bool verbose)
{
    const DiffClass **order = must(calloc(t->used + 1, sizeof(DiffClass *)));
    KindCount kinds[32] = {0};
    size_t n = 0, nkinds = 0;
    uint64_t bad = 0;
    for (size_t i = 0; i < t->room; i++)
        if (t->class[i].key)
            order[n++] = &t->class[i];
    qsort(order, n, sizeof order[0], class_order);
    for (size_t i = 0; i < n; i++) {
        kind_count(kinds, &nkinds, sizeof kinds / sizeof kinds[0], order[i]);
        if (!order[i]->known)
            bad += order[i]->count;
        if (!order[i]->known || verbose)
            printf("%s %s x%llu  %s\n    %s\n", order[i]->known ? "known" : "DIFF", order[i]->key,
                   (unsigned long long)order[i]->count, order[i]->known ? order[i]->known->reason : "",
                   order[i]->example ? order[i]->example : "");
    }
    for (size_t i = 0; i < nkinds; i++)
        printf("%s: %-16s unexplained %llu in %llu classes, explained %llu\n", t->oracle, kinds[i].kind,
               (unsigned long long)kinds[i].count, (unsigned long long)kinds[i].classes,
               (unsigned long long)kinds[i].explained);
    if (full)
        printf("%s: stale list entries: %zu\n", t->oracle, known_stale(t));
    free(order);
    return bad;
}

char *hex_of(char *buf, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        buf[2 * i] = digits[p[i] >> 4];
        buf[2 * i + 1] = digits[p[i] & 15];
    }
    buf[2 * n] = 0;
    return buf;
}
