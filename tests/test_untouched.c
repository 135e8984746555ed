/* tests/test_untouched.c - what still holds what it held when the function began, and what its saved registers hold: analysis/untouched.c. */
#include "analysis/frame.h"
#include "tests/valued.h"

static bool untouched(const Valued *t, unsigned offset, Cell c)
{
    return step_untouched(&t->values, step_at(t, offset), c);
}

static bool settled(Valued *t, unsigned offset, int64_t off)
{
    Cell c = slot_at(&t->values, (StackAddr){.off = off});
    assert_int_not_equal(c, CELL_NONE);
    return slot_settled(&t->values, body_block_of(&t->body, step_at(t, offset)), c);
}

/* push %rbx; mov %edi,%ebx; test %edi,%edi; je 9; mov %esi,%ecx; 9: inc %edx; dec %edi; jne 9; pop %rbx; ret */
static void ways(void **state)
{
    Valued t;
    (void)state;
    valued_open(&t, TEXT("\x53\x89\xfb\x85\xff\x74\x02\x89\xf1\xff\xc2\xff\xcf\x75\xfa\x5b\xc3"));
    assert_true(untouched(&t, 1, REG_RBX));
    assert_false(untouched(&t, 3, REG_RBX));
    assert_true(untouched(&t, 7, REG_RCX));
    assert_false(untouched(&t, 9, REG_RCX)); /* one way writes it */
    assert_true(untouched(&t, 7, REG_RDX));
    assert_false(untouched(&t, 9, REG_RDX)); /* the loop does */
    assert_true(untouched(&t, 16, REG_RSI));
    assert_true(holds(&t, 16, REG_RSI, REG_RSI));
    assert_false(holds(&t, 9, REG_RCX, REG_RCX));
    assert_true(settled(&t, 9, -8));
    assert_true(settled(&t, 15, -8));
    assert_false(settled(&t, 1, -8)); /* in the entry block it may yet be written */
    assert_false(untouched(&t, 16, REG_RBX));
    assert_true(holds(&t, 16, REG_RBX, REG_RBX)); /* saved and brought back */
    valued_close(&t);
}

/* The same, and the loop writes the place where rbx was saved: mov %rdi,(%rsp). */
static void overwritten(void **state)
{
    Valued t;
    (void)state;
    valued_open(&t, TEXT("\x53\x89\xfb\x85\xff\x74\x02\x89\xf1\x48\x89\x3c\x24\xff\xcf\x75\xf8\x5b\xc3"));
    assert_false(settled(&t, 9, -8));
    assert_false(settled(&t, 17, -8));
    assert_false(holds(&t, 18, REG_RBX, REG_RBX));
    valued_close(&t);
}

/* mov %rdi,-8(%rsp); dec %edi; jne to the start; mov -8(%rsp),%rax; ret: the entry block runs again. */
static void again(void **state)
{
    Valued t;
    (void)state;
    valued_open(&t, TEXT("\x48\x89\x7c\x24\xf8\xff\xcf\x75\xf7\x48\x8b\x44\x24\xf8\xc3"));
    assert_false(settled(&t, 9, -8));
    assert_false(holds(&t, 14, REG_RAX, REG_RDI));
    assert_false(untouched(&t, 0, REG_RDI));
    valued_close(&t);
}

/* mov %rdi,N(%rsp) to each of so many slots; test %edi,%edi; je over the next; mov %esi,%ecx; mov N(%rsp),%rax from each; ret. Not all are looked
 * for in all steps, but each holds what was stored. */
static void many(void **state)
{
    enum { SLOTS = 70, LOOKED_FOR = 64, LENGTH = 8, BETWEEN = 6 };
    static uint8_t code[2 * SLOTS * LENGTH + BETWEEN + 1];
    static const uint8_t store[4] = {0x48, 0x89, 0xbc, 0x24}, load[4] = {0x48, 0x8b, 0x84, 0x24};
    unsigned n = 0, known = 0;
    Valued t;
    (void)state;
    memcpy(code + SLOTS * LENGTH, "\x85\xff\x74\x02\x89\xf1", BETWEEN);
    for (unsigned i = 0; i < SLOTS; i++) {
        int32_t off = -1024 + (int32_t)(i * LENGTH);
        uint8_t *stored = code + i * LENGTH, *loaded = code + (SLOTS + i) * LENGTH + BETWEEN;
        memcpy(stored, store, 4);
        memcpy(stored + 4, &off, 4);
        memcpy(loaded, load, 4);
        memcpy(loaded + 4, &off, 4);
        n = (unsigned)(loaded + LENGTH - code);
    }
    code[n++] = 0xc3;
    valued_open(&t, code, n);
    for (unsigned i = 0; i < SLOTS; i++) {
        unsigned at = (SLOTS + i) * LENGTH + BETWEEN;
        known += settled(&t, at, -1024 + (int64_t)(i * LENGTH));
        assert_true(holds(&t, i + 1 < SLOTS ? at + LENGTH : n - 1, REG_RAX, REG_RDI));
    }
    assert_int_equal(known, LOOKED_FOR);
    valued_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ways), cmocka_unit_test(overwritten), cmocka_unit_test(again),
                                       cmocka_unit_test(many)};
    return cmocka_run_group_tests_name("untouched", tests, NULL, NULL);
}
