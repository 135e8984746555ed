/* tests/test_elf_slots.c - relocation slots, the dynamic section and PLT stubs of files made in memory. */
#include "elf/dynamic.h"
#include "elf/plt.h"
#include "elf/symbols.h"
#include "tests/elf_fixture.h"
#include "tests/fault.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

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
            bool twice = order == not_sorted && i % 8 == 0; /* and not the same: nobody knows which counts */
            assert_true(at == 8 || slot.target == (twice ? 0 : CODE + at + i / 8 * 8));
        }
        slots_close(&s);
        fixture_free(f);
    }
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
        {{(UINT64_MAX - 504) & ~(uint64_t)1, 0x3}, 2, 0}, /* nothing goes upward from the end of memory */
        {{0x100, 0x3, DATA}, 3, 1},                       /* what is in no segment is left out */
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
        {"\xff\x25....", 6, 6, 2, NULL, 0, false},               /* IRELATIVE: not known until run time */
        {"\xff\x25....", 6, 6, 3, NULL, 0, false},               /* a function pointer that may be written */
        {"\xff\x25....", 6, 6, 4, "puts", 0, true},              /* the same in RELRO */
        {"\xff\x25....", 6, 6, 9, NULL, 0, false},               /* no slot */
        {"\x4c\x8b\x1d....\xe8....", 12, 7, 0, "puts", 0, true}, /* lld's retpolines */
        {"\x4c\x8b\x1d....\xe9....", 12, 7, 0, "puts", 0, true},
        {"\x4c\x8b\x1d....\x90", 8, 7, 0, NULL, 0, false},
        {"\x4c\x8b\x1d....", 7, 7, 0, NULL, 0, false},
        {"\xff\x15....", 6, 6, 0, NULL, 0, false}, /* a call */
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

/* More words than a mark counts: each is found, by whatever mark. */
static void slots_of_a_long_relr(void **state)
{
    (void)state;
    uint64_t words[100];
    Slot all[128];
    Fixture *f;
    for (size_t i = 0; i < COUNT(words); i++)
        words[i] = DATA + i * 8;
    assert_int_equal(relr_slots(words, COUNT(words), all, &f), COUNT(words));
    fixture_free(f);
}

/* A table out of order, for whose index there is no memory: searched from end to end, and nothing is missed. */
/* Two entries for a word that say the same are believed; more than a few are not read, and two that differ say nothing. */
static void slots_said_again(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    Buf rela = {.n = 0};
    Slots s;
    Slot slot;
    dynsym_put(f);
    for (unsigned i = 0; i < 9; i++) /* words 1: twice, 2: six times, 3: once */
        buf_rela(&rela, DATA + (i < 2 ? 8 : i < 8 ? 16 : 24), 0, R_X86_64_RELATIVE, CODE + 4);
    for (unsigned i = 0; i < 2; i++)
        buf_rela(&rela, DATA + 32, 0, R_X86_64_RELATIVE, CODE + i);
    dynamic_entry(f, DT_RELA, table_put(f, &rela));
    dynamic_entry(f, DT_RELASZ, rela.n);
    fixture_open(f);
    assert_true(slots_open(&s, &f->image, &f->arena, &f->diag));
    static const Addr targets[] = {CODE + 4, 0, CODE + 4, 0};
    for (unsigned i = 0; i < COUNT(targets); i++) {
        assert_true(slots_at(&s, DATA + 8 + i * 8, &slot));
        assert_int_equal(slot.target, targets[i]);
    }
    slots_close(&s);
    fixture_free(f);
}

static void slots_without_memory(void **state)
{
    (void)state;
    for (uint64_t at = 0; at < 4; at++) {
        Fixture *f = fixture_new();
        Buf rela = {.n = 0};
        Slots s;
        Slot slot;
        dynsym_put(f);
        for (unsigned i = 40; i > 0; i--)
            buf_rela(&rela, DATA + i * 8, 0, i % 2 ? R_X86_64_RELATIVE : R_X86_64_NONE, CODE + i);
        dynamic_entry(f, DT_RELA, table_put(f, &rela));
        dynamic_entry(f, DT_RELASZ, rela.n);
        fixture_open(f);
        assert_true(slots_open(&s, &f->image, &f->arena, &f->diag));
        fault_set(at, true);
        for (unsigned i = 0; i < 42; i++) {
            assert_int_equal(slots_at(&s, DATA + i * 8, &slot), i % 2 && i <= 40);
            assert_true(i % 2 == 0 || i > 40 || slot.target == CODE + i);
        }
        fault_set(0, false);
        slots_close(&s);
        fixture_free(f);
    }
}

