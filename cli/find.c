/* cli/find.c - the main job. find_in is the walk: file, program, search, answer. */
#include "cli/command.h"
#include "cli/dot.h"
#include "cli/emit.h"
#include "cli/explain.h"
#include "cli/input.h"
#include "cli/message.h"
#include "cli/query.h"
#include "cli/result_json.h"
#include "cli/result_text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WARNINGS_SHOWN = 8 };

typedef struct Find {
    const Options *o;
    Question question;
    Sink *out;
} Find;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool print_emitted(Find *f, const Report *r, Arena *arena)
{
    ProbeSpec spec;
    Diag diag = {0};
    for (size_t i = 0; i < r->result->nvariables; i++) {
        const Variable *v = &r->result->variables[i];
        if (v->probe.pc == 0)
            continue;
        if (!spec_of_variable(&spec, r->program, v, str_of(r->path), &f->question.names, arena, &diag))
            break;
        if (strcmp(f->o->emit, "perf") == 0)
            sha256_text(r->program->image.file, spec.sha256);
        if (emitter_find(f->o->emit)->emit(f->out, &spec, &diag))
            return true;
        break;
    }
    if (r->result->nvariables)
        message_about(r->path, "--emit %s: %s", f->o->emit,
                      diag.what[0] ? diag.what : "no variable found has a place to probe");
    return false;
}

/* A few of the warnings, or with -v all: a program in a language with other code conventions has thousands. */
static void warn(const Find *f, const Report *r)
{
    size_t n = r->result->nwarnings, shown = f->o->verbose || n <= WARNINGS_SHOWN + 1 ? n : WARNINGS_SHOWN;
    if (f->o->quiet)
        return;
    for (size_t i = 0; i < shown; i++) {
        const Warning *w = &r->result->warnings[i];
        if (w->pc)
            message_about(r->path, "0x%llx: %s", (unsigned long long)w->pc, w->text);
        else
            message_about(r->path, "%s", w->text);
    }
    if (shown < n)
        message_about(r->path, "… and %zu more warnings (-v shows all, --json has them)", n - shown);
}

/* --explain, --dot: about the best variable only. */
static bool print_best(Find *f, const Report *r)
{
    Diag diag = {0};
    const Variable *best = &r->result->variables[0];
    bool good =
        f->o->dot ? dot_function(f->out, r->program, best->function, best, r->names, &diag) : explain_text(f->out, r);
    if (!good)
        message_about(r->path, "%s", diag.what[0] ? diag.what : "out of memory");
    return good;
}

static bool print_result(Find *f, const Report *r, Arena *arena)
{
    Json json = {f->out, false};
    bool found = r->result->nvariables > 0;
    if (f->o->json) {
        report_json(&json, r);
        sink_char(f->out, '\n');
        sink_flush(f->out);
        return found;
    }
    warn(f, r);
    if (f->o->emit)
        found = print_emitted(f, r, arena);
    else if (found && (f->o->explain || f->o->dot))
        found = print_best(f, r);
    else if (found)
        report_text(f->out, r);
    else if (!f->o->quiet && (f->o->ninputs == 1 || f->o->verbose))
        message_about(r->path, "nothing found%s",
                      query_asks(r->query) ? ": no variable is compared with these constants" : "");
    sink_flush(f->out);
    return found;
}

static int find_in(void *context, const Input *in, bool walked)
{
    Find *f = context;
    const Query *query = &f->question.query;
    Program program;
    SearchResult result;
    Arena arena = {0};
    Diag diag = {0};
    char sha256[SHA256_TEXT];
    uint64_t start = now_ns();
    if (!program_open(&program, in->bytes, &diag)) {
        if (!walked || f->o->verbose)
            message_about(in->path, "%s", diag.what);
        return walked ? EXIT_NOTHING : EXIT_INPUT;
    }
    int status = EXIT_INPUT;
    if (!search_run(&result, &program, query, &arena, NULL, NULL, &diag)) {
        message_about(in->path, "%s", diag.what);
        status = walked || f->o->nfunctions ? EXIT_NOTHING : EXIT_INPUT;
    } else {
        Report report = {f->o, in->path, &program, &result, query, &f->question.names, NULL, now_ns() - start};
        if (f->o->sha256) {
            sha256_text(in->bytes, sha256);
            report.sha256 = sha256;
        }
        /* Of a directory's files, only those with an answer are shown, unless --json wants them all. */
        status = print_result(f, &report, &arena) ? EXIT_FOUND : EXIT_NOTHING;
    }
    arena_free(&arena);
    program_close(&program);
    return status;
}

int command_find(const Options *o, Sink *out)
{
    Find f = {.o = o, .out = out};
    int status = question_open(&f.question, o);
    if (status == EXIT_FOUND)
        status = inputs_each(o, find_in, &f);
    question_close(&f.question);
    return status;
}
