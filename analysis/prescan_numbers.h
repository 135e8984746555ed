/* analysis/prescan_numbers.h - the numbers in one function, and whether they can make a constant that is asked for. */
#ifndef LVSCAN_ANALYSIS_PRESCAN_NUMBERS_H
#define LVSCAN_ANALYSIS_PRESCAN_NUMBERS_H

#include "analysis/prescan_query.h"
#include "analysis/prescan_shape.h"

enum { SUMS_MAX = 256, COMPARED_MAX = 256, MASKS_MAX = 16 };

typedef struct Numbers {
    uint32_t sums[SUMS_MAX];         /* what is added or subtracted */
    uint32_t compared[COMPARED_MAX]; /* what is compared with */
    uint32_t bounds[COMPARED_MAX];   /* what may bound the index of a jump table */
    uint32_t masks[MASKS_MAX];       /* that clear low bits only */
    unsigned nsums, ncompared, nbounds, nmasks;
    bool overflow; /* there were more than can be remembered */
} Numbers;

void numbers_clear(Numbers *n);

/* Takes the number of one instruction. bounds: a compare that an unsigned branch follows. True when the number by itself can
 * make a constant that is asked for. */
bool numbers_take(Numbers *n, const Asked *asked, const SiteShape *site, bool bounds);

/* Can two of the numbers? */
bool numbers_combine(const Numbers *n, const Asked *asked);

/* Could a jump table of the function have a case for a constant that is asked for? */
bool numbers_bound_table(const Numbers *n, const Asked *asked);

/* What a function's numbers can make: nothing that is asked for; such a constant of two; or one of them is such a constant, or near it. */
typedef enum Made { MADE_NONE, MADE_OF_TWO, MADE_NAMED } Made;

/* Goes through the code's instructions one after the other. NAMED, too, where bytes do not decode. */
Made numbers_verify(const Image *image, Part code, const Asked *asked);

#endif
