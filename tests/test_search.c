/* tests/test_search.c - the walk over made functions: progress, limits, names, warnings, scores, and memory that is used up. */
#include "analysis/rows.h"
#include "analysis/search.h"
#include "analysis/worker.h"
#include "tests/elf_builder.h"
#include "tests/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(a)  (a), sizeof(a) - 1
enum { CODE = 0x1000, STRIDE = 0x20, FUNCTIONS = 40 };

typedef struct Made {
    Bytes file;
    Program program;
    FunctionRow rows[FUNCTIONS];
    Arena arena;
    SearchResult found;
    Diag diag;
} Made;

/* A program of this code, of which nothing is known yet. */
static void made_open(Made *m, uint32_t flags, const void *code, size_t n)
{
    static Elf elf;
    *m = (Made){.diag = {0}};
    elf_begin(&elf, ET_DYN);
    elf_load(&elf, flags, CODE, code, n);
    m->file = elf_end(&elf);
    assert_true(program_open(&m->program, m->file, &m->diag));
    m->program.known = m->program.functions = (Functions){m->rows, 0};
}

static void made_known(Made *m, Addr start, Addr end, unsigned by)
{
    m->rows[m->program.functions.n++] = row_make(start, end, by);
    m->program.known = m->program.functions;
}

static bool made_search(Made *m, const Query *query)
{
    return search_run(&m->found, &m->program, query, &m->arena, NULL, NULL, &m->diag);
}

static void made_close(Made *m)
{
    arena_free(&m->arena);
    program_close(&m->program);
    free((void *)(uintptr_t)m->file.p);
}

/* FUNCTIONS times cmp $30000+i,%edi; je. */
static void made_many(Made *m)
{
    static uint8_t code[STRIDE * FUNCTIONS];
    memset(code, 0x90, sizeof code);
    for (uint32_t i = 0; i < FUNCTIONS; i++) {
        uint32_t k = 30000 + i;
        memcpy(code + (size_t)STRIDE * i, "\x81\xff????\x74\x01\x90\xc3", 10);
        memcpy(code + (size_t)STRIDE * i + 2, &k, sizeof k);
    }
    made_open(m, PF_R | PF_X, code, sizeof code);
    for (Addr i = 0; i < FUNCTIONS; i++)
        made_known(m, CODE + STRIDE * i, CODE + STRIDE * i + 10, FOUND_SYMTAB);
}

/* ---- progress ---- */

typedef struct Seen {
    size_t calls, last;
} Seen;

static void progress(void *context, size_t done, size_t total)
{
    Seen *s = context;
    assert_true(done < total && total <= FUNCTIONS && (s->calls == 0 || done > s->last));
    s->calls++;
    s->last = done;
}

/* Told before each function that the caller's thread analyses: with one thread all of them; while functions are only glanced at, nothing. */
static void progress_is_told(void **state)
{
    static const int64_t constant = 30007;
    static const Query queries[] = {
        {.weakest = PROOF_PARTIAL, .jobs = 1},
        {.weakest = PROOF_PARTIAL, .jobs = 1, .limit = 4},
        {.weakest = PROOF_PARTIAL, .jobs = 3, .limit = 4},
        {.weakest = PROOF_PARTIAL, .jobs = 1, .limit = 4, .constants = &constant, .nconstants = 1}};
    (void)state;
    for (size_t i = 0; i < COUNT(queries); i++) {
        Made m;
        Seen seen = {0};
        made_many(&m);
        assert_true(search_run(&m.found, &m.program, &queries[i], &m.arena, progress, &seen, &m.diag));
        assert_int_equal(m.found.nvariables, queries[i].nconstants ? 1 : queries[i].limit ? 4 : FUNCTIONS);
        if (queries[i].jobs == 1)
            assert_int_equal(seen.calls, m.found.stats.analyzed);
        made_close(&m);
    }
}

/* ---- names ---- */

/* An address of the PLT is no function's. */
static void stubs_are_no_functions(void **state)
{
    static const char code[] = "\xff\x35\xfa\x3f\0\0\xff\x25\xfc\x3f\0\0\x0f\x1f\x40\0" /* push; jmp *GOT */
                               "\x81\xff\x30\x75\0\0\x74\x01\x90\xc3";
    static const Str stub = {"0x1000", 6}, function = {"0x1010", 6};
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1, .functions = &stub, .nfunctions = 1};
    Made m;
    (void)state;
    made_open(&m, PF_R | PF_X, code, sizeof code - 1);
    made_known(&m, CODE, CODE + 0x10, FOUND_EH_FRAME);
    made_known(&m, CODE + 0x10, CODE + 0x1a, FOUND_EH_FRAME);
    assert_false(made_search(&m, &query));
    assert_non_null(strstr(m.diag.what, "no function named 0x1000"));
    query.functions = &function;
    assert_true(made_search(&m, &query));
    assert_int_equal(m.found.nvariables, 1);
    made_close(&m);
}

