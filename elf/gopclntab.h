/* elf/gopclntab.h - function starts and names from Go's .gopclntab (versions 1.2, 1.16, 1.18, 1.20). */
#ifndef LVSCAN_ELF_GOPCLNTAB_H
#define LVSCAN_ELF_GOPCLNTAB_H

#include "elf/image.h"

typedef struct GoFunction {
    Addr start, end;
    Str name;
} GoFunction;

/* Finds the table by section name or by its magic in read-only segments. *n = 0 when there is none. */
bool gopclntab_read(const Image *image, GoFunction **out, size_t *n, Arena *arena, Diag *diag);

#endif
