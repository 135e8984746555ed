/* tests/test_x86_grid.c - the built opcode tables as the SDM's 16x16 opcode maps, compared with a golden.
 *
 *   test_x86_grid --print    prints them, for review and to make tests/golden/opcode_grid.txt anew
 *
 * A cell shows the first mnemonic that the opcode can be, "+" if it can be others: those are listed below the grid, in
 * the order of opcodes.tbl. Both come from walking the packed tables, not from opcodes.tbl. (SDM vol. 2 appendix A.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "x86/hot.h"
#include "x86/insn.h"

static const char golden[] = "tests/golden/opcode_grid.txt";
static const char *const map_names[MAP_COUNT] = {
    "one-byte",   "0f",         "0f38",       "0f3a",      "0f 0f (3DNow!)", "vex 0f",    "vex 0f38",  "vex 0f3a",
    "vex map 4",  "vex map 5",  "vex map 6",  "vex map 7", "evex 0f",        "evex 0f38", "evex 0f3a", "evex map 4",
    "evex map 5", "evex map 6", "evex map 7", "xop map 8", "xop map 9",      "xop map a",
};

enum { CELL = 11, CHOICES = 1024 };

/* The rows that an opcode can be, one for each mnemonic, in the order of opcodes.tbl. */
typedef struct Choices {
    unsigned row[CHOICES], n;
} Choices;

static MnemonicName row_name(unsigned row) { return mnemonic_name(row_mnemonic(&x86_hot, row)); }

static void row_note(Choices *c, unsigned row)
{
    unsigned at = 0;
    if (!row)
        return;
    assert_true(c->n < CHOICES);
    while (at < c->n && c->row[at] < row)
        at++;
    memmove(c->row + at + 1, c->row + at, (c->n++ - at) * sizeof c->row[0]);
    c->row[at] = row;
}

static void names_unite(Choices *c)
{
    unsigned n = 0;
    for (unsigned i = 0; i < c->n; i++) {
        bool seen = false;
        for (unsigned k = 0; k < n; k++)
            seen |= row_mnemonic(&x86_hot, c->row[k]) == row_mnemonic(&x86_hot, c->row[i]);
        if (!seen)
            c->row[n++] = c->row[i];
    }
    c->n = n;
}

static void entry_walk(Choices *c, unsigned entry, unsigned first)
{
    if (!(entry & ENTRY_NODE)) {
        row_note(c, entry ? first + entry - 1 : 0);
        return;
    }
    const uint16_t *node = x86_trie + (entry & (ENTRY_NODE - 1));
    unsigned last = node_mask(node[0]), shift = node_shift(node[0]);
    if (last == 3 && (shift == KEY_OSZ_SHIFT || shift == KEY_L_SHIFT))
        last = 2; /* three sizes */
    if (node[0] & NODE_ONE)
        last = 0;
    if (node[0] & NODE_NEXT)
        entry_walk(c, entry + 1, first);
    else
        for (unsigned v = 0; v <= last; v++)
            entry_walk(c, node[1 + v], first);
}

static void choices_find(Choices *c, unsigned map, unsigned opcode)
{
    unsigned first, root = opcode_root(map, opcode, &first);
    c->n = 0;
    entry_walk(c, root, first);
    names_unite(c);
}

static void cell_print(FILE *f, const Choices *c)
{
    char text[64] = "";
    if (c->n)
        snprintf(text, sizeof text, "%s%s", row_name(c->row[0]).text, c->n > 1 ? "+" : "");
    if (strlen(text) > CELL)
        snprintf(text + CELL - 2, 3, "~%s", c->n > 1 ? "+" : "");
    fprintf(f, " %-*.*s", CELL, CELL, text);
}

static void others_print(FILE *f, unsigned map)
{
    Choices c;
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        choices_find(&c, map, opcode);
        if (c.n <= 1 && (!c.n || strlen(row_name(c.row[0]).text) <= CELL))
            continue;
        fprintf(f, "  %02x:", opcode);
        for (unsigned i = 0; i < c.n; i++)
            fprintf(f, " %s", row_name(c.row[i]).text);
        fprintf(f, "\n");
    }
}

static void map_print(FILE *f, unsigned map)
{
    Choices c;
    fprintf(f, "map %s\n   ", map_names[map]);
    for (unsigned column = 0; column < 16; column++)
        fprintf(f, " _%-*x", CELL - 1, column);
    fprintf(f, "\n");
    for (unsigned line = 0; line < 16; line++) {
        fprintf(f, "%x_ ", line);
        for (unsigned column = 0; column < 16; column++) {
            choices_find(&c, map, line * 16 + column);
            cell_print(f, &c);
        }
        fprintf(f, "\n");
    }
    others_print(f, map);
    fprintf(f, "\n");
}

static bool map_used(unsigned map)
{
    unsigned used = 0, first;
    for (unsigned opcode = 0; opcode < 256; opcode++)
        used |= opcode_root(map, opcode, &first);
    return used != 0;
}

static void grid_print(FILE *f)
{
    for (unsigned map = 0; map < MAP_COUNT; map++)
        if (map_used(map))
            map_print(f, map);
}

/* Line by line, so that a failure names the line. */
static void test_golden(void **state)
{
    char *got = NULL, want[512];
    size_t size = 0;
    unsigned line = 0;
    (void)state;
    FILE *f = fopen(golden, "r"), *mem = open_memstream(&got, &size);
    assert_non_null(f);
    assert_non_null(mem);
    grid_print(mem);
    fclose(mem);
    const char *at = got;
    while (fgets(want, sizeof want, f)) {
        line++;
        if (strncmp(at, want, strlen(want)) != 0)
            print_error("%s:%u: differs; `make opcode-grid` prints the tables as they are\n", golden, line);
        assert_memory_equal(at, want, strlen(want));
        at += strlen(want);
    }
    assert_int_equal(*at, 0);
    fclose(f);
    free(got);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};
    if (argc == 2 && !strcmp(argv[1], "--print")) {
        grid_print(stdout);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
