/* tests/test_elf_base.c - arena, diagnostics, cursor, string table lookups, patterns, formatting. */
#include "elf/base.h"
#include "elf/cursor.h"
#include "elf/format.h"
#include "elf/glob.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

static void arena_gives_zeroed_aligned_blocks(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 15, 16, 17, 4096, 0, 65536, 3, 1 << 20, 40000, 8};
    Arena a = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            unsigned char *p = arena_alloc(&a, sizes[i], 1);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            assert_true(all_zero(p, sizes[i]));
            memset(p, 0xa5, sizes[i]);
        }
        arena_reset(&a);
        assert_int_equal(a.total, 0);
    }
    arena_free(&a);
    assert_null(a.chunk);
    assert_non_null(arena_alloc(&a, 2 << 20, 1)); /* a large chunk is not kept */
    arena_reset(&a);
    assert_null(a.chunk);
    arena_free(&a);
}

/* Memory that an arena gave back is another's: more of it than is kept for that, from chunks that were full and others. */
static void arenas_are_zeroed(void **state)
{
    enum { ARENAS = 20, BLOCK = 15000 };
    (void)state;
    for (size_t round = 0; round < 3; round++) {
        Arena arenas[ARENAS] = {{0}};
        for (size_t i = 0; i < ARENAS; i++)
            for (size_t k = 0; k <= i; k++) {
                unsigned char *p = arena_alloc(&arenas[i], BLOCK, 1);
                assert_non_null(p);
                assert_true(all_zero(p, BLOCK));
                memset(p, 0xa5, BLOCK);
            }
        for (size_t i = 0; i < ARENAS; i++)
            arena_free(&arenas[i]);
    }
}

static void arena_refuses_overflow_and_limit(void **state)
{
    (void)state;
    Arena a = {.limit = 1000};
    assert_null(arena_alloc(&a, SIZE_MAX, 2));
    assert_null(arena_alloc(&a, SIZE_MAX / 16 + 1, 16));
    assert_null(arena_alloc(&a, SIZE_MAX, 1));
    assert_null(arena_alloc(&a, 1001, 1));
    assert_non_null(arena_alloc(&a, 900, 1));
    assert_null(arena_alloc(&a, 200, 1));
    arena_reset(&a);
    assert_int_equal(a.limit, 1000);
    assert_non_null(arena_alloc(&a, 900, 1));
    a.limit = 10; /* lowered below what is in use */
    assert_null(arena_alloc(&a, 1, 1));
    a.limit = 0;
    assert_null(arena_alloc(&a, SIZE_MAX - 16, 1));
    a.limit = 1000;
    arena_free(&a);
    assert_int_equal(a.limit, 1000);
    assert_null(arena_copy(&a, "", SIZE_MAX));
}

static void arena_blocks_are_distinct(void **state)
{
    (void)state;
    Arena a = {0};
    uint32_t *blocks[500];
    for (uint32_t i = 0; i < COUNT(blocks); i++) {
        blocks[i] = arena_alloc(&a, 1 + i * 40, sizeof **blocks);
        assert_non_null(blocks[i]);
        blocks[i][0] = i;
        blocks[i][i * 40] = i;
    }
    for (uint32_t i = 0; i < COUNT(blocks); i++) {
        assert_int_equal(blocks[i][0], i);
        assert_int_equal(blocks[i][i * 40], i);
    }
    assert_ptr_not_equal(arena_alloc(&a, 0, 8), arena_alloc(&a, 8, 0));
    arena_free(&a);
}

static void arena_grow_keeps_items(void **state)
{
    (void)state;
    Arena a = {0};
    void *items = NULL;
    size_t cap = 0;
    for (size_t n = 0; n < 1000; n++) {
        assert_true(arena_grow(&a, &items, n, &cap, sizeof n));
        ((size_t *)items)[n] = n;
    }
    for (size_t n = 0; n < 1000; n++)
        assert_int_equal(((size_t *)items)[n], n);
    cap = SIZE_MAX / 2 + 1;
    assert_false(arena_grow(&a, &items, cap, &cap, 1));
    assert_string_equal(arena_copy(&a, "abcd", 3), "abc");
    assert_string_equal(arena_copy(&a, NULL, 0), "");
    arena_free(&a);
}

