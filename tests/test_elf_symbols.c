/* tests/test_elf_symbols.c - symbol tables of files made in memory, and how they are put in order. */
#include "elf/order.h"
#include "elf/symbols.h"
#include "tests/elf_fixture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Adds a .symtab with its strings. */
static void symtab_put(Fixture *f, const Buf *symbols, const Buf *strings)
{
    unsigned i = elf_section(&f->elf, ".symtab", SHT_SYMTAB, 0, symbols->p, symbols->n);
    f->elf.sh[i].sh_link = elf_section(&f->elf, ".strtab", SHT_STRTAB, 0, strings->p, strings->n);
}

static Str name_at(const Symbols *s, size_t i)
{
    Symbol symbol = symbols_get(s, i);
    return symbol_name(s, &symbol);
}

static void symtab_is_sorted_and_filtered(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned bind, type, shndx;
        Addr addr;
        uint64_t size;
    } in[] = {
        {"late", STB_GLOBAL, STT_FUNC, 1, 0x1030, 8},
        {"undefined", STB_GLOBAL, STT_FUNC, SHN_UNDEF, 0x1000, 0},
        {"local", STB_LOCAL, STT_FUNC, 1, 0x1000, 16},
        {"weak", STB_WEAK, STT_FUNC, 1, 0x1000, 16},
        {"object", STB_GLOBAL, STT_OBJECT, 1, 0x1000, 4},
        {"label", STB_GLOBAL, STT_NOTYPE, 1, 0x1000, 0},
        {"file.c", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0},
        {"tls", STB_GLOBAL, STT_TLS, 1, 0x10, 8},
        {"global@@V_1", STB_GLOBAL, STT_FUNC, 1, 0x1000, 16},
        {"absolute", STB_GLOBAL, STT_NOTYPE, SHN_ABS, 0x1000, 0},
        {"common", STB_GLOBAL, STT_OBJECT, SHN_COMMON, 0x1000, 4},
        {"", STB_LOCAL, STT_FUNC, 1, 0x1008, 0},
        {"ifunc", STB_GLOBAL, STT_GNU_IFUNC, 1, 0x1010, 4},
        {"section", STB_LOCAL, STT_SECTION, 1, 0x1000, 0},
    };
    static const char *const sorted[] = {"global", "weak", "local", "label", "object", "ifunc", "late"};
    Fixture *f = fixture_new();
    Buf symbols = {.n = 0}, strings = {.n = 0};
    buf_text(&strings, "");
    for (size_t i = 0; i < COUNT(in); i++)
        buf_symbol(&symbols, in[i].name[0] ? buf_text(&strings, in[i].name) : 0, in[i].bind, in[i].type, in[i].shndx,
                   in[i].addr, in[i].size);
    symtab_put(f, &symbols, &strings);
    fixture_open(f);
    Symbols s;
    assert_true(symbols_open(&s, &f->image, &f->arena, &f->diag));
    assert_int_equal(s.n, COUNT(sorted));
    for (size_t i = 0; i < s.n; i++)
        assert_true(str_eq(name_at(&s, i), str_of(sorted[i])));
    static const struct {
        Addr addr;
        const char *at, *covering;
    } asked[] = {{0xfff, NULL, NULL},      {0x1000, "global", "global"}, {0x1001, NULL, "global"},
                 {0x100f, NULL, "global"}, {0x1013, NULL, "ifunc"},      {0x1014, NULL, NULL},
                 {0x1037, NULL, "late"},   {0x1038, NULL, NULL},         {UINT64_MAX, NULL, NULL}};
    for (size_t i = 0; i < COUNT(asked); i++) {
        Symbol found;
        assert_int_equal(symbols_at(&s, asked[i].addr, &found), asked[i].at != NULL);
        assert_true(!asked[i].at || str_eq(symbol_name(&s, &found), str_of(asked[i].at)));
        assert_int_equal(symbols_covering(&s, asked[i].addr, &found), asked[i].covering != NULL);
        assert_true(!asked[i].covering || str_eq(symbol_name(&s, &found), str_of(asked[i].covering)));
    }
    fixture_free(f);
}

static void names_outside_the_strings_are_left_out(void **state)
{
    (void)state;
    static const uint32_t names[] = {4, 5, 100, UINT32_MAX, 0};
    Fixture *f = fixture_new();
    Buf symbols = {.n = 0}, strings = {.n = 0};
    buf_put(&strings, "\0ok\0bad", 7);
    buf_symbol(&symbols, 1, STB_GLOBAL, STT_FUNC, 1, 0x1000, 1);
    for (size_t i = 0; i < COUNT(names); i++)
        buf_symbol(&symbols, names[i], STB_GLOBAL, STT_FUNC, 1, 0x1000, 1);
    buf_put(&symbols, "part of one", 11);
    symtab_put(f, &symbols, &strings);
    fixture_open(f);
    Symbols s;
    assert_true(symbols_open(&s, &f->image, &f->arena, &f->diag));
    assert_int_equal(s.n, 1);
    assert_true(str_eq(name_at(&s, 0), str_of("ok")));
    fixture_free(f);
}

/* Three dynamic symbols: null, an undefined "puts", a defined "mine". */
typedef struct HashRow {
    uint64_t tag;
    uint32_t words[10];
    size_t n;
    size_t symbols; /* kept: 1 when the count is right */
} HashRow;

