/* cli/emit_gdb.c - a gdb script. The load address is not known before the program runs, so a few lines of Python (all
 * numbers and literals written here, no name of the file is ever run) find the mapping that holds the file offset. */
#include "cli/emit.h"
#include "cli/kernel_reg.h"

static const char *gdb_reg(unsigned reg) { return reg < REG_K0 ? reg_name(reg) : NULL; }

static bool raw_expression(Sink *t, const ProbeSpec *spec)
{
    const Location *l = &spec->location;
    if (l->kind == LOCATION_REG) {
        if (!tracefs_reg(l->reg) && l->reg < REG_XMM0)
            return false;
        if (l->reg >= REG_XMM0)
            sink_format(t, "(unsigned long)$%s.v2_int64[0]", reg_name(l->reg));
        else
            sink_format(t, "(unsigned long)$%s", reg_name(l->reg));
        return true;
    }
    sink_format(t, "*(unsigned %s *)(", l->bits > 32 ? "long" : l->bits > 16 ? "int" : l->bits > 8 ? "short" : "char");
    if (l->kind == LOCATION_STATIC) {
        sink_format(t, "(unsigned long)$rip - 0x%llx + 0x%llx)", (unsigned long long)spec->pc,
                    (unsigned long long)l->address);
        return true;
    }
    sink_format(t, "%lld", (long long)l->disp);
    if (l->reg != REG_NONE)
        sink_format(t, " + (unsigned long)$%s", gdb_reg(l->reg));
    if (l->kind == LOCATION_MEMORY && l->index != REG_NONE)
        sink_format(t, " + (unsigned long)$%s * %d", gdb_reg(l->index), l->scale);
    if (l->kind == LOCATION_MEMORY && (l->segment == REG_FS || l->segment == REG_GS))
        sink_format(t, " + (unsigned long)$%s_base", reg_name(l->segment));
    sink_char(t, ')');
    return l->kind != LOCATION_NONE;
}

/* A Python bytes literal. */
static void python_bytes(Sink *t, Str s)
{
    sink_add(t, "b\"");
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < ' ' || c > '~' || c == '"' || c == '\\')
            sink_format(t, "\\x%02x", c);
        else
            sink_char(t, (char)c);
    }
    sink_char(t, '"');
}

static const char BODY[] =
    "SHOWN = os.path.realpath(PATH).replace(b'\\n', b'\\\\012')\n" /* as proc(5) writes it */
    "def place():\n"
    "    for line in open('/proc/%d/maps' % gdb.selected_inferior().pid, 'rb'):\n"
    "        f = line.split(None, 5)\n"
    "        low, high = (int(x, 16) for x in f[0].split(b'-'))\n"
    "        start = int(f[2], 16)\n"
    "        if len(f) > 5 and b'x' in f[1] and start <= OFFSET < start + high - low:\n"
    "            name = f[5].rstrip(b'\\n')\n"
    "            if name in (PATH, SHOWN) or os.path.exists(name) and os.path.samefile(name, PATH):\n"
    "                return low + OFFSET - start\n"
    "class Probe(gdb.Breakpoint):\n"
    "    def stop(self):\n"
    "        v = (int(gdb.parse_and_eval(READ)) + ADDEND) & ((1 << BITS) - 1)\n"
    "        if SIGNED and v >> (BITS - 1):\n"
    "            v -= 1 << BITS\n"
    "        thread = gdb.selected_thread()\n"
    "        print(thread.ptid[0], thread.ptid[1] or thread.ptid[0], v, NAMES.get(v, b'').decode('utf-8', 'replace'))\n"
    "        return False\n"
    "if gdb.selected_inferior().pid == 0:\n"
    "    gdb.execute('starti', to_string=True)\n"
    "if place() is None:\n"
    "    gdb.execute('catch load', to_string=True)\n"
    "while gdb.selected_inferior().pid and place() is None:\n"
    "    gdb.execute('continue', to_string=True)\n"
    "Probe('*%d' % place())\n"
    "gdb.execute('continue')\n"
    "end\n";

bool emit_gdb(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    size_t before = t->n;
    sink_add(t, "# gdb -q -batch -x THIS_FILE --args PROGRAM ARG...    or    gdb -q -batch -x THIS_FILE -p PID\n"
                "set pagination off\nset confirm off\npython\nimport gdb, os\nPATH = ");
    python_bytes(t, spec->path);
    sink_format(t, "\nOFFSET = 0x%llx\nREAD = '", (unsigned long long)spec->off.v);
    if (!raw_expression(t, spec)) {
        t->n = before;
        return diag_set(diag, spec->pc, "gdb cannot read this location");
    }
    sink_format(t, "'\nBITS, SIGNED, ADDEND = %u, %s, %llu\nNAMES = {", spec->location.bits,
                spec->sign == SIGN_UNSIGNED ? "False" : "True", (unsigned long long)spec->location.addend);
    for (size_t i = 0; i < spec->names.n; i++) {
        const Enumerator *e = &spec->names.items[i];
        if (enum_name_of(&spec->names, e->value).p != e->name.p)
            continue;
        sink_format(t, "%lld: ", (long long)e->value);
        python_bytes(t, e->name);
        sink_add(t, ", ");
    }
    sink_add(t, "}\n");
    sink_add(t, BODY);
    return true;
}
