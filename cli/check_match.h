/* cli/check_match.h - is the variable that a spec was made for among those found in the file? */
#ifndef LVSCAN_CLI_CHECK_MATCH_H
#define LVSCAN_CLI_CHECK_MATCH_H

#include "analysis/search.h"
#include "cli/sink.h"
#include "cli/spec.h"

typedef struct Match {
    const Variable *variable; /* held by the spec's location at its pc, and best like the spec's; NULL: none is held */
    unsigned proof;           /* the strongest that it is there; 0: none is held */
    bool same;                /* it has the spec's compares and no others, width and sign */
    const SpecSite *missing;  /* the first compare of the spec's that it has not; NULL: it has all */
    bool others, other_shape; /* it has compares that the spec does not name; another width or sign */
} Match;

/* Among the variables of the spec's function. A spec that names no compares is matched by whatever is held. */
Match match_variable(const ProbeSpec *spec, const SearchResult *result);

/* What was found of its compares, in words. */
void match_text(Sink *t, const Match *m, const ProbeSpec *spec);

#endif
