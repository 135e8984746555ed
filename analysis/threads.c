/* analysis/threads.c - see threads.h. */
#include "analysis/threads.h"

#include <pthread.h>
#include <stdatomic.h>

enum { STACK_BYTES = 8 << 20 };

typedef struct Crew {
    ThreadsWork *work;
    void *context;
    size_t end, take;
    atomic_size_t next; /* the first item not taken */
    atomic_bool failed;
} Crew;

typedef struct Hand {
    Crew *crew;
    size_t index;
    pthread_t id;
    bool started;
} Hand;

/* Works until nothing is left. */
static void *hand_run(void *context)
{
    Hand *h = context;
    Crew *c = h->crew;
    for (;;) {
        size_t from = atomic_fetch_add(&c->next, c->take);
        if (from >= c->end || atomic_load(&c->failed))
            return NULL;
        if (!c->work(c->context, h->index, from, c->end - from < c->take ? c->end : from + c->take))
            atomic_store(&c->failed, true);
    }
}

/* Starts all but the first, which is the caller's. One that can't be started is not missed. */
static void hands_start(Hand *hands, size_t n)
{
    pthread_attr_t attributes;
    if (n < 2 || pthread_attr_init(&attributes) != 0)
        return;
    bool sized = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0;
    for (size_t i = 1; sized && i < n; i++)
        hands[i].started = pthread_create(&hands[i].id, &attributes, hand_run, &hands[i]) == 0;
    pthread_attr_destroy(&attributes);
}

bool threads_each(size_t n, size_t from, size_t to, size_t take, ThreadsWork *work, void *context)
{
    Crew crew = {.work = work, .context = context, .end = to, .take = take, .next = from};
    size_t useful = (to - from) / take + 1, most = n < THREADS_MAX ? n : THREADS_MAX;
    most = most < useful ? most : useful;
    Hand hands[THREADS_MAX] = {{.crew = &crew}};
    for (size_t i = 1; i < most; i++)
        hands[i] = (Hand){.crew = &crew, .index = i};
    hands_start(hands, most);
    hand_run(&hands[0]);
    for (size_t i = 1; i < most; i++)
        if (hands[i].started)
            pthread_join(hands[i].id, NULL);
    return !atomic_load(&crew.failed);
}
