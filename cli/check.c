/* cli/check.c - `lvscan check SPEC BINARY`: is what a probe spec claims true of this file? Found out from the file's bytes
 * alone, by the same walk and the same proofs as the search uses; nothing in the spec is believed. */
#include "analysis/real.h"
#include "cli/check_match.h"
#include "cli/command.h"
#include "cli/confine.h"
#include "cli/emit.h"
#include "cli/input.h"
#include "cli/message.h"
#include "cli/record.h"
#include "cli/result_json.h"
#include "cli/result_text.h"
#include "cli/starts.h"
#include "cli/trace_check.h"
#include "elf/format.h"

#include <string.h>

typedef struct Check {
    const Options *o;
    Sink *out;
    ProbeSpec spec;
    Input in;
    Program program;
    Arena arena;
    Json json;
    char sha256[SHA256_TEXT];
    bool color, good;
} Check;

/* One finding: a line, or an item of "checks". `why` says what was seen. */
static void finding(Check *c, const char *name, bool ok, const char *why)
{
    c->good &= ok;
    if (c->o->json) {
        json_open(&c->json, '{');
        json_put_z(&c->json, "name", name);
        json_put_bool(&c->json, "ok", ok);
        json_put_z(&c->json, "why", why);
        json_close(&c->json, '}');
        return;
    }
    sink_format(c->out, "%s%s%s %-12s %s\n",
                !c->color ? ""
                : ok      ? "\033[32m"
                          : "\033[1;31m",
                ok ? "ok   " : "WRONG", c->color ? "\033[0m" : "", name, why);
}

static void check_identity(Check *c)
{
    const Bytes want = c->spec.build_id, have = c->program.image.build_id;
    if (want.n) {
        bool same = want.n == have.n && memcmp(want.p, have.p, want.n) == 0;
        finding(c, "build id", same, same ? "is the spec's" : "differs from the spec's");
    }
    if (c->spec.sha256[0]) {
        bool same = strcmp(c->spec.sha256, c->sha256) == 0;
        finding(c, "sha256", same, same ? "is the spec's" : "differs from the spec's");
    }
}

static bool check_place(Check *c)
{
    Off off;
    const Image *image = &c->program.image;
    bool placed =
        image_is_code(image, c->spec.pc) && image_addr_to_off(image, c->spec.pc, &off) && off.v == c->spec.off.v;
    finding(c, "place", placed,
            placed ? "pc and file offset belong together, in code" : "pc and file offset do not belong together");
    const uint8_t *p = placed ? image_read(image, c->spec.pc, c->spec.bytes.n) : NULL;
    bool same = p && memcmp(p, c->spec.bytes.p, c->spec.bytes.n) == 0;
    finding(c, "instruction", same, same ? "its bytes are the spec's" : "its bytes differ from the spec's");
    return same;
}

static bool check_reached(Check *c)
{
    Insn insn;
    bool inside = function_has(&c->program, c->spec.function_start, c->spec.pc);
    finding(c, "function", inside,
            inside ? "the pc lies in the spec's function" : "the pc does not lie in the spec's function");
    bool start = program_insn(&c->program, c->spec.pc, &insn) && insn.len == c->spec.bytes.n &&
                 instruction_starts_at(&c->program, c->spec.function_start, c->spec.pc);
    finding(c, "reached", start,
            start ? "control flow gets there from the function's entry"
                  : "not proved to be the start of an instruction");
    Diag diag = {0};
    bool accepted = check_instruction(c->spec.bytes, &diag);
    finding(c, "probe", accepted, accepted ? "the kernel accepts a probe on it" : diag.what);
    return inside && start;
}

/* What was asked for when the spec was made. */
static Query query_again(Check *c)
{
    const ProbeSpec *s = &c->spec;
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1, .whole = true};
    double *reals = s->real ? arena_alloc(&c->arena, s->nmatched, sizeof *reals) : NULL;
    if (reals) {
        for (size_t i = 0; i < s->nmatched; i++)
            reals[i] = real_number((uint64_t)s->matched[i], s->width);
        query.reals = reals;
        query.nreals = s->nmatched;
    } else {
        query.constants = s->matched;
        query.nconstants = s->nmatched;
    }
    return query;
}

