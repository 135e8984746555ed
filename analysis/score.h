/* analysis/score.h - what was asked for, and how well a variable answers it. */
#ifndef LVSCAN_ANALYSIS_SCORE_H
#define LVSCAN_ANALYSIS_SCORE_H

#include "analysis/leads.h"
#include "analysis/search.h"
#include "analysis/sites.h"

/* Does the constant k of `bits` bits equal a number that was asked for? */
bool constant_asked(const Query *q, uint64_t k, unsigned bits, bool real);

/* Gives the lead the form whose constant was asked for, if either was: x > k is x >= k + 1. False when neither was. */
bool lead_turn(const Query *q, Lead *l);

/* Sorts the n items as signed numbers and drops repeats; returns how many are left. */
size_t constants_distinct(uint64_t *items, size_t n);

/* 0..1. quality and life: see below; without constants asked for only nconstants counts. */
double score_of(const Query *q, size_t nconstants, size_t nmatched, double quality, double life);

/* How directly the code compares the variable with its matched constants: the mean of each one's best site, 0..1. */
double matched_quality(const Variable *v, const SiteList *sites);

/* 1 when the value outlives a compare or is compared in several places; a temporary made for one compare has 0. */
double sites_life(const Body *body, const SiteList *sites);

/* Orders variables best first: by score, proof, how long they are placed, address. */
int variable_order(const void *x, const void *y);

#endif
