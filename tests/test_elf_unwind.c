/* tests/test_elf_unwind.c - .eh_frame, .eh_frame_hdr and exception tables made in memory. */
#include "elf/cfi.h"
#include "elf/encoding.h"
#include "elf/unwind.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE = 0x10000, CODE_SIZE = 0x800, FRAME = 0x20000, HDR = 0x28000, LSDA = 0x2c000 };

typedef struct Fixture {
    Elf elf;
    Buf frame, hdr, lsda;
    Bytes file;
    Arena arena;
    Image image;
    Unwind unwind;
    bool opened;
} Fixture;

static Fixture *fixture_new(void)
{
    Fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    return f;
}

/* How .eh_frame is found. */
typedef enum How { BY_HEADER, BY_SECTION, BY_NOTHING } How;

static void fixture_open(Fixture *f, How how)
{
    static const uint8_t code[CODE_SIZE];
    elf_begin(&f->elf, ET_EXEC);
    elf_load(&f->elf, PF_R | PF_X, CODE, code, sizeof code);
    elf_load(&f->elf, PF_R, FRAME, f->frame.p, f->frame.n);
    if (f->lsda.n)
        elf_load(&f->elf, PF_R, LSDA, f->lsda.p, f->lsda.n);
    if (how == BY_HEADER) {
        elf_load(&f->elf, PF_R, HDR, f->hdr.p, f->hdr.n);
        elf_header(&f->elf, PT_GNU_EH_FRAME, PF_R, HDR, 0, f->hdr.n);
    } else if (how == BY_SECTION) {
        unsigned i = elf_section(&f->elf, ".eh_frame", SHT_PROGBITS, FRAME, NULL, 0);
        f->elf.sh[i].sh_offset = f->elf.ph[1].p_offset;
        f->elf.sh[i].sh_size = f->frame.n;
    }
    f->file = elf_end(&f->elf);
    assert_true(image_open(&f->image, f->file, &f->arena, NULL));
    assert_true(unwind_open(&f->unwind, &f->image, &f->arena, NULL));
    f->opened = f->unwind.n > 0;
}

static void fixture_free(Fixture *f)
{
    arena_free(&f->arena);
    free((void *)(uintptr_t)f->file.p);
    free(f);
}

static Addr here(const Fixture *f) { return FRAME + f->frame.n; }

/* Puts the entry whose body (from the id on) is given; gives its address. */
static Addr entry_put(Fixture *f, const Buf *body)
{
    Addr at = here(f);
    buf_u32(&f->frame, body->n);
    buf_put(&f->frame, body->p, body->n);
    return at;
}

/* A CIE: version, augmentation, alignments 1 and -8, return address register 16, augmentation data. */
static Addr cie_put(Fixture *f, unsigned version, const char *augmentation, const void *data, size_t n)
{
    Buf body = {.n = 0};
    buf_u32(&body, 0);
    buf_u8(&body, version);
    buf_text(&body, augmentation);
    if (version == 4)
        buf_put(&body, "\x08", 2);
    buf_put(&body, "\x01\x78\x10", 3);
    if (augmentation[0] == 'z')
        buf_u8(&body, (unsigned)n);
    buf_put(&body, data, n);
    return entry_put(f, &body);
}

/* An FDE of a CIE with "zR" 0x1b (pcrel sdata4) or, with an LSDA, "zLR" 0x1b 0x1b. */
static Addr fde_put(Fixture *f, Addr cie, Addr start, uint64_t size, Addr lsda)
{
    Buf body = {.n = 0};
    Addr id = here(f) + 4;
    buf_u32(&body, id - cie);
    buf_u32(&body, start - (id + 4));
    buf_u32(&body, size);
    buf_u8(&body, lsda ? 4 : 0);
    if (lsda)
        buf_u32(&body, lsda - (id + 13));
    return entry_put(f, &body);
}

static Addr plain_cie(Fixture *f) { return cie_put(f, 1, "zR", "\x1b", 1); }

