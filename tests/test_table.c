/* tests/test_table.c - jump tables of a few instructions each: what bounds them, what computes the targets, and where that ends. */
#include "analysis/program.h"
#include "analysis/rows.h"
#include "tests/elf_builder.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(a)  (a), sizeof(a) - 1
enum {
    CODE = 0x1000, /* a function; behind OUT, where it goes for too large an index, it has TARGETS of 4 bytes each */
    OUT = CODE + 0x5c,
    TARGET = CODE + 0x60,
    TARGETS = 6,
    END = TARGET + 4 * TARGETS,
    TABLE = 0x3000, /* all targets, and a 0 */
    SHORT = 0x4000, /* half as wide, two and a half of them; the file has no more */
    DATA = 0x5000
};

typedef struct Switch {
    Bytes file;
    Program program;
    FunctionRow row;
    Arena arena;
    FunctionReport report;
} Switch;

/* The function begins with these bytes, in which \xee is the distance to OUT; a symbol says that another begins at `foreign`, or 0. */
static void switch_open(Switch *s, const char *code, size_t n, Addr foreign)
{
    static Elf elf;
    uint8_t bytes[END - CODE];
    uint64_t table[TARGETS + 1] = {0};
    uint32_t words[3];
    Function f;
    Buf symbols = {.n = 0};
    memset(bytes, 0xc3, sizeof bytes);
    assert_true(n <= sizeof bytes);
    memcpy(bytes, code, n);
    for (size_t i = 1; i < n; i++)
        if (bytes[i] == 0xee)
            bytes[i] = (uint8_t)(OUT - CODE - (i + 1));
    for (uint32_t i = 0; i < TARGETS; i++)
        table[i] = TARGET + 4 * i;
    for (uint32_t i = 0; i < 3; i++)
        words[i] = TARGET + 4 * i;
    elf_begin(&elf, ET_EXEC);
    elf_load(&elf, PF_R | PF_X, CODE, bytes, sizeof bytes);
    elf_load(&elf, PF_R, TABLE, table, sizeof table);
    elf_load(&elf, PF_R, SHORT, words, 10);
    elf_header(&elf, PT_LOAD, PF_R | PF_W, DATA, 0, 0)->p_memsz = 0x100;
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    if (foreign)
        buf_symbol(&symbols, 1, STB_GLOBAL, STT_FUNC, 1, foreign, 1);
    unsigned at = elf_section(&elf, ".symtab", SHT_SYMTAB, 0, symbols.p, symbols.n);
    elf.sh[at].sh_entsize = sizeof(Elf64_Sym);
    elf.sh[at].sh_link = elf_section(&elf, ".strtab", SHT_STRTAB, 0, "\0g", 3);
    *s = (Switch){.file = elf_end(&elf), .row = row_make(CODE, END, FOUND_EH_FRAME)};
    assert_true(program_open(&s->program, s->file, &(Diag){0}));
    s->program.known = s->program.functions = (Functions){&s->row, 1};
    assert_true(program_function(&s->program, CODE, &f));
    assert_true(function_describe(&s->report, &s->program, &f, &s->arena));
    assert_true(s->report.decoded && s->report.njumps > 0);
}

static void switch_close(Switch *s)
{
    arena_free(&s->arena);
    program_close(&s->program);
    free((void *)(uintptr_t)s->file.p);
}

#define CMP_EDI "\x83\xff\x03\x77\xee"             /* cmp $3,%edi; ja OUT */
#define MOV_EAX "\x89\xf8"                         /* mov %edi,%eax */
#define JMP_RAX "\xff\x24\xc5\0\x30\0\0"           /* jmp *TABLE(,%rax,8) */
#define JMP_RDX "\xff\x24\xd5\0\x30\0\0"           /* jmp *TABLE(,%rdx,8) */
#define COPIES  "\x89\xc1\x89\xc8"                 /* mov %eax,%ecx; mov %ecx,%eax */
#define ADDS    "\x48\x83\xc0\x01\x48\x83\xe8\x01" /* add $1,%rax; sub $1,%rax */
#define TRIPLE  "\x8d\x0c\x7f"                     /* lea (%rdi,%rdi,2),%ecx */
#define TWICE   "\x01\xc9\x01\xc9"                 /* add %ecx,%ecx, two times */
#define ADDED   "\x01\xc8"                         /* add %ecx,%eax */
#define FORK    "\x85\xf6\x74\x02\x90\x90"         /* test %esi,%esi; je past two nops */
#define CMP_RBX "\x83\x3b\x03\x77\xee"             /* cmpl $3,(%rbx); ja OUT */
#define LOAD    "\x8b\x03"                         /* mov (%rbx),%eax */

