/* analysis/untouched.c - see values.h: which registers still hold what they held at the function's entry, and which slots what they held when
 * the entry block ended.
 *
 * A register that no step writes on any path from the entry to a block is found at once for all registers and blocks, by a bit each; walking
 * back for each alone makes a join wherever ways meet, to find that they all agree. The bits only go down, so each block is
 * visited no more often than there are bits, however the ways go. A slot that only the entry block writes (where the prologue saves registers)
 * holds from there on what it holds at that block's end.
 */
#include "analysis/moves.h"
#include "analysis/summary.h"

/* Of so many slots it is found out: that is a look at all steps. */
enum { SCANS = 64 };

/* Registers that are cells, and: it is reached from the entry only. */
#define REGISTERS (((uint64_t)1 << CELL_SLOT0) - 1)
#define REACHED   ((uint64_t)1 << 63)

typedef struct Visits {
    Values *v;
    uint32_t *list; /* blocks to visit */
    uint32_t n;
    uint8_t *queued;
} Visits;

static void visits_add(Visits *visits, uint32_t block)
{
    if (!visits->queued[block])
        visits->list[visits->n++] = block;
    visits->queued[block] = 1;
}

/* What can be untouched at most where the block begins: as values.c joins ways. */
static uint64_t untouched_at_most(const Body *b, uint32_t block)
{
    const Block *k = &b->blocks[block];
    if (k->foreign || (k->npred == 0 && block != b->entry))
        return 0;
    return (k->pad ? (uint64_t)ABI_KEPT : REGISTERS) | REACHED;
}

static uint64_t block_writes(const Body *b, const Block *k)
{
    uint64_t writes = 0;
    for (uint32_t i = k->first; i < k->first + k->n; i++)
        writes |= step_writes(&b->steps[i]);
    return writes & REGISTERS;
}

static void visit_block(Visits *visits, uint32_t block)
{
    Values *v = visits->v;
    const Block *k = &v->body->blocks[block];
    uint64_t out = v->untouched[block] & ~v->writes[block];
    for (uint32_t i = 0; i < k->nsucc; i++) {
        uint64_t *to = &v->untouched[k->succ[i].block];
        if (*to & ~out)
            visits_add(visits, k->succ[i].block);
        *to &= out;
    }
}

bool untouched_find(Values *v)
{
    const Body *b = v->body;
    Arena *a = v->arena;
    Visits visits = {.v = v,
                     .list = arena_alloc(a, b->nblocks, sizeof *visits.list),
                     .queued = arena_alloc(a, b->nblocks, sizeof *visits.queued)};
    v->untouched = arena_alloc(a, b->nblocks, sizeof *v->untouched);
    v->writes = arena_alloc(a, b->nblocks, sizeof *v->writes);
    if (!visits.list || !visits.queued || !v->untouched || !v->writes)
        return false;
    for (uint32_t i = b->nblocks; i > 0; i--) {
        v->untouched[i - 1] = untouched_at_most(b, i - 1);
        v->writes[i - 1] = block_writes(b, &b->blocks[i - 1]);
        visits_add(&visits, i - 1);
    }
    while (visits.n) {
        uint32_t block = visits.list[--visits.n];
        visits.queued[block] = 0;
        visit_block(&visits, block);
    }
    return true;
}

bool block_keeps(const Values *v, uint32_t block, Cell c) { return c < CELL_SLOT0 && !(v->writes[block] >> c & 1); }

bool block_untouched(const Values *v, uint32_t block, Cell c)
{
    return c < CELL_SLOT0 && (v->untouched[block] >> c & 1);
}

bool step_untouched(const Values *v, uint32_t step, Cell c)
{
    uint32_t block = body_block_of(v->body, step);
    bool same = block_untouched(v, block, c);
    for (uint32_t i = v->body->blocks[block].first; same && i < step; i++)
        same = !(step_writes(&v->body->steps[i]) >> c & 1);
    return same;
}

/* Does no other block than the entry write the slot? */
static bool slot_settles(const Values *v, Cell c)
{
    const Body *b = v->body;
    const Block *entry = &b->blocks[b->entry];
    for (uint32_t i = 0; i < b->nsteps; i++)
        if (i - entry->first >= entry->n && values_step_writes(v, i, c))
            return false;
    return true;
}

bool slot_settled(Values *v, uint32_t block, Cell c)
{
    const Body *b = v->body;
    if (c < CELL_SLOT0 || block == b->entry || b->blocks[b->entry].npred || !(v->untouched[block] & REACHED))
        return false;
    StackSlot *s = &v->slots[c - CELL_SLOT0];
    if (s->settled == SETTLED_UNASKED)
        s->settled = v->nscans++ < SCANS && slot_settles(v, c) ? SETTLED_YES : SETTLED_NO;
    return s->settled == SETTLED_YES;
}