/* The function's variables are found again. */
static Match search_again(Check *c, Query query)
{
    char start[24];
    SearchResult result;
    Diag diag = {0};
    Str name = {start, format_text(start, sizeof start, "0x%llx", (unsigned long long)c->spec.function_start)};
    query.functions = &name;
    query.nfunctions = 1;
    if (!search_run(&result, &c->program, &query, &c->arena, NULL, NULL, &diag))
        return (Match){0};
    return match_variable(&c->spec, &result);
}

/* A finding with what `why` holds, which is used up. */
static void finding_told(Check *c, const char *name, bool ok, Sink *why)
{
    sink_char(why, 0);
    finding(c, name, ok, why->error ? "out of memory" : why->p);
    why->n = 0;
}

/* In the form in which the spec's constants were asked for; if none is compared with them, whatever is there. */
static void check_variable(Check *c)
{
    Query query = query_again(c);
    Match match = search_again(c, query);
    if (!match.proof && query_asks(&query)) {
        query.nconstants = query.nreals = 0;
        match = search_again(c, query);
    }
    Sink why;
    sink_open(&why, -1);
    location_text(&why, &c->spec.location);
    if (!match.proof)
        sink_add(&why, " is not proved to hold a variable there");
    else
        sink_format(&why, " holds a variable there; rests on: %s%s", proof_words(match.proof),
                    match.proof <= c->spec.proof ? "" : " (the spec claims more)");
    finding_told(c, "location", match.proof && match.proof <= c->spec.proof, &why);
    match_text(&why, &match, &c->spec);
    finding_told(c, "compares", match.same, &why);
    sink_close(&why);
}

static void check_all(Check *c)
{
    check_identity(c);
    if (check_place(c) && check_reached(c))
        check_variable(c);
    else
        finding(c, "location", false, "not examined: the instruction is not the spec's");
}

static void check_json(Check *c, const char *spec_path)
{
    Json *j = &c->json;
    json_open(j, '{');
    json_put_z(j, "schema", "lvscan-check/1");
    json_put_z(j, "spec", spec_path);
    json_put_open(j, "binary", '{');
    json_put_z(j, "path", c->in.path);
    json_put_bytes(j, "build_id", c->program.image.build_id);
    json_put_z(j, "sha256", c->sha256);
    json_close(j, '}');
    json_put_open(j, "checks", '[');
    check_all(c);
    json_close(j, ']');
    json_put_bool(j, "ok", c->good);
    json_close(j, '}');
    sink_char(c->out, '\n');
}

static int check_file_open(Check *c, const char *path)
{
    Diag diag = {0};
    if (!input_open(&c->in, path, &diag)) {
        message_about(path, "%s", diag.what);
        return EXIT_INPUT;
    }
    int status = EXIT_INPUT;
    if (!c->o->record)
        confine(c->o, SANDBOX_STRICT); /* nothing more is opened: from here on bytes are read that may be hostile */
    if (!program_open(&c->program, c->in.bytes, &diag)) {
        message_about(path, "%s", diag.what);
    } else {
        sha256_text(c->in.bytes, c->sha256);
        if (!record_write(c->o, c->out, &c->in, c->program.image.build_id, &c->spec, 1, &diag))
            message("%s", diag.what[0] ? diag.what : "the record cannot be written");
        else {
            if (c->o->record) /* the record names what only the whole system tells */
                confine(c->o, SANDBOX_STRICT);
            if (c->o->json)
                check_json(c, c->o->inputs[0]);
            else
                check_all(c);
            status = c->good ? EXIT_FOUND : EXIT_ATTACH;
        }
        program_close(&c->program);
    }
    input_close(&c->in);
    return status;
}

int command_check(const Options *o, Sink *out)
{
    Check c = {.o = o, .out = out, .json = {out, false}, .color = color_wanted(o), .good = true};
    Diag diag = {0};
    int status = EXIT_INPUT;
    if (!spec_read_file(&c.spec, o->inputs[0], &c.arena, &diag)) {
        message_about(o->inputs[0], "%s", diag.what);
    } else {
        const char *path = o->ninputs > 1 ? o->inputs[1] : arena_copy(&c.arena, c.spec.path.p, c.spec.path.n);
        status = path ? check_file_open(&c, path) : EXIT_INPUT;
    }
    arena_free(&c.arena);
    return status;
}
