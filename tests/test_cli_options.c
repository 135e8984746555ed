/* tests/test_cli_options.c - the command line: constants, options, what is refused; filters. */
#include "analysis/variable.h"
#include "cli/filter.h"
#include "cli/options.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { WORDS_MAX = 12 };

static const struct {
    const char *list;
    size_t n;
    int64_t first, last; /* after sorting */
} LISTS[] = {
    {"30000", 1, 30000, 30000},
    {"-1", 1, -1, -1},
    {"0x7530", 1, 30000, 30000},
    {"0X10", 1, 16, 16},
    {"0b101", 1, 5, 5},
    {"017", 1, 15, 15},
    {"+7", 1, 7, 7},
    {"'A'", 1, 65, 65},
    {"'\\n'", 1, 10, 10},
    {"'\\x41'", 1, 65, 65},
    {"'\\101'", 1, 65, 65},
    {"'\\0'", 1, 0, 0},
    {"'\\''", 1, 39, 39},
    {"'\\xff'", 1, -1, -1},
    {"'RIFF'", 1, 0x52494646, 0x52494646},
    {"30000..30011", 12, 30000, 30011},
    {"-2..2", 5, -2, 2},
    {"'a'..'z'", 26, 97, 122},
    {"1,2,3", 3, 1, 3},
    {"3, 1,2,1", 3, 1, 3},
    {"0xffffffffffffffff", 1, -1, -1},
    {"-9223372036854775808", 1, INT64_MIN, INT64_MIN},
    {"0..999999", 1000000, 0, 999999},
    {"9223372036854775806..9223372036854775807", 2, INT64_MAX - 1, INT64_MAX},
    {"\"G\"", 1, 'G', 'G'},
    {"\"GET \"", 1, 0x20544547, 0x20544547},
    {"\"HTTP/1\"", 1, 0x50545448, 0x50545448},
    {"\"a,b\\n\"", 1, 0x0a622c61, 0x0a622c61},
    {"\"01234567tail\"", 1, 0x3736353433323130, 0x3736353433323130},
};

static const char *const BAD_LISTS[] = {"",           "x",
                                        "1,",         ",1",
                                        "1 2",        "1..",
                                        "..2",        "5..1",
                                        "0..1000000", "0x",
                                        "'",          "'a",
                                        "''",         "'\\q'",
                                        "'abcde'",    "1;2",
                                        "--1",        "99999999999999999999",
                                        "0b2",        "-9223372036854775809",
                                        "'\\x'",      "\"\"",
                                        "\"ab",       "1.5.5",
                                        "1.5..2.5",   "1e",
                                        "0x1p",       "1e999",
                                        "nan",        ".",
                                        "'\\x100'",   "0..5,0..999999"};

static void constants(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(LISTS); i++) {
        Arena arena = {0};
        Diag diag = {0};
        Constants c = {0};
        if (!constants_parse(&c, str_of(LISTS[i].list), &arena, &diag))
            fail_msg("%s: %s", LISTS[i].list, diag.what);
        c.n = constants_sort(c.items, c.n);
        assert_int_equal(c.n, LISTS[i].n);
        assert_int_equal(c.nreals, 0);
        assert_true(c.items[0] == LISTS[i].first && c.items[c.n - 1] == LISTS[i].last);
        arena_free(&arena);
    }
}

static void real_constants(void **state)
{
    (void)state;
    Arena arena = {0};
    Diag diag = {0};
    Constants c = {0};
    if (!constants_parse(&c, str_of("0.5, 7,-1e3,0.125,3..5,0.1"), &arena, &diag))
        fail_msg("%s", diag.what);
    assert_int_equal(c.n, 4);
    assert_int_equal(c.nreals, 4);
    assert_true(c.reals[0] == 0.5 && c.reals[1] == -1000 && c.reals[2] == 0.125 && c.reals[3] == 0.1);
    arena_free(&arena);
}

static void bad_constants(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(BAD_LISTS); i++) {
        Arena arena = {0};
        Diag diag = {0};
        Constants c = {0};
        if (constants_parse(&c, str_of(BAD_LISTS[i]), &arena, &diag))
            fail_msg("accepted: %s", BAD_LISTS[i]);
        assert_true(diag.what[0]);
        arena_free(&arena);
    }
}

static bool parse(Options *o, const char *const *words, Diag *diag)
{
    static char *argv[WORDS_MAX + 2];
    int argc = 1;
    argv[0] = (char *)"lvscan";
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    argv[argc] = NULL;
    *diag = (Diag){0};
    return options_parse(o, argc, argv, diag);
}

static void main_job(void **state)
{
    (void)state;
    static const char *const words[WORDS_MAX] = {"-c1,2", "--const=3", "-f", "main", "--json",
                                                 "-n0",   "-qv",       "a",  "--",   "-b"};
    Options o;
    Diag diag;
    assert_true(parse(&o, words, &diag));
    assert_int_equal(o.command, COMMAND_FIND);
    assert_int_equal(o.constants.n, 3);
    assert_int_equal(o.nfunctions, 1);
    assert_true(o.json && o.quiet && o.verbose);
    assert_int_equal(o.limit, 0);
    assert_int_equal(o.weakest, PROOF_PARTIAL);
    assert_int_equal(o.ninputs, 2);
    assert_string_equal(o.inputs[1], "-b");
    arena_free(&o.arena);
}

