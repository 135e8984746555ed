/* cli/starts.h - is an address the start of an instruction? Shown by walking from the function's entry along every
 * edge that is known (direct branches, jump tables, landing pads), never by a linear sweep alone. */
#ifndef LVSCAN_CLI_STARTS_H
#define LVSCAN_CLI_STARTS_H

#include "analysis/program.h"

/* Does pc lie in a part of the function at `entry`? */
bool function_has(Program *program, Addr entry, Addr pc);

/* Is pc the start of an instruction that is reached from the entry of the function at `entry`, in any of its parts? */
bool instruction_starts_at(Program *program, Addr entry, Addr pc);

#endif