static void dynsym_is_counted_by_its_hash(void **state)
{
    (void)state;
    static const HashRow rows[] = {
        {DT_HASH, {1, 3, 2, 0, 0, 1}, 6, 1},
        {DT_HASH, {1, UINT32_MAX}, 2, 1}, /* cut to what the segment holds */
        {DT_HASH, {1}, 1, 0},
        /* nbuckets, symoffset, bloom words, shift, bloom (2 words each), buckets, chain */
        {DT_GNU_HASH, {1, 2, 1, 6, 0, 0, 2, 1}, 8, 1},
        {DT_GNU_HASH, {1, 2, 0, 6, 2, 0xfffffffe, 1}, 7, 1}, /* a chain of two: ends one beyond */
        {DT_GNU_HASH, {1, 3, 0, 6, 0}, 5, 1},                /* empty buckets: as many as are not hashed */
        {DT_GNU_HASH, {1, 2, 0, 6, UINT32_MAX, 0}, 6, 0},    /* a chain outside the file */
        {DT_GNU_HASH, {UINT32_MAX, 2, 0, 6, 0}, 5, 0},
        {DT_GNU_HASH, {1, 2, UINT32_MAX, 6, 0}, 5, 0},
        {DT_GNU_HASH, {1, 2, 0, 6, 2}, 5, 0}, /* a chain without end */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        dynsym_put(f);
        Addr addr = 0xa000;
        elf_load(&f->elf, PF_R, addr, rows[i].words, rows[i].n * 4);
        dynamic_entry(f, rows[i].tag, addr);
        fixture_open(f);
        Symbols s;
        assert_true(symbols_open(&s, &f->image, &f->arena, &f->diag));
        size_t mine = 0;
        for (size_t k = 0; k < s.n; k++)
            mine += str_eq(name_at(&s, k), str_of("mine")) && symbols_get(&s, k).addr == CODE + 8;
        if (mine != rows[i].symbols)
            fail_msg("row %zu: %zu symbols", i, mine);
        fixture_free(f);
    }
}

static void dynsym_is_counted_by_its_section_last(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    dynsym_put(f);
    Addr symtab = TABLES + 16;
    unsigned i = elf_section(&f->elf, ".dynsym", SHT_DYNSYM, symtab, NULL, 0);
    f->elf.sh[i].sh_size = 3 * sizeof(Elf64_Sym);
    fixture_open(f);
    Symbols s;
    assert_true(symbols_open(&s, &f->image, &f->arena, &f->diag));
    assert_int_equal(s.n, 1);
    assert_int_equal(symbols_get(&s, 0).source, SYMBOL_DYNSYM);
    fixture_free(f);
}

static void million_symbols_at_one_address(void **state)
{
    (void)state;
    enum { N = 1000000 };
    Elf64_Sym *entries = calloc(N, sizeof *entries);
    uint32_t *order = calloc(N, sizeof *order);
    Addr *addrs = calloc(N, sizeof *addrs);
    assert_true(entries && order && addrs);
    for (uint32_t i = 0; i < N; i++) {
        entries[i] = (Elf64_Sym){.st_value = 0x1000, .st_size = i == 0 ? 4 : 0, .st_info = STT_FUNC};
        order[i] = i;
        addrs[i] = 0x1000;
    }
    Symbols s = {.entries[0] = {(const uint8_t *)entries, N * sizeof *entries}, .order = order, .addrs = addrs, .n = N};
    Symbol found;
    for (size_t i = 0; i < N; i++) { /* quadratic work would take hours */
        assert_true(symbols_at(&s, 0x1000, &found) && found.size == 4);
        assert_true(symbols_covering(&s, 0x1003, &found) && found.size == 4);
        assert_false(symbols_covering(&s, 0x1004, &found));
    }
    free(order);
    free(addrs);
    free(entries);
}

static uint64_t key_of(const void *keys, uint32_t i) { return ((const uint64_t *)keys)[i]; }

/* Sorted by keys of all sizes; the same keys stay in their order. */
static void order_is_sorted_and_stable(void **state)
{
    (void)state;
    enum { N = 3000 };
    static uint64_t keys[N], sorted[N];
    static uint32_t items[N];
    for (unsigned bits = 0; bits <= 64; bits++) {
        uint64_t x = 88172645463325252u + bits;
        for (uint32_t i = 0; i < N; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            keys[i] = bits ? x >> (64 - bits) : 0;
            items[i] = i;
        }
        assert_true(order_sort(items, N, key_of, keys, sorted));
        for (uint32_t i = 1; i < N; i++)
            assert_true(sorted[i] == keys[items[i]] &&
                        (keys[items[i - 1]] < keys[items[i]] ||
                         (keys[items[i - 1]] == keys[items[i]] && items[i - 1] < items[i])));
    }
    assert_true(order_sort(items, 0, key_of, keys, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symtab_is_sorted_and_filtered),  cmocka_unit_test(names_outside_the_strings_are_left_out),
        cmocka_unit_test(dynsym_is_counted_by_its_hash),  cmocka_unit_test(dynsym_is_counted_by_its_section_last),
        cmocka_unit_test(million_symbols_at_one_address), cmocka_unit_test(order_is_sorted_and_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
