/* tests/oracle/x86_llvm.c - our instructions given to llvm-mc (see the header).
 *
 * llvm-mc prints no lengths, and decodes each bracket of input on its own: an instruction of ours must come out as one (prefixes
 * it prints as instructions of their own aside). Before each stands a marker, `mov $number,%eax`, to keep in step.
 */
#include "tests/oracle/x86_llvm.h"

#include "tests/oracle/x86_diff.h"
#include "tests/oracle/x86_gen.h"
#include "tests/oracle/x86_norm.h"
#include "x86/insn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 50000, MARK = 0x10000000 };

typedef struct Sent {
    uint8_t code[INSN_MAX_LEN];
    int len;
    unsigned lines; /* instructions that came back */
    char first[96];
} Sent;

typedef struct Llvm {
    DiffTable diffs;
    Sent *sent;
    size_t count;
    uint64_t compared;
} Llvm;

static void bytes_print(FILE *f, const uint8_t *p, int n)
{
    for (int i = 0; i < n; i++)
        fprintf(f, "%s0x%02x", i ? " " : "[", p[i]);
    fputs("]\n", f);
}

static void mark_print(FILE *f, uint32_t i)
{
    uint8_t mov[5] = {0xb8, 0, 0, 0, 0};
    uint32_t v = MARK + i;
    memcpy(mov + 1, &v, 4);
    bytes_print(f, mov, 5);
}

/* llvm-mc 19 drops mandatory prefixes before REX2 with W, takes a SIB byte's 101b for a base where r21 or r29 is meant, refuses
 * 66 beside W in EVEX map 4, and takes any prefix there beside NF. */
static bool llvm_mistakes(const uint8_t *p, size_t prefixes, const Insn *insn)
{
    if (insn->encoding == ENC_REX2)
        return prefixes > 0 || (insn->mem.base == REG_NONE && (p[1] & 0x10));
    return insn->encoding == ENC_EVEX &&
           (((p[1] & 7) == 4 && (p[2] & 3) == 1 && (p[2] & 0x80)) || (insn->mem.base == REG_NONE && (p[1] & 8)));
}

/* llvm-mc takes few combinations of prefixes: only sequences with at most one, 66, F2 or F3, are given to it. */
static bool llvm_can(const uint8_t *p, const Insn *insn)
{
    size_t n = 0;
    while (p[n] == 0x66 || p[n] == 0xf2 || p[n] == 0xf3)
        n++;
    size_t after = n + ((p[n] & 0xf0) == 0x40); /* a REX that is not last is dead: not to llvm-mc */
    return n <= 1 && !memchr("\x66\xf2\xf3", p[after], 3) &&
           !(insn->prefixes & (PREFIX_LOCK | PREFIX_ADDRSIZE | PREFIX_SEGMENT)) && !llvm_mistakes(p + n, n, insn) &&
           ((p[n] & 0xf0) != 0x40 || (p[n + 1] & 0xf0) != 0x40);
}

static size_t chunk_write(Llvm *l, Rng *rng, const char *path, uint64_t *left)
{
    FILE *f = fopen(path, "w");
    uint8_t buf[GEN_BYTES];
    Insn insn;
    if (!f)
        perror(path), exit(2);
    for (l->count = 0; l->count<CHUNK && * left> 0; --*left) {
        gen_bytes(rng, buf);
        int len = insn_decode(buf, sizeof buf, 0, &insn);
        if (len <= 0 || !llvm_can(buf, &insn))
            continue;
        Sent *s = &l->sent[l->count];
        memcpy(s->code, buf, INSN_MAX_LEN);
        s->len = len, s->lines = 0, s->first[0] = 0;
        mark_print(f, (uint32_t)l->count++);
        bytes_print(f, buf, len);
    }
    if (fclose(f) != 0)
        perror(path), exit(2);
    return l->count;
}

/* Reads llvm-mc's lines back to what they came from. */
static void chunk_read(Llvm *l, const char *path)
{
    char cmd[256], line[4096]; /* llvm-mc explains shuffles at length */
    size_t next = 0;
    snprintf(cmd, sizeof cmd, "llvm-mc-19 --disassemble -triple=x86_64 %s 2>/dev/null", path);
    FILE *f = popen(cmd, "r");
    if (!f)
        perror("llvm-mc-19"), exit(2);
    while (fgets(line, sizeof line, f)) {
        unsigned mark;
        if (sscanf(line, " movl $%u, %%eax", &mark) == 1 && mark == MARK + next) {
            next++;
            continue;
        }
        norm_text(line, sizeof line);
        if (next == 0 || !*line || line[0] == '.' || norm_prefixes_only(line))
            continue;
        Sent *s = &l->sent[next - 1];
        if (s->lines++ == 0)
            snprintf(s->first, sizeof s->first, "%.95s", line);
    }
    pclose(f);
    if (next != l->count)
        fprintf(stderr, "x86_text: llvm-mc-19 answered %zu of %zu\n", next, l->count), exit(2);
}

static void llvm_differ(Llvm *l, const Sent *s, const char *kind, const char *detail, const char *ours)
{
    char key[160], name[64], hex[40];
    norm_word(norm_skip_prefixes(ours), name, sizeof name);
    snprintf(key, sizeof key, "%s/%s/%s", name, kind, detail);
    if (diff_add(&l->diffs, key))
        diff_example(&l->diffs, key, "%s  ours '%s'  llvm '%s'", hex_of(hex, s->code, (size_t)s->len), ours, s->first);
}

/* llvm always writes the size suffix; ours, as objdump, only where no register shows the size. */
static bool same_mnemonic(const char *ours, const char *theirs)
{
    size_t n = strlen(ours), m = strlen(theirs);
    size_t least = n < m ? n : m;
    return strncmp(ours, theirs, least) == 0 && (n > m ? n - m : m - n) <= 1;
}

static void sent_compare(Llvm *l, const Sent *s)
{
    char ours[160], mine[64], word[64];
    Insn insn;
    insn_decode(s->code, (size_t)s->len, 0, &insn);
    insn_text(&insn, SYNTAX_ATT, ours, sizeof ours);
    norm_word(norm_skip_prefixes(s->first), word, sizeof word);
    norm_word(norm_skip_prefixes(ours), mine, sizeof mine);
    l->compared++;
    if (s->lines == 0)
        llvm_differ(l, s, "accept", "ours-only", ours);
    else if (s->lines > 1)
        llvm_differ(l, s, "len", word, ours);
    else if (!same_mnemonic(mine, word))
        llvm_differ(l, s, "mnemonic", word, ours);
}

uint64_t llvm_compare(const char *known, uint64_t count, uint64_t seed, bool full, bool verbose)
{
    Llvm l = {.sent = calloc(CHUNK, sizeof *l.sent)};
    Rng rng = {seed};
    char path[] = "/tmp/x86_llvm_XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) != 0 || !l.sent)
        perror(path), exit(2);
    diff_init(&l.diffs, "llvm", known);
    while (count > 0 && chunk_write(&l, &rng, path, &count) > 0) {
        chunk_read(&l, path);
        for (size_t i = 0; i < l.count; i++)
            sent_compare(&l, &l.sent[i]);
    }
    unlink(path);
    free(l.sent);
    uint64_t bad = diff_report(&l.diffs, full, verbose);
    printf("llvm: compared %" PRIu64 " instructions\nllvm: unexplained differences: %" PRIu64 "\n", l.compared, bad);
    return bad;
}
