/* tests/test_choose.c - which functions a name or an address means: of C and C++ by their symbols, of Go by its table too; and
 * strings that an adversary laid out. */
#include "analysis/program.h"
#include "elf/cursor.h"
#include "tests/fault.h"
#include "tests/go_builder.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x401000, DATA = 0x480000, STEP = 16, ROWS_MAX = 512 };

/* A function: `mov $7,%eax; ret`, then int3 up to the next. */
static const uint8_t function_code[STEP] = {0xb8, 7,    0,    0,    0,    0xc3, 0xcc, 0xcc,
                                            0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc};

typedef struct Opened {
    Elf elf;
    Bytes file;
    Program program;
} Opened;

static void symbols_put(Elf *e, const Buf *symbols, const Buf *strings)
{
    unsigned table = elf_section(e, ".symtab", SHT_SYMTAB, 0, symbols->p, symbols->n);
    e->sh[table].sh_entsize = sizeof(Elf64_Sym);
    e->sh[table].sh_link = elf_section(e, ".strtab", SHT_STRTAB, 0, strings->p, strings->n);
}

static void go_put_section(Go *go, Elf *e, Buf *table)
{
    go_put_table(go, table);
    uint64_t off = elf_load(e, PF_R, GO_TABLE, table->p, table->n)->p_offset;
    unsigned i = elf_section(e, ".gopclntab", SHT_PROGBITS, GO_TABLE, NULL, 0);
    e->sh[i].sh_offset = off;
    e->sh[i].sh_size = table->n;
}

static Opened *open_begin(size_t functions)
{
    Opened *o = calloc(1, sizeof *o);
    Buf code = {.n = 0};
    assert_non_null(o);
    for (size_t i = 0; i < functions; i++)
        buf_put(&code, function_code, sizeof function_code);
    elf_begin(&o->elf, ET_EXEC);
    elf_load(&o->elf, PF_R | PF_X, CODE, code.p, code.n);
    elf_load(&o->elf, PF_R | PF_W, DATA, code.p, STEP);
    return o;
}

static void open_end(Opened *o)
{
    o->file = elf_end(&o->elf);
    assert_true(program_open(&o->program, o->file, &(Diag){0}));
    assert_true(o->program.functions.n <= ROWS_MAX);
}

static void close_all(Opened *o)
{
    program_close(&o->program);
    free((void *)(uintptr_t)o->file.p);
    free(o);
}

/* Checks that `wanted` means just the functions at CODE + STEP * i for each digit i of `which`. */
static void means(const Program *p, const char *wanted, const char *which)
{
    uint8_t chosen[ROWS_MAX] = {0};
    char got[ROWS_MAX + 1] = "";
    size_t n = 0;
    assert_true(program_choose(p, str_of(wanted), chosen));
    for (size_t i = 0; i < p->functions.n; i++)
        if (chosen[i])
            got[n++] = (char)('0' + (p->functions.rows[i].start - CODE) / STEP);
    if (strcmp(got, which) != 0)
        fail_msg("\"%s\" means \"%s\", not \"%s\"", wanted, got, which);
}

/* ---- symbols ---- */

/* Function i of the code; NULL ends the list. */
static const char *const symbol_names[] = {
    "plain", "_ZN3foo3barEi", "_ZN1AplERKS_", "_ZN3foo3barEd", "plain.cold", "other", "", "raw::name", NULL};

static Opened *open_symbols(void)
{
    Opened *o = open_begin(8);
    Buf symbols = {.n = 0}, strings = {.n = 0};
    buf_text(&strings, "");
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    for (size_t i = 0; symbol_names[i]; i++)
        buf_symbol(&symbols, buf_text(&strings, symbol_names[i]), STB_GLOBAL, STT_FUNC, 1, CODE + STEP * i, 6);
    buf_symbol(&symbols, 0x7fffffff, STB_GLOBAL, STT_FUNC, 1, CODE + STEP * 6, 6); /* its name is nowhere */
    buf_symbol(&symbols, buf_text(&strings, "in_data"), STB_GLOBAL, STT_FUNC, 1, DATA, 6);
    buf_symbol(&symbols, buf_text(&strings, "in_the_middle"), STB_GLOBAL, STT_FUNC, 1, CODE + 5, 1);
    buf_symbol(&symbols, buf_text(&strings, "plain_object"), STB_GLOBAL, STT_OBJECT, 1, CODE, 6);
    symbols_put(&o->elf, &symbols, &strings);
    open_end(o);
    return o;
}

