/* tests/oracle/x86_text.c - our text, lengths and acceptance against Debian's objdump and llvm-mc.
 *
 *   x86_text [--known FILE] [--syntax att|intel] [--llvm N] [--random N] [--seed S] [--full] [--verbose] [ELF...]
 *            (an ELF of "-": paths on standard input)
 *
 * Each executable section (or N structured random sequences) is written to a file of its own and given to
 * `objdump -D -b binary`, so that no symbol stops an instruction. Each line of objdump's is compared with ours at that address.
 * Exit status 1: something is unexplained.
 */
#include "tests/oracle/elf_text.h"
#include "tests/oracle/x86_diff.h"
#include "tests/oracle/x86_gen.h"
#include "tests/oracle/x86_llvm.h"
#include "tests/oracle/x86_norm.h"
#include "tests/oracle/x86_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOT = 32 }; /* bytes between random sequences: the longest instruction, then nops */

typedef struct Text {
    DiffTable diffs;
    Syntax syntax;
    const char *name; /* of the syntax, the second part of a key */
    uint64_t insns, lines, bad, files, bytes;
    const char *path;
    const uint8_t *p; /* the section */
    size_t n, slot;   /* slot: 0, or only lines at multiples of it count */
    uint64_t addr;
    uint64_t held;        /* address of prefixes that objdump printed alone */
    ZydisDecoder decoder; /* a second opinion on reserved fields */
    bool holding, split;  /* split: this line or the one held before is compared */
} Text;

static bool is_prefix(uint8_t b)
{
    static const uint8_t prefix[] = {0x66, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x67};
    return memchr(prefix, b, sizeof prefix) != NULL || (b & 0xf0) == 0x40;
}

/* What objdump lets pass without looking, by the encoding: NULL if nothing of the kind. */
static const char *leniency(const Text *t, uint64_t at, int len)
{
    const uint8_t *p = t->p + (at - t->addr);
    size_t n = t->n - (size_t)(at - t->addr), i = 0;
    bool forbidden = false, lock = false;
    if (len > INSN_MAX_LEN)
        return "too-long";
    for (; i < n && i < INSN_MAX_LEN && is_prefix(p[i]); i++) {
        forbidden |= p[i] == 0x66 || p[i] == 0xf2 || p[i] == 0xf3 || p[i] == 0xf0 || (p[i] & 0xf0) == 0x40;
        lock |= p[i] == 0xf0;
    }
    bool vex = i < n && (p[i] == 0xc4 || p[i] == 0xc5 || p[i] == 0x62 || p[i] == 0x8f);
    if (vex && forbidden)
        return "vex-prefix";
    if (lock)
        return "lock";
    View v;
    view_zydis(&t->decoder, p, n, at, &v);
    if (v.len > 0 || !(vex || forbidden))
        return NULL;
    return vex ? "vex-reserved" : "np-prefix";
}

/* The class of a difference. Where only prefixes differ, or objdump lets LOCK stand anywhere, or starts anew behind a REX
 * that is not the last prefix, the mnemonic does not matter: "any". */
static void key_make(const Text *t, char *key, size_t n, const char *kind, const char *theirs, const char *ours,
                     const char *lenient)
{
    const char *a = norm_skip_prefixes(ours), *b = norm_skip_prefixes(theirs);
    char word[64], mine[64];
    norm_word(b, word, sizeof word);
    norm_word(a, mine, sizeof mine);
    if (t->split)
        snprintf(key, n, "any/%s/split", kind);
    else if (!*ours && lenient)
        snprintf(key, n, "any/%s/%s", kind, lenient);
    else if (strcmp(a, b) == 0) {
        if (norm_same_live_prefixes(ours, theirs))
            snprintf(key, n, "any/%s-prefixes/dead", kind);
        else
            snprintf(key, n, "%s/%s-prefixes/live", word, kind);
    } else if (strcmp(word, mine) != 0)
        snprintf(key, n, "%s/%s/%s", word, kind, *mine ? mine : "none");
    else
        snprintf(key, n, "%s/%s/operands", word, kind);
}

static bool is_apx(const Text *t, uint64_t at)
{
    Insn insn;
    const uint8_t *p = t->p + (at - t->addr);
    return insn_decode(p, t->n - (size_t)(at - t->addr), at, &insn) > 0 && view_is_apx(&insn, p);
}

