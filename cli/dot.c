/* cli/dot.c - see dot.h. A node a block, an edge an edge; names and text are quoted for the DOT language, in which a
 * string ends at a quote and a backslash starts an escape (Graphviz, "The DOT Language", ID). */
#include "cli/dot.h"

#include "analysis/summary.h"
#include "cli/escape.h"
#include "cli/notes.h"

enum { NAME_MAX_SHOWN = 1000 }; /* Graphviz takes strings of 16384 bytes */

/* The inside of a double-quoted string, of text that is printable already. */
static void quoted(Sink *t, Str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            sink_char(t, '\\');
        sink_char(t, s.p[i]);
    }
}

/* The same for a name that may be hostile: control characters are shown as \xNN. */
static void quoted_name(Sink *t, Str s)
{
    Sink plain;
    sink_open(&plain, -1);
    escape_terminal(&plain, (Str){s.p, s.n < NAME_MAX_SHOWN ? s.n : NAME_MAX_SHOWN});
    quoted(t, sink_inner(&plain, t));
    sink_add(t, s.n < NAME_MAX_SHOWN ? "" : "…");
    sink_close(&plain);
}

static bool lives_in(const Variable *v, const Body *body, const Block *b)
{
    Addr start = body->steps[b->first].insn.pc, end = step_end(&body->steps[b->first + b->n - 1]);
    for (size_t i = 0; v && i < v->nranges; i++)
        if (v->ranges[i].start < end && v->ranges[i].end > start)
            return true;
    return false;
}

static void instruction(Sink *t, const Insn *insn, const Variable *v, const EnumTable *names)
{
    char text[INSN_TEXT_MAX];
    Sink note;
    sink_format(t, "%llx  ", (unsigned long long)insn->pc);
    quoted(t, (Str){text, insn_text(insn, SYNTAX_ATT, text, sizeof text)});
    sink_open(&note, -1);
    if (v && notes_at(&note, v, names, insn->pc)) {
        sink_add(t, "   ● ");
        quoted(t, sink_inner(&note, t));
    }
    sink_close(&note);
    sink_add(t, "\\l");
}

static void node(Sink *t, const Body *body, uint32_t block, const Variable *v, const EnumTable *names)
{
    const Block *b = &body->blocks[block];
    sink_format(t, "  b%u [label=\"", (unsigned)block);
    for (uint32_t i = 0; i < b->n; i++)
        instruction(t, &body->steps[b->first + i].insn, v, names);
    sink_add(t, "\"");
    if (lives_in(v, body, b))
        sink_add(t, ", style=filled, fillcolor=\"#d8f0d8\"");
    sink_add(t, block == body->entry ? ", penwidth=2];\n" : b->pad ? ", color=gray];\n" : "];\n");
}

static void edges(Sink *t, const Body *body, uint32_t block)
{
    const Block *b = &body->blocks[block];
    const Step *last = &body->steps[b->first + b->n - 1];
    for (uint32_t i = 0; i < b->nsucc; i++) {
        bool taken = last->insn.flow == FLOW_BRANCH &&
                     body->steps[body->blocks[b->succ[i].block].first].insn.pc == last->insn.target;
        sink_format(t, "  b%u -> b%u%s;\n", (unsigned)block, (unsigned)b->succ[i].block,
                    b->succ[i].kind == EDGE_UNWIND ? " [style=dashed, color=gray]"
                    : taken                        ? " [color=darkgreen]"
                                                   : "");
    }
}

bool dot_function(Sink *t, Program *program, const Function *f, const Variable *v, const EnumTable *names, Diag *diag)
{
    Arena arena = {0};
    Body body;
    Str name = program_demangled(program, f);
    if (!body_build(&body, program, f, (Callees){.depth = SUMMARY_DEPTH}, &arena, diag)) {
        arena_free(&arena);
        return false;
    }
    sink_format(t, "digraph \"0x%llx\" {\n  label=\"", (unsigned long long)f->start);
    quoted_name(t, name.p ? name : f->name.p ? f->name : str_of("(no name)"));
    sink_format(t, " at 0x%llx\";\n  labelloc=t;\n  fontname=monospace;\n", (unsigned long long)f->start);
    sink_add(t, "  node [shape=box, fontname=monospace];\n");
    for (uint32_t i = 0; i < body.nblocks; i++)
        node(t, &body, i, v, names);
    for (uint32_t i = 0; i < body.nblocks; i++)
        edges(t, &body, i);
    sink_add(t, "}\n");
    arena_free(&arena);
    return true;
}