/* What a relocation by symbol stores is known where the symbol is defined here, and is an address. */
static void slots_by_symbol(void **state)
{
    (void)state;
    static const struct {
        unsigned kind, shndx, type;
        Addr target;
    } rows[] = {
        {STT_FUNC, 1, R_X86_64_64, CODE + 5},      {STT_FUNC, 1, R_X86_64_GLOB_DAT, CODE},
        {STT_FUNC, SHN_UNDEF, R_X86_64_64, 0},     {STT_TLS, 1, R_X86_64_64, 0},
        {STT_GNU_IFUNC, 1, R_X86_64_JUMP_SLOT, 0}, {STT_TLS, 1, R_X86_64_DTPOFF64, 0},
        {STT_FUNC, 1, R_X86_64_RELATIVE64, 5},     {STT_FUNC, 1, R_X86_64_JUMP_SLOT, CODE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        Buf rela = {.n = 0}, symbols = {.n = 0};
        Slots s;
        Slot slot;
        buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
        buf_symbol(&symbols, 0, STB_GLOBAL, rows[i].kind, rows[i].shndx, CODE, 1);
        dynamic_entry(f, DT_SYMTAB, table_put(f, &symbols));
        buf_rela(&rela, DATA, 1, rows[i].type, 5);
        dynamic_entry(f, DT_RELA, table_put(f, &rela));
        dynamic_entry(f, DT_RELASZ, rela.n);
        fixture_open(f);
        assert_true(slots_open(&s, &f->image, &f->arena, &f->diag));
        assert_true(slots_at(&s, DATA, &slot));
        assert_int_equal(slot.target, rows[i].target);
        slots_close(&s);
        fixture_free(f);
    }
}

/* psABI 5.2: .plt begins with push GOT+8(%rip), and a jump through GOT+16 or a load of it. */
static void plt_begins(void **state)
{
    (void)state;
    static const struct {
        const char *jump;
        size_t n;
        int off; /* of its word from GOT+16 */
        bool first;
    } rows[] = {{"\xff\x25", 2, 0, true},      {"\xf2\xff\x25", 3, 0, true}, {"\x4c\x8b\x1d", 3, 0, true},
                {"\xff\x25", 2, 8, false},     {"\xff\x15", 2, 0, false},    {"\xf2\x90\x90", 3, 0, false},
                {"\x4c\x8b\x1d", 3, 1, false}, {"\xff", 1, 0, false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        int32_t link = DATA + 8 - (CODE + 6), next = DATA + 16 + rows[i].off - (int32_t)(CODE + 6 + rows[i].n + 4);
        buf_put(&f->code, "\xff\x35", 2);
        buf_put(&f->code, &link, 4);
        buf_put(&f->code, rows[i].jump, rows[i].n);
        buf_put(&f->code, &next, 4);
        while (f->code.n < 16)
            buf_u8(&f->code, 0x90);
        buf_u64(&f->data, 0);
        fixture_open(f);
        if (plt_is_first(&f->image, CODE) != rows[i].first)
            fail_msg("row %zu", i);
        assert_false(plt_is_first(&f->image, CODE + 1));
        assert_false(plt_is_first(&f->image, DATA));
        assert_false(plt_is_first(&f->image, 0));
        fixture_free(f);
    }
}

/* All three lists of functions that run at start and end. */
static void dynamic_starts(void **state)
{
    (void)state;
    static const uint64_t tags[3][2] = {
        {DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ}, {DT_INIT_ARRAY, DT_INIT_ARRAYSZ}, {DT_FINI_ARRAY, DT_FINI_ARRAYSZ}};
    Fixture *f = fixture_new();
    Dynamic d;
    for (unsigned i = 0; i < 6; i++)
        buf_u64(&f->data, CODE);
    for (unsigned i = 0; i < 3; i++) {
        dynamic_entry(f, tags[i][0], DATA + i * 8);
        dynamic_entry(f, tags[i][1], 8 + i);
    }
    dynamic_entry(f, 0x12345, 1);
    fixture_open(f);
    assert_true(dynamic_read(&d, &f->image));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(d.starts_at[i], DATA + i * 8);
        assert_int_equal(d.starts[i].n, 8);
    }
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_of_rela),
        cmocka_unit_test(slots_in_any_order),
        cmocka_unit_test(slots_of_relr),
        cmocka_unit_test(slots_of_a_long_relr),
        cmocka_unit_test(relr_is_no_bomb),
        cmocka_unit_test(slots_without_memory),
        cmocka_unit_test(slots_said_again),
        cmocka_unit_test(slots_by_symbol),
        cmocka_unit_test(slots_of_a_static_program),
        cmocka_unit_test(plt_stubs),
        cmocka_unit_test(plt_begins),
        cmocka_unit_test(dynamic_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
