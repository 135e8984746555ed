/* analysis/summary.c - see summary.h: how questions are answered. */
#include "analysis/summary_parts.h"

#include <stdlib.h>

#include "elf/plt.h"

/* What the name of the code at `target` says; *all: that is all there is to know. */
static Summary named(Program *program, Addr target, bool *all)
{
    Str name;
    Addr end;
    Symbol symbol;
    *all = plt_target(&program->image, &program->slots, target, &name, &end);
    if (*all)
        return name.p ? summary_by_name(program, name) : summary_by_abi(program);
    if (!symbols_at(&program->symbols, target, &symbol))
        return summary_by_abi(program);
    Summary s = summary_by_name(program, symbol_name(&program->symbols, &symbol));
    *all = s.effect.noreturn || s.effect.returns_twice;
    return s;
}

/* Into the middle of a function goes no call that the ABI speaks of: subroutines of assembly, or tables that lie. */
static bool is_inside(const Program *program, Addr target)
{
    Function f;
    return program_function(program, target, &f) && f.start != target;
}

Summary summary_unread(Program *program, Addr target)
{
    SummaryEntry e;
    bool all;
    if (memory_get(program, target, 0, &e))
        return e.summary;
    Summary s = named(program, target, &all);
    if (!all && is_inside(program, target))
        s.effect.kept_abi = 0;
    memory_put(program, target, 0, s, 0);
    return s;
}

Summary summary_unreadable(Program *program, Addr target)
{
    Summary s = summary_unread(program, target);
    memory_put(program, target, MEMORY_CLOSURE, s, 0);
    return s;
}

bool summary_readable(Program *program, Addr target, Function *f)
{
    bool all;
    named(program, target, &all);
    return !all && program_function(program, target, f) && f->start == target && !f->fragment &&
           function_size(f) <= SUMMARY_MAX_BYTES;
}

/* One that calls too much to read all of that. */
static Summary summary_deep(Program *program, const Function *f, unsigned depth)
{
    SummaryEntry e;
    if (memory_get(program, f->start, depth, &e))
        return e.summary;
    Summary s = summary_read(program, f, (Callees){.depth = (uint8_t)(depth - 1)});
    memory_put(program, f->start, depth, s, 0);
    return s;
}

Summary summary_of(Program *program, Addr target, unsigned depth)
{
    SummaryEntry e;
    Function f;
    Summary s;
    if (!depth)
        return summary_unread(program, target);
    bool met = memory_get(program, target, MEMORY_CLOSURE, &e);
    if (met && e.weight != WEIGHT_OVER)
        return e.summary;
    if (met && memory_get(program, target, depth, &e))
        return e.summary;
    if (!summary_readable(program, target, &f))
        return summary_unreadable(program, target);
    return !met && closure_summary(&s, program, &f) ? s : summary_deep(program, &f, depth);
}

/* call *GOT(%rip): the slot may name the function. */
static Summary summary_through_slot(Program *program, Addr word)
{
    Slot slot;
    if (slots_at(&program->slots, word, &slot) && slot.name.p && !slot.target)
        return summary_by_name(program, slot.name);
    return summary_by_abi(program);
}

static int known_order(const void *x, const void *y)
{
    const Addr *a = x;
    const KnownCallee *b = y;
    return *a < b->target ? -1 : *a > b->target;
}

static Summary summary_among(Program *program, Addr target, const struct KnownCallees *known)
{
    const KnownCallee *k = known->n ? bsearch(&target, known->items, known->n, sizeof *k, known_order) : NULL;
    return k ? k->summary : summary_unread(program, target);
}

Summary summary_of_call(Program *program, const Insn *insn, const Callees *callees)
{
    uint64_t word;
    if (insn->op[0].kind == OPERAND_REL)
        return callees->known ? summary_among(program, insn->target, callees->known)
                              : summary_of(program, insn->target, callees->depth);
    if (insn->op[0].kind == OPERAND_MEM && insn_mem_address(insn, &word))
        return summary_through_slot(program, word);
    return summary_by_abi(program);
}