static void differ(Text *t, const char *kind, const char *theirs, const char *ours, uint64_t at, int len)
{
    char key[160], hex[64];
    if (*ours && is_apx(t, at))
        snprintf(key, sizeof key, "any/%s/apx", kind);
    else
        key_make(t, key, sizeof key, kind, theirs, ours, *ours ? NULL : leniency(t, at, len));
    if (!diff_add(&t->diffs, key))
        return;
    size_t off = (size_t)(at - t->addr);
    size_t most = len > 0 ? (size_t)len : 15;
    if (most > t->n - off)
        most = t->n - off;
    diff_example(&t->diffs, key, "%s at %" PRIx64 "  ours '%s'  objdump '%s'", hex_of(hex, t->p + off, most), at, ours,
                 theirs);
}

/* One instruction of objdump's, len bytes at `at`, against ours. */
static void compare_line(Text *t, uint64_t at, int len, const char *theirs)
{
    char ours[INSN_TEXT_MAX + 2] = "";
    Insn insn;
    size_t off = (size_t)(at - t->addr);
    int got = insn_decode(t->p + off, t->n - off, at, &insn);
    bool bad = strstr(theirs, "(bad)") != NULL || strstr(theirs, "{ba") != NULL || strstr(theirs, "-bad}") != NULL ||
               strstr(theirs, ".byte") != NULL;
    t->insns++;
    if (got > 0)
        insn_text(&insn, t->syntax, ours, sizeof ours - 2);
    if (bad) {
        t->bad++;
        if (got > 0)
            differ(t, "accept", "(bad)", ours, at, got);
        return;
    }
    if (got <= 0)
        differ(t, got == INSN_TRUNCATED ? "truncated" : "accept", theirs, "", at, len);
    else if (got != len)
        differ(t, "len", theirs, ours, at, got > len ? got : len);
    else if (strcmp(ours, theirs) != 0)
        differ(t, t->name, theirs, ours, at, len);
}

/* Prefixes that objdump splits off: ours keep them with the instruction. Then the texts are compared without. */
static bool compare_held(Text *t, uint64_t at, int len, const char *theirs)
{
    char ours[INSN_TEXT_MAX + 2] = "";
    Insn insn;
    size_t off = (size_t)(t->held - t->addr);
    int whole = (int)(at - t->held) + len;
    int got = insn_decode(t->p + off, t->n - off, t->held, &insn);
    if (got != whole)
        return false;
    insn_text(&insn, t->syntax, ours, sizeof ours - 2);
    t->insns++;
    if (strcmp(norm_skip_prefixes(ours), norm_skip_prefixes(theirs)) != 0)
        differ(t, t->name, theirs, ours, t->held, got);
    return true;
}

static int bytes_count(const char *s, const char *end)
{
    int n = 0;
    for (; s + 1 < end && *s != ' '; s += 3)
        n++;
    return n;
}

/* "  addr:\tbytes \ttext\n" */
static void parse_line(Text *t, char *line)
{
    char *end, *tab, *text;
    uint64_t at = strtoull(line, &end, 16);
    if (end == line || end[0] != ':' || end[1] != '\t' || !(tab = strchr(end + 2, '\t')))
        return;
    text = tab + 1;
    int len = bytes_count(end + 2, tab);
    t->lines++;
    if (at < t->addr || at - t->addr >= t->n)
        return;
    if (t->slot && (at - t->addr) % t->slot != 0 && !t->holding)
        return;
    norm_text(text, strlen(text) + 3);
    if (t->holding && compare_held(t, at, len, text)) {
        t->holding = t->split = false;
        return;
    }
    if (norm_prefixes_only(text)) {
        if (!t->holding)
            t->held = at;
        t->holding = t->split = true;
        return;
    }
    if (t->holding)
        compare_line(t, t->held, (int)(at - t->held) + len, text);
    else
        compare_line(t, at, len, text);
    t->holding = t->split = false;
}

static void objdump_run(Text *t, const char *file)
{
    char cmd[256], *line = NULL;
    size_t room = 0;
    snprintf(cmd, sizeof cmd, "objdump -D -z -w -b binary -m i386:x86-64%s --adjust-vma=0x%" PRIx64 " %s",
             t->syntax == SYNTAX_INTEL ? " -M intel" : "", t->addr, file);
    FILE *f = popen(cmd, "r");
    if (!f)
        perror("objdump"), exit(2);
    t->holding = t->split = false;
    for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
        if ((size_t)n + 4 > room)
            line = realloc(line, room = (size_t)n + 8);
        if (line)
            parse_line(t, line);
    }
    free(line);
    if (pclose(f) != 0)
        fprintf(stderr, "x86_text: objdump failed: %s (%s)\n", cmd, t->path), exit(2);
}

