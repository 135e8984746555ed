/* cli/sandbox.c - see sandbox.h. A table of permitted system calls becomes a classic BPF program.
 * Sources: seccomp(2), landlock(7), Linux's Documentation/userspace-api/{seccomp_filter,landlock}.rst. */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the filter ---- */

enum { IN_READ = 1, IN_STRICT = 2, IN_BOTH = 3 };

/* Numbers that older headers lack. */
enum { NR_RSEQ = 334, NR_CLONE3 = 435, NR_LANDLOCK_CREATE = 444, NR_LANDLOCK_RESTRICT = 446 };

/* A call is allowed when the low half of argument `arg`, masked, is `value` (mask 0: always); else `otherwise` happens. */
typedef struct Rule {
    uint16_t nr;
    uint8_t rings;
    uint8_t arg;
    uint32_t mask, value, otherwise;
} Rule;

#define KILL        SECCOMP_RET_KILL_PROCESS
#define FAIL(error) (SECCOMP_RET_ERRNO | (error))
#define ALWAYS(name)                                                                                                   \
    {                                                                                                                  \
        SYS_##name, IN_BOTH, 0, 0, 0, KILL                                                                             \
    }
#define MUST_LACK(name, arg, bits)                                                                                     \
    {                                                                                                                  \
        SYS_##name, IN_BOTH, arg, bits, 0, KILL                                                                        \
    }

/* Bits of open's flags that ask for more than reading. */
#define OPEN_MORE ((uint32_t)(O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY)))

static const Rule RULES[] = {
    /* reading what is open (for writing see emit_write) */
    ALWAYS(read),
    ALWAYS(pread64),
    ALWAYS(lseek),
    ALWAYS(close),
    /* memory, never executable */
    MUST_LACK(mmap, 2, PROT_EXEC),
    MUST_LACK(mprotect, 2, PROT_EXEC),
    ALWAYS(munmap),
    ALWAYS(mremap),
    ALWAYS(madvise),
    ALWAYS(brk),
    /* what files there are, not what is in them */
    ALWAYS(fstat),
    ALWAYS(newfstatat),
    ALWAYS(stat),
    ALWAYS(lstat),
    ALWAYS(statx),
    ALWAYS(readlink),
    ALWAYS(readlinkat),
    ALWAYS(access),
    ALWAYS(faccessat),
    ALWAYS(getcwd),
    ALWAYS(getdents64),
    {SYS_openat, IN_READ, 2, OPEN_MORE, O_RDONLY, KILL},
    {SYS_open, IN_READ, 1, OPEN_MORE, O_RDONLY, KILL},
    {SYS_fcntl, IN_READ, 1, UINT32_MAX, F_SETFD, FAIL(EPERM)}, /* musl's opendir */
    {SYS_ioctl, IN_BOTH, 1, UINT32_MAX, TCGETS, FAIL(ENOTTY)}, /* isatty */
    /* threads, but no processes; clone3's flags lie in memory that a filter cannot see, and libc then takes clone */
    {SYS_clone, IN_BOTH, 0, CLONE_THREAD, CLONE_THREAD, KILL},
    {NR_CLONE3, IN_BOTH, 0, 1, 2, FAIL(ENOSYS)}, /* never equal */
    {NR_RSEQ, IN_BOTH, 0, 0, 0, KILL},
    ALWAYS(set_robust_list),
    ALWAYS(futex),
    ALWAYS(sched_yield),
    ALWAYS(sched_getaffinity),
    ALWAYS(gettid),
    ALWAYS(getpid),
    /* time, signals, randomness for malloc, the end */
    ALWAYS(clock_gettime),
    ALWAYS(nanosleep),
    ALWAYS(clock_nanosleep),
    ALWAYS(rt_sigaction),
    ALWAYS(rt_sigprocmask),
    ALWAYS(rt_sigreturn),
    ALWAYS(restart_syscall),
    ALWAYS(getrandom),
    ALWAYS(sysinfo), /* glibc's qsort asks how much memory there is */
    ALWAYS(exit),
    ALWAYS(exit_group),
    /* from the first ring into the second */
    {SYS_prctl, IN_READ, 0, UINT32_MAX, PR_SET_NO_NEW_PRIVS, KILL},
    {SYS_seccomp, IN_READ, 0, 0, 0, KILL},
    {NR_LANDLOCK_CREATE, IN_READ, 0, 0, 0, KILL},
    {NR_LANDLOCK_RESTRICT, IN_READ, 0, 0, 0, KILL},
};

enum { NRULES = sizeof RULES / sizeof *RULES, PROGRAM_MAX = 24 + 6 * NRULES };

typedef struct BpfProgram {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short n;
} BpfProgram;

