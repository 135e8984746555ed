/* tests/oracle/x86_zydis.c - differential test of the decoder against Debian's libzydis 4.0.
 *
 *   x86_zydis [--known FILE] [--random N] [--truncate N] [--seed S] [--full] [--verbose] [ELF...]   (- : paths on stdin)
 *
 * Sweeps the executable sections of ELF files, resuming one byte on where both refuse; then N structured random
 * sequences; then N more, each cut at every byte and laid against an unmapped page. Prints each class of difference
 * once, with its count and an example, then totals. Exit status 1: something is unexplained.
 */
#include "tests/oracle/elf_text.h"
#include "tests/oracle/x86_diff.h"
#include "tests/oracle/x86_gen.h"
#include "tests/oracle/x86_view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Run {
    DiffTable diffs;
    ZydisDecoder decoder;
    uint64_t insns, invalid, bytes, files, random, cuts;
    const uint8_t *at; /* the instruction under comparison */
    uint64_t pc;
    size_t room;
    View a, b; /* ours, theirs */
    Insn insn;
} Run;

static void set_text(char *buf, size_t n, RegSet s)
{
    size_t len = 0;
    buf[0] = 0;
    for (unsigned r = 0; r < 128 && len + 12 < n; r++)
        if (regset_has(s, r))
            len += (size_t)snprintf(buf + len, n - len, "%s%s", len ? "," : "", reg_name(r));
}

static void flags_text(char buf[8], uint8_t f)
{
    static const char letters[] = "oszapcd";
    size_t n = 0;
    for (int i = 0; i < 7; i++)
        if (f >> i & 1)
            buf[n++] = letters[i];
    buf[n] = 0;
}

static int view_text(char *buf, size_t n, const View *v)
{
    char set[3][256], flags[3][8];
    const RegSet sets[3] = {v->reads, v->writes, v->kills};
    const uint8_t f[3] = {v->flags_read, v->flags_written, v->flags_undefined};
    if (v->len <= 0)
        return snprintf(buf, n, "%s", v->len == INSN_TRUNCATED ? "truncated" : "invalid");
    for (int i = 0; i < 3; i++)
        set_text(set[i], sizeof set[i], sets[i]), flags_text(flags[i], f[i]);
    int len = snprintf(buf, n, "%s len=%d flow=%d r{%s} w{%s} k{%s} f{%s|%s|%s}", v->mnemonic, v->len, v->flow, set[0],
                       set[1], set[2], flags[0], flags[1], flags[2]);
    for (unsigned i = 0; i < v->nops && (size_t)len < n; i++)
        len += snprintf(buf + len, n - (size_t)len, " op%u=%d:%d:%s%s:%" PRIx64, i, v->op[i].kind, v->op[i].access,
                        v->op[i].kind == OPERAND_REG ? reg_name_sized(v->op[i].reg, v->op[i].bits, v->op[i].high) : "",
                        v->op[i].kind == OPERAND_REG ? ""
                        : v->op[i].bits              ? "#"
                                                     : "",
                        v->op[i].value);
    return len;
}

static void mem_text(char *buf, size_t n, const Mem *m)
{
    snprintf(buf, n, "%s:%s+%s*%d%+" PRId64 "/%d", reg_name(m->segment), reg_name(m->base), reg_name(m->index),
             m->scale, m->disp, m->addr_bits);
}

/* Counts a difference: kind and detail make the class together with the mnemonic. */
static void differ(Run *r, const char *kind, const char *detail)
{
    char key[256], hex[64], ours[160] = "", va[1024], vb[1024], ma[80], mb[80];
    bool apx = r->a.len > 0 && r->b.len <= 0 && view_is_apx(&r->insn, r->at);
    const char *name = apx ? "apx" : r->b.len > 0 ? r->b.mnemonic : r->a.mnemonic;
    snprintf(key, sizeof key, "%s/%s/%s", name, kind, detail);
    if (!diff_add(&r->diffs, key))
        return;
    int len = r->a.len > r->b.len ? r->a.len : r->b.len;
    if (r->a.len > 0)
        insn_text(&r->insn, SYNTAX_ATT, ours, sizeof ours);
    view_text(va, sizeof va, &r->a);
    view_text(vb, sizeof vb, &r->b);
    mem_text(ma, sizeof ma, &r->a.mem);
    mem_text(mb, sizeof mb, &r->b.mem);
    hex_of(hex, r->at, len > 0 ? (size_t)len : r->room < 15 ? r->room : 15);
    diff_example(&r->diffs, key,
                 "%s  %s (row %u, pc %" PRIx64 ")\n      ours  %s mem(%s:%d#%d)\n      zydis %s mem(%s:%d#%d)", hex,
                 ours, r->a.len > 0 ? r->insn.row : 0, r->pc, va, ma, r->a.mem_access, r->a.mem_bits, vb, mb,
                 r->b.mem_access, r->b.mem_bits);
}

