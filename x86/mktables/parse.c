/* x86/mktables/parse.c - a line of opcodes.tbl -> a TblRow. The table's own head says what a line means. */
#include "x86/mktables/mktables.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Macro {
    char *name, *text;
} Macro;

static Macro macros[MAX_MACROS];
static unsigned nmacros;

static char *string_copy(const char *s)
{
    char *copy = strdup(s);
    if (!copy)
        exit(1);
    return copy;
}

/* ---- the encoding: np.0f.10, vex.66.0f38.w0.l0.92, d8/0, 0f.01:d0, 50+r ---- */

typedef struct Part {
    const char *name;
    uint8_t field, allow;
} Part;

static const Part parts[] = {
    {"np", KEY_PP, 1},     {"66", KEY_PP, 2},       {"f3", KEY_PP, 4},   {"f2", KEY_PP, 8},   {"nf", KEY_PP, 3},
    {"no2", KEY_PP, 7},    {"no3", KEY_PP, 11},     {"no0", KEY_PP, 14}, {"p2", KEY_PP, 12},  {"w0", KEY_W, 1},
    {"w1", KEY_W, 2},      {"l0", KEY_L, 1},        {"l1", KEY_L, 2},    {"l2", KEY_L, 4},    {"l12", KEY_L, 6},
    {"l01", KEY_L, 3},     {"o16", KEY_OSZ, 1},     {"o32", KEY_OSZ, 2}, {"o64", KEY_OSZ, 4}, {"o1632", KEY_OSZ, 3},
    {"o3264", KEY_OSZ, 6}, {"a64", KEY_ASZ, 1},     {"a32", KEY_ASZ, 2}, {"b0", KEY_B, 1},    {"b1", KEY_B, 2},
    {"rex2", KEY_REX2, 2}, {"norex2", KEY_REX2, 1}, {"m", KEY_MOD3, 1},  {"r", KEY_MOD3, 2},  {"sib", KEY_RM, 1 << 4},
    {"rm0", KEY_RM, 1},    {"nocs", KEY_REG, 0xfd}, {"nd", KEY_REX2, 2}, {"rip", KEY_RIP, 2}, {"norip", KEY_RIP, 1},
};

typedef struct MapName {
    const char *name;
    int legacy, vex, evex, xop;
} MapName;

static const MapName map_names[] = {
    {"0f", MAP_LEGACY + 1, MAP_VEX, MAP_EVEX, -1},
    {"0f38", MAP_LEGACY + 2, MAP_VEX + 1, MAP_EVEX + 1, -1},
    {"0f3a", MAP_LEGACY + 3, MAP_VEX + 2, MAP_EVEX + 2, -1},
    {"3dnow", MAP_3DNOW, -1, -1, -1},
    {"m4", -1, -1, MAP_EVEX + 3, -1},
    {"m5", -1, MAP_VEX + 4, MAP_EVEX + 4, -1},
    {"m6", -1, -1, MAP_EVEX + 5, -1},
    {"m7", -1, MAP_VEX + 6, MAP_EVEX + 6, -1},
    {"x8", -1, -1, -1, MAP_XOP},
    {"x9", -1, -1, -1, MAP_XOP + 1},
    {"xa", -1, -1, -1, MAP_XOP + 2},
};

enum { SPACE_LEGACY, SPACE_VEX, SPACE_EVEX, SPACE_XOP };

static bool part_apply(TblRow *row, const char *name)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strcmp(parts[i].name, name)) {
            row->allow[parts[i].field] &= parts[i].allow;
            return true;
        }
    return false;
}

static bool map_apply(TblRow *row, int space, const char *name)
{
    for (size_t i = 0; i < sizeof map_names / sizeof map_names[0]; i++) {
        if (strcmp(map_names[i].name, name) != 0)
            continue;
        const MapName *m = &map_names[i];
        int map = space == SPACE_VEX ? m->vex : space == SPACE_EVEX ? m->evex : space == SPACE_XOP ? m->xop : m->legacy;
        row->map = (unsigned)map;
        return map >= 0;
    }
    return false;
}

static void modrm_exact(TblRow *row, unsigned byte, bool any_rm)
{
    row->form.bits |= FORM_MODRM;
    row->allow[KEY_MOD3] = 2;
    row->allow[KEY_REG] = (uint8_t)(1u << (byte >> 3 & 7));
    if (!any_rm)
        row->allow[KEY_RM] = (uint8_t)(1u << (byte & 7));
}

