/* elf/section.c - section headers: the table, lookups by name and type. */
#include "elf/section.h"
#include "elf/cursor.h"

#include <string.h>

enum { NAME_MAX_BYTES = 64 };

Elf64_Shdr section_at(const Image *image, size_t i)
{
    Elf64_Shdr sh;
    memcpy(&sh, image->file.p + image->sections.v + i * sizeof sh, sizeof sh);
    return sh;
}

Bytes section_bytes(const Image *image, const Elf64_Shdr *section)
{
    const uint8_t *p = bytes_at(image->file, section->sh_offset, section->sh_size, 1);
    return p && section->sh_type != SHT_NOBITS ? (Bytes){p, (size_t)section->sh_size} : (Bytes){0};
}

bool section_of_type(const Image *image, uint32_t type, Elf64_Shdr *out)
{
    for (size_t i = 0; i < image->nsections; i++) {
        *out = section_at(image, i);
        if (out->sh_type == type)
            return true;
    }
    return false;
}

static Bytes section_names(const Image *image)
{
    if (image->shstrndx >= image->nsections)
        return (Bytes){0};
    Elf64_Shdr sh = section_at(image, image->shstrndx);
    return section_bytes(image, &sh);
}

static bool name_is(Bytes names, uint32_t at, const char *name)
{
    return str_eq(bytes_text(names, at, NAME_MAX_BYTES), str_of(name));
}

bool image_section(const Image *image, const char *name, Addr *addr, Bytes *bytes)
{
    Bytes names = section_names(image);
    for (size_t i = 0; i < image->nsections; i++) {
        Elf64_Shdr sh = section_at(image, i);
        if (sh.sh_type == SHT_NULL || !name_is(names, sh.sh_name, name))
            continue;
        *addr = sh.sh_flags & SHF_ALLOC ? sh.sh_addr : 0;
        *bytes = section_bytes(image, &sh);
        return true;
    }
    return false;
}

/* Is there a function among the first `locals` symbols, or one at `entry` (not 0)? */
static bool has_function(Bytes table, uint64_t locals, Addr entry)
{
    for (size_t off = 0; table.n - off >= sizeof(Elf64_Sym); off += sizeof(Elf64_Sym)) {
        Elf64_Sym sym;
        memcpy(&sym, table.p + off, sizeof sym);
        if (ELF64_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_shndx != SHN_UNDEF &&
            (off / sizeof sym < locals || (entry && sym.st_value == entry)))
            return true;
    }
    return false;
}

/* Notes what the sections tell of the file: symbols, debug information. */
static void sections_survey(Image *image)
{
    Elf64_Shdr sh;
    if (section_of_type(image, SHT_SYMTAB, &sh))
        image->has_symtab = has_function(section_bytes(image, &sh), sh.sh_info, image->entry);
    Bytes names = section_names(image);
    for (size_t i = 0; i < image->nsections && !image->has_debug; i++) {
        sh = section_at(image, i);
        image->has_debug = sh.sh_type == SHT_PROGBITS &&
                           (name_is(names, sh.sh_name, ".debug_info") || name_is(names, sh.sh_name, ".zdebug_info"));
    }
}

void sections_open(Image *image)
{
    Elf64_Ehdr eh;
    memcpy(&eh, image->file.p, sizeof eh);
    if (eh.e_shoff == 0 || eh.e_shentsize != sizeof(Elf64_Shdr))
        return;
    const uint8_t *first = bytes_at(image->file, eh.e_shoff, 1, sizeof(Elf64_Shdr));
    if (!first)
        return;
    Elf64_Shdr zero;
    memcpy(&zero, first, sizeof zero);
    uint64_t n = eh.e_shnum ? eh.e_shnum : zero.sh_size;
    if (n == 0 || !bytes_at(image->file, eh.e_shoff, n, sizeof(Elf64_Shdr)))
        return;
    image->sections.v = eh.e_shoff;
    image->nsections = (size_t)n;
    image->shstrndx = eh.e_shstrndx == SHN_XINDEX ? zero.sh_link : eh.e_shstrndx;
    sections_survey(image);
}

void image_code(const Image *image, const Segment *segment, Addr *start, Addr *end)
{
    Addr last = segment->addr + segment->filesz, low = last, high = segment->addr;
    for (size_t i = 0; i < image->nsections; i++) {
        Elf64_Shdr sh = section_at(image, i);
        bool code = sh.sh_type == SHT_PROGBITS && (sh.sh_flags & SHF_ALLOC) && (sh.sh_flags & SHF_EXECINSTR);
        if (!code || sh.sh_addr < segment->addr || sh.sh_addr >= last || sh.sh_size > last - sh.sh_addr)
            continue;
        low = sh.sh_addr < low ? sh.sh_addr : low;
        high = sh.sh_addr + sh.sh_size > high ? sh.sh_addr + sh.sh_size : high;
    }
    *start = low < high ? low : segment->addr;
    *end = low < high ? high : last;
}
