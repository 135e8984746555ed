/* analysis/threads.h - several threads take pieces of some work from one counter. */
#ifndef LVSCAN_ANALYSIS_THREADS_H
#define LVSCAN_ANALYSIS_THREADS_H

#include <stdbool.h>
#include <stddef.h>

enum { THREADS_MAX = 256 };

/* Works on items [from, to); `thread` counts from 0, which is the caller's own. False: nobody need go on. */
typedef bool ThreadsWork(void *context, size_t thread, size_t from, size_t to);

/* Has up to n > 0 threads (at most THREADS_MAX) work on items [from, to), `take` at a time, and waits for them. Fewer do when there is
 * less to do, or no more can be started. False when one of them was. */
bool threads_each(size_t n, size_t from, size_t to, size_t take, ThreadsWork *work, void *context);

#endif