static void opcode_parse(Tables *t, TblRow *row, const char *text)
{
    char *end;
    row->opcode = (unsigned)strtoul(text, &end, 16);
    row->opcodes = 1;
    if (end - text != 2)
        table_fail(t, t->line, "bad opcode", text);
    if (!strcmp(end, "+r"))
        row->opcodes = 8;
    else if (!strcmp(end, "+c"))
        row->opcodes = 16, row->conditions = true;
    else if (end[0] == '/' && end[1] >= '0' && end[1] <= '7' && !end[2])
        row->form.bits |= FORM_MODRM, row->allow[KEY_REG] = (uint8_t)(1u << (end[1] - '0'));
    else if (!strcmp(end, "/r"))
        row->form.bits |= FORM_MODRM;
    else if (end[0] == ':') {
        unsigned byte = (unsigned)strtoul(end + 1, &end, 16);
        modrm_exact(row, byte, *end == '+');
        if (*end && strcmp(end, "+") != 0)
            table_fail(t, t->line, "bad opcode", text);
    } else if (*end)
        table_fail(t, t->line, "bad opcode", text);
}

/* In map 4 the length stands for NF, and there is ND or not. */
static void map4_defaults(TblRow *row)
{
    row->traits.flags |= ROW_APX;
    if (row->allow[KEY_L] & 4)
        row->allow[KEY_L] = 1;
    if (row->allow[KEY_REX2] & 1)
        row->allow[KEY_REX2] = 1;
}

static void encoding_defaults(TblRow *row, int space, bool pp_given)
{
    if (space == SPACE_LEGACY)
        return;
    if (!pp_given)
        row->allow[KEY_PP] = 1;
    row->allow[KEY_L] &= space == SPACE_EVEX ? 7 : 3;
    if (row->map == MAP_EVEX + 3)
        map4_defaults(row);
}

static void encoding_parse(Tables *t, TblRow *row, const char *text)
{
    char copy[128];
    int space = SPACE_LEGACY;
    bool pp_given = false;
    snprintf(copy, sizeof copy, "%s", text);
    memset(row->allow, 0xff, sizeof row->allow);
    row->map = MAP_LEGACY;
    char *s = copy, *dot;
    for (; (dot = strchr(s, '.')); s = dot + 1) {
        *dot = 0;
        pp_given |= !strcmp(s, "nf") || !strcmp(s, "66") || !strcmp(s, "f2") || !strcmp(s, "f3") || !strcmp(s, "p2");
        if (!strcmp(s, "vex"))
            space = SPACE_VEX;
        else if (!strcmp(s, "evex"))
            space = SPACE_EVEX;
        else if (!strcmp(s, "xop"))
            space = SPACE_XOP;
        else if (!part_apply(row, s) && !map_apply(row, space, s))
            table_fail(t, t->line, "unknown part of an encoding", s);
    }
    encoding_defaults(row, space, pp_given);
    row->vector = space != SPACE_LEGACY;
    opcode_parse(t, row, s);
}

/* ---- the mnemonic ---- */

static unsigned name_find(Tables *t, const char *name)
{
    for (unsigned i = 0; i < t->nnames; i++)
        if (!strcmp(t->names[i], name))
            return i;
    if (t->nnames == MAX_NAMES)
        table_fail(t, t->line, "too many mnemonics", name);
    t->names[t->nnames] = string_copy(name);
    return t->nnames++;
}

static const char *const conditions[16] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                           "s", "ns", "p", "np", "l", "ge", "le", "g"};

static unsigned names_with_conditions(Tables *t, const char *base, size_t n)
{
    unsigned first = 0;
    for (unsigned i = 0; i < 16; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s%s", (int)n, base, conditions[i]);
        unsigned at = name_find(t, name);
        if (!i)
            first = at;
        if (at != first + i)
            table_fail(t, t->line, "a condition's name is taken already", name);
    }
    return first;
}

static uint16_t format_add(Tables *t, const char *text)
{
    for (unsigned i = 0; i < t->nformats; i++)
        if (!strcmp(t->formats[i], text))
            return (uint16_t)i;
    if (t->nformats == MAX_FORMATS)
        table_fail(t, t->line, "too many formats", text);
    t->formats[t->nformats] = string_copy(text);
    return (uint16_t)t->nformats++;
}

