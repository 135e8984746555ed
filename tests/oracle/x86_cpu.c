/* tests/oracle/x86_cpu.c - the processor as an oracle for the decoder's lengths and effects.
 *
 *   x86_cpu [--known FILE] [--states N] [--random N] [--seed S] [--part I/N] [--full] [--verbose] [--bytes HEX]
 *
 * Takes up to 16 encodings of each form (operand size, register or memory) of each row of the opcode table from N
 * structured random sequences, and runs each form from N random states in a forked child (x86_trial.c says what is checked). Exit status 1: something is unexplained.
 */
#include "tests/oracle/x86_diff.h"
#include "tests/oracle/x86_trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FORMS = 16, ROWS = 8192 * FORMS, ENCODINGS = 16, CHILD_SECONDS = 60 };

/* One form of a row: by the size of its first operand, and whether it has a memory operand. */
typedef struct Row {
    uint64_t seen;
    uint8_t code[ENCODINGS][16];
} Row;

/* Not run, each for the reason given. "x*" covers every mnemonic that starts with x. */
static const char *const skipped[] = {
    "syscall",  "sysenter", "int*",     "icebp",    "into",     /* enter the kernel, or give SIGTRAP themselves */
    "rdtsc*",   "rdrand",   "rdseed",   "rdpmc",    "rdpru",    /* a different result each time */
    "rdpid",    "cpuid",    "xgetbv",   "rdfsbase", "rdgsbase", /* results from state that is not ours to vary */
    "wrfsbase", "wrgsbase", "lfs",      "lgs",      "lss", /* break the C library's thread pointer, or block the trap */
    "xrstor*",  "xsave*",   "fxrstor*", "fxsave*",         /* read and write whole state areas, depending on edx:eax */
    "vmmcall",  "vmcall",   "vmgexit",  "tdcall",   "vmfunc", /* to the hypervisor */
    "mwaitx",   "umwait",   "tpause",   "monitorx",           /* wait */
    "iret*",    "lret*",    "lcall*",   "ljmp*",    "retf*",  /* load segment registers */
    "smsw",     "sgdt",     "sidt",     "sldt",     "str",    /* emulated by Linux under UMIP */
    "fnsave",   "fsave",    "frstor",   "fnstenv",  "fstenv", /* store pointers that State leaves out */
    "enqcmd*",  "senduipi", "uiret",    "clui",     "stui",     "testui", "xbegin", "xabort",
};

static bool name_matches(const char *pattern, const char *name)
{
    size_t n = strlen(pattern);
    return pattern[n - 1] == '*' ? strncmp(pattern, name, n - 1) == 0 : strcmp(pattern, name) == 0;
}

static bool insn_skipped(const Insn *insn)
{
    MnemonicName name = mnemonic_name(insn->mnemonic);
    for (size_t i = 0; i < sizeof skipped / sizeof skipped[0]; i++)
        if (name_matches(skipped[i], name.text))
            return true;
    for (unsigned i = 0; i < insn->nops; i++) /* loads of segment registers */
        if (insn->op[i].kind == OPERAND_REG && insn->op[i].reg >= REG_ES && insn->op[i].reg <= REG_GS &&
            (insn->op[i].access & ACCESS_WRITE))
            return true;
    return false;
}

static unsigned form_of(const Insn *insn)
{
    unsigned bits = insn->nops ? insn->op[0].bits : 0, size = 0, mem = 0;
    while (size < 7 && bits > 8u << size)
        size++;
    for (unsigned i = 0; i < insn->nops; i++)
        mem |= insn->op[i].kind == OPERAND_MEM;
    return insn->row % (ROWS / FORMS) * FORMS + size * 2 + mem;
}

/* Reservoir sampling: each encoding of a form has the same chance to be kept. */
static void row_keep(Row *row, const uint8_t *code, Rng *rng)
{
    uint64_t i = row->seen++;
    if (i >= ENCODINGS)
        i = rng_next(rng) % row->seen;
    if (i < ENCODINGS)
        memcpy(row->code[i], code, 16);
}

