/* cli/mkdocs/mkdocs.c - a host program: the manual page and the shells' completions, from the option table.
 *
 *     mkdocs man | bash | zsh | fish     writes it to standard output
 *
 * What --help, the page and the completions say of an option is one text, in cli/options.tbl; the prose around the
 * options is here. Nothing of the machine or of the time goes into the output.
 */
#include "cli/option_table.h"

#include <stdio.h>
#include <string.h>

static const char *const SAYS[COMMANDS] = {"", "read a variable live", "list instructions", "list functions",
                                           "verify a probe spec again"};

/* The words that an option's argument can be; an option that is not here takes a FILE or anything. */
static const struct {
    const char *option, *words;
} CHOICES[] = {{"emit", "perf bpftrace tracefs perf-probe gdb systemtap c"},
               {"proof", "exact callees abi frame partial"},
               {"syntax", "att intel"},
               {"color", "auto always never"}};

static const char *choices_of(const Option *o)
{
    for (size_t i = 0; i < sizeof CHOICES / sizeof *CHOICES; i++)
        if (strcmp(CHOICES[i].option, o->name) == 0)
            return CHOICES[i].words;
    return NULL;
}

static int takes_file(const Option *o) { return o->argument && strncmp(o->argument, "FILE", 4) == 0; }

/* ---- the manual page ---- */

/* Text for roff (man(7)): backslashes and hyphens escaped, no line that starts as a request does. */
static void roff(const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", stdout);
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else
            putchar(*s);
    }
}

