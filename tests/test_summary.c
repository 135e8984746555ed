/* tests/test_summary.c - what callees are found to return and to do: of a few instructions, through slots and stubs, without memory. */
#include "analysis/rows.h"
#include "analysis/summary.h"
#include "tests/elf_fixture.h"
#include "tests/fault.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(a)  (a), sizeof(a) - 1
enum { STRIDE = 0x20, FUNCTIONS = 264, LARGEST = 1500 };

typedef struct Callee {
    Bytes file;
    Program program;
    FunctionRow rows[FUNCTIONS];
} Callee;

/* Functions from CODE on, each at the next multiple of STRIDE. */
static void callees_open(Callee *c, const char *const *code, const size_t *sizes, size_t n)
{
    static Elf elf;
    static uint8_t bytes[STRIDE * FUNCTIONS + LARGEST];
    size_t at = 0;
    memset(bytes, 0x90, sizeof bytes);
    for (size_t i = 0; i < n; i++) {
        assert_true(i < FUNCTIONS && sizes[i] <= sizeof bytes - at);
        memcpy(bytes + at, code[i], sizes[i]);
        c->rows[i] = row_make(CODE + at, CODE + at + sizes[i], FOUND_SYMTAB);
        at += (sizes[i] + STRIDE - 1) / STRIDE * STRIDE;
    }
    elf_begin(&elf, ET_DYN);
    elf_load(&elf, PF_R | PF_X, CODE, bytes, sizeof bytes);
    c->file = elf_end(&elf);
    assert_true(program_open(&c->program, c->file, &(Diag){0}));
    c->program.known = c->program.functions = (Functions){c->rows, n};
}

static void callees_close(Callee *c)
{
    program_close(&c->program);
    free((void *)(uintptr_t)c->file.p);
}

#define NEXT_RET "\xe8\x1b\0\0\0\xc3"    /* call the next one; ret */
#define BACK(n)  "\xe8" n "\xff\xff\xff" /* call so many bytes back */
#define COPIES   "\x89\xc1\x89\xc8"      /* mov %eax,%ecx; mov %ecx,%eax */

static void results(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        Result result;
    } cases[] = {
        {"mov $30000,%eax", TEXT("\xb8\x30\x75\0\0\xc3"), {.kind = RESULT_CONSTANT, .value = 30000}},
        {"mov %edi,%eax", TEXT("\x89\xf8\xc3"), {.kind = RESULT_ARGUMENT, .reg = REG_RDI, .bits = 32}},
        {"movslq %esi,%rax",
         TEXT("\x48\x63\xc6\xc3"),
         {.kind = RESULT_ARGUMENT, .reg = REG_RSI, .bits = 32, .sign = true}},
        {"lea 5(%rdi),%rax",
         TEXT("\x48\x8d\x47\x05\xc3"),
         {.kind = RESULT_ARGUMENT, .reg = REG_RDI, .bits = 64, .value = 5}},
        {"movsbl %dil,%ecx; movslq %ecx,%rax",
         TEXT("\x40\x0f\xbe\xcf\x48\x63\xc1\xc3"),
         {.kind = RESULT_ARGUMENT, .reg = REG_RDI, .bits = 8, .sign = true}},
        {"movsbl %dil,%ecx; mov %ecx,%eax: signed below, and not above", TEXT("\x40\x0f\xbe\xcf\x89\xc8\xc3"), {0}},
        {"movzbl %dil,%ecx; movslq %ecx,%rax",
         TEXT("\x40\x0f\xb6\xcf\x48\x63\xc1\xc3"),
         {.kind = RESULT_ARGUMENT, .reg = REG_RDI, .bits = 8}},
        {"seven copies",
         TEXT("\x89\xf8" COPIES COPIES COPIES "\xc3"),
         {.kind = RESULT_ARGUMENT, .reg = REG_RDI, .bits = 32}},
        {"nine copies: too many", TEXT("\x89\xf8" COPIES COPIES COPIES COPIES "\xc3"), {0}},
        {"test %esi,%esi; je; one way or the other the same",
         TEXT("\x85\xf6\x74\x03\x89\xf8\xc3\x89\xf8\xc3"),
         {.kind = RESULT_ARGUMENT, .reg = REG_RDI, .bits = 32}},
        {"8 bits or 32", TEXT("\x85\xf6\x74\x03\x89\xf8\xc3\x40\x0f\xb6\xc7\xc3"), {0}},
        {"signed or not", TEXT("\x85\xf6\x74\x03\x89\xf8\xc3\x48\x63\xc7\xc3"), {0}},
        {"one argument or another", TEXT("\x85\xf6\x74\x03\x89\xf8\xc3\x89\xf0\xc3"), {0}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Callee c;
        callees_open(&c, &cases[i].code, &cases[i].n, 1);
        Result r = summary_of(&c.program, CODE, SUMMARY_DEPTH).result, want = cases[i].result;
        if (r.kind != want.kind || r.reg != want.reg || r.bits != want.bits || r.sign != want.sign ||
            r.value != want.value)
            fail_msg("%s: kind %u, register %u, %u bits, %s, %lld", cases[i].what, r.kind, r.reg, r.bits,
                     r.sign ? "signed" : "unsigned", (long long)r.value);
        callees_close(&c);
    }
}

