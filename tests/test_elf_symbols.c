/* tests/test_elf_symbols.c - symbol tables, relocation slots and PLT stubs of files made in memory. */
#include "elf/order.h"
#include "elf/plt.h"
#include "elf/symbols.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x1000, TABLES = 0x4000, DATA = 0x8000, RELR = 36, RELRSZ = 35 };

/* A dynamic program: code at CODE, tables and the dynamic section at TABLES, words at DATA. */
typedef struct Fixture {
    Elf elf;
    Buf code, tables, data, dynamic;
    Bytes file;
    Arena arena;
    Image image;
    Diag diag;
} Fixture;

static Fixture *fixture_new(void)
{
    Fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    elf_begin(&f->elf, ET_DYN);
    return f;
}

static void dynamic_entry(Fixture *f, uint64_t tag, uint64_t value)
{
    buf_u64(&f->dynamic, tag);
    buf_u64(&f->dynamic, value);
}

/* Puts a table; gives its address. */
static Addr table_put(Fixture *f, const Buf *table)
{
    buf_align(&f->tables, 8);
    Addr addr = TABLES + f->tables.n;
    buf_put(&f->tables, table->p, table->n);
    return addr;
}

static void fixture_open(Fixture *f)
{
    if (f->code.n == 0)
        buf_put(&f->code, "\xc3", 1);
    elf_load(&f->elf, PF_R | PF_X, CODE, f->code.p, f->code.n);
    if (f->dynamic.n) {
        dynamic_entry(f, DT_NULL, 0);
        Addr addr = table_put(f, &f->dynamic);
        elf_header(&f->elf, PT_DYNAMIC, PF_R, addr, 0, f->dynamic.n);
    }
    if (f->tables.n)
        elf_load(&f->elf, PF_R, TABLES, f->tables.p, f->tables.n);
    if (f->data.n)
        elf_load(&f->elf, PF_R | PF_W, DATA, f->data.p, f->data.n);
    f->file = elf_end(&f->elf);
    assert_true(image_open(&f->image, f->file, &f->arena, &f->diag));
}

static void fixture_free(Fixture *f)
{
    arena_free(&f->arena);
    free((void *)(uintptr_t)f->file.p);
    free(f);
}

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
                 {0x1037, NULL, "late"},   {0x1038, NULL, NULL}};
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
static void dynsym_put(Fixture *f)
{
    Buf strings = {.n = 0}, symbols = {.n = 0};
    buf_text(&strings, "");
    uint32_t puts_name = buf_text(&strings, "puts"), mine = buf_text(&strings, "mine");
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    buf_symbol(&symbols, puts_name, STB_GLOBAL, STT_FUNC, SHN_UNDEF, 0, 0);
    buf_symbol(&symbols, mine, STB_GLOBAL, STT_FUNC, 1, CODE + 8, 4);
    dynamic_entry(f, DT_STRTAB, table_put(f, &strings));
    dynamic_entry(f, DT_STRSZ, strings.n);
    dynamic_entry(f, DT_SYMTAB, table_put(f, &symbols));
}

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

/* The slots in the order of the tables, at most 128. */
static size_t slots_all(const Slots *s, Slot *out)
{
    size_t n = 0;
    for (SlotWalk w = {0}; slots_next(s, &w, &out[n]); n++)
        assert_true(n < 127);
    return n;
}

