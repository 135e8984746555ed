/* tests/test_cli_verify.c - --verify's flags against those that this processor makes for the same compare. */
#include "cli/trace_verify.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ZF = 1 << 6, STATUS = 1 << 0 | 1 << 6 | 1 << 7 | 1 << 11 };

static uint64_t flags_of_8(uint8_t a, uint8_t k)
{
    uint64_t flags;
    __asm__("cmpb %b[k], %b[a]\n\tpushfq\n\tpopq %[f]" : [f] "=r"(flags) : [a] "q"(a), [k] "q"(k) : "cc");
    return flags;
}

static uint64_t flags_of_32(uint32_t a, uint32_t k)
{
    uint64_t flags;
    __asm__("cmpl %k[k], %k[a]\n\tpushfq\n\tpopq %[f]" : [f] "=r"(flags) : [a] "r"(a), [k] "r"(k) : "cc");
    return flags;
}

static uint64_t flags_of_64(uint64_t a, uint64_t k)
{
    uint64_t flags;
    __asm__("cmpq %[k], %[a]\n\tpushfq\n\tpopq %[f]" : [f] "=r"(flags) : [a] "r"(a), [k] "r"(k) : "cc");
    return flags;
}

/* The processor's flags hold; with any one of the four flipped they do not. */
static void check_one(uint64_t value, uint64_t with, uint16_t bits, uint64_t flags)
{
    FlagCheck whole = {1, with, bits, true}, zero = {1, with, bits, false};
    assert_true(flag_check_holds(&whole, value, flags));
    assert_true(flag_check_holds(&zero, value, flags));
    assert_false(flag_check_holds(&zero, value, flags ^ ZF));
    for (unsigned bit = 0; bit < 12; bit++)
        if (STATUS >> bit & 1)
            assert_false(flag_check_holds(&whole, value, flags ^ (uint64_t)1 << bit));
}

static void test_all_bytes(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned k = 0; k < 256; k++) {
            check_one(a, k, 8, flags_of_8((uint8_t)a, (uint8_t)k));
            check_one((uint64_t)(int64_t)(int8_t)a, k, 8, flags_of_8((uint8_t)a, (uint8_t)k)); /* as it is printed */
        }
}

static void test_wide(void **state)
{
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      30007,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      0xffffffffffffffff};
    enum { N = sizeof values / sizeof *values };
    (void)state;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            uint32_t a = (uint32_t)values[i], k = (uint32_t)values[j];
            check_one(values[i], values[j], 64, flags_of_64(values[i], values[j]));
            check_one(values[i], k, 32, flags_of_32(a, k));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_bytes), cmocka_unit_test(test_wide)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
