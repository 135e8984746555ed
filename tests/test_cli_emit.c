/* tests/test_cli_emit.c - emitted forms: golden texts, hostile names and paths, specs read back. */
#include "cli/emit.h"
#include "cli/escape.h"
#include "cli/kernel_reg.h"
#include "cli/trace_check.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const uint8_t BYTES[] = {0x0f, 0x84, 0x22, 0x02, 0x00, 0x00}, BUILD_ID[] = {0x04, 0x93, 0xb1, 0xf0};
static const Enumerator NAMES[] = {{{"exit", 4}, 30000}, {{"alias", 5}, 30000}, {{"print_non_map", 13}, 30007}};

static ProbeSpec spec_in_r15(void)
{
    ProbeSpec s = {.path = str_of("/usr/bin/bpftrace"),
                   .build_id = {BUILD_ID, 4},
                   .function_start = 0xe2c60,
                   .pc = 0xe2ce8,
                   .off = {0xe2ce8},
                   .bytes = {BYTES, 6},
                   .sign = SIGN_UNKNOWN,
                   .proof = PROOF_CALLEES,
                   .cost = COST_EMULATED,
                   .coverage = COVERAGE_ONCE,
                   .names = {(Enumerator *)(uintptr_t)NAMES, 3, {0}}};
    s.location = (Location){.kind = LOCATION_REG, .reg = REG_R15, .index = REG_NONE, .segment = REG_NONE, .bits = 64};
    memset(s.sha256, 'a', SHA256_TEXT - 1);
    return s;
}

static bool emitted(EmitFn *emit, const ProbeSpec *spec, Sink *t)
{
    Diag diag = {0};
    t->n = 0;
    bool good = emit(t, spec, &diag);
    assert_true(good || (diag.what[0] && t->n == 0));
    sink_char(t, 0);
    return good;
}

static void golden_perf(void **state)
{
    (void)state;
    Sink t;
    sink_open(&t, -1);
    ProbeSpec s = spec_in_r15();
    assert_true(emitted(emit_perf, &s, &t));
    assert_string_equal(
        sink_view(&t).p,
        "{\"schema\":\"lvscan-probe/1\",\"binary\":{\"path\":\"/usr/bin/bpftrace\",\"build_id\":\"0493b1f0\","
        "\"sha256\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},"
        "\"function\":{\"name\":null,\"start\":\"0xe2c60\"},\"pc\":\"0xe2ce8\",\"file_offset\":\"0xe2ce8\",\"bytes\":"
        "\"0f8422020000\","
        "\"location\":{\"kind\":\"reg\",\"reg\":\"r15\",\"bits\":64},\"sign\":\"unknown\",\"proof\":\"callees\","
        "\"cost\":\"emulated\","
        "\"coverage\":\"once\",\"names\":{\"30000\":\"exit\",\"30007\":\"print_non_map\"},"
        "\"perf\":{\"pmu\":\"uprobe\",\"config\":0,\"config1\":\"/usr/bin/"
        "bpftrace\",\"config2\":\"0xe2ce8\",\"sample_period\":1,"
        "\"sample_type\":[\"IP\",\"TID\",\"TIME\",\"REGS_USER\"],\"sample_regs_user\":\"0x800000\",\"stack_bytes\":0},"
        "\"tracefs\":\"p:lvscan/v1 /usr/bin/bpftrace:0xe2ce8 v1=%r15:u64\"}\n");
    sink_close(&t);
}

