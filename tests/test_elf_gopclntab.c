/* tests/test_elf_gopclntab.c - Go's function table in its versions, whole and damaged. */
#include "elf/gopclntab.h"
#include "tests/go_builder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { TEXT_SIZE = 0x100, RELA = 0x600000 };

typedef struct GoRow {
    Addr start, end;
    Str name;
} GoRow;

typedef struct Opened {
    Elf elf;
    Bytes file;
    Arena arena;
    Image image;
    Slots slots;
    GoTable table;
    size_t n; /* functions that can be */
    GoRow functions[GO_FUNCTIONS];
} Opened;

/* Reads the table, and of its functions those that go upward. */
static void table_read(Opened *o)
{
    Addr start, end, last = 0;
    o->n = 0;
    assert_true(slots_open(&o->slots, &o->image, &o->arena, NULL));
    gopclntab_open(&o->table, &o->image, &o->slots);
    for (size_t i = 0; i < o->table.n; i++) {
        Str name = gopclntab_name(&o->table, i);
        assert_true(name.p == NULL || name.n > 0);
        if (!gopclntab_function(&o->table, i, &start, &end) || start < last)
            continue;
        assert_true(image_is_code(&o->image, start) && start < end && end <= GO_TEXT + TEXT_SIZE);
        if (o->n < GO_FUNCTIONS)
            o->functions[o->n] = (GoRow){start, end, name};
        o->n++;
        last = end;
    }
}

/* Reads a file with `table`, found by a section of that name or, without one, by its magic. */
static Opened *open_go(const Go *go, const Buf *table, const char *section)
{
    static const uint8_t code[TEXT_SIZE];
    Opened *o = calloc(1, sizeof *o);
    assert_non_null(o);
    elf_begin(&o->elf, go->relocated ? ET_DYN : ET_EXEC);
    elf_load(&o->elf, PF_R | PF_X, GO_TEXT, code, sizeof code);
    uint64_t off = elf_load(&o->elf, PF_R, GO_TABLE, table->p, table->n)->p_offset;
    if (section) {
        unsigned i = elf_section(&o->elf, section, SHT_PROGBITS, GO_TABLE, NULL, 0);
        o->elf.sh[i].sh_offset = off;
        o->elf.sh[i].sh_size = table->n;
    }
    if (go->relocated) {
        uint64_t dynamic[] = {DT_RELA, RELA + 80, DT_RELASZ, go->rela.n, DT_NULL, 0};
        Buf b = {.n = 0};
        buf_put(&b, dynamic, sizeof dynamic);
        buf_put(&b, "................................", 80 - sizeof dynamic);
        buf_put(&b, go->rela.p, go->rela.n);
        elf_load(&o->elf, PF_R, RELA, b.p, b.n);
        elf_header(&o->elf, PT_DYNAMIC, PF_R, RELA, 0, sizeof dynamic);
    }
    o->file = elf_end(&o->elf);
    assert_true(image_open(&o->image, o->file, &o->arena, NULL));
    table_read(o);
    return o;
}

static void close_go(Opened *o)
{
    slots_close(&o->slots);
    arena_free(&o->arena);
    free((void *)(uintptr_t)o->file.p);
    free(o);
}

static void every_version(void **state)
{
    (void)state;
    static const uint32_t magics[] = {0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1};
    static const char *const sections[] = {".gopclntab", ".data.rel.ro.gopclntab", NULL};
    for (size_t m = 0; m < COUNT(magics) * COUNT(sections) * 2; m++) {
        Go go = {.magic = magics[m % 4], .relocated = m / 4 % 2};
        Buf table = {.n = 0};
        go_put_table(&go, &table);
        Opened *o = open_go(&go, &table, sections[m / 8]);
        if (o->n != GO_FUNCTIONS)
            fail_msg("magic %x, relocated %d: %zu functions", go.magic, go.relocated, o->n);
        for (size_t i = 0; i < GO_FUNCTIONS; i++) {
            assert_int_equal(o->functions[i].start, GO_TEXT + go_starts[i]);
            assert_int_equal(o->functions[i].end, GO_TEXT + go_starts[i + 1]);
            assert_true(str_eq(o->functions[i].name, str_of(go_names[i])));
        }
        close_go(o);
    }
}

