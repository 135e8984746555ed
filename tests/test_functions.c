/* tests/test_functions.c - rows of functions where tables disagree: Go's and the unwind table's, symbols that reach into others, and what
 * has no size. */
#include "analysis/program.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x1000, CODE_BYTES = 0x80, FRAME = 0x20000, GO = 0x30000 };

/* A program of nops, and its tables. */
typedef struct Tables {
    Elf elf;
    Buf frame, go, symbols;
    Bytes file;
    Program program;
} Tables;

static Tables *tables_new(void)
{
    Tables *t = calloc(1, sizeof *t);
    assert_non_null(t);
    elf_begin(&t->elf, ET_EXEC);
    buf_put(&t->frame, "\x14\0\0\0\0\0\0\0\x01zR\0\x01\x78\x10\x01\x1b\x0c\x07\x08\x90\x01\0\0", 24);
    buf_put(&t->go, "\xfb\xff\xff\xff\0\0\x01\x08", 8);
    buf_symbol(&t->symbols, 0, 0, 0, 0, 0, 0);
    return t;
}

static void fde_put(Tables *t, Addr start, uint64_t size)
{
    Addr id = FRAME + t->frame.n + 4;
    buf_u32(&t->frame, 16);
    buf_u32(&t->frame, id - FRAME);
    buf_u32(&t->frame, start - (id + 4));
    buf_u32(&t->frame, size);
    buf_u32(&t->frame, 0); /* no augmentation data; nops */
}

/* Go's table as version 1.2 has it: n functions, and where the last one ends. */
static void go_put(Tables *t, const Addr *starts, size_t n)
{
    buf_u64(&t->go, n);
    for (size_t i = 0; i <= n; i++) {
        buf_u64(&t->go, starts[i]);
        buf_u64(&t->go, 0);
    }
}

static void symbols_end(Tables *t)
{
    unsigned at = elf_section(&t->elf, ".symtab", SHT_SYMTAB, 0, t->symbols.p, t->symbols.n);
    t->elf.sh[at].sh_entsize = sizeof(Elf64_Sym);
    t->elf.sh[at].sh_link = elf_section(&t->elf, ".strtab", SHT_STRTAB, 0, "\0f", 3);
}

static void table_load(Tables *t, const char *name, Addr addr, const Buf *table)
{
    uint64_t off = elf_load(&t->elf, PF_R, addr, table->p, table->n)->p_offset;
    unsigned at = elf_section(&t->elf, name, SHT_PROGBITS, addr, NULL, 0);
    t->elf.sh[at].sh_offset = off;
    t->elf.sh[at].sh_size = table->n;
}

/* The functions that are found, which must be these; only start, size, source and how sure it is count. */
static void rows_are(Tables *t, const FunctionRow *rows, size_t n)
{
    uint8_t code[CODE_BYTES];
    memset(code, 0x90, sizeof code);
    elf_load(&t->elf, PF_R | PF_X, CODE, code, sizeof code);
    table_load(t, ".eh_frame", FRAME, &t->frame);
    if (t->go.n > 8)
        table_load(t, ".gopclntab", GO, &t->go);
    symbols_end(t);
    t->file = elf_end(&t->elf);
    assert_true(program_open(&t->program, t->file, &(Diag){0}));
    assert_int_equal(t->program.known.n, n);
    for (size_t i = 0; i < n; i++) {
        const FunctionRow *is = &t->program.known.rows[i];
        if (is->start != rows[i].start || is->size != rows[i].size || is->found_by != rows[i].found_by ||
            is->source != rows[i].source || is->unsure != rows[i].unsure)
            fail_msg("row %zu: %#zx, %#x bytes, found by %u, source %u, unsure: %u", i, (size_t)is->start, is->size,
                     is->found_by, is->source, is->unsure);
    }
    program_close(&t->program);
    free((void *)(uintptr_t)t->file.p);
    free(t);
}