/* BOUNDED: by the compare. WHOLE: as far as entries go. */
enum { NONE = 0, BOUNDED = 4, WHOLE = TARGETS };

static void bounds(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        size_t entries;
        Addr foreign;
    } cases[] = {
        {"cmp $3,%edi", TEXT(CMP_EDI MOV_EAX JMP_RAX), BOUNDED, 0},
        {"what else may enter behind the compare", TEXT(CMP_EDI MOV_EAX JMP_RAX), WHOLE, CODE + 5},
        {"seven copies, compared", TEXT(MOV_EAX COPIES COPIES COPIES "\x83\xf8\x03\x77\xee\x89\xfa" JMP_RDX), BOUNDED,
         0},
        {"nine copies, compared", TEXT(MOV_EAX COPIES COPIES COPIES COPIES "\x83\xf8\x03\x77\xee\x89\xfa" JMP_RDX),
         WHOLE, 0},
        {"seven copies for the index", TEXT(CMP_EDI MOV_EAX COPIES COPIES COPIES JMP_RAX), BOUNDED, 0},
        {"nine copies for the index: eight for the value one step before",
         TEXT(CMP_EDI MOV_EAX COPIES COPIES COPIES COPIES JMP_RAX), BOUNDED, 0},
        {"two ways four times over", TEXT(CMP_EDI FORK FORK FORK FORK MOV_EAX JMP_RAX), BOUNDED, 0},
        {"two ways nine times over", TEXT(CMP_EDI FORK FORK FORK FORK FORK FORK FORK FORK FORK MOV_EAX JMP_RAX), WHOLE,
         0},
        {"cmpl $3,(%rbx)", TEXT(CMP_RBX LOAD JMP_RAX), BOUNDED, 0},
        {"a store beside it", TEXT(CMP_RBX "\xc7\x43\x04\x05\0\0\0" LOAD JMP_RAX), BOUNDED, 0},
        {"a store to it", TEXT(CMP_RBX "\xc7\x43\x03\x05\0\0\0" LOAD JMP_RAX), WHOLE, 0},
        {"a store to anywhere", TEXT(CMP_RBX "\xc7\x01\x05\0\0\0" LOAD JMP_RAX), WHOLE, 0},
        {"pushfq, to where nothing else goes", TEXT(CMP_RBX "\x9c" LOAD JMP_RAX), WHOLE, 0},
        {"a system call", TEXT(CMP_RBX "\x0f\x05" LOAD JMP_RAX), WHOLE, 0},
        {"cmpl $3,DATA", TEXT("\x83\x3c\x25\0\x50\0\0\x03\x77\xee\x8b\x04\x25\0\x50\0\0" JMP_RAX), BOUNDED, 0},
        {"a store to DATA",
         TEXT("\x83\x3c\x25\0\x50\0\0\x03\x77\xee\xc7\x04\x25\0\x50\0\0\x05\0\0\0\x8b\x04\x25\0\x50\0\0" JMP_RAX),
         WHOLE, 0},
        {"cmp $3,%ah; movzbl %ah,%eax", TEXT("\x80\xfc\x03\x77\xee\x0f\xb6\xc4" JMP_RAX), WHOLE, 0},
        {"cmpq $3,(%rdi); push (%rdi); jmp *(%rsp)", TEXT("\x48\x83\x3f\x03\x77\xee\xff\x37\xff\x24\x24"), NONE, 0},
        {"and $3,%eax", TEXT("\x83\xe0\x03" JMP_RAX), BOUNDED, 0},
        {"movzbl %dil,%eax", TEXT("\x40\x0f\xb6\xc7" JMP_RAX), WHOLE, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Switch s;
        switch_open(&s, cases[i].code, cases[i].n, cases[i].foreign);
        if (s.report.jumps[0].ntargets != cases[i].entries)
            fail_msg("%s: %zu entries", cases[i].what, s.report.jumps[0].ntargets);
        for (size_t k = 0; k < cases[i].entries; k++)
            assert_int_equal(s.report.jumps[0].targets[k], TARGET + 4 * k);
        assert_int_equal(s.report.jumps[0].kind == JUMP_TABLE, cases[i].entries > 0);
        switch_close(&s);
    }
}

