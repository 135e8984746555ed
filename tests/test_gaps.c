/* tests/test_gaps.c - functions in gaps between known ones: what leads there, what is taken for a function, and where that ends. */
#include "analysis/gaps.h"
#include "analysis/program.h"
#include "tests/elf_builder.h"
#include "tests/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
/* KNOWN bytes at CODE are a known function, what is behind it a gap; all of FAR's is known; NOTHING and UNSET have no bytes in the file. */
enum {
    CODE = 0x1000,
    KNOWN = 0x40,
    FAR = 0x800000,
    DATA = 0x900000,
    NOTHING = 0xa00000,
    UNSET = 0xb00000,
    FAR_BYTES = 32
};

typedef struct Gapped {
    uint8_t *file;
    FunctionRow known[2];
    Program program;
    Arena arena;
    RowList rows, leads, found;
} Gapped;

/* A program of n bytes at CODE; two words at DATA; `next` bytes of ret right behind the code are a segment of their own. */
static Gapped *gapped_open(uint16_t type, const uint8_t *code, size_t n, const uint64_t *words, size_t next)
{
    static Elf elf;
    uint64_t off = ELF_ROOM, size = off + n + FAR_BYTES + 16 + next;
    Gapped *g = test_calloc(1, sizeof *g);
    elf_begin(&elf, type);
    elf_header(&elf, PT_LOAD, PF_R | PF_X, CODE, off, n);
    if (next)
        elf_header(&elf, PT_LOAD, PF_R | PF_X, CODE + n, off + n + FAR_BYTES + 16, next);
    elf_header(&elf, PT_LOAD, PF_R | PF_X, FAR, off + n, FAR_BYTES);
    elf_header(&elf, PT_LOAD, PF_R | PF_W, DATA, off + n + FAR_BYTES, 16);
    elf_header(&elf, PT_LOAD, PF_R | PF_X, NOTHING, off, 0)->p_memsz = 64;
    elf_header(&elf, PT_LOAD, PF_R | PF_W, UNSET, off, 0)->p_memsz = 64;
    Bytes head = elf_end(&elf);
    g->file = test_malloc(size);
    memset(g->file, 0xc3, size);
    memcpy(g->file, head.p, head.n);
    memcpy(g->file + off, code, n);
    memcpy(g->file + off + n + FAR_BYTES, words, 16);
    free((void *)(uintptr_t)head.p);
    assert_true(program_open(&g->program, (Bytes){g->file, size}, &(Diag){0}));
    g->known[0] = row_make(CODE, CODE + KNOWN, FOUND_SYMTAB);
    g->known[1] = row_make(FAR, FAR + FAR_BYTES, FOUND_SYMTAB);
    g->program.known = g->program.functions = (Functions){g->known, 2};
    g->rows = (RowList){.items = g->known, .n = 2};
    g->leads.arena = g->found.arena = &g->arena;
    return g;
}

static void gapped_close(Gapped *g)
{
    program_close(&g->program);
    arena_free(&g->arena);
    test_free(g->file);
    test_free(g);
}

static const uint64_t no_words[2];

/* Puts an instruction of n bytes that ends with the distance to CODE + to. */
static void put_to(uint8_t *code, size_t at, const char *insn, size_t n, size_t to)
{
    int32_t distance = (int32_t)to - (int32_t)(at + n + 4);
    memcpy(code + at, insn, n);
    memcpy(code + at + n, &distance, 4);
}

/* ---- gaps ---- */

static void edges(void **state)
{
    static const struct {
        Addr addr, start, end; /* end 0: no gap */
    } cases[] = {
        {CODE, 0, 0},
        {CODE + KNOWN - 1, 0, 0},
        {CODE + KNOWN, CODE + KNOWN, CODE + 0x80},
        {CODE + 0x7f, CODE + KNOWN, CODE + 0x80}, /* the next row is in another segment */
        {CODE + 0x80, 0, 0},
        {FAR, 0, 0},
        {DATA, 0, 0},
        {NOTHING, 0, 0},
        {0, 0, 0},
    };
    uint8_t code[0x80] = {0};
    (void)state;
    Gapped *g = gapped_open(ET_DYN, code, sizeof code, no_words, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        Part gap = {0, 0};
        bool is = gap_at(&g->program, &g->rows, cases[i].addr, &gap);
        if (is != (cases[i].end != 0) || (is && (gap.start != cases[i].start || gap.end != cases[i].end)))
            fail_msg("0x%zx: [0x%zx, 0x%zx)", (size_t)cases[i].addr, (size_t)gap.start, (size_t)gap.end);
    }
    gapped_close(g);
}

/* ---- what leads there ---- */

typedef struct Lead {
    Addr to; /* from CODE on */
    unsigned by;
} Lead;

/* The leads are these and no others, in this order. */
static void leads_are(Gapped *g, const Lead *leads, size_t n)
{
    gaps_leads(&g->program, &g->rows, &g->leads);
    assert_false(g->leads.failed);
    assert_int_equal(g->leads.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(g->leads.items[i].start, CODE + leads[i].to);
        assert_int_equal(g->leads.items[i].found_by, leads[i].by);
    }
}

