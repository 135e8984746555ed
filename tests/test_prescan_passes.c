/* tests/test_prescan_passes.c - the pre-scan's two passes over made files: what lies at the ends of segments, 4 GB away, in no function;
 * what refers to candidates; functions to be asked for; memory that is used up. */
#include "analysis/prescan.h"
#include "analysis/prescan_numbers.h"
#include "analysis/threads.h"
#include "tests/elf_builder.h"
#include "tests/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(a)  (a), sizeof(a) - 1
#define FAR      (CODE + ((Addr)1 << 32))
enum { CODE = 0x1000, DATA = 0x3000, BSS = 0x5000, K = 30000, ROWS_MAX = 16 };

typedef struct Scanned {
    Bytes file;
    Program program;
    FunctionRow rows[ROWS_MAX];
} Scanned;

/* A load of the file. */
typedef struct Load {
    Addr addr;
    const char *bytes;
    size_t n;
} Load;

/* Code at CODE and, if any, FAR, constants at DATA, memory without bytes at BSS; nothing is known yet. */
static void made_open(Scanned *m, const Load *loads, size_t n)
{
    static Elf elf;
    elf_begin(&elf, ET_DYN);
    for (size_t i = 0; i < n; i++)
        elf_load(&elf, loads[i].addr == DATA ? PF_R : PF_R | PF_X, loads[i].addr, loads[i].bytes, loads[i].n);
    elf_header(&elf, PT_LOAD, PF_R | PF_W, BSS, 0, 0)->p_memsz = 0x100;
    m->file = elf_end(&elf);
    assert_true(program_open(&m->program, m->file, &(Diag){0}));
    m->program.known = m->program.functions = (Functions){m->rows, 0};
}

static void made_known(Scanned *m, Addr start, Addr end, unsigned by)
{
    assert_true(m->program.functions.n < ROWS_MAX);
    m->rows[m->program.functions.n++] = row_make(start, end, by);
    m->program.known = m->program.functions;
}

static void made_close(Scanned *m)
{
    program_close(&m->program);
    free((void *)(uintptr_t)m->file.p);
}

/* Of every function in order, 1: it may hold the constant; by every kernel, by one thread and by more than there may be. */
static void chosen_are(Scanned *m, int64_t constant, const char *expected)
{
    size_t n = m->program.functions.n;
    assert_int_equal(strlen(expected), n);
    for (int kind = KERNEL_PORTABLE; kind <= (int)kernel_best(); kind++)
        for (unsigned jobs = 1; jobs <= THREADS_MAX + 1; jobs += THREADS_MAX) {
            uint8_t chosen[ROWS_MAX];
            Arena arena = {0};
            RowList found = {.arena = &arena};
            Query query = {.constants = &constant, .nconstants = 1, .jobs = jobs};
            memset(chosen, 1, sizeof chosen);
            assert_true(prescan(&m->program, &query, (KernelKind)kind, chosen, &found, &arena));
            assert_int_equal(found.n, 0);
            for (size_t i = 0; i < n; i++)
                if (chosen[i] != expected[i] - '0')
                    fail_msg("constant %lld, kernel %d, function %zu: %d", (long long)constant, kind, i, chosen[i]);
            arena_free(&arena);
        }
}

/* A number in a segment's last two bytes is a constant of 16 bits; half an instruction there refers to nothing; nor does
 * code in no function keep one. */
static void ends_of_segments(void **state)
{
    static const Load loads[] = {
        {CODE, TEXT("\x66\x3b\x3d\xf9\x1f\0\0\xc3" /* 00: cmp DATA(%rip),%di */
                    "\x66\x3b\x3d\xf1\x1f\0\0\xc3" /* 08: the same, in no function */
                    "\x3c\x05\xc3\x90\x90\x90\x90" /* 10: cmp $5,%al */
                    "\x90\x3b\x3d\xe2\x1f\0")},    /* 17: cmp DATA(%rip),%edi, cut off */
        {DATA, "\x30\x75", 2},
    };
    Scanned m;
    (void)state;
    made_open(&m, loads, COUNT(loads));
    made_known(&m, CODE, CODE + 0x08, FOUND_SYMTAB);
    made_known(&m, CODE + 0x10, CODE + 0x13, FOUND_SYMTAB);
    made_known(&m, CODE + 0x17, CODE + 0x1d, FOUND_SYMTAB);
    chosen_are(&m, K, "100");
    chosen_are(&m, 5, "111"); /* tells none apart */
    made_close(&m);
    static const Load last[] = {{CODE, TEXT("\x81\xff\x30\x75\0\0\xc3\x90\x3c\x05\xc3")}};
    made_open(&m, last, 1);
    made_known(&m, CODE, CODE + 7, FOUND_SYMTAB);
    made_known(&m, CODE + 8, CODE + 11, FOUND_SYMTAB);
    chosen_are(&m, K, "10");
    made_close(&m);
}

