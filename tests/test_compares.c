/* tests/test_compares.c - what a variable is compared with, of a few instructions each: bits of masks, shifts, memory. */
#include "analysis/search.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x1000, TEXT = 256 };

/* " relation constant" of every site of every variable, best first, each variable with a semicolon behind. */
static void describe(const SearchResult *found, char *text)
{
    static const char *const relations[] = {"==", "!=", "<", "<=", ">", ">=", "case"};
    size_t n = 0;
    text[0] = 0;
    for (size_t i = 0; i < found->nvariables; i++) {
        for (size_t k = 0; k < found->variables[i].nsites; k++) {
            const Site *s = &found->variables[i].sites[k];
            assert_true(s->relation < COUNT(relations) && n < TEXT - 32);
            n += (size_t)snprintf(text + n, TEXT - n, " %s%lld", relations[s->relation], (long long)s->constant);
        }
        n += (size_t)snprintf(text + n, TEXT - n, ";");
    }
}

/* What is compared in a function of n bytes of code, told to `see`. */
static void search_in(const uint8_t *code, size_t n, void (*see)(const SearchResult *, char *), char *text)
{
    Program program;
    Arena arena = {0};
    SearchResult found;
    Bytes file = elf_of_function(CODE, code, n);
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1};
    assert_true(program_open(&program, file, &(Diag){0}));
    assert_true(search_run(&found, &program, &query, &arena, NULL, NULL, &(Diag){0}));
    see(&found, text);
    arena_free(&arena);
    program_close(&program);
    free((void *)(uintptr_t)file.p);
}

