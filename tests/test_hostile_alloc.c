/* tests/test_hostile_alloc.c - each allocation fails in turn, alone and with all after it: never a crash or a leak (the sanitizers
 * watch), but an error, or a result whose every site is one of the whole result's (perhaps read another way: the bound of a
 * switch whose table there was no memory for is a compare like any other), with a warning where variables are missing. */
#include "analysis/search.h"
#include "tests/elf_builder.h"
#include "tests/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct SiteSet {
    Addr pc[512];
    size_t n, variables;
    bool calls; /* callees are summed up */
} SiteSet;

static bool set_has(const SiteSet *set, const Site *s)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->pc[i] == s->pc)
            return true;
    return false;
}

/* Collects the sites into `all`, or checks them against it. */
static void look(const SearchResult *r, SiteSet *all, bool collect)
{
    for (size_t i = 0; i < r->nvariables; i++)
        for (size_t k = 0; k < r->variables[i].nsites; k++) {
            const Site *s = &r->variables[i].sites[k];
            if (!collect)
                assert_true(set_has(all, s));
            else if (all->n < 512) {
                all->pc[all->n++] = s->pc;
            }
        }
    if (collect)
        all->variables = r->nvariables;
}

/* Is nothing missing without a word? What a callee does may not be known, if memory ran out for that alone: then less is claimed of its
 * callers, as of those whose callees cannot be known. */
static void look_for_missing(const SearchResult *r, const Query *q, const SiteSet *all, bool alone)
{
    size_t whole = q->limit && q->limit < all->variables ? q->limit : all->variables;
    if (!q->nconstants && !q->nfunctions && r->nvariables < whole && !(alone && all->calls))
        assert_true(r->nwarnings > 0);
}

/* What is asked: all; a few with all that can be asked of them besides; names. */
static const int64_t constants[] = {-5, 3, 7, 10, 100, 255, 1000, 30000, 30003, 65535, 70000, 0x12345678};
enum { RARE = 7 };
static const double reals[] = {0.5, 3.25};
static const Str names[] = {{"*a*", 3}, {"main", 4}, {"0x4000f0", 8}};
static const Query queries[] = {
    {.weakest = PROOF_PARTIAL, .jobs = 1},
    {.weakest = PROOF_PARTIAL, .jobs = 1, .places = true, .limit = 3},
    {.weakest = PROOF_PARTIAL,
     .jobs = 1,
     .constants = constants,
     .nconstants = sizeof constants / sizeof *constants,
     .reals = reals,
     .nreals = 2,
     .places = true},
    {.weakest = PROOF_PARTIAL, .jobs = 1, .functions = names, .nfunctions = 3},
    {.weakest = PROOF_PARTIAL, .jobs = 1, .constants = &constants[RARE], .nconstants = 1, .limit = 1},
};
enum { QUERIES = sizeof queries / sizeof *queries };

/* The whole walk, with failure number `at`; gives how many allocations there were. */
static uint64_t walk(Bytes file, const Query *query, uint64_t at, bool on, SiteSet *all)
{
    Program program;
    Diag diag = {0};
    fault_set(at, on);
    if (program_open(&program, file, &diag)) {
        Arena arena = {0};
        SearchResult result;
        if (search_run(&result, &program, query, &arena, NULL, NULL, &diag)) {
            look(&result, all, at == 0);
            for (size_t i = 0; i < result.nwarnings; i++)
                assert_true(result.warnings[i].text[0]);
            if (at)
                look_for_missing(&result, query, all, !on);
        } else {
            assert_true(diag.what[0]);
        }
        Function f;
        for (size_t i = 0; !query->places && i < program.functions.n; i++)
            if (program_function_of(&program, i, &f))
                function_describe(&(FunctionReport){0}, &program, &f, &arena);
        arena_free(&arena);
        program_close(&program);
    } else {
        assert_true(diag.what[0]);
    }
    uint64_t count = fault.count;
    fault_set(0, false);
    return count;
}

static Bytes read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size_t n = (size_t)ftell(f);
    uint8_t *p = malloc(n);
    assert_non_null(p);
    rewind(f);
    assert_int_equal(fread(p, 1, n, f), n);
    fclose(f);
    return (Bytes){p, n};
}

