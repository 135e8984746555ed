/* cli/result_json.c - see result_json.h. Keys are written in the contract's order. */
#include "cli/result_json.h"

#include <string.h>

enum { TYPE_EXEC = 2, DT_NEEDED_TAG = 1, DT_SONAME_TAG = 14 };

static void key_reg(Json *j, const char *key, unsigned reg)
{
    json_put_z(j, key, reg == REG_NONE ? NULL : reg_name(reg));
}

static void memory_json(Json *j, const Location *l)
{
    key_reg(j, "base", l->reg);
    key_reg(j, "index", l->index);
    json_put_u64(j, "scale", l->scale);
    json_put_i64(j, "disp", l->disp);
    if (l->segment == REG_FS || l->segment == REG_GS)
        key_reg(j, "segment", l->segment);
}

void location_json(Json *j, const Location *l)
{
    static const char *const kinds[] = {"none", "reg", "stack", "memory", "static"};
    json_open(j, '{');
    json_put_z(j, "kind", kinds[l->kind <= LOCATION_STATIC ? l->kind : 0]);
    if (l->kind == LOCATION_REG)
        key_reg(j, "reg", l->reg);
    else if (l->kind == LOCATION_STACK) {
        key_reg(j, "base", l->reg);
        json_put_i64(j, "disp", l->disp);
    } else if (l->kind == LOCATION_MEMORY)
        memory_json(j, l);
    else if (l->kind == LOCATION_STATIC)
        json_put_hex(j, "address", l->address);
    json_put_u64(j, "bits", l->bits);
    if (l->addend)
        json_put_i64(j, "addend", (int64_t)l->addend);
    json_close(j, '}');
}

bool image_is_static(const Image *image)
{
    if (image->has_interp)
        return false;
    for (uint64_t at = 0; at + 16 <= image->dynamic_size; at += 16) {
        uint64_t tag;
        if (!image_number(image, image->dynamic + at, 64, &tag) || tag == 0)
            break;
        if (tag == DT_NEEDED_TAG || tag == DT_SONAME_TAG)
            return false;
    }
    return true;
}

static void binary_json(Json *j, const Report *r)
{
    const Image *image = &r->program->image;
    json_put_open(j, "binary", '{');
    json_put_z(j, "path", r->path);
    json_put_u64(j, "size", image->file.n);
    json_put_z(j, "sha256", r->sha256);
    json_put_bytes(j, "build_id", image->build_id);
    json_put_z(j, "type", image->type == TYPE_EXEC ? "EXEC" : "DYN");
    json_put_bool(j, "stripped", !image->has_symtab);
    json_put_bool(j, "static", image_is_static(image));
    json_close(j, '}');
}

static void query_json(Json *j, const Query *q)
{
    json_put_open(j, "query", '{');
    json_put_open(j, "constants", '[');
    for (size_t i = 0; i < q->nconstants; i++)
        json_i64(j, q->constants[i]);
    for (size_t i = 0; i < q->nreals; i++)
        json_number(j, q->reals[i], 64);
    json_close(j, ']');
    json_put_open(j, "functions", '[');
    for (size_t i = 0; i < q->nfunctions; i++)
        json_str(j, q->functions[i]);
    json_close(j, ']');
    json_close(j, '}');
}

static void stats_json(Json *j, const Report *r)
{
    const Stats *s = &r->result->stats;
    json_put_open(j, "stats", '{');
    json_put_u64(j, "functions", s->functions);
    json_put_u64(j, "analyzed", s->analyzed);
    json_put_u64(j, "instructions", s->instructions);
    json_put_u64(j, "bytes", s->bytes);
    json_put_u64(j, "unresolved_jumps", s->unresolved_jumps);
    json_put_u64(j, "elapsed_ns", r->elapsed_ns);
    json_close(j, '}');
}

void function_parts_json(Json *j, const Function *f)
{
    json_put_open(j, "parts", '[');
    for (size_t i = 0; i < f->nparts; i++) {
        json_open(j, '[');
        json_hex(j, f->parts[i].start);
        json_hex(j, f->parts[i].end);
        json_close(j, ']');
    }
    json_close(j, ']');
}

static void function_json(Json *j, const Report *r, const Function *f)
{
    json_put_open(j, "function", '{');
    json_put_str(j, "name", f->name);
    json_put_str(j, "demangled", program_demangled(r->program, f));
    json_put_hex(j, "start", f->start);
    json_put_u64(j, "size", function_size(f));
    json_put_z(j, "found_by", found_by_name(f->found_by));
    function_parts_json(j, f);
    json_close(j, '}');
}

static void constant_json(Json *j, const Variable *v, uint64_t constant)
{
    if (v->real) {
        json_number(j, variable_real(v, constant), v->width);
        return;
    }
    int64_t value = variable_constant(v, constant);
    if (v->sign == SIGN_UNSIGNED)
        json_u64(j, (uint64_t)value);
    else
        json_i64(j, value);
}

