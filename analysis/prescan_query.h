/* analysis/prescan_query.h - the numbers a query asks for, as bands that the kernel looks for. */
#ifndef LVSCAN_ANALYSIS_PRESCAN_QUERY_H
#define LVSCAN_ANALYSIS_PRESCAN_QUERY_H

#include "analysis/prescan_kernel.h"
#include "analysis/search.h"

/* How far from the constant asked for a number may lie and yet mean it: an imm8 that is added (128), the index of a bit set
 * (64), the other form of an ordering (2), and some more. Constants nearer to 0 than PRESCAN_LEAST need no immediate of
 * their own (they can be small indices, imm8s): functions are not told apart by them. */
enum { PRESCAN_REACH = 264, PRESCAN_LEAST = 1024, PRESCAN_CLUSTERS = 16 };

/* Constants that lie close together: lo .. hi. */
typedef struct Cluster {
    int64_t lo, hi;
} Cluster;

typedef struct Asked {
    Cluster clusters[PRESCAN_CLUSTERS];
    unsigned n;
} Asked;

/* False when the query's constants can't tell functions apart. */
bool asked_of(Asked *out, const Query *query);

/* Adds the band lo - reach .. hi + reach; where there is no room, widens the band nearest to it. */
void band_add(Band *bands, unsigned *n, int64_t lo, int64_t hi, uint32_t reach, unsigned bits);

/* Does v lie in one of the bands, modulo 2^bits? */
bool bands_hold(const Band *bands, unsigned n, uint32_t v, unsigned bits);

/* The bands of the cluster's numbers and their negatives, as immediates of 32 and of 16 bits. */
void cluster_bands(Pattern *out, const Cluster *c);

/* Can the cluster's numbers be those of 16-bit operands? Do they need more than 32 bits? */
bool cluster_is_short(const Cluster *c);
bool cluster_is_wide(const Cluster *c);

#endif
