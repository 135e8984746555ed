/* cli/location_text.c - locations in AT&T notation. */
#include "cli/emit.h"

static void signed_hex(Text *t, int64_t v)
{
    if (v < 0)
        text_char(t, '-');
    text_hex(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void memory_text(Text *t, const Location *l)
{
    if (l->segment == REG_FS || l->segment == REG_GS)
        text_format(t, "%%%s:", reg_name(l->segment));
    if (l->disp || (l->reg == REG_NONE && l->index == REG_NONE))
        signed_hex(t, l->disp);
    if (l->reg == REG_NONE && l->index == REG_NONE)
        return;
    text_char(t, '(');
    if (l->reg != REG_NONE)
        text_format(t, "%%%s", reg_name(l->reg));
    if (l->index != REG_NONE)
        text_format(t, ",%%%s,%d", reg_name(l->index), l->scale);
    text_char(t, ')');
}

void location_text(Text *t, const Location *l)
{
    switch (l->kind) {
    case LOCATION_REG:
        text_format(t, "%%%s", reg_name_sized(l->reg, l->bits, false));
        break;
    case LOCATION_STACK:
        if (l->disp)
            signed_hex(t, l->disp);
        text_format(t, "(%%%s)", reg_name(l->reg));
        break;
    case LOCATION_MEMORY:
        memory_text(t, l);
        break;
    case LOCATION_STATIC:
        text_hex(t, l->address);
        break;
    default:
        text_add(t, "nowhere");
    }
    if (l->addend)
        text_format(t, "%+lld", (long long)l->addend);
}
