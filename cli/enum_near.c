/* cli/enum_near.c - the names most like one that was not found. */
#include "cli/enum_internal.h"

#include <string.h>

enum { NEAR_MAX = 5, NAME_MAX_LEN = 64, CANDIDATES_MAX = 10000 };

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* Edits (insert, drop, change a letter; case is free) between the two, of which at most 64 bytes count. */
static uint32_t distance(Str a, Str b)
{
    uint32_t row[NAME_MAX_LEN + 1];
    size_t n = a.n < NAME_MAX_LEN ? a.n : NAME_MAX_LEN, m = b.n < NAME_MAX_LEN ? b.n : NAME_MAX_LEN;
    for (size_t j = 0; j <= m; j++)
        row[j] = (uint32_t)j;
    for (size_t i = 1; i <= n; i++) {
        uint32_t diagonal = row[0];
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= m; j++) {
            uint32_t change = diagonal + (lower(a.p[i - 1]) != lower(b.p[j - 1]));
            diagonal = row[j];
            uint32_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < least ? change : least;
        }
    }
    return row[m];
}

static bool contains(Str s, Str part)
{
    for (size_t i = 0; part.n > 0 && part.n <= s.n && i <= s.n - part.n; i++) {
        size_t j = 0;
        while (j < part.n && lower(s.p[i + j]) == lower(part.p[j]))
            j++;
        if (j == part.n)
            return true;
    }
    return false;
}

typedef struct Near {
    Str want;
    Str names[NEAR_MAX];
    uint32_t costs[NEAR_MAX];
    size_t n;
} Near;

static void near_add(Near *k, Str name)
{
    uint32_t cost = contains(name, k->want) || contains(k->want, name) ? 1 : distance(k->want, name);
    for (size_t i = 0; i < k->n; i++)
        if (str_eq(k->names[i], name))
            return;
    size_t i = k->n < NEAR_MAX ? k->n++ : NEAR_MAX;
    if (i == NEAR_MAX && cost >= k->costs[NEAR_MAX - 1])
        return;
    if (i == NEAR_MAX)
        i--;
    for (; i > 0 && k->costs[i - 1] > cost; i--) {
        k->costs[i] = k->costs[i - 1];
        k->names[i] = k->names[i - 1];
    }
    k->costs[i] = cost;
    k->names[i] = name;
}

/* The last part of a qualified name. */
static Str plain(Str s)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == ':')
            return (Str){s.p + i, s.n - i};
    return s;
}

bool enum_fail_missing(const Scan *s, Str want, EnumError *err)
{
    Near k = {.want = plain(want)};
    int seen = 0;
    for (const EnumDef *e = s->first; e && seen < CANDIDATES_MAX; e = e->next) {
        if (e->tag.n && ++seen)
            near_add(&k, e->tag);
        for (const TypedefName *n = e->typedefs; n && seen < CANDIDATES_MAX; n = n->next, seen++)
            near_add(&k, n->name);
    }
    enum_fail(err, "there is no enum ", &(Token){0});
    enum_what_add(err, want, 60);
    enum_what_add(err, str_of(k.n ? "; near: " : ", nor any other that has a name"), SIZE_MAX);
    for (size_t i = 0; i < k.n; i++) {
        enum_what_add(err, str_of(i ? ", " : ""), SIZE_MAX);
        enum_what_add(err, k.names[i], 30);
    }
    return false;
}
