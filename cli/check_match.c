/* cli/check_match.c - see check_match.h. Many variables can be in one place at one time (parts and widths of a value), so
 * the one with the spec's compares is looked for, and only then it is said what differs. */
#include "cli/check_match.h"

static unsigned segment_of(const Location *l)
{
    return l->segment == REG_FS || l->segment == REG_GS ? l->segment : REG_NONE;
}

static bool same_location(const Location *a, const Location *b)
{
    if (a->kind != b->kind || a->bits != b->bits || a->addend != b->addend)
        return false;
    switch (a->kind) {
    case LOCATION_REG: return a->reg == b->reg;
    case LOCATION_STACK: return a->reg == b->reg && a->disp == b->disp;
    case LOCATION_STATIC: return a->address == b->address;
    default:
        return a->reg == b->reg && a->index == b->index && (a->index == REG_NONE || a->scale == b->scale) &&
               a->disp == b->disp && segment_of(a) == segment_of(b);
    }
}

/* The strongest proof that the spec's location holds the variable at the spec's pc; 0: none. An operand of a compare that
 * differs from the variable by a constant is in no range, but may be the probe. */
static unsigned proof_there(const ProbeSpec *spec, const Variable *v)
{
    bool probed = v->probe.pc == spec->pc && same_location(&v->probe.location, &spec->location);
    unsigned best = probed ? v->probe.proof : 0;
    for (size_t k = 0; k < v->nranges; k++) {
        const Range *r = &v->ranges[k];
        if (spec->pc >= r->start && spec->pc < r->end && same_location(&r->location, &spec->location) &&
            (!best || r->proof < best))
            best = r->proof;
    }
    return best;
}

/* Both are in order of pc, so that one walk is enough; several compares may share a pc. */
static bool has_site(const Variable *v, const SpecSite *s, size_t *from)
{
    while (*from < v->nsites && v->sites[*from].pc < s->pc)
        ++*from;
    for (size_t i = *from; i < v->nsites && v->sites[i].pc == s->pc; i++)
        if (v->sites[i].relation == s->relation && spec_constant(v, v->sites[i].constant) == s->constant)
            return true;
    return false;
}

static Match match_of(const ProbeSpec *spec, const Variable *v, unsigned proof)
{
    Match m = {.variable = v, .proof = proof};
    if (spec->nsites == 0) {
        m.same = true;
        return m;
    }
    size_t from = 0;
    for (size_t i = 0; i < spec->nsites && !m.missing; i++)
        if (!has_site(v, &spec->sites[i], &from))
            m.missing = &spec->sites[i];
    m.others = v->nsites < SPEC_SITES_MAX && v->nsites != spec->nsites;
    m.other_shape = v->width != spec->width || v->real != spec->real || v->sign != spec->sign;
    m.same = !m.missing && !m.others && !m.other_shape;
    return m;
}

Match match_variable(const ProbeSpec *spec, const SearchResult *result)
{
    Match best = {0};
    for (size_t i = 0; i < result->nvariables; i++) {
        unsigned proof = proof_there(spec, &result->variables[i]);
        if (!proof)
            continue;
        Match m = match_of(spec, &result->variables[i], proof);
        if (!best.proof || (m.same && (!best.same || m.proof < best.proof)))
            best = m;
    }
    return best;
}

void match_text(Sink *t, const Match *m, const ProbeSpec *spec)
{
    if (!m->proof)
        sink_add(t, "not examined: no variable is there");
    else if (spec->nsites == 0)
        sink_add(t, "not named by the spec, so not compared");
    else if (m->missing)
        sink_format(t, "the variable is not compared as the spec says at 0x%llx (%s %lld)",
                    (unsigned long long)m->missing->pc, relation_name(m->missing->relation),
                    (long long)m->missing->constant);
    else if (m->other_shape)
        sink_add(t, "the same constants, but the variable's width or sign differs from the spec's");
    else if (m->others)
        sink_format(t, "the variable has %zu compares, the spec names %zu", m->variable->nsites, spec->nsites);
    else
        sink_format(t, "with the spec's constants, at the spec's %zu place%s", spec->nsites,
                    spec->nsites == 1 ? "" : "s");
}
