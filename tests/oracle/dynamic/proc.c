/* tests/oracle/dynamic/proc.c - see proc.h. */
#include "tests/oracle/dynamic/proc.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

bool process_read(const Process *p, uint64_t at, void *to, size_t size)
{
    return pread(p->memory, to, size, (off_t)at) == (ssize_t)size;
}

bool process_write(const Process *p, uint64_t at, const void *from, size_t size)
{
    return pwrite(p->memory, from, size, (off_t)at) == (ssize_t)size;
}

static int memory_open(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    return open(path, O_RDWR | O_CLOEXEC);
}

static size_t break_bucket(uint64_t pc) { return (size_t)(pc * UINT64_C(0x9e3779b97f4a7c15) >> 48) % BREAK_BUCKETS; }

void process_open(Process *p, pid_t pid)
{
    if (p->pid)
        close(p->memory);
    for (size_t i = 0; i < BREAK_BUCKETS; i++)
        for (Break *b = p->breaks[i], *next; b; b = next) {
            next = b->next;
            free(b);
        }
    memset(p->breaks, 0, sizeof p->breaks);
    p->pid = pid;
    p->memory = memory_open(pid);
}

Break *break_find(const Process *p, uint64_t pc)
{
    Break *b = p->breaks[break_bucket(pc)];
    while (b && b->pc != pc)
        b = b->next;
    return b;
}

void break_arm(const Process *p, const Break *b, bool armed)
{
    uint8_t int3 = 0xcc;
    process_write(p, b->pc, armed ? &int3 : &b->saved, 1);
}

Break *break_add(Process *p, uint64_t pc)
{
    Break *b = break_find(p, pc);
    if (b) {
        b->uses++;
        return b;
    }
    uint8_t saved;
    if (!process_read(p, pc, &saved, 1))
        return NULL;
    b = must_alloc(1, sizeof *b);
    *b = (Break){.pc = pc, .saved = saved, .uses = 1, .next = p->breaks[break_bucket(pc)]};
    p->breaks[break_bucket(pc)] = b;
    break_arm(p, b, true);
    return b;
}

void break_drop(Process *p, uint64_t pc)
{
    Break **link = &p->breaks[break_bucket(pc)];
    while (*link && (*link)->pc != pc)
        link = &(*link)->next;
    Break *b = *link;
    if (!b || --b->uses)
        return;
    break_arm(p, b, false);
    *link = b->next;
    free(b);
}

void breaks_erase(const Process *p, pid_t child)
{
    Process copy = {.pid = child, .memory = memory_open(child)};
    for (size_t i = 0; i < BREAK_BUCKETS; i++)
        for (const Break *b = p->breaks[i]; b; b = b->next)
            break_arm(&copy, b, false);
    close(copy.memory);
}

bool machine_read(Machine *m, pid_t tid)
{
    m->tid = tid;
    m->have_fpregs = m->have_window = false;
    return ptrace(PTRACE_GETREGS, tid, NULL, &m->regs) == 0;
}

uint64_t machine_register(Machine *m, int r)
{
    const struct user_regs_struct *u = &m->regs;
    const unsigned long long all[] = {u->rax, u->rcx, u->rdx, u->rbx, u->rsp, u->rbp, u->rsi, u->rdi,     u->r8,
                                      u->r9,  u->r10, u->r11, u->r12, u->r13, u->r14, u->r15, u->fs_base, u->gs_base};
    if (r >= 0 && r < (int)(sizeof all / sizeof *all))
        return all[r];
    if (r < REG_XMM || r >= REG_XMM + 16)
        return 0;
    if (!m->have_fpregs)
        m->have_fpregs = ptrace(PTRACE_GETFPREGS, m->tid, NULL, &m->fpregs) == 0;
    uint64_t low;
    memcpy(&low, &m->fpregs.xmm_space[4 * (r - REG_XMM)], sizeof low);
    return low;
}

static uint64_t place_address(Machine *m, const Place *place, uint64_t bias)
{
    if (place->kind == PLACE_STATIC)
        return place->address + bias;
    uint64_t at = place->disp + machine_register(m, place->reg) + machine_register(m, place->segment);
    return at + (place->index == NO_REG ? 0 : machine_register(m, place->index) * place->scale);
}

/* Most memory places are in the frame, so one read of the stack serves all of them. */
static bool memory_read(Machine *m, const Process *p, uint64_t at, void *to, size_t size)
{
    uint64_t base = m->regs.rsp - WINDOW_BELOW;
    if (at - base > WINDOW - size || at < base)
        return process_read(p, at, to, size);
    if (!m->have_window)
        m->have_window = process_read(p, base, m->window, WINDOW);
    if (!m->have_window)
        return process_read(p, at, to, size);
    memcpy(to, m->window + (at - base), size);
    return true;
}

