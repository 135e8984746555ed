/* cli/location_text.c - locations in AT&T notation. */
#include "cli/emit.h"

static void signed_hex(Out *t, int64_t v)
{
    if (v < 0)
        out_char(t, '-');
    out_hex(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void memory_text(Out *t, const Location *l)
{
    if (l->segment == REG_FS || l->segment == REG_GS)
        out_format(t, "%%%s:", reg_name(l->segment));
    if (l->disp || (l->reg == REG_NONE && l->index == REG_NONE))
        signed_hex(t, l->disp);
    if (l->reg == REG_NONE && l->index == REG_NONE)
        return;
    out_char(t, '(');
    if (l->reg != REG_NONE)
        out_format(t, "%%%s", reg_name(l->reg));
    if (l->index != REG_NONE)
        out_format(t, ",%%%s,%d", reg_name(l->index), l->scale);
    out_char(t, ')');
}

void location_text(Out *t, const Location *l)
{
    switch (l->kind) {
    case LOCATION_REG:
        out_format(t, "%%%s", reg_name_sized(l->reg, l->bits, false));
        break;
    case LOCATION_STACK:
        if (l->disp)
            signed_hex(t, l->disp);
        out_format(t, "(%%%s)", reg_name(l->reg));
        break;
    case LOCATION_MEMORY:
        memory_text(t, l);
        break;
    case LOCATION_STATIC:
        out_hex(t, l->address);
        break;
    default:
        out_add(t, "nowhere");
    }
    if (l->addend)
        out_format(t, "%+lld", (long long)l->addend);
}