/* ---- limits ---- */

/* Twice incl far below the stack pointer, where no probe may read; mov from there; cmp $30000,%eax; je; and then a compare of %edi: what
 * is found but can't be told is none of those that a limit counts. */
static void what_cannot_be_told(void **state)
{
    static const char code[] = "\xff\x84\x24\x38\xff\xff\xff\x8b\x84\x24\x38\xff\xff\xff\x3d\x30\x75\0\0\x74\0"
                               "\xff\x84\x24\xd4\xfe\xff\xff\x8b\x84\x24\xd4\xfe\xff\xff\x3d\x30\x75\0\0\x74\0"
                               "\x81\xff\x30\x75\0\0\x74\0\xc3";
    (void)state;
    for (size_t limit = 1; limit <= 3; limit++) {
        Made m;
        Query query = {.weakest = PROOF_PARTIAL, .jobs = 1, .limit = limit};
        made_open(&m, PF_R | PF_X, code, sizeof code - 1);
        made_known(&m, CODE, CODE + sizeof code - 1, FOUND_SYMTAB);
        assert_true(made_search(&m, &query));
        assert_int_equal(m.found.nfound, 3);
        assert_int_equal(m.found.nvariables, 1);
        assert_int_equal(m.found.variables[0].sites[0].location.reg, REG_RDI);
        made_close(&m);
    }
}

/* ---- warnings ---- */

/* A segment that is written and executed, and the function that begins it, which does not decode: by their texts. */
static void warnings_of_one_place(void **state)
{
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1};
    Made m;
    (void)state;
    made_open(&m, PF_R | PF_W | PF_X, TEXT("\x06\x90\xc3"));
    made_known(&m, CODE, CODE + 3, FOUND_SYMTAB);
    fault_set(0, false);
    assert_true(made_search(&m, &query));
    uint64_t count = fault.count;
    assert_int_equal(m.found.nwarnings, 2);
    assert_true(m.found.warnings[0].pc == CODE && m.found.warnings[1].pc == CODE);
    assert_true(strcmp(m.found.warnings[0].text, m.found.warnings[1].text) < 0);
    for (uint64_t at = 1; at <= count; at++) { /* none of them is lost but by an error, or for another warning */
        fault_set(at, false);
        if (made_search(&m, &query))
            assert_int_equal(m.found.nwarnings, 2);
        else
            assert_non_null(strstr(m.diag.what, "memory"));
    }
    fault_set(0, false);
    made_close(&m);
}

/* A name is looked up, or there is an error, or a warning of the function. */
static void names_without_memory(void **state)
{
    static const Str name = {"f", 1};
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1, .functions = &name, .nfunctions = 1};
    Bytes file = elf_of_function(CODE, TEXT("\x81\xff\x30\x75\0\0\x74\x01\x90\xc3"));
    Program program;
    SearchResult found;
    Arena arena = {0};
    Diag diag = {0};
    (void)state;
    assert_true(program_open(&program, file, &diag));
    fault_set(0, false);
    assert_true(search_run(&found, &program, &query, &arena, NULL, NULL, &diag));
    uint64_t count = fault.count;
    assert_int_equal(found.nvariables, 1);
    for (uint64_t at = 1; at <= count; at++) {
        fault_set(at, true);
        if (search_run(&found, &program, &query, &arena, NULL, NULL, &diag))
            assert_true(found.nvariables == 1 || found.nwarnings > 0);
        else
            assert_non_null(strstr(diag.what, "memory"));
    }
    fault_set(0, false);
    arena_free(&arena);
    program_close(&program);
    free((void *)(uintptr_t)file.p);
}

/* A limit below which most of the FUNCTIONS variables fall: there is an error, or what is told is found where it is compared. */
static void limits_without_memory(void **state)
{
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1, .limit = 2};
    Made m;
    unsigned errors = 0;
    (void)state;
    made_many(&m);
    fault_set(0, false);
    assert_true(made_search(&m, &query));
    assert_int_equal(m.found.nvariables, 2);
    uint64_t count = fault.count;
    for (uint64_t at = 1; at <= count; at++) {
        fault_set(at, false);
        bool ok = made_search(&m, &query);
        fault_set(0, false);
        errors += !ok;
        if (!ok)
            assert_non_null(strstr(m.diag.what, "memory"));
        assert_true(!ok || m.found.nvariables == 2); /* there are enough others for one that is lost */
        for (size_t i = 0; ok && i < m.found.nvariables; i++) {
            const Site *site = &m.found.variables[i].sites[0];
            assert_int_equal(site->constant, 30000 + (int64_t)(site->pc - CODE) / STRIDE);
            assert_int_equal(site->location.reg, REG_RDI);
        }
    }
    assert_true(errors > 0);
    made_close(&m);
}

