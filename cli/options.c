/* cli/options.c - the parser, driven by options.tbl. */
#include "cli/options.h"

#include "analysis/variable.h"
#include "cli/emit.h"
#include "cli/option_table.h"
#include "elf/format.h"

#include <stdlib.h>
#include <string.h>

/* The parser's state. */
typedef struct OptionParser {
    Options *o;
    Diag *diag;
    size_t cap_functions;
} OptionParser;

static bool wrong_value(OptionParser *s, OptionId id, const char *value, const char *wanted)
{
    return diag_set(s->diag, 0, "--%s %.60s: %s", OPTIONS[id].name, value, wanted);
}

static bool count_value(OptionParser *s, OptionId id, const char *value, uint64_t most, uint64_t *out)
{
    int64_t v;
    size_t i = 0;
    Str text = str_of(value);
    if (!constant_scan(&v, text, &i, NULL) || i != text.n || v < 0 || (uint64_t)v > most)
        return wrong_value(s, id, value, "is no number that can be used here");
    *out = (uint64_t)v;
    return true;
}

static bool size_value(OptionParser *s, OptionId id, const char *value, uint64_t most, size_t *out)
{
    uint64_t v = 0;
    if (!count_value(s, id, value, most, &v))
        return false;
    *out = (size_t)v;
    return true;
}

static bool choice_value(OptionParser *s, OptionId id, const char *value, const char *const *choices, const char *why,
                         unsigned *out)
{
    for (*out = 0; choices[*out]; ++*out)
        if (strcmp(choices[*out], value) == 0)
            return true;
    return wrong_value(s, id, value, why);
}

static bool proof_value(OptionParser *s, const char *value)
{
    for (unsigned p = PROOF_EXACT; p <= PROOF_PARTIAL; p++)
        if (strcmp(proof_name(p), value) == 0) {
            s->o->weakest = (uint8_t)p;
            return true;
        }
    return wrong_value(s, OPTION_PROOF, value, "is none of exact, callees, abi, frame, partial");
}

/* Seconds with decimals, more than none and at most a year, in nanoseconds. */
static bool duration_value(OptionParser *s, const char *value)
{
    const uint64_t second = 1000000000, most = 31536000 * second;
    uint64_t ns = 0, unit = second;
    const char *p = value;
    for (; *p >= '0' && *p <= '9' && ns <= most; p++)
        ns = ns * 10 + (uint64_t)(*p - '0') * second;
    if (*p == '.' && p[1])
        for (p++; *p >= '0' && *p <= '9'; p++)
            ns += (uint64_t)(*p - '0') * (unit /= 10);
    if (*p || ns == 0 || ns > most)
        return wrong_value(s, OPTION_DURATION, value, "is no number of seconds");
    s->o->duration_ns = ns;
    return true;
}

static bool function_value(OptionParser *s, const char *value)
{
    Options *o = s->o;
    if (!*value)
        return wrong_value(s, OPTION_FUNCTION, value, "is no name");
    if (!arena_grow(&o->arena, (void **)&o->functions, o->nfunctions, &s->cap_functions, sizeof *o->functions))
        return diag_set(s->diag, 0, "out of memory");
    o->functions[o->nfunctions++] = str_of(value);
    return true;
}

static bool color_value(OptionParser *s, const char *value)
{
    static const char *const when[] = {"auto", "always", "never", NULL};
    unsigned which;
    if (!choice_value(s, OPTION_COLOR, value, when, "is none of auto, always, never", &which))
        return false;
    s->o->color = (ColorWhen)which;
    return true;
}

static bool syntax_value(OptionParser *s, const char *value)
{
    static const char *const syntax[] = {"att", "intel", NULL};
    unsigned which;
    if (!choice_value(s, OPTION_SYNTAX, value, syntax, "is none of att, intel", &which))
        return false;
    s->o->intel = which == 1;
    return true;
}

static bool emit_value(OptionParser *s, const char *value)
{
    if (!emitter_find(value))
        return wrong_value(s, OPTION_EMIT, value, "is none of perf, bpftrace, tracefs, perf-probe, gdb, systemtap, c");
    s->o->emit = value;
    return true;
}

static bool pid_value(OptionParser *s, const char *value)
{
    uint64_t v = 0;
    if (!count_value(s, OPTION_PID, value, INT32_MAX, &v))
        return false;
    s->o->pid = (pid_t)v;
    return v > 0 || wrong_value(s, OPTION_PID, value, "is no process id");
}