static void constants_json(Json *j, const char *key, const Variable *v, const uint64_t *items, size_t n)
{
    json_put_open(j, key, '[');
    for (size_t i = 0; i < n; i++)
        constant_json(j, v, items[i]);
    json_close(j, ']');
}

static void key_text(Json *j, const Insn *insn)
{
    char text[INSN_TEXT_MAX];
    size_t n = insn_text(insn, SYNTAX_ATT, text, sizeof text);
    json_put_str(j, "text", (Str){text, n});
}

/* pc, offset, file offset, bytes and text of the instruction at pc. */
static void place_json(Json *j, const Report *r, const Variable *v, Addr pc)
{
    Insn insn;
    Off off;
    json_put_hex(j, "pc", pc);
    json_put_i64(j, "offset", (int64_t)(pc - v->function->start));
    if (!program_insn(r->program, pc, &insn) || !image_addr_to_off(&r->program->image, pc, &off))
        return;
    json_put_hex(j, "file_offset", off.v);
    json_put_bytes(j, "bytes", (Bytes){image_read(&r->program->image, pc, insn.len), insn.len});
    key_text(j, &insn);
}

static void defs_json(Json *j, const Report *r, const Variable *v)
{
    json_put_open(j, "defs", '[');
    for (size_t i = 0; i < v->ndefs; i++) {
        const Def *d = &v->defs[i];
        Insn insn;
        json_open(j, '{');
        json_put_hex(j, "pc", d->pc);
        json_put_z(j, "kind", def_kind_name(d->kind));
        if (program_insn(r->program, d->pc, &insn))
            key_text(j, &insn);
        json_key(j, "location");
        location_json(j, &d->location);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void sites_json(Json *j, const Report *r, const Variable *v)
{
    json_put_open(j, "sites", '[');
    for (size_t i = 0; i < v->nsites; i++) {
        const Site *s = &v->sites[i];
        json_open(j, '{');
        place_json(j, r, v, s->pc);
        json_key(j, "constant");
        constant_json(j, v, s->constant);
        json_put_z(j, "relation", relation_name(s->relation));
        json_put_z(j, "via", via_name(s->via));
        json_key(j, "location");
        location_json(j, &s->location);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void ranges_json(Json *j, const Variable *v)
{
    json_put_open(j, "ranges", '[');
    for (size_t i = 0; i < v->nranges; i++) {
        const Range *range = &v->ranges[i];
        json_open(j, '{');
        json_put_hex(j, "start", range->start);
        json_put_hex(j, "end", range->end);
        json_key(j, "location");
        location_json(j, &range->location);
        json_put_z(j, "proof", proof_name(range->proof));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void probe_json(Json *j, const Report *r, const Variable *v)
{
    const Probe *p = &v->probe;
    json_key(j, "probe");
    if (p->pc == 0) {
        json_null(j);
        return;
    }
    json_open(j, '{');
    place_json(j, r, v, p->pc);
    json_key(j, "location");
    location_json(j, &p->location);
    json_put_z(j, "proof", proof_name(p->proof));
    json_put_z(j, "cost", cost_name(p->cost));
    json_put_z(j, "coverage", coverage_name(p->coverage));
    json_close(j, '}');
}

static void variable_json(Json *j, const Report *r, const Variable *v, size_t id)
{
    json_open(j, '{');
    json_put_u64(j, "id", id);
    json_put_real(j, "score", v->score);
    json_put_z(j, "name", NULL);
    function_json(j, r, v->function);
    json_put_u64(j, "width", v->width);
    json_put_z(j, "sign", sign_name(v->sign));
    if (v->real)
        json_put_bool(j, "float", true);
    constants_json(j, "constants", v, v->constants, v->nconstants);
    constants_json(j, "matched", v, v->matched, v->nmatched);
    defs_json(j, r, v);
    sites_json(j, r, v);
    ranges_json(j, v);
    probe_json(j, r, v);
    json_close(j, '}');
}

static void warnings_json(Json *j, const SearchResult *result)
{
    json_put_open(j, "warnings", '[');
    for (size_t i = 0; i < result->nwarnings; i++) {
        const Warning *w = &result->warnings[i];
        json_open(j, '{');
        json_key(j, "pc");
        if (w->pc)
            json_hex(j, w->pc);
        else
            json_null(j);
        json_put_z(j, "text", w->text);
        json_close(j, '}');
    }
    json_close(j, ']');
}

void report_json(Json *j, const Report *r)
{
    json_open(j, '{');
    json_put_z(j, "schema", "lvscan/1");
    json_put_z(j, "version", LVSCAN_VERSION);
    binary_json(j, r);
    query_json(j, r->query);
    stats_json(j, r);
    json_put_open(j, "variables", '[');
    for (size_t i = 0; i < r->result->nvariables; i++)
        variable_json(j, r, &r->result->variables[i], i + 1);
    json_close(j, ']');
    warnings_json(j, r->result);
    json_close(j, '}');
}
