/* cli/spec_read.c - a probe spec from its JSON form. The file may be hostile: what is used is checked here, and whether
 * it fits the program is checked again by trace. */
#include "cli/json_read.h"
#include "cli/kernel_reg.h"
#include "cli/options.h"
#include "cli/spec.h"

#include <string.h>

typedef struct SpecReader {
    ProbeSpec *spec;
    Arena *arena;
    Diag *diag;
    bool no_memory; /* for something that may be missing: it must not count as missing */
} SpecReader;

static bool lacks(SpecReader *r, const char *key)
{
    return diag_set(r->diag, 0, "the spec's \"%s\" is missing or cannot be used", key);
}

static bool text_of(const JsonValue *object, const char *key, Str *out)
{
    const JsonValue *v = json_member(object, key);
    *out = v && v->kind == JSON_STRING ? v->text : (Str){0};
    return out->p != NULL;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "0x…", at most 16 digits. */
static bool hex_value(Str s, uint64_t *out)
{
    *out = 0;
    if (s.n < 3 || s.n > 18 || s.p[0] != '0' || s.p[1] != 'x')
        return false;
    for (size_t i = 2; i < s.n; i++) {
        int d = hex_digit(s.p[i]);
        if (d < 0)
            return false;
        *out = *out << 4 | (uint64_t)d;
    }
    return true;
}

static bool hex_of(const JsonValue *object, const char *key, uint64_t *out)
{
    Str s;
    *out = 0;
    return text_of(object, key, &s) && hex_value(s, out);
}

/* A string of pairs of hexadecimal digits, at most `most` bytes. */
static bool bytes_of(SpecReader *r, const JsonValue *object, const char *key, size_t most, Bytes *out)
{
    Str s;
    *out = (Bytes){0};
    if (!text_of(object, key, &s) || s.n == 0 || s.n % 2 || s.n / 2 > most)
        return false;
    uint8_t *p = arena_alloc(r->arena, s.n / 2, 1);
    for (size_t i = 0; p && i < s.n; i++) {
        int d = hex_digit(s.p[i]);
        if (d < 0)
            return false;
        p[i / 2] = (uint8_t)(p[i / 2] << 4 | d);
    }
    r->no_memory |= !p;
    if (p)
        *out = (Bytes){p, s.n / 2};
    return p != NULL;
}

static bool int_of(const JsonValue *object, const char *key, int64_t *out)
{
    uint64_t v;
    bool negative;
    if (!json_integer(json_member(object, key), &v, &negative))
        return false;
    *out = (int64_t)v;
    return true;
}

static bool reg_of(const JsonValue *object, const char *key, uint8_t *out)
{
    Str s;
    *out = REG_NONE;
    if (!text_of(object, key, &s))
        return true;
    *out = (uint8_t)reg_by_name(s.p, s.n);
    return *out != REG_NONE;
}

static bool location_kind(Str s, uint8_t *out)
{
    static const char *const names[] = {"", "reg", "stack", "memory", "static"};
    for (unsigned k = LOCATION_REG; k <= LOCATION_STATIC; k++)
        if (str_eq(s, str_of(names[k]))) {
            *out = (uint8_t)k;
            return true;
        }
    return false;
}

static bool location_read(SpecReader *r, const JsonValue *v)
{
    Location *l = &r->spec->location;
    Str kind, segment;
    int64_t n = 0;
    uint64_t address;
    if (!text_of(v, "kind", &kind) || !location_kind(kind, &l->kind))
        return lacks(r, "location.kind");
    if (!int_of(v, "bits", &n) || n < 1 || n > 64)
        return lacks(r, "location.bits");
    l->bits = (uint16_t)n;
    if (int_of(v, "addend", &n))
        l->addend = (uint64_t)n;
    if (!reg_of(v, l->kind == LOCATION_REG ? "reg" : "base", &l->reg) || !reg_of(v, "index", &l->index))
        return lacks(r, "location's register");
    if (l->kind <= LOCATION_STACK && l->reg == REG_NONE)
        return lacks(r, "location's register");
    l->scale = int_of(v, "scale", &n) ? (uint8_t)(n & 15) : 1;
    l->disp = int_of(v, "disp", &n) ? n : 0;
    l->segment = REG_NONE;
    if (text_of(v, "segment", &segment))
        l->segment = str_eq(segment, str_of("fs")) ? REG_FS : REG_GS;
    if (l->kind == LOCATION_STATIC && !hex_of(v, "address", &address))
        return lacks(r, "location.address");
    l->address = l->kind == LOCATION_STATIC ? address : 0;
    return true;
}

/* The index of `s` among the names that `name` gives for first..last; `last` (the weakest claim) for others. */
static uint8_t word_of(Str s, const char *(*name)(unsigned), unsigned first, unsigned last)
{
    for (unsigned i = first; i < last; i++)
        if (str_eq(s, str_of(name(i))))
            return (uint8_t)i;
    return (uint8_t)last;
}

static void claims_read(ProbeSpec *spec, const JsonValue *root)
{
    Str s;
    const JsonValue *real = json_member(root, "float");
    spec->real = real && real->truth;
    text_of(root, "sign", &s);
    spec->sign = str_eq(s, str_of("signed"))     ? SIGN_SIGNED
                 : str_eq(s, str_of("unsigned")) ? SIGN_UNSIGNED
                                                 : SIGN_UNKNOWN;
    text_of(root, "proof", &s);
    spec->proof = word_of(s, proof_name, PROOF_EXACT, PROOF_PARTIAL);
    text_of(root, "cost", &s);
    spec->cost = word_of(s, cost_name, COST_EMULATED, COST_STEPPED);
    text_of(root, "coverage", &s);
    spec->coverage = word_of(s, coverage_name, COVERAGE_ONCE, COVERAGE_MANY);
}

static bool name_value(Str key, int64_t *out)
{
    JsonValue v = {.kind = JSON_NUMBER, .text = key};
    uint64_t u;
    bool negative;
    if (key.n == 0 || (key.n == 1 && key.p[0] == '-') || !json_integer(&v, &u, &negative))
        return false;
    *out = (int64_t)u;
    return true;
}

static bool names_read(SpecReader *r, const JsonValue *names)
{
    size_t cap = 0;
    EnumTable *t = &r->spec->names;
    if (!names || names->kind != JSON_OBJECT)
        return true;
    for (const JsonValue *v = names->first; v; v = v->next) {
        int64_t value;
        if (v->kind != JSON_STRING || !name_value(v->key, &value))
            return lacks(r, "names");
        if (!arena_grow(r->arena, (void **)&t->items, t->n, &cap, sizeof *t->items))
            return diag_set(r->diag, 0, "out of memory");
        t->items[t->n++] = (Enumerator){v->text, value};
    }
    return true;
}

/* An integer; of a float the encoding, in hexadecimal. */
static bool constant_read(const SpecReader *r, const JsonValue *v, int64_t *out)
{
    uint64_t value;
    bool negative;
    bool good =
        r->spec->real ? v && v->kind == JSON_STRING && hex_value(v->text, &value) : json_integer(v, &value, &negative);
    if (good)
        *out = (int64_t)value;
    return good;
}

static bool site_read(SpecReader *r, const JsonValue *v, SpecSite *out)
{
    Str relation;
    if (!hex_of(v, "pc", &out->pc) || !constant_read(r, json_member(v, "constant"), &out->constant) ||
        !text_of(v, "relation", &relation))
        return lacks(r, "sites");
    out->relation = word_of(relation, relation_name, RELATION_EQ, RELATION_CASE);
    return str_eq(relation, str_of(relation_name(out->relation))) || lacks(r, "sites");
}

static bool matched_read(SpecReader *r, const JsonValue *matched)
{
    ProbeSpec *spec = r->spec;
    size_t cap = 0;
    for (const JsonValue *v = matched ? matched->first : NULL; v; v = v->next) {
        if (spec->nmatched == SPEC_SITES_MAX)
            return lacks(r, "matched");
        if (!arena_grow(r->arena, (void **)&spec->matched, spec->nmatched, &cap, sizeof *spec->matched))
            return diag_set(r->diag, 0, "out of memory");
        if (!constant_read(r, v, &spec->matched[spec->nmatched++]))
            return lacks(r, "matched");
    }
    if (spec->nmatched)
        spec->nmatched = constants_sort(spec->matched, spec->nmatched);
    return true;
}

static bool sites_read(SpecReader *r, const JsonValue *root)
{
    const JsonValue *sites = json_member(root, "sites");
    ProbeSpec *spec = r->spec;
    int64_t width = 0;
    size_t cap = 0;
    if (!sites)
        return true;
    if (sites->kind != JSON_ARRAY || !int_of(root, "width", &width) || width < 1 || width > 512)
        return lacks(r, sites->kind == JSON_ARRAY ? "width" : "sites");
    spec->width = (uint16_t)width;
    for (const JsonValue *v = sites->first; v; v = v->next) {
        if (spec->nsites == SPEC_SITES_MAX)
            return lacks(r, "sites");
        if (!arena_grow(r->arena, (void **)&spec->sites, spec->nsites, &cap, sizeof *spec->sites))
            return diag_set(r->diag, 0, "out of memory");
        SpecSite *s = &spec->sites[spec->nsites++];
        if (!site_read(r, v, s))
            return false;
        if (spec->nsites > 1 && s->pc < s[-1].pc)
            return lacks(r, "sites");
    }
    return true;
}

static bool binary_read(SpecReader *r, const JsonValue *binary)
{
    Str sum;
    Bytes digest;
    if (!text_of(binary, "path", &r->spec->path) || r->spec->path.n == 0 || memchr(r->spec->path.p, 0, r->spec->path.n))
        return lacks(r, "binary.path");
    bytes_of(r, binary, "build_id", 64, &r->spec->build_id);
    if (text_of(binary, "sha256", &sum) && sum.n == SHA256_TEXT - 1 && bytes_of(r, binary, "sha256", 32, &digest))
        memcpy(r->spec->sha256, sum.p, sum.n);
    return !r->no_memory || diag_set(r->diag, 0, "out of memory");
}

bool spec_read_unbound(ProbeSpec *out, Bytes json, Arena *arena, Diag *diag)
{
    SpecReader r = {out, arena, diag, false};
    JsonValue *root;
    Str schema;
    *out = (ProbeSpec){0};
    if (!json_read(&root, json, arena, diag))
        return false;
    if (!text_of(root, "schema", &schema) || !str_eq(schema, str_of("lvscan-probe/1")))
        return diag_set(diag, 0, "no probe spec: its \"schema\" is not \"lvscan-probe/1\"");
    if (!binary_read(&r, json_member(root, "binary")))
        return false;
    const JsonValue *function = json_member(root, "function");
    text_of(function, "name", &out->function);
    if (!hex_of(function, "start", &out->function_start))
        return lacks(&r, "function.start");
    if (!hex_of(root, "pc", &out->pc))
        return lacks(&r, "pc");
    if (!hex_of(root, "file_offset", &out->off.v))
        return lacks(&r, "file_offset");
    if (!bytes_of(&r, root, "bytes", INSN_MAX_LEN, &out->bytes))
        return lacks(&r, "bytes");
    if (!location_read(&r, json_member(root, "location")))
        return false;
    claims_read(out, root);
    return matched_read(&r, json_member(root, "matched")) && sites_read(&r, root) &&
           names_read(&r, json_member(root, "names"));
}

bool spec_read(ProbeSpec *out, Bytes json, Arena *arena, Diag *diag)
{
    if (!spec_read_unbound(out, json, arena, diag))
        return false;
    return out->build_id.n || out->sha256[0] ||
           diag_set(diag, 0, "the spec has neither a build id nor a SHA-256, so the file cannot be recognised");
}
