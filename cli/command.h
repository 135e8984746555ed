/* cli/command.h - the commands: each does all of its work and returns the exit status. */
#ifndef LVSCAN_CLI_COMMAND_H
#define LVSCAN_CLI_COMMAND_H

#include "cli/options.h"

int command_find(const Options *o, Sink *out);
int command_trace(const Options *o, Sink *out);
int command_disasm(const Options *o, Sink *out);
int command_functions(const Options *o, Sink *out);
int command_check(const Options *o, Sink *out);

#endif
