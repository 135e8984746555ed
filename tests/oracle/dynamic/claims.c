/* tests/oracle/dynamic/claims.c - see claims.h. */
#include "tests/oracle/dynamic/claims.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const proof_names[PROOF_COUNT] = {"exact", "callees", "abi", "frame", "partial", "site"};

static const char *const reg_names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",
                                        "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "fs",  "gs"};
enum { REG_NAMES = sizeof reg_names / sizeof *reg_names };

int register_number(const char *name)
{
    for (int i = 0; name && i < REG_NAMES; i++)
        if (strcmp(name, reg_names[i]) == 0)
            return i;
    if (name && strncmp(name, "xmm", 3) == 0 && atoi(name + 3) < 16)
        return REG_XMM + atoi(name + 3);
    return NO_REG;
}

static PlaceKind place_kind(const char *kind)
{
    static const char *const names[] = {"reg", "stack", "memory", "static"};
    for (int i = 0; kind && i < 4; i++)
        if (strcmp(kind, names[i]) == 0)
            return (PlaceKind)i;
    return PLACE_UNREADABLE;
}

static Place place_read(const Json *j, Binary *binary)
{
    Place p = {.kind = place_kind(json_string(j, "kind")), .reg = NO_REG, .index = NO_REG, .segment = NO_REG};
    p.reg = register_number(json_string(j, p.kind == PLACE_REG ? "reg" : "base"));
    p.index = register_number(json_string(j, "index"));
    p.segment = register_number(json_string(j, "segment"));
    p.scale = (unsigned)json_number(j, "scale", 1);
    p.bits = (unsigned)json_number(j, "bits", 64);
    p.disp = json_number(j, "disp", 0);
    p.address = json_number(j, "address", 0);
    p.addend = json_number(j, "addend", 0);
    if ((p.kind == PLACE_REG || p.kind == PLACE_STACK) && p.reg == NO_REG)
        p.kind = PLACE_UNREADABLE;
    binary->unreadable += p.kind == PLACE_UNREADABLE;
    return p;
}

const char *place_text(const Place *p, char *buffer, size_t size)
{
    char base[16] = "";
    if (p->reg >= REG_XMM)
        snprintf(base, sizeof base, "xmm%d", p->reg - REG_XMM);
    else if (p->reg >= 0)
        snprintf(base, sizeof base, "%s", reg_names[p->reg]);
    const char *index = p->index >= 0 && p->index < REG_NAMES ? reg_names[p->index] : "";
    int n = 0;
    switch (p->kind) {
    case PLACE_REG: n = snprintf(buffer, size, "%s:%u", base, p->bits); break;
    case PLACE_STACK: n = snprintf(buffer, size, "%lld(%s):%u", (long long)p->disp, base, p->bits); break;
    case PLACE_MEMORY:
        n = snprintf(buffer, size, "%lld(%s,%s,%u):%u", (long long)p->disp, base, index, p->scale, p->bits);
        break;
    case PLACE_STATIC: n = snprintf(buffer, size, "*0x%llx:%u", (unsigned long long)p->address, p->bits); break;
    case PLACE_UNREADABLE: n = snprintf(buffer, size, "?"); break;
    }
    if (p->addend && n > 0 && (size_t)n < size)
        snprintf(buffer + n, size - (size_t)n, "+%lld", (long long)p->addend);
    return buffer;
}

static Binary *binary_get(Claims *claims, const char *path)
{
    char *real = realpath(path, NULL);
    const char *name = real ? real : path;
    for (size_t i = 0; i < claims->nbinaries; i++)
        if (strcmp(claims->binaries[i]->path, name) == 0)
            return claims->binaries[i];
    Binary *b = must_alloc(1, sizeof *b), **all = must_alloc(claims->nbinaries + 1, sizeof *all);
    b->path = strdup(name);
    if (claims->nbinaries)
        memcpy(all, claims->binaries, claims->nbinaries * sizeof *all);
    all[claims->nbinaries++] = b;
    free(claims->binaries);
    claims->binaries = all;
    free(real);
    return b;
}

static Routine *routine_find(Binary *b, uint64_t start)
{
    for (size_t i = 0; i < b->nroutines; i++)
        if (b->routines[i]->start == start)
            return b->routines[i];
    return NULL;
}

static void spans_read(Routine *r, const Json *function)
{
    const Json *parts = json_get(function, "parts");
    r->spans = must_alloc(json_count(parts) + 1, sizeof *r->spans);
    for (const Json *part = parts ? parts->first : NULL; part; part = part->next) {
        if (json_count(part) != 2)
            continue;
        Span *s = &r->spans[r->nspans++];
        s->start = json_value_number(part->first, 0);
        s->end = json_value_number(part->first->next, s->start);
    }
    if (r->nspans == 0)
        r->spans[r->nspans++] = (Span){.start = r->start, .end = r->start + json_number(function, "size", 1)};
}

