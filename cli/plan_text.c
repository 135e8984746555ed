/* cli/plan_text.c - see plan_text.h. */
#include "cli/plan_text.h"

#include "cli/emit.h"
#include "cli/json.h"
#include "cli/json_read.h"

#include <string.h>

enum { NAMES_A_LINE = 1000, NAME_SHOWN_MAX = JSON_MAX_BYTES / 8 };

/* ---- writing ---- */

static void header_write(Sink *t, const Plan *plan)
{
    Json j = {t, false};
    json_open(&j, '{');
    json_put_z(&j, "schema", "lvscan-plan/1");
    json_put_u64(&j, "sites", plan->nsites);
    json_put_u64(&j, "names", plan->sites[0].names.n);
    json_put_u64(&j, "alike", plan->nalike);
    json_put_open(&j, "verify", '{');
    json_put_u64(&j, "compare", plan->check.compare);
    json_put_u64(&j, "with", plan->check.with);
    json_put_u64(&j, "bits", plan->check.bits);
    json_put_bool(&j, "whole", plan->check.whole);
    json_close(&j, '}');
    json_close(&j, '}');
    sink_char(t, '\n');
}

/* Names go apart, as there may be more of them than fit in a line, two for a value among them; compares are of no use to a trace. */
static void site_write(Sink *t, const Plan *plan, const ProbeSpec *site)
{
    ProbeSpec bare = *site;
    bare.names = (EnumTable){0};
    bare.nsites = bare.nmatched = 0;
    bare.build_id = plan->build_id;
    emit_perf(t, &bare, NULL);
}

static void names_write(Sink *t, const EnumTable *names)
{
    for (size_t i = 0, in_line = 0, bytes = 0; i < names->n; i++) {
        Json j = {t, in_line > 0};
        if (in_line == 0)
            json_open(&j, '[');
        Str name = names->items[i].name;
        json_str(&j, (Str){name.p, name.n < NAME_SHOWN_MAX ? name.n : NAME_SHOWN_MAX});
        json_i64(&j, names->items[i].value);
        in_line++, bytes += name.n;
        if (in_line == NAMES_A_LINE || i + 1 == names->n || bytes > NAME_SHOWN_MAX / 2) {
            json_close(&j, ']');
            sink_char(t, '\n');
            in_line = bytes = 0;
        }
    }
}

void plan_write(Sink *t, const Plan *plan)
{
    header_write(t, plan);
    for (size_t i = 0; i < plan->nsites; i++)
        site_write(t, plan, &plan->sites[i]);
    names_write(t, &plan->sites[0].names);
}

/* ---- reading ---- */

typedef struct PlanReader {
    Plan *plan;
    Bytes rest;
    Diag *diag;
    size_t names; /* how many there are to be */
} PlanReader;

static bool damaged(PlanReader *r) { return diag_set(r->diag, 0, "what was found in the file came over damaged"); }

/* The next line without its end. */
static bool line_next(PlanReader *r, Bytes *line)
{
    const uint8_t *end = r->rest.n ? memchr(r->rest.p, '\n', r->rest.n) : NULL;
    if (!end)
        return damaged(r);
    *line = (Bytes){r->rest.p, (size_t)(end - r->rest.p)};
    r->rest = (Bytes){end + 1, r->rest.n - line->n - 1};
    return true;
}

static bool number_of(const JsonValue *object, const char *key, uint64_t most, uint64_t *out)
{
    bool negative;
    return json_integer(json_member(object, key), out, &negative) && !negative && *out <= most;
}

static bool verify_read(FlagCheck *out, const JsonValue *v)
{
    uint64_t bits;
    const JsonValue *whole = json_member(v, "whole");
    *out = (FlagCheck){.whole = whole && whole->kind == JSON_BOOL && whole->truth};
    if (!number_of(v, "compare", UINT64_MAX, &out->compare) || !number_of(v, "with", UINT64_MAX, &out->with) ||
        !number_of(v, "bits", 64, &bits))
        return false;
    out->bits = (uint16_t)bits;
    return bits > 0 || out->compare == 0;
}

static bool header_read(PlanReader *r)
{
    Bytes line = {0};
    JsonValue *root;
    uint64_t sites, names, alike;
    if (!line_next(r, &line) || !json_read(&root, line, &r->plan->arena, r->diag))
        return false;
    const JsonValue *schema = json_member(root, "schema");
    if (!schema || schema->kind != JSON_STRING || !str_eq(schema->text, str_of("lvscan-plan/1")) ||
        !number_of(root, "sites", PLAN_SITES_MAX, &sites) || sites == 0 ||
        !number_of(root, "names", PLAN_NAMES_MAX, &names) || !number_of(root, "alike", SIZE_MAX, &alike) ||
        !verify_read(&r->plan->check, json_member(root, "verify")))
        return damaged(r);
    r->plan->nsites = sites;
    r->plan->nalike = alike;
    r->names = names;
    return true;
}

static bool sites_read(PlanReader *r)
{
    Plan *plan = r->plan;
    plan->sites = arena_alloc(&plan->arena, plan->nsites, sizeof *plan->sites);
    if (!plan->sites)
        return diag_set(r->diag, 0, "out of memory");
    for (size_t i = 0; i < plan->nsites; i++) {
        Bytes line = {0};
        if (!line_next(r, &line) || !spec_read_unbound(&plan->sites[i], line, &plan->arena, r->diag))
            return false;
    }
    plan->build_id = plan->sites[0].build_id;
    return true;
}

static bool names_line(PlanReader *r, EnumTable *names, size_t cap)
{
    Bytes line = {0};
    JsonValue *root;
    if (!line_next(r, &line) || !json_read(&root, line, &r->plan->arena, r->diag))
        return false;
    if (root->kind != JSON_ARRAY || !root->first)
        return damaged(r);
    for (const JsonValue *v = root->first; v; v = v->next->next) {
        uint64_t value;
        bool negative;
        if (v->kind != JSON_STRING || v->text.n == 0 || !json_integer(v->next, &value, &negative) || names->n == cap)
            return damaged(r);
        names->items[names->n++] = (Enumerator){v->text, (int64_t)value};
    }
    return true;
}

static bool names_read(PlanReader *r)
{
    Plan *plan = r->plan;
    EnumTable names = {.items = arena_alloc(&plan->arena, r->names, sizeof *names.items)};
    if (!names.items)
        return diag_set(r->diag, 0, "out of memory");
    while (names.n < r->names)
        if (!names_line(r, &names, r->names))
            return false;
    for (size_t i = 0; i < plan->nsites; i++)
        plan->sites[i].names = names;
    return true;
}

bool plan_read(Plan *plan, Bytes text, Diag *diag)
{
    PlanReader r = {plan, text, diag, 0};
    return header_read(&r) && sites_read(&r) && names_read(&r) && (r.rest.n == 0 || damaged(&r));
}