static void rows_collect(Row *rows, uint64_t n, Rng *rng)
{
    uint8_t buf[GEN_BYTES];
    Insn insn;
    for (uint64_t i = 0; i < n; i++) {
        gen_bytes(rng, buf);
        if (insn_decode(buf, sizeof buf, STEP_CODE, &insn) > 0)
            row_keep(&rows[form_of(&insn)], buf, rng);
    }
}

typedef struct Job {
    const Row *row;
    uint64_t states, seed;
    TrialResult *out;
} Job;

/* An encoding may fault in most states, or in all: then the row's others get more, each round what is still missing shared
 * among all. Where a single one of ENCODINGS runs (enter's others leave the scratch area), a 16th of it is done in a round. */
enum { ROUNDS = 128 };

static void encoding_run(const Job *job, size_t i, uint64_t states, Rng *rng)
{
    uint8_t code[16];
    Insn insn;
    if (job->out->done >= job->states)
        return;
    memcpy(code, job->row->code[i], 16);
    memcpy(job->out->current, code, 16);
    insn_decode(code, INSN_MAX_LEN, STEP_CODE, &insn);
    if (!insn_skipped(&insn) && trial_prepare(code, &insn))
        trial_run(code, &insn, states, rng, job->out);
}

static void row_child(void *ctx)
{
    const Job *job = ctx;
    const Row *row = job->row;
    size_t n = row->seen < ENCODINGS ? (size_t)row->seen : ENCODINGS;
    Rng rng = {job->seed};
    if (!step_init())
        _exit(71);
    for (unsigned round = 0; round < ROUNDS && job->out->done < job->states; round++) {
        for (size_t i = 0; i < n; i++)
            encoding_run(job, i, (job->states - job->out->done + n - 1) / n, &rng);
        if (job->out->done == 0)
            break;
    }
}

typedef struct Totals {
    uint64_t rows, forms, run, full, skipped, illegal, faulting, states, crashes;
} Totals;

static void findings_merge(DiffTable *d, const TrialResult *o)
{
    for (uint32_t i = 0; i < o->nfindings; i++) {
        const Finding *f = &o->finding[i];
        if (diff_add(d, f->key))
            diff_example(d, f->key, "%s (in %" PRIu64 " states)", f->example, f->count);
    }
}

static MnemonicName row_name(const Row *row, Insn *insn)
{
    insn_decode(row->code[0], INSN_MAX_LEN, STEP_CODE, insn);
    return mnemonic_name(insn->mnemonic);
}

static void row_died(DiffTable *d, const Row *row, const TrialResult *o, int status)
{
    char key[96], hex[40];
    Insn insn;
    snprintf(key, sizeof key, "%s/crash/%d", row_name(row, &insn).text, status);
    if (diff_add(d, key))
        diff_example(d, key, "the child died (status %d) running %s", status, hex_of(hex, o->current, 15));
}

static void totals_row(Totals *t, const Row *row, const TrialResult *o, uint64_t states)
{
    Insn insn;
    row_name(row, &insn);
    t->states += o->done;
    t->run += o->done > 0;
    t->full += o->done >= states;
    if (o->done)
        return;
    if (o->ends[STEP_ILLEGAL] > o->ends[STEP_FAULT])
        t->illegal++;
    else if (o->ends[STEP_FAULT] | o->ends[STEP_DIVIDE] | o->ends[STEP_OTHER])
        t->faulting++;
    else
        t->skipped++;
}

static void row_run(DiffTable *d, const Row *row, uint64_t states, uint64_t seed, TrialResult *o, Totals *t)
{
    Job job = {row, states, seed, o};
    memset(o, 0, sizeof *o);
    int status = step_isolated(row_child, &job, CHILD_SECONDS);
    if (status != 0) {
        row_died(d, row, o, status);
        t->crashes++;
    }
    findings_merge(d, o);
    totals_row(t, row, o, states);
}

static void row_verbose(const Row *row, unsigned number, const TrialResult *o, uint64_t states)
{
    Insn insn;
    const char *name = row_name(row, &insn).text;
    if (o->done < states)
        printf("%s: row %u %s: done %" PRIu64 ", illegal %" PRIu64 ", faults %" PRIu64 ", divide %" PRIu64
               ", other %" PRIu64 "\n",
               o->done ? "few states" : "not run", number, name, o->done, o->ends[STEP_ILLEGAL], o->ends[STEP_FAULT],
               o->ends[STEP_DIVIDE], o->ends[STEP_OTHER]);
}