/* Distances have 32 bits, addresses have not: what is 4 GB away leads elsewhere. A segment's first instruction may be a call. */
static void references(void **state)
{
    static const Load loads[] = {
        {CODE, TEXT("\xe8\x0b\0\0\0\x39\xc7\xc3"   /* 00: call 10; cmp %eax,%edi */
                    "\x3b\x3d\xf2\x1f\0\0\xc3\x90" /* 08: cmp DATA(%rip),%edi */
                    "\xb8\x30\x75\0\0\xc3")},      /* 10: mov $30000,%eax */
        {DATA, "\x30\x75\0\0", 4},
        {FAR, TEXT("\x0c\0\0\0"                                 /* 00: the distance to 10 */
                   "\xe8\x07\0\0\0\x39\xc7\xc3\x90\x90\x90\x90" /* 04: call 10; cmp %eax,%edi */
                   "\x3b\x3d\xea\x1f\0\0\xc3")},                /* 10: cmp DATA(%rip),%edi, where nothing is */
    };
    Scanned m;
    (void)state;
    made_open(&m, loads, COUNT(loads));
    made_known(&m, CODE, CODE + 0x08, FOUND_SYMTAB);
    made_known(&m, CODE + 0x08, CODE + 0x10, FOUND_SYMTAB);
    made_known(&m, CODE + 0x10, CODE + 0x16, FOUND_SYMTAB);
    made_known(&m, FAR, FAR + 4, FOUND_SYMTAB);
    made_known(&m, FAR + 0x04, FAR + 0x10, FOUND_SYMTAB);
    made_known(&m, FAR + 0x10, FAR + 0x17, FOUND_SYMTAB);
    chosen_are(&m, K, "111000");
    chosen_are(&m, 2 * K, "000000");
    made_close(&m);
}

/* Functions whose code runs on into one that has the constant, or jumps there; hand-written code has such. */
static void beside(void **state)
{
    static const Load loads[] = {
        {CODE, TEXT("\x90\x90"                         /* 00: runs on */
                    "\x74\x03\x90\xc3"                 /* 02: je 07, into the next one; ret */
                    "\x90\x66\x2d\x30\x75\xc3"         /* 06: sub $30000,%ax */
                    "\xeb\xf8"                         /* 0c: jmp 06 */
                    "\x90\xc3"                         /* 0e: ends before the next one */
                    "\x90\xeb\xfc"                     /* 10: jmp 0f */
                    "\x06\x90\x90\xc3\x90\x90\x90\x90" /* 13: does not decode */
                    "\x81\xff\x30\x75\0\0\xc3"         /* 1b: cmp $30000,%edi */
                    "\xff\xe0\xe8\0\0\0\0\xc3"         /* 22: jmp *%rax; call; ret */
                    "\x74\xfe"                         /* 2a: je 2a */
                    "\x81\xff\x30\x75\0\0\xc3"         /* 2c */
                    "\xe8\0\0\0\0"                     /* 33: call */
                    "\x81\xff\x30\x75\0\0\xc3")},      /* 38 */
    };
    static const Addr starts[] = {0, 2, 6, 0xc, 0xe, 0x10, 0x13, 0x1b, 0x22, 0x2a, 0x2c, 0x33, 0x38, 0x3f};
    Scanned m;
    (void)state;
    made_open(&m, loads, COUNT(loads));
    for (size_t i = 0; i + 1 < COUNT(starts); i++)
        made_known(&m, CODE + starts[i], CODE + starts[i + 1], FOUND_SYMTAB);
    made_known(&m, BSS, BSS + 8, FOUND_SYMTAB);
    chosen_are(&m, K, "11110011011110");
    made_close(&m);
}

/* The PLT's entries push their numbers, and return what the functions do that they jump to. */
static void stubs(void **state)
{
    static const Load loads[] = {
        {CODE, TEXT("\xff\x35\xfa\x3f\0\0\xff\x25\xfc\x3f\0\0\x0f\x1f\x40\0" /* push BSS(%rip); jmp *BSS+8(%rip) */
                    "\x68\x30\x75\0\0\xe9\xe6\xff\xff\xff\xc3\x90\x90\x90\x90\x90"
                    "\xe8\xdb\xff\xff\xff\x39\xc7\xc3")}, /* call 00; cmp %eax,%edi */
    };
    Scanned m;
    (void)state;
    made_open(&m, loads, COUNT(loads));
    made_known(&m, CODE, CODE + 0x20, FOUND_EH_FRAME);
    made_known(&m, CODE + 0x20, CODE + 0x28, FOUND_EH_FRAME);
    chosen_are(&m, K, "10");
    made_close(&m);
}

