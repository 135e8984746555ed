/* x86/mktables/trie.c - an opcode's rows -> the nodes that tell them apart by fields of the key (KEY_FIELDS).
 *
 * A node looks at one field and has an entry for each of its values. Of the orders in which fields can be looked at, the
 * one that takes the fewest words is chosen. Equal nodes are shared; many opcodes' are equal, as rows are counted from an
 * opcode's first.
 */
#include "x86/mktables/mktables.h"

#include <stdio.h>
#include <string.h>

static const uint8_t field_shift[] = {
#define X(name, shift, bits) shift,
    KEY_FIELDS(X)
#undef X
};
static const uint8_t field_bits[] = {
#define X(name, shift, bits) bits,
    KEY_FIELDS(X)
#undef X
};

/* The rows that are left, and the values of each field that are. */
typedef struct Slot {
    unsigned row[128], n;
    unsigned first; /* the opcode's first row */
    uint8_t region[KEY_COUNT];
} Slot;

static bool rows_overlap(const TblRow *a, const TblRow *b)
{
    for (int f = 0; f < KEY_COUNT; f++)
        if (!(a->allow[f] & b->allow[f]))
            return false;
    return true;
}

/* Whether some row of the slot takes only a part of the field's values that are still possible. */
static bool field_splits(const Tables *t, const Slot *slot, unsigned f)
{
    for (unsigned i = 0; i < slot->n; i++)
        if (slot->region[f] & ~t->rows[slot->row[i]].allow[f])
            return true;
    return false;
}

/* How many values of a field a node has entries for: none after the last that is possible. */
static unsigned field_values(const Slot *slot, unsigned f)
{
    unsigned n = 0;
    while (slot->region[f] >> n)
        n++;
    return n;
}

/* What is left of the slot when the field has that value; false: the value is impossible. */
static bool slot_narrow(const Tables *t, const Slot *slot, unsigned f, unsigned value, Slot *out)
{
    uint8_t bit = (uint8_t)(1u << value);
    out->n = 0;
    out->first = slot->first;
    if (!(slot->region[f] & bit))
        return false;
    memcpy(out->region, slot->region, sizeof out->region);
    out->region[f] = bit;
    for (unsigned i = 0; i < slot->n; i++)
        if (t->rows[slot->row[i]].allow[f] & bit)
            out->row[out->n++] = slot->row[i];
    return true;
}

static unsigned slot_cost(const Tables *t, const Slot *slot, unsigned *best);

/* The words of a node that looks at the field, and of those below it. */
static unsigned field_cost(const Tables *t, const Slot *slot, unsigned f)
{
    unsigned n = field_values(slot, f), used = 0, cost = 0, ignored;
    Slot child;
    for (unsigned v = 0; v < n; v++)
        if (slot_narrow(t, slot, f, v, &child) && child.n)
            used++, cost += slot_cost(t, &child, &ignored);
    return cost + (used == 1 ? 1 : 1 + n);
}

/* The words that the slot's nodes take, and the field to look at first, or KEY_COUNT where there is nothing to choose. */
static unsigned slot_cost(const Tables *t, const Slot *slot, unsigned *best)
{
    unsigned least = ~0u;
    *best = KEY_COUNT;
    for (unsigned f = 0; f < KEY_COUNT && slot->n; f++) {
        if (!field_splits(t, slot, f))
            continue;
        unsigned cost = field_cost(t, slot, f);
        if (cost < least)
            least = cost, *best = f;
    }
    return *best == KEY_COUNT ? 0 : least;
}

unsigned items_add(const Tables *t, void *pool, unsigned *n, unsigned most, const void *items, unsigned count,
                   size_t size)
{
    for (unsigned i = 0; i + count <= *n; i++)
        if (!memcmp((char *)pool + i * size, items, count * size))
            return i;
    if (*n + count > most)
        table_fail(t, t->line, "too many different rows, for a table of",
                   size == 2 ? "nodes" : "shapes, forms or traits");
    memcpy((char *)pool + *n * size, items, count * size);
    *n += count;
    return *n - count;
}

static unsigned entry_build(Tables *t, const Slot *slot);
static unsigned words_build(Tables *t, const Slot *slot, uint16_t *words);

/* The value of the field that alone leaves rows, or the number of values. */
static unsigned only_value(const Tables *t, const Slot *slot, unsigned f)
{
    unsigned n = field_values(slot, f), used = 0, only = 0;
    Slot child;
    for (unsigned v = 0; v < n; v++)
        if (slot_narrow(t, slot, f, v, &child) && child.n)
            used++, only = v;
    return used == 1 ? only : n;
}

/* A node for one value, and the node or entry that comes after it. */
static unsigned one_build(Tables *t, const Slot *slot, unsigned f, unsigned value, uint16_t *words)
{
    Slot child;
    slot_narrow(t, slot, f, value, &child);
    unsigned n = words_build(t, &child, words + 1);
    words[0] |= (uint16_t)(NODE_ONE | value << NODE_VALUE_SHIFT | (n ? NODE_NEXT : 0));
    if (!n)
        words[1] = (uint16_t)entry_build(t, &child);
    return 1 + (n ? n : 1);
}