typedef struct Options {
    const char *known;
    uint64_t states, random, seed;
    const char *bytes;
    unsigned part, parts; /* only every parts'th row, from that one on */
    bool full, verbose;
} Options;

static const char *option_value(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc) {
        fprintf(stderr, "x86_cpu: %s needs a value\n", argv[*i]);
        exit(2);
    }
    return argv[++*i];
}

static Options options_read(int argc, char **argv)
{
    Options o = {"tests/oracle/x86_known.txt", 100, 20000000, 1, NULL, 0, 1, false, false};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0)
            o.full = true;
        else if (strcmp(argv[i], "--verbose") == 0)
            o.verbose = true;
        else if (strcmp(argv[i], "--known") == 0)
            o.known = option_value(argc, argv, &i);
        else if (strcmp(argv[i], "--bytes") == 0)
            o.bytes = option_value(argc, argv, &i);
        else if (strcmp(argv[i], "--part") == 0 &&
                 sscanf(option_value(argc, argv, &i), "%u/%u", &o.part, &o.parts) == 2 && o.parts > 0)
            ;
        else if (strcmp(argv[i], "--states") == 0)
            o.states = (uint64_t)strtod(option_value(argc, argv, &i), NULL);
        else if (strcmp(argv[i], "--random") == 0)
            o.random = (uint64_t)strtod(option_value(argc, argv, &i), NULL);
        else if (strcmp(argv[i], "--seed") == 0)
            o.seed = strtoull(option_value(argc, argv, &i), NULL, 0);
        else
            fprintf(stderr, "x86_cpu: unknown option %s\n", argv[i]), exit(2);
    }
    return o;
}

/* A single encoding from the command line becomes the only row. */
static void rows_one(Row *rows, const char *hex)
{
    uint8_t code[16] = {0};
    Insn insn;
    for (int i = 0; i < INSN_MAX_LEN && sscanf(hex + 2 * i, "%2hhx", &code[i]) == 1; i++)
        ;
    if (insn_decode(code, INSN_MAX_LEN, STEP_CODE, &insn) > 0) {
        memcpy(rows[form_of(&insn)].code[0], code, 16);
        rows[form_of(&insn)].seen = 1;
    }
}

int main(int argc, char **argv)
{
    Options o = options_read(argc, argv);
    Rng rng = {o.seed};
    DiffTable diffs;
    Totals t = {0};
    unsigned last = ROWS;
    Row *rows = calloc(ROWS, sizeof *rows);
    TrialResult *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!rows || shared == MAP_FAILED)
        return perror("memory"), 2;
    diff_init(&diffs, "cpu", o.known);
    if (o.bytes)
        rows_one(rows, o.bytes);
    else
        rows_collect(rows, o.random, &rng);
    for (unsigned i = 0; i < ROWS; i++) {
        if (!rows[i].seen || i / FORMS % o.parts != o.part % o.parts)
            continue;
        t.forms++;
        t.rows += i / FORMS != last;
        last = i / FORMS;
        row_run(&diffs, &rows[i], o.states, o.seed + i, shared, &t);
        if (o.verbose)
            row_verbose(&rows[i], i / FORMS, shared, o.states);
    }
    uint64_t bad = diff_report(&diffs, o.full, o.verbose);
    printf("cpu: rows seen %" PRIu64 ", forms of them %" PRIu64 ", run %" PRIu64 " (%" PRIu64 " from %" PRIu64
           " states or more), skipped by the list %" PRIu64 ", illegal here %" PRIu64 ", always fault %" PRIu64
           ", children that died %" PRIu64 "\n",
           t.rows, t.forms, t.run, t.full, o.states, t.skipped, t.illegal, t.faulting, t.crashes);
    printf("cpu: states %" PRIu64 ", unexplained violations: %" PRIu64 "\n", t.states, bad);
    free(rows);
    return bad ? 1 : 0;
}