static void fail_each_in(Bytes file, const char *name, const Query *query, uint64_t most, bool calls)
{
    SiteSet *all = test_calloc(1, sizeof *all);
    all->calls = calls;
    Query unlimited = *query;
    unlimited.limit = 0;
    uint64_t count = walk(file, &unlimited, 0, false, all), stride = 1 + count / most;
    assert_true(all->variables > 0);
    for (uint64_t at = 1; at <= count; at += stride) {
        walk(file, query, at, false, all);
        walk(file, query, at, true, all);
    }
    print_message("# %s, query %zu: %llu allocations, every %llu. failed\n", name, (size_t)(query - queries),
                  (unsigned long long)count, (unsigned long long)stride);
    test_free(all);
}

static void fail_each(const char *path, const Query *query, uint64_t most, bool calls)
{
    Bytes file = read_file(path);
    fail_each_in(file, path, query, most, calls);
    free((void *)(uintptr_t)file.p);
}

static void fail_each_in_functions(const char *name, const void *code, size_t n, const Part *functions,
                                   size_t nfunctions)
{
    Bytes file = elf_of_functions(0x1000, code, n, functions, nfunctions);
    for (size_t i = 0; i < 2; i++)
        fail_each_in(file, name, &queries[i], UINT32_MAX, false);
    free((void *)(uintptr_t)file.p);
}

static void fail_each_in_function(const char *name, const void *code, size_t n)
{
    fail_each_in_functions(name, code, n, &(Part){0x1000, 0x1000 + n}, 1);
}

/* A set's mask is shifted by what joins two ways: mov $0x28,%eax; test %esi,%esi; je 1f; mov %edi,%ecx; 1: shr %cl,%eax; test $1,%al; jne.
 */
static void test_set(void **state)
{
    static const char set[] = "\xb8\x28\0\0\0\x85\xf6\x74\x02\x89\xf9\xd3\xe8\xa8\x01\x75\x01\x90\xc3";
    (void)state;
    fail_each_in_function("a set", set, sizeof set - 1);
}

/* A join takes up a variable that is compared with many: mov (%rdi),%eax; cmp $k,%eax; je end, twenty times; test %esi,%esi; je 1f;
 * mov 8(%rdi),%eax; cmp $50,%eax; je end; 1: cmp $41,%eax; je end; nop; end: ret. */
static void test_join(void **state)
{
    enum { COMPARES = 20, PAIR = 5, REST = 2 + PAIR * COMPARES, END = REST + 18 };
    uint8_t code[END + 1] = "\x8b\x07";
    (void)state;
    for (unsigned i = 0; i < COMPARES; i++) {
        size_t at = 2 + PAIR * i;
        memcpy(code + at, (const uint8_t[]){0x83, 0xf8, (uint8_t)(2 * i + 1), 0x74, (uint8_t)(END - at - PAIR)}, PAIR);
    }
    memcpy(code + REST, "\x85\xf6\x74\x08\x8b\x47\x08\x83\xf8\x32\x74\x06\x83\xf8\x29\x74\x01\x90\xc3", 19);
    fail_each_in_function("a join", code, sizeof code);
}

enum { CASES = 12, SWITCH = 26 };

/* At `at`: cmp $11,%rdi; ja end; lea table(%rip),%rdx; movslq (%rdx,%rdi,4),%rcx; add %rdx,%rcx; jmp *%rcx; eleven nops and a ret, which
 * are its cases, but for the ret; the last case is `last`. */
static void put_switch(uint8_t *code, size_t at, size_t end, size_t table, size_t last)
{
    int32_t over = (int32_t)(end - (at + 10)), lea = (int32_t)(table - (at + 17));
    memcpy(code + at, "\x48\x83\xff\x0b\x0f\x87", 6);
    memcpy(code + at + 6, &over, 4);
    memcpy(code + at + 10, "\x48\x8d\x15", 3);
    memcpy(code + at + 13, &lea, 4);
    memcpy(code + at + 17, "\x48\x63\x0c\xba\x48\x01\xd1\xff\xe1\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\xc3", 21);
    for (size_t i = 0; i < CASES; i++) {
        int32_t target = (int32_t)(i + 1 < CASES ? at + SWITCH + i : last) - (int32_t)table;
        memcpy(code + table + 4 * i, &target, 4);
    }
}