static void diag_cuts_long_text(void **state)
{
    (void)state;
    Diag d;
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(diag_set(&d, 7, "%s", text));
    assert_int_equal(d.off, 7);
    assert_int_equal(strlen(d.what), sizeof d.what - 1);
    assert_false(diag_set(NULL, 0, "nobody listens"));
}

static void str_compares_bytes(void **state)
{
    (void)state;
    assert_true(str_eq(str_of("ab"), (Str){"abc", 2}));
    assert_false(str_eq(str_of("ab"), str_of("ac")));
    assert_false(str_eq(str_of("ab"), str_of("a")));
    assert_true(str_eq(str_of(NULL), str_of("")));
    assert_null(str_of(NULL).p);
}

static void cursor_reads_leb128(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        uint64_t u;
        int64_t s;
        bool bad;
    } rows[] = {
        {"\x02", 1, 2, 2, false},
        {"\x7f", 1, 127, -1, false},
        {"\x80\x01", 2, 128, 128, false},
        {"\xe5\x8e\x26", 3, 624485, 624485, false}, /* DWARF 5, figure C.1 */
        {"\xc0\xbb\x78", 3, 1973696, -123456, false},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, -1, false},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, UINT64_MAX, -1, false},
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12, 0, 0, false},
        {"\x80", 1, 0, 0, true},
        {"", 0, 0, 0, true},
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 17, 0, 0, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Bytes b = {(const uint8_t *)rows[i].bytes, rows[i].n};
        Cursor u = cursor_at(b, 0), s = cursor_at(b, 0);
        assert_true(cursor_uleb(&u) == rows[i].u);
        assert_true(cursor_sleb(&s) == rows[i].s);
        assert_int_equal(u.bad, rows[i].bad);
        assert_int_equal(s.bad, rows[i].bad);
    }
}

static void cursor_stays_bad(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    Cursor c = cursor_at((Bytes){data, sizeof data}, 0);
    assert_int_equal(cursor_u64(&c), 0x0807060504030201);
    assert_int_equal(cursor_u16(&c), 0);
    assert_true(c.bad);
    assert_int_equal(cursor_u8(&c), 0);
    assert_null(cursor_take(&c, 0));
    assert_true(cursor_at((Bytes){data, sizeof data}, 10).bad);
    assert_false(cursor_at((Bytes){data, sizeof data}, 9).bad);
    c = cursor_at((Bytes){data, sizeof data}, 0);
    assert_null(cursor_take(&c, UINT64_MAX));
    c = cursor_at((Bytes){data, sizeof data}, 5);
    cursor_align(&c, 4);
    assert_int_equal(c.off, 8);
    cursor_align(&c, 8);
    assert_int_equal(c.off, 8);
}

