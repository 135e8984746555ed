/* tests/test_live_probe.c - live: does this kernel treat a uprobe on each kind of instruction as uprobe_way says?
 *
 * Each case is a few bytes of code in a file of its own. A child maps it, puts a counting uprobe on the instruction, and
 * runs it. Refused: perf_event_open fails with errno 524, or ENOEXEC for what the kernel cannot decode. Stepped: the child
 * has an [uprobes] mapping afterwards. Emulated: it has none. The count must be 1 either way, else the probe is not where
 * it should be. */
#undef _GNU_SOURCE /* else sys/ucontext.h has names of registers that are ours, too */
#define _DEFAULT_SOURCE 1
#include "analysis/probe.h"
#include "cli/perf_event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { ERROR_NOTSUPP = 524, CODE_AT = 16, NO_UPROBES = 77, WRONG = 99 };

typedef enum Note {
    PLAIN,
    ONLY_WE_REFUSE, /* the kernel would take it: we know better */
    NEWER_EMULATE,  /* a nop that kernels of 6.17 or so emulate, and older ones step */
    NOT_RUN         /* not every processor has it: the kernel is asked whether it takes it, no more */
} Note;

typedef struct Case {
    const char *text, *insn, *tail; /* bytes in hexadecimal; a ret follows the tail */
    Note note;
} Case;

static const Case CASES[] = {
    {"nop", "90", "", PLAIN},
    {"je +0", "7400", "", PLAIN},
    {"je +0 near", "0f8400000000", "", PLAIN},
    {"jne +2", "7502", "9090", PLAIN},
    {"jg +1", "7f01", "90", PLAIN},
    {"bnd je +0", "f27400", "", PLAIN},
    {"jmp +0", "eb00", "", PLAIN},
    {"jmp +0 near", "e900000000", "", PLAIN},
    {"call +0", "e800000000", "58", PLAIN},
    {"push %rax", "50", "58", PLAIN},
    {"push %r15", "4157", "59", PLAIN},
    {"rex.w push %rdi", "4857", "59", PLAIN},
    {"push $1", "6a01", "58", PLAIN},
    {"pushw %ax", "6650", "6659", PLAIN},
    {"push (%rsp)", "ff3424", "58", PLAIN},
    {"cmp $30000,%edi", "81ff30750000", "", PLAIN},
    {"cmp $30000,%rdi", "4881ff30750000", "", PLAIN},
    {"cmpw $30000,%di", "6681ff3075", "", PLAIN},
    {"cmp %rax,%r15", "4939c7", "", PLAIN},
    {"test %edi,%edi", "85ff", "", PLAIN},
    {"mov %edi,%eax", "89f8", "", PLAIN},
    {"lea 8(%rdi),%rax", "488d4708", "", PLAIN},
    {"lea 0(%rip),%rax", "488d0500000000", "", PLAIN},
    {"sub $7,%eax", "83e807", "", PLAIN},
    {"xor %eax,%eax", "31c0", "", PLAIN},
    {"movzbl %al,%eax", "0fb6c0", "", PLAIN},
    {"sete %al", "0f94c0", "", PLAIN},
    {"cmove %edi,%eax", "0f44c7", "", PLAIN},
    {"xchg %ax,%ax", "6690", "", PLAIN},
    {"nopl (%rax)", "0f1f00", "", NEWER_EMULATE},
    {"nopl 0(%rax)", "0f1f4000", "", NEWER_EMULATE},
    {"nopl 0(%rax,%rax,1)", "0f1f440000", "", ONLY_WE_REFUSE},
    {"nopw 0(%rax,%rax,1)", "660f1f440000", "", NEWER_EMULATE},
    {"cs nopw 0(%rax,%rax,1)", "662e0f1f840000000000", "", PLAIN},
    {"endbr64", "f30f1efa", "", PLAIN},
    {"pause", "f390", "", PLAIN},
    {"fs cmpl $0,0", "64833c250000000000", "", PLAIN},
    {"lock incl -8(%rsp)", "f0ff4424f8", "", PLAIN},
    {"ds test %edi,%edi", "3e85ff", "", PLAIN},
    {"ret", "c3", "", PLAIN},
    {"pop %rax", "58", "50", PLAIN},
    {"movaps %xmm0,%xmm1", "0f28c8", "", PLAIN},
    {"ucomisd %xmm1,%xmm0", "660f2ec1", "", PLAIN},
    {"vpxor %xmm1,%xmm1,%xmm1", "c5f1efc9", "", PLAIN},
    {"bt %edi,%eax", "0fa3f8", "", PLAIN},
    {"rdtsc", "0f31", "", PLAIN},
    {"int3", "cc", "", PLAIN},
    {"int $0x80", "cd80", "", PLAIN},
    {"hlt", "f4", "", PLAIN},
    {"in %dx,%al", "ec", "", PLAIN},
    {"cli", "fa", "", PLAIN},
    {"repz cmpsb", "f3a6", "", PLAIN},
    {"es test %edi,%edi", "2685ff", "", PLAIN},
    {"ss test %edi,%edi", "3685ff", "", PLAIN},
    {"mov %eax,%ss", "8ed0", "", PLAIN},
    {"vpmaskmovd %xmm2,%xmm1,(%rax)", "c4e2718e10", "", PLAIN},
    {"vpmaskmovd %xmm1,%xmm1,(%rax)", "c4e2718e08", "", NOT_RUN},
    {"vzeroupper", "c5f877", "", NOT_RUN},
    {"vmovaps %xmm1,%xmm0 in three bytes", "c4e17828c1", "", NOT_RUN},
    {"vpalignr $8,%xmm2,%xmm1,%xmm0", "c4e3710fc208", "", NOT_RUN},
    {"vblendvps %xmm3,%xmm2,%xmm1,%xmm0", "c4e3714ac230", "", NOT_RUN},
    {"vpcmpestrm $0,%xmm1,%xmm0", "c4e37960c100", "", PLAIN},
    {"vpcmpistri $0,%xmm1,%xmm0", "c4e37963c100", "", NOT_RUN},
    {"vaeskeygenassist $0,%xmm1,%xmm0", "c4e379dfc100", "", NOT_RUN},
    {"vpermil2ps $0,%xmm2,%xmm1,%xmm0,%xmm0", "c4e3f948c210", "", PLAIN},
    {"vpermil2pd $0,%xmm2,%xmm1,%xmm0,%xmm0", "c4e3f949c210", "", PLAIN},
    {"vfmaddsubps %xmm2,%xmm1,%xmm0,%xmm0", "c4e3f95cc210", "", PLAIN},
    {"vfmaddpd %xmm2,%xmm1,%xmm0,%xmm0", "c4e3f969c210", "", PLAIN},
    {"vfnmsubsd %xmm2,%xmm1,%xmm0,%xmm0", "c4e3f97fc210", "", PLAIN},
    {"vfrczps %xmm0,%xmm0", "8fe97880c0", "", ONLY_WE_REFUSE},
    {"vaddps %zmm1,%zmm0,%zmm0", "62f17c4858c1", "", NOT_RUN},
    {"vfmadd213ps %zmm2,%zmm1,%zmm0", "62f27548a8c2", "", NOT_RUN},
    {"vcvt2ps2phx %zmm2,%zmm1,%zmm0", "62f2754867c2", "", ONLY_WE_REFUSE},
    {"vaddph %zmm1,%zmm0,%zmm0", "62f57c4858c1", "", ONLY_WE_REFUSE},
    {"syscall", "0f05", "", ONLY_WE_REFUSE},
    {"sysenter", "0f34", "", ONLY_WE_REFUSE},
};

