/* tests/oracle/elf_text.h - the executable sections of ELF files, for the oracles.
 *
 * Uses libc's elf.h and nothing of ours, so that a fault of our own reader cannot hide code from an oracle.
 * A file without section headers gives its executable segments instead.
 */
#ifndef LVSCAN_TESTS_ELF_TEXT_H
#define LVSCAN_TESTS_ELF_TEXT_H

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Called for each executable section: n bytes at p, loaded at addr. */
typedef void ElfTextFn(void *ctx, const char *path, uint64_t addr, const uint8_t *p, size_t n);

static inline bool elf_text_is_x86_64(const uint8_t *p, size_t n)
{
    Elf64_Ehdr h;
    if (n < sizeof h)
        return false;
    memcpy(&h, p, sizeof h);
    return memcmp(h.e_ident, ELFMAG, SELFMAG) == 0 && h.e_ident[EI_CLASS] == ELFCLASS64 && h.e_machine == EM_X86_64;
}

static inline bool elf_text_inside(uint64_t off, uint64_t len, size_t n) { return off <= n && len <= n - off; }

static inline int elf_text_sections(const Elf64_Ehdr *h, const uint8_t *p, size_t n, const char *path, ElfTextFn *fn,
                                    void *ctx)
{
    int count = 0;
    for (unsigned i = 0; i < h->e_shnum; i++) {
        Elf64_Shdr s;
        uint64_t at = h->e_shoff + (uint64_t)i * h->e_shentsize;
        if (h->e_shentsize < sizeof s || !elf_text_inside(at, sizeof s, n))
            break;
        memcpy(&s, p + at, sizeof s);
        if (!(s.sh_flags & SHF_EXECINSTR) || s.sh_type == SHT_NOBITS || !elf_text_inside(s.sh_offset, s.sh_size, n))
            continue;
        fn(ctx, path, s.sh_addr, p + s.sh_offset, s.sh_size);
        count++;
    }
    return count;
}

static inline int elf_text_segments(const Elf64_Ehdr *h, const uint8_t *p, size_t n, const char *path, ElfTextFn *fn,
                                    void *ctx)
{
    int count = 0;
    for (unsigned i = 0; i < h->e_phnum; i++) {
        Elf64_Phdr s;
        uint64_t at = h->e_phoff + (uint64_t)i * h->e_phentsize;
        if (h->e_phentsize < sizeof s || !elf_text_inside(at, sizeof s, n))
            break;
        memcpy(&s, p + at, sizeof s);
        if (s.p_type != PT_LOAD || !(s.p_flags & PF_X) || !elf_text_inside(s.p_offset, s.p_filesz, n))
            continue;
        fn(ctx, path, s.p_vaddr, p + s.p_offset, s.p_filesz);
        count++;
    }
    return count;
}

/* Calls fn for each executable section of the file. Returns how many, or -1: not a readable x86-64 ELF file. */
static inline int elf_text_each(const char *path, ElfTextFn *fn, void *ctx)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0)
        return -1;
    void *m = MAP_FAILED;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        m = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0); /* a private one shows armed uprobes */
    close(fd);
    if (m == MAP_FAILED)
        return -1;
    int count = -1;
    size_t n = (size_t)st.st_size;
    if (elf_text_is_x86_64(m, n)) {
        Elf64_Ehdr h;
        memcpy(&h, m, sizeof h);
        count = elf_text_sections(&h, m, n, path, fn, ctx);
        if (count == 0)
            count = elf_text_segments(&h, m, n, path, fn, ctx);
    }
    munmap(m, n);
    return count;
}

#endif
