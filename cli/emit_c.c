/* cli/emit_c.c - a C program that reads this one probe with perf_event_open, and needs nothing but the kernel's headers.
 * The constants and names go first, as macros and a table; the rest (emit_c_body.h) is the same for every probe. */
#include "cli/emit.h"
#include "cli/emit_c_body.h"
#include "cli/escape.h"
#include "cli/kernel_reg.h"

static void define(Sink *t, const char *name, uint64_t value)
{
    sink_format(t, "#define %s 0x%llxull\n", name, (unsigned long long)value);
}

static void names(Sink *t, const ProbeSpec *spec)
{
    sink_add(t, "static const struct name { long long value; const char *name; } NAMES[] = {\n");
    for (size_t i = 0; i < spec->names.n; i++) {
        const Enumerator *e = &spec->names.items[i];
        sink_format(t, "    {(long long)0x%llxull, \"", (unsigned long long)e->value);
        escape_c(t, e->name);
        sink_add(t, "\"},\n");
    }
    sink_add(t, "    {0, 0}};\n");
}

bool emit_c(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    uint32_t stack = spec_stack_bytes(spec);
    if (!spec_regs(spec))
        return diag_set(diag, spec->pc,
                        "the uprobe PMU samples registers and the stack above rsp only: use --emit tracefs");
    sink_add(t, "/* Reads one variable of one program, live. Build: cc -O2 -o reader THIS_FILE.c\n"
                " * Run as root: ./reader [PID]   prints \"pid tid value name\" a hit; Ctrl-C ends it. */\n");
    sink_add(t, "#define PROBE_PATH \"");
    escape_c(t, spec->path);
    sink_add(t, "\"\n");
    define(t, "PROBE_OFFSET", spec->off.v);
    define(t, "SAMPLE_REGS", spec_regs(spec));
    define(t, "STACK_BYTES", stack);
    define(t, "STACK_AT", stack ? (uint64_t)spec->location.disp : 0);
    define(t, "VALUE_BITS", spec->location.bits);
    define(t, "VALUE_ADDEND", spec->location.addend);
    define(t, "VALUE_UNSIGNED", spec->sign == SIGN_UNSIGNED);
    sink_add(t, "static const unsigned char INSTRUCTION[] = {");
    for (size_t i = 0; i < spec->bytes.n; i++)
        sink_format(t, "%s0x%02x", i ? ", " : "", spec->bytes.p[i]);
    sink_add(t, "};\n");
    names(t, spec);
    for (size_t i = 0; i < sizeof EMIT_C_BODY / sizeof EMIT_C_BODY[0]; i++)
        sink_add(t, EMIT_C_BODY[i]);
    return true;
}
