/* cli/json.c - see json.h. */
#include "cli/json.h"

#include "cli/escape.h"

#include <string.h>

static void json_before(Json *j)
{
    if (j->comma)
        sink_char(j->out, ',');
    j->comma = true;
}

void json_open(Json *j, char bracket)
{
    json_before(j);
    sink_char(j->out, bracket);
    j->comma = false;
}

void json_close(Json *j, char bracket)
{
    sink_char(j->out, bracket);
    j->comma = true;
}

void json_key_str(Json *j, Str key)
{
    json_before(j);
    escape_json(j->out, key);
    sink_char(j->out, ':');
    j->comma = false;
}

void json_key(Json *j, const char *key) { json_key_str(j, str_of(key)); }

void json_null(Json *j)
{
    json_before(j);
    sink_add(j->out, "null");
}

void json_str(Json *j, Str s)
{
    if (!s.p) {
        json_null(j);
        return;
    }
    json_before(j);
    escape_json(j->out, s);
}

void json_z(Json *j, const char *z) { json_str(j, str_of(z)); }

void json_u64(Json *j, uint64_t v)
{
    json_before(j);
    sink_u64(j->out, v);
}

void json_i64(Json *j, int64_t v)
{
    json_before(j);
    sink_i64(j->out, v);
}

void json_hex(Json *j, uint64_t v)
{
    json_before(j);
    sink_char(j->out, '"');
    sink_hex(j->out, v);
    sink_char(j->out, '"');
}

void json_bytes(Json *j, Bytes b)
{
    if (b.n == 0) {
        json_null(j);
        return;
    }
    json_before(j);
    sink_char(j->out, '"');
    sink_bytes(j->out, b);
    sink_char(j->out, '"');
}

void json_bool(Json *j, bool v)
{
    json_before(j);
    sink_add(j->out, v ? "true" : "false");
}

/* Scaled integers, so that the locale's decimal point and rounding modes play no part. */
void json_number(Json *j, double v, unsigned bits)
{
    bool quoted = v - v != 0; /* infinities and NaNs */
    json_before(j);
    sink_add(j->out, quoted ? "\"" : "");
    sink_real(j->out, v, bits);
    sink_add(j->out, quoted ? "\"" : "");
}

void json_real(Json *j, double v)
{
    json_before(j);
    double limited = v > 1e12 ? 1e12 : v > 0 ? v : 0;
    uint64_t scaled = (uint64_t)(limited * 10000 + 0.5);
    char digits[5];
    uint64_t rest = scaled % 10000;
    for (size_t i = 4; i-- > 0; rest /= 10)
        digits[i] = (char)('0' + rest % 10);
    size_t n = 4;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    sink_u64(j->out, scaled / 10000);
    sink_char(j->out, '.');
    sink_put(j->out, digits, n);
}

void json_put_open(Json *j, const char *key, char bracket)
{
    json_key(j, key);
    json_open(j, bracket);
}

void json_put_str(Json *j, const char *key, Str s)
{
    json_key(j, key);
    json_str(j, s);
}

void json_put_z(Json *j, const char *key, const char *z)
{
    json_key(j, key);
    json_z(j, z);
}

void json_put_u64(Json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_u64(j, v);
}

void json_put_i64(Json *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_i64(j, v);
}

void json_put_hex(Json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_hex(j, v);
}

void json_put_bytes(Json *j, const char *key, Bytes b)
{
    json_key(j, key);
    json_bytes(j, b);
}

void json_put_bool(Json *j, const char *key, bool v)
{
    json_key(j, key);
    json_bool(j, v);
}

void json_put_real(Json *j, const char *key, double v)
{
    json_key(j, key);
    json_real(j, v);
}
