/* tests/oracle/dynamic/json.h - a small JSON reader for the oracles: text to a tree, kept until the program ends.
 * Shares nothing with lvscan, whose output it reads. */
#ifndef ORACLE_DYNAMIC_JSON_H
#define ORACLE_DYNAMIC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum JsonKind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;

typedef struct Json Json;
struct Json {
    JsonKind kind;
    bool truth;         /* JSON_BOOL */
    uint64_t number;    /* JSON_NUMBER: an integer in two's complement; a fraction is cut off */
    const char *string; /* JSON_STRING */
    const char *name;   /* the key, for a member of an object */
    Json *first, *next; /* children of an array or object; the next sibling */
};

/* Reads one value at *at and moves *at past it. NULL: not JSON. */
Json *json_read(const char **at);

/* The member `name` of an object; NULL: none, or no object. */
const Json *json_get(const Json *object, const char *name);

/* The member's string; NULL: none. */
const char *json_string(const Json *object, const char *name);

/* The member's integer, which may also be a string in hexadecimal; `otherwise` where there is none. */
uint64_t json_number(const Json *object, const char *name, uint64_t otherwise);

/* The same for a value itself. */
uint64_t json_value_number(const Json *value, uint64_t otherwise);

/* Children of an array or object; 0 for NULL. */
size_t json_count(const Json *array);

/* The whole file as a string; NULL: unreadable, errno says why. */
char *file_text(const char *path);

/* malloc that ends the program instead of failing, zeroed. */
void *must_alloc(size_t count, size_t size);

#endif