static const struct {
    Location location;
    uint8_t sign;
    const char *tracefs, *bpftrace; /* NULL: refused */
} FORMS[] = {
    {{.kind = LOCATION_REG, .reg = REG_RDI, .bits = 32}, SIGN_SIGNED, "%di:s32", "(int64)(int32)(reg(\"di\"))"},
    {{.kind = LOCATION_REG, .reg = REG_RAX, .bits = 8}, SIGN_UNSIGNED, "%ax:u8", "(uint64)(uint8)(reg(\"ax\"))"},
    {{.kind = LOCATION_REG, .reg = REG_R9, .bits = 64, .addend = 30000},
     SIGN_UNSIGNED,
     "%r9:u64",
     "(uint64)(reg(\"r9\") + 30000)"},
    {{.kind = LOCATION_REG, .reg = REG_R9, .bits = 3}, SIGN_UNSIGNED, "%r9:b3@0/8", "(uint64)(reg(\"r9\")) & 0x7"},
    {{.kind = LOCATION_REG, .reg = REG_XMM0 + 3, .bits = 64}, SIGN_SIGNED, NULL, NULL},
    {{.kind = LOCATION_REG, .reg = REG_R16, .bits = 64}, SIGN_SIGNED, NULL, NULL},
    {{.kind = LOCATION_STACK, .reg = REG_RSP, .disp = 0x28, .bits = 32},
     SIGN_SIGNED,
     "+0x28(%sp):s32",
     "(int64)(int32)(*(uint32*)(reg(\"sp\") + 40))"},
    {{.kind = LOCATION_STACK, .reg = REG_RBP, .disp = -8, .bits = 64},
     SIGN_UNKNOWN,
     "-0x8(%bp):u64",
     "(int64)(*(uint64*)(reg(\"bp\") - 8))"},
    {{.kind = LOCATION_MEMORY, .reg = REG_RBX, .index = REG_NONE, .segment = REG_NONE, .disp = 16, .bits = 16},
     SIGN_UNSIGNED,
     "+0x10(%bx):u16",
     "(uint64)(uint16)(*(uint16*)(reg(\"bx\") + 16))"},
    {{.kind = LOCATION_MEMORY,
      .reg = REG_RBX,
      .index = REG_RCX,
      .scale = 4,
      .segment = REG_NONE,
      .disp = 16,
      .bits = 16},
     SIGN_UNSIGNED,
     NULL,
     "(uint64)(uint16)(*(uint16*)(reg(\"bx\") + reg(\"cx\") * 4 + 16))"},
    {{.kind = LOCATION_MEMORY, .reg = REG_NONE, .index = REG_NONE, .segment = REG_FS, .disp = 0x28, .bits = 64},
     SIGN_UNSIGNED,
     NULL,
     NULL},
    {{.kind = LOCATION_STATIC, .address = 0x1e3000, .bits = 32},
     SIGN_SIGNED,
     "@+0x1e3000:s32",
     "(int64)(int32)(*(uint32*)(reg(\"ip\") - 0xe2ce8 + 0x1e3000))"},
};

static void locations(void **state)
{
    (void)state;
    Sink t;
    sink_open(&t, -1);
    for (size_t i = 0; i < COUNT(FORMS); i++) {
        ProbeSpec s = spec_in_r15();
        s.location = FORMS[i].location;
        s.sign = FORMS[i].sign;
        char wanted[256];
        assert_true(emitted(emit_tracefs, &s, &t) == (FORMS[i].tracefs != NULL));
        if (FORMS[i].tracefs) {
            snprintf(wanted, sizeof wanted, "p:lvscan/v1 /usr/bin/bpftrace:0xe2ce8 v1=%s\n", FORMS[i].tracefs);
            assert_string_equal(sink_view(&t).p, wanted);
        }
        assert_true(emitted(emit_bpftrace, &s, &t) == (FORMS[i].bpftrace != NULL));
        if (FORMS[i].bpftrace) {
            snprintf(wanted, sizeof wanted, "$v = %s;\n", FORMS[i].bpftrace);
            assert_non_null(strstr(sink_view(&t).p, wanted));
        }
    }
    sink_close(&t);
}

static EmitFn *const ALL[] = {emit_perf, emit_bpftrace,  emit_tracefs, emit_perf_probe,
                              emit_gdb,  emit_systemtap, emit_c};

