/* tests/elf_builder.h - ELF files made in memory, field by field, so that tests can make any of them false.
 *
 *   Elf e; elf_begin(&e, ET_DYN);
 *   elf_load(&e, PF_R | PF_X, 0x1000, code, sizeof code);
 *   Bytes file = elf_end(&e);        a copy of just that size, so that a sanitizer sees every read past it; free(file.p)
 *
 * Buf collects the bytes of tables. Both have fixed room and fail the test when it is used up.
 */
#ifndef LVSCAN_TESTS_ELF_BUILDER_H
#define LVSCAN_TESTS_ELF_BUILDER_H

#include "analysis/function.h"
#include "elf/image.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ELF_ROOM = 1 << 16, ELF_PHDRS = 12, ELF_SHDRS = 12 };

typedef struct Buf {
    uint8_t p[8192];
    size_t n;
} Buf;

static inline void buf_put(Buf *b, const void *p, size_t n)
{
    if (n > sizeof b->p - b->n)
        abort();
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

static inline void buf_le(Buf *b, uint64_t v, size_t n) { buf_put(b, &v, n); }
static inline void buf_u8(Buf *b, unsigned v) { buf_le(b, v, 1); }
static inline void buf_u32(Buf *b, uint64_t v) { buf_le(b, v, 4); }
static inline void buf_u64(Buf *b, uint64_t v) { buf_le(b, v, 8); }

static inline void buf_align(Buf *b, size_t align)
{
    while (b->n % align)
        buf_u8(b, 0);
}

/* Puts a NUL-terminated text; gives its offset. */
static inline uint32_t buf_text(Buf *b, const char *text)
{
    uint32_t at = (uint32_t)b->n;
    buf_put(b, text, strlen(text) + 1);
    return at;
}

static inline void buf_symbol(Buf *b, uint32_t name, unsigned bind, unsigned type, unsigned shndx, Addr addr,
                              uint64_t size)
{
    Elf64_Sym sym = {.st_name = name,
                     .st_info = (unsigned char)ELF64_ST_INFO(bind, type),
                     .st_shndx = (uint16_t)shndx,
                     .st_value = addr,
                     .st_size = size};
    buf_put(b, &sym, sizeof sym);
}

static inline void buf_rela(Buf *b, Addr addr, uint64_t symbol, uint64_t type, int64_t addend)
{
    Elf64_Rela rela = {.r_offset = addr, .r_info = ELF64_R_INFO(symbol, type), .r_addend = addend};
    buf_put(b, &rela, sizeof rela);
}

typedef struct Elf {
    uint8_t bytes[ELF_ROOM];
    size_t n;
    Elf64_Ehdr eh;
    Elf64_Phdr ph[ELF_PHDRS];
    Elf64_Shdr sh[ELF_SHDRS];
    Buf names;
} Elf;

static inline void elf_begin(Elf *e, uint16_t type)
{
    memset(e, 0, sizeof *e);
    e->n = sizeof e->eh + sizeof e->ph;
    e->eh = (Elf64_Ehdr){.e_type = type,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_phoff = sizeof e->eh,
                         .e_ehsize = sizeof e->eh,
                         .e_phentsize = sizeof *e->ph,
                         .e_shentsize = sizeof *e->sh};
    memcpy(e->eh.e_ident, ELFMAG, SELFMAG);
    e->eh.e_ident[EI_CLASS] = ELFCLASS64;
    e->eh.e_ident[EI_DATA] = ELFDATA2LSB;
    e->eh.e_ident[EI_VERSION] = EV_CURRENT;
    buf_text(&e->names, "");
}

/* Puts bytes into the file, aligned to 16; gives their offset. */
static inline uint64_t elf_put(Elf *e, const void *p, size_t n)
{
    e->n = (e->n + 15) & ~(size_t)15;
    uint64_t off = e->n;
    if (n > sizeof e->bytes - e->n)
        abort();
    if (n)
        memcpy(e->bytes + off, p, n);
    e->n += n;
    return off;
}

static inline Elf64_Phdr *elf_header(Elf *e, uint32_t type, uint32_t flags, Addr addr, uint64_t off, uint64_t n)
{
    if (e->eh.e_phnum == ELF_PHDRS)
        abort();
    Elf64_Phdr *ph = &e->ph[e->eh.e_phnum++];
    *ph = (Elf64_Phdr){.p_type = type, .p_flags = flags, .p_offset = off, .p_vaddr = addr, .p_filesz = n, .p_memsz = n};
    return ph;
}

/* A PT_LOAD of these bytes. */
static inline Elf64_Phdr *elf_load(Elf *e, uint32_t flags, Addr addr, const void *p, size_t n)
{
    return elf_header(e, PT_LOAD, flags, addr, elf_put(e, p, n), n);
}

/* A section; the first call makes the null section too. Gives its index. */
static inline unsigned elf_section(Elf *e, const char *name, uint32_t type, Addr addr, const void *p, size_t n)
{
    if (e->eh.e_shnum == 0)
        e->eh.e_shnum = 1;
    if (e->eh.e_shnum == ELF_SHDRS)
        abort();
    e->sh[e->eh.e_shnum] = (Elf64_Shdr){.sh_name = buf_text(&e->names, name),
                                        .sh_type = type,
                                        .sh_flags = addr ? SHF_ALLOC : 0,
                                        .sh_addr = addr,
                                        .sh_offset = elf_put(e, p, n),
                                        .sh_size = n};
    return e->eh.e_shnum++;
}

/* The finished file; the caller frees it. */
static inline Bytes elf_end(Elf *e)
{
    if (e->eh.e_shnum) {
        e->eh.e_shstrndx = (uint16_t)elf_section(e, ".shstrtab", SHT_STRTAB, 0, NULL, 0);
        Elf64_Shdr *names = &e->sh[e->eh.e_shstrndx];
        names->sh_offset = elf_put(e, e->names.p, e->names.n);
        names->sh_size = e->names.n;
        e->eh.e_shoff = elf_put(e, e->sh, e->eh.e_shnum * sizeof *e->sh);
    }
    memcpy(e->bytes, &e->eh, sizeof e->eh);
    memcpy(e->bytes + sizeof e->eh, e->ph, sizeof e->ph);
    uint8_t *copy = malloc(e->n);
    if (!copy)
        abort();
    memcpy(copy, e->bytes, e->n);
    return (Bytes){copy, e->n};
}

/* A file whose only code, at addr, is functions of one name in these parts of it; the caller frees it. */
static inline Bytes elf_of_functions(Addr addr, const void *code, size_t n, const Part *functions, size_t nfunctions)
{
    Elf elf;
    Buf symbols = {.n = 0};
    elf_begin(&elf, ET_DYN);
    elf_load(&elf, PF_R | PF_X, addr, code, n);
    buf_symbol(&symbols, 0, 0, 0, 0, 0, 0);
    for (size_t i = 0; i < nfunctions; i++)
        buf_symbol(&symbols, 1, STB_GLOBAL, STT_FUNC, 1, functions[i].start, functions[i].end - functions[i].start);
    unsigned table = elf_section(&elf, ".symtab", SHT_SYMTAB, 0, symbols.p, symbols.n);
    elf.sh[table].sh_entsize = sizeof(Elf64_Sym);
    elf.sh[table].sh_link = elf_section(&elf, ".strtab", SHT_STRTAB, 0, "\0f", 3);
    return elf_end(&elf);
}

/* All of it is one function. */
static inline Bytes elf_of_function(Addr addr, const void *code, size_t n)
{
    return elf_of_functions(addr, code, n, &(Part){addr, addr + n}, 1);
}

#endif
