/* analysis/functions.h - which functions a file has, from symbols, unwind tables, Go's table and the entry point. */
#ifndef LVSCAN_ANALYSIS_FUNCTIONS_H
#define LVSCAN_ANALYSIS_FUNCTIONS_H

#include "analysis/program.h"

/* Fills program->functions and program->part_refs from what is open already. False when memory is used up. */
bool functions_find(Program *program, Diag *diag);

#endif
