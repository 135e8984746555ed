/* tests/oracle/x86_step.c - one instruction on the real processor (see the header).
 *
 * Layout of the frame's xsave area: SDM vol. 1, 13.4 (legacy region, header, extended region; offsets from CPUID 0DH).
 */
#include "tests/oracle/x86_step.h"

#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { XHEADER = 512, X_AVX = 2, X_OPMASK = 5, X_ZMM_HI = 6, X_HI16_ZMM = 7, XSAVE_MOST = 16384, STEP_TURNS = 64 };

static const int greg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static struct {
    uint32_t off[8];
    uint64_t features;
    size_t size;
    const State *in;
    State *out;
    bool stepping, repeat;
    int turns, signal;
    gregset_t main_regs;
    uint8_t main_x[XSAVE_MOST];
} step;

static void x_copy_out(uint8_t *x, const State *s)
{
    uint64_t bv;
    memcpy(x, &s->fcw, 2);
    memcpy(x + 2, &s->fsw, 2);
    x[4] = s->ftw;
    memcpy(x + 24, &s->mxcsr, 4);
    for (int i = 0; i < 8; i++)
        memcpy(x + 32 + 16 * i, s->st[i], 10);
    for (int i = 0; i < 16; i++)
        memcpy(x + 160 + 16 * i, s->vec[i], 16);
    for (int i = 0; i < 16 && step.off[X_AVX]; i++)
        memcpy(x + step.off[X_AVX] + 16 * i, s->vec[i] + 16, 16);
    for (int i = 0; i < 16 && step.off[X_ZMM_HI]; i++) {
        memcpy(x + step.off[X_ZMM_HI] + 32 * i, s->vec[i] + 32, 32);
        memcpy(x + step.off[X_HI16_ZMM] + 64 * i, s->vec[16 + i], 64);
    }
    if (step.off[X_OPMASK])
        memcpy(x + step.off[X_OPMASK], s->k, 64);
    memcpy(&bv, x + XHEADER, 8);
    bv |= step.features;
    memcpy(x + XHEADER, &bv, 8);
}

static void x_copy_in(const uint8_t *x, State *s)
{
    memcpy(&s->fcw, x, 2);
    memcpy(&s->fsw, x + 2, 2);
    s->ftw = x[4];
    memcpy(&s->mxcsr, x + 24, 4);
    for (int i = 0; i < 8; i++)
        memcpy(s->st[i], x + 32 + 16 * i, 10);
    for (int i = 0; i < 16; i++)
        memcpy(s->vec[i], x + 160 + 16 * i, 16);
    for (int i = 0; i < 16 && step.off[X_AVX]; i++)
        memcpy(s->vec[i] + 16, x + step.off[X_AVX] + 16 * i, 16);
    for (int i = 0; i < 16 && step.off[X_ZMM_HI]; i++) {
        memcpy(s->vec[i] + 32, x + step.off[X_ZMM_HI] + 32 * i, 32);
        memcpy(s->vec[16 + i], x + step.off[X_HI16_ZMM] + 64 * i, 64);
    }
    if (step.off[X_OPMASK])
        memcpy(s->k, x + step.off[X_OPMASK], 64);
}

static void step_enter(ucontext_t *uc, uint8_t *x)
{
    greg_t *g = uc->uc_mcontext.gregs;
    memcpy(step.main_regs, g, sizeof step.main_regs);
    memcpy(step.main_x, x, step.size);
    for (int i = 0; i < 16; i++)
        g[greg_of[i]] = (greg_t)step.in->gpr[i];
    g[REG_RIP] = (greg_t)STEP_CODE;
    g[REG_EFL] = (greg_t)((step.in->flags & STEP_FLAGS) | 0x202 | STEP_TF);
    x_copy_out(x, step.in);
    step.stepping = true;
    step.turns = 0;
}

static void step_leave(ucontext_t *uc, uint8_t *x, int sig)
{
    greg_t *g = uc->uc_mcontext.gregs;
    for (int i = 0; i < 16; i++)
        step.out->gpr[i] = (uint64_t)g[greg_of[i]];
    step.out->rip = (uint64_t)g[REG_RIP];
    step.out->flags = (uint64_t)g[REG_EFL] & STEP_FLAGS;
    x_copy_in(x, step.out);
    step.signal = sig;
    memcpy(g, step.main_regs, sizeof step.main_regs);
    memcpy(x, step.main_x, step.size);
    step.stepping = false;
}

static void step_handler(int sig, siginfo_t *info, void *ctx)
{
    ucontext_t *uc = ctx;
    uint8_t *x = (uint8_t *)uc->uc_mcontext.fpregs;
    (void)info;
    if (!step.stepping && sig == SIGTRAP)
        step_enter(uc, x);
    else if (!step.stepping)
        _exit(70); /* the program itself failed */
    else if (sig == SIGTRAP && step.repeat && uc->uc_mcontext.gregs[REG_RIP] == (greg_t)STEP_CODE &&
             ++step.turns < STEP_TURNS)
        return;
    else
        step_leave(uc, x, sig);
}

static void xsave_layout(void)
{
    unsigned a, b, c, d;
    uint32_t lo, hi;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) {
        step.features = 3;
        step.size = 512;
        return;
    }
    __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    step.features = lo & 0xe7;
    __cpuid_count(0xd, 0, a, b, c, d);
    step.size = b < XSAVE_MOST ? b : XSAVE_MOST;
    for (unsigned i = 2; i < 8; i++)
        if (step.features >> i & 1) {
            __cpuid_count(0xd, i, a, b, c, d);
            step.off[i] = b;
        }
}

static bool fixed_map(uint64_t at, size_t n, int prot)
{
    return mmap((void *)(uintptr_t)at, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED;
}

bool step_init(void)
{
    static const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS};
    static uint8_t stack[65536];
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction sa = {.sa_sigaction = step_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    xsave_layout();
    sigfillset(&sa.sa_mask);
    if (!fixed_map(STEP_SCRATCH, STEP_SCRATCH_SIZE, PROT_READ | PROT_WRITE) ||
        !fixed_map(STEP_CODE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) || sigaltstack(&alt, NULL) != 0)
        return false;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], &sa, NULL) != 0)
            return false;
    return true;
}

size_t step_vector_bytes(void) { return step.off[X_ZMM_HI] ? 64 : step.off[X_AVX] ? 32 : 16; }

StepEnd step_run(const State *in, const uint8_t *code, size_t n, bool repeat, State *out)
{
    memset((void *)(uintptr_t)STEP_CODE, 0x90, 64);
    memcpy((void *)(uintptr_t)STEP_CODE, code, n);
    memset(out, 0, sizeof *out);
    step.in = in;
    step.out = out;
    step.repeat = repeat;
    __asm__ volatile("int3" ::: "memory");
    switch (step.signal) {
    case SIGTRAP: return STEP_DONE;
    case SIGILL: return STEP_ILLEGAL;
    case SIGSEGV:
    case SIGBUS: return STEP_FAULT;
    case SIGFPE: return STEP_DIVIDE;
    default: return STEP_OTHER;
    }
}

int step_isolated(void (*fn)(void *), void *ctx, unsigned seconds)
{
    struct itimerval limit = {{0, 0}, {(time_t)seconds, 0}};
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        setitimer(ITIMER_REAL, &limit, NULL);
        fn(ctx);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        perror("fork");
        exit(2);
    }
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}
