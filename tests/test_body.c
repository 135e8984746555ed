/* tests/test_body.c - a function's control flow: what is refused, and why; a jump over a lock prefix; parts that it jumps into. */
#include "analysis/body.h"
#include "analysis/budget.h"
#include "analysis/flags.h"
#include "analysis/summary.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x1000 };

typedef struct Made {
    uint8_t *file;
    Program program;
    Arena arena;
    Body body;
    Diag diag;
} Made;

/* A program of n bytes of code, with a symbol for each `step` of them (0: none). */
static Made *made_open(const uint8_t *code, size_t n, size_t step)
{
    static Elf elf;
    Buf symbols = {.n = 0}, strings = {.n = 0};
    Made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    elf_begin(&elf, ET_DYN);
    elf_header(&elf, PT_LOAD, PF_R | PF_X, CODE, ELF_ROOM, n);
    buf_text(&strings, "");
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    for (size_t at = 0; step && at < n; at += step)
        buf_symbol(&symbols, buf_text(&strings, "f"), STB_GLOBAL, STT_FUNC, 1, CODE + at, step);
    unsigned table = elf_section(&elf, ".symtab", SHT_SYMTAB, 0, symbols.p, symbols.n);
    elf.sh[table].sh_entsize = sizeof(Elf64_Sym);
    elf.sh[table].sh_link = elf_section(&elf, ".strtab", SHT_STRTAB, 0, strings.p, strings.n);
    Bytes head = elf_end(&elf);
    m->file = calloc(1, ELF_ROOM + n);
    assert_non_null(m->file);
    memcpy(m->file, head.p, head.n);
    memcpy(m->file + ELF_ROOM, code, n);
    free((void *)(uintptr_t)head.p);
    assert_true(program_open(&m->program, (Bytes){m->file, ELF_ROOM + n}, &(Diag){0}));
    return m;
}

static bool made_build(Made *m, uint64_t size)
{
    Function f = {.start = CODE, .end = CODE + size};
    return body_build(&m->body, &m->program, &f, (Callees){.depth = SUMMARY_DEPTH}, &m->arena, &m->diag);
}

static void made_close(Made *m)
{
    program_close(&m->program);
    arena_free(&m->arena);
    free(m->file);
    free(m);
}

