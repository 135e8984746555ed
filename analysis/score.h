/* analysis/score.h - what was asked for, and how well a variable answers it. */
#ifndef LVSCAN_ANALYSIS_SCORE_H
#define LVSCAN_ANALYSIS_SCORE_H

#include "analysis/leads.h"
#include "analysis/search.h"
#include "analysis/sites.h"

/* Gives the lead the form whose constant was asked for, if either was: x > k is x >= k + 1. False when neither was. */
bool lead_turn(const Query *q, Lead *l);

/* Sorts the n items as signed numbers and drops repeats; returns how many are left. */
size_t constants_distinct(uint64_t *items, size_t n);

/* What speaks for a variable being the one that was meant, besides how many of the constants it meets; each 0..1. */
typedef struct Merit {
    double
        met; /* 1: each matched constant is met by the variable itself; less, where what was made of it meets it, and lives on */
    double direct; /* how directly the code compares it with its matched constants: the mean of each one's best site */
    double
        life; /* 1: the value outlives a compare or is compared in several places; a temporary made for one compare has 0 */
    double share;  /* of what it is compared with, how much was asked for */
    double origin; /* 1: a parameter; 0: only ever loaded from memory, perhaps a field of an object and no variable */
    double
        place; /* 1: the probe reads it from a register; 0: it can't be read, or only as what is left of it after an addition */
    double
        span; /* over how much code it is placed: what lives long is likelier a variable of the source than a temporary */
    double
        branch; /* 1: a branch follows the probe's compare; what ends in a set or a cmov is likelier the compiler's own */
} Merit;

extern const Merit merit_best; /* 1 in all */

/* What is known before the variable is placed; the rest is 1. v has its constants. */
Merit merit_of_sites(const Query *q, const Variable *v, const Body *body, const SiteList *sites);

/* Merit.span of what is placed over so many bytes. */
double merit_span(uint64_t bytes);

/* Adds what its defs, ranges and probe say. */
void merit_of_place(Merit *m, const Variable *v);

/* 0..1; without constants asked for only nconstants counts. */
double score_of(const Query *q, size_t nconstants, size_t nmatched, const Merit *m);

/* Orders variables best first: by score, proof, how long they are placed, address. */
int variable_order(const void *x, const void *y);

#endif