static void header_begin(Fixture *f, uint32_t n)
{
    buf_put(&f->hdr, "\x01\x1b\x03\x3b", 4);
    buf_u32(&f->hdr, (uint64_t)FRAME - (HDR + 4));
    buf_u32(&f->hdr, n);
}

static void header_row(Fixture *f, Addr start, Addr fde)
{
    buf_u32(&f->hdr, start - HDR);
    buf_u32(&f->hdr, fde - HDR);
}

static size_t all(Fixture *f, Fde **fdes)
{
    size_t n = 0, cap = 0;
    UnwindWalk w = {0};
    FdeRange range;
    for (*fdes = NULL; unwind_next(&f->unwind, &w, &range); n++) {
        assert_true(arena_grow(&f->arena, (void **)fdes, n, &cap, sizeof **fdes));
        assert_true(unwind_find(&f->unwind, range.start, &(*fdes)[n]));
        assert_true((*fdes)[n].start == range.start && (*fdes)[n].size >= range.size);
        (*fdes)[n].size = range.size;
    }
    return n;
}

static void fdes_by_table_and_by_walk(void **state)
{
    (void)state;
    for (How how = BY_HEADER; how <= BY_SECTION; how++) {
        Fixture *f = fixture_new();
        Addr cie = plain_cie(f), fdes[8];
        header_begin(f, COUNT(fdes));
        for (unsigned i = 0; i < COUNT(fdes); i++) { /* not in order of address */
            unsigned k = i ^ 5;
            fdes[k] = fde_put(f, cie, CODE + k * 0x40, 0x30, 0);
        }
        buf_u32(&f->frame, 0);
        for (unsigned i = 0; i < COUNT(fdes); i++)
            header_row(f, CODE + i * 0x40, fdes[i]);
        fixture_open(f, how);
        assert_true(f->opened);
        assert_int_equal(f->unwind.table.n, how == BY_HEADER ? 8 * COUNT(fdes) : 0);
        Fde *got, one;
        assert_int_equal(all(f, &got), COUNT(fdes));
        for (unsigned i = 0; i < COUNT(fdes); i++) {
            assert_int_equal(got[i].start, CODE + i * 0x40);
            assert_int_equal(got[i].size, 0x30);
            assert_true(unwind_find(&f->unwind, CODE + i * 0x40 + 0x2f, &one));
            assert_int_equal(one.start, got[i].start);
            assert_false(unwind_find(&f->unwind, CODE + i * 0x40 + 0x30, &one));
        }
        assert_false(unwind_find(&f->unwind, CODE - 1, &one));
        assert_false(unwind_find(&f->unwind, UINT64_MAX, &one));
        fixture_free(f);
    }
}

