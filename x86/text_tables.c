/* x86/text_tables.c - the names that text needs, apart from what decoding needs (tables.c). */
#include "x86/format.h"

#include "x86/names.h" /* generated */
