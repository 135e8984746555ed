/* cli/disasm.c - lists instructions with what each reads and writes (CONTRACT.md section 6): of functions, of all
 * executable segments, or of bytes from the command line. */
#include "cli/command.h"
#include "cli/dot.h"
#include "cli/escape.h"
#include "cli/input.h"
#include "cli/json.h"
#include "cli/message.h"
#include "cli/notes.h"
#include "cli/result_text.h"

#include "analysis/search.h"
#include "analysis/summary.h"
#include "elf/format.h"

#include <string.h>

typedef struct Listing {
    const Options *o;
    Sink *out;
    bool color;
} Listing;

static void regs_json(Json *j, const char *key, RegSet set)
{
    json_put_open(j, key, '[');
    for (unsigned r = 0; r < REG_NONE; r++)
        if (regset_has(set, r))
            json_z(j, reg_name(r));
    json_close(j, ']');
}

static void flags_json(Json *j, const char *key, unsigned flags)
{
    char letters[8];
    size_t n = 0;
    for (unsigned i = 0; i < 7; i++)
        if (flags >> i & 1)
            letters[n++] = "oszapcd"[i];
    json_put_str(j, key, (Str){letters, n});
}

static bool target_of(const Insn *insn, uint64_t *target)
{
    for (unsigned i = 0; i < insn->nops; i++)
        if (insn->op[i].kind == OPERAND_REL) {
            *target = insn->target;
            return true;
        }
    return false;
}

static void effects_json(Json *j, const Insn *insn)
{
    static const char *const flows[] = {"next", "jump", "branch", "call", "return", "stop"};
    Effects e;
    uint64_t target;
    insn_effects(insn, &e);
    regs_json(j, "reads", e.reads);
    regs_json(j, "writes", e.writes);
    regs_json(j, "kills", e.kills);
    flags_json(j, "flags_read", e.flags_read);
    flags_json(j, "flags_written", e.flags_written);
    flags_json(j, "flags_undefined", e.flags_undefined);
    json_put_z(j, "flow", flows[insn->flow <= FLOW_STOP ? insn->flow : 0]);
    json_key(j, "target");
    if (target_of(insn, &target))
        json_hex(j, target);
    else
        json_null(j);
}

static void insn_json(const Listing *l, const Insn *insn, Bytes bytes)
{
    Json j = {l->out, false};
    char text[INSN_TEXT_MAX];
    json_open(&j, '{');
    json_put_hex(&j, "pc", insn->pc);
    json_put_u64(&j, "len", bytes.n);
    json_put_bytes(&j, "bytes", bytes);
    json_put_z(&j, "mnemonic", mnemonic_name(insn->mnemonic).text);
    json_put_str(&j, "text", (Str){text, insn_text(insn, l->o->intel ? SYNTAX_INTEL : SYNTAX_ATT, text, sizeof text)});
    effects_json(&j, insn);
    json_close(&j, '}');
    sink_char(l->out, '\n');
}

static void invalid_json(const Listing *l, Addr pc, Bytes byte)
{
    Json j = {l->out, false};
    json_open(&j, '{');
    json_put_hex(&j, "pc", pc);
    json_put_u64(&j, "len", 1);
    json_put_bytes(&j, "bytes", byte);
    json_put_bool(&j, "invalid", true);
    json_close(&j, '}');
    sink_char(l->out, '\n');
}

static void regs_text(Sink *t, const char *what, RegSet set)
{
    if (regset_empty(set))
        return;
    sink_format(t, "  %s", what);
    char before = ' ';
    for (unsigned r = 0; r < REG_NONE; r++)
        if (regset_has(set, r)) {
            sink_format(t, "%c%s", before, reg_name(r));
            before = ',';
        }
}

