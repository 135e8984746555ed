/* cli/filter.c - see filter.h. */
#include "cli/filter.h"

#include "cli/options.h"

#include <string.h>

static void skip_space(Str s, size_t *i)
{
    while (*i < s.n && (s.p[*i] == ' ' || s.p[*i] == '\t'))
        ++*i;
}

/* The first of `words` (NULL-terminated list) that stands at s[*i], moved past; -1 for none. */
static int word_at(Str s, size_t *i, const char *const *words)
{
    skip_space(s, i);
    for (int w = 0; words[w]; w++) {
        size_t n = strlen(words[w]);
        if (n <= s.n - *i && memcmp(s.p + *i, words[w], n) == 0) {
            *i += n;
            return w;
        }
    }
    return -1;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

/* A constant as -c takes it, or an enumerator. */
static bool constant_at(Str s, size_t *i, const EnumTable *names, int64_t *out, Diag *diag)
{
    skip_space(s, i);
    if (*i < s.n && is_name(s.p[*i]) && !(s.p[*i] >= '0' && s.p[*i] <= '9')) {
        size_t from = *i;
        while (*i < s.n && is_name(s.p[*i]))
            ++*i;
        for (size_t k = 0; k < names->n; k++)
            if (str_eq(names->items[k].name, (Str){s.p + from, *i - from})) {
                *out = names->items[k].value;
                return true;
            }
        return diag_set(diag, from, "--filter: '%.*s' is no enumerator (-e gives names)",
                        (int)(*i - from > 60 ? 60 : *i - from), s.p + from);
    }
    return constant_scan(out, s, i, diag);
}

static bool term_at(Str s, size_t *i, const EnumTable *names, FilterTerm *t, Diag *diag)
{
    static const char *const fields[] = {"value", "pid", "tid", NULL};
    static const char *const ops[] = {"==", "!=", "<=", ">=", "<", ">", NULL};
    int field = word_at(s, i, fields);
    if (field < 0)
        return diag_set(diag, *i, "--filter: value, pid or tid is expected at '%.40s'", s.p + *i);
    int op = word_at(s, i, ops);
    if (op < 0)
        return diag_set(diag, *i, "--filter: a comparison is expected at '%.40s'", s.p + *i);
    t->field = (FilterField)field;
    t->op = (FilterOp)op;
    return constant_at(s, i, names, &t->constant, diag);
}

bool filter_parse(Filter *f, const char *text, const EnumTable *names, Diag *diag)
{
    static const char *const joins[] = {"&&", "||", NULL};
    Str s = str_of(text);
    f->n = 0;
    for (size_t i = 0;;) {
        if (f->n == FILTER_TERMS_MAX)
            return diag_set(diag, i, "--filter: more than %d comparisons", FILTER_TERMS_MAX);
        if (!term_at(s, &i, names, &f->terms[f->n], diag))
            return false;
        f->n++;
        skip_space(s, &i);
        if (i == s.n)
            return true;
        int join = word_at(s, &i, joins);
        if (join < 0)
            return diag_set(diag, i, "--filter: && or || is expected at '%.40s'", s.p + i);
        if (f->n < FILTER_TERMS_MAX)
            f->terms[f->n].starts_alternative = join == 1;
    }
}

static bool term_holds(const FilterTerm *t, int64_t value, bool is_unsigned)
{
    int64_t c = t->constant;
    bool less = is_unsigned ? (uint64_t)value < (uint64_t)c : value < c;
    switch (t->op) {
    case OP_EQ: return value == c;
    case OP_NE: return value != c;
    case OP_LE: return less || value == c;
    case OP_GE: return !less;
    case OP_LT: return less;
    case OP_GT: return !less && value != c;
    }
    return false;
}

bool filter_pass(const Filter *f, int64_t value, uint32_t pid, uint32_t tid)
{
    bool any = false, all = true;
    for (size_t i = 0; i < f->n; i++) {
        const FilterTerm *t = &f->terms[i];
        if (t->starts_alternative) {
            any |= all;
            all = true;
        }
        int64_t left = t->field == FIELD_VALUE ? value : t->field == FIELD_PID ? (int64_t)pid : (int64_t)tid;
        all = all && term_holds(t, left, t->field == FIELD_VALUE && f->is_unsigned);
    }
    return any || all;
}