/* A known function; the gap's last byte looks, with zeroes behind it, like the distance to the next segment's gap. */
static void code_of_leads(uint8_t *code, size_t n)
{
    memset(code, 0xc3, n);
    memset(code + 3, 0, 2);
    memcpy(code, "\x4c\0\0", 3); /* the distance to 0x50, but no instruction is before it */
    code[5] = 0x06;              /* decodes to nothing */
    put_to(code, 6, "\xe8", 1, 0x50);
    put_to(code, 11, "\x64\x48\x8d\x05", 4, 0x60); /* lea %fs:.. */
    put_to(code, 19, "\x48\x8d\x05", 3, 0x68);
    put_to(code, 26, "\xe9", 1, 0x70);
    put_to(code, 31, "\xe8", 1, 36); /* call to right behind it: asks where it is */
    code[n - 1] = 0x10;
}

static void leads_of_code(void **state)
{
    static const Lead leads[] = {{0x50, FOUND_CALL}, {0x68, FOUND_POINTER}, {0x70, FOUND_JUMP}};
    uint8_t code[0x80];
    (void)state;
    code_of_leads(code, sizeof code);
    Gapped *g = gapped_open(ET_DYN, code, sizeof code, no_words, 32);
    leads_are(g, leads, COUNT(leads));
    gapped_close(g);
}

/* In a program at a fixed address numbers and words are addresses, too; words only of what is aligned. */
static void leads_of_words(void **state)
{
    static const uint64_t words[2] = {CODE + 0x50, CODE + 0x58};
    static const Lead leads[] = {{0x60, FOUND_POINTER}, {0x50, FOUND_POINTER}};
    uint8_t code[0x80];
    (void)state;
    memset(code, 0xc3, sizeof code);
    memcpy(code, "\xbf\x60\x10\0\0", 5); /* mov $CODE + 0x60, %edi */
    Gapped *g = gapped_open(ET_EXEC, code, sizeof code, words, 0);
    leads_are(g, leads, COUNT(leads));
    gapped_close(g);
}

/* ---- what is followed ---- */

static void follow(Gapped *g, const Lead *leads, size_t n, bool rest)
{
    for (size_t i = 0; i < n; i++)
        rows_add(&g->leads, row_make(CODE + leads[i].to, CODE + leads[i].to, leads[i].by));
    gaps_follow(&g->program, &g->rows, &g->leads, rest, &g->found);
    assert_false(g->found.failed);
}

/* Leads into n bytes of code, and the functions found: where they begin and end, from CODE on. */
static void follow_finds(const uint8_t *code, size_t n, const Lead *leads, size_t nleads, bool rest, const Part *found,
                         size_t nfound)
{
    Gapped *g = gapped_open(ET_DYN, code, n, no_words, 0);
    follow(g, leads, nleads, rest);
    assert_int_equal(g->found.n, nfound);
    for (size_t i = 0; i < nfound; i++) {
        assert_int_equal(g->found.items[i].start, CODE + found[i].start);
        assert_int_equal(row_end(&g->found.items[i]), CODE + found[i].end);
    }
    gapped_close(g);
}

/* What a pointer leads to may jump to where functions begin, and nowhere else. */
static void jumps_astray(void **state)
{
    static const Lead leads[] = {
        {0x40, FOUND_CALL}, {0x50, FOUND_POINTER}, {0x60, FOUND_POINTER}, {0x70, FOUND_POINTER}};
    static const Part found[] = {{0x40, 0x45}, {0x50, 0x55}, {0x70, 0x75}};
    uint8_t code[0x80];
    (void)state;
    memset(code, 0xcc, sizeof code);
    put_to(code, 0x40, "\xe9", 1, 0);
    put_to(code, 0x50, "\xe9", 1, 0x40);
    put_to(code, 0x60, "\xe9", 1, 0x08);
    put_to(code, 0x70, "\xe9", 1, 0);
    follow_finds(code, sizeof code, leads, COUNT(leads), false, found, COUNT(found));
}

/* A call into the middle of a function cuts it; a pointer there does not. */
static void into_the_middle(void **state)
{
    static const Lead leads[] = {{0x40, FOUND_CALL}, {0x51, FOUND_POINTER}, {0x50, FOUND_CALL}};
    static const Part found[] = {{0x40, 0x48}, {0x48, 0x49}, {0x50, 0x57}};
    uint8_t code[0x80];
    (void)state;
    memset(code, 0xcc, sizeof code);
    put_to(code, 0x40, "\xe8", 1, 0x48);
    memcpy(code + 0x45, "\x90\x90\x90\xc3", 4);
    memcpy(code + 0x50, "\x90\xb8\1\2\3\4\xc3", 7);
    follow_finds(code, sizeof code, leads, COUNT(leads), false, found, COUNT(found));
}

