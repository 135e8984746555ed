/* elf/relr.c - an even word is an address; an odd one a bitmap of the 63 words after the last.
 *
 * A sane table goes upward. One that does not is cut there, so that there are never more addresses than words in memory.
 */
#include "elf/relr.h"
#include "elf/cursor.h"
#include "elf/order.h"

enum { SPAN = 63 * 8 };

static uint64_t word_at(Bytes words, size_t at)
{
    Cursor c = cursor_at(words, at);
    return cursor_u64(&c);
}

/* Does the word go upward from `next`? Then *next is what the one after it counts from. */
static bool word_follows(uint64_t word, Addr *next)
{
    if (*next > UINT64_MAX - SPAN)
        return false;
    if (word & 1) {
        *next += SPAN;
        return true;
    }
    bool upward = word >= *next && word <= UINT64_MAX - SPAN;
    if (upward)
        *next = word + 8;
    return upward;
}

bool relr_open(Relr *out, Bytes words, Arena *arena)
{
    size_t n = words.n / 8;
    *out = (Relr){.words = {words.p, 0}, .marks = arena_alloc(arena, n / RELR_STRIDE + 1, sizeof *out->marks)};
    Addr next = 0;
    for (size_t i = 0; out->marks && i < n; i++) {
        if (i % RELR_STRIDE == 0)
            out->marks[out->nmarks++] = next;
        if (!word_follows(word_at(words, i * 8), &next))
            break;
        out->words.n += 8;
    }
    return out->marks != NULL;
}

/* The last mark at or below addr. The first is 0. */
static size_t mark_before(const Relr *r, Addr addr)
{
    return order_after(r->marks, r->nmarks, sizeof(Addr), 0, addr) - 1;
}

bool relr_holds(const Relr *r, Addr addr)
{
    if (r->words.n == 0)
        return false;
    size_t mark = mark_before(r, addr);
    Addr next = r->marks[mark];
    for (size_t at = mark * RELR_STRIDE * 8; at < r->words.n && next <= addr; at += 8) {
        uint64_t word = word_at(r->words, at);
        if (!(word & 1) && word == addr)
            return true;
        if (word & 1 && addr - next < SPAN && (addr - next) % 8 == 0)
            return word >> ((addr - next) / 8 + 1) & 1;
        word_follows(word, &next);
    }
    return false;
}

bool relr_next(const Relr *r, RelrWalk *w, Addr *addr)
{
    while (w->bits == 0) {
        if (w->at >= r->words.n)
            return false;
        uint64_t word = word_at(r->words, w->at);
        w->base = word & 1 ? w->next : word;
        w->bits = word & 1 ? word >> 1 : 1;
        w->at += 8;
        word_follows(word, &w->next);
    }
    unsigned bit = (unsigned)__builtin_ctzll(w->bits);
    *addr = w->base + (Addr)bit * 8;
    w->bits &= w->bits - 1;
    return true;
}
