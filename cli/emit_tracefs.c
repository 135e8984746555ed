/* cli/emit_tracefs.c - a line for /sys/kernel/tracing/uprobe_events.
 * Source: Documentation/trace/uprobetracer.rst. The kernel splits a line at white space and cuts it at '#', and
 * offers no quoting, so paths with such bytes are refused. Types: u8..u64, s8..s64, and bit-fields b<width>@<offset>/<size>. */
#include "cli/emit.h"
#include "cli/kernel_reg.h"

bool tracefs_path_ok(Str path)
{
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c <= ' ' || c == '#' || c == 0x7f || c == ';')
            return false;
    }
    return path.n > 0;
}

/* The smallest of 8, 16, 32, 64 that holds `bits`. */
static unsigned container(unsigned bits)
{
    unsigned size = 8;
    while (size < bits && size < 64)
        size *= 2;
    return size;
}

static void fetch_type(Sink *t, const ProbeSpec *spec)
{
    unsigned bits = spec->location.bits, size = container(bits);
    if (bits == size)
        sink_format(t, ":%c%u", spec->sign == SIGN_SIGNED ? 's' : 'u', size);
    else
        sink_format(t, ":b%u@0/%u", bits, size);
}

/* +N(reg) or -N(reg). */
static bool fetch_memory(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    const Location *l = &spec->location;
    const char *base = tracefs_reg(l->reg);
    if (l->kind == LOCATION_MEMORY && (l->segment == REG_FS || l->segment == REG_GS || l->index != REG_NONE))
        return diag_set(diag, spec->pc,
                        "a fetch argument of the kernel cannot read memory with an index or segment register");
    if (!base)
        return diag_set(diag, spec->pc, "a fetch argument of the kernel cannot read memory based on %s",
                        reg_name(l->reg));
    sink_format(t, "%c0x%llx(%%%s)", l->disp < 0 ? '-' : '+',
                (unsigned long long)(l->disp < 0 ? 0 - (uint64_t)l->disp : (uint64_t)l->disp), base);
    return true;
}

bool tracefs_fetch(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    const Location *l = &spec->location;
    const char *reg = l->kind == LOCATION_REG ? tracefs_reg(l->reg) : NULL;
    if (l->kind == LOCATION_REG && !reg)
        return diag_set(diag, spec->pc, "the kernel cannot read %s at a probe", reg_name(l->reg));
    if (l->kind == LOCATION_REG)
        sink_format(t, "%%%s", reg);
    else if (l->kind == LOCATION_STATIC) {
        /* @+N is N bytes after where the file's start would lie in the text's mapping */
        unsigned long long n = l->address - spec->pc + spec->off.v;
        sink_format(t, "@+0x%llx", n);
    } else if (!fetch_memory(t, spec, diag))
        return false;
    fetch_type(t, spec);
    return true;
}

bool emit_tracefs(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    if (!tracefs_path_ok(spec->path))
        return diag_set(diag, 0,
                        "uprobe_events cannot take this path (white space, '#' or control characters): "
                        "make a link with a plain name");
    size_t before = t->n;
    sink_add(t, "p:lvscan/v1 ");
    sink_str(t, spec->path);
    sink_format(t, ":0x%llx v1=", (unsigned long long)spec->off.v);
    if (!tracefs_fetch(t, spec, diag)) {
        t->n = before;
        return false;
    }
    sink_char(t, '\n');
    return true;
}
