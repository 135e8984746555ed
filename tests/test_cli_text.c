/* tests/test_cli_text.c - output buffers, escaping, the JSON writer and reader, SHA-256, lists of constants. */
#include "cli/escape.h"
#include "cli/json.h"
#include "cli/json_read.h"
#include "cli/notes.h"
#include "cli/real_text.h"
#include "cli/sha256.h"
#include "elf/format.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define STR(z)                                                                                                         \
    {                                                                                                                  \
        z, sizeof(z) - 1                                                                                               \
    }

static void assert_text(Sink *t, const char *wanted)
{
    Str got = sink_view(t);
    assert_int_equal(got.n, strlen(wanted));
    assert_memory_equal(got.p, wanted, got.n);
    t->n = 0;
}

static void numbers(void **state)
{
    (void)state;
    Sink t;
    sink_open(&t, -1);
    sink_u64(&t, 0);
    sink_char(&t, ' ');
    sink_u64(&t, UINT64_MAX);
    sink_char(&t, ' ');
    sink_i64(&t, INT64_MIN);
    sink_char(&t, ' ');
    sink_hex(&t, 0);
    sink_char(&t, ' ');
    sink_hex(&t, UINT64_MAX);
    sink_char(&t, ' ');
    sink_bytes(&t, (Bytes){(const uint8_t *)"\x00\xff\x1a", 3});
    assert_text(&t, "0 18446744073709551615 -9223372036854775808 0x0 0xffffffffffffffff 00ff1a");
    sink_close(&t);
}

static void real_round_trip(double v)
{
    char text[REAL_TEXT], least[40];
    double back;
    size_t n = real_print(text, v, 64);
    assert_int_equal(n, strlen(text));
    assert_true(strtod(text, NULL) - v == 0);
    assert_true(real_parse(&back, (Str){text, n}) && back - v == 0);
    real_print(text, (double)(float)v, 32);
    assert_true((float)v - (float)v != 0 || (float)strtod(text, NULL) - (float)v == 0);
    snprintf(least, sizeof least, "%.25g", v);
    assert_true(real_parse(&back, str_of(least)) && back - v == 0);
    snprintf(least, sizeof least, "%.3e", v); /* few digits: a tie now and then */
    if (strtod(least, NULL) - strtod(least, NULL) == 0)
        assert_true(real_parse(&back, str_of(least)) && back - strtod(least, NULL) == 0);
}

/* strtod is the oracle: numbers of every size, the smallest and the largest among them. */
static void reals(void **state)
{
    static const double edges[] = {1.5,     0.1,     1e22,   1e23,     5e-324, 2.2250738585072014e-308,
                                   1.7e308, 30000.5, 1e-300, 123456.0, 0.0001, 9007199254740993.0};
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (size_t i = 0; i < COUNT(edges); i++)
        real_round_trip(edges[i]);
    for (unsigned i = 0; i < 150; i++) {
        double v;
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        memcpy(&v, &seed, sizeof v);
        if (v - v == 0)
            real_round_trip(v);
    }
}

static void reals_as_text(void **state)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {{0, "0.0"},         {42, "42.0"},    {-1.25, "-1.25"}, {0.1, "0.1"},
                {0.0001, "0.0001"}, {1e-5, "1e-05"}, {1e16, "1e+16"},  {123456789, "123456789.0"}};
    static const char *const bad[] = {"",
                                      ".",
                                      "-",
                                      "1e",
                                      "1e+",
                                      "1.2.3",
                                      "1x",
                                      "1e999",
                                      "0x1p3",
                                      "inf",
                                      "11111111112222222222333333333344444444445.0"};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[REAL_TEXT];
        real_print(text, rows[i].v, 64);
        assert_string_equal(text, rows[i].text);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        double v;
        if (real_parse(&v, str_of(bad[i])))
            fail_msg("accepted: %s", bad[i]);
    }
}

static void same_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void same_text(const char *format, ...)
{
    char got[64], wanted[64];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    assert_int_equal(format_list(got, sizeof got, format, args), vsnprintf(wanted, sizeof wanted, format, again));
    assert_string_equal(got, wanted);
    va_end(again);
    va_end(args);
}