static void man_option(const Option *o)
{
    puts(".TP");
    fputs("\\fB", stdout);
    if (o->letter)
        printf("\\-%c\\fR, \\fB", o->letter);
    fputs("\\-\\-", stdout);
    roff(o->name);
    fputs("\\fR", stdout);
    if (o->argument) {
        fputs(" \\fI", stdout);
        roff(o->argument);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    roff(o->help);
    puts(".");
}

/* The options whose first command is this one. */
static void man_options(unsigned command)
{
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
        if ((OPTIONS[i].commands & ((1u << command) - 1)) == 0 && OPTIONS[i].commands >> command & 1)
            man_option(&OPTIONS[i]);
}

/* Those that it has in common with an earlier one, by name. */
static void man_shared(unsigned command)
{
    int any = 0;
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
        if ((OPTIONS[i].commands & ((1u << command) - 1)) != 0 && OPTIONS[i].commands >> command & 1) {
            fputs(any++ ? ",\n\\fB\\-\\-" : ".PP\nAlso, as above: \\fB\\-\\-", stdout);
            roff(OPTIONS[i].name);
            fputs("\\fR", stdout);
        }
    puts(any ? "." : "");
}

static const char MAN_HEAD[] =
    ".SH NAME\n"
    "lvscan \\- find where local variables live in x86\\-64 programs, and read them\n"
    ".SH SYNOPSIS\n"
    ".nf\n"
    "\\fBlvscan\\fR [\\fIOPTIONS\\fR] \\fIBINARY\\fR...\n"
    "\\fBlvscan trace\\fR [\\fIOPTIONS\\fR] \\fIBINARY\\fR [\\fB\\-p\\fR \\fIPID\\fR | \\fB\\-a\\fR | \\fB\\-\\-\\fR "
    "\\fICOMMAND ARG\\fR...]\n"
    "\\fBlvscan trace \\-\\-spec\\fR \\fIFILE\\fR [\\fIBINARY\\fR] [\\fB\\-p\\fR \\fIPID\\fR | \\fB\\-a\\fR | "
    "\\fB\\-\\-\\fR \\fICOMMAND ARG\\fR...]\n"
    "\\fBlvscan disasm\\fR [\\fIOPTIONS\\fR] \\fIBINARY\\fR | \\fB\\-\\-hex\\fR \\fIBYTES\\fR\n"
    "\\fBlvscan functions\\fR [\\fIOPTIONS\\fR] \\fIBINARY\\fR\n"
    "\\fBlvscan check\\fR [\\fIOPTIONS\\fR] \\fISPEC\\fR [\\fIBINARY\\fR]\n"
    ".fi\n"
    ".SH DESCRIPTION\n"
    "A variable of the source that is compared with constants leaves these constants in the machine code.\n"
    "From them\n"
    ".B lvscan\n"
    "finds the variable: in which register or stack slot it lives at each instruction, without debug information,\n"
    "symbols or other tools. It says what each claim rests on, and makes no claim where there is no proof.\n"
    ".PP\n"
    "A\n.I BINARY\nis a file, a directory (all in it), \\fB\\-\\fR (paths on standard input, separated by newlines or\n"
    "NULs), or \\fBpid:\\fIN\\fR (the program that process \\fIN\\fR runs). Without constants the variables compared\n"
    "with the most different constants come first: the program's dispatchers.\n";

static const char MAN_TAIL[] =
    ".SH PROOFS\n"
    "Whenever execution stands before an instruction of a range, its location holds the variable. A range rests on:\n"
    ".TP\n.B exact\nthe instructions of the function alone.\n"
    ".TP\n.B callees\nalso the bodies of the functions it calls, which were read.\n"
    ".TP\n.B abi\nalso a callee that was not read keeping the registers that the System V ABI says it keeps.\n"
    ".TP\n.B frame\nalso nobody writing to the stack slot through a pointer.\n"
    ".TP\n.B partial\nalso control flow that is not wholly known: an indirect jump that was not resolved.\n"
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nsomething was found; for \\fBtrace\\fR, at least one hit or an end asked for by the user; for\n"
    "\\fBcheck\\fR, all is as the spec claims.\n"
    ".TP\n.B 1\nnothing was found.\n"
    ".TP\n.B 2\nthe command line is wrong.\n"
    ".TP\n.B 3\nan input could not be read, or is no usable x86\\-64 ELF file.\n"
    ".TP\n.B 4\ncould not attach, or the spec does not match the file.\n"
    ".TP\n.B 5\n\\fBtrace\\fR: hits were lost, or \\fB\\-\\-verify\\fR contradicted a value.\n"
    ".SH OUTPUT\n"
    "With \\fB\\-\\-json\\fR, one object a line: of each file; of each hit, then a summary (\\fBtrace\\fR); of each\n"
    "instruction (\\fBdisasm\\fR) or function (\\fBfunctions\\fR); of a verified spec (\\fBcheck\\fR). Addresses and "
    "file\n"
    "offsets are strings in hexadecimal. JSON Schemas of all of them are in the package's \\fIschema\\fR folder.\n"
    ".TP\n.B warnings\nof a file: objects with \\fBpc\\fR (null: about the file) and \\fBtext\\fR.\n"
    ".TP\n.B summary\nof a trace: \\fBhits\\fR printed, \\fBlost\\fR, \\fBcounted\\fR by the kernel in all processes, "
    "\\fBrecorded\\fR of\n"
    "these, \\fBby\\fR what they were read (\\fIbpf\\fR: a program in the kernel, \\fIsamples\\fR of the uprobe PMU, "
    "or an "
    "event of\n\\fItracefs\\fR), and with \\fB\\-\\-verify\\fR how many were \\fBchecked\\fR and how many "
    "\\fBcontradictions\\fR there "
    "were.\n"
    ".TP\n.B check\nhas \\fBchecks\\fR, each with a \\fBname\\fR, \\fBok\\fR and \\fBwhy\\fR, and \\fBok\\fR for all. "
    "\\fIlocation\\fR: the place holds a\n"
    "variable there; \\fIcompares\\fR: it is the variable that the spec was made for, compared with the spec's "
    "constants at\n"
    "the spec's places and nowhere else, of the same width and sign.\n"
    ".TP\n.B probe spec\n(\\fB\\-\\-emit perf\\fR): where to read, and \\fBwidth\\fR, \\fBsites\\fR (each compare's "
    "\\fBpc\\fR, \\fBconstant\\fR and\n"
    "\\fBrelation\\fR) and \\fBmatched\\fR (the constants asked for), from which \\fBcheck\\fR finds the variable "
    "again; of a float\n"
    "the constants are encodings, in hexadecimal.\n"
    ".TP\n.B record\n(\\fB\\-\\-record\\fR): a line for the case file: times, this program's version and SHA-256, the "
    "arguments, the target's\n"
    "path, inode, SHA-256 and build id, the kernel and its boot id, the probe.\n"
    ".PP\n"
    "\\fB\\-\\-explain\\fR prints the listing around the tests. A column is a place: \\(bu tests it, a vertical bar "
    "holds it,\n"
    "a diamond sets it; the triangle is the probe. \\fB\\-\\-dot\\fR prints blocks and edges for \\fBdot\\fR(1).\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B NO_COLOR\nwhen set and not empty, no colours (unless \\fB\\-\\-color always\\fR).\n"
    ".TP\n.B TERM\nwith \\fBdumb\\fR, no colours.\n"
    ".SH EXAMPLES\n"
    ".nf\n"
    "lvscan \\-c 30000..30011 /usr/bin/bpftrace\n"
    "lvscan \\-\\-explain \\-e async_action.h:AsyncAction /usr/bin/bpftrace\n"
    "lvscan trace \\-\\-count \\-\\-duration 10 \\-c 30000..30011 /usr/bin/bpftrace \\-a\n"
    "lvscan \\-\\-emit perf \\-c 30000 /usr/bin/bpftrace >spec.json; lvscan check spec.json /usr/bin/bpftrace\n"
    "lvscan disasm \\-\\-dot \\-f main /bin/true | dot \\-Tsvg >main.svg\n"
    ".fi\n"
    ".SH SEE ALSO\n"
    ".BR bpftrace (8),\n.BR perf\\-probe (1),\n.BR objdump (1),\n.BR gdb (1),\n.BR perf_event_open (2)\n";

static void man(void)
{
    printf(".\\\" Made by cli/mkdocs from cli/options.tbl: do not edit.\n"
           ".TH LVSCAN 1 \"\" \"lvscan %s\" \"User Commands\"\n",
           LVSCAN_VERSION);
    fputs(MAN_HEAD, stdout);
    puts(".SH OPTIONS");
    man_options(0);
    for (unsigned c = 1; c < COMMANDS; c++) {
        printf(".SS lvscan %s: %s\n", COMMAND_NAMES[c], SAYS[c]);
        man_options(c);
        man_shared(c);
    }
    fputs(MAN_TAIL, stdout);
}

/* ---- completions ---- */

static void option_words(unsigned command)
{
    int any = 0;
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
        if (OPTIONS[i].commands >> command & 1) {
            printf("%s--%s", any++ ? " " : "", OPTIONS[i].name);
            if (OPTIONS[i].letter)
                printf(" -%c", OPTIONS[i].letter);
        }
}

static void bash(void)
{
    puts("# bash completion for lvscan. Made by cli/mkdocs from cli/options.tbl: do not edit.\n"
         "_lvscan() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words\n"
         "    case $prev in");
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
        if (choices_of(&OPTIONS[i]))
            printf("    --%s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); return ;;\n", OPTIONS[i].name,
                   choices_of(&OPTIONS[i]));
    puts("    esac\n    case ${COMP_WORDS[1]} in");
    for (unsigned c = 1; c < COMMANDS; c++) {
        printf("    %s) words='", COMMAND_NAMES[c]);
        option_words(c);
        puts("' ;;");
    }
    fputs("    *) words='", stdout);
    option_words(0);
    puts("' ;;\n    esac\n"
         "    if [[ $cur == -* ]]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "    else\n"
         "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "        if [ \"$COMP_CWORD\" = 1 ]; then\n"
         "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W 'trace disasm functions check' -- "
         "\"$cur\")\n"
         "        fi\n"
         "    fi\n"
         "}\n"
         "complete -o filenames -F _lvscan lvscan");
}

/* For single quotes in zsh and fish; brackets and colons mean something to zsh's _arguments. */
static void shell_text(const char *s, int zsh)
{
    for (; *s; s++) {
        if (*s == '\'')
            fputs(zsh ? "'\\''" : "\\'", stdout);
        else if (zsh && (*s == '[' || *s == ']' || *s == ':' || *s == '\\'))
            printf("\\%c", *s);
        else if (*s == '\\')
            fputs("\\\\", stdout);
        else
            putchar(*s);
    }
}

static void zsh_argument(const Option *o)
{
    if (!o->argument)
        return;
    putchar(':');
    shell_text(o->argument, 1);
    putchar(':');
    if (choices_of(o))
        printf("(%s)", choices_of(o));
    else if (takes_file(o))
        fputs("_files", stdout);
}

static void zsh_option(const Option *o)
{
    fputs("    '", stdout);
    if (o->letter)
        printf("(-%c --%s)'{-%c,--%s}'", o->letter, o->name, o->letter, o->name);
    else
        printf("--%s", o->name);
    putchar('[');
    shell_text(o->help, 1);
    putchar(']');
    zsh_argument(o);
    puts("' \\");
}

static void zsh(void)
{
    puts("#compdef lvscan\n"
         "# zsh completion for lvscan. Made by cli/mkdocs from cli/options.tbl: do not edit.\n"
         "local -a commands\n"
         "commands=(trace disasm functions check)\n"
         "case ${words[2]} in");
    for (unsigned c = 1; c <= COMMANDS; c++) {
        printf("%s)\n  _arguments -s \\\n", c < COMMANDS ? COMMAND_NAMES[c] : "*");
        for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
            if (OPTIONS[i].commands >> (c % COMMANDS) & 1)
                zsh_option(&OPTIONS[i]);
        puts(c < COMMANDS ? "    '*:file:_files'\n  ;;"
                          : "    '1: :_alternative \"commands:command:($commands)\" \"files:file:_files\"' \\\n"
                            "    '*:file:_files'\n  ;;");
    }
    puts("esac");
}

static void fish(void)
{
    puts("# fish completion for lvscan. Made by cli/mkdocs from cli/options.tbl: do not edit.");
    for (unsigned c = 1; c < COMMANDS; c++)
        printf("complete -c lvscan -n __fish_use_subcommand -a %s -d '%s'\n", COMMAND_NAMES[c], SAYS[c]);
    for (unsigned c = 0; c < COMMANDS; c++)
        for (size_t i = 0; i < OPTION_COUNT_ALL; i++) {
            const Option *o = &OPTIONS[i];
            if (!(o->commands >> c & 1))
                continue;
            printf("complete -c lvscan -n '%s%s' -l %s",
                   c ? "__fish_seen_subcommand_from " : "not __fish_seen_subcommand_from ",
                   c ? COMMAND_NAMES[c] : "trace disasm functions check", o->name);
            if (o->letter)
                printf(" -s %c", o->letter);
            if (choices_of(o))
                printf(" -x -a '%s'", choices_of(o));
            else if (o->argument)
                fputs(takes_file(o) ? " -r" : " -x", stdout);
            fputs(" -d '", stdout);
            shell_text(o->help, 0);
            puts("'");
        }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } forms[] = {{"man", man}, {"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; argc == 2 && i < sizeof forms / sizeof *forms; i++)
        if (strcmp(argv[1], forms[i].name) == 0) {
            forms[i].write();
            return fflush(stdout) || ferror(stdout);
        }
    fputs("usage: mkdocs man|bash|zsh|fish\n", stderr);
    return 2;
}
