/* x86/mktables/fast.c - the tables of the short way (format.h, Fast): what has at most one prefix before REX.
 *
 * For each opcode all keys that there can be are tried, and the bits of the key that make no difference are left out.
 */
#include "x86/mktables/mktables.h"

#include <string.h>

/* The keys of the short way (FAST_*), and ModRM.rm, which it does not look at. */
enum { KEYS = 2 * FAST_B, RMS = 8 };

/* No row has all traits and the last shape. */
#define ENTRY_ANY 0xffffffff

/* Where an opcode is; prefix as KEY_PP has it. */
typedef struct Place {
    unsigned prefix, map, opcode;
} Place;

/* What a key leads to: a row, or 0. */
typedef struct Choice {
    unsigned row, size; /* operand size or, for vectors, their length, as OPWORDS has them */
    bool wide, is_reg;
} Choice;

static unsigned key_reg(unsigned key) { return key >> FAST_REG_SHIFT & 7; }

static bool row_takes(const TblRow *row, unsigned prefix, unsigned key, unsigned rm)
{
    unsigned wide = key & FAST_W, is_reg = key & FAST_IS_REG ? 1 : 0;
    return (row->allow[KEY_L] & row->allow[KEY_ASZ] & row->allow[KEY_REX2] & 1) && row->allow[KEY_PP] >> prefix & 1 &&
           row->allow[KEY_OSZ] >> operand_size(0, wide, prefix == 1) & row->allow[KEY_W] >> wide &
               row->allow[KEY_MOD3] >> is_reg & row->allow[KEY_B] >> (key / FAST_B) &
               row->allow[KEY_REG] >> key_reg(key) & row->allow[KEY_RM] >> rm & 1;
}

/* The row for a key whatever rm is, or 0. */
static unsigned row_of(const Tables *t, const Place *at, unsigned key)
{
    unsigned found[RMS] = {0};
    for (unsigned r = 1; r < t->nrows; r++) {
        const TblRow *row = &t->rows[r];
        if (row->map != at->map || at->opcode < row->opcode || at->opcode >= row->opcode + row->opcodes)
            continue;
        for (unsigned rm = 0; rm < RMS; rm++)
            if (row_takes(row, at->prefix, key, rm))
                found[rm] = r;
    }
    for (unsigned rm = 1; rm < RMS; rm++)
        if (found[rm] != found[0])
            return 0;
    return found[0];
}

/* Where an operand's register is from; vvvv and the like are not for the short way. */
static unsigned source_of(uint64_t word) { return (word & 63) / 8; }

static uint64_t kind_word_of(const Tables *t, const Choice *c, unsigned i)
{
    const TblRow *row = &t->rows[c->row];
    unsigned size = row->form.bits & FORM_VECTOR ? 0 : c->size;
    return t->descs[row->form.op[i]].words[2 * size + c->is_reg];
}

/* Whether a prefix means something to the row; where it does not, it is rare. */
static bool prefix_matters(const Tables *t, const Choice *c, unsigned prefix)
{
    const TblRow *row = &t->rows[c->row];
    bool matters =
        !(row->allow[KEY_PP] & 1) || (prefix == 1 && (row->traits.nops == 0 || (row->allow[KEY_OSZ] & 7) != 7));
    for (unsigned i = 0; i < row->traits.nops && prefix == 1; i++) {
        const uint64_t *words = t->descs[row->form.op[i]].words;
        matters |= words[c->is_reg] != words[2 + c->is_reg];
    }
    return matters;
}

/* What would take room, but is rare: x87, groups of system instructions, MMX, moves of control registers; 16-bit moves,
 * conditional moves and others that compilers avoid. By lines of 16 opcodes, and by opcodes. */
