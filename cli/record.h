/* cli/record.h - the line for a case file (CONTRACT.md: --record): who read what, where, when and with which program. */
#ifndef LVSCAN_CLI_RECORD_H
#define LVSCAN_CLI_RECORD_H

#include "cli/input.h"
#include "cli/spec.h"

/* build_id: the file's. sites: the places that are read, at least one. Appends one JSON line to o->record (created readable by its owner only; "-" is `out`), or does nothing where that is
 * NULL. False with *diag when it cannot be written: the caller must then not go on. */
bool record_write(const Options *o, Sink *out, const Input *in, Bytes build_id, const ProbeSpec *sites, size_t nsites,
                  Diag *diag);

#endif
