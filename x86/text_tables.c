/* x86/text_tables.c - the formats that text needs, apart from what decoding needs (tables.c). */
#include "x86/format.h"

#include "x86/styles.h" /* generated */