static Routine *routine_add(Binary *b, const Json *function)
{
    Routine *r = must_alloc(1, sizeof *r);
    r->start = json_number(function, "start", 0);
    r->binary = b;
    spans_read(r, function);
    if (b->nroutines == b->room) {
        b->room = b->room ? b->room * 2 : 64;
        b->routines = realloc(b->routines, b->room * sizeof *b->routines);
        if (!b->routines)
            abort();
    }
    b->routines[b->nroutines++] = r;
    return r;
}

/* Room for `more` items after the `count` there are. */
static void *grown(void *items, size_t count, size_t more, size_t size)
{
    void *bigger = must_alloc(count + more, size);
    if (count)
        memcpy(bigger, items, count * size);
    free(items);
    return bigger;
}

static int proof_number(const char *name)
{
    for (int i = 0; name && i < PROOF_NONE; i++)
        if (strcmp(name, proof_names[i]) == 0)
            return i;
    return PROOF_NONE;
}

static bool place_same(const Place *a, const Place *b)
{
    return a->kind == b->kind && a->reg == b->reg && a->index == b->index && a->scale == b->scale &&
           a->disp == b->disp && a->address == b->address && a->addend == b->addend;
}

/* A site rests on what the variable's range there rests on. */
static int site_proof(const Routine *r, const Claim *site)
{
    for (size_t i = 0; i < r->nclaims; i++) {
        const Claim *c = &r->claims[i];
        if (c->kind == CLAIM_RANGE && c->variable == site->variable && c->start <= site->start &&
            site->start < c->end && place_same(&c->place, &site->place))
            return c->proof;
    }
    return PROOF_NONE;
}

static void claim_add(Routine *r, const Json *j, ClaimKind kind, size_t variable)
{
    const Json *location = json_get(j, "location");
    if (!location || location->kind != JSON_OBJECT)
        return;
    Claim *c = &r->claims[r->nclaims++];
    c->kind = kind;
    c->start = json_number(j, kind == CLAIM_RANGE ? "start" : "pc", 0);
    c->end = kind == CLAIM_RANGE ? json_number(j, "end", c->start) : c->start + 1;
    c->place = place_read(location, r->binary);
    c->proof = proof_number(json_string(j, "proof"));
    c->variable = variable;
    if (kind == CLAIM_SITE)
        c->proof = site_proof(r, c);
}

static void claims_add(Routine *r, const Json *variable, size_t index)
{
    const Json *ranges = json_get(variable, "ranges"), *sites = json_get(variable, "sites");
    r->claims = grown(r->claims, r->nclaims, json_count(ranges) + json_count(sites) + 1, sizeof *r->claims);
    for (const Json *j = ranges ? ranges->first : NULL; j; j = j->next)
        claim_add(r, j, CLAIM_RANGE, index);
    for (const Json *j = sites ? sites->first : NULL; j; j = j->next)
        claim_add(r, j, CLAIM_SITE, index);
    const Json *probe = json_get(variable, "probe");
    if (probe && probe->kind == JSON_OBJECT)
        claim_add(r, probe, CLAIM_PROBE, index);
}

static void defs_add(Routine *r, const Json *variable, size_t index)
{
    const Json *defs = json_get(variable, "defs");
    r->defs = grown(r->defs, r->ndefs, json_count(defs), sizeof *r->defs);
    for (const Json *j = defs ? defs->first : NULL; j; j = j->next) {
        const char *kind = json_string(j, "kind");
        Def *d = &r->defs[r->ndefs++];
        d->kind = kind && strcmp(kind, "argument") == 0 ? DEF_ARGUMENT
                  : kind && strcmp(kind, "merge") == 0  ? DEF_MERGE
                                                        : DEF_AFTER;
        d->pc = json_number(j, "pc", 0);
        d->place = place_read(json_get(j, "location"), r->binary);
        d->variable = index;
    }
}

static void variable_add(Binary *b, const Json *j)
{
    const Json *function = json_get(j, "function");
    uint64_t start = json_number(function, "start", 0);
    Routine *r = routine_find(b, start);
    if (!r)
        r = routine_add(b, function);
    size_t index = r->nvariables;
    r->variables = grown(r->variables, index, 1, sizeof *r->variables);
    r->nvariables = index + 1;
    const Json *probe = json_get(j, "probe");
    const char *coverage = json_string(probe, "coverage");
    r->variables[index] = (Variable){.id = json_number(j, "id", 0),
                                     .probe_pc = json_number(probe, "pc", 0),
                                     .once = coverage && strcmp(coverage, "once") == 0};
    defs_add(r, j, index);
    claims_add(r, j, index);
}