static void emit(BpfProgram *p, unsigned code, unsigned jt, unsigned jf, uint32_t k)
{
    p->code[p->n++] = (struct sock_filter){(uint16_t)code, (uint8_t)jt, (uint8_t)jf, k};
}

static void emit_load(BpfProgram *p, size_t off) { emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)off); }
static void emit_return(BpfProgram *p, uint32_t what) { emit(p, BPF_RET | BPF_K, 0, 0, what); }

/* Goes on with the next instruction when A is k, else past `skip` of them. */
static void emit_equal(BpfProgram *p, uint32_t k, unsigned skip) { emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, skip, k); }

/* x86-64's own calls only: i386's and x32's have other numbers. */
static void emit_prologue(BpfProgram *p)
{
    emit_load(p, offsetof(struct seccomp_data, arch));
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
    emit_return(p, KILL);
    emit_load(p, offsetof(struct seccomp_data, nr));
}

static void emit_rule(BpfProgram *p, const Rule *r)
{
    emit_equal(p, r->nr, r->mask ? 5 : 1);
    if (r->mask) {
        emit_load(p, offsetof(struct seccomp_data, args) + r->arg * sizeof(uint64_t));
        emit(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, r->mask);
        emit_equal(p, r->value, 1);
    }
    emit_return(p, SECCOMP_RET_ALLOW);
    if (r->mask)
        emit_return(p, r->otherwise);
}

/* write and writev: to standard output and error only. */
static void emit_write(BpfProgram *p, uint32_t nr)
{
    emit_equal(p, nr, 5);
    emit_load(p, offsetof(struct seccomp_data, args));
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, STDOUT_FILENO);
    emit_equal(p, STDERR_FILENO, 1);
    emit_return(p, SECCOMP_RET_ALLOW);
    emit_return(p, KILL);
}

static int filter_install(SandboxRing ring)
{
    BpfProgram p = {.n = 0};
    emit_prologue(&p);
    emit_write(&p, SYS_write);
    emit_write(&p, SYS_writev);
    for (size_t i = 0; i < NRULES; i++)
        if (RULES[i].rings & (ring == SANDBOX_STRICT ? IN_STRICT : IN_READ))
            emit_rule(&p, &RULES[i]);
    emit_return(&p, KILL);
    struct sock_fprog program = {p.n, p.code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno;
}

/* ---- Landlock ---- */

/* struct landlock_ruleset_attr; a kernel takes as much of it as its version knows. */
typedef struct LandlockRights {
    uint64_t fs;    /* version 1 */
    uint64_t net;   /* 4 */
    uint64_t scope; /* 6 */
} LandlockRights;

enum { LANDLOCK_READS = 1 << 2 | 1 << 3 }; /* read a file, read a directory */

static LandlockRights landlock_rights(SandboxRing ring, int version)
{
    unsigned bits = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
    LandlockRights r = {.fs = ((uint64_t)1 << bits) - 1, .net = version >= 4 ? 3 : 0, .scope = version >= 6 ? 3 : 0};
    if (ring == SANDBOX_READ)
        r.fs &= ~(uint64_t)LANDLOCK_READS;
    return r;
}

/* Rights that are handled and given by no rule are gone. */
static int landlock_install(SandboxRing ring)
{
    enum { ASK_VERSION = 1 };
    long version = syscall(NR_LANDLOCK_CREATE, NULL, (size_t)0, ASK_VERSION);
    if (version < 1)
        return version < 0 ? errno : ENOSYS;
    LandlockRights rights = landlock_rights(ring, (int)version);
    size_t size = version >= 6   ? sizeof rights
                  : version >= 4 ? offsetof(LandlockRights, scope)
                                 : offsetof(LandlockRights, net);
    long fd = syscall(NR_LANDLOCK_CREATE, &rights, size, 0);
    if (fd < 0)
        return errno;
    int error = syscall(NR_LANDLOCK_RESTRICT, fd, 0) == 0 ? 0 : errno;
    close((int)fd);
    return error;
}

bool sandbox_enter(SandboxRing ring, SandboxReport *report)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 1); /* a thread's own heap would open /proc/sys/vm/overcommit_memory when it shrinks */
#endif
    *report = (SandboxReport){.filter_error = EPERM, .landlock_error = EPERM};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        report->filter_error = report->landlock_error = errno;
        return false;
    }
    report->landlock_error = ring == SANDBOX_PROCESSES ? ENOSYS : landlock_install(ring);
    report->filter_error = filter_install(ring);
    report->landlocked = report->landlock_error == 0;
    report->filtered = report->filter_error == 0;
    return report->filtered;
}

bool sandbox_is_impossible(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(LVSCAN_UNCONFINED)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return true;
#else
    return false;
#endif
#else
    return false;
#endif
}
