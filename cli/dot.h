/* cli/dot.h - --dot: the blocks of a function as Graphviz reads them. */
#ifndef LVSCAN_CLI_DOT_H
#define LVSCAN_CLI_DOT_H

#include "analysis/program.h"
#include "analysis/variable.h"
#include "cli/enum.h"
#include "cli/sink.h"

/* Appends a digraph. `v` (may be NULL): blocks in which the variable lives are coloured, its instructions annotated.
 * False with *diag when the function cannot be decoded. */
bool dot_function(Sink *t, Program *program, const Function *f, const Variable *v, const EnumTable *names, Diag *diag);

#endif
