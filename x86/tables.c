/* x86/tables.c - the packed tables that mktables makes from opcodes.tbl; format.h says what is in them. */
#include "x86/hot.h"

#include "x86/tables.h" /* generated */
