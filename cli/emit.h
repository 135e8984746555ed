/* cli/emit.h - a probe spec as other tools read it: one emitter a form. */
#ifndef LVSCAN_CLI_EMIT_H
#define LVSCAN_CLI_EMIT_H

#include "cli/sink.h"
#include "cli/spec.h"

/* Appends the whole script or line. False (with *diag) when the form cannot express the location or the path. */
typedef bool EmitFn(Sink *t, const ProbeSpec *spec, Diag *diag);

typedef struct Emitter {
    const char *name;
    EmitFn *emit;
} Emitter;

/* The emitter of that name, or NULL. */
const Emitter *emitter_find(const char *name);

EmitFn emit_perf, emit_bpftrace, emit_tracefs, emit_perf_probe, emit_gdb, emit_systemtap, emit_c;

/* The tracefs fetch argument of the location ("%r15:u64", "+0x28(%di):u32"). For trace and the forms that use it. */
bool tracefs_fetch(Sink *t, const ProbeSpec *spec, Diag *diag);

/* A path that survives a line of uprobe_events: no white space, no '#', no control characters. */
bool tracefs_path_ok(Str path);

/* The location as people write it: "%r15", "%edi", "0x18(%rsp)", "0x4c10". */
void location_text(Sink *t, const Location *l);

/* The line that runs the probe in bpftrace, for pasting into a shell. False where it cannot be expressed. */
bool emit_bpftrace_line(Sink *t, const ProbeSpec *spec, Diag *diag);

#endif