/* "  e2ce5:  49 39 c7   cmp %rax,%r15   reads rax,r15  writes …" */
static void line_text(const Listing *l, Addr pc, Bytes bytes, const Insn *insn)
{
    char text[INSN_TEXT_MAX];
    size_t n = 0;
    sink_format(l->out, "%s%8llx:%s  ", l->color ? "\033[36m" : "", (unsigned long long)pc, l->color ? "\033[0m" : "");
    for (size_t i = 0; i < bytes.n; i++)
        sink_format(l->out, "%02x ", bytes.p[i]);
    sink_repeat(l->out, ' ', bytes.n < 8 ? 3 * (8 - bytes.n) : 0);
    if (!insn) {
        sink_add(l->out, "(bad)\n");
        return;
    }
    n = insn_text(insn, l->o->intel ? SYNTAX_INTEL : SYNTAX_ATT, text, sizeof text);
    sink_put(l->out, text, n);
    Effects e;
    insn_effects(insn, &e);
    sink_repeat(l->out, ' ', n < 32 ? 32 - n : 0);
    regs_text(l->out, "reads", e.reads);
    regs_text(l->out, "writes", e.writes);
    sink_char(l->out, '\n');
}

static size_t one_instruction(const Listing *l, Bytes code, size_t at, Addr pc)
{
    Insn insn;
    int len = insn_decode(code.p + at, code.n - at, pc, &insn);
    Bytes bytes = {code.p + at, len > 0 ? (size_t)len : 1};
    if (!l->o->json)
        line_text(l, pc, bytes, len > 0 ? &insn : NULL);
    else if (len > 0)
        insn_json(l, &insn, bytes);
    else
        invalid_json(l, pc, bytes);
    return bytes.n;
}

static bool list_bytes(const Listing *l, Bytes code, Addr pc)
{
    for (size_t at = 0; at < code.n && !l->out->error;)
        at += one_instruction(l, code, at, pc + at);
    return code.n > 0;
}

static void function_title(const Listing *l, Program *program, const Function *f)
{
    Str name = program_demangled(program, f);
    if (l->o->json)
        return;
    sink_hex(l->out, f->start);
    sink_char(l->out, ' ');
    escape_terminal(l->out, name.p ? name : f->name.p ? f->name : str_of("(no name)"));
    sink_add(l->out, ":\n");
}

/* "          ● variable 2: == 30000" for each of the variables that the instruction has to do with. */
static void line_notes(const Listing *l, const SearchResult *result, Addr pc)
{
    Sink note;
    sink_open(&note, -1);
    for (size_t i = 0; i < result->nvariables; i++) {
        note.n = 0;
        if (!notes_at(&note, &result->variables[i], NULL, pc))
            continue;
        sink_format(l->out, "%s          ● variable %zu: ", l->color ? "\033[33m" : "", i + 1);
        sink_str(l->out, sink_inner(&note, l->out));
        sink_add(l->out, l->color ? "\033[0m\n" : "\n");
    }
    sink_close(&note);
}

static void variables_list(const Listing *l, const SearchResult *result)
{
    for (size_t i = 0; i < result->nvariables; i++) {
        const Variable *v = &result->variables[i];
        sink_format(l->out, "          variable %zu: %u bits, %s, compared with %zu constants\n", i + 1, v->width,
                    sign_name(v->sign), v->nconstants);
    }
}

static void list_block(const Listing *l, const Body *body, uint32_t block, const SearchResult *result)
{
    const Block *b = &body->blocks[block];
    Bytes code;
    sink_add(l->out, l->color ? "\033[1m  " : "  ");
    notes_block(l->out, body, block);
    sink_add(l->out, l->color ? "\033[0m\n" : "\n");
    for (uint32_t i = b->first; i < b->first + b->n; i++) {
        const Insn *insn = &body->steps[i].insn;
        if (image_bytes(&body->program->image, insn->pc, &code) && code.n >= insn->len)
            line_text(l, insn->pc, (Bytes){code.p, insn->len}, insn);
        line_notes(l, result, insn->pc);
    }
    sink_add(l->out, "          ");
    notes_edges(l->out, body, block);
    sink_char(l->out, '\n');
}

/* The function by its blocks, with edges and variables. False when it cannot be decoded. */
static bool list_blocks(const Listing *l, Program *program, const Function *f)
{
    Arena arena = {0};
    Body body;
    SearchResult result = {0};
    char start[20];
    Str name = {start, format_text(start, sizeof start, "0x%llx", (unsigned long long)f->start)};
    Query query = {.functions = &name, .nfunctions = 1, .limit = 9, .weakest = PROOF_PARTIAL, .jobs = 1, .whole = true};
    bool good = body_build(&body, program, f, (Callees){.depth = SUMMARY_DEPTH}, &arena, NULL);
    if (good && search_run(&result, program, &query, &arena, NULL, NULL, NULL))
        variables_list(l, &result);
    for (uint32_t i = 0; good && i < body.nblocks && !l->out->error; i++)
        list_block(l, &body, i, &result);
    arena_free(&arena);
    return good;
}