/* "add*": AT&T appends a size suffix where no register tells the size. APX's are names of their own (mktables.h). */
static void mnemonic_parse(Tables *t, TblRow *row, const char *given, bool apx)
{
    char name[64], text[64];
    size_t n = (size_t)snprintf(text, sizeof text, "%s%s", apx ? APX_NAME : "", given);
    if (n > 4 && !strcmp(text + n - 4, "{cc}")) {
        if (!row->conditions)
            table_fail(t, t->line, "{cc} needs an opcode +c:", text);
        row->mnemonic = (uint16_t)names_with_conditions(t, text, n - 4);
        return;
    }
    if (text[n - 1] == '*')
        n--, row->format = format_add(t, "*");
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    row->mnemonic = (uint16_t)name_find(t, name);
}

/* ---- the attributes ---- */

typedef struct Sets {
    RegSet reads, writes, kills;
    EffectDesc e;
} Sets;

static uint8_t flags_parse(Tables *t, const char *s)
{
    uint8_t flags = 0;
    for (; *s; s++) {
        const char *letters = "oszapcd", *at = strchr(letters, *s);
        if (!at)
            table_fail(t, t->line, "unknown flag in", s);
        flags |= (uint8_t)(1u << (at - letters));
    }
    return flags;
}

static void regset_merge(RegSet *to, RegSet from) { to->w[0] |= from.w[0], to->w[1] |= from.w[1]; }

static bool list_attribute(Tables *t, const char *s, Sets *out)
{
    if (!strncmp(s, "r:", 2))
        regset_merge(&out->reads, registers_parse(t, s + 2));
    else if (!strncmp(s, "w:", 2))
        regset_merge(&out->writes, registers_parse(t, s + 2));
    else if (!strncmp(s, "k:", 2)) {
        regset_merge(&out->writes, registers_parse(t, s + 2));
        regset_merge(&out->kills, registers_parse(t, s + 2));
    } else if (!strncmp(s, "rw:", 3)) {
        regset_merge(&out->reads, registers_parse(t, s + 3));
        regset_merge(&out->writes, registers_parse(t, s + 3));
    } else
        return false;
    return true;
}

static bool flag_attribute(Tables *t, const char *s, EffectDesc *e)
{
    if (s[0] != 'f' || s[1] == 0 || s[2] != ':')
        return false;
    uint8_t flags = flags_parse(t, s + 3);
    switch (s[1]) {
    case 'r': e->flags_read |= flags; return true;
    case 'w': e->flags_written |= flags; return true;
    case 'u': e->flags_undefined |= flags; return true;
    case 'c': e->flags_read |= flags, e->flags_written |= flags; return true;
    case 'x': e->flags_read |= flags, e->flags_undefined |= flags; return true;
    default: return false;
    }
}

typedef struct Word {
    const char *name;
    uint16_t flags;
    uint8_t flow, rule;
} Word;

static const Word words[] = {
    {"jump", 0, FLOW_JUMP, 0},
    {"branch", 0, FLOW_BRANCH, 0},
    {"call", 0, FLOW_CALL, 0},
    {"ret", 0, FLOW_RETURN, 0},
    {"stop", 0, FLOW_STOP, 0},
    {"lock", ROW_LOCK, 0, 0},
    {"d64", ROW_D64, 0, 0},
    {"f64", ROW_F64, 0, 0},
    {"idiom", ROW_IDIOM, 0, 0},
    {"vsib", ROW_VSIB, 0, 0},
    {"dsib", ROW_VSIB | ROW_DINDEX, 0, 0},
    {"{k}", ROW_MASK, 0, 0},
    {"{kz}", ROW_MASK | ROW_ZERO, 0, 0},
    {"bc16", 1 << ROW_BC_SHIFT, 0, 0},
    {"bc32", 2 << ROW_BC_SHIFT, 0, 0},
    {"bc64", 3 << ROW_BC_SHIFT, 0, 0},
    {"er", ROW_ER, 0, 0},
    {"sae", ROW_SAE, 0, 0},
    {"e8", ROW_TUPLE1, 0, 0},
    {"e16", ROW_TUPLE1 | 1 << ROW_BC_SHIFT, 0, 0},
    {"e32", ROW_TUPLE1 | 2 << ROW_BC_SHIFT, 0, 0},
    {"e64", ROW_TUPLE1 | 3 << ROW_BC_SHIFT, 0, 0},
    {"rep", ROW_STRING, 0, 0},
    {"shift", 0, 0, RULE_SHIFT},
    {"rotate", 0, 0, RULE_ROTATE},
    {"select", 0, 0, RULE_SELECT},
    {"kpair", 0, 0, RULE_KPAIR},
    {"distinct", 0, 0, RULE_DISTINCT},
    {"distinct3", 0, 0, RULE_DISTINCT3},
    {"mpx", 0, 0, RULE_MPX},
    {"norip", 0, 0, RULE_NORIP},
    {"xlat", 0, 0, RULE_XLAT},
    {"store-rax", 0, 0, RULE_STORE_RAX},
    {"store-rdi", 0, 0, RULE_STORE_RDI},
    {"er0", ROW_ER | ROW_SAE, 0, 0},
    {"apx", ROW_APX, 0, 0},
    {"{nf}", ROW_NF, 0, 0},
    {"stack2", 0, 0, RULE_STACK2},
    {"zu", 0, 0, RULE_ZU},
    {"scc", ROW_VVVV, 0, RULE_SCC},
};

