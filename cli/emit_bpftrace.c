/* cli/emit_bpftrace.c - a bpftrace script (checked with 0.17).
 * bpftrace takes the number after the path as a virtual address when a symbol of the file covers it, and else, with
 * --unsafe only, as a file offset. Names are printed by an if-chain: its maps of strings need one length. */
#include "cli/emit.h"
#include "cli/kernel_reg.h"

#include <string.h>

enum { NAMES_MAX = 64, NAME_MAX_BYTES = 60 };

/* bpftrace expands wildcards and positional parameters in probes, even quoted ones. */
static bool path_ok(Str path)
{
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c < ' ' || c == 0x7f || strchr("*?[]{}$,\\", c))
            return false;
    }
    return path.n > 0;
}

/* An address in the probed process, or false for what is no memory. */
static bool address_expression(Sink *t, const ProbeSpec *spec)
{
    const Location *l = &spec->location;
    if (l->kind == LOCATION_STATIC) {
        sink_format(t, "(reg(\"ip\") - 0x%llx + 0x%llx)", (unsigned long long)spec->pc, (unsigned long long)l->address);
        return true;
    }
    const char *base = tracefs_reg(l->reg);
    const char *index = l->kind == LOCATION_MEMORY && l->index != REG_NONE ? tracefs_reg(l->index) : NULL;
    bool segmented = l->kind == LOCATION_MEMORY && (l->segment == REG_FS || l->segment == REG_GS);
    if (!base || segmented || (l->kind == LOCATION_MEMORY && l->index != REG_NONE && !index))
        return false;
    sink_format(t, "(reg(\"%s\")", base);
    if (index)
        sink_format(t, " + reg(\"%s\") * %d", index, l->scale);
    sink_format(t, " %c %llu)", l->disp < 0 ? '-' : '+',
                (unsigned long long)(l->disp < 0 ? 0 - (uint64_t)l->disp : (uint64_t)l->disp));
    return true;
}

static unsigned container(unsigned bits)
{
    unsigned size = 8;
    while (size < bits && size < 64)
        size *= 2;
    return size;
}

/* What is at the location, zero-extended or not: the cast around it decides. */
static bool raw_expression(Sink *t, const ProbeSpec *spec)
{
    const Location *l = &spec->location;
    if (l->kind == LOCATION_REG) {
        const char *reg = tracefs_reg(l->reg);
        if (reg)
            sink_format(t, "reg(\"%s\")", reg);
        return reg != NULL;
    }
    if (l->kind == LOCATION_NONE || l->bits != container(l->bits))
        return false;
    sink_format(t, "*(uint%u*)", l->bits);
    return address_expression(t, spec);
}

/* The variable's value as 64 bits: (int64)(int32)(… + addend). */
static bool value_expression(Sink *t, const ProbeSpec *spec)
{
    const Location *l = &spec->location;
    bool is_unsigned = spec->sign == SIGN_UNSIGNED;
    unsigned size = container(l->bits);
    sink_format(t, is_unsigned ? "(uint64)" : "(int64)");
    if (l->bits == size && size < 64)
        sink_format(t, is_unsigned ? "(uint%u)" : "(int%u)", size);
    sink_char(t, '(');
    if (!raw_expression(t, spec))
        return false;
    if (l->addend)
        sink_format(t, " + %llu", (unsigned long long)l->addend);
    sink_char(t, ')');
    if (l->bits != size)
        sink_format(t, " & 0x%llx", (unsigned long long)(((uint64_t)1 << l->bits) - 1));
    return true;
}

static bool probe_expression(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    if (!path_ok(spec->path))
        return diag_set(
            diag, 0, "bpftrace cannot take this path (wildcards, control characters): make a link with a plain name");
    sink_add(t, "uprobe:\"");
    for (size_t i = 0; i < spec->path.n; i++) {
        if (spec->path.p[i] == '"')
            sink_char(t, '\\');
        sink_char(t, spec->path.p[i]);
    }
    sink_format(t, "\":0x%llx", (unsigned long long)(spec->has_symbol ? spec->pc : spec->off.v));
    return true;
}

/* A name inside a bpftrace string: printable ASCII without quotes, backslashes and percent signs. */
static void plain_name(Sink *t, Str name)
{
    for (size_t i = 0; i < name.n && i < NAME_MAX_BYTES; i++) {
        char c = name.p[i];
        sink_char(t, c < ' ' || c > '~' || c == '"' || c == '\\' || c == '%' ? '?' : c);
    }
}

static void names_chain(Sink *t, const ProbeSpec *spec, const char *format)
{
    size_t shown = 0;
    for (size_t i = 0; i < spec->names.n && shown < NAMES_MAX; i++) {
        const Enumerator *e = &spec->names.items[i];
        if (enum_name_of(&spec->names, e->value).p != e->name.p)
            continue;
        sink_format(t, "    %sif ($v == (int64)%lld) { printf(\"%%d %%d %%s %s ", shown ? "else " : "",
                    (long long)e->value, format);
        plain_name(t, e->name);
        sink_add(t, "\\n\", pid, tid, comm, $v); }\n");
        shown++;
    }
    sink_format(t, "    %sprintf(\"%%d %%d %%s %s\\n\", pid, tid, comm, $v);%s\n", shown ? "else { " : "", format,
                shown ? " }" : "");
}

static bool fail(Sink *t, size_t before, const ProbeSpec *spec, Diag *diag)
{
    t->n = before;
    return diag_set(diag, spec->pc, "bpftrace cannot read this location");
}

bool emit_bpftrace(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    size_t before = t->n;
    sink_add(t, "#!/usr/bin/env -S bpftrace --unsafe\n"
                "// pid tid comm value [name]. --unsafe: without symbols bpftrace cannot check that the place\n"
                "// is the start of an instruction; lvscan has.\n");
    if (!probe_expression(t, spec, diag)) {
        t->n = before;
        return false;
    }
    sink_add(t, "\n{\n    $v = ");
    if (!value_expression(t, spec))
        return fail(t, before, spec, diag);
    sink_add(t, ";\n");
    names_chain(t, spec, spec->sign == SIGN_UNSIGNED ? "%llu" : "%lld");
    sink_add(t, "}\n");
    return true;
}

bool emit_bpftrace_line(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    size_t before = t->n;
    if (!probe_expression(t, spec, diag)) {
        t->n = before;
        return false;
    }
    sink_format(t, " { printf(\"%s\\n\", ", spec->sign == SIGN_UNSIGNED ? "%llu" : "%lld");
    if (!value_expression(t, spec))
        return fail(t, before, spec, diag);
    sink_add(t, "); }");
    return true;
}