static void ranges_do_not_wrap(void **state)
{
    (void)state;
    Bytes b = {(const uint8_t *)"0123456789", 10};
    static const struct {
        uint64_t off, count;
        size_t size;
        bool inside;
    } rows[] = {
        {0, 10, 1, true},          {0, 11, 1, false},         {10, 0, 1, true},
        {11, 0, 1, false},         {2, 2, 4, true},           {3, 2, 4, false},
        {UINT64_MAX, 1, 1, false}, {1, UINT64_MAX, 8, false}, {8, UINT64_MAX / 8 + 1, 8, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(bytes_at(b, rows[i].off, rows[i].count, rows[i].size) != NULL, rows[i].inside);
}

static void texts_need_a_terminator(void **state)
{
    (void)state;
    Bytes b = {(const uint8_t *)"\0abc\0def", 8};
    assert_true(str_eq(bytes_text(b, 1, NAME_BYTES_MAX), str_of("abc")));
    assert_true(str_eq(bytes_text(b, 3, NAME_BYTES_MAX), str_of("c")));
    assert_int_equal(bytes_text(b, 0, NAME_BYTES_MAX).n, 0);
    assert_null(bytes_text(b, 5, NAME_BYTES_MAX).p);
    assert_null(bytes_text(b, 8, NAME_BYTES_MAX).p);
    assert_null(bytes_text(b, UINT64_MAX, NAME_BYTES_MAX).p);
}

static void patterns_match(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool is, match;
    } rows[] = {
        {"", "", false, true},          {"abc", "abc", false, true},  {"abc", "abd", false, false},
        {"abc", "ab", false, false},    {"ab", "abc", false, false},  {"*", "", true, true},
        {"a*c", "abbc", true, true},    {"a*c", "abb", true, false},  {"*b*", "abc", true, true},
        {"a**", "a", true, true},       {"?", "", true, false},       {"?", "x", true, true},
        {"a?c", "abc", true, true},     {"[abc]", "b", true, true},   {"[abc]", "d", true, false},
        {"[a-c]x", "bx", true, true},   {"[a-c]", "d", true, false},  {"[b-c]", "a", true, false},
        {"[!a-c]", "d", true, true},    {"[!a-c]", "b", true, false}, {"[^a]", "b", true, true},
        {"[]]", "]", true, true},       {"[!]]", "a", true, true},    {"[a-]", "-", true, true},
        {"[a-]", "b", true, false},     {"[-a]", "-", true, true},    {"[a", "[a", true, true},
        {"[a", "a", true, false},       {"[", "[", true, true},       {"x[", "x", true, false},
        {"[]", "[]", true, true},       {"[]", "]", true, false},     {"[!]", "[!]", true, true},
        {"[!]x[", "[!]x[", true, true}, {"[[]x", "[x", true, true},   {"[a]b[", "ab[", true, true},
        {"[a]b[", "ab", true, false},   {"[]-a]", "^", true, true},   {"[!", "[!", true, true},
        {"[a-", "[a-", true, true},     {"*[xy]", "abx", true, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (glob_is(str_of(rows[i].pattern)) != rows[i].is ||
            glob_match(str_of(rows[i].pattern), str_of(rows[i].text)) != rows[i].match)
            fail_msg("%s against %s", rows[i].pattern, rows[i].text);
    assert_false(glob_is((Str){"\0", 1}));
}

/* A long name against a pattern of many `[` that nothing closes: as long as the product of both lengths, not times the pattern's again. */
static void patterns_end(void **state)
{
    (void)state;
    enum { PATTERN = 4000, NAME = 20000 };
    static char pattern[PATTERN + 1], name[NAME];
    memset(pattern, '[', PATTERN);
    memset(name, '[', NAME);
    pattern[0] = '*';
    pattern[PATTERN] = 'x';
    assert_false(glob_match((Str){pattern, PATTERN + 1}, (Str){name, NAME}));
    assert_true(glob_match((Str){pattern, PATTERN}, (Str){name, NAME}));
    assert_false(glob_match((Str){pattern, PATTERN}, (Str){name, PATTERN - 2}));
}

/* Without the compiler's check of formats. */
static size_t format_any(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t n = format_list(out, size, format, args);
    va_end(args);
    return n;
}

/* What is no conversion stands as it is; arguments that are passed in memory are read in their turn. */
static void formats_of_no_kind(void **state)
{
    (void)state;
    char text[64];
    assert_int_equal(format_any(text, sizeof text, "a%qb%"), 5);
    assert_string_equal(text, "a%qb%");
    format_any(text, sizeof text, "%u%u%u%u%u%u%u%c%.*s%x", 1u, 2u, 3u, 4u, 5u, 6u, 7u, 'c', 2, "xyz", 0xabu);
    assert_string_equal(text, "1234567cxyab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_blocks),
        cmocka_unit_test(arenas_are_zeroed),
        cmocka_unit_test(arena_refuses_overflow_and_limit),
        cmocka_unit_test(arena_blocks_are_distinct),
        cmocka_unit_test(arena_grow_keeps_items),
        cmocka_unit_test(diag_cuts_long_text),
        cmocka_unit_test(str_compares_bytes),
        cmocka_unit_test(cursor_reads_leb128),
        cmocka_unit_test(cursor_stays_bad),
        cmocka_unit_test(ranges_do_not_wrap),
        cmocka_unit_test(texts_need_a_terminator),
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(patterns_end),
        cmocka_unit_test(formats_of_no_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
