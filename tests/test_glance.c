/* tests/test_glance.c - what one look at a function says of it: never less than what is found in it. */
#include "analysis/glance.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(a)  (a), sizeof(a) - 1
enum { CODE = 0x1000 };

static const int64_t seven[] = {7}, far_apart[] = {-5000000000, 7};
static const double half[] = {0.5};
static const Query asks_seven = {
    .constants = seven, .nconstants = 1, .weakest = PROOF_PARTIAL, .jobs = 1, .whole = true};
static const Query asks_far_apart = {
    .constants = far_apart, .nconstants = 2, .weakest = PROOF_PARTIAL, .jobs = 1, .whole = true};
static const Query asks_half = {.reals = half, .nreals = 1, .weakest = PROOF_PARTIAL, .jobs = 1, .whole = true};

/* What a look at the function at CODE says, of a file that is freed then; no variable of it scores more. *n: how many there are. */
static Glance look_at(Bytes file, const Query *query, size_t *n)
{
    Program program;
    Function f;
    Glancer g;
    Arena arena = {0};
    SearchResult found;
    assert_true(program_open(&program, file, &(Diag){0}));
    assert_true(program_function(&program, CODE, &f));
    glancer_open(&g, &program, query);
    Glance glance = glance_at(&g, &f);
    glancer_close(&g);
    assert_true(search_run(&found, &program, query, &arena, NULL, NULL, &(Diag){0}));
    *n = 0;
    for (size_t i = 0; i < found.nvariables; i++)
        if (found.variables[i].function->start == CODE) {
            assert_true(found.variables[i].score <= glance.bound);
            ++*n;
        }
    arena_free(&arena);
    program_close(&program);
    free((void *)(uintptr_t)file.p);
    return glance;
}

/* What is compared may be anything that an instruction makes; what is far away may be so, too. */
static void small_functions(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        const Query *query;
        size_t variables;
    } cases[] = {
        {"lea %fs:0x10,%rax; cmp $7,%rax; je", TEXT("\x64\x48\x8d\x04\x25\x10\0\0\0\x48\x83\xf8\x07\x74\x01\x90\xc3"),
         &asks_seven, 1},
        {"movabs $-5000000000,%rax; cmp %rax,%rdi; je",
         TEXT("\x48\xb8\x00\x0e\xfa\xd5\xfe\xff\xff\xff\x48\x39\xc7\x74\x01\x90\xc3"), &asks_far_apart, 1},
        {"mov $7,%eax; cmp %eax,%edi; je", TEXT("\xb8\x07\0\0\0\x39\xc7\x74\x01\x90\xc3"), &asks_far_apart, 1},
        {"and $0,%eax; cmp $7,%eax; je", TEXT("\x83\xe0\0\x83\xf8\x07\x74\x01\x90\xc3"), &asks_seven, 1},
        {"mov $7,%eax; cmp %eax,%edi; je: no real", TEXT("\xb8\x07\0\0\0\x39\xc7\x74\x01\x90\xc3"), &asks_half, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n;
        look_at(elf_of_function(CODE, cases[i].code, cases[i].n), cases[i].query, &n);
        if (n != cases[i].variables)
            fail_msg("%s: %zu variables", cases[i].what, n);
    }
}

/* mov (%rdi),%rax; cmp $7,%rax, and long after either the other, and je: `filler` again and again between. */
static void far_away(void **state)
{
    enum { LONG = 1 << 14 };
    static const struct {
        const char *before, *filler, *behind;
    } cases[] = {
        {"\x48\x8b\x07\x48\x83\xf8\x07", "\x90", "\x74\x01\x90\xc3"},
        {"\x48\x8b\x07", "\x89\xf1", "\x48\x83\xf8\x07\x74\x01\x90\xc3"}, /* mov %esi,%ecx */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        static char code[LONG];
        size_t n = strlen(cases[i].before), variables;
        memcpy(code, cases[i].before, n);
        for (; n < LONG - 100; n += strlen(cases[i].filler))
            memcpy(code + n, cases[i].filler, strlen(cases[i].filler));
        memcpy(code + n, cases[i].behind, strlen(cases[i].behind));
        look_at(elf_of_function(CODE, code, n + strlen(cases[i].behind)), &asks_seven, &variables);
        assert_int_equal(variables, 1);
    }
}