static void names_of_symbols(void **state)
{
    static const char *const cases[][2] = {
        {"plain", "0"},
        {"foo::bar(int)", "1"},
        {"foo::bar", "13"},
        {"bar", "13"},
        {"_ZN3foo3barEi", "1"},
        {"A::operator+", "2"},
        {"A::operator+(A const&)", "2"},
        {"pl?in", "0"},
        {"p*", "0"},
        {"foo*", "13"},
        {"b[a]r", "13"},
        {"*::bar(*", ""}, /* a name to the letter: it has a bracket */
        {"nothing", ""},
        {"plain.cold", ""}, /* a part of another function */
        {"in_data", ""},
        {"in_the_middle", ""},
        {"plain_object", ""},
        {"other", "5"},
        {"ther", ""},
        {"name", "7"}, /* the linker's name is not mangled */
        {"raw::name", "7"},
        {"foo::", ""}, /* nothing behind the colons */
        {"*lain", "0"},
    };
    (void)state;
    Opened *o = open_symbols();
    for (size_t i = 0; i < COUNT(cases); i++)
        means(&o->program, cases[i][0], cases[i][1]);
    close_all(o);
}

static void addresses(void **state)
{
    static const char *const cases[][2] = {
        {"0x401000", "0"},
        {"0X401010", "1"},
        {"0x401003", ""},
        {"0x481000", ""},
        {"0x", ""},
        {"1x401000", ""},
        {"0y401000", ""},
        {"0x40100g", ""},
        {"0x40100:", ""},
        {"0x40100/", ""},
        {"0x00000000000401000", ""}, /* 17 digits */
        {"0x000000000401000", "0"},
    };
    (void)state;
    Opened *o = open_symbols();
    for (size_t i = 0; i < COUNT(cases); i++)
        means(&o->program, cases[i][0], cases[i][1]);
    close_all(o);
}

/* The first string has no NUL before it, the last none behind it. */
static void strings_without_ends(void **state)
{
    static const char text[] = "first\0second";
    (void)state;
    Opened *o = open_begin(2);
    Buf symbols = {.n = 0}, strings = {.n = 0};
    buf_put(&strings, text, sizeof text - 1);
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    buf_symbol(&symbols, 0, STB_GLOBAL, STT_FUNC, 1, CODE, 6);
    buf_symbol(&symbols, 6, STB_GLOBAL, STT_FUNC, 1, CODE + STEP, 6);
    symbols_put(&o->elf, &symbols, &strings);
    open_end(o);
    means(&o->program, "first", "0");
    means(&o->program, "second", ""); /* no string: it does not end */
    means(&o->program, "econ", "");
    close_all(o);
}

/* Many symbols of one long name: so much of it all is read, and then no more. */
static void one_long_name(void **state)
{
    enum { MANY = 300, LONG = 5000 };
    char name[LONG + 1];
    (void)state;
    memset(name, 'a', LONG);
    name[LONG] = '\0';
    Opened *o = open_begin(MANY);
    Buf symbols = {.n = 0}, strings = {.n = 0};
    buf_text(&strings, "");
    buf_text(&strings, name);
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    for (size_t i = 0; i < MANY; i++)
        buf_symbol(&symbols, 1, STB_GLOBAL, STT_FUNC, 1, CODE + STEP * i, 6);
    symbols_put(&o->elf, &symbols, &strings);
    open_end(o);
    uint8_t chosen[ROWS_MAX] = {0};
    assert_true(program_choose(&o->program, str_of(name), chosen));
    assert_int_equal(chosen[0], 1);
    assert_int_equal(chosen[o->program.functions.n - 1], 0);
    close_all(o);
}

/* A name of more bytes than names have is none: no pattern is that of its function, in C or in Go. */
static void names_too_long(void **state)
{
    enum { LONG = NAME_BYTES_MAX + 2, SHORT = 8, OTHER = 9 };
    (void)state;
    for (unsigned is_go = 0; is_go < 2; is_go++) {
        Opened *o = open_begin(12);
        Buf table = {.n = 0}, symbols = {.n = 0}, strings = {.n = 0};
        if (is_go)
            go_put_section(&(Go){.magic = 0xfffffff1}, &o->elf, &table);
        buf_text(&strings, "");
        buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
        buf_symbol(&symbols, buf_text(&strings, "short"), STB_GLOBAL, STT_FUNC, 1, CODE + STEP * SHORT, 6);
        buf_symbol(&symbols, (uint32_t)strings.n, STB_GLOBAL, STT_FUNC, 1, CODE + STEP * OTHER, 6);
        symbols_put(&o->elf, &symbols, &strings);
        Elf64_Shdr *last = &o->elf.sh[o->elf.eh.e_shnum - 1];
        last->sh_offset = ELF_ROOM;
        last->sh_size = strings.n + LONG;
        Bytes head = elf_end(&o->elf);
        uint8_t *file = calloc(1, ELF_ROOM + strings.n + LONG);
        assert_non_null(file);
        memcpy(file, head.p, head.n);
        memcpy(file + ELF_ROOM, strings.p, strings.n);
        memset(file + ELF_ROOM + strings.n, 'a', LONG - 1);
        free((void *)(uintptr_t)head.p);
        o->file = (Bytes){file, ELF_ROOM + strings.n + LONG};
        assert_true(program_open(&o->program, o->file, &(Diag){0}));
        assert_int_equal(o->program.is_go, is_go);
        means(&o->program, "short", "8");
        means(&o->program, "*", is_go ? "0268" : "8");
        close_all(o);
    }
}

