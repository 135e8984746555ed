/* cli/functions.c - lists the functions of a file and where their indirect jumps go (CONTRACT.md section 7). */
#include "cli/command.h"
#include "cli/escape.h"
#include "cli/input.h"
#include "cli/message.h"
#include "cli/result_json.h"
#include "cli/result_text.h"
#include "elf/demangle.h"

#include <string.h>

typedef struct Listing {
    const Options *o;
    Sink *out;
    bool color;
} Listing;

static void jump_json(Json *j, const IndirectJump *jump)
{
    static const char *const kinds[] = {"table", "tail", "unknown"};
    json_open(j, '{');
    json_put_hex(j, "pc", jump->pc);
    json_put_str(j, "kind", str_of(kinds[jump->kind <= JUMP_UNKNOWN ? jump->kind : JUMP_UNKNOWN]));
    if (jump->kind == JUMP_TABLE) {
        json_put_hex(j, "table", jump->table);
        json_put_open(j, "targets", '[');
        for (size_t i = 0; i < jump->ntargets; i++)
            json_hex(j, jump->targets[i]);
        json_close(j, ']');
    }
    json_close(j, '}');
}

static void function_json(const Listing *l, const Function *f, const FunctionReport *r)
{
    Json j = {l->out, false};
    json_open(&j, '{');
    json_put_hex(&j, "start", f->start);
    json_put_u64(&j, "size", function_size(f));
    json_put_str(&j, "name", f->name);
    json_put_str(&j, "demangled", f->demangled);
    json_put_str(&j, "found_by", str_of(found_by_name(f->found_by)));
    function_parts_json(&j, f);
    json_put_bool(&j, "noreturn", r->noreturn);
    json_put_bool(&j, "closed", r->closed);
    json_put_open(&j, "jumps", '[');
    for (size_t i = 0; i < r->njumps; i++)
        jump_json(&j, &r->jumps[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    sink_char(l->out, '\n');
}

static void function_line(const Listing *l, const Function *f, const FunctionReport *r)
{
    Str name = f->demangled;
    sink_format(l->out, "%s0x%-10llx%s %8llu  %-9s ", l->color ? "\033[36m" : "", (unsigned long long)f->start,
                l->color ? "\033[0m" : "", (unsigned long long)function_size(f), found_by_name(f->found_by));
    escape_terminal(l->out, name.p ? name : f->name.p ? f->name : str_of("-"));
    if (r->noreturn)
        sink_add(l->out, "  does not return");
    if (!r->decoded)
        sink_add(l->out, "  not decoded");
    for (size_t i = 0; i < r->njumps; i++) {
        const IndirectJump *jump = &r->jumps[i];
        sink_format(l->out, "\n    jump at 0x%llx: ", (unsigned long long)jump->pc);
        if (jump->kind == JUMP_TABLE)
            sink_format(l->out, "table at 0x%llx, %zu entries", (unsigned long long)jump->table, jump->ntargets);
        else
            sink_add(l->out, jump->kind == JUMP_TAIL ? "to another function" : "not resolved");
    }
    sink_char(l->out, '\n');
}

/* Lists one function; false when memory is used up. */
static bool list_one(const Listing *l, Program *program, Function *f, Arena *arena)
{
    FunctionReport report;
    arena_reset(arena);
    if (!function_describe(&report, program, f, arena))
        return false;
    f->parts = report.parts;
    f->nparts = report.nparts;
    f->demangled = f->name.p ? demangle(f->name, arena) : (Str){0};
    if (l->o->json)
        function_json(l, f, &report);
    else
        function_line(l, f, &report);
    return true;
}

static int list(const Listing *l, Program *program, const char *path, const uint8_t *chosen)
{
    Arena arena = {0};
    int status = EXIT_NOTHING;
    for (size_t i = 0; i < program->functions.n && !l->out->error; i++) {
        Function f;
        if (!chosen[i] || !program_function_of(program, i, &f) || f.fragment)
            continue;
        status = EXIT_FOUND;
        if (!list_one(l, program, &f, &arena)) {
            message_about(path, "out of memory at function 0x%llx", (unsigned long long)f.start);
            status = EXIT_INPUT;
            break;
        }
    }
    arena_free(&arena);
    return status;
}

/* A byte for each row, set for the functions asked for. NULL: out of memory. */
static uint8_t *rows_choose(const Listing *l, Program *program)
{
    bool asked = program_ask(program, l->o->functions, l->o->nfunctions);
    uint8_t *chosen = asked ? arena_alloc(&program->arena, program->functions.n, 1) : NULL;
    if (chosen && l->o->nfunctions == 0)
        memset(chosen, 1, program->functions.n);
    for (size_t i = 0; chosen && i < l->o->nfunctions; i++)
        if (!program_choose(program, l->o->functions[i], chosen))
            chosen = NULL;
    return chosen;
}

static int functions_in(void *context, const Input *in, bool walked)
{
    const Listing *l = context;
    Program program;
    Diag diag = {0};
    if (!program_open(&program, in->bytes, &diag)) {
        message_about(in->path, "%s", diag.what);
        return walked ? EXIT_NOTHING : EXIT_INPUT;
    }
    const uint8_t *chosen = rows_choose(l, &program);
    int status = chosen ? list(l, &program, in->path, chosen) : EXIT_NOTHING;
    if (status == EXIT_NOTHING)
        message_about(in->path, l->o->nfunctions ? "there is no such function" : "no function was found");
    program_close(&program);
    return status;
}

int command_functions(const Options *o, Sink *out)
{
    Listing l = {o, out, color_wanted(o)};
    return inputs_each(o, functions_in, &l);
}
