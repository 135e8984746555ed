/* tests/test_budget.c - a function's budget grows with its size, and all functions of a file together stay within a file's. */
#include "analysis/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MANY = 20000 };

/* The share of `n` functions of `bytes` each. */
static uint32_t share_of(size_t n, uint64_t bytes)
{
    static FunctionRow rows[MANY];
    for (size_t i = 0; i < n; i++)
        rows[i] = (FunctionRow){.start = 0x1000 + i * bytes, .size = (uint32_t)bytes};
    return budget_share(&(Functions){rows, n});
}

static void test_grows(void **state)
{
    Program p = {.share = BUDGET_WHOLE};
    (void)state;
    for (uint64_t n = 0; n < 500000; n += 1 + n / 3) {
        assert_true(budget_values(&p, n) >= 16384 && budget_proofs(&p, n) >= budget_values(&p, n));
        assert_true(budget_values(&p, n + 1) >= budget_values(&p, n) &&
                    budget_proofs(&p, n + 1) >= budget_proofs(&p, n));
    }
    assert_true(budget_proofs(&p, 10) < 20000); /* ten instructions explain little work */
    assert_true(budget_proofs(&p, 400000) < UINT64_C(1) << 30);
}

static void test_share(void **state)
{
    (void)state;
    assert_int_equal(share_of(0, 0), BUDGET_WHOLE);
    assert_int_equal(share_of(MANY, 400), BUDGET_WHOLE);
    assert_int_equal(share_of(300, 1 << 20), BUDGET_WHOLE);
    assert_true(share_of(MANY, 1 << 20) < BUDGET_WHOLE);
}

/* However many and however large: the sum of what is given is at most a file's budget and what size alone gives. */
static void test_sum(void **state)
{
    (void)state;
    for (size_t n = 1; n <= MANY; n = n * 3 + 1)
        for (uint64_t bytes = 16; bytes <= 8 << 20; bytes *= 4) {
            Program p = {.share = share_of(n, bytes)};
            uint64_t insns = bytes / 3, least = n * (16384 + 64 * insns);
            assert_true(n * budget_proofs(&p, insns) <= BUDGET_FILE + least);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