/* Addresses that are taken are numbers, too. */
static void addresses(void **state)
{
    static const Load loads[] = {
        {CODE, TEXT("\x48\x8d\x05\xf9\x1f\0\0\x48\x39\xc7\xc3\x90\x90\x90\x90\x90" /* lea DATA(%rip),%rax */
                    "\x48\x8d\x05\x09\x30\0\0\x48\x39\xc7\xc3")},                  /* lea DATA+0x1020(%rip),%rax */
        {DATA, "\0\0\0\0", 4},
    };
    Scanned m;
    (void)state;
    made_open(&m, loads, COUNT(loads));
    made_known(&m, CODE, CODE + 0x0b, FOUND_SYMTAB);
    made_known(&m, CODE + 0x10, CODE + 0x1b, FOUND_SYMTAB);
    chosen_are(&m, DATA, "10");
    chosen_are(&m, DATA + 0x1020, "01");
    made_close(&m);
}

/* ---- functions to be asked for ---- */

/* Blocks that int3 ends. The second has the bytes of a compare in a mov's number; the last is kept for two reasons. */
static const Load padded[] = {
    {CODE, TEXT("\x81\xff\x30\x75\0\0\xc3\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc"        /* 00: cmp $30000,%edi */
                "\x48\xb8\x81\xff\x30\x75\0\0\0\0\xc3\xcc\xcc\xcc\xcc\xcc"            /* 10: movabs */
                "\x3b\x3d\xda\x1f\0\0\xc3\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc"        /* 20: cmp DATA(%rip),%edi */
                "\x81\xff\x30\x75\0\0\x3b\x3d\xc4\x1f\0\0\xc3\xcc\xcc\xcc"            /* 30: both */
                "\x31\xc0\xc3\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc")}, /* 40: neither */
    {DATA, "\x30\x75\0\0", 4},
};

/* Were they found, or memory used up? */
static bool padded_found(Scanned *m)
{
    static const int64_t constant = K;
    static const Addr starts[] = {CODE, CODE + 0x20, CODE + 0x30};
    Arena arena = {0};
    RowList found = {.arena = &arena};
    Query query = {.constants = &constant, .nconstants = 1, .jobs = 1};
    uint8_t none;
    bool ok = prescan(&m->program, &query, KERNEL_PORTABLE, &none, &found, &arena);
    if (ok)
        assert_int_equal(found.n, COUNT(starts));
    for (size_t i = 0; ok && i < found.n; i++)
        assert_int_equal(found.items[i].start, starts[i]);
    arena_free(&arena);
    return ok;
}

static void asked_for(void **state)
{
    Scanned m;
    (void)state;
    made_open(&m, padded, COUNT(padded));
    m.program.padded = true;
    assert_true(padded_found(&m));
    fault_set(0, false);
    assert_true(padded_found(&m));
    uint64_t count = fault.count;
    assert_true(count > 10);
    for (uint64_t at = 1; at <= count; at++)
        for (int on = 0; on < 2; on++) {
            fault_set(at, on);
            assert_false(padded_found(&m));
        }
    fault_set(0, false);
    made_close(&m);
}

/* ---- by decoding ---- */

static void verified(void **state)
{
    static const struct {
        const char *code;
        size_t n;
        int64_t constant;
        Made made;
    } cases[] = {
        {TEXT("\x81\xff\x30\x75\0\0\xc3"), K, MADE_NAMED},
        {TEXT("\x81\xff\x30\x75\0\0\xc3"), 2 * K, MADE_NONE},
        {TEXT("\x90\x06"), K, MADE_NAMED},                                                /* does not decode */
        {TEXT("\x90\x81\xff\x30\x75"), K, MADE_NAMED},                                    /* cut off */
        {TEXT("\x48\x83\xc4\xf8\xc3"), -0x100000005, MADE_NONE},                          /* add $-8,%rsp */
        {TEXT("\x48\xb8\xfb\xff\xff\xff\xfe\xff\xff\xff\xc3"), -0x100000005, MADE_NAMED}, /* movabs of it */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Load load = {CODE, cases[i].code, cases[i].n};
        Query query = {.constants = &cases[i].constant, .nconstants = 1};
        Asked asked;
        Scanned m;
        assert_true(asked_of(&asked, &query));
        made_open(&m, &load, 1);
        assert_int_equal(numbers_verify(&m.program.image, (Part){CODE, CODE + load.n}, &asked), cases[i].made);
        assert_int_equal(numbers_verify(&m.program.image, (Part){BSS, BSS + 4}, &asked), MADE_NAMED); /* no bytes */
        made_close(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_of_segments), cmocka_unit_test(references),
        cmocka_unit_test(beside),           cmocka_unit_test(stubs),
        cmocka_unit_test(addresses),        cmocka_unit_test(asked_for),
        cmocka_unit_test(verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
