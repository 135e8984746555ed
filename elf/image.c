/* elf/image.c - opens an ELF file: checks the header, collects the program headers, finds the build id.
 *
 * Only headers and notes are read. What the kernel ignores (EI_VERSION, e_ehsize, alignment, the section headers) is
 * ignored here too; what it refuses (e_phentsize, p_filesz > p_memsz) is refused.
 */
#include "elf/image.h"
#include "elf/cursor.h"
#include "elf/order.h"
#include "elf/section.h"

#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifndef EM_LOONGARCH /* not in musl's elf.h */
#define EM_LOONGARCH 258
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ELF structures are copied from the file as they are");

#define PHDRS_MAX    ((64u << 10) / sizeof(Elf64_Phdr)) /* fs/binfmt_elf.c, load_elf_phdrs: 64 KB at most */
#define NOTES_MAX    ((uint64_t)1 << 20)                /* bytes of notes looked at, over all PT_NOTE */
#define BUILD_ID_MAX 64u

static const char *machine_name(uint16_t machine)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {
        {EM_386, "an i386"},           {EM_AARCH64, "an AArch64"}, {EM_ARM, "an Arm"},
        {EM_RISCV, "a RISC-V"},        {EM_PPC, "a PowerPC"},      {EM_PPC64, "a PowerPC64"},
        {EM_S390, "an s390"},          {EM_MIPS, "a MIPS"},        {EM_SPARC, "a SPARC"},
        {EM_SPARCV9, "a SPARC V9"},    {EM_IA_64, "an IA-64"},     {EM_BPF, "a BPF"},
        {EM_LOONGARCH, "a LoongArch"}, {EM_ALPHA, "an Alpha"},     {EM_68K, "an m68k"},
        {EM_PARISC, "a PA-RISC"},      {EM_AVR, "an AVR"},         {EM_SH, "a SuperH"},
        {EM_XTENSA, "an Xtensa"},      {EM_CUDA, "a CUDA"},        {EM_AMDGPU, "an AMDGPU"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].machine == machine)
            return names[i].name;
    return NULL;
}

static bool check_ident(Bytes file, Diag *diag)
{
    if (file.n == 0)
        return diag_set(diag, 0, "is empty");
    if (file.n < SELFMAG || memcmp(file.p, ELFMAG, SELFMAG) != 0)
        return diag_set(diag, 0, "is not an ELF file");
    if (file.n < EI_NIDENT)
        return diag_set(diag, 0, "is truncated: the ELF header is incomplete");
    if (file.p[EI_CLASS] == ELFCLASS32)
        return diag_set(diag, EI_CLASS, "is a 32-bit ELF file; only x86-64 is supported");
    if (file.p[EI_CLASS] != ELFCLASS64)
        return diag_set(diag, EI_CLASS, "has an unknown ELF class (%u)", file.p[EI_CLASS]);
    if (file.p[EI_DATA] == ELFDATA2MSB)
        return diag_set(diag, EI_DATA, "is a big-endian ELF file; only x86-64 is supported");
    if (file.p[EI_DATA] != ELFDATA2LSB)
        return diag_set(diag, EI_DATA, "has an unknown ELF byte order (%u)", file.p[EI_DATA]);
    if (file.n < sizeof(Elf64_Ehdr))
        return diag_set(diag, 0, "is truncated: the ELF header is incomplete");
    return true;
}

static bool check_machine(uint16_t machine, Diag *diag)
{
    const char *name = machine_name(machine);
    if (machine == EM_X86_64)
        return true;
    if (name)
        return diag_set(diag, offsetof(Elf64_Ehdr, e_machine), "is %s ELF file; only x86-64 is supported", name);
    return diag_set(diag, offsetof(Elf64_Ehdr, e_machine), "is an ELF file for machine %u; only x86-64 is supported",
                    machine);
}

static bool check_type(uint16_t type, Diag *diag)
{
    switch (type) {
    case ET_EXEC:
    case ET_DYN: return true;
    case ET_REL: return diag_set(diag, offsetof(Elf64_Ehdr, e_type), "is an object file (ET_REL); link it first");
    case ET_CORE: return diag_set(diag, offsetof(Elf64_Ehdr, e_type), "is a core file; give the program it came from");
    default:
        return diag_set(diag, offsetof(Elf64_Ehdr, e_type), "is neither a program nor a shared library (type %u)",
                        type);
    }
}