static size_t bytes_of(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (unsigned byte; hex[2 * n] && sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
        out[n] = (uint8_t)byte;
    return n;
}

static bool has_uprobes_mapping(void)
{
    char line[512];
    bool found = false;
    FILE *f = fopen("/proc/self/maps", "r");
    while (f && fgets(line, sizeof line, f))
        found |= strstr(line, "[uprobes]") != NULL;
    if (f)
        fclose(f);
    return found;
}

static int open_counter(const char *path)
{
    struct perf_event_attr attr = {.size = sizeof attr, .type = (uint32_t)uprobe_pmu_type()};
    attr.uprobe_path = (uint64_t)(uintptr_t)path;
    attr.probe_offset = CODE_AT;
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* rdi, rsi, rcx are set so that every case is harmless: repz cmpsb compares nothing. */
static void run_code(const uint8_t *code)
{
    uint64_t a = 0, c = 0, d = 7, s = 0;
    __asm__ volatile("lea -256(%%rsp), %%rsp\n\tcall *%[code]\n\tlea 256(%%rsp), %%rsp"
                     : "+a"(a), "+c"(c), "+D"(d), "+S"(s)
                     : [code] "r"(code)
                     : "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "cc", "memory");
}

/* Exits with the UprobeWay seen. refused_only: the instruction is not to be run. */
static void child_run(const Case *c, const char *path, bool refused_only)
{
    uint8_t *page = MAP_FAILED;
    FILE *f = fopen(path, "rb");
    if (f)
        page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(f), 0);
    if (page == MAP_FAILED)
        _exit(WRONG);
    run_code(page); /* nops up to the end: the mapping works */
    int fd = open_counter(path);
    if (fd < 0)
        _exit(errno == ERROR_NOTSUPP || errno == ENOEXEC ? UPROBE_REFUSED
              : errno == EACCES || errno == EPERM        ? NO_UPROBES
                                                         : WRONG);
    if (refused_only || c->note == ONLY_WE_REFUSE)
        _exit(UPROBE_EMULATED);
    if (c->note == NOT_RUN)
        _exit(UPROBE_STEPPED);
    run_code(page + CODE_AT);
    _exit(event_count(fd) != 1 ? WRONG : has_uprobes_mapping() ? UPROBE_STEPPED : UPROBE_EMULATED);
}

/* A file: ret, nops, then at CODE_AT the instruction, its tail, ret. */
static void code_write(const Case *c, char *path)
{
    uint8_t code[64];
    memset(code, 0x90, sizeof code);
    code[0] = 0xc3;
    size_t n = CODE_AT + bytes_of(c->insn, code + CODE_AT);
    n += bytes_of(c->tail, code + n);
    code[n++] = 0xc3;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4096), 0);
    assert_int_equal(pwrite(fd, code, n, 0), (ssize_t)n);
    close(fd);
}

