/* fuzz/fuzz_plan.c - any bytes as the plan that comes from the process which read the file: what can be read is written again as the same,
 * and asks for nothing that the process which attaches could not look at. */
#include "cli/plan_text.h"
#include "cli/trace_check.h"
#include "fuzz/require.h"

#include <string.h>

static void check_plan(const Plan *plan)
{
    require(plan->nsites >= 1 && plan->nsites <= PLAN_SITES_MAX);
    for (size_t i = 0; i < plan->nsites; i++) {
        const ProbeSpec *s = &plan->sites[i];
        require(s->bytes.n >= 1 && s->bytes.n <= 15 && s->location.bits >= 1 && s->location.bits <= 64);
        require(s->names.n == plan->sites[0].names.n);
        check_bytes(s, &plan->in, &(Diag){0});
        check_instruction(s->bytes, &(Diag){0});
    }
    for (size_t i = 0; i < plan->sites->names.n; i++)
        require(plan->sites->names.items[i].name.n > 0);
    if (plan->check.compare)
        flag_check_holds(&plan->check, 30000, 0);
}

static void check_again(const Plan *plan)
{
    Sink text;
    Plan again = {.in = plan->in};
    sink_open(&text, -1);
    plan_write(&text, plan);
    Str s = sink_view(&text);
    require(plan_read(&again, (Bytes){(const uint8_t *)s.p, s.n}, &(Diag){0}));
    require(again.nsites == plan->nsites && again.nalike == plan->nalike && again.check.with == plan->check.with &&
            again.check.compare == plan->check.compare && again.check.bits == plan->check.bits);
    require(again.build_id.n == plan->build_id.n && again.sites->names.n == plan->sites->names.n);
    for (size_t i = 0; i < plan->nsites; i++)
        require(again.sites[i].pc == plan->sites[i].pc && again.sites[i].off.v == plan->sites[i].off.v &&
                again.sites[i].location.kind == plan->sites[i].location.kind);
    arena_free(&again.arena);
    sink_close(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Plan plan = {.in = {.bytes = {data, size}}, .arena = {.limit = (size_t)256 << 20}};
    Diag diag = {0};
    if (plan_read(&plan, (Bytes){data, size}, &diag)) {
        check_plan(&plan);
        check_again(&plan);
    } else {
        require(diag.what[0]);
    }
    arena_free(&plan.arena);
    return 0;
}