/* A program whose slots are filled by every kind of relocation, some of them senseless. */
static Fixture *rela_fixture(void)
{
    Fixture *f = fixture_new();
    Buf rela = {.n = 0}, jmprel = {.n = 0};
    dynsym_put(f);
    buf_rela(&rela, DATA + 24, 0, R_X86_64_RELATIVE, CODE + 4);
    buf_rela(&rela, DATA + 8, 1, R_X86_64_GLOB_DAT, 0);
    buf_rela(&rela, DATA + 16, 2, R_X86_64_64, 3);
    buf_rela(&rela, DATA + 32, 0, R_X86_64_IRELATIVE, CODE + 12);
    buf_rela(&rela, DATA + 40, 2, R_X86_64_DTPMOD64, 0);
    buf_rela(&rela, DATA + 48, 999999, R_X86_64_64, 0);
    buf_rela(&rela, DATA + 8, 0, R_X86_64_NONE, 0);
    buf_rela(&rela, DATA + 64, 0, R_X86_64_NONE, 0);
    buf_rela(&jmprel, DATA + 0, 2, R_X86_64_JUMP_SLOT, 77);
    buf_rela(&jmprel, DATA + 24, 0, R_X86_64_RELATIVE, CODE + 4); /* in both tables */
    Buf hash = {.n = 0};
    buf_put(&hash, "\1\0\0\0\3\0\0\0", 8);
    dynamic_entry(f, DT_HASH, table_put(f, &hash));
    dynamic_entry(f, DT_RELA, table_put(f, &rela));
    dynamic_entry(f, DT_RELASZ, rela.n + 5);
    dynamic_entry(f, DT_RELACOUNT, 1);
    dynamic_entry(f, DT_JMPREL, table_put(f, &jmprel));
    dynamic_entry(f, DT_PLTRELSZ, jmprel.n);
    dynamic_entry(f, DT_PLTREL, DT_RELA);
    fixture_open(f);
    return f;
}

static void slots_of_rela(void **state)
{
    (void)state;
    Fixture *f = rela_fixture();
    static const struct {
        Addr addr, target;
        const char *name;
        uint32_t type;
    } rows[] = {
        {DATA, CODE + 8, "mine", R_X86_64_JUMP_SLOT},
        {DATA + 8, 0, "puts", R_X86_64_GLOB_DAT},
        {DATA + 16, CODE + 11, "mine", R_X86_64_64},
        {DATA + 24, CODE + 4, NULL, R_X86_64_RELATIVE},
        {DATA + 32, CODE + 12, NULL, R_X86_64_IRELATIVE},
        {DATA + 40, 0, "mine", R_X86_64_DTPMOD64},
        {DATA + 48, 0, NULL, R_X86_64_64},
    };
    Slots s;
    Slot slot, all[128];
    assert_true(slots_open(&s, &f->image, &f->arena, &f->diag));
    assert_int_equal(slots_all(&s, all), COUNT(rows) + 1); /* one is in both tables */
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(slots_at(&s, rows[i].addr, &slot));
        assert_int_equal(slot.addr, rows[i].addr);
        assert_int_equal(slot.target, rows[i].target);
        assert_int_equal(slot.type, rows[i].type);
        assert_true(str_eq(slot.name, str_of(rows[i].name)));
    }
    assert_false(slots_at(&s, DATA + 4, &slot));
    assert_false(slots_at(&s, DATA + 64, &slot));
    assert_false(slots_at(&s, 0, &slot));
    slots_close(&s);
    Arena little = {.limit = 8};
    Symbols symbols;
    assert_false(symbols_open(&symbols, &f->image, &little, &f->diag));
    assert_int_equal(symbols.n, 0);
    assert_false(slots_open(&s, &f->image, &little, &f->diag));
    slots_close(&s);
    arena_free(&little);
    fixture_free(f);
}

