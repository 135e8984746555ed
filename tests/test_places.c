/* tests/test_places.c - where each value of a variable is met exactly once: the straight way from a def, and where it ends. */
#include "analysis/places.h"
#include "analysis/search.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x1000 };

/* A file whose only code is a function at addr; another symbol, not 0, stands in its middle. */
static Bytes file_of(Addr addr, Addr inner, const uint8_t *code, size_t n)
{
    const Part functions[] = {{addr, addr + n}, {inner, inner + 1}};
    return elf_of_functions(addr, code, n, functions, inner ? 2 : 1);
}

/* The variable that is compared with 30000 in the file's function; gives its places. */
static size_t places_of(Bytes file, Addr *pcs)
{
    static const int64_t constants[] = {30000};
    Program program;
    Arena arena = {0};
    SearchResult found;
    Query query = {.constants = constants, .nconstants = 1, .weakest = PROOF_PARTIAL, .jobs = 1, .places = true};
    assert_true(program_open(&program, file, &(Diag){0}));
    assert_true(search_run(&found, &program, &query, &arena, NULL, NULL, &(Diag){0}));
    assert_int_equal(found.nvariables, 1);
    size_t have = found.variables[0].nplaces;
    assert_true(have <= PLACES_MAX);
    for (size_t i = 0; i < have; i++) {
        assert_int_equal(found.variables[0].places[i].coverage, COVERAGE_ONCE);
        pcs[i] = found.variables[0].places[i].pc;
    }
    arena_free(&arena);
    program_close(&program);
    free((void *)(uintptr_t)file.p);
    return have;
}

static size_t places_in(const uint8_t *code, size_t n, Addr *pcs) { return places_of(file_of(CODE, 0, code, n), pcs); }

/* A branch with a prefix is none that the kernel probes: the way goes on, or ends. */
static void one_def(void **state)
{
    static const struct {
        const char *why, *code;
        size_t n;
        Addr at; /* 0: none */
    } cases[] = {
        {"load, cmp, je", "\x48\x8b\x07\x48\x3d\x30\x75\0\0\x74\x01\x90\xc3", 13, 0x9},
        {"cmp, sete", "\x48\x8b\x07\x48\x3d\x30\x75\0\0\x0f\x94\xc0\xc3", 13, 0x3},
        {"an argument", "\x48\x81\xff\x30\x75\0\0\x74\x01\x90\xc3", 11, 0x7},
        {"an argument, and back to the entry", "\x48\x81\xff\x30\x75\0\0\x74\xf7\xc3", 10, 0},
        {"a call on the way", "\x53\x48\x8b\x1f\xe8\xfb\0\0\0\x48\x81\xfb\x30\x75\0\0\x74\x01\x90\x5b\xc3", 21, 0x4},
        {"a jump", "\x48\x8b\x07\x2e\xeb\x01\x90\x48\x3d\x30\x75\0\0\x74\x01\x90\xc3", 17, 0xd},
        {"two ways", "\x48\x8b\x07\x2e\x74\x0a\x48\x3d\x30\x75\0\0\x2e\x74\x01\x90\xc3", 17, 0},
        {"two ways of their own", "\x48\x8b\x07\x2e\x74\x0a\x48\x3d\x30\x75\0\0\x0f\x94\xc0\xc3\xc3", 17, 0},
        {"out of the function", "\x48\x8b\x07\x2e\x0f\x84\xf0\0\0\0\x48\x3d\x30\x75\0\0\x74\x01\x90\xc3", 20, 0},
        {"another way in", "\x74\x06\x48\x8b\x07\x2e\xeb\0\x48\x3d\x30\x75\0\0\x74\x01\x90\xc3", 18, 0},
        {"a tail call", "\x48\x8b\x07\x2e\xeb\x01\x90\x48\x3d\x30\x75\0\0\x74\x02\xff\x26\xc3", 18, 0xd},
        {"a jump to anywhere",
         "\x53\x48\x8b\x07\x2e\xeb\x01\x90\x48\x3d\x30\x75\0\0\x74\x05\x8b\x0e\xff\x24\xce\x5b\xc3", 23, 0},
        {"back to the entry from behind the cmp",
         "\x85\xf6\x2e\x74\x0f\x48\x8b\x07\x48\x3d\x30\x75\0\0\x0f\x94\xc0\x2e\xeb\xec\xc3", 21, 0x8},
        {"two arguments that meet before a call",
         "\x53\x48\x89\xfb\x85\xd2\x2e\x74\x03\x48\x89\xf3\xe8\xef\x0f\0\0\x48\x81\xfb\x30\x75\0\0\x74\x01\x90\x5b\xc3",
         29, 0},
        {"two arguments that meet",
         "\x53\x48\x89\xfb\x85\xd2\x2e\x74\x03\x48\x89\xf3\x90\x90\x90\x90\x90\x48\x81\xfb\x30\x75\0\0\x74\x01\x90\x5b"
         "\xc3",
         29, 0xd},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Addr pcs[PLACES_MAX] = {0};
        size_t n = places_in((const uint8_t *)cases[i].code, cases[i].n, pcs);
        if (n != (cases[i].at != 0) || (n && pcs[0] != CODE + cases[i].at))
            fail_msg("%s: %zu, 0x%zx", cases[i].why, n, (size_t)pcs[0]);
    }
}