static bool word_attribute(const char *s, TblRow *row)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strcmp(words[i].name, s)) {
            row->traits.flags |= words[i].flags;
            row->traits.flow |= words[i].flow;
            row->form.rule |= words[i].rule;
            return true;
        }
    return false;
}

static void attributes_parse(Tables *t, TblRow *row, const char *text, Sets *out);

static void attribute_parse(Tables *t, TblRow *row, const char *s, Sets *out)
{
    for (unsigned i = 0; i < nmacros; i++)
        if (!strcmp(macros[i].name, s)) {
            attributes_parse(t, row, macros[i].text, out);
            return;
        }
    if (!strncmp(s, "text:", 5))
        row->format = format_add(t, s + 5);
    else if (!strcmp(s, "{nd}"))
        row->new_destination = true;
    else if (!list_attribute(t, s, out) && !flag_attribute(t, s, &out->e) && !word_attribute(s, row))
        table_fail(t, t->line, "unknown word", s);
}

static void attributes_parse(Tables *t, TblRow *row, const char *text, Sets *out)
{
    char copy[1024], *save = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *s = strtok_r(copy, " \t", &save); s; s = strtok_r(NULL, " \t", &save))
        attribute_parse(t, row, s, out);
}

static uint8_t set_add(Tables *t, RegSet set)
{
    for (unsigned i = 0; i < t->nsets; i++)
        if (!memcmp(&t->sets[i], &set, sizeof set))
            return (uint8_t)i;
    if (t->nsets == MAX_SETS)
        table_fail(t, t->line, "too many register sets", "");
    t->sets[t->nsets] = set;
    return (uint8_t)t->nsets++;
}

static void effect_fill(Tables *t, const Sets *s, EffectDesc *out)
{
    uint8_t more = out->more;
    *out = s->e;
    if (out->flags_written & out->flags_undefined)
        table_fail(t, t->line, "a flag is both written and undefined", "");
    out->reads = (uint8_t)(2 * set_add(t, s->reads));
    out->writes = (uint8_t)(2 * set_add(t, s->writes));
    out->kills = (uint8_t)(2 * set_add(t, s->kills));
    out->more = more;
}

/* ---- lines ---- */

/* Refuses what no instruction can mean. */
static void row_check(const Tables *t, const TblRow *row)
{
    for (int f = 0; f < KEY_COUNT; f++)
        if (!row->allow[f])
            table_fail(t, t->line, "contradictory conditions", "");
    if ((row->traits.flags & ROW_D64) && (row->traits.flags & ROW_F64))
        table_fail(t, t->line, "both d64 and f64", "");
    if ((row->traits.flags & ROW_LOCK) && !(row->allow[KEY_MOD3] & 1))
        table_fail(t, t->line, "lock without a memory operand", "");
    if ((row->allow[KEY_REG] != 0xff || row->allow[KEY_RM] != 0xff) && !(row->form.bits & FORM_MODRM))
        table_fail(t, t->line, "a ModRM field without ModRM", "");
}

static void macro_define(Tables *t, char *text)
{
    char *name = strtok(text, " \t"), *rest = strtok(NULL, "");
    if (!name || !rest || nmacros == MAX_MACROS)
        table_fail(t, t->line, "bad def", "");
    macros[nmacros].name = string_copy(name);
    macros[nmacros++].text = string_copy(rest);
}

static bool row_is_before(const TblRow *a, const TblRow *b)
{
    return a->map != b->map ? a->map < b->map : a->opcode < b->opcode;
}

