/* cli/emit_systemtap.c - a SystemTap script. */
#include "cli/emit.h"
#include "cli/escape.h"
#include "cli/kernel_reg.h"

enum { NAMES_MAX = 1000 };

static bool address_expression(Sink *t, const ProbeSpec *spec)
{
    const Location *l = &spec->location;
    if (l->kind == LOCATION_STATIC) {
        sink_format(t, "uaddr() - 0x%llx + 0x%llx", (unsigned long long)spec->pc, (unsigned long long)l->address);
        return true;
    }
    if (!tracefs_reg(l->reg) || l->segment == REG_FS || l->segment == REG_GS)
        return false;
    sink_format(t, "register(\"%s\")", reg_name(l->reg));
    if (l->kind == LOCATION_MEMORY && l->index != REG_NONE) {
        if (!tracefs_reg(l->index))
            return false;
        sink_format(t, " + register(\"%s\") * %d", reg_name(l->index), l->scale);
    }
    sink_format(t, " + %lld", (long long)l->disp);
    return true;
}

static bool raw_expression(Sink *t, const ProbeSpec *spec)
{
    const Location *l = &spec->location;
    if (l->kind == LOCATION_REG) {
        if (tracefs_reg(l->reg))
            sink_format(t, "register(\"%s\")", reg_name(l->reg));
        return tracefs_reg(l->reg) != NULL;
    }
    if (l->kind == LOCATION_NONE)
        return false;
    sink_format(t, "user_uint%u(", l->bits > 32 ? 64u : l->bits > 16 ? 32u : l->bits > 8 ? 16u : 8u);
    if (!address_expression(t, spec))
        return false;
    sink_char(t, ')');
    return true;
}

/* SystemTap's integers are signed 64-bit, so shifts up and down cut and extend the sign. */
static bool value_expression(Sink *t, const ProbeSpec *spec)
{
    unsigned bits = spec->location.bits;
    sink_char(t, '(');
    if (!raw_expression(t, spec))
        return false;
    if (spec->location.addend)
        sink_format(t, " + %lld", (long long)spec->location.addend);
    sink_char(t, ')');
    if (bits < 64 && spec->sign == SIGN_UNSIGNED)
        sink_format(t, " & 0x%llx", (unsigned long long)(((uint64_t)1 << bits) - 1));
    else if (bits < 64)
        sink_format(t, " << %u >> %u", 64 - bits, 64 - bits);
    return true;
}

bool emit_systemtap(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    size_t before = t->n;
    /* Checked with SystemTap 4.8: without debug information process("PATH").statement(ADDRESS) is "no match"; and
     * process(PID).statement(ADDRESS).absolute is "not available" on kernels with inode uprobes, all since Linux 3.5. */
    sink_add(t, "# SystemTap finds an address in a program only where its debug information has a statement.\n"
                "global name\nprobe begin {\n");
    for (size_t i = 0; i < spec->names.n && i < NAMES_MAX; i++) {
        sink_format(t, "    name[%lld] = \"", (long long)spec->names.items[i].value);
        escape_c(t, spec->names.items[i].name);
        sink_add(t, "\"\n");
    }
    if (spec->names.n == 0)
        sink_add(t, "    name[0] = \"\"\n");
    sink_add(t, "}\nprobe process(\"");
    escape_c(t, spec->path);
    sink_format(t, "\").statement(0x%llx) {\n    v = ", (unsigned long long)spec->pc);
    if (!value_expression(t, spec)) {
        t->n = before;
        return diag_set(diag, spec->pc, "SystemTap cannot read this location");
    }
    sink_add(t, "\n    printf(\"%d %d %s %d %s\\n\", pid(), tid(), execname(), v, v in name ? name[v] : \"\")\n}\n");
    return true;
}
