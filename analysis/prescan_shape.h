/* analysis/prescan_shape.h - do the bytes around a number look like an instruction that holds it? (SDM vol. 2, 2.1, app. A) */
#ifndef LVSCAN_ANALYSIS_PRESCAN_SHAPE_H
#define LVSCAN_ANALYSIS_PRESCAN_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of ModRM, SIB and displacement, from those at p (2 must be there). */
unsigned modrm_length(const uint8_t *p);

/* Can the 4 bytes at code[at] be the immediate of an add, or, and, sub, xor, cmp, mov, push or movabs (either half), or the
 * displacement of a lea? */
bool shape_dword(const uint8_t *code, size_t at);

/* Can the 2 bytes at code[at] be the immediate of such an instruction with an operand-size prefix? */
bool shape_word(const uint8_t *code, size_t at);

/* An addition or mask that starts at code[at]. */
typedef enum SiteKind { SITE_NONE, SITE_ADD, SITE_MASK, SITE_ADDRESS } SiteKind;

typedef struct SiteShape {
    uint8_t kind;
    uint32_t k;     /* ADD: what is added (sub: subtracted, too). MASK: the mask, sign-extended from its bytes */
    int64_t target; /* ADDRESS: lea disp(%rip): the address less that of code[0] */
} SiteShape;

SiteShape shape_site(const uint8_t *code, size_t n, size_t at);

/* Can the 4 bytes at code[at] be the immediate of a cmp or an and, as bounds the index of a jump table? */
bool shape_bound(const uint8_t *code, size_t at);

/* May a jump through a table (ff /4) start anywhere in p[0 .. n)? */
bool shape_has_table_jump(const uint8_t *p, size_t n);

#endif
