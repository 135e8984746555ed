/* cli/spec.c - making a spec from a variable, and reading a value as the spec says. */
#include "cli/spec.h"

#include "cli/kernel_reg.h"

enum { STACK_MAX = 8192 };

int64_t spec_constant(const Variable *v, uint64_t constant)
{
    return v->real ? (int64_t)constant : variable_constant(v, constant);
}

static bool take_sites(ProbeSpec *out, const Variable *v, Arena *arena)
{
    out->nsites = v->nsites < SPEC_SITES_MAX ? v->nsites : SPEC_SITES_MAX;
    out->sites = arena_alloc(arena, out->nsites, sizeof *out->sites);
    for (size_t i = 0; out->sites && i < out->nsites; i++) {
        const Site *s = &v->sites[i];
        out->sites[i] = (SpecSite){s->pc, spec_constant(v, s->constant), s->relation};
    }
    out->nmatched = v->nmatched < SPEC_SITES_MAX ? v->nmatched : SPEC_SITES_MAX;
    out->matched = arena_alloc(arena, out->nmatched, sizeof *out->matched);
    for (size_t i = 0; out->matched && i < out->nmatched; i++)
        out->matched[i] = spec_constant(v, v->matched[i]);
    return out->sites && out->matched;
}

bool spec_of_variable(ProbeSpec *out, Program *program, const Variable *v, Str path, const EnumTable *names,
                      Arena *arena, Diag *diag)
{
    Insn insn;
    Symbol symbol;
    const Probe *probe = &v->probe;
    if (probe->pc == 0)
        return diag_set(diag, 0, "no place is proved where the variable can be read");
    *out = (ProbeSpec){.path = path,
                       .build_id = program->image.build_id,
                       .function = v->function->name,
                       .function_start = v->function->start,
                       .pc = probe->pc,
                       .type = program->image.type,
                       .entry = program->image.entry,
                       .has_symbol = symbols_covering(&program->symbols, probe->pc, &symbol),
                       .location = probe->location,
                       .width = v->width,
                       .sign = v->sign,
                       .real = v->real,
                       .proof = probe->proof,
                       .cost = probe->cost,
                       .coverage = probe->coverage};
    if (names)
        out->names = *names;
    if (!program_insn(program, probe->pc, &insn) || !image_addr_to_off(&program->image, probe->pc, &out->off))
        return diag_set(diag, probe->pc, "no instruction at 0x%llx", (unsigned long long)probe->pc);
    out->bytes = (Bytes){image_read(&program->image, probe->pc, insn.len), insn.len};
    char text[INSN_TEXT_MAX];
    size_t n = insn_text(&insn, SYNTAX_ATT, text, sizeof text);
    out->text = (Str){arena_copy(arena, text, n), n};
    return (out->text.p && out->bytes.p && take_sites(out, v, arena)) || diag_set(diag, probe->pc, "out of memory");
}

int64_t spec_value(const ProbeSpec *spec, uint64_t raw)
{
    unsigned bits = spec->location.bits;
    uint64_t v = raw + spec->location.addend;
    if (bits == 0 || bits >= 64)
        return (int64_t)v;
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    bool negative = spec->sign != SIGN_UNSIGNED && (v >> (bits - 1) & 1);
    return (int64_t)(negative ? v | ~mask : v & mask);
}

uint32_t spec_stack_bytes(const ProbeSpec *spec)
{
    const Location *l = &spec->location;
    if (l->kind != LOCATION_STACK || l->reg != REG_RSP || l->disp < 0 || l->disp > STACK_MAX)
        return 0;
    uint64_t end = (uint64_t)l->disp + (l->bits + 7u) / 8;
    return (uint32_t)((end + 7) / 8 * 8);
}

uint64_t spec_regs(const ProbeSpec *spec)
{
    if (spec_stack_bytes(spec))
        return (uint64_t)1 << PERF_REG_SP;
    int bit = spec->location.kind == LOCATION_REG ? perf_reg(spec->location.reg) : -1;
    return bit < 0 ? 0 : (uint64_t)1 << bit;
}