static void compares(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        const char *sites;
    } cases[] = {
        {"mov $0x28,%eax; bt %rdi,%rax; jb", "\xb8\x28\x00\x00\x00\x48\x0f\xa3\xf8\x72\x01\x90\xc3", 13, " ==3 ==5;"},
        {"mov $0x28,%eax; bt %edi,%eax; jae", "\xb8\x28\x00\x00\x00\x0f\xa3\xf8\x73\x01\x90\xc3", 12, " !=3 !=5;"},
        {"bt %edi,(%rsi): memory", "\x0f\xa3\x3e\x72\x01\x90\xc3", 7, ""},
        {"bt %rdi,%rsi: any mask", "\x48\x0f\xa3\xfe\x72\x01\x90\xc3", 8, ""},
        {"bt and jo", "\xb8\x28\x00\x00\x00\x48\x0f\xa3\xf8\x70\x01\x90\xc3", 13, ""},
        {"mov $0x28,%eax; shr %cl,%eax; test $1,%al; jne",
         "\xb8\x28\x00\x00\x00\x89\xf9\xd3\xe8\xa8\x01\x75\x01\x90\xc3", 15, " ==3 ==5;"},
        {"shr %cl,%eax; test $1,%al; js", "\xb8\x28\x00\x00\x00\x89\xf9\xd3\xe8\xa8\x01\x78\x01\x90\xc3", 15, ""},
        {"shl %cl,%eax; test $1,%al; jne", "\xb8\x28\x00\x00\x00\x89\xf9\xd3\xe0\xa8\x01\x75\x01\x90\xc3", 15, ""},
        {"shr %cl,%al: of 8 bits", "\xb8\x28\x00\x00\x00\x89\xf9\xd2\xe8\xa8\x01\x75\x01\x90\xc3", 15, ""},
        {"shr %cl,%eax of anything", "\x89\xf0\x89\xf9\xd3\xe8\xa8\x01\x75\x01\x90\xc3", 12, ""},
        {"cmp $5,%edi; lahf: all flags", "\x83\xff\x05\x9f\xc3", 5, ""},
        {"cmp $5,%edi; jp", "\x83\xff\x05\x7a\x01\x90\xc3", 7, ""},
        {"cmp $5,%edi; jl; je", "\x83\xff\x05\x7c\x03\x74\x01\x90\xc3", 9, " ==5 <5;"},
        {"cmpl $5,%fs:16", "\x64\x83\x3c\x25\x10\x00\x00\x00\x05\x74\x01\x90\xc3", 13, " ==5;"},
        {"cmpl $5,%fs:(%rdi); cmpl $6,(%rdi): two variables", "\x64\x83\x3f\x05\x74\x06\x83\x3f\x06\x74\x01\x90\xc3",
         13, " ==5; ==6;"},
        {"mov $5,%eax; cmp %edi,%eax; jl", "\xb8\x05\x00\x00\x00\x39\xf8\x7c\x01\x90\xc3", 11, " >5;"},
        {"cmp $5,%ah: not followed", "\x89\xf8\x80\xfc\x05\x74\x01\x90\xc3", 9, ""},
        {"mov $5,%eax; cmp $5,%eax", "\xb8\x05\x00\x00\x00\x83\xf8\x05\x74\x01\x90\xc3", 12, " ==5;"},
        {"sar $3,%edi; cmp $5", "\xc1\xff\x03\x83\xff\x05\x74\x01\x90\xc3", 10, " ==5;"},
        {"shr $35,%eax; cmp $5", "\x89\xf8\xc1\xe8\x23\x83\xf8\x05\x74\x01\x90\xc3", 12, " ==5;"},
        {"shr $3 and its flags", "\xc1\xef\x03\x74\x01\x90\xc3", 7, ""},
        {"shr %cl and its flags", "\xd3\xef\x74\x01\x90\xc3", 6, ""},
        {"cmove %rsi,%rdi made by jumps; sub $5,%rdi: two arguments, and nothing holds either where they meet",
         "\x85\xd2\x74\x03\x48\x89\xf7\x48\x83\xef\x05\x74\x01\x90\xc3", 15, " ==0;"},
        {"cmpl $5,(%rdi,%rsi,4); cmpl $6,(%rdi,%rsi,8): two variables",
         "\x83\x3c\xb7\x05\x74\x06\x83\x3c\xf7\x06\x74\x00\xc3", 13, " ==5; ==6;"},
        {"cmpl $5,%gs:16", "\x65\x83\x3c\x25\x10\x00\x00\x00\x05\x74\x01\x90\xc3", 13, " ==5;"},
        {"mov $5,%eax; cmp %bh,%al: not followed", "\xb8\x05\x00\x00\x00\x38\xf8\x74\x01\x90\xc3", 11, ""},
        {"a mask of all but 3 and 5, and a bound above its bits",
         "\x48\x83\xff\x40\x77\x11\x48\xb8\xd7\xff\xff\xff\xff\xff\xff\xff\x48\x0f\xa3\xf8\x72\x01\x90\xc3", 24,
         " !=3 !=5;"},
        {"mov $0x28,%eax; bt $3,%eax: no index", "\xb8\x28\x00\x00\x00\x0f\xba\xe0\x03\x72\x01\x90\xc3", 13, ""},
        {"shrl %cl,-8(%rsp); testl $1,-8(%rsp): in memory",
         "\xc7\x44\x24\xf8\x28\x00\x00\x00\x89\xf9\xd3\x6c\x24\xf8\xf7\x44\x24\xf8\x01\x00\x00\x00\x75\x01\x90\xc3", 26,
         ""},
        {"shr %cl,%ebx behind a call: what it left in %cl",
         "\x53\xbb\x28\x00\x00\x00\xff\xd0\xd3\xeb\xf6\xc3\x01\x75\x01\x90\x5b\xc3", 18, " ==3 ==5;"},
        {"shrq %cl,-8(%rsp); mov -8(%rsp),%rax; test $1,%al: in memory, too",
         "\x48\xc7\x44\x24\xf8\x28\x00\x00\x00\x89\xf9\x48\xd3\x6c\x24\xf8\x48\x8b\x44\x24\xf8\xa8\x01\x75\x01\x90\xc3",
         27, ""},
        {"shr $0,%edi: no flags", "\xc1\xef\x00\x74\x01\x90\xc3", 7, ""},
        {"shr $35,%edi: of 3, not followed", "\xc1\xef\x23\x74\x01\x90\xc3", 7, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[TEXT];
        search_in((const uint8_t *)cases[i].code, cases[i].n, describe, text);
        if (strcmp(text, cases[i].sites) != 0)
            fail_msg("%s:%s, not%s", cases[i].what, text, cases[i].sites);
    }
}

/* ---- switches ---- */

/* Their cases. */
static void describe_cases(const SearchResult *found, char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < found->nvariables; i++)
        for (size_t k = 0; k < found->variables[i].nsites; k++) {
            const Site *s = &found->variables[i].sites[k];
            assert_true(n < TEXT - 1 && (s->relation != RELATION_CASE || s->constant < 10));
            if (s->relation == RELATION_CASE)
                text[n++] = (char)('0' + s->constant);
        }
    text[n] = 0;
}

enum { SWITCH_ROOM = 256 };

/* The cases of: `adds` additions to edi, 0 all together, of which esi has what it was; cmp $3,%edi; ja 1f; jmp *TABLE(,%rdi,8); ret; 1: this; ret. The table
 * has three times the first ret and then the second. \xee is the distance to the first. */
