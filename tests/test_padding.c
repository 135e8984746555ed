/* tests/test_padding.c - functions that only the padding before them shows: the gaps they are looked for in, where they begin and
 * end, and code laid out so that nothing of it can be said. */
#include "analysis/carve.h"
#include "analysis/padding.h"
#include "analysis/rows.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x1000, FAR = 0x800000, DATA = 0x900000, KNOWN_MAX = 4 };

/* A program of bytes at CODE, more at FAR, in which nothing is known but `known`. */
typedef struct Padded {
    uint8_t *file;
    FunctionRow known[KNOWN_MAX];
    Program program;
} Padded;

/* Every row ends before the next begins. The segment at CODE has `memory` more bytes that are not in the file. */
static Padded *open_padded(const uint8_t *code, size_t n, uint64_t memory, const Part *known, size_t nknown)
{
    static Elf elf;
    Padded *o = calloc(1, sizeof *o);
    assert_non_null(o);
    elf_begin(&elf, ET_DYN);
    uint64_t off = ELF_ROOM;
    Elf64_Phdr *ph = elf_header(&elf, PT_LOAD, PF_R | PF_X, CODE, off, n);
    ph->p_memsz += memory;
    elf_header(&elf, PT_LOAD, PF_R | PF_X, FAR, off, 32);
    elf_header(&elf, PT_LOAD, PF_R | PF_W, DATA, off, 32);
    Bytes head = elf_end(&elf);
    o->file = calloc(1, off + n);
    assert_non_null(o->file);
    memcpy(o->file, head.p, head.n);
    memcpy(o->file + off, code, n);
    free((void *)(uintptr_t)head.p);
    assert_true(program_open(&o->program, (Bytes){o->file, off + n}, &(Diag){0}));
    for (size_t i = 0; i < nknown; i++)
        o->known[i] = row_make(known[i].start, known[i].end, FOUND_SYMTAB);
    o->program.known = o->program.functions = (Functions){o->known, nknown};
    o->program.padded = true;
    return o;
}

static void close_padded(Padded *o)
{
    program_close(&o->program);
    free(o->file);
    free(o);
}

/* The function that holds CODE + at is [CODE + start, CODE + end); both 0: there is none. */
static void function_is(const Padded *o, uint64_t at, uint64_t start, uint64_t end)
{
    FunctionRow row;
    bool found = padding_function(&o->program, CODE + at, &row);
    if (found != (end > 0) || (found && (row.start != CODE + start || row_end(&row) != CODE + end)))
        fail_msg("at %#lx: [%#lx, %#lx) and not [%#lx, %#lx)", at, found ? row.start - CODE : 0,
                 found ? row_end(&row) - CODE : 0, start, end);
}

#define MOV     0xb8, 7, 0, 0, 0
#define INT3_10 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc
#define ZERO_10 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

static const uint8_t code[] = {
    MOV, 0xc3, INT3_10,                               /* 00: a function */
    MOV, MOV,  MOV,     0xc3,                         /* 10: one that fits */
    MOV, 0xc3, INT3_10,                               /* 20: one behind that */
    MOV, 0xc3, ZERO_10,                               /* 30: zeroes behind it, so that it shares its block */
    MOV, 0xc3, INT3_10,                               /* 40 */
    MOV, 0xc3, MOV,     0xc3, 0xcc, 0xcc, 0xcc, 0xcc, /* 50: two ends; no multiple of 16 between them */
};

static void functions_and_their_blocks(void **state)
{
    (void)state;
    Padded *o = open_padded(code, 0x60, 0, NULL, 0);
    function_is(o, 0, 0, 6);
    function_is(o, 5, 0, 6);
    function_is(o, 8, 0, 0); /* padding */
    function_is(o, 0x1f, 0x10, 0x20);
    function_is(o, 0x20, 0x20, 0x26);
    function_is(o, 0x30, 0x30, 0x36);
    function_is(o, 0x38, 0, 0); /* zeroes, before the block's next function */
    function_is(o, 0x41, 0x40, 0x46);
    function_is(o, 0x57, 0x50, 0x5c);
    assert_int_equal(padding_block_end(&o->program, CODE), CODE + 0x10);
    assert_int_equal(padding_block_end(&o->program, CODE + 0x10), CODE + 0x30);
    assert_int_equal(padding_block_end(&o->program, CODE + 0x51), CODE + 0x60);
    assert_int_equal(padding_block_end(&o->program, DATA), DATA + 1);
    close_padded(o);
}

