/* fuzz/fuzz_spec.c - any bytes as a probe spec. What can be read is emitted in every form; the spec's own form must read back
 * as the same spec. */
#include "cli/bpf_code.h"
#include "cli/emit.h"
#include "cli/json_read.h"
#include "cli/trace_check.h"
#include "fuzz/require.h"

#include <string.h>

static void emit_all(const ProbeSpec *spec)
{
    static const char *const forms[] = {"perf", "bpftrace", "tracefs", "perf-probe", "gdb", "systemtap", "c"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        Sink t;
        Diag diag = {0};
        sink_open(&t, -1);
        bool good = emitter_find(forms[i])->emit(&t, spec, &diag);
        require(good ? sink_view(&t).n > 0 : diag.what[0] != 0);
        sink_close(&t);
    }
}

static bool emit_spec(Sink *t, const ProbeSpec *spec)
{
    sink_open(t, -1);
    return emit_perf(t, spec, NULL);
}

/* What was written is read as the same again. (Its text may differ from the first: there bytes that are no UTF-8 are replaced.) */
static void check_again(const ProbeSpec *spec, Arena *arena)
{
    Sink once, twice;
    ProbeSpec again;
    Diag diag = {0};
    require(emit_spec(&once, spec));
    Str text = sink_view(&once);
    if (text.n <= JSON_MAX_BYTES) {
        require(spec_read(&again, (Bytes){(const uint8_t *)text.p, text.n}, arena, &diag));
        require(emit_spec(&twice, &again));
        require(again.pc == spec->pc && again.location.kind == spec->location.kind &&
                again.location.bits == spec->location.bits);
        require(again.location.reg == spec->location.reg && again.location.addend == spec->location.addend);
        require(again.names.n <= spec->names.n && again.bytes.n == spec->bytes.n && again.off.v == spec->off.v);
        require(sink_view(&twice).n > 0);
        sink_close(&twice);
    }
    sink_close(&once);
}

static void use(const ProbeSpec *spec)
{
    require(spec->bytes.n >= 1 && spec->bytes.n <= 15 && spec->path.n > 0);
    require(spec->location.bits >= 1 && spec->location.bits <= 64);
    spec_value(spec, UINT64_MAX);
    require(spec_stack_bytes(spec) % 8 == 0);
    spec_regs(spec);
    BpfCode code;
    if (bpf_code_can(spec, &(Diag){0}))
        require(bpf_code_make(&code, &(BpfRequest){.spec = spec, .counts = -1}));
    check_instruction(spec->bytes, &(Diag){0});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena = {.limit = (size_t)256 << 20};
    ProbeSpec spec;
    Diag diag = {0};
    if (spec_read(&spec, (Bytes){data, size}, &arena, &diag)) {
        use(&spec);
        emit_all(&spec);
        check_again(&spec, &arena);
    } else {
        require(diag.what[0]);
    }
    arena_free(&arena);
    return 0;
}