static bool is_plain(Str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > 126 || ((unsigned char)s.p[i] < 32 && s.p[i] != '\n'))
            return false;
    return true;
}

/* Nothing of a hostile name may end a string or a line: what would do harm never appears outside an escape. */
static void hostile_names(void **state)
{
    (void)state;
    static const char evil[] = "\");}\nBEGIN{system(\"touch /tmp/x\")}//$(id)`id`'%s%n\\\033[2J\xff";
    Enumerator names[] = {{{evil, sizeof evil - 1}, 1}};
    Sink t;
    sink_open(&t, -1);
    for (size_t i = 0; i < COUNT(ALL); i++) {
        ProbeSpec s = spec_in_r15();
        s.names = (EnumTable){names, 1, {0}};
        s.function = (Str){evil, sizeof evil - 1};
        assert_true(emitted(ALL[i], &s, &t));
        assert_null(strstr(sink_view(&t).p, "\nBEGIN{"));
        assert_null(strstr(sink_view(&t).p, "\");}\n"));
        assert_true(is_plain((Str){sink_view(&t).p, sink_view(&t).n - 1}));
    }
    sink_close(&t);
}

static const struct {
    const char *path;
    bool tracefs, bpftrace;
} PATHS[] = {
    {"/tmp/a", true, true},    {"/tmp/a b", false, true},  {"/tmp/a\nb", false, false}, {"/tmp/a#b", false, true},
    {"/tmp/a\"b", true, true}, {"/tmp/*", true, false},    {"/tmp/$1", true, false},    {"/tmp/{a,b}", true, false},
    {"/tmp/a;b", false, true}, {"/tmp/a\\b", true, false}, {"/tmp/a'b", true, true},    {"", false, false},
};

static void hostile_paths(void **state)
{
    (void)state;
    Sink t;
    sink_open(&t, -1);
    for (size_t i = 0; i < COUNT(PATHS); i++) {
        ProbeSpec s = spec_in_r15();
        s.path = str_of(PATHS[i].path);
        assert_true(emitted(emit_tracefs, &s, &t) == PATHS[i].tracefs);
        assert_true(emitted(emit_perf_probe, &s, &t) == PATHS[i].tracefs);
        assert_true(emitted(emit_bpftrace, &s, &t) == PATHS[i].bpftrace);
    }
    ProbeSpec s = spec_in_r15();
    s.path = str_of("/tmp/a'b");
    assert_true(emitted(emit_perf_probe, &s, &t));
    assert_string_equal(sink_view(&t).p, "perf probe -x '/tmp/a'\\''b' --add 'lvscan_v1=0xe2ce8 v1=%r15:u64'\n");
    sink_close(&t);
}

static void specs_come_back(void **state)
{
    (void)state;
    Sink t, again;
    Arena arena = {0};
    sink_open(&t, -1);
    sink_open(&again, -1);
    for (size_t i = 0; i < COUNT(FORMS); i++) {
        ProbeSpec s = spec_in_r15(), back;
        Diag diag = {0};
        s.location = FORMS[i].location;
        if (s.location.kind != LOCATION_MEMORY)
            s.location.index = s.location.segment = REG_NONE;
        s.sign = FORMS[i].sign;
        assert_true(emitted(emit_perf, &s, &t));
        if (!spec_read(&back, (Bytes){(const uint8_t *)sink_view(&t).p, sink_view(&t).n - 1}, &arena, &diag))
            fail_msg("%s: %s", diag.what, sink_view(&t).p);
        assert_true(emitted(emit_perf, &back, &again));
        assert_string_equal(sink_view(&again).p, sink_view(&t).p);
    }
    sink_close(&t);
    sink_close(&again);
    arena_free(&arena);
}

