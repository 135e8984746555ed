/* fuzz/fuzz_scan.c - any bytes as a file, through the whole walk: open, search, search for constants with and without the
 * pre-scan (the answers must be the same), the functions' report. */
#include "fuzz/check_result.h"

#include <string.h>

enum { REPORTS_MAX = 64 };

static bool search(SearchResult *out, Program *program, bool constants, bool whole, Arena *arena)
{
    static const int64_t asked[] = {-1, 0, 7, 30000};
    Query query = {.weakest = PROOF_PARTIAL, .jobs = 1, .whole = whole};
    Diag diag = {0};
    if (constants)
        query.constants = asked, query.nconstants = sizeof asked / sizeof *asked;
    bool good = search_run(out, program, &query, arena, NULL, NULL, &diag);
    require(good || diag.what[0]);
    return good;
}

static void compare_results(const SearchResult *a, const SearchResult *b)
{
    require(a->nvariables == b->nvariables);
    for (size_t i = 0; i < a->nvariables; i++) {
        const Variable *x = &a->variables[i], *y = &b->variables[i];
        require(x->function->start == y->function->start && x->width == y->width && x->nsites == y->nsites &&
                x->nranges == y->nranges);
        require(x->nmatched == y->nmatched && x->nmatched > 0 && x->probe.pc == y->probe.pc);
    }
}

static void run(Program *program)
{
    Arena arena = {.limit = (size_t)1 << 30};
    SearchResult all, whole, scanned;
    if (search(&all, program, false, true, &arena))
        check_result(&all, program);
    if (search(&whole, program, true, true, &arena) && search(&scanned, program, true, false, &arena))
        compare_results(&whole, &scanned);
    for (size_t i = 0; i < program->functions.n && i < REPORTS_MAX; i++) {
        FunctionReport report;
        Function f;
        if (!program_function_of(program, i, &f))
            continue;
        require(function_holds(&f, f.start) && function_size(&f) > 0);
        if (!function_describe(&report, program, &f, &arena))
            continue;
        for (size_t k = 0; k < report.njumps; k++)
            require(report.jumps[k].kind <= JUMP_UNKNOWN && (k == 0 || report.jumps[k - 1].pc < report.jumps[k].pc));
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Program program;
    Diag diag = {0};
    if (program_open(&program, (Bytes){data, size}, &diag)) {
        run(&program);
        program_close(&program);
    } else {
        require(diag.what[0]);
    }
    return 0;
}