/* One value is asked for so often that the time is used up: that is said, or that memory is. */
static void warning_without_memory(void **state)
{
    enum { COMPARES = 700, LOAD = 2, COMPARE = 8, WARNING = 3 };
    static uint8_t code[LOAD + COMPARE * COMPARES + 1] = "\x8b\x07"; /* mov (%rdi),%eax */
    static const Query query = {.weakest = PROOF_PARTIAL, .jobs = 1};
    Made m;
    uint64_t count = 0;
    (void)state;
    for (uint32_t i = 0; i < COMPARES; i++) { /* cmp $1000+i,%eax; sete %cl */
        uint8_t *p = code + LOAD + COMPARE * i;
        memcpy(p, "\x3d????\x0f\x94\xc1", COMPARE);
        memcpy(p + 1, &(uint32_t){1000 + i}, 4);
    }
    code[sizeof code - 1] = 0xc3;
    made_open(&m, PF_R | PF_X, code, sizeof code);
    m.program.share = 1;
    const Function function = {.start = CODE, .end = CODE + sizeof code, .found_by = FOUND_SYMTAB};
    for (uint64_t back = 0; back <= WARNING; back++) {
        Worker w;
        worker_open(&w, &m.program, &query);
        fault_set(back ? count + 1 - back : 0, false);
        assert_int_equal(worker_function(&w, &function), back == 0);
        count = back ? count : fault.count;
        fault_set(0, false);
        if (!back) {
            assert_int_equal(w.nwarnings, 1);
            assert_non_null(strstr(w.warnings[0].text, "budget"));
        }
        worker_close(&w);
    }
    made_close(&m);
}

/* ---- scores ---- */

#define MADE     "\x89\xf8\xc1\xf8\x03"                 /* mov %edi,%eax; sar $3,%eax */
#define COMPARED "\x83\xf8\x05\x74\x01\x90\x31\xc0\xc3" /* cmp $5,%eax; je; nop; xor %eax,%eax; ret */
#define USED     "\x89\xc2"                             /* mov %eax,%edx */
#define NOPS     "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90"

/* The score of the argument, which may be 5 when it was shifted: not that of the shifted value. */
static double argument_score(const char *code, size_t n)
{
    static const int64_t constant = 5;
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1, .constants = &constant, .nconstants = 1};
    double score = 0;
    Made m;
    made_open(&m, PF_R | PF_X, code, n);
    made_known(&m, CODE, CODE + n, FOUND_SYMTAB);
    assert_true(made_search(&m, &query));
    assert_int_equal(m.found.nvariables, 2);
    for (size_t i = 0; i < 2; i++)
        if (m.found.variables[i].defs[0].kind == DEF_ARGUMENT)
            score = m.found.variables[i].score;
    made_close(&m);
    return score;
}

/* Where what was made of the variable is used elsewhere, it may be that which the source compares. It is looked for close by only, and in
 * the code before. */
static void what_was_made_of_it(void **state)
{
    double unused = argument_score(TEXT(MADE "\x90\x90" COMPARED)), used = argument_score(TEXT(MADE USED COMPARED));
    (void)state;
    assert_true(used > 0 && used < unused);
    assert_true(argument_score(TEXT(MADE NOPS NOPS COMPARED)) > used);
    assert_true(argument_score(TEXT(MADE USED NOPS NOPS COMPARED)) > used);
    assert_true(argument_score(TEXT("\xeb\x09" COMPARED MADE "\xeb\xf0")) > used);
}

/* Variables of one score, length and place stay in the order they were found in. */
static void order_is_kept(void **state)
{
    enum { MANY = 40 };
    static const Function function = {.start = CODE};
    static Site site = {.pc = CODE + 4};
    Variable items[MANY];
    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        items[i] = (Variable){.function = &function, .sites = &site, .nsites = 1, .width = (uint16_t)i};
    items[MANY - 1].score = 0.5;
    fault_set(1, false);
    assert_false(variables_sort(items, MANY));
    fault_set(0, false);
    assert_true(variables_sort(items, MANY));
    assert_int_equal(items[0].width, MANY - 1);
    for (unsigned i = 1; i < MANY; i++)
        assert_int_equal(items[i].width, i - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_is_told),       cmocka_unit_test(stubs_are_no_functions),
        cmocka_unit_test(what_cannot_be_told),    cmocka_unit_test(warnings_of_one_place),
        cmocka_unit_test(names_without_memory),   cmocka_unit_test(limits_without_memory),
        cmocka_unit_test(warning_without_memory), cmocka_unit_test(order_is_kept),
        cmocka_unit_test(what_was_made_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
