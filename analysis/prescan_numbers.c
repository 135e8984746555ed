/* analysis/prescan_numbers.c - see prescan_numbers.h. */
#include "analysis/prescan_numbers.h"

#include "analysis/body.h"

/* A larger mask is not taken for the bound of a jump table's index. */
enum { MASK_BOUND = 0xfff };

void numbers_clear(Numbers *n)
{
    n->nsums = n->ncompared = n->nbounds = n->nmasks = 0;
    n->overflow = false;
}

static void remember(Numbers *n, uint32_t *list, unsigned *count, unsigned max, uint32_t k)
{
    for (unsigned i = 0; i < *count; i++)
        if (list[i] == k)
            return;
    if (*count == max)
        n->overflow = true;
    else
        list[(*count)++] = k;
}

/* No arithmetic holds a number of more than 32 bits. */
static bool number_is_asked(const Asked *asked, uint32_t v, uint32_t reach)
{
    for (unsigned k = 0; k < asked->n; k++)
        if (!cluster_is_wide(&asked->clusters[k]) && cluster_near(&asked->clusters[k], v, reach))
            return true;
    return false;
}

static bool address_is_asked(const Asked *asked, Addr addr)
{
    for (unsigned k = 0; k < asked->n; k++) {
        const Cluster *c = &asked->clusters[k];
        uint64_t from =
            (uint64_t)c->lo - PRESCAN_REACH; /* modulo 2^64: a cluster may lie at either end of the numbers */
        if (addr - from <= (uint64_t)c->hi - (uint64_t)c->lo + 2 * (uint64_t)PRESCAN_REACH)
            return true;
    }
    return false;
}

static bool is_shifting_mask(uint32_t k)
{
    uint32_t gap = ~k;
    return k && gap && (gap & (gap + 1)) == 0;
}

bool numbers_take(Numbers *n, const Asked *asked, const SiteShape *site, bool bounds)
{
    uint32_t reach = PRESCAN_TURN;
    switch (site->kind) {
    case SITE_ADDRESS: return address_is_asked(asked, (Addr)site->target);
    case SITE_MASK:
        if (is_shifting_mask(site->k))
            remember(n, n->masks, &n->nmasks, MASKS_MAX, site->k);
        if (site->k <= MASK_BOUND && (site->k & (site->k + 1)) == 0)
            remember(n, n->bounds, &n->nbounds, COMPARED_MAX, site->k);
        break;
    case SITE_ADD:
        if (site->k + PRESCAN_SUM > 2 * PRESCAN_SUM)
            remember(n, n->sums, &n->nsums, SUMS_MAX, site->k);
        reach = PRESCAN_REACH;
        break;
    case SITE_SHORT:
    case SITE_COMPARE:
        if (bounds && site->k < BODY_MAX_TABLE)
            remember(n, n->bounds, &n->nbounds, COMPARED_MAX, site->k);
        remember(n, n->compared, &n->ncompared, COMPARED_MAX, site->k);
        reach = PRESCAN_REACH;
        break;
    default: break;
    }
    return site->kind != SITE_NONE && number_is_asked(asked, site->k, reach);
}

static bool sum_is_asked(const Asked *asked, uint32_t d, uint32_t number)
{
    return number_is_asked(asked, number + d, PRESCAN_SUM) || number_is_asked(asked, number - d, PRESCAN_SUM);
}

/* (x & -2^bits) == k << bits, in 32 bits */
static bool masked_is_asked(const Cluster *c, unsigned bits, uint32_t number)
{
    int64_t room = ((int64_t)1 << (32 - bits)) - PRESCAN_REACH - 1,
            scale = (int64_t)1 << bits; /* room: what fits when shifted */
    if (c->lo > room || c->hi < -room)
        return false;
    uint64_t lo = ((uint64_t)c->lo - PRESCAN_REACH) * (uint64_t)scale;
    uint64_t span = ((uint64_t)c->hi - (uint64_t)c->lo + 2 * (uint64_t)PRESCAN_REACH + 1) * (uint64_t)scale;
    return number - (uint32_t)lo <= span;
}

bool numbers_combine(const Numbers *n, const Asked *asked)
{
    if (n->overflow)
        return true;
    for (unsigned i = 0; i < n->nsums; i++)
        for (unsigned k = 0; k < n->ncompared; k++)
            if (sum_is_asked(asked, n->sums[i], n->compared[k]))
                return true;
    for (unsigned i = 0; i < n->nmasks; i++)
        for (unsigned k = 0; k < n->ncompared; k++)
            for (unsigned j = 0; j < asked->n; j++)
                if (masked_is_asked(&asked->clusters[j], (unsigned)__builtin_ctz(n->masks[i]), n->compared[k]))
                    return true;
    return false;
}

