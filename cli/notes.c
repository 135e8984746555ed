/* cli/notes.c - see notes.h. */
#include "cli/notes.h"

#include "cli/escape.h"

enum { CONSTANTS_SHOWN = 12 };

static uint64_t list_item(const ConstantList *list, size_t i)
{
    return list->sites ? list->sites[i].constant : list->items[i];
}

/* The name of the i-th constant; .p NULL: it has none. */
static Str list_name(const Variable *v, const EnumTable *names, const ConstantList *list, size_t i)
{
    return names && !v->real ? enum_name_of(names, variable_constant(v, list_item(list, i))) : (Str){0};
}

static void constant_note(Sink *t, const Variable *v, const EnumTable *names, const ConstantList *list, size_t i)
{
    int64_t value = variable_constant(v, list_item(list, i));
    Str name = list_name(v, names, list, i);
    if (v->real)
        sink_real(t, variable_real(v, list_item(list, i)), v->width);
    else if (v->sign == SIGN_UNSIGNED)
        sink_u64(t, (uint64_t)value);
    else
        sink_i64(t, value);
    if (name.p) {
        sink_char(t, ' ');
        escape_terminal(t, name);
    }
}

static bool follows(const Variable *v, const ConstantList *list, size_t i)
{
    uint64_t before = (uint64_t)variable_constant(v, list_item(list, i - 1)),
             value = (uint64_t)variable_constant(v, list_item(list, i));
    return value - before == 1 && before != (v->sign == SIGN_UNSIGNED ? UINT64_MAX : INT64_MAX);
}

/* The last of those that follow the i-th one by one, all without a name: where they are two, each stands for itself. */
static size_t range_last(const Variable *v, const EnumTable *names, const ConstantList *list, size_t i)
{
    size_t last = i;
    while (!v->real && !list_name(v, names, list, last).p && last + 1 < list->n && follows(v, list, last + 1))
        last++;
    if (last > i && list_name(v, names, list, last).p)
        last--;
    return last - i < 2 ? i : last;
}

void notes_constants(Sink *t, const Variable *v, const EnumTable *names, ConstantList list, bool all)
{
    size_t pieces = 0;
    for (size_t i = 0, last; i < list.n; i = last + 1) {
        last = range_last(v, names, &list, i);
        sink_add(t, i ? ", " : "");
        if (pieces++ >= CONSTANTS_SHOWN && !all && last + 1 < list.n) {
            sink_add(t, "…");
            return;
        }
        constant_note(t, v, names, &list, i);
        if (last > i) {
            sink_add(t, "..");
            constant_note(t, v, names, &list, last);
        }
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
    while (i < v->nsites && v->sites[i].pc == s->pc && v->sites[i].relation == s->relation)
        i++;
    notes_constants(t, v, names, (ConstantList){.sites = s, .n = i - from}, false);
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