/* Rows that go back are left out; where an FDE begins at the same place, it says how far that goes, and where only a symbol without a size
 * does, Go's row. */
static void go_rows(void **state)
{
    static const Addr starts[] = {CODE, CODE + 0x40, CODE + 0x20, CODE + 0x60, CODE + 0x70, CODE + 0x78};
    static const FunctionRow rows[] = {{.start = CODE, .size = 0x30, .found_by = FOUND_PCLNTAB},
                                       {.start = CODE + 0x60, .size = 0x10, .found_by = FOUND_PCLNTAB, .source = 3},
                                       {.start = CODE + 0x70, .size = 8, .found_by = FOUND_SYMTAB}};
    Tables *t = tables_new();
    (void)state;
    fde_put(t, CODE, 0x30);
    buf_symbol(&t->symbols, 1, STB_GLOBAL, STT_FUNC, 1, CODE + 0x70, 0);
    go_put(t, starts, COUNT(starts) - 1);
    rows_are(t, rows, COUNT(rows));
}

/* Where the program begins, and more is not known of most of the code, an FDE's range holds. */
static void entry(void **state)
{
    static const FunctionRow rows[] = {{.start = CODE, .size = 6, .found_by = FOUND_EH_FRAME}};
    Tables *t = tables_new();
    (void)state;
    t->elf.eh.e_entry = CODE;
    fde_put(t, CODE, 6);
    rows_are(t, rows, COUNT(rows));
}

/* An FDE inside what a symbol says is its own cuts that; at an odd address it may be the FDE that is wrong. */
static void inside_a_symbol(void **state)
{
    (void)state;
    for (unsigned odd = 0; odd < 2; odd++) {
        const FunctionRow rows[] = {
            {.start = CODE, .size = 0x10 + odd, .found_by = FOUND_SYMTAB},
            {.start = CODE + 0x10 + odd, .size = 0x60, .found_by = FOUND_EH_FRAME, .unsure = odd & 1u}};
        Tables *t = tables_new();
        buf_symbol(&t->symbols, 1, STB_GLOBAL, STT_FUNC, 1, CODE, 0x20);
        fde_put(t, rows[1].start, rows[1].size);
        rows_are(t, rows, COUNT(rows));
    }
}

/* Without a size it goes on to the next one, to the end of its segment, or to where rows end. */
static void without_size(void **state)
{
    static const struct {
        uint64_t bytes;
        uint32_t size;
    } cases[] = {
        {0x2000, 0x1ff0}, {((uint64_t)4 << 30) + 0x0f, UINT32_MAX}, {((uint64_t)4 << 30) + 0x1000, UINT32_MAX}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Tables *t = tables_new();
        elf_header(&t->elf, PT_LOAD, PF_R | PF_X, CODE, ELF_ROOM, cases[i].bytes);
        buf_symbol(&t->symbols, 1, STB_GLOBAL, STT_FUNC, 1, CODE, 0);
        buf_symbol(&t->symbols, 1, STB_GLOBAL, STT_FUNC, 1, CODE + 0x10, 0);
        symbols_end(t);
        Bytes head = elf_end(&t->elf);
        uint64_t n = ELF_ROOM + cases[i].bytes; /* zeroes, of which few are looked at */
        uint8_t *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert_true(p != MAP_FAILED);
        memcpy(p, head.p, head.n);
        assert_true(program_open(&t->program, (Bytes){p, n}, &(Diag){0}));
        assert_int_equal(t->program.known.n, 2);
        assert_int_equal(t->program.known.rows[0].size, 0x10);
        assert_int_equal(t->program.known.rows[1].size, cases[i].size);
        program_close(&t->program);
        munmap(p, n);
        free((void *)(uintptr_t)head.p);
        free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(go_rows),
        cmocka_unit_test(entry),
        cmocka_unit_test(inside_a_symbol),
        cmocka_unit_test(without_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
