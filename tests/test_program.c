/* tests/test_program.c - what a program's tables and code say of its functions: parts that were cut from others, BOLT's sections, names. */
#include "analysis/program.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(a)  (a), sizeof(a) - 1
enum { CODE = 0x1000, COLD = CODE + 0x14, NAMED = CODE + 0x20, CODE_BYTES = 0x30, FRAME = 0x20000 };

typedef struct Opened {
    Elf elf;
    Bytes file;
    Program program;
} Opened;

/* An FDE of the CIE at the frame's start, whose CFI begins as at a function's entry. */
static void fde_put(Buf *frame, Addr start, uint64_t size)
{
    Addr id = FRAME + frame->n + 4;
    buf_u32(frame, 16);
    buf_u32(frame, id - FRAME);
    buf_u32(frame, start - (id + 4));
    buf_u32(frame, size);
    buf_u32(frame, 0); /* no augmentation data; nops */
}

static unsigned section_at(Elf *elf, const char *name, Addr addr, uint64_t off, size_t n)
{
    unsigned i = elf_section(elf, name, SHT_PROGBITS, addr, NULL, 0);
    elf->sh[i].sh_offset = off;
    elf->sh[i].sh_size = n;
    return i;
}

/* nop sleds that end in ret: FDEs tell of the one at CODE and of one at COLD that begins with these bytes, a symbol of the one at NAMED. */
static Opened *opened_begin(const char *cold, size_t n)
{
    Opened *o = calloc(1, sizeof *o);
    uint8_t code[CODE_BYTES];
    Buf frame = {.n = 0}, symbols = {.n = 0};
    assert_non_null(o);
    memset(code, 0x90, sizeof code);
    code[COLD - CODE - 5] = code[NAMED - CODE - 1] = code[CODE_BYTES - 1] = 0xc3;
    memcpy(code + (COLD - CODE), cold, n);
    buf_put(&frame, "\x14\0\0\0\0\0\0\0\x01zR\0\x01\x78\x10\x01\x1b\x0c\x07\x08\x90\x01\0\0", 24);
    fde_put(&frame, CODE, COLD - CODE - 4);
    fde_put(&frame, COLD, NAMED - COLD);
    elf_begin(&o->elf, ET_EXEC);
    elf_load(&o->elf, PF_R | PF_X, CODE, code, sizeof code);
    elf_load(&o->elf, PF_R, FRAME, frame.p, frame.n);
    section_at(&o->elf, ".eh_frame", FRAME, o->elf.ph[1].p_offset, frame.n);
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    buf_symbol(&symbols, 1, STB_GLOBAL, STT_FUNC, 1, NAMED, CODE + CODE_BYTES - NAMED);
    unsigned table = elf_section(&o->elf, ".symtab", SHT_SYMTAB, 0, symbols.p, symbols.n);
    o->elf.sh[table].sh_entsize = sizeof(Elf64_Sym);
    o->elf.sh[table].sh_link = elf_section(&o->elf, ".strtab", SHT_STRTAB, 0, TEXT("\0_ZN1a1bEv\0"));
    return o;
}

static void opened_finish(Opened *o)
{
    o->file = elf_end(&o->elf);
    assert_true(program_open(&o->program, o->file, &(Diag){0}));
}

static void opened_close(Opened *o)
{
    program_close(&o->program);
    free((void *)(uintptr_t)o->file.p);
    free(o);
}

/* It is a part where it jumps into the middle of what an FDE tells of, or only runs into a trap. */
static void cold_code(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        bool part;
    } cases[] = {
        {"jmp into the middle of another", TEXT("\x83\xc0\x01\xeb\xe9"), true},
        {"je into the middle of another", TEXT("\x83\xc0\x01\x74\xe9"), true},
        {"jmp to another", TEXT("\x83\xc0\x01\xeb\xe7"), false},
        {"jmp into the middle of what only a symbol tells of", TEXT("\x83\xc0\x01\xeb\x0b"), false},
        {"jmp to where nothing is", TEXT("\x83\xc0\x01\xeb\xf8"), false},
        {"jmp within itself", TEXT("\x83\xc0\x01\xeb\xfc"), false},
        {"ud2", TEXT("\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x0f\x0b"), true},
        {"ret", TEXT("\xc3"), false},
        {"no instruction", TEXT("\x90\x06\x0f\x0b"), false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Function f;
        Opened *o = opened_begin(cases[i].code, cases[i].n);
        opened_finish(o);
        assert_true(program_function_at(&o->program, COLD, &f));
        if (f.fragment != cases[i].part)
            fail_msg("%s: %d", cases[i].what, f.fragment);
        assert_true(program_function_at(&o->program, CODE, &f) && !f.fragment);
        opened_close(o);
    }
}

static void part_is(Part part, Addr start, Addr end)
{
    assert_int_equal(part.start, start);
    assert_int_equal(part.end, end);
}

/* What BOLT leaves is told by a section's name, if that lies in memory; parts lie from .text.cold to the end of its segment. */
static void bolted(void **state)
{
    enum { NOWHERE = 0x70000, OUTSIDE = 1, UNCUT = 2, LEFT_OUT = 3 };
    (void)state;
    for (unsigned odd = 0; odd <= LEFT_OUT; odd++) {
        Function f;
        Opened *o = opened_begin("\x90", 1);
        uint64_t off = o->elf.ph[0].p_offset;
        section_at(&o->elf, ".bolt.org.text", odd == LEFT_OUT ? 0 : NAMED, off + NAMED - CODE, 0x10);
        section_at(&o->elf, ".text", CODE, off, 0x10);
        if (odd != UNCUT)
            section_at(&o->elf, ".text.cold", odd == OUTSIDE ? NOWHERE : COLD, off + COLD - CODE, 4);
        opened_finish(o);
        bool here = odd == 0, any = odd != LEFT_OUT;
        part_is(o->program.left, any ? NAMED : 0, any ? NAMED + 0x10 : 0);
        part_is(o->program.hot, any ? CODE : 0, any ? CODE + 0x10 : 0);
        part_is(o->program.cold,
                here             ? COLD
                : odd == OUTSIDE ? NOWHERE
                                 : 0,
                here             ? CODE + CODE_BYTES
                : odd == OUTSIDE ? NOWHERE + 4
                                 : 0);
        assert_true(program_function_at(&o->program, COLD, &f));
        assert_int_equal(f.fragment, here);
        opened_close(o);
    }
}

static void names_and_instructions(void **state)
{
    Function f;
    Insn insn;
    (void)state;
    Opened *o = opened_begin("\x90\x06", 2);
    opened_finish(o);
    assert_true(program_function_at(&o->program, NAMED, &f));
    Str name = program_demangled(&o->program, &f);
    assert_true(str_eq(name, (Str){"a::b()", 6}));
    f.demangled = (Str){"x", 1}; /* as it was found before */
    assert_true(str_eq(program_demangled(&o->program, &f), f.demangled));
    assert_true(program_function_at(&o->program, CODE, &f));
    assert_null(program_demangled(&o->program, &f).p);
    assert_true(program_insn(&o->program, COLD, &insn) && insn.len == 1);
    assert_false(program_insn(&o->program, COLD + 1, &insn));
    assert_false(program_insn(&o->program, FRAME, &insn)); /* no code */
    assert_false(program_insn(&o->program, 0x70000, &insn));
    opened_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cold_code),
        cmocka_unit_test(bolted),
        cmocka_unit_test(names_and_instructions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
