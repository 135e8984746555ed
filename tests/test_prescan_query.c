/* tests/test_prescan_query.c - which constants tell functions apart, so that the pre-scan looks for them. */
#include "analysis/prescan_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void one_constant(void **state)
{
    static const struct {
        int64_t k;
        bool tells;
    } cases[] = {
        {30000, true},
        {-30000, true},
        {5, false},
        {-1023, false},
        {1024, false}, /* a bound that a shift says */
        {1025, true},
        {2046, true},
        {2047, false},
        {UINT32_MAX, false}, /* -1 of 32 bits */
        {UINT32_MAX - 2000, true},
        {UINT16_MAX, false}, /* -1 of 16 bits */
        {UINT16_MAX + 1, false},
        {UINT16_MAX + 2000, true},
        {INT16_MIN, false}, /* as a bound of unsigned numbers, one that the sign says */
        {INT32_MIN, false},
        {-4096, true},
        {-40000, true},
        {-(int64_t)UINT32_MAX, false},
        {INT64_MIN, false},
        {INT64_MAX, false},
        {INT64_MAX - 1, true},
        {INT64_MIN + 1, true},
        {(int64_t)1 << 32, false},
        {((int64_t)1 << 32) + 2000, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Asked asked;
        Query q = {.constants = &cases[i].k, .nconstants = 1};
        if (asked_of(&asked, &q) != cases[i].tells)
            fail_msg("%lld: %d", (long long)cases[i].k, !cases[i].tells);
        assert_true(!cases[i].tells || (asked.n == 1 && asked.clusters[0].lo == cases[i].k));
    }
}

static void many_constants(void **state)
{
    int64_t near[100], far[PRESCAN_CLUSTERS + 1];
    Asked asked;
    (void)state;
    for (size_t i = 0; i < COUNT(near); i++)
        near[i] = 30000 + PRESCAN_REACH * (int64_t)i;
    assert_true(asked_of(&asked, &(Query){.constants = near, .nconstants = COUNT(near)}));
    assert_int_equal(asked.n, 1);
    assert_int_equal(asked.clusters[0].hi, near[COUNT(near) - 1]);
    for (size_t i = 0; i < COUNT(far); i++)
        far[i] = 30000 + 10000 * (int64_t)i;
    assert_true(asked_of(&asked, &(Query){.constants = far, .nconstants = PRESCAN_CLUSTERS}));
    assert_int_equal(asked.n, PRESCAN_CLUSTERS);
    assert_false(asked_of(&asked, &(Query){.constants = far, .nconstants = PRESCAN_CLUSTERS + 1})); /* no room */
    assert_false(asked_of(&asked, &(Query){.nconstants = 0}));
}

static void reals(void **state)
{
    static const double tells = 1.5, zero = 0;
    Asked asked;
    (void)state;
    assert_true(asked_of(&asked, &(Query){.reals = &tells, .nreals = 1}));
    assert_int_equal(asked.n, 2); /* as a float, and as a double */
    assert_false(asked_of(&asked, &(Query){.reals = &zero, .nreals = 1}));
}

static void bands_join(void **state)
{
    Band list[PATTERN_BANDS];
    unsigned n = 0;
    (void)state;
    band_add(list, &n, 100, 200, 0);
    band_add(list, &n, 150, 160, 0); /* within */
    band_add(list, &n, 90, 95, 0);
    assert_int_equal(n, 2);
    band_add(list, &n, 80, 300, 0); /* around both */
    assert_int_equal(n, 1);
    assert_int_equal(list[0].lo, 80);
    assert_int_equal(list[0].span, 220);
    band_add(list, &n, 250, 400, 0); /* overlaps the end */
    assert_int_equal(n, 1);
    assert_int_equal(list[0].span, 320);
    band_add(list, &n, 60, 81, 0); /* overlaps the start */
    assert_int_equal(n, 1);
    assert_int_equal(list[0].lo, 60);
    band_add(list, &n, -5, 5, 0); /* over the end of the numbers */
    assert_int_equal(n, 2);
    assert_true(bands_hold(list, n, UINT32_MAX) && bands_hold(list, n, 5) && !bands_hold(list, n, 6));
    band_add(list, &n, INT64_MIN, INT64_MAX, 0);
    assert_int_equal(n, 1);
    assert_true(bands_hold(list, n, 0x7fffffff) && bands_hold(list, n, 0x80000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_constant),
        cmocka_unit_test(many_constants),
        cmocka_unit_test(reals),
        cmocka_unit_test(bands_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
