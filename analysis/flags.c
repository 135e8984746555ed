/* analysis/flags.c - see flags.h. */
#include "analysis/flags.h"

enum { STATUS = FLAG_O | FLAG_S | FLAG_Z | FLAG_A | FLAG_P | FLAG_C, CHAIN_MAX = 16 };

uint32_t flags_writer(const Body *b, uint32_t step)
{
    uint32_t at = body_block_of(b, step), i = step;
    for (unsigned chain = 0; chain < CHAIN_MAX; chain++) {
        const Block *block = &b->blocks[at];
        while (i > block->first) {
            const Step *s = &b->steps[--i];
            if (!s->effects.known || s->insn.flow == FLOW_CALL)
                return UINT32_MAX;
            if ((s->effects.flags_written | s->effects.flags_undefined) & STATUS)
                return i;
        }
        if (block->npred != 1 || at == b->entry || block->pad || block->foreign)
            return UINT32_MAX;
        at = block->pred[0].block;
        i = b->blocks[at].first + b->blocks[at].n;
    }
    return UINT32_MAX;
}
