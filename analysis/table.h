/* analysis/table.h - jump tables: from an indirect jump to its index, its bound, and its targets.
 *
 * The jump's target is an expression over one value, the index: loads from constant memory, adds, shifts. The bound is
 * that of a compare which every path to the jump has passed, or the index's own width; where there is neither, the table is read to its end,
 * which must be one: an entry that no jump of the function could have.
 */
#ifndef LVSCAN_ANALYSIS_TABLE_H
#define LVSCAN_ANALYSIS_TABLE_H

#include "analysis/values.h"

/* Entries of a table that nothing bounds: the source said that there is no other case (a switch over all of an enum's values, with a
 * default that can't be reached). */
enum { TABLE_UNBOUNDED_MAX = 4096 };

typedef struct Table {
    Addr address;  /* of the first entry */
    ValueId index; /* the value that selects: 0..n-1 */
    size_t n;
    Addr *targets;    /* in entry order */
    Addr fallback;    /* where the bounding compare goes when the index is too large; 0: not known */
    uint32_t compare; /* the step of that compare; UINT32_MAX: none */
} Table;

/* Finds the table behind the indirect jump at `step`. False when there is none that is certain. */
bool table_find(Table *out, Values *v, uint32_t step, Arena *arena);

/* The least upper bound known of the unsigned value `id` where `step` stands; the compare that gives it in *compare
 * (or UINT32_MAX), its other target in *fallback. False when there is none. */
bool value_bound(Values *v, ValueId id, uint32_t step, uint64_t *bound, uint32_t *compare, Addr *fallback);

#endif