bool claims_load(Claims *claims, const char *path)
{
    char *text = file_text(path);
    if (!text)
        return false;
    for (const char *at = text; *at;) {
        const Json *line = json_read(&at);
        const char *name = json_string(json_get(line, "binary"), "path");
        if (!name) {
            free(text);
            return false;
        }
        Binary *b = binary_get(claims, name);
        const Json *variables = json_get(line, "variables");
        for (const Json *j = variables ? variables->first : NULL; j; j = j->next)
            variable_add(b, j);
        while (*at == '\n' || *at == ' ' || *at == '\r')
            at++;
    }
    free(text);
    return true;
}

static JumpKind jump_kind(const char *name)
{
    if (name && strcmp(name, "table") == 0)
        return JUMP_TABLE;
    return name && strcmp(name, "tail") == 0 ? JUMP_TAIL : JUMP_UNKNOWN;
}

static void jumps_add(Routine *r, const Json *jumps)
{
    r->jumps = must_alloc(json_count(jumps), sizeof *r->jumps);
    for (const Json *j = jumps ? jumps->first : NULL; j; j = j->next) {
        const Json *targets = json_get(j, "targets");
        Jump *to = &r->jumps[r->njumps++];
        to->pc = json_number(j, "pc", 0);
        to->kind = jump_kind(json_string(j, "kind"));
        to->targets = must_alloc(json_count(targets), sizeof *to->targets);
        for (const Json *t = targets ? targets->first : NULL; t; t = t->next)
            to->targets[to->ntargets++] = json_value_number(t, 0);
    }
}

/* Orders routines by start, so that the thousands of lines of `functions` find theirs quickly. */
static int routine_order(const void *a, const void *b)
{
    uint64_t x = (*(Routine *const *)a)->start, y = (*(Routine *const *)b)->start;
    return x < y ? -1 : x > y;
}

static Routine *routine_search(Routine **sorted, size_t count, uint64_t start)
{
    Routine key = {.start = start}, *pkey = &key;
    Routine **hit = count ? bsearch(&pkey, sorted, count, sizeof *sorted, routine_order) : NULL;
    return hit ? *hit : NULL;
}

bool claims_load_functions(Claims *claims, const char *binary, const char *path)
{
    char *text = file_text(path);
    if (!text)
        return false;
    Binary *b = binary_get(claims, binary);
    size_t known = b->nroutines;
    if (known)
        qsort(b->routines, known, sizeof *b->routines, routine_order);
    for (const char *at = text; *at;) {
        const Json *j = json_read(&at);
        if (!j)
            return false;
        const Json *jumps = json_get(j, "jumps"), *closed = json_get(j, "closed"), *noreturn = json_get(j, "noreturn");
        Routine *r = routine_search(b->routines, known, json_number(j, "start", 0));
        if (!r && json_count(jumps) > 0)
            r = routine_add(b, j);
        if (r && !r->listed) {
            jumps_add(r, jumps);
            r->listed = true;
            r->closed = closed && closed->truth;
            r->noreturn = noreturn && noreturn->truth;
        }
        while (*at == '\n' || *at == ' ' || *at == '\r')
            at++;
    }
    free(text);
    return true;
}

static Stop *stop_make(Routine *r, uint64_t pc)
{
    Stop *s = must_alloc(1, sizeof *s);
    s->claims = must_alloc(r->nclaims, sizeof *s->claims);
    s->after = must_alloc(r->ndefs, sizeof *s->after);
    s->merges = must_alloc(r->ndefs, sizeof *s->merges);
    for (size_t i = 0; i < r->nclaims; i++)
        if (pc >= r->claims[i].start && pc < r->claims[i].end)
            s->claims[s->nclaims++] = &r->claims[i];
    for (size_t i = 0; i < r->ndefs; i++)
        if (r->defs[i].pc == pc && r->defs[i].kind == DEF_AFTER)
            s->after[s->nafter++] = &r->defs[i];
        else if (r->defs[i].pc == pc && r->defs[i].kind == DEF_MERGE)
            s->merges[s->nmerges++] = &r->defs[i];
    for (size_t i = 0; i < r->njumps; i++)
        if (r->jumps[i].pc == pc)
            s->jump = &r->jumps[i];
    s->claims = realloc(s->claims, (s->nclaims + 1) * sizeof *s->claims);
    s->after = realloc(s->after, (s->nafter + 1) * sizeof *s->after);
    s->merges = realloc(s->merges, (s->nmerges + 1) * sizeof *s->merges);
    if (!s->claims || !s->after || !s->merges)
        abort();
    return s;
}

Stop *routine_stop(Routine *r, uint64_t pc)
{
    for (size_t i = 0; i < r->nspans; i++) {
        Span *s = &r->spans[i];
        if (pc < s->start || pc >= s->end)
            continue;
        if (!s->stops)
            s->stops = must_alloc((size_t)(s->end - s->start), sizeof(Stop *));
        if (!s->stops[pc - s->start])
            s->stops[pc - s->start] = stop_make(r, pc);
        return s->stops[pc - s->start];
    }
    return NULL;
}