static int way_seen(const Case *c, bool refused_only)
{
    char path[] = "/tmp/lvscan-probe-XXXXXX";
    int status;
    code_write(c, path);
    pid_t pid = fork();
    if (pid == 0)
        child_run(c, path, refused_only);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    unlink(path);
    return WIFEXITED(status) ? WEXITSTATUS(status) : WRONG;
}

static UprobeWay way_said(const Case *c)
{
    uint8_t bytes[16] = {0};
    Insn insn;
    size_t n = bytes_of(c->insn, bytes);
    assert_int_equal(insn_decode(bytes, n, 0x1000, &insn), (int)n);
    return uprobe_way(&insn, bytes);
}

static void test_ways(void **state)
{
    static const char *const names[] = {"emulated", "stepped", "refused"};
    unsigned wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const Case *c = &CASES[i];
        UprobeWay said = way_said(c);
        int seen = way_seen(c, said == UPROBE_REFUSED);
        if (seen == NO_UPROBES)
            skip();
        if (c->note == NEWER_EMULATE && seen == UPROBE_EMULATED)
            seen = UPROBE_STEPPED;
        if (c->note == ONLY_WE_REFUSE ? said != UPROBE_REFUSED : (int)said != seen) {
            fprintf(stderr, "# %s (%s): we say %s, the kernel %s\n", c->text, c->insn, names[said],
                    seen <= UPROBE_REFUSED ? names[seen] : "ended it");
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- every opcode (with ORACLE=full; else those that we refuse, and some others): opened, not run ---- */

enum { SLOT = 32, SLOTS = 4096 / SLOT, MAPS = 8 };

/* What stands before the opcode byte: nothing, 0f, and maps of VEX and EVEX. */
static const char *const MAP_BYTES[MAPS] = {"", "0f", "c5f8", "c5fd", "c4e279", "c4e371", "62f17c48", "62f27d48"};

static bool opened(const char *path, uint64_t off)
{
    struct perf_event_attr attr = {.size = sizeof attr, .type = (uint32_t)uprobe_pmu_type()};
    attr.uprobe_path = (uint64_t)(uintptr_t)path;
    attr.probe_offset = off;
    int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Half a map's opcodes, one a slot of a page. Opening a probe takes the kernel a millisecond and more. modrm is what follows the opcode. */
static unsigned opcodes_compare(const char *prefix, unsigned first, uint8_t modrm)
{
    char path[] = "/tmp/lvscan-probe-XXXXXX";
    uint8_t code[4096] = {0};
    unsigned wrong = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        size_t n = bytes_of(prefix, code + i * SLOT);
        code[i * SLOT + n] = (uint8_t)(first + i);
        code[i * SLOT + n + 1] = modrm;
    }
    int fd = mkstemp(path);
    assert_int_equal(write(fd, code, sizeof code), (ssize_t)sizeof code);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    assert_true(page != MAP_FAILED);
    for (unsigned i = 0; i < SLOTS; i++) {
        const uint8_t *p = code + i * SLOT;
        Insn insn;
        if (insn_decode(p, SLOT, 0x1000, &insn) <= 0)
            continue;
        bool we = uprobe_way(&insn, p) != UPROBE_REFUSED;
        if (!getenv("ORACLE") && (first + i) % 16 != modrm % 16 && (we || modrm == 0x17))
            continue; /* the whole takes minutes */
        bool kernel = opened(path, i * SLOT);
        if (we != kernel) {
            fprintf(stderr, "# %s%02x%02x (%s): we %s, the kernel %s\n", prefix, first + i, modrm,
                    mnemonic_name(insn.mnemonic).text, we ? "accept" : "refuse", kernel ? "accepts" : "refuses");
            wrong += we || (p[0] != 0x0f && p[0] != 0xd5 && insn.len != 5); /* d5, REX2: only newer kernels know it */
        }
    }
    munmap(page, 4096);
    close(fd);
    unlink(path);
    return wrong;
}

/* A process for each half of a map. */
static void test_opcodes(void **state)
{
    pid_t pids[MAPS * 256 / SLOTS];
    size_t n = 0;
    (void)state;
    for (size_t map = 0; map < MAPS; map++)
        for (unsigned first = 0; first < 256; first += SLOTS, n++) {
            pids[n] = fork();
            assert_true(pids[n] >= 0);
            if (pids[n] == 0)
                _exit(opcodes_compare(MAP_BYTES[map], first, map % 2 ? 0x17 : 0xc1) != 0);
        }
    unsigned wrong = 0;
    for (size_t i = 0; i < n; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        wrong += status != 0;
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ways), cmocka_unit_test(test_opcodes)};
    if (geteuid() != 0 || uprobe_pmu_type() < 0) {
        printf("1..1\nok 1 - live: uprobe_way # SKIP needs root and a kernel with uprobes\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
