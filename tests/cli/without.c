/* without CALL=ERRNO... -- COMMAND ARG...: runs the command on a kernel whose system calls (by number) fail with that error:
 * one without BPF, a locked-down one. By seccomp, so that the program under test needs no hook for it. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { CALLS_MAX = 8 };

int main(int argc, char **argv)
{
    struct sock_filter code[2 + 2 * CALLS_MAX];
    unsigned short n = 0;
    int i = 1;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (; i < argc && strcmp(argv[i], "--") != 0 && i <= CALLS_MAX; i++) {
        char *end;
        unsigned call = (unsigned)strtoul(argv[i], &end, 0);
        unsigned error = *end == '=' ? (unsigned)strtoul(end + 1, NULL, 0) : EPERM;
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, code};
    if (i + 1 >= argc || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return fprintf(stderr, "without: %s\n", strerror(errno)), 127;
    execvp(argv[i + 1], argv + i + 1);
    return fprintf(stderr, "without: %s: %s\n", argv[i + 1], strerror(errno)), 127;
}
