/* cli/json_read.h - a small, bounded JSON reader (RFC 8259) for probe specs: at most 1 MiB, 32 levels. */
#ifndef LVSCAN_CLI_JSON_READ_H
#define LVSCAN_CLI_JSON_READ_H

#include "elf/base.h"

enum { JSON_MAX_BYTES = 1 << 20, JSON_MAX_DEPTH = 32 };

typedef enum JsonKind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;

typedef struct JsonValue JsonValue;
struct JsonValue {
    JsonKind kind;
    Str key;          /* in an object: its key, unescaped */
    Str text;         /* STRING: unescaped UTF-8. NUMBER: as written */
    bool truth;       /* BOOL */
    JsonValue *first; /* ARRAY, OBJECT: its items */
    JsonValue *next;
};

/* Parses the whole source as one value. On failure fills *diag (off = byte in the source). Values in `arena`. */
bool json_read(JsonValue **out, Bytes source, Arena *arena, Diag *diag);

/* The object's member of that name (the first when there are several), or NULL; also for a NULL or another kind. */
const JsonValue *json_member(const JsonValue *object, const char *key);

/* A number that is an integer within 64 bits, signed or unsigned (kept modulo 2^64). */
bool json_integer(const JsonValue *value, uint64_t *out, bool *negative);

#endif
