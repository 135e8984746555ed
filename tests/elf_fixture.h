/* tests/elf_fixture.h - a dynamic program made in memory, for the tests of what its tables say. */
#ifndef LVSCAN_TESTS_ELF_FIXTURE_H
#define LVSCAN_TESTS_ELF_FIXTURE_H

#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

static inline Fixture *fixture_new(void)
{
    Fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    elf_begin(&f->elf, ET_DYN);
    return f;
}

static inline void dynamic_entry(Fixture *f, uint64_t tag, uint64_t value)
{
    buf_u64(&f->dynamic, tag);
    buf_u64(&f->dynamic, value);
}

/* Puts a table; gives its address. */
static inline Addr table_put(Fixture *f, const Buf *table)
{
    buf_align(&f->tables, 8);
    Addr addr = TABLES + f->tables.n;
    buf_put(&f->tables, table->p, table->n);
    return addr;
}

static inline void fixture_open(Fixture *f)
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

static inline void fixture_free(Fixture *f)
{
    arena_free(&f->arena);
    free((void *)(uintptr_t)f->file.p);
    free(f);
}

/* Symbols: puts, which another file has, and mine at CODE + 8. */
static inline void dynsym_put(Fixture *f)
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

#endif