/* Has a table with that bound, from -d on, a case for one of the cluster's numbers? */
static bool table_may_hold(const Cluster *c, uint32_t bound, int64_t d)
{
    return !cluster_is_wide(c) && c->hi + d + PRESCAN_REACH >= 0 && c->lo + d - PRESCAN_REACH <= bound;
}

bool numbers_bound_table(const Numbers *n, const Asked *asked)
{
    for (unsigned k = 0; k < asked->n; k++)
        for (unsigned j = 0; j < n->nbounds; j++)
            for (unsigned i = 0; i <= n->nsums; i++) {
                int64_t d = i < n->nsums ? (int32_t)n->sums[i] : 0;
                if (table_may_hold(&asked->clusters[k], n->bounds[j], d) ||
                    table_may_hold(&asked->clusters[k], n->bounds[j], -d))
                    return true;
            }
    return false;
}

/* ---- by decoding ---- */

static SiteKind kind_of_insn(const Insn *insn)
{
    switch (insn->mnemonic) {
    case MN_ADD:
    case MN_SUB: return SITE_ADD;
    case MN_AND: return SITE_MASK;
    case MN_CMP: return insn->op[0].bits == 16 ? SITE_SHORT : SITE_COMPARE;
    case MN_OR:
    case MN_XOR:
    case MN_MOV: return SITE_OTHER;
    default: return SITE_NONE;
    }
}

/* The number that the instruction holds, as shape_site gives it; but the target of an address is the address. */
static SiteShape site_of_insn(const Insn *insn)
{
    uint64_t addr;
    if (insn->mnemonic == MN_LEA && insn_mem_address(insn, &addr))
        return (SiteShape){.kind = SITE_ADDRESS, .target = (int64_t)addr};
    if (insn->mnemonic == MN_LEA && insn->mem.index == REG_NONE && insn->mem.base != REG_RSP)
        return (SiteShape){.kind = SITE_ADD, .k = (uint32_t)insn->mem.disp};
    if (insn->mnemonic == MN_PUSH && insn->op[0].kind == OPERAND_IMM)
        return (SiteShape){.kind = SITE_OTHER, .k = (uint32_t)insn->imm};
    if (insn->op[1].kind != OPERAND_IMM || (insn->op[0].kind == OPERAND_REG && insn->op[0].reg == REG_RSP))
        return (SiteShape){0};
    return (SiteShape){.kind = (uint8_t)kind_of_insn(insn), .k = (uint32_t)insn->imm};
}

/* The upper half, where constants of more than 32 bits are asked for. */
static bool upper_is_asked(const Insn *insn, const Asked *asked)
{
    for (unsigned k = 0; k < asked->n; k++)
        if (cluster_is_wide(&asked->clusters[k]) && cluster_near(&asked->clusters[k], (uint32_t)(insn->imm >> 32), 0))
            return insn->mnemonic == MN_MOV && insn->op[1].kind == OPERAND_IMM;
    return false;
}

typedef struct Verifier {
    const Asked *asked;
    Numbers numbers;
    SiteShape compare; /* the last one */
    unsigned age;      /* instructions since */
    bool jumps;        /* through a table, perhaps */
} Verifier;

static bool verify_insn(Verifier *v, const Insn *insn)
{
    enum { SOON = 8 };
    SiteShape site = site_of_insn(insn);
    if (numbers_take(&v->numbers, v->asked, &site, false) || upper_is_asked(insn, v->asked))
        return true;
    v->age++;
    if (site.kind == SITE_COMPARE || site.kind == SITE_SHORT) {
        v->compare = site;
        v->age = 0;
    }
    if (insn->cc <= 15 && (insn->cc & 0xa) == 2 && v->compare.kind != SITE_NONE && v->age <= SOON)
        numbers_take(&v->numbers, v->asked, &v->compare, true);
    v->jumps |= insn->flow == FLOW_JUMP && insn->op[0].kind != OPERAND_REL;
    return false;
}

/* True when a number by itself is enough, or bytes do not decode. */
static bool verify_part(Verifier *v, const Image *image, Part part)
{
    size_t size = (size_t)(part.end - part.start);
    const uint8_t *p = image_read(image, part.start, size);
    for (size_t at = 0; p && at < size;) {
        Insn insn;
        int len = insn_decode(p + at, size - at, part.start + at, &insn);
        if (len < 0 || verify_insn(v, &insn))
            return true;
        at += (size_t)len;
    }
    return !p;
}

Made numbers_verify(const Image *image, Part code, const Asked *asked)
{
    Verifier v = {.asked = asked};
    if (verify_part(&v, image, code))
        return MADE_NAMED;
    bool made = numbers_combine(&v.numbers, asked) || (v.jumps && numbers_bound_table(&v.numbers, asked));
    return made ? MADE_OF_TWO : MADE_NONE;
}
