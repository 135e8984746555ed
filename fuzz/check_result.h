/* fuzz/check_result.h - what every search result promises, for the targets that search: pcs are starts of instructions,
 * ranges lie in the function, orders hold. */
#ifndef LVSCAN_FUZZ_CHECK_RESULT_H
#define LVSCAN_FUZZ_CHECK_RESULT_H

#include "analysis/body.h"
#include "analysis/search.h"
#include "analysis/summary.h"
#include "fuzz/require.h"

static void check_location(const Location *l, bool needed)
{
    require(l->kind <= LOCATION_STATIC && (!needed || l->kind != LOCATION_NONE));
    if (l->kind == LOCATION_NONE)
        return;
    require(l->bits >= 1 && l->bits <= 64);
    require(l->kind != LOCATION_REG || l->reg < REG_NONE);
    require(l->kind != LOCATION_STACK || l->reg == REG_RSP || l->reg == REG_RBP);
}

static void check_ranges(const Variable *v, const Body *b)
{
    for (size_t i = 0; i < v->nranges; i++) {
        const Range *r = &v->ranges[i];
        require(r->start < r->end && r->proof >= PROOF_EXACT && r->proof <= PROOF_PARTIAL);
        require(i == 0 || r[-1].start <= r->start);
        check_location(&r->location, true);
        uint32_t first = body_step_at(b, r->start);
        require(first != UINT32_MAX);
        uint32_t last = first;
        while (last < b->nsteps && step_end(&b->steps[last]) < r->end)
            last++;
        require(last < b->nsteps && step_end(&b->steps[last]) == r->end);
    }
}

static void check_variable(const Variable *v, const Body *b)
{
    require(v->score >= 0 && v->score <= 1 && v->width >= 1 && v->width <= 64 && v->sign <= SIGN_UNSIGNED);
    require(v->nsites > 0 && v->ndefs > 0 && v->nconstants > 0);
    for (size_t i = 0; i < v->nsites; i++) {
        require(body_step_at(b, v->sites[i].pc) != UINT32_MAX && (i == 0 || v->sites[i - 1].pc <= v->sites[i].pc));
        require(v->sites[i].relation <= RELATION_CASE && v->sites[i].via <= VIA_DERIVED);
        check_location(&v->sites[i].location, false);
    }
    for (size_t i = 0; i < v->ndefs; i++) {
        require(body_step_at(b, v->defs[i].pc) != UINT32_MAX && v->defs[i].kind <= DEF_MERGE);
        require(v->defs[i].kind != DEF_ARGUMENT || v->defs[i].pc == v->function->start);
        check_location(&v->defs[i].location, false);
    }
    for (size_t i = 1; i < v->nconstants; i++)
        require(v->constants[i - 1] != v->constants[i]);
    check_ranges(v, b);
    if (v->probe.pc) {
        require(body_step_at(b, v->probe.pc) != UINT32_MAX);
        check_location(&v->probe.location, true);
    }
}

static void check_result(const SearchResult *r, Program *program)
{
    Arena arena = {0};
    require(r->nvariables <= r->nfound);
    for (size_t i = 0; i < r->nvariables; i++) {
        Body body;
        arena_reset(&arena);
        require(i == 0 || r->variables[i - 1].score >= r->variables[i].score);
        Function f;
        require(program_function(program, r->variables[i].function->start, &f) &&
                body_build(&body, program, &f, (Callees){.depth = SUMMARY_DEPTH}, &arena, &(Diag){0}));
        check_variable(&r->variables[i], &body);
    }
    for (size_t i = 0; i < r->nwarnings; i++)
        require(r->warnings[i].text && r->warnings[i].text[0]);
    arena_free(&arena);
}

#endif