static void switch_cases(unsigned adds, const char *rest, size_t n, char *text)
{
    uint8_t code[SWITCH_ROOM] = {0x89, 0xfe}; /* mov %edi,%esi */
    size_t at = 2;
    for (unsigned i = 0; i < adds; i++, at += 3)
        memcpy(code + at, (uint8_t[]){0x83, 0xc7, (uint8_t)(i ? 1 : 1 - adds)}, 3);
    memcpy(code + at, "\x83\xff\x03\x77\x0a\x89\xf8\xff\x24\xc5????\xc3", 15);
    uint64_t ret = CODE + at + 14, table = CODE + SWITCH_ROOM - 32;
    memcpy(code + at + 10, &table, 4);
    at += 15;
    for (size_t i = 0; i < n; i++)
        code[at + i] = (uint8_t)rest[i] == 0xee ? (uint8_t)(ret - (CODE + at + i + 1)) : (uint8_t)rest[i];
    uint64_t words[] = {ret, ret, ret, CODE + at + n};
    code[at + n] = 0xc3;
    assert_true(at + n < SWITCH_ROOM - 32);
    memcpy(code + SWITCH_ROOM - 32, words, sizeof words);
    search_in(code, sizeof code, describe_cases, text);
}

/* Where too large an index goes is no case, nor where that goes when it is none of a few more constants. */
static void defaults(void **state)
{
    static const struct {
        const char *what;
        unsigned adds;
        const char *rest;
        size_t n;
        const char *cases;
    } cases[] = {
        {"nothing more", 0, "", 0, "012"},
        {"cmp $20,%edi; je", 0, "\x83\xff\x14\x74\xee", 5, "012"},
        {"cmp $20,%edi; jne, behind ret", 0, "\x83\xff\x14\x75\x01\xc3", 6, "012"},
        {"cmp $20,%edi; jl", 0, "\x83\xff\x14\x7c\xee", 5, "0123"},
        {"cmp $20,%edi; sete %al", 0, "\x83\xff\x14\x0f\x94\xc0", 6, "0123"},
        {"cmp $20,%edx; je: another variable", 0, "\x83\xfa\x14\x74\xee", 5, "0123"},
        {"cmp $20,%bh; je: not followed", 0, "\x80\xff\x14\x74\xee", 5, "0123"},
        {"cmp %edx,%edi; je", 0, "\x39\xd7\x74\xee", 4, "0123"},
        {"cmpl $20,(%rdi); je", 0, "\x83\x3f\x14\x74\xee", 5, "0123"},
        {"cmp $20,%esi; je: what it was made from", 15, "\x83\xfe\x14\x74\xee", 5, "012"},
        {"over too many additions", 16, "\x83\xfe\x14\x74\xee", 5, "0123"},
    };
    char text[TEXT], rest[16 * 5];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        switch_cases(cases[i].adds, cases[i].rest, cases[i].n, text);
        if (strcmp(text, cases[i].cases) != 0)
            fail_msg("%s: %s", cases[i].what, text);
    }
    for (size_t i = 0; i < 16; i++)
        memcpy(rest + 5 * i, (char[]){(char)0x83, (char)0xff, (char)(20 + i), 0x74, (char)0xee}, 5);
    switch_cases(0, rest, 15 * 5, text);
    assert_string_equal(text, "012");
    switch_cases(0, rest, 16 * 5, text); /* too many */
    assert_string_equal(text, "0123");
}

/* ---- copies ---- */

/* " kind" of each def of the variable that is compared with 5. */
static void describe_defs(const SearchResult *found, char *text)
{
    static const char *const kinds[] = {" argument", " load", " call", " compute", " merge"};
    size_t n = 0;
    text[0] = 0;
    for (size_t i = 0; i < found->nvariables; i++)
        for (size_t k = 0; found->variables[i].constants[0] == 5 && k < found->variables[i].ndefs; k++) {
            assert_true(n < TEXT - 16);
            n += (size_t)snprintf(text + n, TEXT - n, "%s", kinds[found->variables[i].defs[k].kind]);
        }
}

/* load; test %esi,%esi; je over `copies` of mov %eax,%eax; cmp $5,%eax: the defs. */
static void defs_behind(uint32_t copies, char *text)
{
    static uint8_t code[2 * 5000 + 32];
    size_t n = 10;
    uint32_t distance = 2 * copies;
    memcpy(code, "\x8b\x07\x85\xf6\x0f\x84", 6);
    memcpy(code + 6, &distance, 4);
    for (uint32_t i = 0; i < copies; i++, n += 2)
        memcpy(code + n, "\x89\xc0", 2);
    memcpy(code + n, "\x83\xf8\x05\x74\x01\x90\xc3", 7);
    search_in(code, n + 7, describe_defs, text);
}

/* What a value was made from is followed over so many copies; what was copied more often counts from where the ways meet. */
static void copies(void **state)
{
    char text[TEXT];
    (void)state;
    defs_behind(4000, text);
    assert_string_equal(text, " load");
    defs_behind(4900, text);
    assert_string_equal(text, " merge");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(compares), cmocka_unit_test(defaults),
                                       cmocka_unit_test(copies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