/* cmp $7,%edi; je, into the middles of so many other functions: with more of them than are looked at, it promises all. */
static void many_parts(void **state)
{
    enum { OTHERS = 30, OTHER = 16, FIRST = 512, SIZE = FIRST + OTHERS * OTHER };
    (void)state;
    for (size_t others = 20; others <= OTHERS; others += OTHERS - 20) {
        uint8_t code[SIZE];
        Part functions[OTHERS + 1] = {{CODE, CODE + FIRST}};
        size_t n = 0, variables;
        memset(code, 0x90, sizeof code);
        for (size_t i = 0; i < others; i++, n += 9) {
            int32_t distance = (int32_t)(FIRST + OTHER * i + 4 - (n + 9));
            memcpy(code + n, "\x83\xff\x07\x0f\x84", 5);
            memcpy(code + n + 5, &distance, 4);
            functions[i + 1] = (Part){CODE + FIRST + OTHER * i, CODE + FIRST + OTHER * (i + 1)};
            code[FIRST + OTHER * i + OTHER - 1] = 0xc3;
        }
        code[FIRST - 1] = 0xc3;
        Glance glance =
            look_at(elf_of_functions(CODE, code, sizeof code, functions, others + 1), &asks_seven, &variables);
        assert_int_equal(variables, 1);
        assert_int_equal(glance.bound >= GLANCE_ALL, others == OTHERS);
    }
}

/* cmp $7,%edi; je to another function, which jumps back behind a byte that is no code: a part that does not decode, which promises all. */
static void no_code(void **state)
{
    static const char code[] = "\x83\xff\x07\x74\x01\xc3\x06\xeb\xf9";
    const Part functions[] = {{CODE, CODE + 6}, {CODE + 6, CODE + 9}};
    size_t n;
    (void)state;
    assert_true(look_at(elf_of_functions(CODE, TEXT(code), functions, 2), &asks_seven, &n).bound >= GLANCE_ALL);
    assert_int_equal(n, 0); /* the body does not decode either */
}

enum { CASES = 30, SWITCH = 26, CASE = 16, TABLE = SWITCH + 2 + CASE * CASES };

/* cmp $29,%rdi; ja; lea table(%rip),%rdx; movslq (%rdx,%rdi,4),%rcx; add %rdx,%rcx; jmp *%rcx; ret; nop; then the cases, each a ret and more,
 * and their table. */
static void put_switch(uint8_t *code)
{
    int32_t over = SWITCH - 10, lea = TABLE - 17;
    memset(code, 0x90, TABLE);
    memcpy(code, "\x48\x83\xff\x1d\x0f\x87", 6);
    memcpy(code + 6, &over, 4);
    memcpy(code + 10, "\x48\x8d\x15", 3);
    memcpy(code + 13, &lea, 4);
    memcpy(code + 17, "\x48\x63\x0c\xba\x48\x01\xd1\xff\xe1\xc3", 10);
    for (size_t i = 0; i < CASES; i++) {
        size_t at = SWITCH + 2 + CASE * i;
        int32_t target = (int32_t)at - TABLE;
        code[at] = 0xc3;
        memcpy(code + TABLE + 4 * i, &target, 4);
    }
}

/* A table that the file's end cuts off. */
static void table_at_the_end(void **state)
{
    enum { END = TABLE + 4 * CASES + 2 };
    uint8_t code[END] = {0};
    size_t n;
    (void)state;
    put_switch(code);
    const Part function = {CODE, CODE + TABLE};
    Glance glance = look_at(elf_of_functions(CODE, code, sizeof code, &function, 1), &asks_seven, &n);
    assert_int_equal(n, 1);
    assert_true(glance.bound < GLANCE_ALL);
}

/* The cases are cold parts of functions: more of them than are looked at. */
static void cold_cases(void **state)
{
    uint8_t code[TABLE + 4 * CASES] = {0};
    Elf elf;
    Buf symbols = {.n = 0};
    size_t n;
    (void)state;
    put_switch(code);
    elf_begin(&elf, ET_DYN);
    elf_load(&elf, PF_R | PF_X, CODE, code, sizeof code);
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    buf_symbol(&symbols, 1, STB_GLOBAL, STT_FUNC, 1, CODE, SWITCH + 2);
    for (size_t i = 0; i < CASES; i++)
        buf_symbol(&symbols, 3, STB_LOCAL, STT_FUNC, 1, CODE + SWITCH + 2 + CASE * i, CASE);
    unsigned table = elf_section(&elf, ".symtab", SHT_SYMTAB, 0, symbols.p, symbols.n);
    elf.sh[table].sh_entsize = sizeof(Elf64_Sym);
    elf.sh[table].sh_link = elf_section(&elf, ".strtab", SHT_STRTAB, 0, "\0f\0g.cold", 10);
    Glance glance = look_at(elf_end(&elf), &asks_seven, &n);
    assert_true(glance.bound >= GLANCE_ALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_functions), cmocka_unit_test(far_away),         cmocka_unit_test(many_parts),
        cmocka_unit_test(no_code),         cmocka_unit_test(table_at_the_end), cmocka_unit_test(cold_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
