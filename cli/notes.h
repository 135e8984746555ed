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

/* Constants of a variable: items, or those of sites. */
typedef struct ConstantList {
    const uint64_t *items;
    const Site *sites;
    size_t n;
} ConstantList;

/* "1, 3 exit, 5..12, …": as the variable's sign reads them, with their names; three and more without one that follow each other are a
 * range, as -c takes it. No more than a dozen pieces, unless `all`. */
void notes_constants(Sink *t, const Variable *v, const EnumTable *names, ConstantList list, bool all);

/* "block 3, from 1 2 (landing pad)" and "to 4 5 (unwinds), returns": the edges of a block in words, no newline. */
void notes_block(Sink *t, const Body *body, uint32_t block);
void notes_edges(Sink *t, const Body *body, uint32_t block);

#endif