/* Right behind a function another may begin, unless the first has a jump that may lead there; behind padding only at a multiple of 16. */
static void remainders(void **state)
{
    static const Lead leads[] = {{0x40, FOUND_CALL}, {0x50, FOUND_CALL}, {0x60, FOUND_CALL}, {0x78, FOUND_CALL}};
    static const Part found[] = {{0x40, 0x46}, {0x46, 0x4c}, {0x50, 0x52}, {0x60, 0x66}, {0x78, 0x79}, {0x80, 0x86}};
    uint8_t code[0x90];
    (void)state;
    memset(code, 0xcc, sizeof code);
    put_to(code, 0x40, "\xff\x25", 2, 0x88); /* jmp *..(%rip) */
    memcpy(code + 0x46, "\xb8\1\2\3\4\xc3", 6);
    memcpy(code + 0x50, "\xff\x27\xb8\1\2\3\4\xc3", 8); /* jmp *(%rdi) */
    memcpy(code + 0x60, "\xb8\1\2\3\4\xc3\xcc\xb8\1\2\3\4\xc3", 13);
    code[0x78] = 0xc3;
    memcpy(code + 0x80, "\xb8\1\2\3\4\xc3", 6);
    follow_finds(code, sizeof code, leads, COUNT(leads), true, found, COUNT(found));
}

/* ---- an end to it ---- */

/* Does one of the functions found begin at CODE + at? */
static bool finds(const Gapped *g, size_t at)
{
    size_t i = rows_after(g->found.items, g->found.n, CODE + at);
    return i < g->found.n && g->found.items[i].start == CODE + at;
}

enum { LINKS = 70, LINK = 16 };

/* Functions of LINK bytes from `at` on, each of which calls the next, and when `middle`, another place in what begins at KNOWN. */
static void put_links(uint8_t *code, size_t at, bool middle)
{
    for (size_t i = 0; i < LINKS; i++) {
        put_to(code, at + i * LINK, "\xe8", 1, i + 1 < LINKS ? at + (i + 1) * LINK : at);
        put_to(code, at + i * LINK + 5, "\xe8", 1, middle ? KNOWN + 1 + i : at);
        code[at + i * LINK + 10] = 0xc3;
    }
}

/* A chain of calls is followed for so many rounds. */
static void long_chain(void **state)
{
    static uint8_t code[KNOWN + LINKS * LINK];
    static const Lead lead = {KNOWN, FOUND_CALL};
    (void)state;
    put_links(code, KNOWN, false);
    Gapped *g = gapped_open(ET_DYN, code, sizeof code, no_words, 0);
    follow(g, &lead, 1, false);
    assert_true(finds(g, KNOWN + 63 * LINK));
    assert_false(finds(g, KNOWN + 64 * LINK));
    gapped_close(g);
}

/* Each link leads to another middle of one long function, the rest of which is decoded again: until that was eight times the code. */
static void much_code(void **state)
{
    enum { LONG = 1 << 16, CHAIN = KNOWN + LONG };
    static uint8_t code[CHAIN + LINKS * LINK];
    static const Lead leads[] = {{KNOWN, FOUND_CALL}, {CHAIN, FOUND_CALL}};
    (void)state;
    memset(code, 0x90, sizeof code);
    code[CHAIN - 1] = 0xc3;
    put_links(code, CHAIN, true);
    Gapped *g = gapped_open(ET_DYN, code, sizeof code, no_words, 0);
    follow(g, leads, 2, false);
    assert_true(finds(g, CHAIN + 7 * LINK));
    assert_false(finds(g, CHAIN + 9 * LINK));
    gapped_close(g);
}

/* ---- memory ---- */

/* Finds what lies in the gaps, with allocation number `at` failing (0: none); gives how many functions these are, SIZE_MAX when that
 * is not known for want of memory. */
static size_t found_without(const Program *program, uint64_t at, uint64_t *count)
{
    Functions all = {NULL, 0};
    Gaps *gaps = gaps_open();
    assert_non_null(gaps);
    fault_set(at, false);
    bool found = gaps_rows(gaps, program, &all);
    *count = fault.count;
    fault_set(0, false);
    gaps_close(gaps);
    return found ? all.n : SIZE_MAX;
}

/* Each allocation fails in turn: then that is said. */
static void no_memory(void **state)
{
    uint8_t code[0x80];
    uint64_t count, now;
    (void)state;
    code_of_leads(code, sizeof code);
    Gapped *g = gapped_open(ET_DYN, code, sizeof code, no_words, 0);
    size_t all = found_without(&g->program, 0, &count);
    assert_int_not_equal(all, SIZE_MAX);
    for (uint64_t at = 1; at <= count; at++)
        assert_int_equal(found_without(&g->program, at, &now), SIZE_MAX);
    gapped_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges),        cmocka_unit_test(leads_of_code),   cmocka_unit_test(leads_of_words),
        cmocka_unit_test(jumps_astray), cmocka_unit_test(into_the_middle), cmocka_unit_test(remainders),
        cmocka_unit_test(long_chain),   cmocka_unit_test(much_code),       cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
