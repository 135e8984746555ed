/* cli/emit_perf_probe.c - a shell line for perf probe. For a file without debug information perf writes the number it is
 * given into uprobe_events as it is, so it must be the file offset (checked with perf 6.1). */
#include "cli/emit.h"
#include "cli/escape.h"

bool emit_perf_probe(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    size_t before = t->n;
    if (!tracefs_path_ok(spec->path))
        return diag_set(
            diag, 0,
            "perf probe cannot take this path (white space or control characters): make a link with a plain name");
    sink_add(t, "perf probe -x ");
    escape_shell(t, spec->path);
    sink_format(t, " --add 'lvscan_v1=0x%llx v1=", (unsigned long long)spec->off.v);
    if (!tracefs_fetch(t, spec, diag)) {
        t->n = before;
        return false;
    }
    sink_add(t, "'\n");
    return true;
}
