/* cli/emit_perf.c - the probe spec itself (CONTRACT.md section 4): what perf_event_open and tracefs take. */
#include "cli/emit.h"
#include "cli/json.h"
#include "cli/result_json.h"

static void names_json(Json *j, const EnumTable *names)
{
    json_put_open(j, "names", '{');
    for (size_t i = 0; i < names->n; i++) {
        Sink number;
        /* Aliases of one value would be a key twice: the first name is the one shown everywhere. */
        if (enum_name_of(names, names->items[i].value).p != names->items[i].name.p)
            continue;
        sink_open(&number, -1);
        sink_i64(&number, names->items[i].value);
        json_key_str(j, sink_inner(&number, j->out));
        json_str(j, names->items[i].name);
        sink_close(&number);
    }
    json_close(j, '}');
}

static void perf_json(Json *j, const ProbeSpec *spec)
{
    uint32_t stack = spec_stack_bytes(spec);
    json_key(j, "perf");
    if (!spec_regs(spec)) {
        json_null(j);
        return;
    }
    json_open(j, '{');
    json_put_str(j, "pmu", str_of("uprobe"));
    json_put_u64(j, "config", 0);
    json_put_str(j, "config1", spec->path);
    json_put_hex(j, "config2", spec->off.v);
    json_put_u64(j, "sample_period", 1);
    json_put_open(j, "sample_type", '[');
    static const char *const types[] = {"IP", "TID", "TIME", "REGS_USER", "STACK_USER"};
    for (size_t i = 0; i < (stack ? 5u : 4u); i++)
        json_z(j, types[i]);
    json_close(j, ']');
    json_put_hex(j, "sample_regs_user", spec_regs(spec));
    json_put_u64(j, "stack_bytes", stack);
    json_close(j, '}');
}

static void tracefs_json(Json *j, const ProbeSpec *spec)
{
    Sink line;
    sink_open(&line, -1);
    json_key(j, "tracefs");
    if (emit_tracefs(&line, spec, NULL)) {
        Str s = sink_inner(&line, j->out);
        json_str(j, (Str){s.p, s.n - (s.n > 0)}); /* without its newline */
    } else {
        json_null(j);
    }
    sink_close(&line);
}

/* A float by its encoding: it is to be recognised, not shown. */
static void constant_json(Json *j, const ProbeSpec *spec, int64_t constant)
{
    if (spec->real)
        json_hex(j, (uint64_t)constant);
    else if (spec->sign == SIGN_UNSIGNED)
        json_u64(j, (uint64_t)constant);
    else
        json_i64(j, constant);
}

/* What tells the variable from another in the same place (lvscan check). */
static void compares_json(Json *j, const ProbeSpec *spec)
{
    if (spec->nsites == 0)
        return;
    json_put_u64(j, "width", spec->width);
    json_put_open(j, "matched", '[');
    for (size_t i = 0; i < spec->nmatched; i++)
        constant_json(j, spec, spec->matched[i]);
    json_close(j, ']');
    json_put_open(j, "sites", '[');
    for (size_t i = 0; i < spec->nsites; i++) {
        const SpecSite *s = &spec->sites[i];
        json_open(j, '{');
        json_put_hex(j, "pc", s->pc);
        json_key(j, "constant");
        constant_json(j, spec, s->constant);
        json_put_z(j, "relation", relation_name(s->relation));
        json_close(j, '}');
    }
    json_close(j, ']');
}

bool emit_perf(Sink *t, const ProbeSpec *spec, Diag *diag)
{
    Json j = {t, false};
    (void)diag;
    json_open(&j, '{');
    json_put_str(&j, "schema", str_of("lvscan-probe/1"));
    json_put_open(&j, "binary", '{');
    json_put_str(&j, "path", spec->path);
    json_put_bytes(&j, "build_id", spec->build_id);
    json_put_str(&j, "sha256", spec->sha256[0] ? str_of(spec->sha256) : (Str){0});
    json_close(&j, '}');
    json_put_open(&j, "function", '{');
    json_put_str(&j, "name", spec->function);
    json_put_hex(&j, "start", spec->function_start);
    json_close(&j, '}');
    json_put_hex(&j, "pc", spec->pc);
    json_put_hex(&j, "file_offset", spec->off.v);
    json_put_bytes(&j, "bytes", spec->bytes);
    json_key(&j, "location");
    location_json(&j, &spec->location);
    json_put_str(&j, "sign", str_of(sign_name(spec->sign)));
    if (spec->real)
        json_put_bool(&j, "float", true);
    json_put_str(&j, "proof", str_of(proof_name(spec->proof)));
    json_put_str(&j, "cost", str_of(cost_name(spec->cost)));
    json_put_str(&j, "coverage", str_of(coverage_name(spec->coverage)));
    compares_json(&j, spec);
    names_json(&j, &spec->names);
    perf_json(&j, spec);
    tracefs_json(&j, spec);
    json_close(&j, '}');
    sink_char(t, '\n');
    return true;
}
