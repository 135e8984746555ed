/* cli/trace_check.c - see trace_check.h. */
#include "cli/trace_check.h"

#include "analysis/probe.h"
#include "cli/message.h"
#include "cli/small_file.h"
#include "cli/starts.h"
#include "elf/format.h"

#include <errno.h>
#include <fcntl.h>
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
        !instruction_starts_at(program, spec->function_start, spec->pc))
        return diag_set(diag, 0, "0x%llx is not proved to be the start of an instruction", pc);
    return true;
}

bool check_bytes(const ProbeSpec *spec, const Input *in, Diag *diag)
{
    Bytes b = in->bytes;
    bool inside = spec->bytes.n <= b.n && spec->off.v <= b.n - spec->bytes.n;
    return (inside && memcmp(b.p + spec->off.v, spec->bytes.p, spec->bytes.n) == 0) ||
           diag_set(diag, 0, "the instruction's bytes at 0x%llx differ from the probe spec's",
                    (unsigned long long)spec->pc);
}

bool check_instruction(Bytes bytes, Diag *diag)
{
    Insn insn;
    char text[INSN_TEXT_MAX];
    if (bytes.n == 0 || insn_decode(bytes.p, bytes.n, 0, &insn) != (int)bytes.n)
        return diag_set(diag, 0, "the bytes at the probe are no instruction");
    if (uprobe_way(&insn, bytes.p) != UPROBE_REFUSED)
        return true;
    insn_text(&insn, SYNTAX_ATT, text, sizeof text);
    return diag_set(
        diag, 0,
        "the kernel refuses a probe on this instruction, or would harm the program: %s; --site names another "
        "place",
        text);
}

/* One line of /proc/PID/maps. */
typedef struct Mapping {
    unsigned long long start, end, off, inode, major, minor;
    bool executable;
} Mapping;

/* The number at *p and the one character after it. */
static bool field_read(const char **p, unsigned base, char after, unsigned long long *v)
{
    const char *digits = *p;
    *v = number_read(p, base);
    bool good = *p != digits && **p == after;
    *p += good;
    return good;
}

/* "55d0c8e00000-55d0c8e4d000 r-xp 00002000 fe:01 1311 ...": five fields and the path (proc(5)). */
static bool mapping_read(const char *line, Mapping *m)
{
    if (!field_read(&line, 16, '-', &m->start) || !field_read(&line, 16, ' ', &m->end) || strnlen(line, 5) < 5)
        return false;
    m->executable = line[2] == 'x';
    line += 5;
    return field_read(&line, 16, ' ', &m->off) && field_read(&line, 16, ':', &m->major) &&
           field_read(&line, 16, ' ', &m->minor) && field_read(&line, 10, ' ', &m->inode);
}

static bool mapping_holds(const Mapping *m, const struct stat *st, uint64_t off)
{
    return m->inode == st->st_ino && m->executable && off >= m->off && off - m->off < m->end - m->start &&
           (makedev((unsigned)m->major, (unsigned)m->minor) == st->st_dev ||
            major(st->st_dev) == 0); /* btrfs and overlays show another device */
}

/* The kernel ends each line within a page for the path and what stands before it. */
static bool mapping_search(int fd, const struct stat *st, uint64_t off, Mapping *m)
{
    char text[8192], *end;
    size_t have = 0;
    for (ssize_t got; (got = read(fd, text + have, sizeof text - have)) > 0;) {
        char *line = text;
        have += (size_t)got;
        for (; (end = memchr(line, '\n', have - (size_t)(line - text))); line = end + 1) {
            *end = 0;
            if (mapping_read(line, m) && mapping_holds(m, st, off))
                return true;
        }
        have -= (size_t)(line - text);
        memmove(text, line, have);
    }
    return false;
}

static bool find_mapping(pid_t pid, const struct stat *st, uint64_t off, Mapping *m, Diag *diag)
{
    char path[64];
    format_text(path, sizeof path, "/proc/%ld/maps", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return diag_set(diag, 0, "process %ld: %s", (long)pid, errno == ENOENT ? "there is none" : errno_text(errno));
    bool found = mapping_search(fd, st, off, m);
    close(fd);
    return found ||
           diag_set(diag, 0, "process %ld does not run this file (replaced since it started? then use pid:%ld)",
                    (long)pid, (long)pid);
}

static bool same_in_memory(const ProbeSpec *spec, pid_t pid, uint64_t address, Diag *diag)
{
    char path[64];
    uint8_t have[INSN_MAX_LEN];
    format_text(path, sizeof path, "/proc/%ld/mem", (long)pid);
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
    Mapping m = {0};
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