/* call the next one; ret. A constant is handed through so many only. */
static void hops(void **state)
{
    enum { N = 8 };
    static const char *code[N];
    static size_t sizes[N];
    Callee c;
    (void)state;
    for (size_t i = 0; i + 1 < N; i++) {
        code[i] = NEXT_RET;
        sizes[i] = 6;
    }
    code[N - 1] = "\xb8\x30\x75\0\0\xc3";
    sizes[N - 1] = 6;
    callees_open(&c, code, sizes, N);
    for (size_t i = 0; i < N; i++) {
        Result r = summary_of(&c.program, CODE + STRIDE * i, SUMMARY_DEPTH).result;
        size_t handed = N - 1 - i;
        assert_int_equal(r.kind, handed <= RESULT_HOPS ? RESULT_CONSTANT : RESULT_UNKNOWN);
        if (handed <= RESULT_HOPS)
            assert_true(r.hops == handed && r.value == 30000);
    }
    callees_close(&c);
}

/* ---- functions that call themselves, and each other ---- */

/* What the first of some functions keeps and does. */
static void recursion(void **state)
{
    enum { ALL = 0xffff, RBX = 1u << REG_RBX, RSP = 1u << REG_RSP };
    static const struct {
        const char *what, *code[3];
        size_t sizes[3], n;
        CallEffect effect;
    } cases[] = {
        {"saves r12 and r13 as setjmp does; calls itself",
         {"\x4c\x89\x27\x4c\x89\x6f\x08\x85\xf6\x74\x05" BACK("\xf0") "\xc3"},
         {17},
         1,
         {.kept_read = ALL, .returns_twice = true}},
        {"stores to 16(%rsp) behind a call of what may take 8 bytes with it: where that is seen, the place is lost",
         {"\x85\xff\x74\x09\xe8\x17\0\0\0\x89\x44\x24\x10\xc3", "\x85\xff\x74\x08\xe8\x17\0\0\0\xc2\x08\0\xc3",
          "\x85\xff\x74\x05" BACK("\xb7") "\xc3"},
         {14, 13, 10},
         3,
         {.kept_read = ALL & ~RSP, .kept_abi = RSP}},
        {"calls one that may call it back",
         {NEXT_RET, "\x85\xff\x74\x05" BACK("\xd7") "\xc3"},
         {6, 10},
         2,
         {.kept_read = ALL}},
        {"only calls one that only calls it",
         {NEXT_RET, BACK("\xdb") "\xc3"},
         {6, 6},
         2,
         {.kept_read = ALL, .noreturn = true}},
        {"jumps to one that does as setjmp, and may call it back",
         {"\x85\xff\x74\x02\xeb\x1a\xc3", "\x4c\x89\x27\x4c\x89\x6f\x08\x85\xf6\x74\x05" BACK("\xd0") "\xc3"},
         {7, 17},
         2,
         {.kept_read = ALL, .returns_twice = true}},
        {"calls anything, and one that clears rbx and may call it back",
         {"\xff\xd0\xe8\x19\0\0\0\xc3", "\x31\xdb\x85\xff\x74\x05" BACK("\xd5") "\xc3"},
         {8, 12},
         2,
         {.kept_abi = ABI_KEPT & ~RBX}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Callee c;
        callees_open(&c, cases[i].code, cases[i].sizes, cases[i].n);
        CallEffect e = summary_of(&c.program, CODE, SUMMARY_DEPTH).effect, want = cases[i].effect;
        if (e.kept_read != want.kept_read || e.kept_abi != want.kept_abi || e.noreturn != want.noreturn ||
            e.returns_twice != want.returns_twice)
            fail_msg("%s: keeps %#x, by the ABI %#x; returns: %d, twice: %d", cases[i].what, e.kept_read, e.kept_abi,
                     !e.noreturn, e.returns_twice);
        callees_close(&c);
    }
}

/* Each calls the next one, the last one perhaps the first; that clears esi. */
static void ring_open(Callee *c, size_t n)
{
    static const char *code[FUNCTIONS];
    static size_t sizes[FUNCTIONS];
    static char last[] = "\x31\xf6\x85\xff\x74\x05\xe8????\xc3";
    int32_t back = -(int32_t)(STRIDE * (n - 1) + 11);
    memcpy(last + 7, &back, sizeof back);
    for (size_t i = 0; i < n; i++) {
        code[i] = i + 1 < n ? NEXT_RET : last;
        sizes[i] = i + 1 < n ? 6 : sizeof last - 1;
    }
    callees_open(c, code, sizes, n);
}

enum { SHORT_RING = 5, LONG_RING = 12 };

/* What one of them does is known of all; where it takes too many rounds to get around, they know each other by the ABI only. */
static void rings(void **state)
{
    Callee c;
    (void)state;
    ring_open(&c, SHORT_RING);
    CallEffect e = summary_of(&c.program, CODE, SUMMARY_DEPTH).effect;
    assert_int_equal(e.kept_read, 0xffff & ~(1u << REG_RSI));
    assert_false(e.noreturn);
    callees_close(&c);
    ring_open(&c, LONG_RING);
    e = summary_of(&c.program, CODE, SUMMARY_DEPTH).effect;
    assert_int_equal(e.kept_read, 0);
    assert_int_equal(e.kept_abi, ABI_KEPT);
    assert_false(e.noreturn);
    callees_close(&c);
}

/* ---- how much is read ---- */

/* Four functions that each call the next one; `targets` that do nothing; and one with `calls` calls of the first and one of each of those,
 * which the fourth calls. */
static void calls_open(Callee *c, size_t targets, size_t calls)
{
    static const char *code[FUNCTIONS];
    static size_t sizes[FUNCTIONS];
    static char caller[LARGEST], back[] = "\x85\xff\x74\x05\xe8????\xc3";
    enum { CHAIN = 4 };
    size_t n = 0;
    int32_t forward = (int32_t)(STRIDE * (targets + 1)) - 9;
    memcpy(back + 5, &forward, sizeof forward);
    for (size_t i = 0; i < CHAIN + targets; i++) {
        code[i] = i + 1 < CHAIN ? NEXT_RET : i < CHAIN ? back : "\xc3";
        sizes[i] = i + 1 < CHAIN ? 6 : i < CHAIN ? sizeof back - 1 : 1;
    }
    for (size_t i = 0; i < calls + targets; i++, n += 5) {
        size_t to = i < calls ? 0 : CHAIN + i - calls;
        int32_t distance = (int32_t)(STRIDE * to) - (int32_t)(STRIDE * (CHAIN + targets) + n + 5);
        assert_true(n + 6 <= LARGEST);
        caller[n] = (char)0xe8;
        memcpy(caller + n + 1, &distance, sizeof distance);
    }
    caller[n] = (char)0xc3;
    code[CHAIN + targets] = caller;
    sizes[CHAIN + targets] = n + 1;
    callees_open(c, code, sizes, CHAIN + targets + 1);
}

/* All that a function calls is read, however often it calls it; not so what calls too many. */
static void calls_are_counted_once(void **state)
{
    static const struct {
        size_t targets, calls;
        bool kept;
    } cases[] = {{0, 1, true}, {0, 255, true}, {0, 256, true}, {0, 258, true}, {2, 256, true}, {258, 1, false}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Callee c;
        calls_open(&c, cases[i].targets, cases[i].calls);
        CallEffect e = summary_of(&c.program, CODE + STRIDE * (4 + cases[i].targets), SUMMARY_DEPTH).effect;
        if (e.kept_read != (cases[i].kept ? 0xffff : 0) || e.kept_abi != (cases[i].kept ? 0 : ABI_KEPT))
            fail_msg("case %zu: keeps %#x, by the ABI %#x", i, e.kept_read, e.kept_abi);
        callees_close(&c);
    }
}

/* ---- slots and stubs ---- */

/* Symbols: abort, which another file has, and exit at CODE + 8; words that hold their addresses, and one of a place without a name. */
static Fixture *slots_fixture(void)
{
    Fixture *f = fixture_new();
    Buf strings = {.n = 0}, symbols = {.n = 0}, rela = {.n = 0};
    buf_text(&strings, "");
    uint32_t other = buf_text(&strings, "abort"), own = buf_text(&strings, "exit");
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    buf_symbol(&symbols, other, STB_GLOBAL, STT_FUNC, SHN_UNDEF, 0, 0);
    buf_symbol(&symbols, own, STB_GLOBAL, STT_FUNC, 1, CODE + 8, 1);
    buf_put(&f->code, "\xff\x15\xfa\x6f\0\0\xc3\x90", 8);     /* 00: call *DATA(%rip); ret */
    buf_put(&f->code, "\xc3\x90\x90\x90\x90\x90\x90\x90", 8); /* 08: exit: ret */
    buf_put(&f->code, "\xff\x15\xf2\x6f\0\0\xc3\x90", 8);     /* 10: call *DATA+8(%rip); ret */
    buf_put(&f->code, "\xff\x25\xe2\x6f\0\0\x90\x90", 8);     /* 18: jmp *DATA(%rip) */
    buf_put(&f->code, "\xff\x25\xda\x2f\0\0\x90\x90", 8);     /* 20: jmp *TABLES(%rip) */
    buf_u64(&f->tables, CODE + 8);
    buf_put(&f->data, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    buf_rela(&rela, DATA, 1, R_X86_64_GLOB_DAT, 0);
    buf_rela(&rela, DATA + 8, 2, R_X86_64_GLOB_DAT, 0);
    buf_rela(&rela, TABLES, 0, R_X86_64_RELATIVE, CODE + 8);
    dynamic_entry(f, DT_STRTAB, table_put(f, &strings));
    dynamic_entry(f, DT_STRSZ, strings.n);
    dynamic_entry(f, DT_SYMTAB, table_put(f, &symbols));
    dynamic_entry(f, DT_RELA, table_put(f, &rela));
    dynamic_entry(f, DT_RELASZ, rela.n);
    fixture_open(f);
    return f;
}

/* A name says that what is called does not return, but not of a function that the file itself has under it. */
static void names(void **state)
{
    Fixture *f = slots_fixture();
    Program program;
    FunctionRow rows[] = {row_make(CODE, CODE + 7, FOUND_SYMTAB), row_make(CODE + 8, CODE + 9, FOUND_DYNSYM),
                          row_make(CODE + 0x10, CODE + 0x17, FOUND_SYMTAB)};
    (void)state;
    assert_true(program_open(&program, f->file, &(Diag){0}));
    program.known = program.functions = (Functions){rows, COUNT(rows)};
    assert_true(summary_of(&program, CODE, SUMMARY_DEPTH).effect.noreturn);
    assert_false(summary_of(&program, CODE + 0x10, SUMMARY_DEPTH).effect.noreturn);
    assert_true(summary_named_noreturn(&program, CODE + 0x18));
    assert_false(summary_named_noreturn(&program, CODE + 0x20));
    assert_false(summary_named_noreturn(&program, CODE));
    program_close(&program);
    fixture_free(f);
}

/* ---- memory that is used up ---- */

/* Each allocation fails, alone or with all after it: what is known then is less, and never something else. */
static void each_fails(const char *const *code, const size_t *sizes, size_t n, Result result, bool twice)
{
    Callee c;
    callees_open(&c, code, sizes, n);
    fault_set(0, false);
    Summary whole = summary_of(&c.program, CODE, SUMMARY_DEPTH);
    uint64_t count = fault.count;
    callees_close(&c);
    assert_true(whole.result.kind == result.kind && whole.result.reg == result.reg);
    assert_int_equal(whole.effect.returns_twice, twice);
    for (uint64_t at = 2; at <= 2 * count + 1; at++) {
        callees_open(&c, code, sizes, n);
        fault_set(at / 2, at & 1);
        Summary s = summary_of(&c.program, CODE, SUMMARY_DEPTH);
        fault_set(0, false);
        assert_false(s.effect.kept_read & ~whole.effect.kept_read);
        assert_false(s.effect.noreturn);
        assert_true(s.result.kind == RESULT_UNKNOWN || (s.result.kind == result.kind && s.result.reg == result.reg &&
                                                        s.result.value == whole.result.value));
        callees_close(&c);
    }
}

/* The last allocations fail, when beliefs did not settle: no more is known than what was. */
static void ring_without_memory(void **state)
{
    enum { LAST = 400 };
    Callee c;
    (void)state;
    ring_open(&c, LONG_RING);
    fault_set(0, false);
    Summary whole = summary_of(&c.program, CODE, SUMMARY_DEPTH);
    uint64_t count = fault.count;
    callees_close(&c);
    assert_true(count > LAST);
    for (uint64_t at = count - LAST; at <= count; at++) {
        ring_open(&c, LONG_RING);
        fault_set(at, false);
        Summary s = summary_of(&c.program, CODE, SUMMARY_DEPTH);
        fault_set(0, false);
        assert_false(s.effect.kept_read & ~whole.effect.kept_read);
        assert_int_equal(s.effect.kept_abi, whole.effect.kept_abi);
        assert_false(s.effect.noreturn);
        callees_close(&c);
    }
}

/* mov %r12,(%rdi); mov %r13,8(%rdi): as setjmp does. */
static void twice_without_memory(void **state)
{
    static const char *const code = "\x4c\x89\x27\x4c\x89\x6f\x08\x31\xc0\xc3";
    static const size_t size = 10;
    (void)state;
    each_fails(&code, &size, 1, (Result){.kind = RESULT_CONSTANT}, true);
}

/* test %esi,%esi; je 1f; xor of some registers; 1: call of what returns its third argument; ret. The more registers, the more values there
 * are, and lists of them grow at another moment. */
static void result_without_memory(void **state)
{
    enum { MOST = 6 };
    (void)state;
    for (unsigned k = 0; k <= MOST; k++) {
        char caller[STRIDE] = "\x85\xf6\x74";
        const char *code[] = {caller, "\x48\x89\xd0\x31\xd2\xc3"};
        size_t sizes[] = {4 + 3 * k + 6, 6};
        caller[3] = (char)(3 * k);
        for (unsigned i = 0; i < k; i++)
            memcpy(caller + 4 + 3 * i, (char[]){0x45, 0x31, (char)(0xc0 + 9 * i)}, 3);
        memcpy(caller + 4 + 3 * k, (char[]){(char)0xe8, (char)(STRIDE - 9 - 3 * k), 0, 0, 0, (char)0xc3}, 6);
        each_fails(code, sizes, 2, (Result){.kind = RESULT_ARGUMENT, .reg = REG_RDX}, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results),
        cmocka_unit_test(hops),
        cmocka_unit_test(recursion),
        cmocka_unit_test(rings),
        cmocka_unit_test(calls_are_counted_once),
        cmocka_unit_test(names),
        cmocka_unit_test(ring_without_memory),
        cmocka_unit_test(twice_without_memory),
        cmocka_unit_test(result_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
