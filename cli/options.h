/* cli/options.h - the command line, parsed. */
#ifndef LVSCAN_CLI_OPTIONS_H
#define LVSCAN_CLI_OPTIONS_H

#include "cli/sink.h"

#include <sys/types.h>

#define LVSCAN_VERSION "0.1.0"

/* Exit statuses (CONTRACT.md section 1). */
enum { EXIT_FOUND = 0, EXIT_NOTHING = 1, EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_ATTACH = 4, EXIT_LOST = 5 };

typedef enum Command { COMMAND_FIND, COMMAND_TRACE, COMMAND_DISASM, COMMAND_FUNCTIONS, COMMAND_CHECK } Command;

typedef enum ColorWhen { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } ColorWhen;

/* What -c gives. */
typedef struct Constants {
    int64_t *items; /* ascending, no repeats once the command line is parsed */
    size_t n, cap;
    double *reals; /* those written with a point or an exponent, as they came */
    size_t nreals, cap_reals;
} Constants;

typedef struct Options {
    Command command;
    bool help, version;
    Constants constants;
    const char *enum_file; /* as given: FILE or FILE:NAME */
    Str *functions;
    size_t nfunctions;
    size_t limit;
    bool json, sha256, whole, quiet, verbose, explain, dot, no_sandbox;
    const char *emit; /* a form's name, checked against the emitters; NULL: none */
    unsigned jobs;    /* 0: as many as processors */
    uint8_t weakest;  /* Proof */
    ColorWhen color;
    char **inputs; /* BINARY... */
    size_t ninputs;
    /* trace */
    pid_t pid; /* 0: none */
    bool all, children, count, stack, verify;
    char **child; /* COMMAND ARG..., NULL-terminated; NULL: none */
    const char *spec, *filter;
    const char *record; /* where the line for the case file goes; NULL: nowhere */
    bool has_site;
    uint64_t site;
    uint64_t max_hits, max_rate; /* 0: no limit */
    uint64_t duration_ns;        /* 0: no limit */
    /* disasm */
    bool intel;
    const char *hex;
    int argc; /* the whole command line, for the record */
    char **argv;
    Arena arena;
} Options;

/* Parses argv[1..]. On a wrong command line fills *diag with one line and returns false. The strings stay argv's;
 * arrays are in options->arena, which the caller frees. */
bool options_parse(Options *options, int argc, char **argv, Diag *diag);

/* The help text of a command. */
void options_help(Sink *t, Command command);

/* Adds what one LIST names (30000,0x7530,'A',"GET ",1..5,0.5) to *out (ascending order not kept). A range over 10^6
 * or a total over 10^6 is refused. */
bool constants_parse(Constants *out, Str list, Arena *arena, Diag *diag);

/* Sorts ascending and drops repeats; returns how many are left. */
size_t constants_sort(int64_t *items, size_t n);

/* One constant at text[*i]: decimal, 0x hexadecimal, 0 octal or 0b binary, with sign; a character in quotes with C's escapes;
 * or a string in double quotes: its first 8, 4, 2 or 1 bytes as one little-endian number, as compilers compare short strings.
 * Moves *i past it. Unsigned values over INT64_MAX are kept modulo 2^64. */
bool constant_scan(int64_t *out, Str text, size_t *i, Diag *diag);

#endif