/* The program headers, checked to lie in the file; NULL with *diag otherwise. */
static const uint8_t *program_headers(Bytes file, const Elf64_Ehdr *eh, Diag *diag)
{
    if (eh->e_phnum == 0) {
        diag_set(diag, offsetof(Elf64_Ehdr, e_phnum), "has no program headers");
        return NULL;
    }
    if (eh->e_phentsize != sizeof(Elf64_Phdr)) {
        diag_set(diag, offsetof(Elf64_Ehdr, e_phentsize), "has program headers of %u bytes instead of %zu",
                 eh->e_phentsize, sizeof(Elf64_Phdr));
        return NULL;
    }
    if (eh->e_phnum > PHDRS_MAX) {
        diag_set(diag, offsetof(Elf64_Ehdr, e_phnum), "has %u program headers; the kernel takes %zu at most",
                 eh->e_phnum, PHDRS_MAX);
        return NULL;
    }
    const uint8_t *p = bytes_at(file, eh->e_phoff, eh->e_phnum, sizeof(Elf64_Phdr));
    if (!p)
        diag_set(diag, eh->e_phoff, "is truncated: the program headers lie outside the file");
    return p;
}

static bool load_add(Image *image, const Elf64_Phdr *ph, uint64_t at, Diag *diag)
{
    if (ph->p_memsz == 0)
        return true;
    if (ph->p_filesz > ph->p_memsz)
        return diag_set(diag, at, "is damaged: a segment is larger in the file than in memory");
    if (ph->p_memsz > UINT64_MAX - ph->p_vaddr)
        return diag_set(diag, at, "is damaged: a segment ends beyond the address space");
    if (ph->p_filesz && !bytes_at(image->file, ph->p_offset, ph->p_filesz, 1))
        return diag_set(diag, at, "is truncated: a segment's bytes lie outside the file");
    image->loads[image->nloads++] = (Segment){.addr = ph->p_vaddr,
                                              .memsz = ph->p_memsz,
                                              .filesz = ph->p_filesz,
                                              .off = {ph->p_filesz ? ph->p_offset : 0},
                                              .executable = ph->p_flags & PF_X,
                                              .writable = ph->p_flags & PF_W};
    return true;
}

/* Go's linker leaves a note of its own (cmd/internal/buildid: ELF_NOTE_GOBUILDID_TAG). */
static bool note_is_go(const uint8_t *name, uint32_t namesz, uint32_t type)
{
    return type == 4 && namesz == 4 && memcmp(name, "Go\0", 4) == 0;
}

static bool note_is_build_id(const uint8_t *name, uint32_t namesz, uint32_t type)
{
    return type == NT_GNU_BUILD_ID && namesz == 4 && memcmp(name, "GNU", 4) == 0;
}

/* Reads one PT_NOTE (gABI ch. 5, "Note Section") for the first build id and Go's note; *budget bytes at most are looked at. */
static void notes_read(Image *image, Bytes notes, size_t align, uint64_t *budget)
{
    Cursor c = cursor_at(notes, 0);
    while (!c.bad && c.off < notes.n && c.off < *budget) {
        uint32_t namesz = cursor_u32(&c), descsz = cursor_u32(&c), type = cursor_u32(&c);
        const uint8_t *name = cursor_take(&c, namesz);
        cursor_align(&c, align);
        const uint8_t *desc = cursor_take(&c, descsz);
        cursor_align(&c, align);
        if (!desc)
            continue;
        image->has_go_note |= note_is_go(name, namesz, type);
        if (image->build_id.n == 0 && note_is_build_id(name, namesz, type) && descsz > 0 && descsz <= BUILD_ID_MAX)
            image->build_id = (Bytes){desc, descsz};
    }
    *budget -= c.off < *budget ? c.off : *budget;
}

static void note_add(Image *image, const Elf64_Phdr *ph, uint64_t *budget)
{
    const uint8_t *p = bytes_at(image->file, ph->p_offset, ph->p_filesz, 1);
    if (p)
        notes_read(image, (Bytes){p, (size_t)ph->p_filesz}, ph->p_align == 8 ? 8 : 4, budget);
}

static bool header_add(Image *image, const Elf64_Phdr *ph, uint64_t at, uint64_t *budget, Diag *diag)
{
    switch (ph->p_type) {
    case PT_LOAD: return load_add(image, ph, at, diag);
    case PT_NOTE: note_add(image, ph, budget); return true;
    case PT_DYNAMIC:
        image->dynamic = ph->p_vaddr;
        image->dynamic_size = ph->p_memsz;
        return true;
    case PT_GNU_EH_FRAME:
        image->eh_frame_hdr = ph->p_vaddr;
        image->eh_frame_hdr_size = ph->p_memsz;
        return true;
    case PT_GNU_RELRO:
        image->relro = ph->p_vaddr;
        image->relro_size = ph->p_memsz;
        return true;
    case PT_INTERP: image->has_interp = true; return true;
    default: return true;
    }
}