bool machine_place(Machine *m, const Process *p, const Place *place, uint64_t bias, uint64_t *value)
{
    unsigned bits = place->bits > 64 ? 64 : place->bits;
    uint64_t got = 0;
    if (place->kind == PLACE_UNREADABLE || bits == 0)
        return false;
    if (place->kind == PLACE_REG)
        got = machine_register(m, place->reg);
    else if (!memory_read(m, p, place_address(m, place, bias), &got, (bits + 7) / 8))
        return false;
    got += place->addend;
    *value = bits == 64 ? got : got & ((UINT64_C(1) << bits) - 1);
    return true;
}

uint64_t process_entry(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid);
    FILE *f = fopen(path, "rb");
    Elf64_auxv_t a = {0};
    uint64_t entry = 0;
    while (f && fread(&a, sizeof a, 1, f) == 1)
        if (a.a_type == AT_ENTRY)
            entry = a.a_un.a_val;
    if (f)
        fclose(f);
    return entry;
}

/* An ELF file in our own memory; base NULL: none. */
typedef struct File {
    const uint8_t *base;
    size_t size;
} File;

static File file_map(const char *path)
{
    File file = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size > sizeof(Elf64_Ehdr)) {
        void *base =
            mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0); /* a private one shows armed uprobes */
        if (base != MAP_FAILED && memcmp(base, ELFMAG, SELFMAG) == 0)
            file = (File){.base = base, .size = (size_t)st.st_size};
        else if (base != MAP_FAILED)
            munmap(base, (size_t)st.st_size);
    }
    if (fd >= 0)
        close(fd);
    return file;
}

static void file_unmap(File file) { munmap((void *)(uintptr_t)file.base, file.size); }

/* The bias that a mapping of the file's bytes from `offset` at `start` implies. */
static bool file_bias(File file, uint64_t start, uint64_t offset, uint64_t *bias)
{
    const Elf64_Ehdr *eh = (const void *)file.base;
    const Elf64_Phdr *ph = (const void *)(file.base + eh->e_phoff);
    if (eh->e_phoff > file.size || (file.size - eh->e_phoff) / sizeof *ph < eh->e_phnum)
        return false;
    for (int i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD && ph[i].p_flags & PF_X && (ph[i].p_offset & ~UINT64_C(4095)) == offset) {
            *bias = start - (ph[i].p_vaddr & ~UINT64_C(4095));
            return true;
        }
    return false;
}

void process_files(const Process *p, void (*found)(void *context, const char *path, uint64_t bias), void *context)
{
    char maps[64], line[PATH_MAX + 200];
    snprintf(maps, sizeof maps, "/proc/%d/maps", (int)p->pid);
    FILE *f = fopen(maps, "r");
    while (f && fgets(line, sizeof line, f)) {
        unsigned long long start, end, offset, bias;
        char modes[5];
        int at = 0;
        if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %n", &start, &end, modes, &offset, &at) < 4 || modes[2] != 'x')
            continue;
        line[strcspn(line, "\n")] = 0;
        File file = line[at] == '/' ? file_map(line + at) : (File){0};
        uint64_t value;
        bool good = file.base && file_bias(file, start, offset, &value);
        if (file.base)
            file_unmap(file);
        bias = good ? value : 0;
        if (good)
            found(context, line + at, bias);
    }
    if (f)
        fclose(f);
}

static bool name_among(const char *name, size_t room, const char *const *names)
{
    for (; *names; names++)
        if (strlen(*names) < room && strcmp(*names, name) == 0)
            return true;
    return false;
}

static void table_symbols(File file, const Elf64_Shdr *table, const Elf64_Shdr *strings, const char *const *names,
                          void (*found)(void *context, uint64_t address), void *context)
{
    if (table->sh_offset > file.size || table->sh_size > file.size - table->sh_offset ||
        strings->sh_offset > file.size || strings->sh_size > file.size - strings->sh_offset)
        return;
    const Elf64_Sym *sym = (const void *)(file.base + table->sh_offset);
    const char *text = (const char *)file.base + strings->sh_offset;
    for (size_t i = 0; i < table->sh_size / sizeof *sym; i++)
        if (ELF64_ST_TYPE(sym[i].st_info) == STT_FUNC && sym[i].st_shndx != SHN_UNDEF &&
            sym[i].st_name < strings->sh_size &&
            name_among(text + sym[i].st_name, strings->sh_size - sym[i].st_name, names))
            found(context, sym[i].st_value);
}

void file_symbols(const char *path, const char *const *names, void (*found)(void *context, uint64_t address),
                  void *context)
{
    File file = file_map(path);
    if (!file.base)
        return;
    const Elf64_Ehdr *eh = (const void *)file.base;
    const Elf64_Shdr *sh = (const void *)(file.base + eh->e_shoff);
    if (eh->e_shoff && eh->e_shoff < file.size && (file.size - eh->e_shoff) / sizeof *sh >= eh->e_shnum)
        for (int i = 0; i < eh->e_shnum; i++)
            if ((sh[i].sh_type == SHT_DYNSYM || sh[i].sh_type == SHT_SYMTAB) && sh[i].sh_link < eh->e_shnum)
                table_symbols(file, &sh[i], &sh[sh[i].sh_link], names, found, context);
    file_unmap(file);
}
