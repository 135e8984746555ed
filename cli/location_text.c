/* cli/location_text.c - locations in AT&T notation. */
#include "cli/emit.h"

#include "analysis/values.h"

static void signed_hex(Sink *t, int64_t v)
{
    if (v < 0)
        sink_char(t, '-');
    sink_hex(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void memory_text(Sink *t, const Location *l)
{
    if (l->segment == REG_FS || l->segment == REG_GS)
        sink_format(t, "%%%s:", reg_name(l->segment));
    if (l->disp || (l->reg == REG_NONE && l->index == REG_NONE))
        signed_hex(t, l->disp);
    if (l->reg == REG_NONE && l->index == REG_NONE)
        return;
    sink_char(t, '(');
    if (l->reg != REG_NONE)
        sink_format(t, "%%%s", reg_name(l->reg));
    if (l->index != REG_NONE)
        sink_format(t, ",%%%s,%d", reg_name(l->index), l->scale);
    sink_char(t, ')');
}

void location_text(Sink *t, const Location *l)
{
    switch (l->kind) {
    case LOCATION_REG: sink_format(t, "%%%s", reg_name_sized(l->reg, l->bits, false)); break;
    case LOCATION_STACK:
        if (l->disp)
            signed_hex(t, l->disp);
        sink_format(t, "(%%%s)", reg_name(l->reg));
        break;
    case LOCATION_MEMORY: memory_text(t, l); break;
    case LOCATION_STATIC: sink_hex(t, l->address); break;
    default: sink_add(t, "nowhere");
    }
    if (l->addend) /* modulo 2^bits: -5 is easier to read than 4294967291 */
        sink_format(t, "%+lld", (long long)value_extended(l->addend, l->bits, true));
}