/* Our formatting against libc's: all that the program asks of it. */
static void formats_as_printf(void **state)
{
    (void)state;
    static const long long values[] = {0, 1, -1, 9, 10, -30000, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        unsigned long long u = (unsigned long long)values[i];
        same_text("%lld|%+lld|%24lld|%-24lld|", values[i], values[i], values[i], values[i]);
        same_text("%+6lld%%%ld", values[i], (long)values[i]);
        same_text("%d %+d %3d", (int)values[i], (int)values[i], (int)values[i]);
        same_text("%llu 0x%llx %zu", u, u, (size_t)u);
        same_text("%u %x %o", (unsigned)u, (unsigned)u, (unsigned)u);
        same_text("%02x %03o %04x", (unsigned)u & 255, (unsigned)u & 255, (unsigned)u & 255);
        same_text("%12llu|0x%-10llx|%09ld", u, u, (long)values[i]);
    }
    same_text("%s-%s-%c", "", "text", 'c');
    same_text("%4s|%-9s|%-3s|%12s", "ab", "eh_frame", "-c,", "longer than twelve");
    same_text("%.3s|%.60s|%.*s|%.0s|%-6.2s|", "abcdef", "ab", 2, "xyz", "no", "pad");
    same_text("%s", "more than the room that there is for it in the buffer: so it is cut at its end");
    assert_int_equal(format_text(NULL, 0, "%d", 12345), 5);
}

static void a_big_text_stays_whole(void **state)
{
    (void)state;
    Sink t;
    sink_open(&t, -1);
    for (int i = 0; i < 300000; i++)
        sink_char(&t, (char)('a' + i % 26));
    assert_int_equal(sink_view(&t).n, 300000);
    for (int i = 0; i < 300000; i++)
        assert_int_equal(sink_view(&t).p[i], 'a' + i % 26);
    sink_close(&t);
}

static void a_failed_write_is_kept(void **state)
{
    (void)state;
    Sink t;
    int fd = open("/dev/full", O_WRONLY);
    assert_true(fd >= 0);
    sink_open(&t, fd);
    sink_add(&t, "lost");
    assert_false(sink_flush(&t));
    sink_add(&t, "more");
    assert_false(sink_close(&t));
    close(fd);
}

typedef void Escape(Sink *t, Str s);

static const struct {
    Escape *escape;
    Str in;
    const char *out;
} ESCAPES[] = {
    {escape_terminal, STR("plain \xc3\xa4 text"), "plain \xc3\xa4 text"},
    {escape_terminal, STR("a\nb\tc\033[31m\x7f\\"), "a\\nb\\tc\\x1b[31m\\x7f\\\\"},
    {escape_terminal, STR("\0"), "\\x00"},
    {escape_terminal, STR("\xff\xc3"), "\\xff\\xc3"},
    {escape_terminal,
     {(const char[]){(char)0xe2, (char)0x80, (char)0xae, 'e', 'v', 'i', 'l', (char)0xc2, (char)0x9b}, 9},
     "\\u{202e}evil\\u{9b}"},
    {escape_terminal, STR("\xc0\x80\xed\xa0\x80"), "\\xc0\\x80\\xed\\xa0\\x80"}, /* overlong, surrogate */
    {escape_json, STR(""), "\"\""},
    {escape_json, STR("a\"b\\c/\n\x01\x7f"), "\"a\\\"b\\\\c/\\n\\u0001\\u007f\""},
    {escape_json, STR("\xc3\xa4\xff\xf0\x9f\x98\x80"), "\"\xc3\xa4\\ufffd\xf0\x9f\x98\x80\""},
    {escape_json, STR("x\0y"), "\"x\\u0000y\""},
    {escape_c, STR("a\"\\?\n\0019\xff"), "a\\\"\\\\\\?\\012\\0019\\377"},
    {escape_shell, STR("/usr/bin/x-1.2"), "/usr/bin/x-1.2"},
    {escape_shell, STR(""), "''"},
    {escape_shell, STR("$(rm -rf) 'x' `y`\n"), "'$(rm -rf) '\\''x'\\'' `y`\n'"},
    {escape_identifier, STR("9a b-c"), "_9a_b_c"},
};

