/* tests/test_elf_image.c - headers, segments, sections, notes: sane files, and files with one damaged field. */
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { CODE_SIZE = 64, DATA_SIZE = 48, DATA_MEMORY = 96 };

static const char note[] = "\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0ABCDEFGHIJKLMNOPQRST";

/* code at 0x1000, read-only data at 0x2000, writable data with bss at 0x3000, of which 16 bytes are RELRO; a build id. */
static void sample(Elf *e)
{
    uint8_t bytes[CODE_SIZE];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    elf_begin(e, ET_DYN);
    e->eh.e_entry = 0x1010;
    elf_load(e, PF_R | PF_W, 0x3000, bytes, DATA_SIZE)->p_memsz = DATA_MEMORY;
    elf_load(e, PF_R | PF_X, 0x1000, bytes, CODE_SIZE);
    elf_load(e, PF_R, 0x2000, bytes, 16);
    elf_header(e, PT_GNU_RELRO, PF_R, 0x3000, 0, 16);
    elf_header(e, PT_NOTE, PF_R, 0, elf_put(e, note, sizeof note - 1), sizeof note - 1);
    elf_section(e, ".text", SHT_PROGBITS, 0x1000, bytes, CODE_SIZE);
    elf_section(e, ".debug_info", SHT_PROGBITS, 0, "abc", 3);
}

typedef struct Opened {
    Bytes file;
    Arena arena;
    Image image;
    Diag diag;
    bool ok;
} Opened;

static Opened open_elf(Elf *e)
{
    Opened o = {.file = elf_end(e)};
    o.ok = image_open(&o.image, o.file, &o.arena, &o.diag);
    return o;
}

static void close_elf(Opened *o)
{
    arena_free(&o->arena);
    free((void *)(uintptr_t)o->file.p);
}

static void headers_of_a_sane_file(void **state)
{
    (void)state;
    Elf e;
    sample(&e);
    Opened o = open_elf(&e);
    const Image *im = &o.image;
    assert_true(o.ok);
    assert_int_equal(im->type, ET_DYN);
    assert_int_equal(im->entry, 0x1010);
    assert_int_equal(im->nloads, 3);
    assert_int_equal(im->loads[0].addr, 0x1000);
    assert_int_equal(im->loads[2].addr, 0x3000);
    assert_int_equal(im->build_id.n, 20);
    assert_memory_equal(im->build_id.p, "ABCDEFGHIJKLMNOPQRST", 20);
    assert_true(im->has_debug);
    assert_false(im->has_symtab);
    assert_false(im->has_interp);
    close_elf(&o);
}

static void addresses_and_offsets(void **state)
{
    (void)state;
    static const struct {
        Addr addr;
        size_t left; /* file-backed bytes from there on */
        bool in_segment, code, constant;
    } rows[] = {
        {0, 0, false, false, false},
        {0xfff, 0, false, false, false},
        {0x1000, 64, true, true, true},
        {0x103f, 1, true, true, true},
        {0x1040, 0, false, false, false},
        {0x2000, 16, true, false, true},
        {0x3000, 48, true, false, true},
        {0x300f, 33, true, false, true},
        {0x3010, 32, true, false, false},
        {0x302f, 1, true, false, false},
        {0x3030, 0, true, false, false},
        {0x305f, 0, true, false, false},
        {0x3060, 0, false, false, false},
        {UINT64_MAX, 0, false, false, false},
        {0x1000 + (1ull << 32), 0, false, false, false},
    };
    Elf e;
    sample(&e);
    Opened o = open_elf(&e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        Addr addr = rows[i].addr, back = 0;
        Bytes bytes;
        Off off = {0};
        assert_int_equal(image_segment(&o.image, addr) != NULL, rows[i].in_segment);
        assert_int_equal(image_is_code(&o.image, addr), rows[i].code);
        assert_int_equal(image_is_constant(&o.image, addr), rows[i].constant);
        assert_int_equal(image_bytes(&o.image, addr, &bytes), rows[i].left > 0);
        assert_int_equal(bytes.n, rows[i].left);
        assert_int_equal(image_read(&o.image, addr, rows[i].left + 1) != NULL, false);
        assert_int_equal(image_addr_to_off(&o.image, addr, &off), rows[i].left > 0);
        if (rows[i].left) {
            assert_ptr_equal(o.file.p + off.v, bytes.p);
            assert_true(image_off_to_addr(&o.image, off, &back));
            assert_int_equal(back, addr);
        }
    }
    uint64_t number = 0;
    assert_true(image_number(&o.image, 0x1001, 32, &number));
    assert_int_equal(number, 0x04030201);
    assert_true(image_number(&o.image, 0x1038, 64, &number));
    assert_false(image_number(&o.image, 0x1039, 64, &number));
    assert_false(image_number(&o.image, 0x1000, 128, &number));
    assert_false(image_off_to_addr(&o.image, (Off){UINT64_MAX}, &(Addr){0}));
    close_elf(&o);
}

