/* x86/mktables/trie.c - the choice trees: for each opcode the rows that share it, told apart by key fields.
 *
 * A node looks at one field of the key (KEY_FIELDS) and has an entry for each of its values. Equal nodes are shared.
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

/* The order in which fields are tried: what splits most opcodes first. */
static const uint8_t field_order[KEY_COUNT] = {KEY_PP, KEY_MOD3, KEY_REG, KEY_RM, KEY_W,
                                               KEY_L,  KEY_OSZ,  KEY_ASZ, KEY_B,  KEY_REX2};

static const uint8_t imm_bytes[] = {
    [IMM_NONE] = BYTES_0,  [IMM_U8] = BYTES_1,   [IMM_S8] = BYTES_1,          [IMM_U16] = BYTES_2,  [IMM_SZ] = BYTES_Z,
    [IMM_UV] = BYTES_V,    [IMM_S32] = BYTES_4,  [IMM_REL8] = BYTES_1,        [IMM_RELZ] = BYTES_Z, [IMM_U32] = BYTES_4,
    [IMM_ENTER] = BYTES_3, [IMM_TWO8] = BYTES_2, [IMM_MOFFS] = BYTES_ADDRESS, [IMM_ONE] = BYTES_0,  [IMM_U4] = BYTES_1,
};

typedef struct Slot {
    unsigned row[128], n;
    uint8_t region[KEY_COUNT];
} Slot;

static unsigned entry_build(Tables *t, const Slot *slot);

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

static unsigned child_build(Tables *t, const Slot *slot, unsigned f, unsigned value)
{
    uint8_t bit = (uint8_t)(1u << value);
    if (!(slot->region[f] & bit))
        return 0;
    Slot child = {.n = 0};
    memcpy(child.region, slot->region, sizeof child.region);
    child.region[f] = bit;
    for (unsigned i = 0; i < slot->n; i++)
        if (t->rows[slot->row[i]].allow[f] & bit)
            child.row[child.n++] = slot->row[i];
    return entry_build(t, &child);
}

/* The index of a node equal to these words, made if there is none. */
static unsigned node_add(Tables *t, const uint16_t *words, unsigned n)
{
    for (unsigned i = 0; i + n <= t->ntrie; i++)
        if (!memcmp(t->trie + i, words, n * sizeof *words))
            return i;
    if (t->ntrie + n > MAX_TRIE)
        table_fail(t, 0, "the trie is too big", "");
    memcpy(t->trie + t->ntrie, words, n * sizeof *words);
    t->ntrie += n;
    return t->ntrie - n;
}

static unsigned node_build(Tables *t, const Slot *slot, unsigned f)
{
    uint16_t words[1 + 8];
    unsigned n = 1u << field_bits[f];
    bool same = true;
    words[0] = (uint16_t)(field_shift[f] | ((1u << field_bits[f]) - 1) << 8);
    for (unsigned v = 0; v < n; v++) {
        words[1 + v] = (uint16_t)child_build(t, slot, f, v);
        same &= words[1 + v] == words[1];
    }
    return same ? words[1] : ENTRY_NODE | node_add(t, words, n + 1);
}

static unsigned entry_build(Tables *t, const Slot *slot)
{
    if (!slot->n)
        return 0;
    for (int i = 0; i < KEY_COUNT; i++)
        if (field_splits(t, slot, field_order[i]))
            return node_build(t, slot, field_order[i]);
    if (slot->n != 1)
        table_fail(t, t->rows[slot->row[1]].line, "cannot be told from an earlier row", "");
    const Row *row = &t->rows[slot->row[0]].row;
    return slot->row[0] | (unsigned)imm_bytes[t->patterns[row->pattern].imm] << ENTRY_IMM_SHIFT;
}

static void slot_check(const Tables *t, const Slot *slot)
{
    for (unsigned i = 0; i < slot->n; i++)
        for (unsigned j = 0; j < i; j++)
            if (rows_overlap(&t->rows[slot->row[i]], &t->rows[slot->row[j]])) {
                char line[32];
                snprintf(line, sizeof line, "%d", t->rows[slot->row[j]].line);
                table_fail(t, t->rows[slot->row[i]].line, "the same encoding as line", line);
            }
}

/* The first step of the walk is packed into the root; one without a choice is a choice among one entry. */
static uint32_t root_entry(Tables *t, unsigned entry)
{
    uint16_t word = (uint16_t)entry;
    if (!(entry & ENTRY_NODE))
        return node_add(t, &word, 1);
    unsigned node = entry & (ENTRY_NODE - 1);
    return (node + 1) | (uint32_t)(t->trie[node] & 0xff) << 16 | (uint32_t)(t->trie[node] >> 8) << 24;
}

/* Whether the opcode has ModRM, which all rows must agree about. */
static uint32_t slot_modrm(const Tables *t, const Slot *slot)
{
    unsigned with = 0;
    for (unsigned i = 0; i < slot->n; i++)
        with += t->rows[slot->row[i]].row.flags & ROW_MODRM;
    if (with && with != slot->n)
        table_fail(t, t->rows[slot->row[0]].line, "only some of an opcode's rows have ModRM", "");
    return with ? ROOT_MODRM : 0;
}

static void slot_build(Tables *t, unsigned map, unsigned opcode)
{
    Slot slot = {.n = 0};
    for (unsigned r = 1; r < t->nrows; r++) {
        const TblRow *row = &t->rows[r];
        if (row->map != map || opcode < row->opcode || opcode >= row->opcode + row->opcodes)
            continue;
        if (slot.n == sizeof slot.row / sizeof slot.row[0])
            table_fail(t, row->line, "too many rows share an opcode", "");
        slot.row[slot.n++] = r;
    }
    for (int f = 0; f < KEY_COUNT; f++)
        slot.region[f] = (uint8_t)((1u << (1u << field_bits[f])) - 1);
    slot.region[KEY_OSZ] = 7;
    slot.region[KEY_L] = map >= MAP_XOP || map < MAP_EVEX ? map < MAP_VEX ? 1 : 3 : 7; /* decode.c refuses the others */
    slot_check(t, &slot);
    t->root[map][opcode] = root_entry(t, entry_build(t, &slot)) | slot_modrm(t, &slot);
}

void trie_build(Tables *t)
{
    for (unsigned map = 0; map < MAP_COUNT; map++)
        for (unsigned opcode = 0; opcode < 256; opcode++)
            slot_build(t, map, opcode);
}