/* What part a register plays in our instruction, so that one class covers all its registers. */
static const char *role_of(const Run *r, unsigned reg)
{
    static const char *const op[] = {"op0", "op1", "op2", "op3", "op4", "op5"};
    unsigned first = 6, times = 0;
    for (unsigned i = r->b.nops; i-- > 0;)
        if (r->b.op[i].kind == OPERAND_REG && r->b.op[i].reg == reg)
            first = i, times++;
    if (times > 1)
        return "same"; /* two operands are this register */
    if (times)
        return op[first];
    if (r->b.mask == reg)
        return "mask";
    if (r->b.mem.base == reg)
        return "base";
    if (r->b.mem.index == reg)
        return "index";
    return reg_name(reg);
}

static RegSet set_minus(RegSet a, RegSet b) { return (RegSet){{a.w[0] & ~b.w[0], a.w[1] & ~b.w[1]}}; }

/* A class a register: "+" ours has it, "-" ours lacks it. */
static void compare_set(Run *r, const char *kind, RegSet a, RegSet b)
{
    char detail[32];
    RegSet more = set_minus(a, b), less = set_minus(b, a);
    if (regset_empty(more) && regset_empty(less))
        return;
    for (unsigned reg = 0; reg < 128; reg++)
        if (regset_has(more, reg) || regset_has(less, reg)) {
            snprintf(detail, sizeof detail, "%c%s", regset_has(more, reg) ? '+' : '-', role_of(r, reg));
            differ(r, kind, detail);
        }
}

static void compare_flags(Run *r, const char *kind, uint8_t a, uint8_t b)
{
    char detail[32], more[8], less[8];
    if (a == b)
        return;
    flags_text(more, (uint8_t)(a & ~b));
    flags_text(less, (uint8_t)(b & ~a));
    snprintf(detail, sizeof detail, "%s%s%s%s", *more ? "+" : "", more, *less ? "-" : "", less);
    differ(r, kind, detail);
}

static void operand_differ(Run *r, unsigned i, const char *kind, unsigned x, unsigned y)
{
    char detail[48];
    snprintf(detail, sizeof detail, "op%u:%u!=%u", i, x, y);
    differ(r, kind, detail);
}

/* "above": the values differ only above the size of the destination. */
static void value_differ(Run *r, unsigned i, uint64_t diff)
{
    char detail[48];
    unsigned bits = r->b.op[0].bits;
    bool above = i > 0 && bits >= 8 && bits < 64 && diff >> bits << bits == diff;
    snprintf(detail, sizeof detail, "op%u%s", i, above ? ":above" : "");
    differ(r, r->a.op[i].kind == OPERAND_REL ? "target" : "imm", detail);
}

static void compare_operand(Run *r, unsigned i)
{
    const ViewOp *a = &r->a.op[i], *b = &r->b.op[i];
    if (a->kind != b->kind) {
        operand_differ(r, i, "opkind", a->kind, b->kind);
        return;
    }
    if (a->reg != b->reg || a->high != b->high)
        operand_differ(r, i, "opreg", 0, 0);
    if (a->value != b->value)
        value_differ(r, i, a->value ^ b->value);
    if (a->bits != b->bits)
        operand_differ(r, i, "opbits", a->bits, b->bits);
    if (a->access != b->access)
        operand_differ(r, i, "opaccess", a->access, b->access);
}

static void compare_operands(Run *r)
{
    char detail[32];
    if (r->a.nops != r->b.nops) {
        snprintf(detail, sizeof detail, "%u!=%u", r->a.nops, r->b.nops);
        differ(r, "opcount", detail);
        return;
    }
    for (unsigned i = 0; i < r->a.nops; i++)
        compare_operand(r, i);
}

static void compare_memory(Run *r)
{
    const Mem *a = &r->a.mem, *b = &r->b.mem;
    if (a->addr_bits == 32 && a->base == REG_NONE && b->base == REG_R13 && a->index == b->index) {
        differ(r, "mem", "a32-no-base-r13");
        regset_add(&r->a.reads, REG_R13); /* what follows from it is no other difference */
        return;
    }
    if (a->base != b->base || a->index != b->index || a->scale != b->scale)
        differ(r, "mem", "registers");
    if (a->disp != b->disp)
        differ(r, "mem", (uint32_t)a->disp == (uint32_t)b->disp && a->addr_bits == 32 ? "disp-above-32" : "disp");
    if (a->segment != b->segment)
        differ(r, "mem", "segment");
    if (a->addr_bits != b->addr_bits)
        differ(r, "mem", "addr_bits");
    if (r->a.mem_access != r->b.mem_access)
        differ(r, "mem", "access");
    if (r->a.mem_bits != r->b.mem_bits)
        differ(r, "mem", "bits");
}

