/* tests/test_carve.c - where code ends by its look: calls that do not return, jumps beyond, tables of jumps, padding. */
#include "analysis/carve.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x1000, ROOM = 64, TABLE = 0x3000, ENTRIES = 320 };

typedef struct Made {
    Bytes file;
    Program program;
} Made;

/* `n` bytes of code, ret up to ROOM of them; at TABLE a table of addresses or (distances) of distances, all of the code at 0x20 but
 * number `odd`, of that at 0x30. */
static void made_open(Made *m, const char *code, size_t n, size_t odd, bool distances)
{
    Elf elf;
    uint8_t text[ROOM], table[8 * ENTRIES];
    memset(text, 0xc3, sizeof text);
    memcpy(text, code, n);
    for (size_t i = 0; i < ENTRIES; i++) {
        uint64_t target = (i == odd ? CODE + 0x30U : CODE + 0x20U) - (distances ? (uint64_t)TABLE : 0);
        memcpy(table + (distances ? 4 : 8) * i, &target, distances ? 4 : 8);
    }
    elf_begin(&elf, ET_EXEC);
    elf_load(&elf, PF_R | PF_X, CODE, text, sizeof text);
    elf_load(&elf, PF_R, TABLE, table, sizeof table);
    m->file = elf_end(&elf);
    assert_true(program_open(&m->program, m->file, &(Diag){0}));
}

static void made_close(Made *m)
{
    program_close(&m->program);
    free((void *)(uintptr_t)m->file.p);
}

#define NOPS11     "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90"
#define CALL_TO_16 NOPS11 "\xe8\0\0\0\0"

static void ends(void **state)
{
    static const struct {
        const char *code;
        size_t n, end;
    } cases[] = {
        {"\xc3", 1, 1},
        {"\x06", 1, 0},
        {"\x90\x06", 2, 1},
        {"\x74\x01\xc3\xc3", 4, 4},                       /* a branch beyond the first end */
        {"\x74\xfe\xc3", 3, 3},                           /* and back */
        {"\xe8\0\0\0\0\xcc", 6, 5},                       /* int3 behind a call */
        {"\xe8\0\0\0\0\x55\xc3", 7, 7},                   /* a push at no start of 16 bytes */
        {CALL_TO_16 "\x55\xc3", 18, 16},                  /* push %rbp at one */
        {CALL_TO_16 "\x41\x56\xc3\xc3", 20, 16},          /* push %r14 */
        {CALL_TO_16 "\x41\x57\xc3\xc3", 20, 16},          /* push %r15 */
        {CALL_TO_16 "\xf3\x0f\x1e\xfa\xc3", 21, 16},      /* endbr64 */
        {CALL_TO_16 "\x41\x54\xc3\xc3", 20, 19},          /* push %r12 */
        {"\xff\xe0", 2, 2},                               /* jmp *%rax, with no table */
        {"\xff\x20", 2, 2},                               /* jmp *(%rax) */
        {"\xff\x24\x25\0\x30\0\0", 7, 7},                 /* jmp *0x3000: one address is no table */
        {"\xff\x24\xc5\0\x70\0\0", 7, 7},                 /* a table that is not in the file */
        {"\xff\x24\xc5\0\x30\0\0", 7, 0x21},              /* a table: its first entry */
        {"\x83\xf8\x01\xff\x24\xc5\0\x30\0\0", 10, 0x21}, /* as many as it was compared with: not number 2 */
        {"\x83\xf8\x02\xff\x24\xc5\0\x30\0\0", 10, 0x31},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Made m;
        made_open(&m, cases[i].code, cases[i].n, 2, false);
        Addr end = carve_end(&m.program, CODE, CODE + ROOM, NULL, NULL);
        if (end != CODE + cases[i].end)
            fail_msg("case %zu: 0x%zx", i, (size_t)end);
        assert_true(carve_end(&m.program, CODE, CODE + 1, NULL, NULL) <= CODE + 1);
        made_close(&m);
    }
}

/* lea 0x3000(%rip),%rdx; cmp $..,%eax; jmp *%rax: distances from the table. */
static void distances(void **state)
{
    static const char code[] = "\x48\x8d\x15\xf9\x1f\0\0\x83\xf8\x02\xff\xe0";
    (void)state;
    for (size_t odd = 2; odd <= 3; odd++) {
        Made m;
        made_open(&m, code, sizeof code - 1, odd, true);
        assert_int_equal(carve_end(&m.program, CODE, CODE + ROOM, NULL, NULL), CODE + (odd == 2 ? 0x31 : 0x21));
        made_close(&m);
    }
}

/* cmp $1000,%eax; jmp through the table: of code this short no more than 256 + 8 * 5 entries are read. */
static void large_tables(void **state)
{
    static const char code[] = "\x3d\xe8\x03\0\0\xff\x24\xc5\0\x30\0\0";
    (void)state;
    for (size_t odd = 295; odd <= 296; odd++) {
        Made m;
        made_open(&m, code, sizeof code - 1, odd, false);
        assert_int_equal(carve_end(&m.program, CODE, CODE + ROOM, NULL, NULL), CODE + (odd == 295 ? 0x31 : 0x21));
        made_close(&m);
    }
}

static void outside(void **state)
{
    Made m;
    (void)state;
    made_open(&m, "\x90\xcc\x90", 3, 0, false);
    assert_int_equal(carve_end(&m.program, 0x9000, 0x9010, NULL, NULL), 0x9000);
    assert_int_equal(carve_end(&m.program, CODE + ROOM - 1, CODE + 2 * ROOM, NULL, NULL), CODE + ROOM);
    assert_int_equal(carve_padding(&m.program.image, CODE, CODE + ROOM), CODE + 3);
    assert_int_equal(carve_padding(&m.program.image, CODE, CODE + 2), CODE + 2);
    assert_int_equal(carve_padding(&m.program.image, CODE, CODE), CODE);
    assert_int_equal(carve_padding(&m.program.image, 0x9000, 0x9010), 0x9010);
    assert_int_equal(carve_padding(&m.program.image, CODE + 1, CODE + 2 * ROOM), CODE + 3);
    made_close(&m);
    made_open(&m, CALL_TO_16 "\x55\xc3", 18, 0, false); /* too little to tell by that a function begins */
    assert_int_equal(carve_end(&m.program, CODE, CODE + 18, NULL, NULL), CODE + 18);
    made_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends),
        cmocka_unit_test(distances),
        cmocka_unit_test(large_tables),
        cmocka_unit_test(outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
