/* analysis/glance_table.c - where the jump tables lie that a function may use, and how many entries they can have.
 *
 * A table can begin at any address that the function names, and is of words of 8 bytes, or of 4, which are added to the table's address.
 * Its entries are those words that lead into the function: as table.c reads it, no entry may be anything else, so a table ends at the
 * first that does not.
 */
#include "analysis/glance_look.h"

#include <string.h>

#include "analysis/body.h"

/* Bytes of an entry; of all entries, how many are looked at. */
enum { SUMS = 4, WORDS = 8, WORK_MAX = 1 << 20 };

static bool word_at(const Program *p, Addr at, uint64_t *out)
{
    Slot slot;
    if (!image_is_constant(&p->image, at))
        return false;
    if (slots_at(&p->slots, at, &slot)) {
        *out = slot.target;
        return slot.target != 0;
    }
    return image_number(&p->image, at, 64, out);
}

/* Entry i of the table, before it for negative i. */
static bool entry_target(const Program *p, Addr table, unsigned size, int64_t i, Addr *out)
{
    uint64_t word;
    Addr at = table + (uint64_t)i * size;
    if (size == WORDS)
        return word_at(p, at, out);
    if (!image_is_constant(&p->image, at) || !image_number(&p->image, at, 32, &word))
        return false;
    *out = table + (uint64_t)(int64_t)(int32_t)word;
    return true;
}

/* As is_target of table.c. */
static bool may_enter(const Look *l, Addr target)
{
    Function g;
    for (unsigned i = 0; i < l->nparts; i++)
        if (target >= l->parts[i].part.start && target <= l->parts[i].part.end)
            return true;
    for (size_t i = 0; i < l->ntargets; i++)
        if (l->targets[i] == target)
            return true;
    return program_function(l->g->program, target, &g) && g.fragment;
}

/* Notes where an entry leads; false when that is too much work. */
static bool entry_put(Look *l, const Function *f, Addr target)
{
    l->work += 1 + l->ntargets / 64;
    if (l->work > WORK_MAX || !look_adopt(l, f, target) ||
        !arena_grow(&l->g->work, (void **)&l->entries, l->nentries, &l->cap_entries, sizeof *l->entries))
        return false;
    l->entries[l->nentries++] = target;
    return true;
}

/* How many entries from `from` on, by `step`, lead into the function; each is noted. */
static uint64_t entries_run(Look *l, const Function *f, Addr table, unsigned size, int64_t from, int step)
{
    uint64_t n = 0;
    Addr target;
    while (n < BODY_MAX_TABLE && entry_target(l->g->program, table, size, from, &target) && may_enter(l, target)) {
        l->unsure |= !entry_put(l, f, target);
        if (l->unsure)
            break;
        from += step;
        n++;
    }
    return n;
}

static uint64_t entries_at(Look *l, const Function *f, Addr table, unsigned size)
{
    uint64_t n = entries_run(l, f, table, size, 0, 1);
    return n ? n + entries_run(l, f, table, size, -1, -1) : entries_run(l, f, table, size, -1, -1);
}

void tables_look(Look *l, const Function *f)
{
    l->entries_most = 0;
    for (size_t i = 0; l->tables && i < l->nnamed; i++)
        for (unsigned size = SUMS; size <= WORDS && !l->unsure; size += WORDS - SUMS) {
            uint64_t n = entries_at(l, f, l->named[i], size);
            l->entries_most = n > l->entries_most ? n : l->entries_most;
        }
}