/* Of segments that show the same bytes of the file the first that is executed is meant. */
static void offsets_of_two_segments(void **state)
{
    (void)state;
    Elf e;
    Addr addr;
    sample(&e);
    uint64_t off = e.ph[1].p_offset;
    elf_header(&e, PT_LOAD, PF_R, 0x10000, off, CODE_SIZE);
    elf_header(&e, PT_LOAD, PF_R | PF_X, 0x20000, off, CODE_SIZE);
    elf_header(&e, PT_LOAD, PF_R | PF_X, 0x30000, e.ph[2].p_offset, 16);
    Opened o = open_elf(&e);
    assert_true(o.ok);
    assert_true(image_off_to_addr(&o.image, (Off){off + 1}, &addr));
    assert_int_equal(addr, 0x1001);
    assert_true(image_off_to_addr(&o.image, (Off){e.ph[2].p_offset}, &addr));
    assert_int_equal(addr, 0x30000);
    close_elf(&o);
}

static void sections_by_name(void **state)
{
    (void)state;
    Elf e;
    sample(&e);
    Opened o = open_elf(&e);
    Addr addr = 1;
    Bytes bytes;
    assert_true(image_section(&o.image, ".text", &addr, &bytes));
    assert_int_equal(addr, 0x1000);
    assert_int_equal(bytes.n, CODE_SIZE);
    assert_true(image_section(&o.image, ".debug_info", &addr, &bytes));
    assert_int_equal(addr, 0);
    assert_memory_equal(bytes.p, "abc", 3);
    assert_false(image_section(&o.image, ".tex", &addr, &bytes));
    assert_false(image_section(&o.image, "", &addr, &bytes));
    close_elf(&o);
}

/* Section counts that do not fit e_shnum are in section 0 (gABI ch. 4, e_shnum and e_shstrndx). */
static void sections_counted_in_section_zero(void **state)
{
    (void)state;
    Elf e;
    sample(&e);
    Opened o = open_elf(&e);
    uint8_t *p = (uint8_t *)(uintptr_t)o.file.p;
    Elf64_Shdr zero = {.sh_size = e.eh.e_shnum, .sh_link = e.eh.e_shstrndx};
    memcpy(p + e.eh.e_shoff, &zero, sizeof zero);
    memset(p + offsetof(Elf64_Ehdr, e_shnum), 0, 2);
    memset(p + offsetof(Elf64_Ehdr, e_shstrndx), 0xff, 2);
    assert_true(image_open(&o.image, o.file, &o.arena, &o.diag));
    assert_int_equal(o.image.nsections, e.eh.e_shnum);
    assert_true(image_section(&o.image, ".text", &(Addr){0}, &(Bytes){0}));
    close_elf(&o);
}

/* `strip -K name` leaves a .symtab that says nothing of the rest. */
static void kept_symbols_are_no_symtab(void **state)
{
    (void)state;
    for (int locals = 0; locals < 2; locals++) {
        Elf e;
        Buf symbols = {.n = 0};
        sample(&e);
        buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
        buf_symbol(&symbols, 0, locals ? STB_LOCAL : STB_GLOBAL, STT_FUNC, 1, 0x1020, 4);
        unsigned i = elf_section(&e, ".symtab", SHT_SYMTAB, 0, symbols.p, symbols.n);
        e.sh[i].sh_info = locals ? 2 : 1;
        Opened o = open_elf(&e);
        assert_int_equal(o.image.has_symtab, locals);
        close_elf(&o);
    }
}

