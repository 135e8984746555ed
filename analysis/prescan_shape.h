/* analysis/prescan_shape.h - do the bytes around a number look like an instruction that holds it? (SDM vol. 2, 2.1, app. A) */
#ifndef LVSCAN_ANALYSIS_PRESCAN_SHAPE_H
#define LVSCAN_ANALYSIS_PRESCAN_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of ModRM, SIB and displacement, from those at p (2 must be there). */
unsigned modrm_length(const uint8_t *p);

/* Can the 4 bytes at code[at] be the immediate of a mov, movabs (either half) or push? */
bool shape_moved(const uint8_t *code, size_t at);

/* An instruction that starts at code[at]. */
typedef enum SiteKind { SITE_NONE, SITE_ADD, SITE_MASK, SITE_COMPARE, SITE_OTHER, SITE_ADDRESS, SITE_SHORT } SiteKind;

typedef struct SiteShape {
    uint8_t kind;
    uint32_t k; /* ADD: what is added or subtracted. MASK: of an and. COMPARE. OTHER: of or, xor. SHORT: any of 16 bits.
                     * Sign-extended */
    size_t end; /* COMPARE: where the instruction ends */
    int64_t target; /* ADDRESS: lea disp(%rip): the address less that of code[0] */
} SiteShape;

SiteShape shape_site(const uint8_t *code, size_t n, size_t at);

/* Does code[at] look as if an unsigned condition (ja, jae, jb, jbe) were tested soon? */
bool shape_branches(const uint8_t *code, size_t n, size_t at);

/* May a jump through a table (ff /4) start anywhere in p[0 .. n)? */
bool shape_has_table_jump(const uint8_t *p, size_t n);

#endif
