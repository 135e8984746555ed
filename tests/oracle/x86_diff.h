/* tests/oracle/x86_diff.h - difference classes: counted once each, checked against the list of known ones.
 *
 * A class is a key, "mnemonic/kind/detail". The list (x86_known.txt) has a line per known error of an oracle:
 *     ORACLE  KEY-GLOB  REASON
 * with the key as a shell pattern. Lines that start with # are comments.
 */
#ifndef LVSCAN_TESTS_X86_DIFF_H
#define LVSCAN_TESTS_X86_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Known {
    char *glob;
    char *reason;
    uint64_t hits;
} Known;

typedef struct DiffClass {
    char *key;
    char *example;
    uint64_t count;
    Known *known; /* NULL: unexplained */
} DiffClass;

typedef struct DiffTable {
    const char *oracle;
    DiffClass *class; /* open hash table of `room` places, a power of two */
    size_t room, used;
    Known *known;
    size_t nknown;
} DiffTable;

/* Starts a table for the oracle, with the lines of the list at path that name it. Exits when path can't be read. */
void diff_init(DiffTable *t, const char *oracle, const char *path);

/* Counts one difference of that class. Returns true when it is the first: give it an example then. */
bool diff_add(DiffTable *t, const char *key);
void diff_example(DiffTable *t, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* True when the list explains the key. */
bool diff_known(const DiffTable *t, const char *key);

/* Prints every unexplained class, the totals of each kind, and with `full` each list entry that matched nothing;
 * with `verbose` the explained classes too. Returns the number of unexplained differences. */
uint64_t diff_report(const DiffTable *t, bool full, bool verbose);

/* Writes n bytes as hex pairs into buf (2n + 1 bytes), returns buf. */
char *hex_of(char *buf, const uint8_t *p, size_t n);

#endif
