/* cli/explain.c - the article's listing, made by program.
 *
 * A row an instruction, in order of address, those that say something and their neighbours; a column for each of the
 * places that hold the variable there. A cell is about the moment before its instruction runs:
 *
 *     ◆ set by this instruction     │ holds it, and it is still needed     ● is tested here
 *     ╵ needed here for the last time (dies)     ┊ still holds it, though nothing reads it any more
 *
 * Holding is what was proved (Range); being needed is liveness, which only ranks and explains.
 */
#include "cli/explain.h"

#include "analysis/liveness.h"
#include "analysis/summary.h"
#include "cli/emit.h"
#include "cli/escape.h"
#include "cli/notes.h"
#include "cli/result_text.h"

#include <string.h>

enum { COLUMNS_MAX = 4, CONTEXT = 2, DEFS_SHOWN = 4, SITES_SHOWN = 12, ENDS_SHOWN = 6, TEXT_WIDTH = 34 };

typedef struct Column {
    Location location;
    uint64_t weight; /* how much there is to see in it */
} Column;

typedef struct Explain {
    Sink *t;
    const Report *r;
    const Variable *v;
    bool color;
    Body body;
    Column columns[COLUMNS_MAX];
    size_t ncolumns;
    uint8_t *rows; /* one a step: is it shown? */
} Explain;

typedef enum Cell { CELL_EMPTY, CELL_SET, CELL_LIVE, CELL_TESTED, CELL_DIES, CELL_DEAD } Cell;

static void paint(const Explain *e, const char *code, const char *text)
{
    if (e->color)
        sink_add(e->t, code);
    sink_add(e->t, text);
    if (e->color)
        sink_add(e->t, "\033[0m");
}

static bool same_place(const Location *a, const Location *b)
{
    if (a->kind != b->kind || a->bits != b->bits || a->addend != b->addend)
        return false;
    if (a->kind == LOCATION_STATIC)
        return a->address == b->address;
    if (a->reg != b->reg || a->kind == LOCATION_REG)
        return a->reg == b->reg;
    return a->disp == b->disp &&
           (a->kind == LOCATION_STACK || (a->index == b->index && a->scale == b->scale && a->segment == b->segment));
}

/* ---- columns ---- */

/* Bytes that it covers, and much more for each test and the probe in it. */
static uint64_t range_weight(const Variable *v, const Range *r)
{
    uint64_t weight = r->end - r->start;
    for (size_t i = 0; i < v->nsites; i++)
        if (v->sites[i].pc >= r->start && v->sites[i].pc < r->end)
            weight += (uint64_t)1 << (same_place(&v->sites[i].location, &r->location) ? 40 : 24);
    if (v->probe.pc >= r->start && v->probe.pc < r->end && same_place(&v->probe.location, &r->location))
        weight += (uint64_t)1 << 56;
    return weight;
}

static uint64_t place_weight(const Variable *v, const Location *l)
{
    uint64_t weight = 0;
    for (size_t i = 0; i < v->nranges; i++)
        if (same_place(&v->ranges[i].location, l))
            weight += range_weight(v, &v->ranges[i]);
    return weight;
}

static bool has_column(const Explain *e, const Location *l)
{
    for (size_t i = 0; i < e->ncolumns; i++)
        if (same_place(&e->columns[i].location, l))
            return true;
    return false;
}

/* The places with the most to see, most first. */
static void columns_choose(Explain *e)
{
    const Variable *v = e->v;
    while (e->ncolumns < COLUMNS_MAX) {
        Column best = {.weight = 0};
        for (size_t i = 0; i < v->nranges; i++) {
            const Location *l = &v->ranges[i].location;
            uint64_t weight = has_column(e, l) ? 0 : place_weight(v, l);
            if (weight > best.weight)
                best = (Column){*l, weight};
        }
        if (best.weight == 0)
            return;
        e->columns[e->ncolumns++] = best;
    }
}

/* ---- cells ---- */