static bool opcode_is_rare(const Place *at)
{
    static const uint16_t lines[FAST_PREFIXES][2] = {
        {0, 1 << 3 | 1 << 6 | 1 << 7 | 1 << 13 | 1 << 14 | 1 << 15},
        {1 << 0 | 1 << 1 | 1 << 5 | 1 << 6 | 1 << 10 | 1 << 11 | 1 << 13 | 1 << 14,
         1 << 0 | 1 << 4 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11},
    };
    unsigned opcode = at->opcode;
    if (lines[at->prefix][at->map] >> opcode / 16 & 1)
        return true;
    if (!at->map)
        return (opcode & 0xf8) == 0xd8 || opcode == 0x8f || (at->prefix && opcode > 0x90 && opcode <= 0x9f);
    return opcode <= 0x01 || opcode == 0xae || opcode == 0xc7 || (opcode >= 0x20 && opcode <= 0x27) ||
           (at->prefix && opcode >= 0x18 && opcode <= 0x1e);
}

/* Whether the short way can do it. */
static bool choice_is_short(const Tables *t, const Choice *c, unsigned prefix)
{
    const TblRow *row = &t->rows[c->row];
    if ((row->form.bits & FORM_CHECK) || row->allow[KEY_RIP] != 0xff)
        return false;
    if (prefix && ((row->traits.flags & ROW_STRING) || !prefix_matters(t, c, prefix)))
        return false;
    for (unsigned i = 0; i < row->traits.nops; i++) {
        unsigned source = source_of(kind_word_of(t, c, i));
        if (source == SRC_VVVV || source == SRC_IS4 || (i > 1 && source != SRC_FIXED))
            return false;
    }
    return true;
}

static Choice choice_find(const Tables *t, const Place *at, unsigned key)
{
    Choice c = {.row = row_of(t, at, key), .wide = key & FAST_W, .is_reg = key & FAST_IS_REG};
    c.size = operand_size(t->rows[c.row].traits.flags, c.wide, at->prefix == 1);
    c.is_reg |= !(t->rows[c.row].form.bits & FORM_MODRM);
    if (!choice_is_short(t, &c, at->prefix))
        c.row = 0;
    return c;
}

/* The bytes from the opcode on, with 0F, but for SIB and displacement. */
static unsigned choice_length(const Tables *t, const Choice *c)
{
    const TblRow *row = &t->rows[c->row];
    return 1u + (row->map == MAP_LEGACY + 1) + (row->form.bits & FORM_MODRM) + imm_bytes(row->form.imm, c->size);
}

static uint32_t choice_entry(Tables *t, const Choice *c, const Fast *f)
{
    if (!c->row)
        return ENTRY_SLOW;
    const TblRow *row = &t->rows[c->row];
    Shape shape;
    memset(&shape, 0, sizeof shape);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t word = kind_word_of(t, c, i);
        shape.source[i] = (uint8_t)source_of(word);
        shape.rare |= word >> 48 & HIGH_POSSIBLE && word >> 56 != REG_NONE ? (uint8_t)(RARE_HIGH << i) : 0;
        shape.op[i][0] = word & 0xffffff00;
        shape.op[i][1] = word >> 32 & 0xff00ffff;
    }
    shape.op[0][0] |= c->is_reg ? 0 : form_rm(&row->form);
    shape.imm = (uint8_t)widen_place(row->form.imm, c->size);
    unsigned more = choice_length(t, c) - f->len;
    shape.rare |= (uint8_t)(more << RARE_BYTES_SHIFT) | (row->traits.nops > 2 ? RARE_THIRD : 0);
    unsigned at = items_add(t, t->shapes, &t->nshapes, MAX_SHAPES, &shape, 1, sizeof shape);
    unsigned place = at * (unsigned)(sizeof shape / sizeof(uint32_t));
    if (c->row > ENTRY_ROW || row->traits_at > ENTRY_TRAITS || place >= 1u << (32 - ENTRY_SHAPE_SHIFT))
        table_fail(t, row->line, "the short way has no room for the row", "");
    return c->row | (uint32_t)row->traits_at << ENTRY_TRAITS_SHIFT | (uint32_t)place << ENTRY_SHAPE_SHIFT;
}