static void refused(void **state)
{
    static const struct {
        const char *code;
        size_t n;
        const char *why;
    } cases[] = {
        {"\x06", 1, "do not decode"},
        {"\x74\x01\xb8\1\2\3\4\xc3", 8, "overlap"},                 /* je into the mov behind it */
        {"\xb8\1\2\3\4\x74\xfa\xc3", 8, "into the middle"},         /* je into the mov before it */
        {"\xe9\xfc\xff\xff\xff", 5, "into the middle"},             /* jmp into itself */
        {"\xb8\1\2\3", 4, "do not decode"},                         /* the function ends first */
        {"\xeb\x03\xb8\x90\x90\x90\x90\x90\x74\xfa\xc3", 11, NULL}, /* what is jumped over is no code */
        {"\x74\x01\xf0\xff\x07\xc3", 6, NULL},                      /* je over a lock prefix */
        {"\xf0\xff\x0f\x75\xfc\xc3", 6, NULL},                      /* back to behind one */
        {"\x90\xc3", 2, NULL},
        {"", 0, "empty"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Made *m = made_open((const uint8_t *)cases[i].code, cases[i].n + 1, 0);
        bool built = made_build(m, cases[i].n);
        if (built != !cases[i].why || (!built && !strstr(m->diag.what, cases[i].why)))
            fail_msg("case %zu: %s", i, built ? "is not refused" : m->diag.what);
        made_close(m);
    }
}

static void too_large(void **state)
{
    enum { LARGE = BODY_MAX_BYTES + 16 };
    (void)state;
    uint8_t *code = malloc(LARGE);
    assert_non_null(code);
    memset(code, 0x90, LARGE);
    Made *m = made_open(code, LARGE, 0);
    assert_false(made_build(m, LARGE));
    assert_non_null(strstr(m->diag.what, "budget"));
    assert_false(made_build(m, BODY_MAX_BYTES));
    assert_non_null(strstr(m->diag.what, "instructions"));
    assert_false(made_build(m, LARGE + 1));
    assert_non_null(strstr(m->diag.what, "outside the file"));
    made_close(m);
    free(code);
}

/* Another function begins where this one jumps to: a part of it when it jumps back, unless it is too long to be looked through. */
static void jumps_back(void **state)
{
    enum { SIZE = 1 << 17 };
    static const struct {
        size_t size; /* of each */
        const char *other;
        size_t n, parts; /* 0: refused */
    } cases[] = {
        {64, "\x90\xeb\xc2\xc3", 4, 2},           /* jmp to behind the jump */
        {64, "\x90\xeb\xbd\xc3", 4, 1},           /* to the start: a call of it */
        {64, "\x06\x90\xeb\xc1\xc3", 5, 0},       /* behind a byte that is no code: a part, which does not decode */
        {64, "\x90\xeb\x00\xc3", 4, 1},           /* within itself */
        {64, "\x90\xff\xe0\xc3", 4, 1},           /* to anywhere */
        {SIZE, "\x90\xe9\xfb\xff\xfd\xff", 6, 1}, /* too long */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t *code = malloc(2 * cases[i].size);
        assert_non_null(code);
        memset(code, 0x90, 2 * cases[i].size);
        uint32_t distance = (uint32_t)cases[i].size - 5;
        code[0] = 0xe9;
        memcpy(code + 1, &distance, 4);
        code[2 * cases[i].size - 1] = code[cases[i].size - 1] = 0xc3;
        memcpy(code + cases[i].size, cases[i].other, cases[i].n);
        Made *m = made_open(code, 2 * cases[i].size, cases[i].size);
        bool built = made_build(m, cases[i].size);
        if ((built ? m->body.nparts : 0) != cases[i].parts)
            fail_msg("case %zu: %s", i, built ? "another number of parts" : m->diag.what);
        made_close(m);
        free(code);
    }
}

/* Jumps into more functions' middles than a function may have parts: the others are taken for tail calls. */
static void many_parts(void **state)
{
    enum { OTHERS = 20, SIZE = 128 };
    static uint8_t code[SIZE * (OTHERS + 1)];
    (void)state;
    memset(code, 0x90, sizeof code);
    for (unsigned i = 0; i < OTHERS; i++) {
        int32_t distance = (int32_t)(SIZE * (i + 1) + 8 - (6 * i + 6));
        memcpy(code + 6 * i, "\x0f\x84", 2);
        memcpy(code + 6 * i + 2, &distance, 4);
        code[SIZE * (i + 2) - 1] = 0xc3;
    }
    code[6 * OTHERS] = 0xc3;
    Made *m = made_open(code, sizeof code, SIZE);
    assert_true(made_build(m, SIZE));
    assert_int_equal(m->body.nparts, 16);
    made_close(m);
}

/* Bytes of what follows: before, and each time. */
enum { WRITES = 6, PAIR = 5 };

/* mov %rdi,%rdi; mov %rsi,%rsi; then je over jmp *(%rdi,%rsi,8), many times: each asks for rdi and rsi back to where they were written. */
static void put_pairs(uint8_t *code, size_t n)
{
    memcpy(code, "\x48\x89\xff\x48\x89\xf6", WRITES);
    for (size_t i = 0; i < n; i++)
        memcpy(code + WRITES + PAIR * i, "\x74\x03\xff\x24\xf7", PAIR);
    code[WRITES + PAIR * n] = 0xc3;
}

/* When the budget is used up, nothing more is said. */
static void many_jumps(void **state)
{
    enum { JUMPS = 2000 };
    static uint8_t code[WRITES + PAIR * JUMPS + 1];
    (void)state;
    put_pairs(code, JUMPS);
    Made *m = made_open(code, sizeof code, 0);
    m->program.share = 1;
    assert_true(made_build(m, sizeof code));
    assert_int_equal(m->body.njumps, JUMPS);
    assert_int_equal(m->body.jumps[0].kind, JUMP_TAIL);
    assert_int_equal(m->body.jumps[JUMPS - 1].kind, JUMP_UNKNOWN);
    assert_false(m->body.closed);
    made_close(m);
}

enum {
    PAIRS = 700,
    STAGE = 0x90,
    STAGES = 3,
    HEAVY = STAGE * STAGES,
    END = HEAVY + WRITES + PAIR * PAIRS + 1,
    TABLES = END + 6
};

/* Stage i of a function, at CODE + STAGE * i: nops, and a jump through its table of two places, `first` and `second`, which is behind all. */
static void put_stage(uint8_t *code, size_t i, size_t first, size_t second, size_t tables)
{
    size_t at = STAGE * (i + 1) - 26, table = tables + 8 * i;
    int32_t over = (int32_t)(second - (at + 10)), lea = (int32_t)(table - (at + 17));
    int32_t targets[2] = {(int32_t)first - (int32_t)table, (int32_t)second - (int32_t)table};
    memset(code + STAGE * i, 0x90, STAGE - 26);
    memcpy(code + at, "\x48\x83\xff\x01\x0f\x87", 6); /* cmp $1,%rdi; ja second */
    memcpy(code + at + 6, &over, 4);
    memcpy(code + at + 10, "\x48\x8d\x15", 3); /* lea table(%rip),%rdx */
    memcpy(code + at + 13, &lea, 4);
    /* movslq (%rdx,%rdi,4),%rcx; add %rdx,%rcx; jmp *%rcx */
    memcpy(code + at + 17, "\x48\x63\x0c\xba\x48\x01\xd1\xff\xe1", 9);
    memcpy(code + table, targets, sizeof targets);
}

/* Each round finds the next stage, and the last one finds only that its table leads back; what else asks takes the whole budget each time.
 * Then nothing is left for a round more: its jumps are not known, but what was found stays. */
static void rounds_without_budget(void **state)
{
    static uint8_t code[TABLES + 8 * STAGES];
    (void)state;
    for (size_t i = 0; i < STAGES; i++)
        put_stage(code, i, i + 1 < STAGES ? STAGE * (i + 1) : STAGE, HEAVY, TABLES);
    put_pairs(code + HEAVY, PAIRS);
    Made *m = made_open(code, sizeof code, 0);
    for (unsigned whole = 0; whole < 2; whole++) {
        m->program.share = whole ? BUDGET_WHOLE : 1;
        assert_true(made_build(m, END));
        assert_int_equal(m->body.closed, whole);
        assert_int_equal(m->body.njumps, STAGES + PAIRS);
        for (size_t i = 0; i < STAGES; i++) {
            assert_int_not_equal(body_step_at(&m->body, CODE + STAGE * i), UINT32_MAX);
            assert_int_equal(m->body.jumps[i].kind, whole ? JUMP_TABLE : JUMP_UNKNOWN);
        }
        arena_reset(&m->arena);
    }
    made_close(m);
}

/* Each table shows the next jump: more of them than there are rounds. */
static void too_many_rounds(void **state)
{
    (void)state;
    for (size_t stages = BODY_MAX_ROUNDS - 1; stages <= BODY_MAX_ROUNDS; stages++) {
        size_t end = STAGE * stages, tables = end + 8, n = tables + 8 * stages;
        uint8_t *code = calloc(1, n);
        assert_non_null(code);
        for (size_t i = 0; i < stages; i++)
            put_stage(code, i, i + 1 < stages ? STAGE * (i + 1) : 0, end, tables);
        code[end] = 0xc3;
        Made *m = made_open(code, n, 0);
        bool built = made_build(m, end + 1);
        assert_int_equal(built, stages < BODY_MAX_ROUNDS);
        if (built)
            assert_int_equal(m->body.njumps, stages);
        else
            assert_string_equal(m->diag.what, "its jump tables do not settle");
        made_close(m);
        free(code);
    }
}

/* test %esi,%esi; je over cmp $40,%edi; je over the nop; nop; ret: two have written the second je's flags, unless others come in there,
 * or the unwinder. */
static void flags_of_two_ways(void **state)
{
    static const char code[] = "\x85\xf6\x74\x03\x83\xff\x28\x74\x01\x90\xc3";
    enum { SECOND = 7 };
    uint32_t writers[FLAGS_WRITERS_MAX];
    (void)state;
    Made *m = made_open((const uint8_t *)code, sizeof code, 0);
    assert_true(made_build(m, sizeof code - 1));
    uint32_t step = body_step_at(&m->body, CODE + SECOND);
    assert_int_not_equal(step, UINT32_MAX);
    assert_int_equal(flags_writers(&m->body, step, writers), 2);
    Block *block = &m->body.blocks[body_block_of(&m->body, step)];
    block->foreign = true;
    assert_int_equal(flags_writers(&m->body, step, writers), 0);
    block->foreign = false;
    block->pad = true;
    assert_int_equal(flags_writers(&m->body, step, writers), 0);
    made_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(too_large),
        cmocka_unit_test(many_parts),
        cmocka_unit_test(many_jumps),
        cmocka_unit_test(rounds_without_budget),
        cmocka_unit_test(jumps_back),
        cmocka_unit_test(too_many_rounds),
        cmocka_unit_test(flags_of_two_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
