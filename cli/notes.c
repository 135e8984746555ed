/* cli/notes.c - see notes.h. */
#include "cli/notes.h"

#include "cli/escape.h"

enum { CONSTANTS_SHOWN = 12 };

void notes_constant(Sink *t, const Variable *v, const EnumTable *names, uint64_t constant)
{
    if (v->real) {
        sink_real(t, variable_real(v, constant), v->width);
        return;
    }
    int64_t value = variable_constant(v, constant);
    Str name = names ? enum_name_of(names, value) : (Str){0};
    if (v->sign == SIGN_UNSIGNED)
        sink_u64(t, (uint64_t)value);
    else
        sink_i64(t, value);
    if (name.p) {
        sink_char(t, ' ');
        escape_terminal(t, name);
    }
}

static void separate(Sink *t, bool *any)
{
    if (*any)
        sink_add(t, "; ");
    *any = true;
}

/* The constants that one instruction compares with by one relation: a switch has many. */
static size_t site_words(Sink *t, const Variable *v, const EnumTable *names, size_t from)
{
    const Site *s = &v->sites[from];
    size_t i = from;
    sink_format(t, "%s ", relation_name(s->relation));
    for (; i < v->nsites && v->sites[i].pc == s->pc && v->sites[i].relation == s->relation; i++) {
        if (i - from >= CONSTANTS_SHOWN)
            continue;
        sink_add(t, i > from ? ", " : "");
        notes_constant(t, v, names, v->sites[i].constant);
    }
    sink_add(t, i - from > CONSTANTS_SHOWN ? ", …" : "");
    return i;
}

bool notes_at(Sink *t, const Variable *v, const EnumTable *names, Addr pc)
{
    bool any = false;
    for (size_t i = 0; i < v->ndefs; i++)
        if (v->defs[i].pc == pc) {
            separate(t, &any);
            if (v->defs[i].kind == DEF_ARGUMENT)
                sink_add(t, "an argument");
            else if (v->defs[i].kind == DEF_MERGE)
                sink_add(t, "paths join");
            else
                sink_format(t, "set here (%s)", def_kind_name(v->defs[i].kind));
        }
    for (size_t i = 0; i < v->nsites;)
        if (v->sites[i].pc == pc) {
            separate(t, &any);
            i = site_words(t, v, names, i);
        } else {
            i++;
        }
    if (v->probe.pc && v->probe.pc == pc) {
        separate(t, &any);
        sink_add(t, "read it here");
    }
    return any;
}

void notes_block(Sink *t, const Body *body, uint32_t block)
{
    const Block *b = &body->blocks[block];
    sink_format(t, "block %u%s", (unsigned)block, block == body->entry ? ", the entry" : "");
    for (uint32_t i = 0; i < b->npred; i++)
        sink_format(t, "%s%u%s", i ? " " : ", from ", (unsigned)b->pred[i].block,
                    b->pred[i].kind == EDGE_UNWIND ? " (unwinding)" : "");
    sink_add(t, b->foreign ? ", a second entry" : "");
}

void notes_edges(Sink *t, const Body *body, uint32_t block)
{
    const Block *b = &body->blocks[block];
    const Insn *last = &body->steps[b->first + b->n - 1].insn;
    for (uint32_t i = 0; i < b->nsucc; i++)
        sink_format(t, "%s%u%s", i ? " " : "to ", (unsigned)b->succ[i].block,
                    b->succ[i].kind == EDGE_UNWIND ? " (unwinding)" : "");
    if (b->exits || !b->nsucc)
        sink_format(t, "%s%s", b->nsucc ? ", " : "",
                    last->flow == FLOW_RETURN ? "returns"
                    : last->flow == FLOW_JUMP ? "jumps out of the function"
                                              : "ends here");
}