static void escapes(void **state)
{
    (void)state;
    Sink t;
    sink_open(&t, -1);
    for (size_t i = 0; i < COUNT(ESCAPES); i++) {
        ESCAPES[i].escape(&t, ESCAPES[i].in);
        assert_text(&t, ESCAPES[i].out);
    }
    sink_close(&t);
}

static void json_writes(void **state)
{
    (void)state;
    Sink t;
    sink_open(&t, -1);
    Json j = {&t, false};
    json_open(&j, '{');
    json_key(&j, "a");
    json_open(&j, '[');
    json_u64(&j, 1);
    json_i64(&j, -2);
    json_hex(&j, 255);
    json_close(&j, ']');
    json_key(&j, "b");
    json_open(&j, '{');
    json_close(&j, '}');
    json_key_str(&j, (Str)STR("c\""));
    json_null(&j);
    json_key(&j, "d");
    json_bool(&j, true);
    json_key(&j, "e");
    json_str(&j, (Str){0});
    json_key(&j, "f");
    json_bytes(&j, (Bytes){(const uint8_t *)"\x4c\x39", 2});
    json_close(&j, '}');
    assert_text(&t, "{\"a\":[1,-2,\"0xff\"],\"b\":{},\"c\\\"\":null,\"d\":true,\"e\":null,\"f\":\"4c39\"}");
    sink_close(&t);
}

static void json_reals(void **state)
{
    (void)state;
    static const struct {
        double in;
        const char *out;
    } reals[] = {{1.0, "1.0"},        {0, "0.0"},       {0.25, "0.25"},        {0.5, "0.5"},
                 {1.0 / 3, "0.3333"}, {0.99999, "1.0"}, {12.34567, "12.3457"}, {-1, "0.0"}};
    Sink t;
    sink_open(&t, -1);
    for (size_t i = 0; i < COUNT(reals); i++) {
        Json j = {&t, false};
        json_real(&j, reals[i].in);
        assert_text(&t, reals[i].out);
    }
    sink_close(&t);
}

static bool parse(const char *z, size_t n, JsonValue **v, Arena *arena)
{
    Diag diag = {0};
    bool good = json_read(v, (Bytes){(const uint8_t *)z, n}, arena, &diag);
    assert_true(good || diag.what[0]);
    return good;
}

static void json_reads(void **state)
{
    (void)state;
    static const char text[] =
        " {\"a\" : [1, -20, 1.5e3, true,false,null], \"b\":{\"c\":\"x\\u00e4\\ud83d\\ude00\\n\\\"\"}, \"\":0} ";
    Arena arena = {0};
    JsonValue *v;
    uint64_t n;
    bool negative;
    assert_true(parse(text, sizeof text - 1, &v, &arena));
    const JsonValue *a = json_member(v, "a");
    assert_non_null(a);
    assert_int_equal(a->kind, JSON_ARRAY);
    assert_true(json_integer(a->first, &n, &negative) && n == 1 && !negative);
    assert_true(json_integer(a->first->next, &n, &negative) && (int64_t)n == -20 && negative);
    assert_false(json_integer(a->first->next->next, &n, &negative));
    const JsonValue *c = json_member(json_member(v, "b"), "c");
    assert_true(str_eq(c->text, str_of("x\xc3\xa4\xf0\x9f\x98\x80\n\"")));
    assert_null(json_member(v, "missing"));
    assert_null(json_member(NULL, "x"));
    arena_free(&arena);
}

static void json_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "{",      "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}",       "01",
        "-",         "1.",     "1e",   "\"",      "\"\\x\"",  "\"\\ud800\"", "\"\\ud800\\u0041\"",
        "\"\\u12\"", "\"\n\"", "nul",  "1 2",     "[1 2]",    "\"\\",        "}"};
    Arena arena = {0};
    JsonValue *v;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (parse(bad[i], strlen(bad[i]), &v, &arena))
            fail_msg("accepted: %s", bad[i]);
    arena_free(&arena);
}