/* Segment registers as effects only count where they are an operand with that access. */
static RegSet without_segments(const Run *r, RegSet s, uint8_t access)
{
    RegSet keep = {{0, 0}};
    for (unsigned i = 0; i < r->b.nops; i++)
        if (r->b.op[i].kind == OPERAND_REG && (r->b.op[i].access & access))
            regset_add(&keep, r->b.op[i].reg);
    for (unsigned seg = REG_ES; seg <= REG_GS; seg++)
        if (!regset_has(keep, seg))
            s.w[1] &= ~((uint64_t)1 << (seg - 64));
    return s;
}

static void compare_sets(Run *r, const char *kind, RegSet a, RegSet b, uint8_t access)
{
    compare_set(r, kind, without_segments(r, a, access), without_segments(r, b, access));
}

static void compare_effects(Run *r)
{
    compare_sets(r, "reads", r->a.reads, r->b.reads, ACCESS_READ);
    compare_sets(r, "writes", r->a.writes, r->b.writes, ACCESS_WRITE);
    compare_sets(r, "kills", r->a.kills, r->b.kills, ACCESS_WRITE);
    compare_flags(r, "fread", r->a.flags_read, r->b.flags_read);
    compare_flags(r, "fwritten", r->a.flags_written, r->b.flags_written);
    compare_flags(r, "fundef", r->a.flags_undefined, r->b.flags_undefined);
}

static void compare_views(Run *r)
{
    char detail[32];
    if (r->a.len <= 0 && r->b.len <= 0)
        return;
    if (r->a.len <= 0 || r->b.len <= 0) {
        differ(r, "accept", r->a.len > 0 ? "ours-only" : r->a.len == INSN_TRUNCATED ? "ours-truncated" : "zydis-only");
        return;
    }
    if (r->a.len != r->b.len) {
        snprintf(detail, sizeof detail, "%+d", r->a.len - r->b.len);
        differ(r, "len", detail);
        return;
    }
    compare_operands(r);
    compare_memory(r);
    compare_effects(r);
    if (r->a.mask != r->b.mask)
        differ(r, "mask", "reg");
    if (r->a.flow != r->b.flow) {
        snprintf(detail, sizeof detail, "%d!=%d", r->a.flow, r->b.flow);
        differ(r, "flow", detail);
    }
}

/* Compares one place; returns how far to go on. */
static size_t compare_at(Run *r, const uint8_t *p, size_t n, uint64_t pc)
{
    r->at = p, r->room = n, r->pc = pc;
    view_ours(p, n, pc, &r->a, &r->insn);
    view_zydis(&r->decoder, p, n, pc, &r->b);
    compare_views(r);
    if (r->a.len > 0 || r->b.len > 0)
        r->insns++;
    else
        r->invalid++;
    return r->b.len > 0 ? (size_t)r->b.len : r->a.len > 0 ? (size_t)r->a.len : 1;
}

static void sweep_section(void *ctx, const char *path, uint64_t addr, const uint8_t *p, size_t n)
{
    Run *r = ctx;
    (void)path;
    r->bytes += n;
    for (size_t i = 0; i < n;)
        i += compare_at(r, p + i, n - i, addr + i);
}

static void sweep_file(Run *r, const char *path)
{
    if (elf_text_each(path, sweep_section, r) < 0)
        return;
    if (r->files++ % 128 == 0)
        fprintf(stderr, "%" PRIu64 " files, %" PRIu64 " instructions\n", r->files, r->insns);
}

static void sweep_list(Run *r)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        sweep_file(r, line);
    }
    free(line);
}

static void random_run(Run *r, uint64_t n, uint64_t seed)
{
    Rng rng = {seed};
    uint8_t buf[GEN_BYTES];
    for (uint64_t i = 0; i < n; i++) {
        gen_bytes(&rng, buf);
        compare_at(r, buf, sizeof buf, 0x400000000);
    }
    r->random += n;
}

/* ---- truncation: our decoder alone, against an unmapped page ---- */

static uint8_t *page_before_hole(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED || mprotect(m + page, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(2);
    }
    return m + page;
}

static void truncate_differ(Run *r, const uint8_t *p, size_t n, const char *detail)
{
    char hex[64], key[64];
    snprintf(key, sizeof key, "cut/truncate/%s", detail);
    if (diff_add(&r->diffs, key))
        diff_example(&r->diffs, key, "%s", hex_of(hex, p, n));
}

