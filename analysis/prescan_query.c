/* analysis/prescan_query.c - see prescan_query.h. */
#include "analysis/prescan_query.h"

bool cluster_is_short(const Cluster *c) { return c->hi >= INT16_MIN && c->lo <= UINT16_MAX; }
bool cluster_is_wide(const Cluster *c) { return c->lo > UINT32_MAX || c->hi < -(int64_t)UINT32_MAX; }

static bool is_near_zero(int64_t k) { return k > -PRESCAN_LEAST && k < PRESCAN_LEAST; }

/* As a number of 32 or of 16 bits it may be one of the small ones. */
static bool is_common(int64_t k)
{
    if (k > UINT32_MAX || k < -(int64_t)UINT32_MAX)
        return k == INT64_MIN || k == INT64_MAX;
    return is_near_zero(k) || is_near_zero((int32_t)(uint32_t)k) || (k >= INT16_MIN && k <= UINT16_MAX && is_near_zero((int16_t)(uint16_t)k));
}

bool asked_of(Asked *out, const Query *query)
{
    *out = (Asked){0};
    for (size_t i = 0; i < query->nconstants; i++) {
        int64_t k = query->constants[i];
        Cluster *last = out->n ? &out->clusters[out->n - 1] : NULL;
        if (is_common(k))
            return false;
        if (last && k - last->hi <= PRESCAN_REACH) {
            last->hi = k;
            continue;
        }
        if (out->n == PRESCAN_CLUSTERS)
            return false;
        out->clusters[out->n++] = (Cluster){k, k};
    }
    return out->n > 0;
}

static uint32_t wrapped(uint32_t v, unsigned bits) { return bits == 16 ? v & 0xffff : v; }

/* The band from the start of a to the end of b, going up. */
static Band band_join(Band a, Band b, unsigned bits)
{
    uint32_t to_end = wrapped(b.lo + b.span - a.lo, bits);
    return (Band){a.lo, to_end > a.span ? to_end : a.span};
}

void band_add(Band *bands, unsigned *n, int64_t lo, int64_t hi, uint32_t reach, unsigned bits)
{
    uint64_t most = bits == 16 ? UINT16_MAX : UINT32_MAX;
    uint64_t span = (uint64_t)hi - (uint64_t)lo + 2 * (uint64_t)reach;
    Band band = {wrapped((uint32_t)((uint64_t)lo - reach), bits), span > most ? (uint32_t)most : (uint32_t)span};
    if (*n < PATTERN_BANDS) {
        bands[(*n)++] = band;
        return;
    }
    Band *best = NULL, joined = {0, UINT32_MAX};
    for (unsigned i = 0; i < *n; i++) {
        Band one = band_join(bands[i], band, bits), two = band_join(band, bands[i], bits);
        Band small = one.span < two.span ? one : two;
        if (!best || small.span < joined.span) {
            best = &bands[i];
            joined = small;
        }
    }
    *best = joined;
}

bool bands_hold(const Band *bands, unsigned n, uint32_t v, unsigned bits)
{
    for (unsigned i = 0; i < n; i++)
        if (wrapped(v - bands[i].lo, bits) <= bands[i].span)
            return true;
    return false;
}

static void both_signs(Pattern *out, int64_t lo, int64_t hi, unsigned bits)
{
    Band *bands = bits == 16 ? out->words : out->dwords;
    unsigned *n = bits == 16 ? &out->nwords : &out->ndwords;
    band_add(bands, n, lo, hi, PRESCAN_REACH, bits);
    band_add(bands, n, -hi, -lo, PRESCAN_REACH, bits);
}

void cluster_bands(Pattern *out, const Cluster *c)
{
    if (cluster_is_wide(c)) { /* the upper half of a movabs */
        band_add(out->dwords, &out->ndwords, c->lo >> 32, c->hi >> 32, 1, 32);
        return;
    }
    both_signs(out, c->lo, c->hi, 32);
    if (!cluster_is_short(c))
        return;
    int64_t turn = c->hi < 0 ? 65536 : -65536;
    both_signs(out, c->lo + turn, c->hi + turn, 32);
    both_signs(out, c->lo, c->hi, 16);
}