static void json_depth_is_bounded(void **state)
{
    (void)state;
    static char deep[200000];
    Arena arena = {0};
    JsonValue *v;
    memset(deep, '[', sizeof deep);
    assert_false(parse(deep, sizeof deep, &v, &arena));
    memset(deep + 20, ']', 20);
    assert_true(parse(deep, 40, &v, &arena));
    arena_free(&arena);
}

/* FIPS 180-4's examples, and lengths around a block's end. */
static void sha256_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqr"
         "stu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    char got[SHA256_TEXT];
    for (size_t i = 0; i < COUNT(vectors); i++) {
        sha256_text((Bytes){(const uint8_t *)vectors[i].in, strlen(vectors[i].in)}, got);
        assert_string_equal(got, vectors[i].out);
    }
    static uint8_t million[1000000];
    memset(million, 'a', sizeof million);
    sha256_text((Bytes){million, sizeof million}, got);
    assert_string_equal(got, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void assert_constants(const Variable *v, const EnumTable *names, const uint64_t *items, size_t n,
                             const char *wanted)
{
    Sink t;
    Site sites[40] = {0};
    for (size_t i = 0; i < n; i++)
        sites[i].constant = items[i];
    sink_open(&t, -1);
    notes_constants(&t, v, names, (ConstantList){.items = items, .n = n}, false);
    assert_text(&t, wanted);
    notes_constants(&t, v, names, (ConstantList){.sites = sites, .n = n}, false);
    assert_text(&t, wanted);
    sink_close(&t);
}

/* What follows one by one is a range, as -c takes it; what has a name stands for itself. */
static void constants_in_ranges(void **state)
{
    (void)state;
    const Variable plain = {.width = 64, .sign = SIGN_SIGNED}, byte = {.width = 8, .sign = SIGN_SIGNED},
                   natural = {.width = 64, .sign = SIGN_UNSIGNED}, real = {.width = 32, .real = true};
    const uint64_t few[] = {1, 2, 4, 5, 6, 9}, bytes[] = {0xfe, 0xff, 0, 1},
                   ends[] = {INT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX, 0, 1},
                   floats[] = {0x3f800000, 0x3f800001, 0x3f800002};
    uint64_t odd[14], row[40];
    for (uint64_t i = 0; i < 40; i++)
        row[i] = i + 7;
    for (uint64_t i = 0; i < 14; i++)
        odd[i] = 2 * i + 1;
    assert_constants(&plain, NULL, few, 6, "1, 2, 4..6, 9");
    assert_constants(&plain, NULL, row, 40, "7..46");
    assert_constants(&byte, NULL, bytes, 4, "-2..1");
    assert_constants(&plain, NULL, ends, 6, "9223372036854775806, 9223372036854775807, -9223372036854775808, -1..1");
    assert_constants(&natural, NULL, ends, 6, "9223372036854775806..9223372036854775808, 18446744073709551615, 0, 1");
    assert_constants(&real, NULL, floats, 3, "1.0, 1.0000001, 1.0000002");
    assert_constants(&plain, NULL, odd, 13, "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25");
    assert_constants(&plain, NULL, odd, 14, "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, …");
    assert_constants(&plain, NULL, NULL, 0, "");
    Enumerator named = {.name = STR("nine"), .value = 9};
    const EnumTable names = {.items = &named, .n = 1};
    assert_constants(&plain, &names, row, 6, "7, 8, 9 nine, 10..12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(reals),
        cmocka_unit_test(reals_as_text),
        cmocka_unit_test(formats_as_printf),
        cmocka_unit_test(a_big_text_stays_whole),
        cmocka_unit_test(a_failed_write_is_kept),
        cmocka_unit_test(escapes),
        cmocka_unit_test(json_writes),
        cmocka_unit_test(json_reals),
        cmocka_unit_test(json_reads),
        cmocka_unit_test(json_refuses),
        cmocka_unit_test(json_depth_is_bounded),
        cmocka_unit_test(sha256_vectors),
        cmocka_unit_test(constants_in_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