static bool option_set_flag(Options *o, OptionId id)
{
    switch (id) {
    case OPTION_JSON: o->json = true; break;
    case OPTION_EXPLAIN: o->explain = true; break;
    case OPTION_DOT: o->dot = true; break;
    case OPTION_SHA256: o->sha256 = true; break;
    case OPTION_WHOLE: o->whole = true; break;
    case OPTION_NO_SANDBOX: o->no_sandbox = true; break;
    case OPTION_ALL: o->all = true; break;
    case OPTION_CHILDREN: o->children = true; break;
    case OPTION_COUNT: o->count = true; break;
    case OPTION_STACK: o->stack = true; break;
    case OPTION_VERIFY: o->verify = true; break;
    case OPTION_QUIET: o->quiet = true; break;
    case OPTION_VERBOSE: o->verbose = true; break;
    case OPTION_VERSION: o->version = true; break;
    case OPTION_HELP: o->help = true; break;
    default: return false;
    }
    return true;
}

static bool option_set(OptionParser *s, OptionId id, const char *value)
{
    Options *o = s->o;
    uint64_t jobs;
    switch (id) {
    case OPTION_CONST: return constants_parse(&o->constants, str_of(value), &o->arena, s->diag);
    case OPTION_ENUM: o->enum_file = value; return true;
    case OPTION_FUNCTION: return function_value(s, value);
    case OPTION_LIMIT: return size_value(s, id, value, SIZE_MAX, &o->limit);
    case OPTION_EMIT: return emit_value(s, value);
    case OPTION_JOBS:
        if (!count_value(s, id, value, 1024, &jobs))
            return false;
        o->jobs = (unsigned)jobs;
        return true;
    case OPTION_PROOF: return proof_value(s, value);
    case OPTION_PID: return pid_value(s, value);
    case OPTION_SPEC: o->spec = value; return true;
    case OPTION_SITE: o->has_site = true; return count_value(s, id, value, INT64_MAX, &o->site);
    case OPTION_RECORD: o->record = value; return true;
    case OPTION_FILTER: o->filter = value; return true;
    case OPTION_MAX_HITS: return count_value(s, id, value, UINT64_MAX, &o->max_hits);
    case OPTION_DURATION: return duration_value(s, value);
    case OPTION_MAX_RATE: return count_value(s, id, value, UINT64_MAX, &o->max_rate);
    case OPTION_SYNTAX: return syntax_value(s, value);
    case OPTION_HEX: o->hex = value; return true;
    case OPTION_COLOR: return color_value(s, value);
    default: return option_set_flag(o, id);
    }
}

/* The option called `name` (n bytes), or OPTION_COUNT_ALL. */
static OptionId option_by_name(const char *name, size_t n)
{
    OptionId id = 0;
    while (id < OPTION_COUNT_ALL && (strlen(OPTIONS[id].name) != n || memcmp(OPTIONS[id].name, name, n) != 0))
        id++;
    return id;
}

static OptionId option_by_letter(char letter)
{
    OptionId id = 0;
    while (id < OPTION_COUNT_ALL && (!letter || OPTIONS[id].letter != letter))
        id++;
    return id;
}

static bool option_here(OptionParser *s, OptionId id)
{
    if (OPTIONS[id].commands >> s->o->command & 1)
        return true;
    unsigned owner = 0;
    while (!(OPTIONS[id].commands >> owner & 1))
        owner++;
    return diag_set(s->diag, 0, "--%s does not belong here, but to lvscan%s%s", OPTIONS[id].name, owner ? " " : "",
                    COMMAND_NAMES[owner]);
}

/* --name, --name=value or --name value; *i is its index in argv and is moved to the last word used. */
static bool long_option(OptionParser *s, int argc, char **argv, int *i)
{
    const char *word = argv[*i] + 2, *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    OptionId id = option_by_name(word, n);
    if (id == OPTION_COUNT_ALL)
        return diag_set(s->diag, 0, "unknown option --%.*s", (int)(n > 60 ? 60 : n), word);
    if (!option_here(s, id))
        return false;
    if (!OPTIONS[id].argument)
        return equals ? diag_set(s->diag, 0, "--%s takes no argument", OPTIONS[id].name) : option_set(s, id, NULL);
    if (equals)
        return option_set(s, id, equals + 1);
    if (*i + 1 >= argc)
        return diag_set(s->diag, 0, "--%s needs %s", OPTIONS[id].name, OPTIONS[id].argument);
    return option_set(s, id, argv[++*i]);
}

