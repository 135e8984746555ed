/* analysis/summary_parts.h - what the files of summary.h share: names, memory, bodies, closures. */
#ifndef LVSCAN_ANALYSIS_SUMMARY_PARTS_H
#define LVSCAN_ANALYSIS_SUMMARY_PARTS_H

#include "analysis/summary.h"

/* A callee that has been read. */
typedef struct KnownCallee {
    Addr target;
    Summary summary;
} KnownCallee;

/* All that a body's callees are known to do; those that are not here are known by name only. */
struct KnownCallees {
    const KnownCallee *items; /* by target */
    size_t n;
};

/* ---- summary_names.c ---- */

/* Nothing is known but the ABI. */
Summary summary_by_abi(const Program *program);

/* What the name of a function says. */
Summary summary_by_name(const Program *program, Str name);

/* ---- summary.c ---- */

/* What is known of a callee that is not read, by its name or the PLT stub that it is. */
Summary summary_unread(Program *program, Addr target);

/* Is there a function at `target` that can be read: no stub, nothing whose name says all, no larger than what is read? Into *f. */
bool summary_readable(Program *program, Addr target, Function *f);

/* summary_unread of one that can't be: it is remembered for its closure, too. */
Summary summary_unreadable(Program *program, Addr target);

/* ---- summary_read.c ---- */

/* What f's body says, its callees being these. */
Summary summary_read(Program *program, const Function *f, Callees callees);

/* ---- closure.c ---- */

/* f with all that it calls, and that calls, and so on: true, and *out is its summary; or there is too much of that. */
bool closure_summary(Summary *out, Program *program, const Function *f);

/* ---- summary_memory.c ---- */

/* What an entry answers: depth 0 .. SUMMARY_DEPTH of summary_of, or the closure of the target. */
enum { MEMORY_CLOSURE = SUMMARY_DEPTH + 1 };
#define WEIGHT_OVER UINT32_MAX

typedef struct SummaryEntry {
    uint64_t key; /* 0: free */
    Summary summary;
    uint32_t weight; /* of a closure (closure.c); WEIGHT_OVER: it is too large, there is no summary */
} SummaryEntry;

bool memory_get(Program *program, Addr target, unsigned what, SummaryEntry *out);
void memory_put(Program *program, Addr target, unsigned what, Summary summary, uint32_t weight);

#endif