/* What is wrong with a file is said in a line that follows its name. */
static void refusals_say_why(void **state)
{
    (void)state;
    static const struct {
        size_t off;
        uint64_t value;
        size_t size;
        const char *what;
    } rows[] = {
        {0, 0x7e, 1, "is not an ELF file"},
        {EI_CLASS, 1, 1, "is a 32-bit ELF file"},
        {EI_CLASS, 9, 1, "unknown ELF class (9)"},
        {EI_DATA, 2, 1, "is a big-endian ELF file"},
        {EI_DATA, 0, 1, "unknown ELF byte order"},
        {offsetof(Elf64_Ehdr, e_machine), EM_AARCH64, 2, "is an AArch64 ELF file"},
        {offsetof(Elf64_Ehdr, e_machine), 0x1234, 2, "machine 4660"},
        {offsetof(Elf64_Ehdr, e_type), ET_REL, 2, "is an object file (ET_REL)"},
        {offsetof(Elf64_Ehdr, e_type), ET_CORE, 2, "is a core file"},
        {offsetof(Elf64_Ehdr, e_type), 0xfe00, 2, "neither a program nor"},
        {offsetof(Elf64_Ehdr, e_phnum), 0, 2, "has no program headers"},
        {offsetof(Elf64_Ehdr, e_phnum), 0xffff, 2, "has 65535 program headers"},
        {offsetof(Elf64_Ehdr, e_phentsize), 55, 2, "of 55 bytes"},
        {offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 8, 8, "is truncated: the program headers"},
        {offsetof(Elf64_Ehdr, e_phoff), 1 << 20, 8, "is truncated: the program headers"},
        {64 + offsetof(Elf64_Phdr, p_filesz), 1000, 8, "larger in the file than in memory"},
        {64 + offsetof(Elf64_Phdr, p_memsz), UINT64_MAX, 8, "beyond the address space"},
        {64 + offsetof(Elf64_Phdr, p_offset), UINT64_MAX - 3, 8, "is truncated: a segment's bytes"},
        {64 + offsetof(Elf64_Phdr, p_offset), 1 << 20, 8, "is truncated: a segment's bytes"},
        {64 + offsetof(Elf64_Phdr, p_vaddr), 0x1001, 8, "two segments overlap at address 0x1001"},
        {64 + 56 + offsetof(Elf64_Phdr, p_flags), PF_R, 4, "no executable segment"},
        {64 + 56 + offsetof(Elf64_Phdr, p_memsz), 0, 8, "no executable segment"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Elf e;
        sample(&e);
        Opened o = open_elf(&e);
        assert_true(o.ok);
        memcpy((uint8_t *)(uintptr_t)o.file.p + rows[i].off, &rows[i].value, rows[i].size);
        assert_false(image_open(&o.image, o.file, &o.arena, &o.diag));
        if (!strstr(o.diag.what, rows[i].what))
            fail_msg("row %zu: \"%s\" should say \"%s\"", i, o.diag.what, rows[i].what);
        close_elf(&o);
    }
}

static void short_files_are_refused(void **state)
{
    (void)state;
    Elf e;
    sample(&e);
    e.eh.e_shoff = 0;
    Opened o = open_elf(&e);
    size_t end = 0; /* of the last segment's bytes */
    for (size_t i = 0; i < o.image.nloads; i++)
        end = o.image.loads[i].off.v + o.image.loads[i].filesz > end
                  ? (size_t)(o.image.loads[i].off.v + o.image.loads[i].filesz)
                  : end;
    for (size_t n = 0; n < end; n++) {
        uint8_t *p = malloc(n + !n);
        memcpy(p, o.file.p, n);
        Diag diag = {0};
        assert_false(image_open(&o.image, (Bytes){p, n}, &o.arena, &diag));
        assert_non_null(strstr(diag.what, n == 0 ? "is empty" : n < 4 ? "is not an ELF file" : "is truncated"));
        free(p);
    }
    close_elf(&o);
}

/* Section headers are a help only: none of their fields refuses the file. */
static void false_sections_are_ignored(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, 0xffff, 0x7fffffff, UINT32_MAX, INT64_MAX, UINT64_MAX - 7, UINT64_MAX};
    Elf e;
    sample(&e);
    Opened o = open_elf(&e);
    size_t table = e.eh.e_shnum * sizeof(Elf64_Shdr);
    uint8_t *p = (uint8_t *)(uintptr_t)o.file.p, *save = malloc(o.file.n);
    memcpy(save, p, o.file.n);
    for (size_t v = 0; v < COUNT(values); v++) {
        static const size_t fields[][2] = {{offsetof(Elf64_Ehdr, e_shoff), 8},
                                           {offsetof(Elf64_Ehdr, e_shentsize), 2},
                                           {offsetof(Elf64_Ehdr, e_shnum), 2},
                                           {offsetof(Elf64_Ehdr, e_shstrndx), 2}};
        for (size_t f = 0; f < COUNT(fields) + table / 8; f++) {
            bool header = f < COUNT(fields);
            size_t at = header ? fields[f][0] : e.eh.e_shoff + 8 * (f - COUNT(fields));
            memcpy(p + at, &values[v], header ? fields[f][1] : 8);
            assert_true(image_open(&o.image, o.file, &o.arena, &o.diag));
            image_section(&o.image, ".text", &(Addr){0}, &(Bytes){0});
            memcpy(p, save, o.file.n);
        }
    }
    free(save);
    close_elf(&o);
}