/* Code that jumps back into what came before begins no function. */
static void what_jumps_back(void **state)
{
    (void)state;
    static const uint8_t back[] = {MOV,  0xc3, ZERO_10, MOV,  0xeb, 0xee, 0xcc, 0xcc,
                                   0xcc, 0xcc, 0xcc,    0xcc, 0xcc, 0xcc, 0xcc};
    Padded *o = open_padded(back, sizeof back, 0, NULL, 0);
    function_is(o, 0, 0, 0x17);
    function_is(o, 0x12, 0, 0x17);
    close_padded(o);
}

/* Not in what is known, in data, behind what the file holds, or where no segment is. */
static void gaps(void **state)
{
    (void)state;
    static const Part known[] = {{CODE, CODE + 0x12}, {CODE + 0x30, CODE + 0x36}, {FAR, FAR + 16}};
    Padded *o = open_padded(code, 0x60, 0x100, known, COUNT(known));
    function_is(o, 2, 0, 0);
    function_is(o, 0x14, 0, 0); /* the gap begins in an instruction's middle, at no multiple of 16 */
    function_is(o, 0x32, 0, 0);
    function_is(o, 0x41, 0x40, 0x46);
    function_is(o, 0x60, 0, 0);
    function_is(o, 0x100000, 0, 0);
    function_is(o, DATA - CODE, 0, 0);
    assert_int_equal(padding_block_end(&o->program, CODE + 0x60), CODE + 0x61);
    function_is(o, FAR - CODE + 0x10, FAR - CODE + 0x10, FAR - CODE + 0x20);
    o->program.known.n = 2; /* nothing known behind: the gap goes on to the segment's end */
    function_is(o, FAR - CODE, FAR - CODE, FAR - CODE + 6);
    o->known[0] = o->known[2]; /* nothing known before, in this segment */
    o->program.known.n = 1;
    function_is(o, 0x10, 0x10, 0x20);
    close_padded(o);
}

/* An int3 before a ud2 is the code's own; a 0f that begins another instruction, or ends the gap, is none. */
static void traps(void **state)
{
    (void)state;
    static const uint8_t trap[] = {MOV, MOV, MOV, 0xcc, 0x0f, 0x0b};
    uint8_t bytes[0x41];
    memset(bytes, 0xcc, sizeof bytes);
    memcpy(bytes, trap, sizeof trap);
    memcpy(bytes + 0x20, (uint8_t[]){0x0f, 0x05, 0xc3}, 3);
    bytes[0x40] = 0x0f;
    Padded *o = open_padded(bytes, sizeof bytes, 0, NULL, 0);
    assert_int_equal(padding_block_end(&o->program, CODE), CODE + 0x20);
    assert_int_equal(padding_block_end(&o->program, CODE + 0x20), CODE + 0x40); /* past int3 at a multiple of 16 */
    function_is(o, 0x20, 0x20, 0x23);
    function_is(o, 0x40, 0, 0); /* half an instruction */
    close_padded(o);
}

/* The first entry of a PLT is no function, nor is what its block holds besides. */
static void linkage(void **state)
{
    static const uint8_t plt[] = {MOV, 0xc3, INT3_10, 0xff, 0x35, 0,    1,    0,    0,   0xff, 0x25,
                                  2,   1,    0,       0,    0xcc, 0xcc, 0xcc, 0xcc, MOV, 0xc3, INT3_10};
    (void)state;
    Padded *o = open_padded(plt, sizeof plt, 0, NULL, 0);
    function_is(o, 0, 0, 6);
    function_is(o, 0x10, 0, 0);
    function_is(o, 0x16, 0, 0);
    function_is(o, 0x20, 0x20, 0x26);
    close_padded(o);
}

/* Half a megabyte without padding is no block. */
static void blocks_too_long(void **state)
{
    enum { N = 1200 << 10, SAFE = N - 64 };
    (void)state;
    uint8_t *bytes = malloc(N);
    assert_non_null(bytes);
    memset(bytes, 0x90, N);
    memset(bytes + SAFE - 16, 0xcc, 16);
    memcpy(bytes + SAFE, code, 16);
    bytes[SAFE + 16] = 0x06; /* decodes to nothing */
    Padded *o = open_padded(bytes, N, 0, NULL, 0);
    function_is(o, 0, 0, 0);
    function_is(o, 100, 0, 0);
    function_is(o, 600 << 10, 0, 0);
    function_is(o, SAFE, SAFE, SAFE + 6);
    function_is(o, SAFE + 20, 0, 0);
    Arena arena = {0};
    RowList rows = {.arena = &arena};
    padding_all(&o->program, &rows);
    assert_false(rows.failed);
    assert_int_equal(rows.n, 1); /* nops alone are padding, too */
    assert_false(padding_usable(&o->program));
    close_padded(o);
    arena_free(&arena);
    free(bytes);
}

