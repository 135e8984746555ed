/* tests/test_names.c - the words for the analysis's small closed sets, and a constant as its variable's width and sign show it. */
#include "analysis/function.h"
#include "analysis/variable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void words(void **state)
{
    static const struct {
        const char *(*name)(unsigned);
        unsigned last;
        const char *text;
    } cases[] = {
        {found_by_name, FOUND_PADDING, "padding"}, {proof_name, PROOF_PARTIAL, "partial"},
        {def_kind_name, DEF_MERGE, "merge"},       {relation_name, RELATION_CASE, "case"},
        {via_name, VIA_DERIVED, "derived"},        {sign_name, SIGN_UNSIGNED, "unsigned"},
        {cost_name, COST_STEPPED, "stepped"},      {coverage_name, COVERAGE_MANY, "many"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(cases[i].name(cases[i].last), cases[i].text);
        assert_string_equal(cases[i].name(cases[i].last + 1), "?"); /* beyond the set */
        assert_string_equal(cases[i].name(UINT32_MAX), "?");
    }
}

static void shown_constants(void **state)
{
    static const struct {
        uint8_t width, sign;
        uint64_t constant;
        int64_t shown;
    } cases[] = {
        {8, SIGN_UNKNOWN, 0xff, -1},
        {8, SIGN_UNSIGNED, 0x1ff, 255},
        {8, SIGN_SIGNED, 0x17f, 127},
        {32, SIGN_SIGNED, 0xffffffff80000000, INT32_MIN},
        {64, SIGN_UNSIGNED, UINT64_MAX, -1}, /* printed as unsigned by who knows the sign */
        {64, SIGN_SIGNED, 30000, 30000},
        {0, SIGN_UNKNOWN, UINT64_MAX, -1}, /* no width: all of it */
        {80, SIGN_UNKNOWN, 5, 5},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Variable v = {.width = cases[i].width, .sign = cases[i].sign};
        assert_int_equal(variable_constant(&v, cases[i].constant), cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(shown_constants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
