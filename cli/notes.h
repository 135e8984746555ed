/* cli/notes.h - what there is to say about a variable at one instruction: shared by --explain, disasm -f and --dot. */
#ifndef LVSCAN_CLI_NOTES_H
#define LVSCAN_CLI_NOTES_H

#include "analysis/body.h"
#include "analysis/variable.h"
#include "cli/enum.h"
#include "cli/sink.h"

/* Adds "set here (load); == 30000 exit, 30001 print; read it here", and returns true, or adds nothing. `names` may be
 * NULL. Names are escaped for a terminal. */
bool notes_at(Sink *t, const Variable *v, const EnumTable *names, Addr pc);

/* A constant as the variable's sign reads it, and its name. */
void notes_constant(Sink *t, const Variable *v, const EnumTable *names, uint64_t constant);

/* "block 3, from 1 2 (landing pad)" and "to 4 5 (unwinds), returns": the edges of a block in words, no newline. */
void notes_block(Sink *t, const Body *body, uint32_t block);
void notes_edges(Sink *t, const Body *body, uint32_t block);

#endif
