/* cli/trace_check.h - everything that is looked at before a probe is put into running programs. */
#ifndef LVSCAN_CLI_TRACE_CHECK_H
#define LVSCAN_CLI_TRACE_CHECK_H

#include "cli/input.h"
#include "cli/spec.h"

/* Is the file the one the spec was made for: build id (or SHA-256 where it has none), the instruction's bytes at its
 * offset, and that offset and pc belong together, and an instruction starts there? */
bool check_file(const ProbeSpec *spec, Program *program, Diag *diag);

/* Are the spec's bytes in the file at the spec's offset? Nothing of the file is parsed. */
bool check_bytes(const ProbeSpec *spec, const Input *in, Diag *diag);

/* Does the kernel take a probe on this instruction without harm? The rules are uprobe_way's (analysis/probe.h). */
bool check_instruction(Bytes bytes, Diag *diag);

/* Does the process map this very file, executable, at the spec's offset, with the spec's bytes there (or another
 * tracer's int3 as the first)? */
bool check_process(const ProbeSpec *spec, const Input *in, pid_t pid, Diag *diag);

/* Is the file our own program (probing it system-wide would trace the tracing)? */
bool is_own_program(const Input *in);

#endif