static void damaged_notes_give_no_build_id(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        {"", 0},
        {"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0short", 21},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\3\0\0\0GNU\0AAAA", 20},
        {"\4\0\0\0\4\0\0\0\4\0\0\0GNU\0AAAA", 20},
        {"\4\0\0\0\4\0\0\0\3\0\0\0Go\0\0AAAA", 20},
        {"\4\0\0\0\0\0\0\0\3\0\0\0GNU\0", 16},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Elf e;
        elf_begin(&e, ET_EXEC);
        elf_load(&e, PF_X, 0x1000, "\xc3", 1);
        elf_header(&e, PT_NOTE, PF_R, 0, elf_put(&e, rows[i].bytes, rows[i].n), rows[i].n);
        Opened o = open_elf(&e);
        assert_true(o.ok);
        assert_int_equal(o.image.build_id.n, 0);
        close_elf(&o);
    }
}

/* More notes than are looked at: what is in them, or comes after them, is not found. */
static void notes_without_end(void **state)
{
    enum { ROOM = 1 << 21, LESS = 1 << 19 };
    (void)state;
    for (unsigned many = 0; many < 2; many++) {
        Elf e;
        sample(&e);
        for (unsigned i = 0; i < e.eh.e_phnum; i++)
            if (e.ph[i].p_type == PT_NOTE)
                e.ph[i].p_type = PT_NULL;
        elf_header(&e, PT_NOTE, PF_R, 0, ELF_ROOM, many ? ROOM - sizeof note : LESS);
        elf_header(&e, PT_NOTE, PF_R, 0, ELF_ROOM + ROOM - sizeof note, sizeof note - 1);
        Bytes head = elf_end(&e);
        uint8_t *file = calloc(1, ELF_ROOM + ROOM); /* notes without names, and without anything in them */
        assert_non_null(file);
        memcpy(file, head.p, head.n);
        memcpy(file + ELF_ROOM + ROOM - sizeof note, note, sizeof note - 1);
        free((void *)(uintptr_t)head.p);
        Image image;
        Arena arena = {0};
        assert_true(image_open(&image, (Bytes){file, ELF_ROOM + ROOM}, &arena, &(Diag){0}));
        assert_int_equal(image.build_id.n, many ? 0 : 20);
        arena_free(&arena);
        free(file);
    }
}

/* The build id is found behind other notes, whose parts are padded to 4, or to 8 where p_align says so. */
static void build_id_behind_other_notes(void **state)
{
    (void)state;
    for (size_t align = 4; align <= 8; align += 4) {
        Elf e;
        Buf b = {.n = 0};
        buf_put(&b, "\3\0\0\0\5\0\0\0\1\0\0\0Go\0", 15);
        buf_align(&b, align);
        buf_put(&b, "12345", 5);
        buf_align(&b, align);
        buf_put(&b, note, 16);
        buf_put(&b, note + 16, 20);
        elf_begin(&e, ET_EXEC);
        elf_load(&e, PF_X, 0x1000, "\xc3", 1);
        elf_header(&e, PT_NOTE, PF_R, 0, elf_put(&e, b.p, b.n), b.n)->p_align = align;
        Opened o = open_elf(&e);
        assert_int_equal(o.image.build_id.n, 20);
        assert_memory_equal(o.image.build_id.p, "ABCDE", 5);
        close_elf(&o);
    }
}

static void memory_can_run_out(void **state)
{
    (void)state;
    Elf e;
    sample(&e);
    Opened o = open_elf(&e);
    Arena none = {.limit = 1};
    assert_false(image_open(&o.image, o.file, &none, &o.diag));
    assert_string_equal(o.diag.what, "out of memory");
    arena_free(&none);
    close_elf(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_a_sane_file),
        cmocka_unit_test(addresses_and_offsets),
        cmocka_unit_test(offsets_of_two_segments),
        cmocka_unit_test(sections_by_name),
        cmocka_unit_test(sections_counted_in_section_zero),
        cmocka_unit_test(kept_symbols_are_no_symtab),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(short_files_are_refused),
        cmocka_unit_test(false_sections_are_ignored),
        cmocka_unit_test(damaged_notes_give_no_build_id),
        cmocka_unit_test(build_id_behind_other_notes),
        cmocka_unit_test(notes_without_end),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