/* load; cmp; sete; a jump with a prefix to the nop behind it, which is the cheapest place: but not where others may come in there, and
 * none is where nobody knows whether they do. */
static void other_ways_in(void **state)
{
    static const uint8_t code[] = "\x48\x8b\x07\x48\x3d\x30\x75\0\0\x0f\x94\xc1\x2e\xeb\0\x90\xc3";
    Addr pcs[PLACES_MAX] = {0};
    (void)state;
    assert_int_equal(places_of(file_of(CODE, 0, code, 17), pcs), 1);
    assert_int_equal(pcs[0], CODE + 15);
    assert_int_equal(places_of(file_of(CODE, CODE + 15, code, 17), pcs), 1); /* a function's symbol at the nop */
    assert_int_equal(pcs[0], CODE + 3);
    assert_int_equal(places_of(file_of(CODE + 1, 0, code, 17), pcs), 1); /* functions begin at even addresses */
    assert_int_equal(pcs[0], CODE + 1 + 3);
}

/* dec %esi; jne 1f; mov 8*i(%rdi),%rax; jmp 2f; 1: and so on; ret; 2: cmp $30000,%rax; je 3f; nop; 3: ret */
static size_t places_of_arms(unsigned arms, Addr *pcs)
{
    enum { ARM = 13 };
    uint8_t code[ARM * (PLACES_MAX + 1) + 11];
    assert_true(arms <= PLACES_MAX + 1);
    for (unsigned i = 0; i < arms; i++) {
        uint8_t *p = code + ARM * i;
        memcpy(p, "\xff\xce\x75\x09\x48\x8b\x47", 7);
        p[7] = (uint8_t)(8 * (i % 16));
        p[8] = 0xe9;
        uint32_t distance = ARM * (arms - i - 1) + 1;
        memcpy(p + 9, &distance, 4);
    }
    memcpy(code + ARM * arms, "\xc3\x48\x3d\x30\x75\0\0\x74\x00\xc3", 10);
    return places_in(code, ARM * arms + 10, pcs);
}

/* One a def, at the jump behind it, up to as many as there may be. */
static void many_defs(void **state)
{
    (void)state;
    for (unsigned arms = 1; arms <= PLACES_MAX; arms++) {
        Addr pcs[PLACES_MAX];
        assert_int_equal(places_of_arms(arms, pcs), arms);
        for (unsigned i = 0; i < arms; i++)
            assert_int_equal((pcs[i] - CODE) % 13, 8);
    }
    assert_int_equal(places_of_arms(PLACES_MAX + 1, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_def),
        cmocka_unit_test(other_ways_in),
        cmocka_unit_test(many_defs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