/* -x, -xy, -xVALUE or -x VALUE. */
static bool short_options(OptionParser *s, int argc, char **argv, int *i)
{
    for (const char *p = argv[*i] + 1; *p; p++) {
        OptionId id = option_by_letter(*p);
        if (id == OPTION_COUNT_ALL)
            return diag_set(s->diag, 0, "unknown option -%c", *p);
        if (!option_here(s, id))
            return false;
        if (OPTIONS[id].argument) {
            if (p[1])
                return option_set(s, id, p + 1);
            if (*i + 1 >= argc)
                return diag_set(s->diag, 0, "-%c needs %s", *p, OPTIONS[id].argument);
            return option_set(s, id, argv[++*i]);
        }
        if (!option_set(s, id, NULL))
            return false;
    }
    return true;
}

static Command command_of(int argc, char **argv)
{
    for (unsigned c = COMMAND_TRACE; argc > 1 && c <= COMMAND_CHECK; c++)
        if (strcmp(argv[1], COMMAND_NAMES[c]) == 0)
            return (Command)c;
    return COMMAND_FIND;
}

/* Words that are no options; after `--`, trace takes the rest as its COMMAND, the others as inputs. */
static bool words(OptionParser *s, int argc, char **argv)
{
    Options *o = s->o;
    bool only_inputs = false;
    for (int i = o->command == COMMAND_FIND ? 1 : 2; i < argc; i++) {
        const char *w = argv[i];
        bool good = true;
        if (only_inputs || w[0] != '-' || !w[1])
            o->inputs[o->ninputs++] = argv[i];
        else if (strcmp(w, "--") == 0 && o->command == COMMAND_TRACE) {
            o->child = argv + i + 1;
            return o->child[0] || diag_set(s->diag, 0, "a COMMAND is missing after --");
        } else if (strcmp(w, "--") == 0)
            only_inputs = true;
        else
            good = w[1] == '-' ? long_option(s, argc, argv, &i) : short_options(s, argc, argv, &i);
        if (!good)
            return false;
    }
    return true;
}

static bool trace_consistent(const Options *o, Diag *diag)
{
    if (o->ninputs > 1)
        return diag_set(diag, 0, "trace takes one BINARY, not %zu", o->ninputs);
    if (o->ninputs == 0 && !o->spec && !o->pid)
        return diag_set(diag, 0, "a BINARY is missing");
    if ((o->pid != 0) + o->all + (o->child != NULL) > 1)
        return diag_set(diag, 0, "-p, -a and COMMAND exclude each other");
    if (!o->pid && !o->all && !o->child && !(o->ninputs && strncmp(o->inputs[0], "pid:", 4) == 0))
        return diag_set(diag, 0, "trace what? Give -p PID, -a (every process that runs the file), or -- COMMAND");
    if (o->spec && (o->constants.n || o->constants.nreals || o->enum_file || o->nfunctions || o->has_site))
        return diag_set(diag, 0, "--spec says what to read: -c, -e, -f and --site do not go with it");
    if (o->spec && o->verify)
        return diag_set(diag, 0, "--verify needs the compares: it does not go with --spec");
    if (o->children && o->all)
        return diag_set(diag, 0, "--children goes with -p or COMMAND: -a traces every process already");
    return true;
}

static bool check_consistent(const Options *o, Diag *diag)
{
    if (o->ninputs == 0)
        return diag_set(diag, 0, "a SPEC is missing (as --emit perf makes it)");
    return o->ninputs <= 2 || diag_set(diag, 0, "check takes a SPEC and a BINARY, not %zu words", o->ninputs);
}

static bool consistent(const Options *o, Diag *diag)
{
    if (o->help || o->version)
        return true;
    if (o->command == COMMAND_TRACE)
        return trace_consistent(o, diag);
    if (o->command == COMMAND_CHECK)
        return check_consistent(o, diag);
    if (o->json + (o->emit != NULL) + o->explain + o->dot > 1)
        return diag_set(diag, 0, "--json, --emit, --explain and --dot exclude each other");
    if (o->command == COMMAND_DISASM && o->dot && !o->nfunctions)
        return diag_set(diag, 0, "--dot needs -f NAME: whose blocks?");
    if (o->command == COMMAND_DISASM && o->hex)
        return o->ninputs == 0 || diag_set(diag, 0, "--hex takes no BINARY");
    return o->ninputs > 0 || diag_set(diag, 0, "a BINARY is missing");
}

