/* elf/glob.c - see glob.h. */
#include "elf/glob.h"

#include <string.h>

bool glob_is(Str pattern)
{
    for (size_t i = 0; i < pattern.n; i++)
        if (strchr("*?[", pattern.p[i]) && pattern.p[i])
            return true;
    return false;
}

/* The pattern up to its last ']'. A '[' that is not closed in it is followed by that ']' at once, or by none. */
static Str closed_sets(Str pattern)
{
    while (pattern.n > 0 && pattern.p[pattern.n - 1] != ']')
        pattern.n--;
    return pattern;
}

/* Matches one character against the set at pattern[*i] = '['; moves *i past it. An unclosed '[' stands for itself; of `pattern` no more is
 * needed than closed_sets, so that many of them are not each looked for to the pattern's end. */
static bool set_match(Str pattern, size_t *i, char c)
{
    size_t j = *i + 1;
    bool negated = j < pattern.n && (pattern.p[j] == '!' || pattern.p[j] == '^'), hit = false;
    size_t first = j += negated;
    for (; j < pattern.n && (pattern.p[j] != ']' || j == first); j++) {
        if (j + 2 < pattern.n && pattern.p[j + 1] == '-' && pattern.p[j + 2] != ']') {
            hit |= c >= pattern.p[j] && c <= pattern.p[j + 2];
            j += 2;
        } else {
            hit |= c == pattern.p[j];
        }
    }
    if (j >= pattern.n) {
        ++*i;
        return c == '[';
    }
    *i = j + 1;
    return hit != negated;
}

/* One star's backtracking at a time is enough: time is at most |pattern| * |s|. */
bool glob_match(Str pattern, Str s)
{
    size_t i = 0, j = 0, star = SIZE_MAX, star_at = 0;
    Str sets = closed_sets(pattern);
    while (j < s.n) {
        size_t next = i + 1;
        if (i < pattern.n && pattern.p[i] == '*') {
            star = i++;
            star_at = j;
            continue;
        }
        bool one = i < pattern.n && (pattern.p[i] == '?' || pattern.p[i] == s.p[j]);
        if (i < pattern.n && pattern.p[i] == '[') {
            next = i;
            one = set_match(sets, &next, s.p[j]);
        }
        if (one) {
            i = next;
            j++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            j = ++star_at;
        } else {
            return false;
        }
    }
    while (i < pattern.n && pattern.p[i] == '*')
        i++;
    return i == pattern.n;
}