/* One FDE [CODE+0x100, +0x20) in every encoding. The bytes of its start and size are put by the row's encoding. */
static void pointer_encodings(void **state)
{
    (void)state;
    static const struct {
        uint8_t encoding;
        bool works;
    } rows[] = {
        {PE_ABSPTR, true},
        {PE_UDATA4, true},
        {PE_UDATA8, true},
        {PE_SDATA4, true},
        {PE_SDATA8, true},
        {PE_ULEB128, true},
        {PE_SLEB128, true},
        {PE_PCREL | PE_SDATA4, true},
        {PE_PCREL | PE_SDATA8, true},
        {PE_PCREL | PE_ULEB128, true}, /* goes round the address space */
        {PE_PCREL | PE_SDATA2, false}, /* too far away */
        {PE_ALIGNED, true},
        {PE_TEXTREL | PE_UDATA4, false},
        {PE_DATAREL | PE_UDATA4, false}, /* .eh_frame has no data base */
        {PE_FUNCREL | PE_UDATA4, false},
        {PE_INDIRECT | PE_UDATA4, false},
        {0x05, false},
        {PE_OMIT, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        Addr cie = cie_put(f, 1, "zR", &rows[i].encoding, 1);
        Buf body = {.n = 0};
        buf_u32(&body, here(f) + 4 - cie);
        if (rows[i].encoding == PE_ALIGNED)
            while ((here(f) + 4 + body.n) % 8)
                buf_u8(&body, 0xaa);
        uint64_t start = CODE + 0x100, size = 0x20;
        if ((rows[i].encoding & 0x70) == PE_PCREL)
            start -= here(f) + 4 + body.n;
        size_t width = pointer_size(rows[i].encoding);
        if (width) {
            buf_le(&body, start, width);
            buf_le(&body, size, width);
        } else {
            for (; start > 0x3f; start >>= 7)
                buf_u8(&body, (start & 0x7f) | 0x80);
            buf_u8(&body, start & 0x7f);
            buf_u8(&body, (unsigned)size);
        }
        buf_u8(&body, 0);
        entry_put(f, &body);
        fixture_open(f, BY_SECTION);
        Fde *got;
        size_t n = all(f, &got);
        if (n != rows[i].works || (n && (got->start != CODE + 0x100 || got->size != 0x20)))
            fail_msg("encoding %#x: %zu FDEs", rows[i].encoding, n);
        fixture_free(f);
    }
}

static void augmentations(void **state)
{
    (void)state;
    static const struct {
        unsigned version;
        const char *letters;
        const char *data;
        size_t n;
        bool works, signal;
    } rows[] = {
        {1, "zR", "\x1b", 1, true, false},
        {3, "zR", "\x1b", 1, true, false},
        {4, "zR", "\x1b", 1, true, false},
        {2, "zR", "\x1b", 1, false, false},
        {1, "zRS", "\x1b", 1, true, true},
        {1, "zPR", "\x9b....\x1b", 6, true, false},
        {1, "zPLR", "\x03....\xff\x1b", 7, true, false},
        {1, "zPR", "\xff\x1b", 2, true, false},
        {1, "zPR", "\x50.................\x1b", 3, false, false}, /* the aligned pointer is cut off */
        {1, "zRB", "\x1b", 1, true, false},
        {1, "zQR", "\x1b", 1, false, false},
        {1, "zR", "", 0, false, false},
        {1, "R", "\x1b", 1, false, false},
        {1, "zRRRRRRRRRRRRRRRRRRRR", "\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b",
         20, false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        Addr cie = cie_put(f, rows[i].version, rows[i].letters, rows[i].data, rows[i].n);
        fde_put(f, cie, CODE + 8, 8, 0);
        fixture_open(f, BY_SECTION);
        Fde *got;
        size_t n = all(f, &got);
        if (n != rows[i].works || (n && got->signal_frame != rows[i].signal))
            fail_msg("\"%s\": %zu FDEs", rows[i].letters, n);
        fixture_free(f);
    }
}

static void cies_without_augmentation(void **state)
{
    (void)state;
    for (int eh = 0; eh < 2; eh++) {
        Fixture *f = fixture_new();
        Buf body = {.n = 0};
        buf_u32(&body, 0);
        buf_u8(&body, 1);
        buf_text(&body, eh ? "eh" : "");
        if (eh)
            buf_u64(&body, 1);
        buf_put(&body, "\x01\x78\x10", 3);
        Addr cie = entry_put(f, &body);
        body.n = 0;
        buf_u32(&body, here(f) + 4 - cie);
        buf_u64(&body, CODE);
        buf_u64(&body, 16);
        entry_put(f, &body);
        fixture_open(f, BY_SECTION);
        Fde *got;
        assert_int_equal(all(f, &got), 1);
        assert_int_equal(got->size, 16);
        fixture_free(f);
    }
}

/* 0xffffffff says that 8 bytes of length follow. */
static void extended_length(void **state)
{
    (void)state;
    static const struct {
        uint64_t length;
        bool works;
    } rows[] = {{13, true}, {14, false}, {UINT64_MAX, false}, {INT64_MAX, false}, {3, false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        Addr cie = plain_cie(f), id = here(f) + 12;
        buf_u32(&f->frame, UINT32_MAX);
        buf_u64(&f->frame, rows[i].length);
        buf_u32(&f->frame, id - cie);
        buf_u32(&f->frame, CODE - (id + 4));
        buf_u32(&f->frame, 4);
        buf_u8(&f->frame, 0);
        fixture_open(f, BY_SECTION);
        Fde *got;
        assert_int_equal(all(f, &got), rows[i].works);
        fixture_free(f);
    }
}

static void ranges_outside_code_are_left_out(void **state)
{
    (void)state;
    static const struct {
        Addr start;
        uint64_t size;
        bool works;
    } rows[] = {
        {CODE, CODE_SIZE, true},         {CODE, CODE_SIZE + 1, false}, {CODE, 0, false},
        {CODE + CODE_SIZE - 1, 1, true}, {CODE + CODE_SIZE, 1, false}, {FRAME, 4, false},
        {CODE, UINT32_MAX, false},       {CODE - 1, 2, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        fde_put(f, plain_cie(f), rows[i].start, rows[i].size, 0);
        fixture_open(f, BY_SECTION);
        Fde *got;
        assert_int_equal(all(f, &got), rows[i].works);
        fixture_free(f);
    }
}

static void overlapping_fdes_are_cut(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    Addr cie = plain_cie(f);
    fde_put(f, cie, CODE + 0x20, 0x10, 0);
    fde_put(f, cie, CODE, 0x100, 0);
    fde_put(f, cie, CODE + 0x20, 0x40, 0); /* the longest of those at one start is kept */
    fde_put(f, cie, CODE + 0x20, 0x18, 0);
    fde_put(f, cie, CODE + 0x20, 0x40, 0);
    fde_put(f, cie, CODE + 0x50, 0x8, 0);
    fixture_open(f, BY_SECTION);
    static const Addr ranges[][2] = {{CODE, 0x20}, {CODE + 0x20, 0x30}, {CODE + 0x50, 8}};
    Fde *got;
    assert_int_equal(all(f, &got), COUNT(ranges));
    for (size_t i = 0; i < COUNT(ranges); i++) {
        assert_int_equal(got[i].start, ranges[i][0]);
        assert_int_equal(got[i].size, ranges[i][1]);
    }
    fixture_free(f);
}

/* The section ends within a length. */
static void lengths_are_cut_off(void **state)
{
    (void)state;
    for (size_t n = 1; n < 12; n++) {
        Fixture *f = fixture_new();
        fde_put(f, plain_cie(f), CODE, 8, 0);
        buf_put(&f->frame, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", n);
        fixture_open(f, BY_SECTION);
        Fde *got;
        assert_int_equal(all(f, &got), 1);
        fixture_free(f);
    }
}

/* An FDE's CIE may be missing, itself, another FDE or outside; a zero length may come before the end. */
static void walks_past_damage(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    Addr cie = plain_cie(f);
    Addr first = fde_put(f, cie, CODE, 8, 0);
    fde_put(f, first, CODE + 8, 8, 0);
    fde_put(f, here(f), CODE + 16, 8, 0);
    fde_put(f, FRAME - 0x100, CODE + 24, 8, 0);
    buf_u32(&f->frame, 0);
    fde_put(f, cie, CODE + 32, 8, 0);
    buf_u32(&f->frame, 0xfffffff0);
    fixture_open(f, BY_SECTION);
    Fde *got;
    assert_int_equal(all(f, &got), 2);
    assert_int_equal(got[1].start, CODE + 32);
    fixture_free(f);
}

/* A header whose table cannot be used leaves the walk; one that names no .eh_frame leaves nothing. */
static void headers_that_do_not_check_out(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
        size_t size;
        size_t ntable, fdes;
    } rows[] = {
        {3, 0x3b, 1, 2, 2},       /* as it was */
        {3, 0x1b, 1, 0, 2},       /* the table is in another encoding */
        {2, 0xff, 1, 0, 2},       /* no count */
        {8, 3, 4, 0, 2},          /* more rows than bytes */
        {8, 0x20000000, 4, 0, 2}, /* times 8 is 0 in 32 bits */
        {8, 0, 4, 0, 2},
        {0, 2, 1, 0, 0},                           /* version 2 */
        {1, 0x5f, 1, 0, 0},                        /* .eh_frame is not found */
        {16, 0, 4, 2, 1},                          /* a row names no FDE */
        {12, 0, 4, 0, 1},                          /* a row's start is not its FDE's, and the rows go back */
        {12, (uint32_t)(CODE - HDR - 4), 4, 2, 1}, /* a row's start is not its FDE's */
        {20, (uint32_t)(CODE - HDR), 4, 0, 1},     /* two rows for one start */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        Addr cie = plain_cie(f);
        header_begin(f, 2);
        header_row(f, CODE, fde_put(f, cie, CODE, 8, 0));
        header_row(f, CODE + 8, fde_put(f, cie, CODE + 8, 8, 0));
        memcpy(f->hdr.p + rows[i].at, &rows[i].value, rows[i].size);
        fixture_open(f, BY_HEADER);
        Fde *got;
        assert_int_equal(f->unwind.table.n, 8 * rows[i].ntable);
        size_t n = all(f, &got);
        if (n != rows[i].fdes)
            fail_msg("row %zu: %zu FDEs", i, n);
        fixture_free(f);
    }
}

static void nothing_to_unwind(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    fde_put(f, plain_cie(f), CODE, 8, 0);
    fixture_open(f, BY_NOTHING);
    Fde *got;
    assert_false(f->opened);
    assert_int_equal(all(f, &got), 0);
    assert_false(unwind_find(&f->unwind, CODE, &(Fde){0}));
    fixture_free(f);
}

typedef struct LsdaRow {
    const char *bytes;
    size_t n;
    bool works;
    size_t sites;
    Addr pad; /* of the last site */
} LsdaRow;

static void call_site_tables(void **state)
{
    (void)state;
    static const LsdaRow rows[] = {
        {"\xff\xff\x01\x04\x02\x03\x10\x00", 8, true, 1, CODE + 0x10},
        {"\xff\xff\x01\x08\x02\x03\x10\x00\x05\x02\x00\x00", 12, true, 2, 0},
        {"\xff\x9b\x20\x01\x04\x02\x03\x10\x01", 9, true, 1, CODE + 0x10}, /* with types */
        {"\xff\xff\x03\x0d\x02\0\0\0\x03\0\0\0\x10\0\0\0\x00", 17, true, 1, CODE + 0x10},
        {"\x03\0\0\x01\0\xff\x01\x04\x02\x03\x10\x00", 12, true, 1, CODE + 0x10},         /* LPStart given */
        {"\x40\x40\0\0\0\0\0\0\0\xff\x01\x04\x02\x03\x10\x00", 16, true, 1, CODE + 0x50}, /* relative to the function */
        {"\xff\xff\x01\x00", 4, true, 0, 0},
        {"\xff\xff\x01\x08\x02\x00\x10\x00\x02\x03\x10\x00", 12, true, 1, CODE + 0x10}, /* one without bytes */
        {"\xff\xff\x01\x05\x02\x03\x10\x00", 8, false, 0, 0}, /* table longer than the bytes */
        {"\xff\xff\x01\x04\x02\x40\x10\x00", 8, false, 0, 0}, /* leaves the function */
        {"\xff\xff\x01\x04\x41\x00\x10\x00", 8, false, 0, 0},
        {"\xff\xff\x01\x08\x08\x03\x10\x00\x05\x02\x00\x00", 12, false, 0, 0}, /* not in order */
        {"\xff\xff\x01\x05\x02\x03\xff\x7f\x00", 9, false, 0, 0},              /* a pad outside the code */
        {"\xff\xff\x02\x07\x02\0\x03\0\x10\0\x00", 11, true, 1, CODE + 0x10},
        {"\xff\xff\x05\x04\x02\x03\x10\x00", 8, false, 0, 0},    /* no such encoding */
        {"\x30\x40\0\0\0\0\0\0\0\xff\x01\x00", 12, false, 0, 0}, /* no data base */
        {"\xff", 1, false, 0, 0},
        {"\xff\xff\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 13, false, 0, 0},
        {"\xff\xff\x01\x03\x02\x03\x10", 7, false, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        buf_put(&f->lsda, rows[i].bytes, rows[i].n);
        fde_put(f, cie_put(f, 1, "zLR", "\x1b\x1b", 2), CODE, 0x40, LSDA);
        fixture_open(f, BY_SECTION);
        Fde *got;
        CallSite *sites;
        size_t n = 99;
        assert_int_equal(all(f, &got), 1);
        assert_int_equal(got->lsda, LSDA);
        bool works = lsda_read(&f->image, got, &sites, &n, &f->arena, NULL);
        if (works != rows[i].works || n != rows[i].sites)
            fail_msg("row %zu: works %d, %zu sites", i, works, n);
        if (n) {
            assert_int_equal(sites[0].start, CODE + 2);
            assert_int_equal(sites[0].end, CODE + 5);
            assert_int_equal(sites[n - 1].pad, rows[i].pad);
        }
        fixture_free(f);
    }
}

static void no_lsda_is_no_damage(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    fde_put(f, plain_cie(f), CODE, 8, 0);
    fixture_open(f, BY_SECTION);
    CallSite *sites;
    size_t n = 1;
    assert_true(lsda_read(&f->image, &(Fde){.start = CODE, .size = 8}, &sites, &n, &f->arena, NULL));
    assert_int_equal(n, 0);
    Diag diag = {0};
    assert_false(lsda_read(&f->image, &(Fde){.start = CODE, .size = 8, .lsda = 1}, &sites, &n, &f->arena, &diag));
    assert_string_equal(diag.what, "damaged exception table");
    fixture_free(f);
}

/* Rows without bytes cannot make an exception table cost more than the function's size. */
static void empty_rows_are_bounded(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    buf_put(&f->lsda, "\xff\xff\x01\xa0\x1f", 5); /* 4000 bytes: 1000 rows */
    for (size_t i = 0; i < 1000; i++)
        buf_put(&f->lsda, "\0\0\0\0", 4);
    fde_put(f, cie_put(f, 1, "zLR", "\x1b\x1b", 2), CODE, 0x40, LSDA);
    fixture_open(f, BY_SECTION);
    Fde *got;
    CallSite *sites;
    size_t n;
    assert_int_equal(all(f, &got), 1);
    assert_false(lsda_read(&f->image, got, &sites, &n, &f->arena, NULL));
    fixture_free(f);
}

/* A function's CFI begins with the CFA at rsp + 8; a part that was split off mostly begins deeper. */
static void entries_are_told_from_parts(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        bool entry;
    } rows[] = {
        {"", 0, true},
        {"\x41\x0e\x10", 3, true},           /* advance 1, def_cfa_offset 16 */
        {"\x04\0\0\0\x01\x0e\x10", 7, true}, /* advance_loc4 */
        {"\x0e\x10\x41", 3, false},          /* 16 from the start on */
        {"\x0e\x08\x41", 3, true},
        {"\x0c\x07\x08", 3, true},
        {"\x0c\x06\x10", 3, false}, /* rbp + 16 */
        {"\x0c\x07\x10", 3, false},
        {"\x86\x02\xc6\x0a\x05\x06\x02\0", 8, true}, /* offset, restore, remember, offset_extended, nop */
        {"\x0f\x01\x9c", 3, false},                  /* def_cfa_expression: not followed */
        {"\x0e", 1, false},
        {"\x86", 1, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Fixture *f = fixture_new();
        Buf body = {.n = 0};
        Addr cie = plain_cie(f), id = here(f) + 4;
        buf_u32(&body, id - cie);
        buf_u32(&body, CODE - (id + 4));
        buf_u32(&body, 16);
        buf_u8(&body, 0);
        buf_put(&body, rows[i].bytes, rows[i].n);
        entry_put(f, &body);
        fixture_open(f, BY_SECTION);
        Fde *got;
        assert_int_equal(all(f, &got), 1);
        if (got->at_entry != rows[i].entry)
            fail_msg("row %zu", i);
        fixture_free(f);
    }
}

/* A long row of nops before the first advance is not followed to its end: many rows of a table may name it. */
static void instructions_are_bounded(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    Buf body = {.n = 0};
    Addr cie = plain_cie(f), id = here(f) + 4;
    buf_u32(&body, id - cie);
    buf_u32(&body, CODE - (id + 4));
    buf_u32(&body, 16);
    for (size_t i = 0; i < 4000; i++)
        buf_u8(&body, 0);
    entry_put(f, &body);
    fixture_open(f, BY_SECTION);
    Fde *got;
    assert_int_equal(all(f, &got), 1);
    assert_false(got->at_entry);
    fixture_free(f);
}

static void memory_can_run_out_for_call_sites(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    buf_put(&f->lsda, "\xff\xff\x01\x04\x02\x03\x10\x00", 8);
    fde_put(f, cie_put(f, 1, "zLR", "\x1b\x1b", 2), CODE, 0x40, LSDA);
    fixture_open(f, BY_SECTION);
    Arena little = {.limit = 8};
    Fde *got;
    CallSite *sites;
    size_t n = 5;
    assert_int_equal(all(f, &got), 1);
    assert_false(lsda_read(&f->image, got, &sites, &n, &little, NULL));
    assert_int_equal(n, 0);
    arena_free(&little);
    fixture_free(f);
}

/* By a walk, or by the rows of a table that is not in order. */
static void memory_can_run_out(void **state)
{
    (void)state;
    for (How how = BY_HEADER; how <= BY_SECTION; how++) {
        Fixture *f = fixture_new();
        Addr cie = plain_cie(f);
        header_begin(f, 8);
        for (unsigned i = 8; i-- > 0;)
            header_row(f, CODE + i * 8, fde_put(f, cie, CODE + i * 8, 8, 0));
        fixture_open(f, how);
        assert_int_equal(f->unwind.n, 8);
        Arena little = {.limit = 64};
        Diag diag = {0};
        Unwind unwind;
        assert_false(unwind_open(&unwind, &f->image, &little, &diag));
        assert_int_equal(unwind.n, 0);
        assert_string_equal(diag.what, "out of memory for its unwind table");
        arena_free(&little);
        fixture_free(f);
    }
}

/* An FDE is read where one is, and nowhere else. */
static void no_fde(void **state)
{
    (void)state;
    Fixture *f = fixture_new();
    Addr cie = plain_cie(f), fde = fde_put(f, cie, CODE, 8, 0), outside = fde_put(f, cie, HDR, 8, 0);
    fixture_open(f, BY_SECTION);
    Fde got;
    assert_true(cfi_fde_read(&got, &f->image, fde));
    assert_int_equal(got.start, CODE);
    assert_false(cfi_fde_read(&got, &f->image, cie));
    assert_false(cfi_fde_read(&got, &f->image, outside)); /* of what is no code */
    assert_false(cfi_fde_read(&got, &f->image, CODE - 8));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fdes_by_table_and_by_walk),
        cmocka_unit_test(pointer_encodings),
        cmocka_unit_test(augmentations),
        cmocka_unit_test(cies_without_augmentation),
        cmocka_unit_test(extended_length),
        cmocka_unit_test(ranges_outside_code_are_left_out),
        cmocka_unit_test(overlapping_fdes_are_cut),
        cmocka_unit_test(lengths_are_cut_off),
        cmocka_unit_test(walks_past_damage),
        cmocka_unit_test(headers_that_do_not_check_out),
        cmocka_unit_test(nothing_to_unwind),
        cmocka_unit_test(call_site_tables),
        cmocka_unit_test(no_lsda_is_no_damage),
        cmocka_unit_test(empty_rows_are_bounded),
        cmocka_unit_test(entries_are_told_from_parts),
        cmocka_unit_test(instructions_are_bounded),
        cmocka_unit_test(memory_can_run_out_for_call_sites),
        cmocka_unit_test(memory_can_run_out),
        cmocka_unit_test(no_fde),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
