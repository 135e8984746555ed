/* cli/starts.c - see starts.h. */
#include "cli/starts.h"

#include <string.h>

/* A worklist over one function: a bit for each of its bytes says that it was put on the list. */
typedef struct StartWalk {
    Program *program;
    Arena arena;
    FunctionReport report; /* its parts, its jump tables */
    uint8_t *seen;         /* a byte for each address of all parts, part after part */
    Addr *list;
    size_t n, cap;
} StartWalk;

static bool index_of(const FunctionReport *r, Addr pc, size_t *index)
{
    size_t before = 0;
    for (size_t i = 0; i < r->nparts; i++) {
        const Part *p = &r->parts[i];
        if (pc >= p->start && pc < p->end) {
            *index = before + (size_t)(pc - p->start);
            return true;
        }
        before += (size_t)(p->end - p->start);
    }
    return false;
}

static void add(StartWalk *w, Addr pc)
{
    size_t index;
    if (!index_of(&w->report, pc, &index) || w->seen[index])
        return;
    if (!arena_grow(&w->arena, (void **)&w->list, w->n, &w->cap, sizeof *w->list))
        return;
    w->seen[index] = 1;
    w->list[w->n++] = pc;
}

static void add_tables(StartWalk *w)
{
    for (size_t i = 0; i < w->report.njumps; i++)
        for (size_t k = 0; k < w->report.jumps[i].ntargets; k++)
            add(w, w->report.jumps[i].targets[k]);
}

static void add_landing_pads(StartWalk *w)
{
    for (size_t i = 0; i < w->report.nparts; i++) {
        Fde fde;
        CallSite *sites;
        size_t n = 0;
        if (!unwind_find(&w->program->unwind, w->report.parts[i].start, &fde) || !fde.lsda ||
            !lsda_read(&w->program->image, &fde, &sites, &n, &w->arena, NULL))
            continue;
        for (size_t k = 0; k < n; k++)
            if (sites[k].pad)
                add(w, sites[k].pad);
    }
}

/* A call may not return; that it does is what the compiler of well-formed code says by putting code after it. */
static void add_successors(StartWalk *w, const Insn *insn)
{
    if (insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH)
        for (unsigned i = 0; i < insn->nops; i++)
            if (insn->op[i].kind == OPERAND_REL)
                add(w, insn->target);
    if (insn->flow == FLOW_NEXT || insn->flow == FLOW_BRANCH || insn->flow == FLOW_CALL)
        add(w, insn->pc + insn->len);
}

static bool walk(StartWalk *w, Addr wanted)
{
    while (w->n > 0) {
        Insn insn;
        Addr pc = w->list[--w->n];
        if (!program_insn(w->program, pc, &insn))
            continue;
        if (pc == wanted)
            return true;
        add_successors(w, &insn);
    }
    return false;
}

/* The function at `entry`, described; false: there is none. */
static bool walk_open(StartWalk *w, Program *program, Addr entry)
{
    Function f;
    size_t size = 0;
    *w = (StartWalk){.program = program};
    if (!program_function_at(program, entry, &f) || !function_describe(&w->report, program, &f, &w->arena))
        return false;
    for (size_t i = 0; i < w->report.nparts; i++)
        size += (size_t)(w->report.parts[i].end - w->report.parts[i].start);
    w->seen = arena_alloc(&w->arena, size, 1);
    return w->seen;
}

bool function_has(Program *program, Addr entry, Addr pc)
{
    StartWalk w;
    size_t index;
    bool has = walk_open(&w, program, entry) && index_of(&w.report, pc, &index);
    arena_free(&w.arena);
    return has;
}

bool instruction_starts_at(Program *program, Addr entry, Addr pc)
{
    StartWalk w;
    bool found = false;
    if (walk_open(&w, program, entry)) {
        add(&w, entry);
        found = walk(&w, pc);
        if (!found) {
            add_tables(&w);
            add_landing_pads(&w);
            found = walk(&w, pc);
        }
    }
    arena_free(&w.arena);
    return found;
}
