/* analysis/prescan_query.h - the numbers a query asks for, as bands that the kernel looks for. */
#ifndef LVSCAN_ANALYSIS_PRESCAN_QUERY_H
#define LVSCAN_ANALYSIS_PRESCAN_QUERY_H

#include "analysis/prescan_kernel.h"
#include "analysis/search.h"

/* How far from the constant asked for a number may lie and yet mean it: REACH where an imm8 may be added (128) and the rest
 * be the index of a bit set (64) or the other form of an ordering (2); SUM where two numbers are added, and an imm8;
 * TURN where it must be the constant, but for the form of an ordering.
 * Constants nearer to 0 than LEAST need no immediate of their own (they can be small indices, imm8s): functions are not told
 * apart by them. */
enum { PRESCAN_REACH = 200, PRESCAN_SUM = 136, PRESCAN_TURN = 2, PRESCAN_LEAST = 1024, PRESCAN_CLUSTERS = 8 };

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

/* Adds the band lo - reach .. hi + reach; where there is no room, the two bands closest to each other become one. */
void band_add(Band *bands, unsigned *n, int64_t lo, int64_t hi, uint32_t reach);

/* Does v lie in one of the bands? */
bool bands_hold(const Band *bands, unsigned n, uint32_t v);

/* Is v, or its negative, within `reach` of a number of the cluster, modulo 2^32, or modulo 2^16 if such numbers are asked for? */
bool cluster_near(const Cluster *c, uint32_t v, uint32_t reach);

/* Bands of what a mov of the cluster's numbers, or constant memory, holds. */
void cluster_bands(Pattern *out, const Cluster *c);

/* Can the cluster's numbers be those of 16-bit operands? Do they need more than 32 bits? */
bool cluster_is_short(const Cluster *c);
bool cluster_is_wide(const Cluster *c);

#endif