/* Rows go by their opcodes, and those of one as they come: an opcode's are side by side (trie.c). */
static void row_add(Tables *t, const TblRow *row, const Sets *sets)
{
    unsigned at = t->nrows++;
    if (at == MAX_ROWS)
        table_fail(t, t->line, "too many rows", "");
    while (at > 1 && row_is_before(row, &t->rows[at - 1]))
        t->rows[at] = t->rows[at - 1], at--;
    TblRow *added = &t->rows[at];
    *added = *row;
    effect_fill(t, sets, &added->traits.effect);
    added->form_at = (uint16_t)items_add(t, t->forms, &t->nforms, MAX_FORMS, &added->form, 1, sizeof added->form);
    added->traits_at =
        (uint16_t)items_add(t, t->traits, &t->ntraits, MAX_TRAITS, &added->traits, 1, sizeof added->traits);
}

/* A row for each condition, which reads its flags (SDM vol. 1 appendix B). */
static void rows_with_conditions(Tables *t, const TblRow *all, const Sets *sets)
{
    static const uint8_t flags[8] = {FLAG_O, FLAG_C, FLAG_Z,          FLAG_Z | FLAG_C,
                                     FLAG_S, FLAG_P, FLAG_S | FLAG_O, FLAG_S | FLAG_O | FLAG_Z};
    for (unsigned i = 0; i < 16; i++) {
        TblRow row = *all;
        Sets one = *sets;
        row.opcode += i;
        row.opcodes = 1;
        row.mnemonic = (uint16_t)(row.mnemonic + i);
        one.e.flags_read |= flags[i / 2];
        row.traits.cc = (uint8_t)i;
        row_add(t, &row, &one);
    }
}

static void row_finish(Tables *t, TblRow *row, const char *operands, const Sets *sets)
{
    operands_parse(t, row, operands);
    row_check(t, row);
    if (row->conditions)
        rows_with_conditions(t, row, sets);
    else
        row_add(t, row, sets);
}

/* The row again with ND: what was changed is only read, and the result goes to a register of its own. */
static void new_destination_add(Tables *t, const TblRow *row, const char *operands, const Sets *sets)
{
    TblRow other = *row;
    char text[128];
    const char *size = operands + 1;
    while (isupper((unsigned char)*size))
        size++;
    snprintf(text, sizeof text, "=A%.*s,%s", (int)strcspn(size, ","), size, operands + 1);
    other.allow[KEY_REX2] = 2;
    other.traits.flags &= (uint16_t)~ROW_LOCK;
    row_finish(t, &other, text, sets);
}

static void row_parse(Tables *t, char *line)
{
    char *save = NULL, *encoding = strtok_r(line, " \t", &save), *name = strtok_r(NULL, " \t", &save);
    char *operands = strtok_r(NULL, " \t", &save), *rest = strtok_r(NULL, "", &save);
    if (!name || !operands)
        table_fail(t, t->line, "a row needs encoding, mnemonic and operands:", encoding);
    TblRow one, *row = &one;
    Sets sets;
    memset(&one, 0, sizeof one);
    memset(&sets, 0, sizeof sets);
    row->line = t->line;
    row->traits.cc = 0xff;
    encoding_parse(t, row, encoding);
    bool apx = row->map == MAP_EVEX + 3 || (rest && strstr(rest, "apx"));
    mnemonic_parse(t, row, name, apx);
    attributes_parse(t, row, rest ? rest : "", &sets);
    if (row->map == MAP_EVEX + 3 && (row->traits.flags & ROW_NF))
        row->allow[KEY_L] |= 2;
    if (row->new_destination)
        new_destination_add(t, row, operands, &sets);
    row_finish(t, row, operands, &sets);
}

static void line_parse(Tables *t, char *line)
{
    line[strcspn(line, "#\r\n")] = 0;
    while (isspace((unsigned char)*line))
        line++;
    if (!strncmp(line, "def ", 4))
        macro_define(t, line + 4);
    else if (*line)
        row_parse(t, line);
}

void table_parse(Tables *t, const char *path)
{
    char line[1024];
    FILE *f = fopen(path, "r");
    t->path = path;
    if (!f)
        table_fail(t, 0, "cannot be read", "");
    t->nrows = t->nforms = t->ntraits = 1; /* row 0: no instruction */
    name_find(t, "(bad)");
    format_add(t, "");
    set_add(t, (RegSet){{0, 0}});
    while (fgets(line, sizeof line, f)) {
        t->line++;
        line_parse(t, line);
    }
    fclose(f);
}
