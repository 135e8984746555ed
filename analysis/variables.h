/* analysis/variables.h - from the leads of one function to its variables: grouped, proved, scored. */
#ifndef LVSCAN_ANALYSIS_VARIABLES_H
#define LVSCAN_ANALYSIS_VARIABLES_H

#include "analysis/leads.h"
#include "analysis/search.h"

typedef struct VariableSink {
    const Query *query;
    Arena *results; /* variables that are kept are built here */
    double least;   /* variables that score no more than this are not wanted */
    Variable *items;
    size_t n, cap;
    size_t nfound; /* all that matched, wanted or not */
} VariableSink;

/* Finds the variables of v's function that the query asks for and adds them to the sink. `scratch` is for work.
 * False when memory is used up. */
bool variables_find(VariableSink *sink, Values *v, Arena *scratch);

#endif
