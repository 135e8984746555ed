/* analysis/liveness.c - see liveness.h. */
#include "analysis/liveness.h"

enum { LIVE_BLOCKS = 64 };

typedef struct LiveWalk {
    const Body *b;
    unsigned reg;
    uint32_t blocks[LIVE_BLOCKS];
    unsigned n, next;
    bool lost; /* more blocks than the walk will look at */
} LiveWalk;

/* What steps [from, end) do first: 1 read, -1 write whole, 0 neither. */
static int first_touch(const LiveWalk *w, uint32_t from, uint32_t end)
{
    for (uint32_t i = from; i < end; i++) {
        const Step *s = &w->b->steps[i];
        if (regset_has(s->effects.reads, w->reg))
            return 1;
        bool kept = w->reg < 32 && (s->call.kept_read | s->call.kept_abi) >> w->reg & 1;
        if (s->insn.flow == FLOW_CALL ? !kept : regset_has(s->effects.kills, w->reg))
            return -1;
        if (s->insn.flow == FLOW_RETURN && w->reg == REG_RAX)
            return 1;
    }
    return 0;
}

static void live_push(LiveWalk *w, uint32_t block)
{
    const Block *k = &w->b->blocks[block];
    for (uint32_t i = 0; i < k->nsucc; i++) {
        bool seen = false;
        for (unsigned j = 0; j < w->n && !seen; j++)
            seen = w->blocks[j] == k->succ[i].block;
        if (!seen && w->n < LIVE_BLOCKS)
            w->blocks[w->n++] = k->succ[i].block;
        else if (!seen)
            w->lost = true;
    }
}

bool register_live_after(const Body *b, uint32_t step, unsigned reg)
{
    LiveWalk w = {.b = b, .reg = reg};
    uint32_t at = body_block_of(b, step);
    int touch = first_touch(&w, step + 1, b->blocks[at].first + b->blocks[at].n);
    if (touch)
        return touch > 0;
    live_push(&w, at);
    while (w.next < w.n && !w.lost) {
        uint32_t now = w.blocks[w.next++];
        touch = first_touch(&w, b->blocks[now].first, b->blocks[now].first + b->blocks[now].n);
        if (touch > 0)
            return true;
        if (!touch)
            live_push(&w, now);
    }
    return w.lost;
}