static int segment_compare(const void *a, const void *b)
{
    const Segment *x = a, *y = b;
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Sorted, disjoint, and some of it code. */
static bool check_loads(Image *image, Diag *diag)
{
    bool code = false;
    if (image->nloads)
        qsort(image->loads, image->nloads, sizeof *image->loads, segment_compare);
    for (size_t i = 0; i < image->nloads; i++) {
        const Segment *s = &image->loads[i];
        code |= s->executable && s->filesz;
        if (i && s->addr - s[-1].addr < s[-1].memsz)
            return diag_set(diag, s->off.v, "is damaged: two segments overlap at address 0x%llx",
                            (unsigned long long)s->addr);
    }
    return code || diag_set(diag, 0, "has no executable segment with contents");
}

static bool headers_read(Image *image, const Elf64_Ehdr *eh, Arena *arena, Diag *diag)
{
    const uint8_t *table = program_headers(image->file, eh, diag);
    if (!table)
        return false;
    image->loads = arena_alloc(arena, eh->e_phnum, sizeof *image->loads);
    if (!image->loads)
        return diag_set(diag, 0, "out of memory");
    uint64_t budget = NOTES_MAX;
    for (size_t i = 0; i < eh->e_phnum; i++) {
        Elf64_Phdr ph;
        memcpy(&ph, table + i * sizeof ph, sizeof ph);
        if (!header_add(image, &ph, eh->e_phoff + i * sizeof ph, &budget, diag))
            return false;
    }
    return check_loads(image, diag);
}

bool image_open(Image *image, Bytes file, Arena *arena, Diag *diag)
{
    Elf64_Ehdr eh;
    *image = (Image){.file = file};
    if (!check_ident(file, diag))
        return false;
    memcpy(&eh, file.p, sizeof eh);
    if (!check_machine(eh.e_machine, diag) || !check_type(eh.e_type, diag))
        return false;
    image->type = eh.e_type;
    image->entry = eh.e_entry;
    if (!headers_read(image, &eh, arena, diag))
        return false;
    sections_open(image);
    return true;
}

const Segment *image_segment(const Image *image, Addr addr)
{
    size_t after = order_after(image->loads, image->nloads, sizeof(Segment), offsetof(Segment, addr), addr);
    const Segment *s = after ? &image->loads[after - 1] : NULL;
    return s && addr - s->addr < s->memsz ? s : NULL;
}

static const Segment *backed_segment(const Image *image, Addr addr)
{
    const Segment *s = image_segment(image, addr);
    return s && addr - s->addr < s->filesz ? s : NULL;
}

/* From addr to the end of the segment's bytes. */
static Bytes bytes_from(const Image *image, const Segment *s, Addr addr)
{
    uint64_t into = addr - s->addr;
    return (Bytes){image->file.p + s->off.v + into, (size_t)(s->filesz - into)};
}

bool image_bytes(const Image *image, Addr addr, Bytes *out)
{
    const Segment *s = backed_segment(image, addr);
    *out = s ? bytes_from(image, s, addr) : (Bytes){0};
    return s;
}

bool image_code_bytes(const Image *image, Addr addr, Bytes *out)
{
    const Segment *s = backed_segment(image, addr);
    if (!s || !s->executable)
        return false;
    *out = bytes_from(image, s, addr);
    return true;
}

const uint8_t *image_read(const Image *image, Addr addr, size_t n)
{
    Bytes b;
    return image_bytes(image, addr, &b) && n <= b.n ? b.p : NULL;
}

bool image_number(const Image *image, Addr addr, unsigned bits, uint64_t *out)
{
    const uint8_t *p = bits <= 64 ? image_read(image, addr, bits / 8) : NULL;
    *out = 0;
    return p ? memcpy(out, p, bits / 8) : NULL;
}

bool image_addr_to_off(const Image *image, Addr addr, Off *off)
{
    const Segment *s = backed_segment(image, addr);
    if (s)
        off->v = addr - s->addr + s->off.v;
    return s;
}

bool image_off_to_addr(const Image *image, Off off, Addr *addr)
{
    const Segment *found = NULL;
    for (size_t i = 0; i < image->nloads; i++) {
        const Segment *s = &image->loads[i];
        if (off.v >= s->off.v && off.v - s->off.v < s->filesz && (!found || (s->executable && !found->executable)))
            found = s;
    }
    if (found)
        *addr = off.v - found->off.v + found->addr;
    return found;
}

bool image_is_code(const Image *image, Addr addr)
{
    const Segment *s = backed_segment(image, addr);
    return s && s->executable;
}

bool image_is_constant(const Image *image, Addr addr)
{
    const Segment *s = backed_segment(image, addr);
    return s && (!s->writable || addr - image->relro < image->relro_size);
}