/* Writes the slot's first node, and those that follow it without an entry, into words; returns how many, 0: none. */
static unsigned words_build(Tables *t, const Slot *slot, uint16_t *words)
{
    unsigned f;
    slot_cost(t, slot, &f);
    if (f == KEY_COUNT)
        return 0;
    unsigned n = field_values(slot, f), only = only_value(t, slot, f);
    words[0] = (uint16_t)(field_shift[f] | (n <= 2 ? 1 : n <= 4 ? 3 : 7) << 8);
    if (only < n)
        return one_build(t, slot, f, only, words);
    for (unsigned v = 0; v < n; v++) {
        Slot child;
        words[1 + v] = slot_narrow(t, slot, f, v, &child) ? (uint16_t)entry_build(t, &child) : 0;
    }
    return 1 + n;
}

static unsigned entry_build(Tables *t, const Slot *slot)
{
    uint16_t words[KEY_COUNT + 1 + 8];
    unsigned n = words_build(t, slot, words);
    if (n)
        return ENTRY_NODE | items_add(t, t->trie, &t->ntrie, MAX_TRIE, words, n, sizeof *words);
    if (slot->n > 1)
        table_fail(t, t->rows[slot->row[1]].line, "cannot be told from an earlier row", "");
    return slot->n ? slot->row[0] - slot->first + 1 : 0;
}

/* Rows must exclude one another, and agree about whether there is ModRM. */
static void slot_check(const Tables *t, const Slot *slot)
{
    for (unsigned i = 0; i < slot->n; i++)
        for (unsigned j = 0; j < i; j++) {
            const TblRow *a = &t->rows[slot->row[i]], *b = &t->rows[slot->row[j]];
            if (rows_overlap(a, b)) {
                char line[32];
                snprintf(line, sizeof line, "%d", b->line);
                table_fail(t, a->line, "the same encoding as line", line);
            }
            if ((a->form.bits ^ b->form.bits) & FORM_MODRM)
                table_fail(t, a->line, "only some of an opcode's rows have ModRM", "");
        }
}

static void slot_fill(const Tables *t, unsigned map, unsigned opcode, Slot *slot)
{
    slot->n = slot->row[0] = 0;
    for (unsigned r = 1; r < t->nrows; r++) {
        const TblRow *row = &t->rows[r];
        if (row->map != map || opcode < row->opcode || opcode >= row->opcode + row->opcodes)
            continue;
        if (slot->n == sizeof slot->row / sizeof slot->row[0])
            table_fail(t, row->line, "too many rows share an opcode", "");
        slot->row[slot->n++] = r;
    }
    for (int f = 0; f < KEY_COUNT; f++)
        slot->region[f] = (uint8_t)((1u << (1u << field_bits[f])) - 1);
    slot->first = slot->row[0];
    slot->region[KEY_OSZ] = 7;
    slot->region[KEY_L] = map < MAP_VEX                      ? 1
                          : map < MAP_EVEX || map >= MAP_XOP ? 3
                                                             : 7; /* the decoder refuses the others */
}

/* The word of x86_entries; *first: the first row of its page, 0 until there is one. */
static uint16_t opcode_build(Tables *t, unsigned map, unsigned opcode, uint16_t *first)
{
    Slot slot;
    slot_fill(t, map, opcode, &slot);
    slot_check(t, &slot);
    uint16_t entry = (uint16_t)entry_build(t, &slot);
    unsigned root = items_add(t, t->roots, &t->nroots, ENTRY_ROOTS, &entry, 1, sizeof entry);
    if (!slot.n)
        return (uint16_t)(root * ENTRY_ROWS);
    if (!*first)
        *first = (uint16_t)slot.first;
    unsigned rows = slot.first - *first;
    if (slot.first < *first || rows >= ENTRY_ROWS)
        table_fail(t, t->rows[slot.row[0]].line, "too many rows before it, in its page of opcodes", "");
    return (uint16_t)(root * ENTRY_ROWS + rows);
}

static unsigned page_add(Tables *t, const uint16_t *entries)
{
    for (unsigned i = 0; i < t->npages; i++)
        if (!memcmp(t->entries[i], entries, sizeof t->entries[i]))
            return i;
    if (t->npages == MAX_PAGES)
        table_fail(t, 0, "too many pages of opcodes", "");
    memcpy(t->entries[t->npages], entries, sizeof t->entries[0]);
    return t->npages++;
}

void trie_build(Tables *t)
{
    uint16_t entries[PAGE_OPCODES];
    for (unsigned at = 0; at < MAP_COUNT * 256; at++) {
        entries[at % PAGE_OPCODES] = opcode_build(t, at / 256, at % 256, &t->first[at / PAGE_OPCODES]);
        if (at % PAGE_OPCODES == PAGE_OPCODES - 1)
            t->page[at / PAGE_OPCODES] = (uint8_t)page_add(t, entries);
    }
}