static void trace_command(void **state)
{
    (void)state;
    static const char *const words[WORDS_MAX] = {"trace",          "-c", "'A'", "x",  "--max-hits", "10",
                                                 "--duration=0.5", "--", "cmd", "-c", "1"};
    Options o;
    Diag diag;
    assert_true(parse(&o, words, &diag));
    assert_int_equal(o.command, COMMAND_TRACE);
    assert_int_equal(o.constants.items[0], 65);
    assert_int_equal(o.max_hits, 10);
    assert_int_equal(o.duration_ns, 500000000);
    assert_string_equal(o.child[0], "cmd");
    assert_string_equal(o.child[2], "1");
    assert_null(o.child[3]);
    arena_free(&o.arena);
}

static const char *const WRONG[][WORDS_MAX] = {
    {NULL},
    {"-c", "1"},
    {"-c"},
    {"--const", "--"},
    {"--nonsense", "x"},
    {"-Z", "x"},
    {"--json=1", "x"},
    {"--emit", "nonsense", "x"},
    {"--json", "--emit", "perf", "x"},
    {"--proof", "sure", "x"},
    {"-n", "x", "x"},
    {"-n", "-1", "x"},
    {"-p", "1", "x"},
    {"--syntax", "att", "x"},
    {"--color", "blue", "x"},
    {"-f", "", "x"},
    {"trace", "-c", "1", "x"},
    {"trace", "-c", "1", "x", "y", "-a"},
    {"trace", "-c", "1", "-a"},
    {"trace", "x", "-p", "0"},
    {"trace", "x", "-p", "1", "-a"},
    {"trace", "x", "-a", "--", "cmd"},
    {"trace", "x", "--"},
    {"trace", "--spec", "s", "-c", "1", "-a"},
    {"trace", "x", "-a", "--children"},
    {"trace", "x", "-a", "--duration", "-1"},
    {"trace", "x", "-a", "--duration", "."},
    {"trace", "x", "-a", "--duration", "1."},
    {"trace", "x", "-a", "--duration", "0.0"},
    {"trace", "x", "-a", "--duration", "31536001"},
    {"trace", "x", "-a", "--duration", "99999999999999999999"},
    {"trace", "x", "-a", "--duration", "nan"},
    {"trace", "--emit", "perf", "x", "-a"},
    {"disasm"},
    {"disasm", "--hex", "90", "x"},
    {"functions", "-c", "1", "x"},
};

static void wrong_command_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(WRONG); i++) {
        Options o;
        Diag diag;
        if (parse(&o, WRONG[i], &diag))
            fail_msg("accepted: %s %s ...", WRONG[i][0] ? WRONG[i][0] : "", WRONG[i][1] ? WRONG[i][1] : "");
        assert_true(diag.what[0] && !strchr(diag.what, '\n'));
        arena_free(&o.arena);
    }
}

static void help_names_every_option(void **state)
{
    (void)state;
    static const char *const long_names[] = {
#define OPTION(name, short_, long_, argument, commands, help) "--" long_,
#include "cli/options.tbl"
#undef OPTION
    };
    Sink all;
    sink_open(&all, -1);
    for (unsigned c = COMMAND_FIND; c <= COMMAND_FUNCTIONS; c++)
        options_help(&all, (Command)c);
    sink_char(&all, 0);
    for (size_t i = 0; i < COUNT(long_names); i++)
        assert_non_null(strstr(sink_view(&all).p, long_names[i]));
    sink_close(&all);
}

static const Enumerator NAMES[] = {{{"five", 4}, 5}, {{"a::b", 4}, -3}};
static const EnumTable TABLE = {(Enumerator *)(uintptr_t)NAMES, 2, {0}};

static const struct {
    const char *text;
    int64_t value;
    uint32_t pid;
    bool is_unsigned, pass;
} FILTERS[] = {
    {"value == 5", 5, 1, false, true},
    {"value == five", 5, 1, false, true},
    {"value==a::b", -3, 1, false, true},
    {"value != 5", 5, 1, false, false},
    {"value<0", -1, 1, false, true},
    {"value<0", -1, 1, true, false},
    {"value >= 0x8000", 0x8000, 1, false, true},
    {"value > 5 && pid == 7", 6, 7, false, true},
    {"value > 5 && pid == 7", 6, 8, false, false},
    {"value == 1 || value == 2 && pid == 9", 1, 8, false, true},
    {"value == 1 || value == 2 && pid == 9", 2, 8, false, false},
    {"value <= 4 || value == 'A'", 65, 8, false, true},
};

static void filters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(FILTERS); i++) {
        Filter f = {.is_unsigned = FILTERS[i].is_unsigned};
        Diag diag = {0};
        if (!filter_parse(&f, FILTERS[i].text, &TABLE, &diag))
            fail_msg("%s: %s", FILTERS[i].text, diag.what);
        if (filter_pass(&f, FILTERS[i].value, FILTERS[i].pid, 1) != FILTERS[i].pass)
            fail_msg("%s", FILTERS[i].text);
    }
    Filter none = {0};
    assert_true(filter_pass(&none, 1, 2, 3));
}

static void bad_filters(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "value",
                                      "value ==",
                                      "value = 5",
                                      "comm == 5",
                                      "value == six",
                                      "value == 5 &&",
                                      "value == 5 value == 6",
                                      "(value == 5)",
                                      "value == 5 & pid == 1"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        Filter f = {0};
        Diag diag = {0};
        if (filter_parse(&f, bad[i], &TABLE, &diag))
            fail_msg("accepted: %s", bad[i]);
        assert_true(diag.what[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants),
        cmocka_unit_test(real_constants),
        cmocka_unit_test(bad_constants),
        cmocka_unit_test(main_job),
        cmocka_unit_test(trace_command),
        cmocka_unit_test(wrong_command_lines),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(filters),
        cmocka_unit_test(bad_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