static bool list_dot(const Listing *l, Program *program, const Function *f)
{
    Diag diag = {0};
    bool good = dot_function(l->out, program, f, NULL, NULL, &diag);
    if (!good)
        message("0x%llx: %s", (unsigned long long)f->start, diag.what);
    return good;
}

static bool list_function(const Listing *l, Program *program, const Function *f)
{
    if (l->o->dot)
        return list_dot(l, program, f);
    function_title(l, program, f);
    if (!l->o->json && list_blocks(l, program, f))
        return true;
    const uint8_t *code = image_read(&program->image, f->start, (size_t)(f->end - f->start));
    return code && list_bytes(l, (Bytes){code, (size_t)(f->end - f->start)}, f->start);
}

static bool list_named(const Listing *l, Program *program)
{
    bool any = false;
    Arena arena = {0};
    bool asked = program_ask(program, l->o->functions, l->o->nfunctions);
    uint8_t *chosen = asked ? arena_alloc(&arena, program->functions.n, 1) : NULL;
    for (size_t i = 0; chosen && i < l->o->nfunctions; i++)
        if (!program_choose(program, l->o->functions[i], chosen))
            chosen = NULL;
    for (size_t i = 0; chosen && i < program->functions.n; i++) {
        Function f;
        if (chosen[i] && program_function_of(program, i, &f))
            any |= list_function(l, program, &f);
    }
    arena_free(&arena);
    return any;
}

static bool list_segments(const Listing *l, const Image *image)
{
    bool any = false;
    for (size_t i = 0; i < image->nloads; i++) {
        const Segment *s = &image->loads[i];
        Bytes code;
        if (s->executable && s->filesz && image_bytes(image, s->addr, &code))
            any |= list_bytes(l, code, s->addr);
    }
    return any;
}

static int disasm_in(void *context, const Input *in, bool walked)
{
    const Listing *l = context;
    Diag diag = {0};
    bool any;
    if (l->o->nfunctions) {
        Program program;
        if (!program_open(&program, in->bytes, &diag)) {
            message_about(in->path, "%s", diag.what);
            return walked ? EXIT_NOTHING : EXIT_INPUT;
        }
        any = list_named(l, &program);
        if (!any)
            message_about(in->path, "there is no such function");
        program_close(&program);
    } else {
        Arena arena = {0};
        Image image;
        if (!image_open(&image, in->bytes, &arena, &diag)) {
            message_about(in->path, "%s", diag.what);
            arena_free(&arena);
            return walked ? EXIT_NOTHING : EXIT_INPUT;
        }
        any = list_segments(l, &image);
        arena_free(&arena);
    }
    return any ? EXIT_FOUND : EXIT_NOTHING;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Pairs of digits, separated by spaces, commas or nothing; "0x" before a pair is allowed. */
static bool hex_parse(const char *text, uint8_t *out, size_t *n)
{
    *n = 0;
    for (const char *p = text; *p;) {
        if (*p == ' ' || *p == ',' || *p == '\t' || *p == '\n') {
            p++;
            continue;
        }
        p += p[0] == '0' && (p[1] | 32) == 'x' ? 2 : 0;
        int high = hex_value(p[0]), low = high < 0 ? -1 : hex_value(p[1]);
        if (low < 0)
            return false;
        out[(*n)++] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    return *n > 0;
}

static int disasm_hex(const Listing *l, const Options *o)
{
    Arena arena = {0};
    size_t n;
    uint8_t *bytes = arena_alloc(&arena, strlen(o->hex) / 2 + 1, 1);
    int status = EXIT_USAGE;
    if (!bytes || !hex_parse(o->hex, bytes, &n))
        message("--hex: not pairs of hexadecimal digits (lvscan disasm --help says more)");
    else
        status = list_bytes(l, (Bytes){bytes, n}, 0) ? EXIT_FOUND : EXIT_NOTHING;
    arena_free(&arena);
    return status;
}

int command_disasm(const Options *o, Sink *out)
{
    Listing l = {o, out, color_wanted(o)};
    return o->hex ? disasm_hex(&l, o) : inputs_each(o, disasm_in, &l);
}
