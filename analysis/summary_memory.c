/* analysis/summary_memory.c - the summaries made so far: shards, each with a lock and a table of two-way buckets that forgets when it
 * is full. */
#include "analysis/summary_parts.h"

#include <pthread.h>
#include <stdlib.h>

enum { SHARDS = 64, SHARD_MIN = 64, SHARD_MAX = 2048 };

typedef struct Shard {
    pthread_mutex_t lock;
    SummaryEntry *entries;
    size_t n, size; /* size: a power of two, or 0 */
} Shard;

struct Summaries {
    Shard shards[SHARDS];
};

/* Addresses that do not fit a key are not remembered: no program has code there. */
static bool memory_holds(Addr target) { return target < (uint64_t)1 << 61; }

static uint64_t memory_key(Addr target, unsigned what) { return (target << 2 | what) + 1; }

static uint64_t summary_hash(uint64_t key) { return key * 0x9e3779b97f4a7c15u; }

/* Of the two entries that may hold the key: the one that does, a free one, or the one to be forgotten. None becomes free again, so the
 * second holds nothing while the first is free. */
static SummaryEntry *summary_place(SummaryEntry *entries, size_t size, uint64_t key)
{
    SummaryEntry *first = &entries[(size_t)(summary_hash(key) >> 24) & (size - 1)];
    SummaryEntry *second = &entries[(size_t)(summary_hash(key) >> 40) & (size - 1)];
    return first->key == key || first->key == 0 ? first : second;
}

static void shard_grow(Shard *s)
{
    size_t size = s->size ? s->size * 2 : SHARD_MIN;
    SummaryEntry *entries = calloc(size, sizeof *entries);
    if (!entries)
        return;
    s->n = 0;
    for (size_t i = 0; i < s->size; i++)
        if (s->entries[i].key) {
            SummaryEntry *e = summary_place(entries, size, s->entries[i].key);
            s->n += e->key == 0;
            *e = s->entries[i];
        }
    free(s->entries);
    s->entries = entries;
    s->size = size;
}

bool summaries_open(Program *program)
{
    program->summaries = calloc(1, sizeof *program->summaries);
    for (size_t i = 0; program->summaries && i < SHARDS; i++)
        pthread_mutex_init(&program->summaries->shards[i].lock, NULL);
    return program->summaries != NULL;
}

void summaries_close(Program *program)
{
    for (size_t i = 0; program->summaries && i < SHARDS; i++) {
        pthread_mutex_destroy(&program->summaries->shards[i].lock);
        free(program->summaries->shards[i].entries);
    }
    free(program->summaries);
    program->summaries = NULL;
}

static Shard *shard_of(Program *program, uint64_t key) { return &program->summaries->shards[summary_hash(key) >> 58]; }

bool memory_get(Program *program, Addr target, unsigned what, SummaryEntry *out)
{
    uint64_t key = memory_key(target, what);
    Shard *s = shard_of(program, key);
    if (!memory_holds(target))
        return false;
    pthread_mutex_lock(&s->lock);
    const SummaryEntry *e = s->size ? summary_place(s->entries, s->size, key) : NULL;
    bool found = e && e->key == key;
    if (found)
        *out = *e;
    pthread_mutex_unlock(&s->lock);
    return found;
}

void memory_put(Program *program, Addr target, unsigned what, Summary summary, uint32_t weight)
{
    uint64_t key = memory_key(target, what);
    Shard *s = shard_of(program, key);
    if (!memory_holds(target))
        return;
    pthread_mutex_lock(&s->lock);
    if (s->n * 2 >= s->size && s->size < SHARD_MAX)
        shard_grow(s);
    if (s->size) {
        SummaryEntry *e = summary_place(s->entries, s->size, key);
        s->n += e->key == 0;
        *e = (SummaryEntry){key, summary, weight};
    }
    pthread_mutex_unlock(&s->lock);
}
