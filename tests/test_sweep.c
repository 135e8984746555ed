/* tests/test_sweep.c - functions of code without tables: where pointers in data lead, and what looks like no function. */
#include "analysis/program.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x1000, CODE_BYTES = 0x40, DATA = 0x3000, BSS = 0x5000, LATER = 0x7000, MOST = 4 };

/* xor %eax,%eax; jmp to CODE + 0x10 at CODE + 0x20; ret everywhere else. The file is at a fixed address; `pointers` are words of its data; memory
 * that is not in the file, some for code, is there, too. Gives where functions begin. */
static size_t starts_of(uint16_t type, const uint64_t *pointers, size_t n, Addr *starts)
{
    static Elf elf;
    Program program;
    uint8_t code[CODE_BYTES];
    memset(code, 0xc3, sizeof code);
    memcpy(code + 0x20, "\x31\xc0\xeb\xec", 4);
    elf_begin(&elf, type);
    elf_load(&elf, PF_R | PF_X, CODE, code, sizeof code);
    elf_load(&elf, PF_R, DATA, pointers, n * sizeof *pointers);
    elf_header(&elf, PT_LOAD, PF_R | PF_W, BSS, 0, 0)->p_memsz = 0x100;
    elf_header(&elf, PT_LOAD, PF_R | PF_X, LATER, 0, 0)->p_memsz = 0x100;
    Bytes file = elf_end(&elf);
    assert_true(program_open(&program, file, &(Diag){0}));
    size_t found = program.known.n;
    assert_true(found <= MOST);
    for (size_t i = 0; i < found; i++)
        starts[i] = program.known.rows[i].start;
    program_close(&program);
    free((void *)(uintptr_t)file.p);
    return found;
}

static void pointers_in_data(void **state)
{
    static const struct {
        const char *what;
        uint16_t type;
        uint64_t pointers[2];
        size_t n;
        Addr starts[MOST];
        size_t nstarts;
    } cases[] = {
        {"to a function", ET_EXEC, {CODE + 0x10}, 1, {CODE + 0x10, CODE + 0x20, CODE + 0x30}, 3},
        {"to what jumps back", ET_EXEC, {CODE + 0x20}, 1, {0}, 0},
        {"to what jumps back to another",
         ET_EXEC,
         {CODE + 0x20, CODE + 0x10},
         2,
         {CODE + 0x10, CODE + 0x20, CODE + 0x30},
         3},
        {"to no multiple of 16", ET_EXEC, {CODE + 0x14}, 1, {0}, 0},
        {"to memory that the file does not fill", ET_EXEC, {LATER, BSS}, 2, {0}, 0},
        {"that would need a relocation", ET_DYN, {CODE + 0x10}, 1, {0}, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Addr starts[MOST] = {0};
        size_t n = starts_of(cases[i].type, cases[i].pointers, cases[i].n, starts);
        if (n != cases[i].nstarts || memcmp(starts, cases[i].starts, sizeof starts) != 0)
            fail_msg("%s: %zu: %#lx %#lx %#lx", cases[i].what, n, starts[0], starts[1], starts[2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pointers_in_data)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