static bool holds(const Explain *e, const Location *l, Addr pc)
{
    for (size_t i = 0; i < e->v->nranges; i++) {
        const Range *r = &e->v->ranges[i];
        if (pc >= r->start && pc < r->end && same_place(&r->location, l))
            return true;
    }
    return false;
}

static bool tested(const Explain *e, const Location *l, Addr pc)
{
    for (size_t i = 0; i < e->v->nsites; i++)
        if (e->v->sites[i].pc == pc && same_place(&e->v->sites[i].location, l))
            return true;
    return false;
}

static bool set_by(const Explain *e, const Location *l, Addr pc)
{
    for (size_t i = 0; i < e->v->ndefs; i++) {
        const Def *d = &e->v->defs[i];
        if (d->pc == pc && d->kind != DEF_ARGUMENT && d->kind != DEF_MERGE && same_place(&d->location, l))
            return true;
    }
    return false;
}

static Cell cell_of(const Explain *e, const Location *l, uint32_t step)
{
    const Step *s = &e->body.steps[step];
    if (set_by(e, l, s->insn.pc))
        return CELL_SET;
    if (!holds(e, l, s->insn.pc))
        return CELL_EMPTY;
    if (tested(e, l, s->insn.pc))
        return CELL_TESTED;
    if (l->kind != LOCATION_REG)
        return CELL_LIVE;
    bool after = l->reg < 16 && !regset_has(s->effects.writes, l->reg) && register_live_after(&e->body, step, l->reg);
    return after ? CELL_LIVE : regset_has(s->effects.reads, l->reg) ? CELL_DIES : CELL_DEAD;
}

/* ---- rows ---- */

static void show(Explain *e, Addr pc, uint32_t context)
{
    uint32_t step = body_step_at(&e->body, pc);
    if (step == UINT32_MAX)
        return;
    uint32_t from = step > context ? step - context : 0;
    for (uint32_t i = from; i <= step + context && i < e->body.nsteps; i++)
        e->rows[i] = 1;
}

static void show_ends(Explain *e, size_t most)
{
    for (uint32_t i = 0; i < e->body.nsteps && most > 0; i++)
        for (size_t c = 0; c < e->ncolumns; c++)
            if (cell_of(e, &e->columns[c].location, i) == CELL_DIES) {
                show(e, e->body.steps[i].insn.pc, 0);
                most--;
                break;
            }
}

static void rows_choose(Explain *e)
{
    const Variable *v = e->v;
    bool all = e->r->options->verbose;
    for (size_t i = 0; i < v->ndefs && (all || i < DEFS_SHOWN); i++)
        show(e, v->defs[i].pc, CONTEXT);
    for (size_t i = 0; i < v->nsites && (all || i < SITES_SHOWN); i++)
        show(e, v->sites[i].pc, CONTEXT);
    if (v->probe.pc)
        show(e, v->probe.pc, CONTEXT);
    show_ends(e, all ? SIZE_MAX : ENDS_SHOWN);
}

/* ---- printing ---- */

static void title(const Explain *e)
{
    const Function *f = e->v->function;
    Str name = program_demangled(e->r->program, f);
    if (e->color)
        sink_add(e->t, "\033[1m");
    escape_terminal(e->t, name.p ? name : f->name.p ? f->name : str_of("function without a name"));
    sink_add(e->t, e->color ? "\033[0m" : "");
    sink_format(e->t, " at 0x%llx of ", (unsigned long long)f->start);
    escape_terminal(e->t, str_of(e->r->path));
    sink_add(e->t, "\n\n");
}

static size_t column_width(const Column *c, Sink *scratch)
{
    scratch->n = 0;
    location_text(scratch, &c->location);
    return scratch->n + 2;
}

static void heading(const Explain *e, Sink *scratch)
{
    sink_repeat(e->t, ' ', 18 + TEXT_WIDTH);
    for (size_t c = 0; c < e->ncolumns; c++) {
        sink_add(e->t, c ? "  " : "");
        column_width(&e->columns[c], scratch);
        sink_str(e->t, sink_inner(scratch, e->t));
    }
    sink_char(e->t, '\n');
}

