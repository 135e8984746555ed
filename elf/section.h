/* elf/section.h - the section headers, as far as they check out (gABI ch. 4). They are a help, never a need. */
#ifndef LVSCAN_ELF_SECTION_H
#define LVSCAN_ELF_SECTION_H

#include "elf/image.h"

#include <elf.h>

/* Fills image->sections, nsections, shstrndx, has_symtab and has_debug; leaves them 0 when the table is missing or false. */
void sections_open(Image *image);

/* Section i, i < nsections. */
Elf64_Shdr section_at(const Image *image, size_t i);

/* Its file bytes; none for SHT_NOBITS or when they lie outside the file. */
Bytes section_bytes(const Image *image, const Elf64_Shdr *section);

/* The first section of a type (SHT_SYMTAB...). */
bool section_of_type(const Image *image, uint32_t type, Elf64_Shdr *out);

#endif