bool options_parse(Options *o, int argc, char **argv, Diag *diag)
{
    *o =
        (Options){.command = command_of(argc, argv), .limit = 10, .weakest = PROOF_PARTIAL, .argc = argc, .argv = argv};
    OptionParser s = {.o = o, .diag = diag};
    o->inputs = arena_alloc(&o->arena, (size_t)(argc > 0 ? argc : 0) + 1, sizeof *o->inputs);
    if (!o->inputs)
        return diag_set(diag, 0, "out of memory");
    if (!words(&s, argc, argv) || !consistent(o, diag))
        return false;
    o->constants.n = constants_sort(o->constants.items, o->constants.n);
    return true;
}

static const char *const USAGE[] = {
    ("Usage: lvscan [OPTIONS] BINARY...\n"
     "       lvscan trace|disasm|functions|check [OPTIONS] ...   (--help after each says more)\n\n"
     "Finds where the local variables of an x86-64 ELF program live, without debug information: in which\n"
     "register or stack slot at each instruction, from the constants they are compared with.\n"
     "A BINARY is a file, a directory, - (paths on standard input), or pid:N (a running program).\n"),
    ("Usage: lvscan trace [OPTIONS] BINARY [-p PID | -a | -- COMMAND ARG...]\n"
     "       lvscan trace --spec FILE [BINARY] [-p PID | -a | -- COMMAND ARG...]\n\n"
     "Finds the variable as `lvscan` does, attaches a uprobe where it is proved to be, and prints its values\n"
     "as the program runs. Needs root, or CAP_SYS_ADMIN.\n"),
    ("Usage: lvscan disasm [OPTIONS] BINARY\n"
     "       lvscan disasm [OPTIONS] --hex BYTES\n\n"
     "Lists instructions, with the registers that each reads and writes.\n"),
    ("Usage: lvscan functions [OPTIONS] BINARY\n\n"
     "Lists the functions found, how each was found, and where its indirect jumps go.\n"),
    ("Usage: lvscan check [OPTIONS] SPEC [BINARY]\n\n"
     "Verifies a probe spec (made by --emit perf, perhaps elsewhere) again, from the bytes of BINARY alone: that it "
     "is\n"
     "the file, that the instruction is there and is reached from the function's entry, and that the location is "
     "still\n"
     "proved to hold a variable. Without BINARY the file at the spec's own path is taken.\n")};

/* `help` broken into lines of 78 columns, from column 27 on. */
static void help_wrapped(Sink *t, const char *help)
{
    size_t column = 26;
    for (const char *p = help; *p;) {
        size_t n = (size_t)(strchrnul(p, ' ') - p);
        if (column + 1 + n > 100) {
            sink_char(t, '\n');
            sink_repeat(t, ' ', 26);
            column = 26;
        }
        if (column > 26)
            sink_char(t, ' ');
        sink_put(t, p, n);
        column += n + 1;
        p += n;
        p += *p == ' ';
    }
    sink_char(t, '\n');
}

void options_help(Sink *t, Command command)
{
    sink_add(t, USAGE[command]);
    sink_add(t, "\nOptions:\n");
    for (OptionId id = 0; id < OPTION_COUNT_ALL; id++) {
        const Option *o = &OPTIONS[id];
        if (!(o->commands >> command & 1))
            continue;
        char left[64];
        char letter[] = {'-', o->letter, ',', 0};
        size_t n = format_text(left, sizeof left, "  %-3s --%s%s%s", o->letter ? letter : "", o->name,
                               o->argument ? " " : "", o->argument ? o->argument : "");
        sink_put(t, left, n);
        if (n < 25)
            sink_repeat(t, ' ', 26 - n);
        else {
            sink_char(t, '\n');
            sink_repeat(t, ' ', 26);
        }
        help_wrapped(t, o->help);
    }
    sink_add(t, "\nExit status: 0 found, 1 nothing found, 2 wrong command line, 3 unusable input, 4 could not attach,\n"
                "5 (trace) hits were lost, or contradicted by --verify.\n");
}