static void cells(const Explain *e, uint32_t step, Sink *scratch)
{
    static const char *const glyphs[] = {" ", "◆", "│", "●", "╵", "┊"};
    static const char *const inks[] = {"", "\033[1;32m", "\033[32m", "\033[1;33m", "\033[31m", "\033[2m"};
    for (size_t c = 0; c < e->ncolumns; c++) {
        size_t width = column_width(&e->columns[c], scratch);
        Cell cell = cell_of(e, &e->columns[c].location, step);
        sink_char(e->t, ' ');
        paint(e, inks[cell], glyphs[cell]);
        sink_repeat(e->t, ' ', width - 2);
    }
}

/* "   e2ce5   +133  cmp %rax,%r15                     ●     == 30000 exit" */
static void row(const Explain *e, uint32_t step, Sink *scratch)
{
    const Insn *insn = &e->body.steps[step].insn;
    char text[INSN_TEXT_MAX];
    bool here = e->v->probe.pc == insn->pc;
    sink_add(e->t, here ? "▶" : " ");
    if (e->color)
        sink_add(e->t, "\033[36m");
    sink_format(e->t, "%8llx", (unsigned long long)insn->pc);
    sink_format(e->t, "%s %+6lld  ", e->color ? "\033[0m" : "", (long long)(insn->pc - e->v->function->start));
    size_t n = insn_text(insn, SYNTAX_ATT, text, sizeof text);
    sink_put(e->t, text, n);
    sink_repeat(e->t, ' ', n < TEXT_WIDTH ? TEXT_WIDTH - n : 1);
    cells(e, step, scratch);
    scratch->n = 0;
    if (notes_at(scratch, e->v, e->r->names, insn->pc)) {
        sink_add(e->t, e->color ? "\033[33m" : "");
        sink_str(e->t, sink_inner(scratch, e->t));
        sink_add(e->t, e->color ? "\033[0m" : "");
    }
    while (e->t->n && e->t->p[e->t->n - 1] == ' ')
        e->t->n--;
    sink_char(e->t, '\n');
}

static void listing(const Explain *e, Sink *scratch)
{
    uint32_t left_out = 0;
    heading(e, scratch);
    for (uint32_t i = 0; i < e->body.nsteps; i++) {
        if (!e->rows[i]) {
            left_out++;
            continue;
        }
        if (left_out)
            sink_format(e->t, "        ⋮           (%u instruction%s)\n", (unsigned)left_out, left_out == 1 ? "" : "s");
        left_out = 0;
        row(e, i, scratch);
    }
    if (left_out)
        sink_format(e->t, "        ⋮           (%u instruction%s)\n", (unsigned)left_out, left_out == 1 ? "" : "s");
}

static void legend(const Explain *e)
{
    const Variable *v = e->v;
    sink_add(
        e->t,
        "\n   ◆ set   │ holds the variable   ● tested   ╵ read for the last time: dies   ┊ still there, not needed\n");
    if (v->probe.pc) {
        sink_format(e->t, " ▶ read ");
        location_text(e->t, &v->probe.location);
        sink_format(e->t, " at 0x%llx (%+lld); rests on: %s\n", (unsigned long long)v->probe.pc,
                    (long long)(v->probe.pc - v->function->start), proof_words(v->probe.proof));
    }
    sink_char(e->t, '\n');
}

bool explain_text(Sink *t, const Report *r)
{
    Arena arena = {0};
    Sink scratch;
    Explain e = {.t = t, .r = r, .v = &r->result->variables[0], .color = color_wanted(r->options)};
    bool good = body_build(&e.body, r->program, e.v->function, (Callees){.depth = SUMMARY_DEPTH}, &arena, NULL);
    if (good)
        e.rows = arena_alloc(&arena, e.body.nsteps, 1);
    good = good && e.rows;
    if (good) {
        sink_open(&scratch, -1);
        columns_choose(&e);
        rows_choose(&e);
        title(&e);
        listing(&e, &scratch);
        legend(&e);
        sink_close(&scratch);
    }
    arena_free(&arena);
    return good;
}