/* Lookups by bisection agree with linear search, in whatever order the tables stand. */
static void slots_in_any_order(void **state)
{
    (void)state;
    static const unsigned sorted[] = {0, 1, 2, 3, 4, 5, 6, 7}, not_sorted[] = {3, 7, 0, 0, 6, 1, 2, 5};
    for (unsigned how = 0; how < 4; how++) {
        Fixture *f = fixture_new();
        Buf rela = {.n = 0};
        Slots s;
        Slot slot;
        for (unsigned half = 0; half < 2; half++)
            for (unsigned i = 0; i < 8; i++)
                buf_rela(&rela, DATA + 8 * (how >> half & 1 ? not_sorted : sorted)[i] + 64 * half, 0, R_X86_64_RELATIVE,
                         CODE + i + 8 * half);
        dynamic_entry(f, DT_RELA, table_put(f, &rela));
        dynamic_entry(f, DT_RELASZ, rela.n);
        dynamic_entry(f, DT_RELACOUNT, 8);
        fixture_open(f);
        assert_true(slots_open(&s, &f->image, &f->arena, &f->diag));
        for (unsigned i = 0; i < 16; i++) {
            const unsigned *order = how >> (i / 8) & 1 ? not_sorted : sorted;
            unsigned at = 0;
            while (at < 8 && order[at] != i % 8)
                at++;
            assert_int_equal(slots_at(&s, DATA + 8 * i, &slot), at < 8);
            assert_true(at == 8 || slot.target == CODE + at + i / 8 * 8);
        }
        slots_close(&s);
        fixture_free(f);
    }
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

static size_t relr_slots(const uint64_t *words, size_t n, Slot *all, Fixture **fixture)
{
    Slots s;
    Slot one;
    Fixture *f = *fixture = fixture_new();
    Buf relr = {.n = 0};
    for (size_t i = 0; i < 100; i++)
        buf_u64(&f->data, CODE + i);
    for (size_t i = 0; i < n; i++)
        buf_u64(&relr, words[i]);
    dynamic_entry(f, RELR, table_put(f, &relr));
    dynamic_entry(f, RELRSZ, relr.n);
    fixture_open(f);
    assert_true(slots_open(&s, &f->image, &f->arena, &f->diag));
    size_t count = slots_all(&s, all), found = 0;
    for (size_t i = 0; i < count; i++)
        assert_true(slots_at(&s, all[i].addr, &one) && one.target == all[i].target);
    for (Addr addr = DATA - 8; addr < DATA + 808; addr += 4)
        found += slots_at(&s, addr, &one);
    assert_int_equal(found, count);
    slots_close(&s);
    return count;
}

static void slots_of_relr(void **state)
{
    (void)state;
    static const struct {
        uint64_t words[6];
        size_t n, slots;
    } rows[] = {
        {{DATA}, 1, 1},
        {{DATA, 0x7}, 2, 3},                      /* words 0, 1, 2 */
        {{DATA, UINT64_MAX}, 2, 64},              /* words 0 to 63 */
        {{DATA, UINT64_MAX, UINT64_MAX}, 3, 100}, /* the segment has 100 */
        {{DATA, 0x3, DATA}, 3, 2},                /* going back ends it */
        {{DATA, DATA, DATA}, 3, 1},
        {{DATA, DATA + 8, 0x5}, 3, 3},
        {{UINT64_MAX - 1, UINT64_MAX, UINT64_MAX}, 3, 0},
        {{UINT64_MAX, UINT64_MAX}, 2, 0},
        {{0x100, 0x3, DATA}, 3, 1}, /* what is in no segment is left out */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Slot all[128];
        Fixture *f;
        size_t n = relr_slots(rows[i].words, rows[i].n, all, &f);
        if (n != rows[i].slots)
            fail_msg("row %zu: %zu slots", i, n);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(all[k].target, CODE + (all[k].addr - DATA) / 8);
        fixture_free(f);
    }
}

/* 8 KB that could say half a million slots say no more than there are words in the file. */
static void relr_is_no_bomb(void **state)
{
    (void)state;
    static uint64_t words[900];
    for (size_t i = 0; i < COUNT(words); i++)
        words[i] = i % 2 ? UINT64_MAX : DATA;
    Slot all[128];
    Fixture *f;
    assert_int_equal(relr_slots(words, COUNT(words), all, &f), 64);
    fixture_free(f);
}

typedef struct StubRow {
    const char *bytes;
    size_t n;
    size_t word_at; /* offset behind the displacement */
    unsigned slot;  /* word of DATA that it names */
    const char *name;
    Addr target;
    bool found;
} StubRow;

static void plt_stubs(void **state)
{
    (void)state;
    static const StubRow rows[] = {
        {"\xff\x25....\x68\0\0\0\0\xe9....", 16, 6, 0, "puts", 0, true},
        {"\xff\x25....\x66\x90", 8, 6, 0, "puts", 0, true},
        {"\xf3\x0f\x1e\xfa\xff\x25....", 10, 10, 0, "puts", 0, true},
        {"\xf3\x0f\x1e\xfa\xf2\xff\x25....", 11, 11, 1, "mine", CODE + 8, true},
        {"\x3e\xff\x25....", 7, 7, 0, "puts", 0, true},
        {"\xff\x25....", 6, 6, 2, NULL, 0, false},  /* IRELATIVE: not known until run time */
        {"\xff\x25....", 6, 6, 3, NULL, 0, false},  /* a function pointer that may be written */
        {"\xff\x25....", 6, 6, 4, "puts", 0, true}, /* the same in RELRO */
        {"\xff\x25....", 6, 6, 9, NULL, 0, false},  /* no slot */
        {"\xff\x15....", 6, 6, 0, NULL, 0, false},  /* a call */
        {"\xf3\x0f\x1e\xfa\x68\0\0\0\0\xf2", 10, 9, 0, NULL, 0, false},
        {"\xff\x25\0\0", 4, 4, 0, NULL, 0, false},
        {"\xff", 1, 1, 0, NULL, 0, false},
        {"\xf3\x0f\x1e\xfa", 4, 4, 0, NULL, 0, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        Buf rela = {.n = 0};
        dynsym_put(f);
        buf_rela(&rela, DATA, 1, R_X86_64_JUMP_SLOT, 0);
        buf_rela(&rela, DATA + 8, 2, R_X86_64_GLOB_DAT, 0);
        buf_rela(&rela, DATA + 16, 0, R_X86_64_IRELATIVE, CODE);
        buf_rela(&rela, DATA + 24, 1, R_X86_64_64, 0);
        buf_rela(&rela, DATA + 32, 1, R_X86_64_64, 0);
        dynamic_entry(f, DT_RELA, table_put(f, &rela));
        dynamic_entry(f, DT_RELASZ, rela.n);
        for (size_t k = 0; k < 10; k++)
            buf_u64(&f->data, 0);
        elf_header(&f->elf, PT_GNU_RELRO, PF_R, DATA + 32, 0, 8);
        buf_put(&f->code, rows[i].bytes, rows[i].n);
        int32_t disp = (int32_t)(DATA + rows[i].slot * 8 - (CODE + rows[i].word_at));
        if (rows[i].word_at >= 6)
            memcpy(f->code.p + rows[i].word_at - 4, &disp, sizeof disp);
        fixture_open(f);
        Slots s;
        Str name;
        Addr target;
        assert_true(slots_open(&s, &f->image, &f->arena, &f->diag));
        bool found = plt_target(&f->image, &s, CODE, &name, &target);
        if (found != rows[i].found || !str_eq(name, str_of(rows[i].name)) || target != rows[i].target)
            fail_msg("row %zu: found %d, \"%.*s\"", i, found, (int)name.n, name.p);
        assert_false(plt_target(&f->image, &s, DATA, &name, &target));
        assert_false(plt_target(&f->image, &s, 0, &name, &target));
        slots_close(&s);
        fixture_free(f);
    }
}

/* A static program has no dynamic section; .rela.plt holds its ifuncs' relocations. */
static void slots_of_a_static_program(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    Buf rela = {.n = 0};
    buf_rela(&rela, DATA, 0, R_X86_64_IRELATIVE, CODE);
    elf_section(&f->elf, ".rela.plt", SHT_RELA, 0x500000, rela.p, rela.n);
    fixture_open(f);
    Slots s;
    Slot slot;
    assert_true(slots_open(&s, &f->image, &f->arena, &f->diag));
    assert_true(slots_at(&s, DATA, &slot));
    assert_int_equal(slot.target, CODE);
    slots_close(&s);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symtab_is_sorted_and_filtered),
        cmocka_unit_test(names_outside_the_strings_are_left_out),
        cmocka_unit_test(dynsym_is_counted_by_its_hash),
        cmocka_unit_test(dynsym_is_counted_by_its_section_last),
        cmocka_unit_test(million_symbols_at_one_address),
        cmocka_unit_test(slots_of_rela),
        cmocka_unit_test(slots_in_any_order),
        cmocka_unit_test(order_is_sorted_and_stable),
        cmocka_unit_test(slots_of_relr),
        cmocka_unit_test(relr_is_no_bomb),
        cmocka_unit_test(plt_stubs),
        cmocka_unit_test(slots_of_a_static_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
