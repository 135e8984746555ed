/* tests/oracle/dynamic/json.c - see json.h. Recursive descent; depth is bounded because the input is a tool's output
 * that is under test, not because it is hostile. */
#include "tests/oracle/dynamic/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

static Json *value_read(const char **at, int depth);

void *must_alloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p) {
        fprintf(stderr, "oracle: out of memory\n");
        exit(2);
    }
    return p;
}

static void space_skip(const char **at)
{
    while (isspace((unsigned char)**at))
        ++*at;
}

static Json *json_new(JsonKind kind)
{
    Json *j = must_alloc(1, sizeof *j);
    j->kind = kind;
    return j;
}

/* One escape after the backslash; characters beyond Latin-1 become '?', nothing here compares them. */
static char escape_read(const char **at)
{
    char c = *(*at)++;
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'u': {
        char hex[5] = {0};
        for (int i = 0; i < 4 && isxdigit((unsigned char)**at); i++)
            hex[i] = *(*at)++;
        unsigned long code = strtoul(hex, NULL, 16);
        return code && code < 256 ? (char)(unsigned char)code : '?';
    }
    default: return c;
    }
}

/* *at stands on the opening quote. */
static char *string_read(const char **at)
{
    const char *p = *at + 1, *end = p;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    if (!*end)
        return NULL;
    char *out = must_alloc((size_t)(end - p) + 1, 1), *to = out;
    while (p < end) {
        char c = *p++;
        *to++ = c == '\\' ? escape_read(&p) : c;
    }
    *at = end + 1;
    return out;
}

/* Members of an array or object up to its closing character. */
static Json *members_read(const char **at, JsonKind kind, char close, int depth)
{
    Json *j = json_new(kind), **tail = &j->first;
    ++*at;
    for (space_skip(at); **at != close; space_skip(at)) {
        char *name = NULL;
        if (kind == JSON_OBJECT) {
            if (**at != '"' || !(name = string_read(at)))
                return NULL;
            space_skip(at);
            if (*(*at)++ != ':')
                return NULL;
        }
        Json *member = value_read(at, depth + 1);
        if (!member)
            return NULL;
        member->name = name;
        *tail = member;
        tail = &member->next;
        space_skip(at);
        if (**at == ',')
            ++*at;
        else if (**at != close)
            return NULL;
    }
    ++*at;
    return j;
}

static Json *number_read(const char **at)
{
    Json *j = json_new(JSON_NUMBER);
    char *end;
    j->number = **at == '-' ? (uint64_t)strtoll(*at, &end, 10) : strtoull(*at, &end, 10);
    if (end == *at)
        return NULL;
    while (*end && strchr("0123456789.eE+-", *end))
        end++;
    *at = end;
    return j;
}

static Json *word_read(const char **at)
{
    static const struct {
        const char *text;
        JsonKind kind;
        bool truth;
    } words[] = {{"null", JSON_NULL, false}, {"true", JSON_BOOL, true}, {"false", JSON_BOOL, false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i].text);
        if (strncmp(*at, words[i].text, n) == 0) {
            *at += n;
            Json *j = json_new(words[i].kind);
            j->truth = words[i].truth;
            return j;
        }
    }
    return NULL;
}

static Json *value_read(const char **at, int depth)
{
    space_skip(at);
    if (depth > DEPTH_MAX)
        return NULL;
    switch (**at) {
    case '{': return members_read(at, JSON_OBJECT, '}', depth);
    case '[': return members_read(at, JSON_ARRAY, ']', depth);
    case '"': {
        char *s = string_read(at);
        Json *j = json_new(JSON_STRING);
        j->string = s;
        return s ? j : NULL;
    }
    case 'n':
    case 't':
    case 'f': return word_read(at);
    default: return number_read(at);
    }
}

Json *json_read(const char **at) { return value_read(at, 0); }

const Json *json_get(const Json *object, const char *name)
{
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    for (const Json *j = object->first; j; j = j->next)
        if (strcmp(j->name, name) == 0)
            return j;
    return NULL;
}

const char *json_string(const Json *object, const char *name)
{
    const Json *j = json_get(object, name);
    return j && j->kind == JSON_STRING ? j->string : NULL;
}

uint64_t json_value_number(const Json *value, uint64_t otherwise)
{
    if (value && value->kind == JSON_NUMBER)
        return value->number;
    if (value && value->kind == JSON_STRING && value->string[0] == '0')
        return strtoull(value->string, NULL, 16);
    return otherwise;
}

uint64_t json_number(const Json *object, const char *name, uint64_t otherwise)
{
    return json_value_number(json_get(object, name), otherwise);
}

size_t json_count(const Json *array)
{
    size_t n = 0;
    for (const Json *j = array ? array->first : NULL; j; j = j->next)
        n++;
    return n;
}

char *file_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    size_t size = 0, room = 1 << 16;
    char *text = must_alloc(room, 1);
    for (size_t n; (n = fread(text + size, 1, room - size - 1, f)) > 0;) {
        size += n;
        if (room - size < 2) {
            char *more = must_alloc(room * 2, 1);
            memcpy(more, text, size);
            free(text);
            text = more;
            room *= 2;
        }
    }
    fclose(f);
    text[size] = 0;
    return text;
}
