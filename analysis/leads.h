/* analysis/leads.h - from a raw compare back to what the source compares: each value on the way is a lead.
 *
 * `lea -30000(%rdi),%eax; cmp $7,%eax; jbe` compares eax with 7; and, one step back, edi with the range 30000..30007.
 */
#ifndef LVSCAN_ANALYSIS_LEADS_H
#define LVSCAN_ANALYSIS_LEADS_H

#include "analysis/compares.h"

enum { QUALITY_TURNED = 60 }; /* percent of the plain form's, for x >= k + 1 in place of x > k */

typedef struct Lead {
    uint32_t compare; /* index into Compares.items */
    ValueId root;     /* VALUE_NONE: the compare's memory */
    uint8_t width;    /* bits of the root that take part */
    uint8_t relation, via, sign;
    bool preferred; /* the reading that the source most likely had */
    bool unlikely;  /* one that counts only for who asks for its constant */
    bool real;      /* as the compare's */
    bool
        outside; /* with its companion it says that the value lies outside of a range, whose own ends are one number further */
    bool firm;       /* the constant stands as it is: `<= 7` is not to be read as `< 8` too */
    uint8_t quality; /* percent: how directly the code says it (for ranking only) */
    uint64_t k;      /* zero-extended from width */
    uint32_t step;   /* as the compare's */
} Lead;

typedef struct Leads {
    Lead *items;
    size_t n, cap;
    Arena *arena;
    bool failed;
} Leads;

/* All leads of all compares. False when memory is used up. */
bool leads_find(Leads *out, Values *v, const Compares *compares, Arena *arena);

#endif