static void targets(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        size_t entries;
    } cases[] = {
        {"shl $3,%eax; jmp *TABLE(%rax)", TEXT(CMP_EDI MOV_EAX "\xc1\xe0\x03\xff\xa0\0\x30\0\0"), BOUNDED},
        {"mov $1,%eax; shl %cl,%eax", TEXT("\x83\xf9\x03\x77\xee\x89\xc9\xb8\x01\0\0\0\xd3\xe0" JMP_RAX), NONE},
        {"shr $4,%eax", TEXT("\x83\xff\x3f\x77\xee" MOV_EAX "\xc1\xe8\x04" JMP_RAX), NONE},
        {"addresses of 32 bits", TEXT(CMP_EDI MOV_EAX "\x67" JMP_RAX), NONE},
        {"in another segment", TEXT(CMP_EDI MOV_EAX "\x64" JMP_RAX), NONE},
        {"ten additions", TEXT(CMP_EDI MOV_EAX ADDS ADDS ADDS ADDS ADDS JMP_RAX), BOUNDED},
        {"twelve additions", TEXT(CMP_EDI MOV_EAX ADDS ADDS ADDS ADDS ADDS ADDS JMP_RAX), NONE},
        {"more that is added than there is room for",
         TEXT("\x48\x83\xff\x03\x77\xee" MOV_EAX TRIPLE ADDED TRIPLE ADDED TRIPLE ADDED TRIPLE ADDED TRIPLE ADDED TRIPLE
                  ADDED TRIPLE TWICE TWICE TWICE TWICE ADDED TRIPLE TWICE TWICE TWICE TWICE "\x01\xc9" ADDED JMP_RAX),
         NONE},
        {"cmp $1; mov SHORT(,%rax,4),%eax; jmp *%rax",
         TEXT("\x83\xff\x01\x77\xee" MOV_EAX "\x8b\x04\x85\0\x40\0\0\xff\xe0"), 2},
        {"cmp $2, of which half is in the file", TEXT("\x83\xff\x02\x77\xee" MOV_EAX "\x8b\x04\x85\0\x40\0\0\xff\xe0"),
         NONE},
        {"mov %ds:TABLE(%rip),%eax; add %rdi,%rax; jmp *%rax",
         TEXT("\x83\xff\x03\x77\xee\x89\xff\x3e\x8b\x05\xf2\x1f\0\0\x48\x01\xf8\xff\xe0"), NONE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Switch s;
        switch_open(&s, cases[i].code, cases[i].n, 0);
        if (s.report.jumps[0].ntargets != cases[i].entries)
            fail_msg("%s: %zu entries", cases[i].what, s.report.jumps[0].ntargets);
        switch_close(&s);
    }
}

/* The first target takes the address of the fourth entry and jumps back behind the compare: only then is it seen that the compare does not
 * bound the index, and that another object ends the table. What the fourth entry led to is no part of it any more: nothing leads
 * there, and so nothing bounds the index of the jump that it had led to. */
static void another_object(void **state)
{
    char code[END - CODE];
    Switch s;
    (void)state;
    memset(code, 0xc3, sizeof code);
    memcpy(code, CMP_EDI MOV_EAX JMP_RAX, 14);
    memcpy(code + 0x0e, "\x48\x8d\x0d\x03\x20\0\0\x90\xeb\xed", 10); /* lea TABLE+24(%rip),%rcx; nop; jmp CODE+5 */
    memcpy(code + 0x30, "\xff\x24\xf5\0\x30\0\0", 7);                /* jmp *TABLE(,%rsi,8) */
    memcpy(code + (TARGET - CODE), "\xeb\xac", 2);                   /* jmp CODE+0xe */
    memcpy(code + (TARGET - CODE) + 12, "\xeb\xc2", 2);              /* jmp CODE+0x30 */
    switch_open(&s, code, sizeof code, 0);
    assert_int_equal(s.report.njumps, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(s.report.jumps[i].kind, JUMP_TABLE);
        assert_int_equal(s.report.jumps[i].ntargets, 3);
    }
    switch_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds),
        cmocka_unit_test(targets),
        cmocka_unit_test(another_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
