/* analysis/prescan_query.c - see prescan_query.h. */
#include "analysis/prescan_query.h"

#include "analysis/real.h"

bool cluster_is_short(const Cluster *c) { return c->hi >= INT16_MIN && c->lo <= UINT16_MAX; }
bool cluster_is_wide(const Cluster *c) { return c->lo > UINT32_MAX || c->hi < -(int64_t)UINT32_MAX; }

static bool is_near_zero(int64_t k) { return k > -PRESCAN_LEAST && k < PRESCAN_LEAST; }

/* As a number of 32 or of 16 bits it may be one of the small ones. */
static bool is_common(int64_t k)
{
    if (k > UINT32_MAX || k < -(int64_t)UINT32_MAX)
        return k == INT64_MIN || k == INT64_MAX;
    return is_near_zero(k) || is_near_zero((int32_t)(uint32_t)k) ||
           (k >= INT16_MIN && k <= UINT16_MAX && is_near_zero((int16_t)(uint16_t)k));
}

/* False when k tells no functions apart, or there is no room for it. */
static bool asked_add(Asked *out, int64_t k)
{
    Cluster *last = out->n ? &out->clusters[out->n - 1] : NULL;
    if (is_common(k))
        return false;
    if (last && k >= last->hi && (uint64_t)k - (uint64_t)last->hi <= PRESCAN_REACH) {
        last->hi = k;
        return true;
    }
    if (out->n == PRESCAN_CLUSTERS)
        return false;
    out->clusters[out->n++] = (Cluster){k, k};
    return true;
}

bool asked_of(Asked *out, const Query *query)
{
    *out = (Asked){0};
    for (size_t i = 0; i < query->nconstants; i++)
        if (!asked_add(out, query->constants[i]))
            return false;
    for (size_t i = 0; i < query->nreals; i++)
        for (unsigned bits = 32; bits <= 64; bits += 32)
            if (!asked_add(out, (int64_t)real_encoding(query->reals[i], bits)))
                return false;
    return out->n > 0;
}

/* The band from the start of a to the end of b, going up. */
static Band band_join(Band a, Band b)
{
    uint32_t to_end = b.lo + b.span - a.lo;
    return (Band){a.lo, to_end > a.span ? to_end : a.span};
}

/* Do two bands touch? */
static bool bands_meet(Band a, Band b) { return b.lo - a.lo <= a.span || a.lo - b.lo <= b.span; }

void band_add(Band *bands, unsigned *n, int64_t lo, int64_t hi, uint32_t reach)
{
    uint64_t span = (uint64_t)hi - (uint64_t)lo + 2 * (uint64_t)reach;
    Band band = {(uint32_t)((uint64_t)lo - reach), span > UINT32_MAX ? UINT32_MAX : (uint32_t)span};
    Band *best = NULL, joined = {0, UINT32_MAX};
    for (unsigned i = 0; i < *n; i++) {
        Band one = band_join(bands[i], band), two = band_join(band, bands[i]);
        Band small = one.span < two.span ? one : two;
        bool must = *n == PATTERN_BANDS || bands_meet(bands[i], band);
        if (must && (!best || small.span < joined.span)) {
            best = &bands[i];
            joined = small;
        }
    }
    if (best)
        *best = joined;
    else
        bands[(*n)++] = band;
}

bool bands_hold(const Band *bands, unsigned n, uint32_t v)
{
    for (unsigned i = 0; i < n; i++)
        if (v - bands[i].lo <= bands[i].span)
            return true;
    return false;
}

static bool is_within(const Cluster *c, uint32_t v, uint32_t reach, uint32_t modulus_mask)
{
    uint32_t span = (uint32_t)((uint64_t)c->hi - (uint64_t)c->lo);
    uint32_t from = (uint32_t)(uint64_t)c->lo - reach;
    return ((v - from) & modulus_mask) <= span + 2 * reach;
}

bool cluster_near(const Cluster *c, uint32_t v, uint32_t reach)
{
    if (cluster_is_wide(c))
        return v - (uint32_t)((uint64_t)c->lo >> 32) + 1 <=
               (uint32_t)((uint64_t)c->hi >> 32) - (uint32_t)((uint64_t)c->lo >> 32) + 2;
    if (is_within(c, v, reach, UINT32_MAX) || is_within(c, 0 - v, reach, UINT32_MAX))
        return true;
    bool short_number = v + 0x20000 <= 0x40000; /* or the sum of two */
    return short_number && cluster_is_short(c) &&
           (is_within(c, v, reach, UINT16_MAX) || is_within(c, 0 - v, reach, UINT16_MAX));
}

void cluster_bands(Pattern *out, const Cluster *c)
{
    int64_t half = cluster_is_wide(c) ? 32 : 0; /* of more than 32 bits, the upper half */
    band_add(out->bands, &out->nbands, c->lo >> half, c->hi >> half, PRESCAN_TURN);
    if (cluster_is_short(c) && (c->lo < 0 || c->hi > INT16_MAX)) {
        int64_t turn = c->lo < 0 ? 65536 : -65536; /* the same 16 bits, extended the other way */
        band_add(out->bands, &out->nbands, c->lo + turn, c->hi + turn, PRESCAN_TURN);
    }
}
