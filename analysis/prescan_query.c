/* analysis/prescan_query.c - see prescan_query.h. */
#include "analysis/prescan_query.h"

#include <string.h>

#include "analysis/real.h"

bool cluster_is_short(const Cluster *c) { return c->hi >= INT16_MIN && c->lo <= UINT16_MAX; }
bool cluster_is_wide(const Cluster *c) { return c->lo > UINT32_MAX || c->hi < -(int64_t)UINT32_MAX; }

static bool is_near_zero(int64_t k) { return k > -PRESCAN_LEAST && k < PRESCAN_LEAST; }

/* A shift that leaves nothing says of a value that it is below 2^n, its sign that it is not above half of what there is; no number
 * names that. */
static bool is_unnamed(int64_t k)
{
    uint64_t n = (uint64_t)k;
    return k == INT16_MIN || k == INT32_MIN || (k > 0 && ((n & (n - 1)) == 0 || (n & (n + 1)) == 0));
}

/* As a number of 32 or of 16 bits it may be one of the small ones. */
static bool is_common(int64_t k)
{
    if (is_unnamed(k))
        return true;
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

/* Is v in the band? */
static bool band_holds(Band b, uint32_t v) { return v - b.lo <= b.span; }

/* The band that begins as a does, with all of both. */
static Band band_from(Band a, Band b)
{
    uint64_t end = (uint64_t)(uint32_t)(b.lo - a.lo) + b.span;
    return (Band){a.lo, end > UINT32_MAX ? UINT32_MAX : end > a.span ? (uint32_t)end : a.span};
}

/* The smallest band with all of both. */
static Band band_join(Band a, Band b)
{
    Band one = band_from(a, b), two = band_from(b, a);
    return one.span < two.span ? one : two;
}

/* Joins the two bands that grow least by it: any that meet, or of too many the closest. False: there is no need to. */
static bool bands_join(Band *bands, unsigned *n)
{
    int64_t least = INT64_MAX;
    unsigned a = 0, b = 0;
    Band joined = {0, 0};
    for (unsigned i = 0; i < *n; i++)
        for (unsigned k = i + 1; k < *n; k++) {
            Band both = band_join(bands[i], bands[k]);
            int64_t growth = (int64_t)both.span - bands[i].span - bands[k].span;
            if (*n <= PATTERN_BANDS && !band_holds(bands[i], bands[k].lo) && !band_holds(bands[k], bands[i].lo))
                continue;
            if (growth < least) {
                least = growth;
                a = i;
                b = k;
                joined = both;
            }
        }
    if (a == b)
        return false;
    bands[a] = joined;
    bands[b] = bands[--*n];
    return true;
}

void band_add(Band *bands, unsigned *n, int64_t lo, int64_t hi, uint32_t reach)
{
    uint64_t span = (uint64_t)hi - (uint64_t)lo + 2 * (uint64_t)reach;
    Band band = {(uint32_t)((uint64_t)lo - reach), span > UINT32_MAX ? UINT32_MAX : (uint32_t)span};
    Band all[PATTERN_BANDS + 1];
    for (unsigned i = 0; i < *n; i++)
        if (band.span <= bands[i].span && band.lo - bands[i].lo <= bands[i].span - band.span)
            return;
    memcpy(all, bands, *n * sizeof *all);
    all[(*n)++] = band;
    while (bands_join(all, n))
        continue;
    memcpy(bands, all, *n * sizeof *all);
}

bool bands_hold(const Band *bands, unsigned n, uint32_t v)
{
    for (unsigned i = 0; i < n; i++)
        if (band_holds(bands[i], v))
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
