/* analysis/search.h - the whole walk for one file: program_open, then search_run; or functions_describe. */
#ifndef LVSCAN_ANALYSIS_SEARCH_H
#define LVSCAN_ANALYSIS_SEARCH_H

#include "analysis/program.h"
#include "analysis/variable.h"

typedef struct Query {
    const int64_t *constants; /* ascending, no repeats; none: rank by number of constants */
    size_t nconstants;
    const double *reals; /* floats and doubles among the constants, in any order */
    size_t nreals;
    const Str *functions; /* names or "0x..." addresses; none: all */
    size_t nfunctions;
    size_t limit;    /* how many variables to keep; 0: all */
    uint8_t weakest; /* Proof: leave out weaker ranges; PROOF_PARTIAL keeps all */
    unsigned jobs;   /* threads, at least 1 */
    bool places;     /* look for Variable.places, too */
    bool whole;      /* analyse every function, without the pre-scan (same result, for tests) */
} Query;

/* How many constants were asked for; 0: any will do. */
static inline size_t query_asks(const Query *q) { return q->nconstants + q->nreals; }

typedef struct Stats {
    uint64_t functions;           /* known in the file */
    uint64_t analyzed;            /* decoded and followed */
    uint64_t instructions, bytes; /* of those */
    uint64_t unresolved_jumps;
} Stats;

typedef struct Warning {
    Addr pc;    /* 0: about the file */
    char *text; /* one line, may hold hostile bytes: escape it */
} Warning;

typedef struct SearchResult {
    Variable *variables; /* best first */
    size_t nvariables;
    size_t
        nfound; /* more than nvariables: there are others; how many is not known, those that could not win were not proved */
    Warning *warnings;
    size_t nwarnings;
    Stats stats;
} SearchResult;

/* Called now and then from the calling thread while a search runs; NULL for none. */
typedef void SearchProgress(void *context, uint64_t done, uint64_t all);

/* Runs the query. Results live in `arena`, which must outlive them; function pointers in program->arena.
 * False (with *diag) when memory is used up, or a named function does not exist. */
bool search_run(SearchResult *out, Program *program, const Query *query, Arena *arena, SearchProgress *progress,
                void *context, Diag *diag);

#endif