/* A switch in a case of another; a case of it goes on in the middle of another function: then all is walked again, from all cases. */
static void test_switches(void **state)
{
    enum {
        SECOND = SWITCH + CASES,
        CASE = 2 * SECOND,
        END = CASE + 5,
        OTHER = 96,
        TABLES = 104,
        ALL = TABLES + 8 * CASES
    };
    uint8_t code[ALL] = {0};
    const Part functions[] = {{0x1000, 0x1000 + END + 1}, {0x1000 + OTHER, 0x1000 + OTHER + 3}};
    (void)state;
    put_switch(code, 0, END, TABLES, SECOND);
    put_switch(code, SECOND, END, TABLES + 4 * CASES, CASE);
    memcpy(code + CASE, (const uint8_t[]){0xe9, OTHER + 1 - END, 0, 0, 0, 0xc3}, 6);
    memcpy(code + OTHER, "\x90\x90\xc3", 3);
    fail_each_in_functions("switches", code, sizeof code, functions, 2);
}

static void test_small(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        fail_each("fuzz/corpus/scan/real-switch", &queries[i], 5000, false);
}

static void test_larger(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUERIES; i++)
        fail_each("fuzz/corpus/scan/real-idioms", &queries[i], 400, true);
}

/* A program with exceptions, gaps between its functions, functions that call each other. */
static void test_built(void **state)
{
    (void)state;
    char dir[] = "/tmp/lvscan-alloc-XXXXXX", line[256], path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/program", dir);
    snprintf(line, sizeof line, "g++ -O2 -s -o %s tests/fixtures/damage.cc", path);
    assert_int_equal(system(line), 0);
    for (size_t i = 0; i < QUERIES; i++)
        if (!queries[i].nfunctions) /* it has no names */
            fail_each(path, &queries[i], 1000, true);
    snprintf(line, sizeof line, "rm -r '%s'", dir);
    assert_int_equal(system(line), 0);
}

/* A call with a landing pad: cmp $30000,%edi; je over the call, often; the pad compares with 30003. */
static void test_pads(void **state)
{
    static const char source[] =
        "f: .cfi_startproc\n .cfi_lsda 0x1b, 9f\n cmp $30000, %edi\n .rept 16\n je 2f\n .endr\n1: call *%rsi\n2: ret\n"
        "3: cmp $30003, %edi\n sete %al\n ret\n .cfi_endproc\n .globl f\n .type f, @function\n .size f, . - f\n"
        " .section .gcc_except_table, \"a\"\n9: .byte 0xff, 0xff, 1, 4\n .uleb128 1b - f, 2b - 1b, 3b - f, 0\n"
        " .section .note.GNU-stack, \"\", @progbits\n";
    char dir[] = "/tmp/lvscan-alloc-XXXXXX", line[256], path[64];
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/pads", dir);
    snprintf(line, sizeof line, "gcc -shared -nostdlib -x assembler -o %s -", path);
    FILE *assembler = popen(line, "w");
    assert_non_null(assembler);
    assert_true(fputs(source, assembler) >= 0);
    assert_int_equal(pclose(assembler), 0);
    fail_each(path, &queries[0], 5000, false);
    fail_each(path, &queries[QUERIES - 1], 5000, false);
    snprintf(line, sizeof line, "rm -r '%s'", dir);
    assert_int_equal(system(line), 0);
}

/* A block that is too big for a chunk has memory of its own. */
static void test_big_block(void **state)
{
    (void)state;
    Arena arena = {0};
    fault_set(2, false); /* calloc, behind arena_alloc */
    assert_null(arena_alloc(&arena, 1 << 20, 1));
    fault_set(0, false);
    assert_int_equal(arena.total, 0);
    assert_non_null(arena_alloc(&arena, 1 << 20, 1));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_big_block), cmocka_unit_test(test_set),   cmocka_unit_test(test_join),
        cmocka_unit_test(test_switches),  cmocka_unit_test(test_pads),  cmocka_unit_test(test_small),
        cmocka_unit_test(test_larger),    cmocka_unit_test(test_built),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