/* The bits of the key that make a difference. */
static uint8_t mask_find(const uint32_t *entries)
{
    unsigned mask = KEYS - 1;
    for (unsigned bit = 1; bit < KEYS; bit *= 2) {
        bool same = true;
        for (unsigned key = 0; key < KEYS; key++)
            same &= entries[key] == entries[key ^ bit];
        if (same)
            mask &= ~bit;
    }
    return (uint8_t)mask;
}

/* Where among all entries these are, or can be put: where there is one that is never looked at, another may be. */
static uint16_t entries_add(Tables *t, const uint32_t *entries, unsigned n)
{
    unsigned at = 0, i = 0;
    while (i < n) {
        if (at + n > MAX_ENTRIES)
            table_fail(t, 0, "the short way has too many entries", "");
        uint32_t there = at + i < t->nfast_entries ? t->fast_entries[at + i] : ENTRY_ANY;
        if (there == ENTRY_ANY || entries[i] == ENTRY_ANY || there == entries[i])
            i++;
        else
            at++, i = 0;
    }
    while (t->nfast_entries < at + n)
        t->fast_entries[t->nfast_entries++] = ENTRY_ANY;
    for (i = 0; i < n; i++)
        if (entries[i] != ENTRY_ANY)
            t->fast_entries[at + i] = entries[i];
    return (uint16_t)at;
}

static Fast opcode_build(Tables *t, const Place *at)
{
    Choice choices[KEYS];
    uint32_t entries[KEYS];
    Fast f = {.len = 0xff};
    for (unsigned key = 0; key < KEYS; key++) {
        const Choice *c = &choices[key];
        choices[key] = opcode_is_rare(at) ? (Choice){.row = 0} : choice_find(t, at, key);
        if (!c->row)
            continue;
        bool modrm = t->rows[c->row].form.bits & FORM_MODRM;
        unsigned length = choice_length(t, c);
        f.len = (uint8_t)(length < f.len ? length : f.len);
        f.at = (uint8_t)(1 + at->map + modrm);
        f.modrm_and = modrm ? 0xff : 0;
        f.modrm = (uint8_t)(modrm ? 0 : 0xc0 | (at->opcode & 7));
    }
    for (unsigned key = 0; key < KEYS; key++)
        entries[key] = choice_entry(t, &choices[key], &f);
    f.mask = mask_find(entries);
    for (unsigned key = 0; key < KEYS; key++)
        if (key & ~(unsigned)f.mask)
            entries[key] = ENTRY_ANY; /* never looked at */
    f.first = entries_add(t, entries, f.mask + 1u);
    return f;
}

static void page_build(Tables *t, unsigned prefix, unsigned map, unsigned page)
{
    Fast fast[FAST_PAGE];
    unsigned at = t->nfast / FAST_PAGE;
    for (unsigned i = 0; i < FAST_PAGE; i++)
        fast[i] = opcode_build(t, &(Place){prefix, map, page * FAST_PAGE + i});
    while (prefix && at > 0 && memcmp(&t->fast[--at * FAST_PAGE], fast, sizeof fast) != 0)
        ;
    if (!prefix || memcmp(&t->fast[at * FAST_PAGE], fast, sizeof fast) != 0) {
        at = t->nfast / FAST_PAGE;
        if (t->nfast + FAST_PAGE > MAX_FAST)
            table_fail(t, 0, "the short way has too many opcodes", "");
        memcpy(&t->fast[t->nfast], fast, sizeof fast);
        t->nfast += FAST_PAGE;
    }
    t->fast_page[prefix][map][page] = (uint8_t)at;
}

void fast_build(Tables *t)
{
    for (unsigned prefix = 0; prefix < FAST_PREFIXES; prefix++)
        for (unsigned map = 0; map < 2; map++)
            for (unsigned page = 0; page < 256 / FAST_PAGE; page++)
                page_build(t, prefix, map, page);
}
