/* x86/mktables/fast.c - the table of the short way (format.h, Fast): what needs no prefix but REX and at most one choice.
 *
 * For each opcode all keys that there can be are tried; the field that leaves the fewest of them undecided is looked at.
 */
#include "x86/mktables/mktables.h"

#include <string.h>

enum { SLOW = MAX_ROWS };

/* A key without prefixes, but for REX: REG, RM, MOD, B, W, 10 bits in all. */
enum { KEYS = 8 * 8 * 4 * 2 * 2 };

typedef struct Field {
    uint8_t key, shift, values; /* KEY_*; its place in KEYS' numbering */
    uint8_t at;                 /* its place in the key */
} Field;
static const Field fields[] = {
    {KEY_REG, 0, 8, KEY_REG_SHIFT}, {KEY_RM, 3, 8, KEY_RM_SHIFT}, {KEY_MOD3, 6, 4, 6},
    {KEY_B, 8, 2, KEY_B_SHIFT},     {KEY_W, 9, 2, KEY_W_SHIFT},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static unsigned key_value(unsigned key, unsigned field)
{
    return key >> fields[field].shift & (fields[field].values - 1u);
}
static unsigned key_wide(unsigned key) { return key >> 9 & 1; }
static unsigned key_reg(unsigned key) { return key >> 1 & 3; }

static bool row_takes(const TblRow *row, unsigned key)
{
    if (!(row->allow[KEY_PP] & row->allow[KEY_L] & row->allow[KEY_ASZ] & row->allow[KEY_REX2] & 1))
        return false;
    if (!(row->allow[KEY_OSZ] & (key_wide(key) ? 4 : 2)))
        return false;
    for (unsigned f = 0; f < FIELDS; f++) {
        unsigned v = key_value(key, f);
        if (!(row->allow[fields[f].key] >> (fields[f].key == KEY_MOD3 ? v == 3 : v) & 1))
            return false;
    }
    return true;
}

/* mov's immediate of 8 bytes is the only one that REX.W makes longer. */
static bool row_is_short(const TblRow *row, unsigned key)
{
    return !(row->form.bits & FORM_CHECK) && row->allow[KEY_RIP] == 0xff &&
           !(form_imm(&row->form) == IMM_UV && key_wide(key));
}

/* The row of each key, or SLOW. */
static void rows_find(const Tables *t, unsigned map, unsigned opcode, uint16_t *of)
{
    for (unsigned key = 0; key < KEYS; key++)
        of[key] = SLOW;
    for (unsigned r = 1; r < t->nrows; r++) {
        const TblRow *row = &t->rows[r];
        if (row->map != map || opcode < row->opcode || opcode >= row->opcode + row->opcodes)
            continue;
        for (unsigned key = 0; key < KEYS; key++)
            if (row_takes(row, key) && row_is_short(row, key))
                of[key] = (uint16_t)r;
    }
}

/* The entries for the field's values; returns how many keys they decide. */
static unsigned field_entries(const uint16_t *of, unsigned field, uint16_t *entries)
{
    unsigned decided[8] = {0}, sum = 0, n = fields[field].values;
    bool set[8] = {false};
    for (unsigned key = 0; key < KEYS; key++) {
        unsigned v = key_value(key, field);
        if (set[v] && entries[v] != of[key])
            entries[v] = SLOW;
        else
            entries[v] = of[key];
        set[v] = true;
    }
    for (unsigned key = 0; key < KEYS; key++)
        decided[key_value(key, field)] += entries[key_value(key, field)] != SLOW;
    for (unsigned v = 0; v < n; v++)
        sum += decided[v];
    return sum;
}

static unsigned imm_length(unsigned imm)
{
    switch (imm) {
    case IMM_NONE: return 0;
    case IMM_U8:
    case IMM_S8:
    case IMM_REL8: return 1;
    case IMM_U16: return 2;
    default: return 4;
    }
}

/* The bytes from the opcode on, which must not depend on more than the upper two bits of ModRM.reg. */
static void lengths_find(const Tables *t, const uint16_t *of, Fast *out)
{
    for (unsigned key = 0; key < KEYS; key++) {
        if (of[key] == SLOW)
            continue;
        const Form *form = &t->rows[of[key]].form;
        unsigned modrm = form->bits & FORM_MODRM, length = 1 + modrm + imm_length(form_imm(form));
        unsigned at = 4 * key_reg(key), before = out->lengths >> at & 15u;
        if (before && before != length)
            table_fail(t, t->rows[of[key]].line, "the short way cannot tell the length", "");
        out->lengths |= (uint16_t)(length << at);
        out->modrm_or = modrm ? 0 : 0xc0;
        out->modrm_shift = modrm ? 8 : 0;
    }
}

static void opcode_build(Tables *t, unsigned map, unsigned opcode)
{
    uint16_t of[KEYS], entries[8] = {SLOW}, best[8] = {SLOW};
    Fast *out = &t->fast[map * 256 + opcode];
    unsigned most = 0, values = 1;
    rows_find(t, map, opcode, of);
    for (unsigned f = 0; f < FIELDS && most < KEYS; f++) {
        unsigned decided = field_entries(of, f, entries);
        if (decided <= most)
            continue;
        most = decided, values = fields[f].values;
        out->shift = fields[f].at, out->mask = (uint8_t)(values - 1);
        memcpy(best, entries, sizeof best);
    }
    bool same = true;
    for (unsigned v = 0; v < values; v++)
        same &= best[v] == best[0];
    if (same)
        out->mask = 0, values = 1;
    out->first = (uint16_t)words_add(t, t->choices, &t->nchoices, MAX_CHOICES, best, values);
    lengths_find(t, of, out);
}

void fast_build(Tables *t)
{
    for (unsigned at = 0; at < 2 * 256; at++)
        opcode_build(t, at / 256, at % 256);
}