static void section_compare(void *ctx, const char *path, uint64_t addr, const uint8_t *p, size_t n)
{
    Text *t = ctx;
    if (n == 0)
        return; /* objdump takes no empty file */
    char name[] = "/tmp/x86_text_XXXXXX";
    int fd = mkstemp(name);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
    t->path = path;
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        perror(name), exit(2);
    t->p = p, t->n = n, t->addr = addr;
    t->bytes += n;
    objdump_run(t, name);
    unlink(name);
}

static void file_compare(Text *t, const char *path)
{
    t->slot = 0;
    if (elf_text_each(path, section_compare, t) < 0)
        return;
    if (t->files++ % 128 == 0)
        fprintf(stderr, "%" PRIu64 " files, %" PRIu64 " instructions\n", t->files, t->insns);
}

static void list_compare(Text *t)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        file_compare(t, line);
    }
    free(line);
}

/* Random sequences, SLOT bytes apart with nops behind: whatever objdump makes of one, it is in step again at the next. */
static void random_compare(Text *t, uint64_t count, uint64_t seed)
{
    enum { CHUNK = 100000 };
    uint8_t *buf = malloc((size_t)CHUNK * SLOT);
    Rng rng = {seed};
    if (!buf)
        perror("memory"), exit(2);
    t->slot = SLOT;
    for (uint64_t done = 0; done < count; done += CHUNK) {
        memset(buf, 0x90, (size_t)CHUNK * SLOT);
        for (size_t i = 0; i < CHUNK; i++) {
            uint8_t one[GEN_BYTES];
            gen_bytes(&rng, one);
            memcpy(buf + i * SLOT, one, INSN_MAX_LEN);
        }
        section_compare(t, "random", 0x10000000, buf, (size_t)CHUNK * SLOT);
    }
    free(buf);
}

typedef struct Options {
    const char *known, *syntax;
    uint64_t llvm, random, seed;
    bool full, verbose;
    int first;
} Options;

static const char *option_value(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc)
        fprintf(stderr, "x86_text: %s needs a value\n", argv[*i]), exit(2);
    return argv[++*i];
}

static Options options_read(int argc, char **argv)
{
    Options o = {"tests/oracle/x86_known.txt", "att", 0, 0, 1, false, false, 1};
    for (; o.first < argc && strncmp(argv[o.first], "--", 2) == 0; o.first++) {
        const char *name = argv[o.first];
        if (strcmp(name, "--full") == 0)
            o.full = true;
        else if (strcmp(name, "--verbose") == 0)
            o.verbose = true;
        else if (strcmp(name, "--known") == 0)
            o.known = option_value(argc, argv, &o.first);
        else if (strcmp(name, "--syntax") == 0)
            o.syntax = option_value(argc, argv, &o.first);
        else if (strcmp(name, "--llvm") == 0)
            o.llvm = (uint64_t)strtod(option_value(argc, argv, &o.first), NULL);
        else if (strcmp(name, "--random") == 0)
            o.random = (uint64_t)strtod(option_value(argc, argv, &o.first), NULL);
        else if (strcmp(name, "--seed") == 0)
            o.seed = strtoull(option_value(argc, argv, &o.first), NULL, 0);
        else
            fprintf(stderr, "x86_text: unknown option %s\n", name), exit(2);
    }
    return o;
}

int main(int argc, char **argv)
{
    static Text t;
    Options o = options_read(argc, argv);
    uint64_t bad = 0;
    t.name = o.syntax;
    t.syntax = strcmp(o.syntax, "intel") == 0 ? SYNTAX_INTEL : SYNTAX_ATT;
    diff_init(&t.diffs, "objdump", o.known);
    view_zydis_init(&t.decoder);
    for (int i = o.first; i < argc; i++)
        if (strcmp(argv[i], "-") == 0)
            list_compare(&t);
        else
            file_compare(&t, argv[i]);
    random_compare(&t, o.random, o.seed);
    bad += diff_report(&t.diffs, o.full, o.verbose);
    printf("objdump %s: compared %" PRIu64 " instructions, %" PRIu64 " of them (bad); %" PRIu64 " files, %" PRIu64
           " bytes, %" PRIu64 " random\nobjdump %s: unexplained differences: %" PRIu64 "\n",
           o.syntax, t.insns, t.bad, t.files, t.bytes, o.random, o.syntax, bad);
    if (o.llvm)
        bad += llvm_compare(o.known, o.llvm, o.seed, o.full, o.verbose);
    return bad ? 1 : 0;
}
