/* tests/oracle/bench_decode.c - how fast we decode, beside libzydis and libcapstone, on real code.
 *
 *   bench_decode [ELF...]
 *
 * All three walk the same bytes, in one process, in interleaved rounds, measured in thread CPU time; medians are printed. Ours:
 * insn_decode and insn_effects; libzydis: the full decoder with operands (which carry access); libcapstone: detail on.
 * objdump is a process of its own, its user and system time divided by the instructions.
 */
#include "tests/oracle/elf_text.h"
#include "x86/insn.h"

#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { ROUNDS = 9, TEXT_MOST = 16 << 20, DECODERS = 3 };

typedef struct Code {
    uint8_t *p;
    size_t n;
} Code;

/* What a walk yields: kept and printed, so that no work can be left out. */
typedef struct Walk {
    uint64_t insns, sum;
} Walk;

static void code_take(void *ctx, const char *path, uint64_t addr, const uint8_t *p, size_t n)
{
    Code *c = ctx;
    (void)path, (void)addr;
    if (n > TEXT_MOST)
        n = TEXT_MOST;
    if (n <= c->n)
        return;
    free(c->p);
    c->p = malloc(n);
    c->n = n;
    if (!c->p)
        perror("memory"), exit(2);
    memcpy(c->p, p, n);
}

static Walk walk_ours(const Code *c)
{
    Walk w = {0, 0};
    Insn insn;
    Effects e;
    for (size_t i = 0; i < c->n; w.insns++) {
        int len = insn_decode(c->p + i, c->n - i, i, &insn);
        if (len > 0) {
            insn_effects(&insn, &e);
            w.sum += e.writes.w[0] + e.reads.w[0] + insn.imm + e.flags_written;
        }
        i += len > 0 ? (size_t)len : 1;
    }
    return w;
}

static Walk walk_zydis(const Code *c)
{
    static ZydisDecoder decoder;
    Walk w = {0, 0};
    ZydisDecodedInstruction z;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (size_t i = 0; i < c->n; w.insns++) {
        bool ok = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, c->p + i, c->n - i, &z, op));
        w.sum += ok ? z.operand_count + op[0].actions : 0;
        i += ok ? z.length : 1;
    }
    return w;
}

static Walk walk_capstone(const Code *c)
{
    static csh handle;
    static cs_insn *insn;
    Walk w = {0, 0};
    if (!insn) {
        if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
            exit(2);
        cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
        insn = cs_malloc(handle);
    }
    for (size_t i = 0; i < c->n; w.insns++) {
        const uint8_t *p = c->p + i;
        size_t n = c->n - i;
        uint64_t addr = i;
        bool ok = cs_disasm_iter(handle, &p, &n, &addr, insn);
        w.sum += ok ? insn->detail->x86.op_count : 0;
        i += ok ? insn->size : 1;
    }
    return w;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int double_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, double_order);
    return v[n / 2];
}

static double child_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* CPU seconds objdump takes for the same bytes; the cheap output, no raw bytes. */
static double objdump_seconds(const Code *c)
{
    char name[] = "/tmp/bench_XXXXXX", cmd[128];
    int fd = mkstemp(name);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!f || fwrite(c->p, 1, c->n, f) != c->n || fclose(f) != 0)
        perror(name), exit(2);
    snprintf(cmd, sizeof cmd, "objdump -D -z -b binary -m i386:x86-64 --no-show-raw-insn %s >/dev/null", name);
    double before = child_seconds();
    if (system(cmd) != 0)
        fprintf(stderr, "bench_decode: objdump failed\n");
    unlink(name);
    return child_seconds() - before;
}

static void bench_code(const char *path, const Code *c)
{
    static Walk (*const walk[DECODERS])(const Code *) = {walk_ours, walk_zydis, walk_capstone};
    double t[DECODERS][ROUNDS], ratio[DECODERS][ROUNDS], ns[DECODERS];
    Walk w[DECODERS];
    for (int r = 0; r < ROUNDS; r++)
        for (int d = 0; d < DECODERS; d++) {
            double start = cpu_seconds();
            w[d] = walk[d](c);
            t[d][r] = cpu_seconds() - start;
            ratio[d][r] = t[d][r] / t[0][r];
        }
    double objdump = objdump_seconds(c) * 1e9 / (double)w[0].insns;
    for (int d = 0; d < DECODERS; d++)
        ns[d] = median(t[d], ROUNDS) * 1e9 / (double)w[d].insns;
    printf("%s: %zu bytes, %llu instructions (libzydis %llu, libcapstone %llu; checks %llx)\n", path, c->n,
           (unsigned long long)w[0].insns, (unsigned long long)w[1].insns, (unsigned long long)w[2].insns,
           (unsigned long long)(w[0].sum ^ w[1].sum ^ w[2].sum));
    printf("    ns an instruction: ours %.1f  libzydis %.1f  libcapstone %.1f  objdump %.1f\n", ns[0], ns[1], ns[2],
           objdump);
    printf("    ours is faster: %.2f times than libzydis, %.2f than libcapstone, %.2f than objdump\n",
           median(ratio[1], ROUNDS), median(ratio[2], ROUNDS), objdump / ns[0]);
}

static void machine_print(void)
{
    char line[256];
    time_t now = time(NULL);
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "model name", 10) == 0) {
            printf("machine:%s", strchr(line, ':') + 1);
            break;
        }
    if (f)
        fclose(f);
    strftime(line, sizeof line, "date: %Y-%m-%d", gmtime(&now));
    printf("%s; medians of %d interleaved rounds, thread CPU time\n", line, ROUNDS);
}

int main(int argc, char **argv)
{
    machine_print();
    for (int i = 1; i < argc; i++) {
        Code c = {NULL, 0};
        if (elf_text_each(argv[i], code_take, &c) < 0 || c.n == 0)
            fprintf(stderr, "bench_decode: no code in %s\n", argv[i]);
        else
            bench_code(argv[i], &c);
        free(c.p);
    }
    return 0;
}
