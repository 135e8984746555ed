/* cli/result_text.c - for each variable: the function, what it is compared with, where that happens, where else it lives,
 * what the claim rests on, and lines to paste. Colours mark what the eye looks for: places, values, locations. */
#include "cli/result_text.h"
#include "cli/notes.h"

#include "cli/emit.h"
#include "cli/escape.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SITES_SHOWN = 6, RANGES_SHOWN = 4, DEFS_SHOWN = 4, LABEL_WIDTH = 12 };

/* The paper a report is written on: the text, and whether it has colours. */
typedef struct Page {
    Sink *t;
    const Report *r;
    bool color;
} Page;

typedef enum Ink { INK_PLACE, INK_VALUE, INK_LOCATION, INK_TITLE, INK_DIM, INK_NONE } Ink;

static void ink(const Page *p, Ink which)
{
    static const char *const codes[] = {"\033[36m", "\033[33m", "\033[1;32m", "\033[1m", "\033[2m", "\033[0m"};
    if (p->color)
        sink_add(p->t, codes[which]);
}

bool color_wanted(const Options *o)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (o->color != COLOR_AUTO)
        return o->color == COLOR_ALWAYS;
    return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

const char *proof_words(unsigned proof)
{
    static const char *const words[] = {"nothing",
                                        "the function's own instructions",
                                        "these and the code of its callees, which was read",
                                        "these and the ABI, for callees that were not read",
                                        "these and nobody writing the stack slot through a pointer",
                                        "these and control flow that is not wholly known"};
    return words[proof <= PROOF_PARTIAL ? proof : 0];
}

static void label(const Page *p, const char *what)
{
    sink_add(p->t, "   ");
    ink(p, *what ? INK_DIM : INK_NONE);
    sink_add(p->t, what);
    ink(p, INK_NONE);
    sink_repeat(p->t, ' ', strlen(what) < LABEL_WIDTH ? LABEL_WIDTH - strlen(what) : 1);
}

/* Written to a scratch text first, so that a flush in the middle cannot spoil the column. */
static void column(const Page *p, Ink which, Sink *cell, size_t width)
{
    Str s = sink_inner(cell, p->t);
    ink(p, which);
    sink_str(p->t, s);
    ink(p, INK_NONE);
    sink_repeat(p->t, ' ', s.n < width ? width - s.n : 1);
    cell->n = 0;
}

static void constants_text(const Page *p, const Variable *v, ConstantList list)
{
    ink(p, INK_VALUE);
    notes_constants(p->t, v, p->r->names, list, p->r->options->verbose);
    ink(p, INK_NONE);
}

static void title(const Page *p, const Variable *v, size_t id)
{
    const Function *f = v->function;
    Str name = program_demangled(p->r->program, f);
    ink(p, INK_TITLE);
    sink_format(p->t, "%zu. ", id);
    if (!name.p)
        name = f->name;
    if (name.p)
        escape_terminal(p->t, name);
    else
        sink_add(p->t, "function without a name");
    ink(p, INK_NONE);
    sink_add(p->t, " at ");
    ink(p, INK_PLACE);
    sink_hex(p->t, f->start);
    ink(p, INK_NONE);
    sink_format(p->t, ", %llu bytes, found by %s\n", (unsigned long long)function_size(f), found_by_name(f->found_by));
}

static void summary(const Page *p, const Variable *v)
{
    label(p, "variable");
    sink_format(p->t, "%u bits%s%s%s", v->width, v->real ? ", floating point" : "", v->sign == SIGN_UNKNOWN ? "" : ", ",
                v->sign == SIGN_UNKNOWN ? "" : sign_name(v->sign));
    size_t nasked = query_asks(p->r->query);
    bool asked = nasked > 0;
    const uint64_t *items = asked ? v->matched : v->constants;
    size_t n = asked ? v->nmatched : v->nconstants;
    if (nasked > 1)
        sink_format(p->t, "; compared with %zu of the %zu constants asked for", n, nasked);
    else if (!asked)
        sink_format(p->t, "; compared with %zu constant%s", n, n == 1 ? "" : "s");
    else
        sink_add(p->t, "; compared with the constant asked for");
    if (asked && v->nconstants > n)
        sink_format(p->t, ", and %zu more", v->nconstants - n);
    sink_char(p->t, '\n');
    label(p, "constants");
    constants_text(p, v, (ConstantList){.items = items, .n = n});
    sink_char(p->t, '\n');
}

/* 0x12345 +133  text of the instruction */
static void place(const Page *p, const Variable *v, Addr pc, Sink *cell)
{
    Insn insn;
    char text[INSN_TEXT_MAX];
    sink_hex(cell, pc);
    column(p, INK_PLACE, cell, 10);
    sink_format(cell, "%+lld", (long long)(pc - v->function->start));
    column(p, INK_DIM, cell, 6);
    if (program_insn(p->r->program, pc, &insn))
        sink_put(cell, text, insn_text(&insn, SYNTAX_ATT, text, sizeof text));
    column(p, INK_NONE, cell, 28);
}

