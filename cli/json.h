/* cli/json.h - a JSON writer (RFC 8259) that keeps the commas; the caller keeps the brackets balanced. */
#ifndef LVSCAN_CLI_JSON_H
#define LVSCAN_CLI_JSON_H

#include "cli/sink.h"

typedef struct Json {
    Sink *out;
    bool comma; /* the next value at this level needs a comma before it */
} Json;

void json_open(Json *j, char bracket);   /* '{' or '[' */
void json_close(Json *j, char bracket);  /* '}' or ']' */
void json_key(Json *j, const char *key); /* key needs no escaping */
void json_key_str(Json *j, Str key);
void json_str(Json *j, Str s);       /* null when s is none */
void json_z(Json *j, const char *z); /* null when z is NULL */
void json_u64(Json *j, uint64_t v);
void json_i64(Json *j, int64_t v);
void json_hex(Json *j, uint64_t v); /* as the string "0x…" */
void json_bytes(Json *j, Bytes b);  /* as a string of hexadecimal digits; null when b.n is 0 */
void json_bool(Json *j, bool v);
void json_real(Json *j, double v); /* shortest of up to 4 decimals, at least one: 1.0, 0.25 */
/* The shortest digits that read back as that float (bits == 32) or double; a string where JSON has no such number. */
void json_number(Json *j, double v, unsigned bits);
void json_null(Json *j);

/* A member of an object: the key, then the value, object or array. */
void json_put_open(Json *j, const char *key, char bracket);
void json_put_str(Json *j, const char *key, Str s);
void json_put_z(Json *j, const char *key, const char *z);
void json_put_u64(Json *j, const char *key, uint64_t v);
void json_put_i64(Json *j, const char *key, int64_t v);
void json_put_hex(Json *j, const char *key, uint64_t v);
void json_put_bytes(Json *j, const char *key, Bytes b);
void json_put_bool(Json *j, const char *key, bool v);
void json_put_real(Json *j, const char *key, double v);

#endif