/* All there are, among those known, in order. */
static void all_of_them(void **state)
{
    (void)state;
    static const Part known[] = {{CODE + 0x10, CODE + 0x20}, {CODE + 0x50, CODE + 0x60}, {FAR, FAR + 16}};
    static const Addr starts[] = {CODE,        CODE + 0x10, CODE + 0x20, CODE + 0x30,
                                  CODE + 0x40, CODE + 0x50, FAR,         FAR + 0x10};
    Arena arena = {0};
    Padded *o = open_padded(code, 0x60, 0, known, COUNT(known));
    RowList rows = {.arena = &arena};
    padding_all(&o->program, &rows);
    assert_int_equal(rows.n, COUNT(starts));
    for (size_t i = 0; i < rows.n; i++)
        assert_int_equal(rows.items[i].start, starts[i]);
    o->known[0] = o->known[2]; /* none known here: the gap goes on to the segment's end */
    o->program.known.n = 1;
    rows = (RowList){.arena = &arena};
    padding_all(&o->program, &rows);
    assert_int_equal(rows.n, COUNT(starts));
    for (size_t i = 0; i < rows.n; i++)
        assert_int_equal(rows.items[i].start, starts[i]);
    o->known[0] = row_make(CODE + 0x10, CODE + 0x20, FOUND_SYMTAB);
    rows = (RowList){.arena = &arena};
    padding_rows(&o->program, CODE + 0x10, CODE + 0x20, &rows); /* no gap */
    assert_int_equal(rows.n, 0);
    close_padded(o);
    arena_free(&arena);
}

/* They are looked for once; without memory it is known no less than before. */
static void all_of_them_once(void **state)
{
    (void)state;
    Padded *o = open_padded(code, 0x60, 0, NULL, 0);
    Program *p = &o->program;
    p->arena.limit = 1;
    assert_false(functions_complete(p));
    assert_int_equal(p->functions.n, 0);
    p->arena.limit = 0;
    assert_true(functions_complete(p));
    assert_int_equal(p->functions.n, 8);
    const FunctionRow *rows_then = p->functions.rows;
    assert_true(functions_complete(p));
    assert_ptr_equal(p->functions.rows, rows_then);
    assert_int_equal(p->functions.n, 8);
    close_padded(o);
}

/* Code is looked at here and there for whether there is padding in most places. */
static void padding_in_most_places(void **state)
{
    enum { FUNCTIONS = 2000 };
    static uint8_t bytes[FUNCTIONS * 16];
    (void)state;
    for (size_t i = 0; i < FUNCTIONS; i++)
        memcpy(bytes + 16 * i, code, 16);
    Padded *o = open_padded(bytes, sizeof bytes, 0, NULL, 0);
    assert_true(padding_usable(&o->program));
    close_padded(o);
    static const Part known[] = {{CODE, CODE + sizeof bytes / 2}};
    memset(bytes, 0x90, sizeof bytes);
    o = open_padded(bytes, sizeof bytes, 0, known, 1);
    assert_false(padding_usable(&o->program));
    close_padded(o);
}

/* A row's size ends at 4 GB; a list that failed takes no more. */
static void rows(void **state)
{
    (void)state;
    Arena arena = {.limit = 1};
    RowList list = {.arena = &arena};
    FunctionRow row = row_make(1, (uint64_t)1 << 40, FOUND_CALL);
    assert_int_equal(row.size, UINT32_MAX);
    rows_add(&list, row);
    assert_true(list.failed);
    arena.limit = 0;
    rows_add(&list, row);
    assert_int_equal(list.n, 0);
    arena_free(&arena);
}

/* What is empty, runs out of its segment's bytes or lies where no segment is, is no function. */
static void clean_rows(void **state)
{
    (void)state;
    Padded *o = open_padded(code, 0x60, 0x100, NULL, 0);
    FunctionRow items[] = {row_make(CODE, CODE, FOUND_SYMTAB), row_make(CODE, CODE + 0x60, FOUND_SYMTAB),
                           row_make(CODE + 1, CODE + 0x61, FOUND_EH_FRAME), row_make(0x500, 0x501, FOUND_SYMTAB)};
    RowList list = {.items = items, .n = COUNT(items)};
    rows_clean(&list, &o->program.image);
    assert_int_equal(list.n, 1);
    assert_true(items[0].start == CODE && items[0].size == 0x60);
    close_padded(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_and_their_blocks),
        cmocka_unit_test(what_jumps_back),
        cmocka_unit_test(gaps),
        cmocka_unit_test(traps),
        cmocka_unit_test(linkage),
        cmocka_unit_test(blocks_too_long),
        cmocka_unit_test(all_of_them),
        cmocka_unit_test(all_of_them_once),
        cmocka_unit_test(padding_in_most_places),
        cmocka_unit_test(rows),
        cmocka_unit_test(clean_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
