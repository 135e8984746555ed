/* analysis/glance_number.c - which numbers the source may have meant: from what is compared with back over what was added to the variable,
 * masked or shifted. As leads.c goes back, but over all ways at once: it may say yes of too many.
 */
#include "analysis/glance_look.h"

#include "analysis/asked.h"
#include "analysis/values.h"

/* How far sums can lead, at most. */
static uint64_t reach_of(const Look *l, const LookWeb *web)
{
    uint64_t reach = 0;
    if (web->many)
        return l->added;
    for (unsigned i = 0; i < web->nadded; i++) {
        int64_t n = (int64_t)web->added[i]->value;
        reach += n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    }
    return reach;
}

/* Is k's low part, of any width up to `bits`, asked for? */
static bool low_asked(const Look *l, uint64_t k, unsigned bits)
{
    if (!l->g->near[k & 0xff])
        return false;
    for (; bits >= 8; bits /= 2)
        if (constant_asked(l->g->query, low_bits(k, bits), bits, false))
            return true;
    return false;
}

/* Any of the steps may have added to it. */
static bool sum_asked(const Look *l, const LookWeb *web, uint64_t k, unsigned bits)
{
    for (unsigned some = 1; some < 1u << web->nadded; some++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < web->nadded; i++)
            sum += some >> i & 1 ? web->added[i]->value : 0;
        if (low_asked(l, 0 - sum, bits) || low_asked(l, 0 - sum - 1, bits) || low_asked(l, k - sum, bits) ||
            low_asked(l, k - sum - 1, bits) || low_asked(l, k - sum + 1, bits))
            return true;
    }
    return false;
}

enum { FEW = 4 };

static bool sum_within(const Look *l, const LookWeb *web, uint64_t k, unsigned bits)
{
    const Query *q = l->g->query;
    uint64_t reach = reach_of(l, web) + 1;
    return constant_within(q, 0, bits, reach) || constant_within(q, k, bits, reach);
}

bool number_of_sum(const Look *l, const LookWeb *web, const uint64_t *k, unsigned bits)
{
    bool few = !web->many && (k || web->nadded <= FEW), asked = l->numbers.many;
    if (k)
        return few ? sum_asked(l, web, *k, bits) : sum_within(l, web, *k, bits);
    for (size_t i = 0; !asked && i < l->numbers.n; i++)
        asked = few ? sum_asked(l, web, l->numbers.items[i], bits) : sum_within(l, web, l->numbers.items[i], bits);
    return asked;
}

/* A mask or shift took n bits off: of k; of what is below 0, if something was added; or, as the rest is 0, off a value below 2^n. */
static bool shifted_within(const Query *q, uint64_t k, unsigned bits, unsigned n, uint64_t reach)
{
    return constant_within(q, low_bits(k, bits) >> n, bits, reach) ||
           constant_within(q, ((uint64_t)1 << n) - 1, bits, reach) ||
           (reach > 1 && constant_within(q, low_bits(UINT64_MAX, bits) >> n, bits, reach));
}

static bool derived_within(const Query *q, uint64_t derived, uint64_t k, unsigned bits, uint64_t reach)
{
    if (constant_within(q, k, bits, reach)) /* as it is: what the source says of x >> n */
        return true;
    for (; bits >= 8; bits /= 2)
        for (uint64_t left = derived; left; left &= left - 1)
            if (shifted_within(q, k, bits, (unsigned)__builtin_ctzll(left), reach))
                return true;
    return false;
}

bool number_of_derived(const Look *l, const LookWeb *web, const uint64_t *k, unsigned bits)
{
    const Query *q = l->g->query;
    uint64_t reach = reach_of(l, web) + 1;
    bool asked = l->numbers.many;
    if (k)
        return derived_within(q, web->derived, *k, bits, reach);
    for (size_t i = 0; !asked && i < l->numbers.n; i++)
        asked = derived_within(q, web->derived, l->numbers.items[i], bits, reach);
    return asked;
}

bool number_of_most(const Look *l, const LookWeb *web, uint64_t most, unsigned bits)
{
    uint64_t reach = reach_of(l, web) + 1;
    return constant_within(l->g->query, most, bits, reach) ||
           (reach > 1 && constant_within(l->g->query, 0, bits, reach));
}

bool number_of_index(const Look *l, uint64_t n)
{
    return derived_within(l->g->query, l->derived, 0, 64, n + l->added + 1);
}
