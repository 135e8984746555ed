/* cli/option_table.h - options.tbl as an array, for the parser and for what writes the manual page and the completions. */
#ifndef LVSCAN_CLI_OPTION_TABLE_H
#define LVSCAN_CLI_OPTION_TABLE_H

#include "cli/options.h"

enum {
    F = 1 << COMMAND_FIND,
    T = 1 << COMMAND_TRACE,
    D = 1 << COMMAND_DISASM,
    L = 1 << COMMAND_FUNCTIONS,
    K = 1 << COMMAND_CHECK,
    COMMANDS = COMMAND_CHECK + 1
};

typedef enum OptionId {
#define OPTION(name, short_, long_, argument, commands, help) OPTION_##name,
#include "cli/options.tbl"
#undef OPTION
    OPTION_COUNT_ALL
} OptionId;

typedef struct Option {
    char letter;                 /* 0: it has none */
    const char *name, *argument; /* argument NULL: it takes none */
    unsigned commands;           /* those it belongs to: F | T ... */
    const char *help;
} Option;

static const Option OPTIONS[OPTION_COUNT_ALL] = {
#define OPTION(name, short_, long_, argument, commands, help) {short_, long_, argument, commands, help},
#include "cli/options.tbl"
#undef OPTION
};

static const char *const COMMAND_NAMES[COMMANDS] = {"", "trace", "disasm", "functions", "check"};

#endif