/* A spec with one thing wrong each: what is left after the edit must be refused. */
static const char *const EDITS[][2] = {
    {"lvscan-probe/1", "lvscan-probe/2"},
    {"\"path\":\"/usr", "\"path\":7,\"x\":\"/usr"},
    {"\"pc\":\"0x", "\"pc\":\"0y"},
    {"\"bytes\":\"0f", "\"bytes\":\"0g"},
    {"\"bytes\":\"0f", "\"bytes\":\"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"},
    {"\"kind\":\"reg\"", "\"kind\":\"red\""},
    {"\"reg\":\"r15\"", "\"reg\":\"r99\""},
    {"\"bits\":64", "\"bits\":65"},
    {"\"bits\":64", "\"bits\":0"},
    {"\"30007\":", "\"x\":"},
    {"\"file_offset\":\"0xe2ce8\"", "\"file_offset\":\"0x00000000000000000\""},
    {"\"start\":", "\"stop\":"},
};

static void bad_specs(void **state)
{
    (void)state;
    Sink t;
    Arena arena = {0};
    sink_open(&t, -1);
    ProbeSpec s = spec_in_r15(), back;
    assert_true(emitted(emit_perf, &s, &t));
    const char *good = sink_view(&t).p;
    for (size_t i = 0; i < COUNT(EDITS); i++) {
        char edited[4096];
        Diag diag = {0};
        const char *at = strstr(good, EDITS[i][0]);
        assert_non_null(at);
        int n =
            snprintf(edited, sizeof edited, "%.*s%s%s", (int)(at - good), good, EDITS[i][1], at + strlen(EDITS[i][0]));
        if (spec_read(&back, (Bytes){(const uint8_t *)edited, (size_t)n}, &arena, &diag))
            fail_msg("accepted: %s", EDITS[i][1]);
        assert_true(diag.what[0]);
    }
    for (size_t n = 0; n + 2 < sink_view(&t).n; n++)
        assert_false(spec_read(&back, (Bytes){(const uint8_t *)good, n}, &arena, NULL));
    sink_close(&t);
    arena_free(&arena);
}

static const struct {
    size_t n;
    uint8_t bytes[8];
    bool good;
} INSNS[] = {
    {2, {0x74, 0x06}, true},
    {5, {0x0f, 0x1f, 0x44, 0, 0}, false},
    {4, {0xf0, 0xff, 0x07}, false},
    {3, {0x3e, 0xff, 0xe0}, false},
    {3, {0x66, 0x2e, 0x90}, false},
    {2, {0xf3, 0x90}, true},
    {1, {0xcc}, false},
    {4, {0x64, 0x48, 0x8b, 0x00}, true},
    {0, {0}, false},
    {3, {0x48, 0x2e, 0x90}, true}, /* not a prefix any more */
};

static void instructions_the_kernel_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(INSNS); i++)
        assert_true(check_instruction((Bytes){INSNS[i].bytes, INSNS[i].n}, NULL) == INSNS[i].good);
}

/* The kernel's order, from its own header. */
static void registers(void **state)
{
    (void)state;
    static const int order[] = {0, 2, 3, 1, 7, 6, 4, 5, 16, 17, 18, 19, 20, 21, 22, 23};
    for (unsigned r = REG_RAX; r <= REG_R15; r++)
        assert_int_equal(perf_reg(r), order[r]);
    assert_int_equal(perf_reg(REG_R16), -1);
    assert_int_equal(perf_reg(REG_XMM0), -1);
    assert_int_equal(perf_reg(REG_NONE), -1);
    assert_int_equal(reg_by_name("r15", 3), REG_R15);
    assert_int_equal(reg_by_name("eax", 3), REG_NONE);
    assert_string_equal(tracefs_reg(REG_RDI), "di");
    assert_string_equal(tracefs_reg(REG_R8), "r8");
    assert_null(tracefs_reg(REG_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_perf),     cmocka_unit_test(locations),
        cmocka_unit_test(hostile_names),   cmocka_unit_test(hostile_paths),
        cmocka_unit_test(specs_come_back), cmocka_unit_test(bad_specs),
        cmocka_unit_test(registers),       cmocka_unit_test(instructions_the_kernel_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
