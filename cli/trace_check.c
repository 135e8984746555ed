/* cli/trace_check.c - see trace_check.h. */
#include "cli/trace_check.h"

#include "cli/message.h"
#include "cli/starts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool bytes_equal(Bytes a, Bytes b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }

static bool check_identity(const ProbeSpec *spec, const Image *image, Diag *diag)
{
    char sha256[SHA256_TEXT];
    if (spec->build_id.n)
        return bytes_equal(spec->build_id, image->build_id) ||
               diag_set(diag, 0, "is not the file that the probe spec was made for: its build id differs");
    if (!spec->sha256[0])
        return true; /* made from this very file a moment ago */
    sha256_text(image->file, sha256);
    return strcmp(sha256, spec->sha256) == 0 ||
           diag_set(diag, 0, "is not the file that the probe spec was made for: its SHA-256 differs");
}

bool check_file(const ProbeSpec *spec, Program *program, Diag *diag)
{
    Off off;
    Insn insn;
    unsigned long long pc = spec->pc;
    if (!check_identity(spec, &program->image, diag))
        return false;
    if (!image_is_code(&program->image, spec->pc) || !image_addr_to_off(&program->image, spec->pc, &off) ||
        off.v != spec->off.v)
        return diag_set(diag, 0, "the probe spec's pc 0x%llx and file offset do not belong together in this file", pc);
    const uint8_t *p = image_read(&program->image, spec->pc, spec->bytes.n);
    if (!p || memcmp(p, spec->bytes.p, spec->bytes.n) != 0)
        return diag_set(diag, 0, "the instruction's bytes at 0x%llx differ from the probe spec's", pc);
    if (!program_insn(program, spec->pc, &insn) || insn.len != spec->bytes.n ||
        !instruction_starts_at(program, spec->pc))
        return diag_set(diag, 0, "0x%llx is not proved to be the start of an instruction", pc);
    return true;
}

/* is_prefix_bad(): es, cs, ss, ds overrides and lock are refused with ENOTSUPP (524). */
bool check_instruction(Bytes insn, Diag *diag)
{
    static const uint8_t nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    for (size_t i = 0; i < insn.n; i++) {
        uint8_t b = insn.p[i];
        if (b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0xf0)
            return diag_set(diag, 0,
                            "the kernel refuses a probe on an instruction with a %s prefix; --site names another place",
                            b == 0xf0 ? "lock" : "segment");
        if (b != 0x66 && b != 0x67 && b != 0xf2 && b != 0xf3 && b != 0x64 && b != 0x65)
            break;
    }
    if (insn.n == sizeof nop5 && memcmp(insn.p, nop5, sizeof nop5) == 0)
        return diag_set(
            diag, 0,
            "a probe on a 5-byte nop can overwrite the stack's red zone on some kernels; --site names another place");
    if (insn.n && insn.p[0] == 0xcc)
        return diag_set(diag, 0, "the kernel refuses a probe on a breakpoint instruction");
    return insn.n > 0;
}

/* One line of /proc/PID/maps. */
typedef struct Mapping {
    unsigned long long start, end, off, inode;
    unsigned major, minor;
    char perms[5];
} Mapping;

static bool mapping_holds(const Mapping *m, const struct stat *st, uint64_t off)
{
    return m->inode == st->st_ino && m->perms[2] == 'x' && off >= m->off && off - m->off < m->end - m->start &&
           (makedev(m->major, m->minor) == st->st_dev ||
            major(st->st_dev) == 0); /* btrfs and overlays show another device */
}

static bool find_mapping(pid_t pid, const struct stat *st, uint64_t off, Mapping *m, Diag *diag)
{
    char path[64], *line = NULL;
    size_t cap = 0;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%ld/maps", (long)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return diag_set(diag, 0, "process %ld: %s", (long)pid, errno == ENOENT ? "there is none" : errno_text(errno));
    while (!found && getline(&line, &cap, f) > 0)
        found = sscanf(line, "%llx-%llx %4s %llx %x:%x %llu", &m->start, &m->end, m->perms, &m->off, &m->major,
                       &m->minor, &m->inode) == 7 &&
                mapping_holds(m, st, off);
    free(line);
    fclose(f);
    return found ||
           diag_set(diag, 0, "process %ld does not run this file (replaced since it started? then use pid:%ld)",
                    (long)pid, (long)pid);
}

static bool same_in_memory(const ProbeSpec *spec, pid_t pid, uint64_t address, Diag *diag)
{
    char path[64];
    uint8_t have[INSN_MAX_LEN];
    snprintf(path, sizeof path, "/proc/%ld/mem", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return diag_set(diag, 0, "the memory of process %ld cannot be read: %s", (long)pid, errno_text(errno));
    ssize_t got = pread(fd, have, spec->bytes.n, (off_t)address);
    close(fd);
    bool other_tracer = got > 0 && have[0] == 0xcc;
    size_t from = other_tracer ? 1 : 0;
    if (got == (ssize_t)spec->bytes.n && memcmp(have + from, spec->bytes.p + from, spec->bytes.n - from) == 0)
        return true;
    return diag_set(diag, 0, "in process %ld the instruction's bytes are not those of the file: not touched",
                    (long)pid);
}

bool check_process(const ProbeSpec *spec, const Input *in, pid_t pid, Diag *diag)
{
    struct stat st;
    Mapping m;
    if (fstat(in->fd, &st) != 0)
        return diag_set(diag, 0, "cannot be examined: %s", errno_text(errno));
    return find_mapping(pid, &st, spec->off.v, &m, diag) &&
           same_in_memory(spec, pid, m.start + (spec->off.v - m.off), diag);
}

bool is_own_program(const Input *in)
{
    struct stat own, st;
    return stat("/proc/self/exe", &own) == 0 && fstat(in->fd, &st) == 0 && own.st_dev == st.st_dev &&
           own.st_ino == st.st_ino;
}