/* The text of what was accepted fits the buffer, in both syntaxes. */
static void truncate_text(Run *r, const Insn *insn, const uint8_t *p)
{
    char buf[INSN_TEXT_MAX];
    for (Syntax s = SYNTAX_ATT; s <= SYNTAX_INTEL; s++) {
        size_t n = insn_text(insn, s, buf, sizeof buf);
        if (n == 0 || n >= sizeof buf - 1 || strlen(buf) != n)
            truncate_differ(r, p, insn->len, "text");
    }
}

/* Each proper prefix of a valid instruction is truncated, never valid or invalid; where all the bytes are refused, no
 * prefix is accepted. The bytes end where the hole starts. */
static void truncate_one(Run *r, const uint8_t *buf, uint8_t *hole)
{
    Insn insn, again;
    int whole = insn_decode(buf, GEN_BYTES, 0x1000, &insn);
    int most = whole > 0 ? whole : INSN_MAX_LEN;
    if (whole > INSN_MAX_LEN || whole == 0 || whole == INSN_TRUNCATED)
        truncate_differ(r, buf, GEN_BYTES, "bad-length");
    for (int n = 0; n <= most; n++) {
        uint8_t *p = hole - n;
        memcpy(p, buf, (size_t)n);
        int len = insn_decode(p, (size_t)n, 0x1000, &again);
        r->cuts++;
        if (n == whole && len != whole)
            truncate_differ(r, buf, (size_t)n, "whole-refused");
        else if (n < most && whole > 0 && len != INSN_TRUNCATED)
            truncate_differ(r, buf, (size_t)n, len > 0 ? "accepted" : "invalid-not-truncated");
        else if (whole < 0 && len > 0)
            truncate_differ(r, buf, (size_t)n, "conflict");
    }
    if (whole > 0)
        truncate_text(r, &insn, buf);
}

static void truncate_run(Run *r, uint64_t n, uint64_t seed)
{
    Rng rng = {seed ^ 0x7275636174650000u};
    uint8_t buf[GEN_BYTES], *hole = page_before_hole();
    for (uint64_t i = 0; i < n; i++) {
        gen_bytes(&rng, buf);
        truncate_one(r, buf, hole);
    }
}

static void report_unit(const Run *r)
{
    printf("zydis: compared %" PRIu64 " instructions, %" PRIu64 " places both refuse; %" PRIu64 " files, %" PRIu64
           " bytes, %" PRIu64 " random, %" PRIu64 " cuts\n",
           r->insns, r->invalid, r->files, r->bytes, r->random, r->cuts);
}

static uint64_t number_of(const char *s)
{
    char *end;
    double v = strtod(s ? s : "", &end);
    if (!s || end == s || *end || v < 0) {
        fprintf(stderr, "x86_zydis: not a count: '%s'\n", s ? s : "");
        exit(2);
    }
    return (uint64_t)v;
}

typedef struct Options {
    const char *known;
    uint64_t random, truncate, seed;
    bool full, verbose;
    int first;
} Options;

static Options options_read(int argc, char **argv)
{
    Options o = {"tests/oracle/x86_known.txt", 0, 0, 1, false, false, 1};
    for (; o.first < argc && strncmp(argv[o.first], "--", 2) == 0; o.first++) {
        const char *name = argv[o.first];
        if (strcmp(name, "--full") == 0)
            o.full = true;
        else if (strcmp(name, "--verbose") == 0)
            o.verbose = true;
        else if (strcmp(name, "--known") == 0)
            o.known = argv[++o.first];
        else if (strcmp(name, "--random") == 0)
            o.random = number_of(argv[++o.first]);
        else if (strcmp(name, "--truncate") == 0)
            o.truncate = number_of(argv[++o.first]);
        else if (strcmp(name, "--seed") == 0)
            o.seed = number_of(argv[++o.first]);
        else
            fprintf(stderr, "x86_zydis: unknown option %s\n", name), exit(2);
    }
    return o;
}

int main(int argc, char **argv)
{
    static Run run;
    Options o = options_read(argc, argv);
    diff_init(&run.diffs, "zydis", o.known);
    view_zydis_init(&run.decoder);
    for (int i = o.first; i < argc; i++)
        if (strcmp(argv[i], "-") == 0)
            sweep_list(&run);
        else
            sweep_file(&run, argv[i]);
    random_run(&run, o.random, o.seed);
    truncate_run(&run, o.truncate, o.seed);
    uint64_t bad = diff_report(&run.diffs, o.full, o.verbose);
    report_unit(&run);
    printf("zydis: unexplained differences: %" PRIu64 "\n", bad);
    return bad ? 1 : 0;
}