/* ---- Go ---- */

static void names_of_go(void **state)
{
    static const char *const cases[][2] = {
        {"runtime.main", "0"},
        {"main.main", "6"},
        {"main", "06"},
        {"example.org/pkg.(*T[go.shape.int/x.y]).Do", "2"},
        {"pkg.(*T[go.shape.int/x.y]).Do", "2"},
        {"Do", "2"},
        {"*main", "06"},
        {"run*", "0"},
        {"main.", ""},
        {"a_name_that_is_longer_than_runtime_main", ""},
        {"", ""},
        {"helper", "8"},
        {"tools/x.helper", "8"},
        {"x.helper", "8"},
        {"x.help*", "8"},
    };
    (void)state;
    Opened *o = open_begin(12);
    Buf table = {.n = 0}, symbols = {.n = 0}, strings = {.n = 0};
    go_put_section(&(Go){.magic = 0xfffffff1}, &o->elf, &table);
    buf_text(&strings, "");
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    buf_symbol(&symbols, buf_text(&strings, "tools/x.helper"), STB_GLOBAL, STT_FUNC, 1, CODE + STEP * 8, 6);
    symbols_put(&o->elf, &symbols, &strings);
    open_end(o);
    assert_true(o->program.is_go);
    for (size_t k = 0; k < COUNT(cases); k++)
        means(&o->program, cases[k][0], cases[k][1]);
    close_all(o);
}

/* ---- what has to be asked for ---- */

static size_t asked(Program *p, const char *name, bool fails)
{
    Str wanted = str_of(name);
    fault_set(fails ? 1 : 0, true);
    assert_int_equal(program_ask(p, &wanted, 1), !fails);
    fault_set(0, false);
    return p->functions.n;
}

/* A function that only the padding before it shows is added when it is asked for by its address. */
static void asked_by_address(void **state)
{
    (void)state;
    Opened *o = open_begin(4);
    Buf symbols = {.n = 0}, strings = {.n = 0};
    Function f;
    buf_text(&strings, "");
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    buf_symbol(&symbols, buf_text(&strings, "one"), STB_GLOBAL, STT_FUNC, 1, CODE, 3 * STEP);
    symbols_put(&o->elf, &symbols, &strings);
    open_end(o);
    Program *p = &o->program;
    assert_int_equal(p->functions.n, 1);
    assert_false(program_function_at(p, CODE + 3 * STEP, &f));
    assert_int_equal(asked(p, "0x401030", false), 1); /* not in a program whose functions are known */
    p->padded = true;
    assert_true(program_function_at(p, CODE, &f));
    assert_false(program_function_at(p, CODE + 1, &f));
    assert_false(program_function_at(p, DATA, &f));
    assert_true(program_function_at(p, CODE + 3 * STEP, &f));
    assert_int_equal(f.found_by, FOUND_PADDING);
    assert_true(f.unsure);
    assert_int_equal(asked(p, "one", false), 1);
    assert_int_equal(asked(p, "0x401000", false), 1);
    assert_int_equal(asked(p, "0x480000", false), 1);
    assert_int_equal(asked(p, "0x401030", true), 1);
    assert_int_equal(asked(p, "0x401030", false), 2);
    means(p, "0x401030", "3");
    close_all(o);
}

static void no_memory(void **state)
{
    (void)state;
    uint8_t chosen[ROWS_MAX] = {0};
    Opened *o = open_symbols();
    fault_set(1, true);
    assert_false(program_choose(&o->program, str_of("plain"), chosen));
    fault_set(0, false);
    close_all(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_symbols), cmocka_unit_test(addresses),      cmocka_unit_test(strings_without_ends),
        cmocka_unit_test(one_long_name),    cmocka_unit_test(names_of_go),    cmocka_unit_test(asked_by_address),
        cmocka_unit_test(no_memory),        cmocka_unit_test(names_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
