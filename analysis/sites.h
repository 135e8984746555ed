/* analysis/sites.h - where a proved variable is compared: a lead becomes a site when the forward proof places the variable in a
 * cell that, by its value, holds what the compare tests. */
#ifndef LVSCAN_ANALYSIS_SITES_H
#define LVSCAN_ANALYSIS_SITES_H

#include "analysis/leads.h"
#include "analysis/ranges.h"

typedef struct SiteFinder {
    Values *v;
    const Compares *compares;
    Arena *arena; /* for the list and for work */
} SiteFinder;

typedef struct SiteList {
    Site *items;
    size_t n, cap;
} SiteList;

/* Adds the sites of the n leads; *all becomes false when one of them is not proved. False when memory is used up. */
bool sites_add(SiteFinder *f, const RangeProof *p, const Lead *leads, size_t n, SiteList *list, bool *all);

/* Sorts by address and constant, and drops repeats. */
void sites_tidy(SiteList *list);

#endif
