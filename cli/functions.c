/* cli/functions.c - lists the functions of a file and where their indirect jumps go (CONTRACT.md section 7). */
#include "cli/command.h"
#include "cli/escape.h"
#include "cli/input.h"
#include "cli/message.h"
#include "cli/result_json.h"
#include "cli/result_text.h"

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

static void function_json(const Listing *l, Program *program, const Function *f, const FunctionReport *r)
{
    Json j = {l->out, false};
    json_open(&j, '{');
    json_put_hex(&j, "start", f->start);
    json_put_u64(&j, "size", function_size(f));
    json_put_str(&j, "name", f->name);
    json_put_str(&j, "demangled", program_demangled(program, f));
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

static void function_line(const Listing *l, Program *program, const Function *f, const FunctionReport *r)
{
    Str name = program_demangled(program, f);
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

static bool function_wanted(const Options *o, Program *program, const Function *f)
{
    bool wanted = o->nfunctions == 0;
    for (size_t i = 0; i < o->nfunctions && !wanted; i++)
        wanted = program_function_named(program, f, o->functions[i]);
    return wanted;
}

static int list(const Listing *l, Program *program, const char *path)
{
    Arena arena = {0};
    int status = EXIT_NOTHING;
    for (size_t i = 0; i < program->functions.n && !l->out->error; i++) {
        const Function *f = &program->functions.items[i];
        FunctionReport report = {0};
        if (!function_wanted(l->o, program, f))
            continue;
        if (!function_describe(&report, program, f, &arena)) {
            message_about(path, "out of memory at function 0x%llx", (unsigned long long)f->start);
            status = EXIT_INPUT;
            break;
        }
        if (l->o->json)
            function_json(l, program, f, &report);
        else
            function_line(l, program, f, &report);
        status = EXIT_FOUND;
        arena_reset(&arena);
    }
    arena_free(&arena);
    return status;
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
    int status = list(l, &program, in->path);
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
