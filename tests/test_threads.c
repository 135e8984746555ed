/* tests/test_threads.c - work shared by threads: each item is taken once, whatever the system gives; failure ends it. */
#include "analysis/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>

/* What the system refuses from now on (the Makefile has these called instead of the C library's). */
static struct {
    bool init, stack;
    unsigned threads; /* how many may still be started */
} refused = {.threads = UINT32_MAX};

int __real_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *), void *context);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *), void *context);
int __real_pthread_attr_init(pthread_attr_t *attributes);
int __wrap_pthread_attr_init(pthread_attr_t *attributes);
int __real_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t n);
int __wrap_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t n);

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *), void *context)
{
    if (!refused.threads)
        return EAGAIN;
    refused.threads--;
    return __real_pthread_create(id, attributes, run, context);
}

int __wrap_pthread_attr_init(pthread_attr_t *attributes)
{
    return refused.init ? ENOMEM : __real_pthread_attr_init(attributes);
}

int __wrap_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t n)
{
    return refused.stack ? EINVAL : __real_pthread_attr_setstacksize(attributes, n);
}

enum { ITEMS = 5000, FROM = 3, TAKE = 7 };

typedef struct Job {
    atomic_uint taken[ITEMS];  /* by item */
    atomic_uint threads, most; /* the largest index of a thread; the most items taken at once */
    size_t bad;                /* the item that fails */
} Job;

static void raise_to(atomic_uint *most, unsigned n)
{
    unsigned was = atomic_load(most);
    while (was < n && !atomic_compare_exchange_weak(most, &was, n))
        continue;
}

static bool work(void *context, size_t thread, size_t from, size_t to)
{
    Job *job = context;
    raise_to(&job->threads, (unsigned)thread);
    raise_to(&job->most, (unsigned)(to - from));
    for (size_t i = from; i < to; i++)
        atomic_fetch_add(&job->taken[i], 1);
    return job->bad < from || job->bad >= to;
}

/* All items from FROM on are taken once, by threads below `n`. */
static void all_taken_once(size_t n)
{
    static Job job;
    memset(&job, 0, sizeof job);
    job.bad = ITEMS;
    assert_true(threads_each(n, FROM, ITEMS, TAKE, work, &job));
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(job.taken[i], i >= FROM);
    assert_true(job.threads < n && job.threads < THREADS_MAX);
    assert_int_equal(job.most, TAKE);
}

static void each_once(void **state)
{
    static const size_t counts[] = {1, 2, 16, THREADS_MAX, THREADS_MAX + 1, 10 * THREADS_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        all_taken_once(counts[i]);
}

/* The share of a thread that is not started is left to the others, at last to the caller. */
static void without_threads(void **state)
{
    (void)state;
    for (refused.threads = 0; refused.threads < 3; refused.threads++) {
        unsigned started = refused.threads;
        all_taken_once(8);
        assert_int_equal(refused.threads, 0);
        refused.threads = started;
    }
    refused.threads = UINT32_MAX;
    refused.init = true;
    all_taken_once(8);
    assert_int_equal(refused.threads, UINT32_MAX);
    refused.init = false;
    refused.stack = true;
    all_taken_once(8);
    assert_int_equal(refused.threads, UINT32_MAX);
    refused.stack = false;
}

/* Once one fails nothing more is taken. */
static void failure(void **state)
{
    static Job job;
    (void)state;
    for (size_t n = 1; n <= 4; n++) {
        memset(&job, 0, sizeof job);
        job.bad = FROM + TAKE;
        assert_false(threads_each(n, FROM, ITEMS, TAKE, work, &job));
        assert_int_equal(job.taken[job.bad], 1);
        if (n == 1)
            assert_int_equal(job.taken[FROM + 2 * TAKE], 0);
    }
    assert_true(threads_each(4, ITEMS, ITEMS, TAKE, work, &job)); /* nothing to do */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once),
        cmocka_unit_test(without_threads),
        cmocka_unit_test(failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
