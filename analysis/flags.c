/* analysis/flags.c - see flags.h. */
#include "analysis/flags.h"

enum { STATUS = FLAG_O | FLAG_S | FLAG_Z | FLAG_A | FLAG_P | FLAG_C, BLOCKS_MAX = 32 };

typedef struct FlagWalk {
    const Body *b;
    uint32_t *out;
    unsigned n;
    uint32_t blocks[BLOCKS_MAX]; /* to be searched from their end; those before `next` are done */
    unsigned nblocks, next;
} FlagWalk;

/* Looks for a writer in steps [first, end) of the block: 1 found, 0 none, -1 the flags are lost there. */
static int flags_in(FlagWalk *w, const Block *block, uint32_t end)
{
    for (uint32_t i = end; i > block->first; i--) {
        const Step *s = &w->b->steps[i - 1];
        if (s->insn.flow == FLOW_CALL)
            return -1;
        if (!((s->effects.flags_written | s->effects.flags_undefined) & STATUS))
            continue;
        if (w->n == FLAGS_WRITERS_MAX)
            return -1;
        w->out[w->n++] = i - 1;
        return 1;
    }
    return 0;
}

/* Puts the block's predecessors on the list; false where not all ways are known. */
static bool flags_back(FlagWalk *w, uint32_t at)
{
    const Block *block = &w->b->blocks[at];
    if (block->npred == 0 || at == w->b->entry || block->pad || block->foreign)
        return false;
    for (uint32_t i = 0; i < block->npred; i++) {
        bool seen = false;
        for (unsigned k = 0; k < w->nblocks && !seen; k++)
            seen = w->blocks[k] == block->pred[i].block;
        if (seen)
            continue;
        if (w->nblocks == BLOCKS_MAX)
            return false;
        w->blocks[w->nblocks++] = block->pred[i].block;
    }
    return true;
}

unsigned flags_writers(const Body *b, uint32_t step, uint32_t *out)
{
    FlagWalk w = {.b = b, .out = out};
    uint32_t at = body_block_of(b, step);
    int found = flags_in(&w, &b->blocks[at], step);
    if (found)
        return found > 0 ? w.n : 0;
    if (!flags_back(&w, at))
        return 0;
    while (w.next < w.nblocks) {
        uint32_t now = w.blocks[w.next++];
        const Block *block = &b->blocks[now];
        found = flags_in(&w, block, block->first + block->n);
        if (found < 0 || (!found && !flags_back(&w, now)))
            return 0;
    }
    return w.n;
}

uint32_t flags_writer(const Body *b, uint32_t step)
{
    uint32_t out[FLAGS_WRITERS_MAX];
    return flags_writers(b, step, out) == 1 ? out[0] : UINT32_MAX;
}