/* As place, but without the instruction: what an argument or a merge has to do with it is nothing. */
static void bare_place(const Page *p, const Variable *v, const Def *d, Sink *cell)
{
    sink_hex(cell, d->pc);
    column(p, INK_PLACE, cell, 10);
    sink_format(cell, "%+lld", (long long)(d->pc - v->function->start));
    column(p, INK_DIM, cell, 6);
    sink_add(cell, d->kind == DEF_ARGUMENT ? "(an argument)" : "(paths join)");
    column(p, INK_NONE, cell, 28);
}

static void located(const Page *p, const Location *l, Sink *cell)
{
    location_text(cell, l);
    column(p, INK_LOCATION, cell, 1);
}

static size_t cut(const Page *p, size_t n, size_t most) { return p->r->options->verbose || n <= most + 1 ? n : most; }

static void rest(const Page *p, size_t n, size_t shown)
{
    if (shown < n) {
        label(p, "");
        sink_format(p->t, "… and %zu more (-v shows all)\n", n - shown);
    }
}

static void defs(const Page *p, const Variable *v, Sink *cell)
{
    size_t shown = cut(p, v->ndefs, DEFS_SHOWN);
    for (size_t i = 0; i < shown; i++) {
        const Def *d = &v->defs[i];
        label(p, i ? "" : "set at");
        if (d->kind == DEF_ARGUMENT || d->kind == DEF_MERGE)
            bare_place(p, v, d, cell);
        else
            place(p, v, d->pc, cell);
        located(p, &d->location, cell);
        sink_format(p->t, "%s\n", def_kind_name(d->kind));
    }
    rest(p, v->ndefs, shown);
}

/* Sites of one instruction with one relation are one line: the cases of a switch, the members of a set. */
static size_t sites_together(const Variable *v, size_t i)
{
    size_t last = i + 1;
    while (last < v->nsites && v->sites[last].pc == v->sites[i].pc && v->sites[last].relation == v->sites[i].relation)
        last++;
    return last;
}

static void site_line(const Page *p, const Variable *v, size_t from, size_t to)
{
    const Site *s = &v->sites[from];
    sink_format(p->t, "%s ", relation_name(s->relation));
    constants_text(p, v, (ConstantList){.sites = s, .n = to - from});
    if (s->via != VIA_IMMEDIATE)
        sink_format(p->t, "  (%s)", via_name(s->via));
    sink_char(p->t, '\n');
}

static void sites(const Page *p, const Variable *v, Sink *cell)
{
    size_t lines = 0, most = p->r->options->verbose ? SIZE_MAX : SITES_SHOWN;
    for (size_t i = 0, next; i < v->nsites; i = next) {
        next = sites_together(v, i);
        if (lines == most) {
            rest(p, v->nsites, i);
            break;
        }
        label(p, i ? "" : "tested at");
        place(p, v, v->sites[i].pc, cell);
        located(p, &v->sites[i].location, cell);
        site_line(p, v, i, next);
        lines++;
    }
}

/* Does the variable's probe or one of its sites lie in the range? Those are shown first. */
static bool range_matters(const Variable *v, const Range *r)
{
    bool matters = v->probe.pc >= r->start && v->probe.pc < r->end;
    for (size_t i = 0; i < v->nsites && !matters; i++)
        matters = v->sites[i].pc >= r->start && v->sites[i].pc < r->end;
    return matters;
}

static void range_line(const Page *p, const Range *range, bool first, Sink *cell)
{
    label(p, first ? "lives in" : "");
    location_text(cell, &range->location);
    column(p, INK_LOCATION, cell, 16);
    sink_hex(cell, range->start);
    sink_add(cell, "..");
    sink_hex(cell, range->end);
    column(p, INK_PLACE, cell, 28);
    sink_format(p->t, "rests on: %s\n", proof_words(range->proof));
}

static void ranges(const Page *p, const Variable *v, Sink *cell)
{
    size_t most = cut(p, v->nranges, RANGES_SHOWN), shown = 0;
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < v->nranges && shown < most; i++)
            if (range_matters(v, &v->ranges[i]) == (turn == 0)) {
                range_line(p, &v->ranges[i], shown == 0, cell);
                shown++;
            }
    rest(p, v->nranges, shown);
}

static void probe_words(const Page *p, const Variable *v, Sink *cell)
{
    static const char *const passed[] = {"passed once for each value", "not passed for every value",
                                         "may be passed many times for one value"};
    const Probe *probe = &v->probe;
    label(p, "probe");
    if (probe->pc == 0) {
        sink_add(p->t, v->real ? "none: no place outside the xmm registers, which the kernel cannot read\n"
                               : "none: no place is proved that the kernel would accept\n");
        return;
    }
    place(p, v, probe->pc, cell);
    location_text(cell, &probe->location);
    ink(p, INK_LOCATION);
    sink_str(p->t, sink_inner(cell, p->t));
    ink(p, INK_NONE);
    cell->n = 0;
    sink_format(p->t, "\n");
    label(p, "");
    sink_format(p->t, "%s by the kernel, about %s µs a hit; %s\n", cost_name(probe->cost),
                probe->cost == COST_EMULATED ? "1.5" : "15",
                passed[probe->coverage <= COVERAGE_MANY ? probe->coverage : 2]);
    label(p, "");
    sink_format(p->t, "rests on: %s\n", proof_words(probe->proof));
}

