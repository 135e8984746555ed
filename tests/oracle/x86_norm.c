/* tests/oracle/x86_norm.c - the documented normaliser (see the header). */
#include "tests/oracle/x86_norm.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void cut_comment(char *s)
{
    char *hash = strchr(s, '#');
    if (hash)
        *hash = 0;
    char *less = strchr(s, '<');
    char *more = less ? strrchr(less, '>') : NULL;
    if (more)
        memmove(less, more + 1, strlen(more + 1) + 1);
}

static void squeeze_blanks(char *s)
{
    char *to = s;
    for (; *s; s++)
        if (!isspace((unsigned char)*s))
            *to++ = *s;
        else if (to[-1] != ' ')
            *to++ = ' ';
    while (to[-1] == ' ')
        to--;
    *to = 0;
}

/* Only a branch names its target as a bare number: no sign, register or bracket. */
static void target_0x(char *s, size_t n)
{
    char *last = strrchr(s, ' ');
    size_t len = strlen(s);
    if (!last || !last[1] || len + 3 > n || strspn(last + 1, "0123456789abcdef") != strlen(last + 1))
        return;
    const char *word = norm_skip_prefixes(s);
    if (*word != 'j' && strncmp(word, "call", 4) != 0 && strncmp(word, "loop", 4) != 0 &&
        strncmp(word, "xbegin", 6) != 0)
        return;
    memmove(last + 3, last + 1, strlen(last + 1) + 1);
    last[1] = '0';
    last[2] = 'x';
}

/* "[rip+0xfffffffffffffe92]", "[eip+0xffff...": objdump does not show the sign there. */
static void rip_signed(char *s, size_t n)
{
    char *at = strstr(s, "ip+0xffffffff"), rest[128], *end;
    if (!at || at < s + 2 || at[-2] != '[')
        return;
    at -= 2;
    unsigned long long v = strtoull(at + 5, &end, 16);
    if (v >> 31 != 0x1ffffffff)
        return;
    snprintf(rest, sizeof rest, "%s", end);
    snprintf(at + 4, n - (size_t)(at + 4 - s), "-0x%llx%s", 0 - v, rest);
}

void norm_text(char *s, size_t n)
{
    while (isspace((unsigned char)*s))
        memmove(s, s + 1, strlen(s));
    if (!*s)
        return;
    cut_comment(s);
    squeeze_blanks(s);
    target_0x(s, n);
    rip_signed(s, n);
}

static size_t prefix_length(const char *s)
{
    static const char *const names[] = {"data16",   "addr32",   "cs",    "ds",     "es",     "fs",   "gs",  "ss",
                                        "lock",     "repz",     "repnz", "rep",    "repne",  "repe", "bnd", "notrack",
                                        "xacquire", "xrelease", "{vex}", "{vex3}", "{evex}", "{nf}"};
    size_t n = strcspn(s, " ");
    if (strncmp(s, "rex", 3) == 0 && (n == 3 || s[3] == '.'))
        return n;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0)
            return n;
    return 0;
}

const char *norm_skip_prefixes(const char *s)
{
    for (size_t n; (n = prefix_length(s)) > 0;) {
        s += n;
        s += strspn(s, " ");
    }
    return s;
}

bool norm_prefixes_only(const char *s) { return *s && !*norm_skip_prefixes(s); }

/* Copies the next prefix of *s into word and moves *s behind it; false at the mnemonic. */
static bool prefix_next(const char **s, char word[16])
{
    size_t n = prefix_length(*s);
    if (n == 0)
        return false;
    bool rex = strncmp(*s, "rex", 3) == 0;
    snprintf(word, 16, "%.*s", rex ? 3 : (int)n, *s);
    *s += n;
    *s += strspn(*s, " ");
    return true;
}

static int prefix_count(const char *s, const char *which)
{
    char word[16];
    int n = 0;
    while (prefix_next(&s, word))
        n += strcmp(word, which) == 0;
    return n;
}

bool norm_same_live_prefixes(const char *ours, const char *theirs)
{
    static const char *const live[] = {"lock", "rep", "bnd", "notrack", "xacquire", "xrelease"};
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++)
        if (!prefix_count(ours, live[i]) != !prefix_count(theirs, live[i]))
            return false;
    return true;
}

void norm_word(const char *s, char *buf, size_t n) { snprintf(buf, n, "%.*s", (int)strcspn(s, " "), s); }
