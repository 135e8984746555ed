/* analysis/worker.h - one thread's share of a search: its arenas, its best variables, its warnings and numbers. */
#ifndef LVSCAN_ANALYSIS_WORKER_H
#define LVSCAN_ANALYSIS_WORKER_H

#include "analysis/variables.h"

typedef struct Worker {
    Program *program;
    const Query *query;
    VariableSink sink;   /* its `results` points to ours */
    Arena results;       /* the variables kept; when there are too many, the best move to a new one */
    Arena body, scratch; /* of the function worked on */
    Arena notes;         /* the warnings */
    Warning *warnings;
    size_t nwarnings, cap_warnings;
    Stats stats;
} Worker;

/* The worker must not move afterwards. */
void worker_open(Worker *w, Program *program, const Query *query);

/* Decodes f, numbers its values, finds its variables. False when memory is used up. */
bool worker_function(Worker *w, const Function *f);

void worker_close(Worker *w);

/* A copy of v, all of it in `arena`. False when memory is used up. */
bool variable_copy(Variable *out, const Variable *v, Arena *arena);

/* Sorts variables best first; those that variable_order holds equal stay in their order. False when memory is used up. */
bool variables_sort(Variable *items, size_t n);

#endif