/* A line for pasting goes out as it is, so it is shown only where nothing in it acts upon a terminal. */
static void paste(const Page *p, const char *what, const Sink *line)
{
    Sink shown;
    size_t backslashes = 0;
    Str s = sink_inner(line, p->t);
    for (size_t i = 0; i < s.n; i++)
        backslashes += s.p[i] == '\\';
    sink_open(&shown, -1);
    escape_terminal(&shown, s);
    label(p, what);
    if (shown.n == s.n + backslashes)
        sink_str(p->t, s);
    else
        sink_add(p->t, "(no line to paste: a name in it is not printable; --emit gives the probe)");
    sink_char(p->t, '\n');
    sink_close(&shown);
}

/* -c as it may be given again. */
static void paste_constants(Sink *line, const Constants *c)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t last = i;
        while (last + 1 < c->n && c->items[last + 1] == c->items[last] + 1)
            last++;
        sink_add(line, i ? "," : " -c ");
        sink_i64(line, c->items[i]);
        if (last > i) {
            sink_add(line, "..");
            sink_i64(line, c->items[last]);
        }
        i = last;
    }
    for (size_t i = 0; i < c->nreals; i++) {
        sink_add(line, c->n + i ? "," : " -c ");
        sink_real(line, c->reals[i], 64);
    }
}

/* `lvscan trace` with the options that lead to this variable again: only for the first one, which trace takes. */
static void paste_trace(const Page *p)
{
    const Options *o = p->r->options;
    Sink line;
    sink_open(&line, -1);
    sink_add(&line, "lvscan trace");
    if (o->enum_file) {
        sink_add(&line, " -e ");
        escape_shell(&line, str_of(o->enum_file));
    }
    paste_constants(&line, &o->constants);
    for (size_t i = 0; i < o->nfunctions; i++) {
        sink_add(&line, " -f ");
        escape_shell(&line, o->functions[i]);
    }
    sink_char(&line, ' ');
    escape_shell(&line, str_of(p->r->path));
    sink_add(&line, " -a");
    paste(p, "read it", &line);
    sink_close(&line);
}

static void paste_bpftrace(const Page *p, const Variable *v)
{
    Arena arena = {0};
    ProbeSpec spec;
    Sink script;
    sink_open(&script, -1);
    if (spec_of_variable(&spec, p->r->program, v, str_of(p->r->path), NULL, &arena, NULL) &&
        emit_bpftrace_line(&script, &spec, NULL)) {
        Sink line;
        sink_open(&line, -1);
        sink_add(&line, "bpftrace --unsafe -e ");
        escape_shell(&line, sink_inner(&script, &line));
        paste(p, "bpftrace", &line);
        sink_close(&line);
    }
    sink_close(&script);
    arena_free(&arena);
}

static void variable_text(const Page *p, const Variable *v, size_t id)
{
    Sink cell;
    sink_open(&cell, -1);
    title(p, v, id);
    summary(p, v);
    defs(p, v, &cell);
    sites(p, v, &cell);
    ranges(p, v, &cell);
    probe_words(p, v, &cell);
    if (id == 1 && v->probe.pc)
        paste_trace(p);
    if (v->probe.pc)
        paste_bpftrace(p, v);
    sink_char(p->t, '\n');
    sink_close(&cell);
}

static void file_text(const Page *p)
{
    const Image *image = &p->r->program->image;
    ink(p, INK_TITLE);
    escape_terminal(p->t, str_of(p->r->path));
    ink(p, INK_NONE);
    sink_format(p->t, ": x86-64 %s%s", image->type == 2 ? "EXEC" : "DYN", image->has_symtab ? "" : ", stripped");
    if (image->build_id.n) {
        sink_add(p->t, ", build id ");
        sink_bytes(p->t, image->build_id);
    }
    sink_add(p->t, "\n\n");
}

void report_text(Sink *t, const Report *r)
{
    Page p = {t, r, color_wanted(r->options)};
    const SearchResult *result = r->result;
    file_text(&p);
    for (size_t i = 0; i < result->nvariables; i++)
        variable_text(&p, &result->variables[i], i + 1);
    if (result->nfound > result->nvariables && !r->options->quiet)
        sink_add(t, "… and more variables (-n 0 shows all)\n");
    if (r->options->verbose)
        sink_format(t, "%llu functions, %llu analysed: %llu instructions; %llu.%llu ms\n",
                    (unsigned long long)result->stats.functions, (unsigned long long)result->stats.analyzed,
                    (unsigned long long)result->stats.instructions, (unsigned long long)(r->elapsed_ns / 1000000),
                    (unsigned long long)(r->elapsed_ns / 100000 % 10));
}
