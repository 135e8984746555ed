/* tests/test_cli_bpf.c - the BPF program: for every kind of place and filter it is well formed, and (live) the kernel's own
 * verifier takes it, under lvscan's licence. What the programs say is compared with the samples in tests/cli/live_trace.sh. */
#include "cli/bpf_probe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const Location PLACES[] = {
    {.kind = LOCATION_REG, .reg = REG_RDI, .bits = 64},
    {.kind = LOCATION_REG, .reg = REG_R15, .bits = 8, .addend = 30000},
    {.kind = LOCATION_REG, .reg = REG_RSP, .bits = 33},
    {.kind = LOCATION_STACK, .reg = REG_RSP, .disp = 0x14, .bits = 32},
    {.kind = LOCATION_STACK, .reg = REG_RBP, .disp = -0x100000, .bits = 8},
    {.kind = LOCATION_MEMORY, .reg = REG_RAX, .index = REG_NONE, .segment = REG_NONE, .bits = 64},
    {.kind = LOCATION_MEMORY,
     .reg = REG_R12,
     .index = REG_RCX,
     .scale = 8,
     .segment = REG_NONE,
     .disp = -8,
     .bits = 16},
    {.kind = LOCATION_MEMORY, .reg = REG_NONE, .index = REG_RSI, .scale = 4, .segment = REG_NONE, .bits = 32},
    {.kind = LOCATION_STATIC, .address = 0x404040, .bits = 32},
};

static const char *const FILTERS[] = {
    "value == 30007",
    "value != 1 && pid == 2 || tid > 3",
    "value < -1 || value >= 0xffffffffffffffff || pid <= 7",
    /* as many as there may be */
    "value==1||value==2||value==3||value==4||value==5||value==6||value==7||value==8||value==9||value==10||value==11||"
    "value==12||value==13||value==14||value==15||value==16||value==17||value==18||value==19||value==20||value==21||"
    "value==22||value==23||value==24||value==25||value==26||value==27||value==28||value==29||value==30||value==31||"
    "value==32",
};

static bool make(BpfCode *code, const Location *place, const char *filter, BpfRequest r)
{
    static const EnumTable none = {0};
    ProbeSpec spec = {.pc = 0x401000, .location = *place, .sign = SIGN_SIGNED};
    Filter f = {0};
    Diag diag;
    if (filter)
        assert_true(filter_parse(&f, filter, &none, &diag));
    r.spec = &spec;
    r.filter = &f;
    assert_true(bpf_code_can(&spec, &diag));
    return bpf_code_make(code, &r);
}

/* Jumps go forward, to an instruction of the program (and not to the second half of a pair); the end is an exit. */
static void well_formed(const BpfCode *c)
{
    bool second[BPF_CODE_MAX] = {false};
    for (uint32_t i = 0; i + 1 < c->n; i++)
        if (c->insn[i].code == (BPF_LD | BPF_IMM | BPF_DW))
            second[++i] = true;
    for (uint32_t i = 0; i < c->n; i++) {
        unsigned code = c->insn[i].code, op = code & 0xf0;
        if (second[i] || (code & 7) != BPF_JMP || op == BPF_CALL || op == BPF_EXIT)
            continue;
        uint16_t over = (uint16_t)c->insn[i].off;
        assert_true(c->insn[i].off >= 0 && i + 1 + over < c->n);
        assert_false(second[i + 1 + over]);
    }
    assert_int_equal(c->insn[c->n - 1].code, BPF_JMP | BPF_EXIT);
}

static void every_place_and_filter(void **state)
{
    (void)state;
    BpfCode code;
    for (size_t i = 0; i < COUNT(PLACES); i++)
        for (size_t k = 0; k <= COUNT(FILTERS); k++)
            for (int counts = -1; counts < 1; counts++) {
                BpfRequest r = {.only = k % 2 ? 77 : 0, .not_of = 78, .flags = k > 1, .counts = counts, .site = 3};
                assert_true(make(&code, &PLACES[i], k ? FILTERS[k - 1] : NULL, r));
                assert_int_equal(code.sleeps, PLACES[i].kind != LOCATION_REG);
                well_formed(&code);
            }
}

static void what_cannot_be_read(void **state)
{
    static const Location bad[] = {
        {.kind = LOCATION_NONE, .bits = 64},
        {.kind = LOCATION_REG, .reg = REG_XMM0, .bits = 64},
        {.kind = LOCATION_REG, .reg = REG_R16, .bits = 64},
        {.kind = LOCATION_REG, .reg = REG_RAX, .bits = 128},
        {.kind = LOCATION_REG, .reg = REG_RAX, .bits = 0},
        {.kind = LOCATION_STACK, .reg = REG_NONE, .bits = 8},
        {.kind = LOCATION_MEMORY, .reg = REG_RAX, .index = REG_NONE, .segment = REG_FS, .bits = 64},
        {.kind = LOCATION_MEMORY, .reg = REG_NONE, .index = REG_NONE, .segment = REG_GS, .bits = 64},
        {.kind = LOCATION_MEMORY, .reg = REG_RAX, .index = REG_XMM0, .segment = REG_NONE, .scale = 1, .bits = 64},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ProbeSpec spec = {.location = bad[i]};
        Diag diag = {0};
        assert_false(bpf_code_can(&spec, &diag));
        assert_true(diag.what[0] != 0);
    }
}

static int load(const BpfCode *code, char *log, size_t n)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.prog_type = BPF_PROG_TYPE_KPROBE;
    attr.insns = (uint64_t)(uintptr_t)code->insn;
    attr.insn_cnt = code->n;
    attr.license = (uint64_t)(uintptr_t)BPF_LICENSE;
    attr.prog_flags = code->sleeps ? BPF_F_SLEEPABLE : 0;
    attr.log_buf = (uint64_t)(uintptr_t)log;
    attr.log_size = (uint32_t)n;
    attr.log_level = 1;
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}

/* live */
static void the_verifier_takes_them(void **state)
{
    static char log[1 << 16];
    (void)state;
    BpfProbe maps;
    BpfCode code;
    if (!bpf_probe_open(&maps, true)) {
        print_message("# bpf(2) is refused: %s\n", strerror(errno));
        skip();
    }
    for (size_t i = 0; i < COUNT(PLACES); i++)
        for (size_t k = 0; k <= COUNT(FILTERS); k++) {
            BpfRequest r = {.only = k % 2 ? 77 : 0,
                            .not_of = 78,
                            .flags = k > 1,
                            .counters = maps.counters,
                            .ring = maps.ring,
                            .counts = k > 2 ? -1 : maps.counts,
                            .wake_at = 1 << 20};
            assert_true(make(&code, &PLACES[i], k ? FILTERS[k - 1] : NULL, r));
            log[0] = 0;
            int fd = load(&code, log, sizeof log);
            if (fd < 0)
                print_message("# place %zu, filter %zu: %s\n%s\n", i, k, strerror(errno), log);
            assert_true(fd >= 0);
            close(fd);
        }
    bpf_probe_close(&maps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_and_filter),
        cmocka_unit_test(what_cannot_be_read),
        cmocka_unit_test(the_verifier_takes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