/* Without a text start in the header, functions count from .text. */
static void text_start_of_the_section(void **state)
{
    (void)state;
    Go go = {.magic = 0xfffffff1};
    Buf table = {.n = 0};
    go_put_table(&go, &table);
    memset(table.p + 24, 0, 8);
    Opened *o = open_go(&go, &table, ".gopclntab");
    assert_int_equal(o->n, 0);
    o->image.nsections = 0;
    unsigned text = elf_section(&o->elf, ".text", SHT_PROGBITS, GO_TEXT, NULL, 0);
    o->elf.sh[text].sh_offset = o->elf.ph[0].p_offset;
    free((void *)(uintptr_t)o->file.p);
    o->file = elf_end(&o->elf);
    assert_true(image_open(&o->image, o->file, &o->arena, NULL));
    slots_close(&o->slots);
    table_read(o);
    assert_int_equal(o->n, GO_FUNCTIONS);
    close_go(o);
}

/* Every field of the table, damaged in turn: functions stay in the code (see table_read). */
static void damaged_tables(void **state)
{
    (void)state;
    static const uint32_t magics[] = {0xfffffffb, 0xfffffffa, 0xfffffff1};
    static const uint64_t values[] = {0,          1,         0x7f,       0xffff,   INT32_MAX,
                                      UINT32_MAX, INT64_MAX, UINT64_MAX, GO_TABLE, GO_TEXT + 0x70};
    for (size_t m = 0; m < COUNT(magics); m++) {
        Go go = {.magic = magics[m]};
        Buf whole = {.n = 0};
        go_put_table(&go, &whole);
        for (size_t k = 0; k < COUNT(values) * (whole.n / 4 - 1); k++) {
            Buf table = whole;
            size_t at = k / COUNT(values) * 4;
            memcpy(table.p + at, &values[k % COUNT(values)], 8);
            Opened *o = open_go(&go, &table, ".gopclntab");
            close_go(o);
        }
    }
}

/* Cut off anywhere, with a section and without: no function is made up. */
static void tables_cut_short(void **state)
{
    (void)state;
    Go go = {.magic = 0xfffffff1};
    Buf whole = {.n = 0};
    go_put_table(&go, &whole);
    for (size_t n = 1; n < 2 * whole.n; n++) {
        Buf table = whole;
        table.n = (n + 1) / 2;
        Opened *o = open_go(&go, &table, n % 2 ? ".gopclntab" : NULL);
        assert_true(o->n <= GO_FUNCTIONS);
        for (size_t i = 0; i < o->n; i++)
            assert_int_equal(o->functions[i].start, GO_TEXT + go_starts[i]);
        close_go(o);
    }
}

static void no_table(void **state)
{
    (void)state;
    Go go = {.magic = 0};
    Buf table = {.n = 0};
    buf_put(&table, "nothing of Go here", 18);
    for (int i = 0; i < 2; i++) {
        Opened *o = open_go(&go, &table, i ? ".gopclntab" : NULL);
        assert_int_equal(o->table.n, 0);
        close_go(o);
    }
}

/* A section that says that it is nowhere, or where the program has no bytes; a segment too short to be aligned in. */
static void table_out_of_place(void **state)
{
    (void)state;
    Go go = {.magic = 0xfffffff1};
    Buf table = {.n = 0};
    go_put_table(&go, &table);
    for (unsigned i = 0; i < 3; i++) {
        Opened *o = open_go(&go, &table, i < 2 ? ".gopclntab" : NULL);
        assert_int_equal(o->n, GO_FUNCTIONS);
        if (i < 2)
            o->elf.sh[1].sh_addr = i ? GO_TABLE + 0x10000 : 0;
        else
            elf_load(&o->elf, PF_R, RELA + 1, "abc", 3);
        free((void *)(uintptr_t)o->file.p);
        o->file = elf_end(&o->elf);
        assert_true(image_open(&o->image, o->file, &o->arena, NULL));
        slots_close(&o->slots);
        table_read(o);
        assert_int_equal(o->n, i < 2 ? 0 : GO_FUNCTIONS);
        close_go(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version),  cmocka_unit_test(text_start_of_the_section),
        cmocka_unit_test(damaged_tables), cmocka_unit_test(tables_cut_short),
        cmocka_unit_test(no_table),       cmocka_unit_test(table_out_of_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
