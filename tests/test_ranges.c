/* tests/test_ranges.c - how the place of a variable is named: by which frame register, segment or slot; how many defs there may be; by which
 * branch it is read; and what jumps leave of a proof. */
#include "analysis/search.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(a)  (a), sizeof(a) - 1
enum { CODE = 0x1000 };

typedef struct Searched {
    Bytes file;
    Program program;
    Arena arena;
    SearchResult found;
} Searched;

/* All variables of a program of one function. */
static void searched_open(Searched *s, const void *code, size_t n)
{
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1};
    *s = (Searched){.file = elf_of_function(CODE, code, n)};
    assert_true(program_open(&s->program, s->file, &(Diag){0}));
    assert_true(search_run(&s->found, &s->program, &query, &s->arena, NULL, NULL, &(Diag){0}));
}

static void searched_close(Searched *s)
{
    arena_free(&s->arena);
    program_close(&s->program);
    free((void *)(uintptr_t)s->file.p);
}

#define FRAME_SLOT "\x48\x83\xec\x10\x89\x3c\x24\x31\xff\x81\x3c\x24\x30\x75\0\0\x74\x01\x90\x48\x83\xc4\x10"
#define JE_RET     "\x74\x01\x90\xc3"
#define CMP_EAX    "\x3d\x30\x75\0\0"
#define ADD_8      "\xff\xc6\xff\xc6\xff\xc6\xff\xc6\xff\xc6\xff\xc6\xff\xc6\xff\xc6"

static void names(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        Location at; /* of the compare with 30000 */
    } cases[] = {
        {"rbp is the frame pointer",
         TEXT("\x55\x48\x89\xe5" FRAME_SLOT "\x5d\xc3"),
         {.kind = LOCATION_STACK, .reg = REG_RBP, .disp = -16}},
        {"rbp is the address of something else",
         TEXT("\x53\x55\x48\x89\xe5" FRAME_SLOT "\x5d\x5b\xc3"),
         {.kind = LOCATION_STACK, .reg = REG_RSP, .disp = 0}},
        {"rbp is aligned",
         TEXT("\x55\x48\x83\xe4\xe0\x48\x89\xe5" FRAME_SLOT "\xc3"),
         {.kind = LOCATION_STACK, .reg = REG_RSP, .disp = 0}},
        {"there is no rbp", TEXT(FRAME_SLOT "\xc3"), {.kind = LOCATION_STACK, .reg = REG_RSP, .disp = 0}},
        {"cmpl $30000,%gs:40(%rdi)",
         TEXT("\x65\x81\x7f\x28\x30\x75\0\0" JE_RET),
         {.kind = LOCATION_MEMORY, .reg = REG_RDI, .disp = 40, .segment = REG_GS}},
        {"cmpl $30000,%fs:40(%rdi)",
         TEXT("\x64\x81\x7f\x28\x30\x75\0\0" JE_RET),
         {.kind = LOCATION_MEMORY, .reg = REG_RDI, .disp = 40, .segment = REG_FS}},
        {"cmpl $30000,40(%rdi)",
         TEXT("\x81\x7f\x28\x30\x75\0\0" JE_RET),
         {.kind = LOCATION_MEMORY, .reg = REG_RDI, .disp = 40}},
        {"an argument on the stack, from where rsp is moved nobody knows how far",
         TEXT("\x8b\x44\x24\x08\x48\x83\xe4\xf0" CMP_EAX JE_RET),
         {.kind = LOCATION_REG, .reg = REG_RAX}},
        {"another register less 40 by forty steps",
         TEXT("\x89\xf0" ADD_8 ADD_8 ADD_8 ADD_8 ADD_8 CMP_EAX JE_RET),
         {.kind = LOCATION_REG, .reg = REG_RAX}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Searched s;
        searched_open(&s, cases[i].code, cases[i].n);
        assert_int_equal(s.found.nvariables, 1);
        const Variable *v = &s.found.variables[0];
        const Location *at = &v->sites[0].location, *want = &cases[i].at;
        assert_int_equal(v->sites[0].constant, 30000);
        if (at->kind != want->kind || at->reg != want->reg || at->disp != want->disp ||
            (want->kind == LOCATION_MEMORY && at->segment != (want->segment ? want->segment : REG_NONE)))
            fail_msg("%s: kind %u, register %u, displacement %lld, segment %u", cases[i].what, at->kind, at->reg,
                     (long long)at->disp, at->segment);
        assert_true(v->probe.pc && v->probe.location.kind == want->kind && v->probe.location.reg == want->reg);
        searched_close(&s);
    }
}

/* cmpl $1000+i,8(%rdi); je to what follows; each is a def of its own, of which there may be 256. */
static void many_defs(void **state)
{
    enum { STEP = 9, MOST = 256 };
    uint8_t code[STEP * (MOST + 1) + 1];
    (void)state;
    for (unsigned n = MOST; n <= MOST + 1; n++) {
        Searched s;
        for (unsigned i = 0; i < n; i++) {
            uint32_t k = 1000 + i;
            memcpy(code + STEP * i, "\x81\x7f\x08????\x74", STEP);
            memcpy(code + STEP * i + 3, &k, sizeof k);
        }
        code[STEP * n] = 0xc3;
        searched_open(&s, code, STEP * n + 1);
        assert_int_equal(s.found.nvariables, n == MOST);
        if (n == MOST)
            assert_true(s.found.variables[0].ndefs == MOST && s.found.variables[0].nsites == MOST);
        searched_close(&s);
    }
}

/* The branch on a compare's flags is read at, past what leaves them alone. */
static void branches(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        Addr probe;
    } cases[] = {
        {"mov", TEXT("\x81\xff\x30\x75\0\0\x89\xd0" JE_RET), CODE + 8},
        {"cld", TEXT("\x81\xff\x30\x75\0\0\xfc\xfc" JE_RET), CODE + 8},
        {"cmovl", TEXT("\x81\xff\x30\x75\0\0\x0f\x4c\xc2" JE_RET), CODE},
        {"mov into the variable", TEXT("\x81\xff\x30\x75\0\0\x89\xd7" JE_RET), CODE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Searched s;
        searched_open(&s, cases[i].code, cases[i].n);
        assert_int_equal(s.found.nvariables, 1);
        if (s.found.variables[0].probe.pc != cases[i].probe)
            fail_msg("%s: %#lx", cases[i].what, s.found.variables[0].probe.pc);
        searched_close(&s);
    }
}

/* cmp $30000,%edi; je 1f; jmp *(%rsi), a tail call; 1: push %rbx; mov (%rsi),%ecx; and where the last jump goes decides what is known. */
static void jumps(void **state)
{
    static const struct {
        const char *what, *jump;
        Proof proof;
    } cases[] = {
        {"pop %rbx; jmp *(%rsi)", "\x5b\xff\x26", PROOF_ABI},
        {"jmp *(%rsi,%rcx,8): anywhere", "\xff\x24\xce", PROOF_PARTIAL},
    };
    char code[] = "\x81\xff\x30\x75\0\0\x74\x02\xff\x26\x53\x8b\x0e???\xc3";
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Searched s;
        memcpy(code + 13, cases[i].jump, 3);
        searched_open(&s, code, sizeof code - 1);
        assert_int_equal(s.found.nvariables, 1);
        assert_int_equal(s.found.variables[0].probe.pc, CODE + 6);
        assert_int_equal(s.found.variables[0].probe.proof, cases[i].proof);
        searched_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(many_defs),
        cmocka_unit_test(branches),
        cmocka_unit_test(jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
