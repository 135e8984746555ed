/* fuzz/elf_mutator.c - see elf_mutator.h. A file is taken as a list of parts, each an array of records of one kind with named fields;
 * a mutation picks a part, a record, a field, and a value that is likely to be one too many. */
#include "fuzz/elf_mutator.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

enum { PARTS_MAX = 160, FIELDS_MAX = 16, CHANGES_MAX = 4 };

typedef struct Field {
    uint8_t at, width;
} Field;

#define FIELD(type, name)                                                                                              \
    {                                                                                                                  \
        offsetof(type, name), sizeof(((type *)0)->name)                                                                \
    }

/* A record of some kind: its size and its fields; no fields: any aligned place of it. */
typedef struct Kind {
    uint8_t size;
    Field fields[FIELDS_MAX];
} Kind;

static const Kind EHDR = {sizeof(Elf64_Ehdr),
                          {FIELD(Elf64_Ehdr, e_type), FIELD(Elf64_Ehdr, e_entry), FIELD(Elf64_Ehdr, e_phoff),
                           FIELD(Elf64_Ehdr, e_shoff), FIELD(Elf64_Ehdr, e_phentsize), FIELD(Elf64_Ehdr, e_phnum),
                           FIELD(Elf64_Ehdr, e_shentsize), FIELD(Elf64_Ehdr, e_shnum), FIELD(Elf64_Ehdr, e_shstrndx)}};
static const Kind PHDR = {sizeof(Elf64_Phdr),
                          {FIELD(Elf64_Phdr, p_type), FIELD(Elf64_Phdr, p_flags), FIELD(Elf64_Phdr, p_offset),
                           FIELD(Elf64_Phdr, p_vaddr), FIELD(Elf64_Phdr, p_filesz), FIELD(Elf64_Phdr, p_memsz),
                           FIELD(Elf64_Phdr, p_align)}};
static const Kind SHDR = {sizeof(Elf64_Shdr),
                          {FIELD(Elf64_Shdr, sh_name), FIELD(Elf64_Shdr, sh_type), FIELD(Elf64_Shdr, sh_flags),
                           FIELD(Elf64_Shdr, sh_addr), FIELD(Elf64_Shdr, sh_offset), FIELD(Elf64_Shdr, sh_size),
                           FIELD(Elf64_Shdr, sh_link), FIELD(Elf64_Shdr, sh_info), FIELD(Elf64_Shdr, sh_entsize)}};
static const Kind SYM = {sizeof(Elf64_Sym),
                         {FIELD(Elf64_Sym, st_name), FIELD(Elf64_Sym, st_info), FIELD(Elf64_Sym, st_shndx),
                          FIELD(Elf64_Sym, st_value), FIELD(Elf64_Sym, st_size)}};
/* A relocation's type and symbol are two words of r_info. */
static const Kind RELA = {sizeof(Elf64_Rela),
                          {FIELD(Elf64_Rela, r_offset), {8, 4}, {12, 4}, FIELD(Elf64_Rela, r_addend)}};
static const Kind DYN = {sizeof(Elf64_Dyn), {FIELD(Elf64_Dyn, d_tag), FIELD(Elf64_Dyn, d_un)}};
static const Kind NOTE = {12, {{0, 4}, {4, 4}, {8, 4}}};
static const Kind ENTRY = {16, {{0, 4}, {4, 4}, {8, 4}, {12, 4}}}; /* a CIE's or FDE's first words */
static const Kind WORDS = {4, {{0, 0}}};

/* `count` records of a kind, from `off` on. */
typedef struct Part {
    const Kind *kind;
    uint64_t off, count;
} Part;

typedef struct Mutation {
    uint8_t *p;
    size_t n, max;
    uint64_t state;
    Part parts[PARTS_MAX];
    size_t nparts;
} Mutation;

/* splitmix64 */
static uint64_t draw(Mutation *m)
{
    uint64_t z = m->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t below(Mutation *m, uint64_t limit) { return limit ? draw(m) % limit : 0; }

static uint64_t load(const Mutation *m, uint64_t off, unsigned width)
{
    uint64_t v = 0;
    if (off < m->n && width <= m->n - off)
        memcpy(&v, m->p + off, width);
    return v;
}

static void store(Mutation *m, uint64_t off, uint64_t v, unsigned width)
{
    if (off < m->n && width <= m->n - off)
        memcpy(m->p + off, &v, width);
}

/* Adds a part, cut to the file. */
static void part_add(Mutation *m, const Kind *kind, uint64_t off, uint64_t bytes)
{
    if (m->nparts == PARTS_MAX || off >= m->n)
        return;
    uint64_t n = bytes < m->n - off ? bytes : m->n - off;
    if (n >= kind->size)
        m->parts[m->nparts++] = (Part){kind, off, n / kind->size};
}

/* Each record of a list whose first word tells its length. */
static void entries_add(Mutation *m, uint64_t off, uint64_t bytes)
{
    uint64_t end = off < m->n && bytes < m->n - off ? off + bytes : m->n;
    while (off < end && m->nparts < PARTS_MAX / 2) {
        part_add(m, &ENTRY, off, ENTRY.size);
        off += 4 + load(m, off, 4) % (1 << 16);
    }
}

static const Kind *kind_of_section(uint32_t type)
{
    switch (type) {
    case SHT_SYMTAB:
    case SHT_DYNSYM: return &SYM;
    case SHT_RELA: return &RELA;
    case SHT_DYNAMIC: return &DYN;
    case SHT_NOTE: return &NOTE;
    case SHT_NOBITS: return NULL;
    default: return &WORDS;
    }
}

static bool name_is(const Mutation *m, uint64_t names, uint64_t at, const char *want)
{
    uint64_t n = strlen(want) + 1;
    return names < m->n && at < m->n - names && n <= m->n - names - at && memcmp(m->p + names + at, want, n) == 0;
}

static void sections_add(Mutation *m)
{
    uint64_t at = load(m, offsetof(Elf64_Ehdr, e_shoff), 8), n = load(m, offsetof(Elf64_Ehdr, e_shnum), 2);
    uint64_t strings = at + load(m, offsetof(Elf64_Ehdr, e_shstrndx), 2) * sizeof(Elf64_Shdr);
    uint64_t names = load(m, strings + offsetof(Elf64_Shdr, sh_offset), 8);
    part_add(m, &SHDR, at, n * sizeof(Elf64_Shdr));
    for (uint64_t i = 0; i < n && i < 64; i++, at += sizeof(Elf64_Shdr)) {
        const Kind *kind = kind_of_section((uint32_t)load(m, at + offsetof(Elf64_Shdr, sh_type), 4));
        uint64_t off = load(m, at + offsetof(Elf64_Shdr, sh_offset), 8);
        uint64_t size = load(m, at + offsetof(Elf64_Shdr, sh_size), 8);
        if (kind)
            part_add(m, kind, off, size);
        if (name_is(m, names, load(m, at, 4), ".eh_frame"))
            entries_add(m, off, size);
    }
}

static void segments_add(Mutation *m)
{
    uint64_t at = load(m, offsetof(Elf64_Ehdr, e_phoff), 8), n = load(m, offsetof(Elf64_Ehdr, e_phnum), 2);
    part_add(m, &PHDR, at, n * sizeof(Elf64_Phdr));
    for (uint64_t i = 0; i < n && i < 32; i++, at += sizeof(Elf64_Phdr)) {
        uint32_t type = (uint32_t)load(m, at, 4);
        const Kind *kind = type == PT_DYNAMIC ? &DYN : type == PT_NOTE ? &NOTE : &WORDS;
        part_add(m, kind, load(m, at + offsetof(Elf64_Phdr, p_offset), 8),
                 load(m, at + offsetof(Elf64_Phdr, p_filesz), 8));
    }
}

static void parts_find(Mutation *m)
{
    m->nparts = 0;
    part_add(m, &EHDR, 0, sizeof(Elf64_Ehdr));
    segments_add(m);
    sections_add(m);
}

/* A value to put where `old` was: an edge of some width, a neighbour, its negative, the file's size, or what another field holds. */
static uint64_t value_draw(Mutation *m, uint64_t old, uint64_t off)
{
    static const uint64_t edges[] = {0,      1,      2,         8,          0x7f,       0x80,      0xff,
                                     0x7fff, 0xffff, INT32_MAX, 1ull << 31, UINT32_MAX, INT64_MAX, 1ull << 63};
    static const int8_t steps[] = {-64, -24, -16, -8, -4, -1, 1, 4, 8, 16, 24, 64};
    const Part *other = &m->parts[below(m, m->nparts)];
    switch (below(m, 9)) {
    case 0: return edges[below(m, sizeof edges / sizeof *edges)];
    case 1: return 0 - below(m, 4096); /* near 2^64 */
    case 2: return old + (uint64_t)steps[below(m, sizeof steps)];
    case 3: return 0 - old;
    case 4: return m->n + (uint64_t)steps[below(m, sizeof steps)];
    case 5: return off - below(m, 16); /* itself */
    case 6: return load(m, other->off + below(m, other->count) * other->kind->size, 8);
    case 7: return other->off;
    default: return old ^ 1ull << below(m, 64);
    }
}

static void change_field(Mutation *m)
{
    const Part *part = &m->parts[below(m, m->nparts)];
    unsigned nfields = 0;
    while (nfields < FIELDS_MAX && part->kind->fields[nfields].width)
        nfields++;
    Field f = nfields ? part->kind->fields[below(m, nfields)] : (Field){0, (uint8_t)(1 << below(m, 4))};
    uint64_t off = part->off + below(m, part->count) * part->kind->size + f.at;
    store(m, off, value_draw(m, load(m, off, f.width), off), f.width);
}

/* One record put over another: twice the same, or two that overlap. */
static void copy_record(Mutation *m)
{
    const Part *part = &m->parts[below(m, m->nparts)];
    size_t size = part->kind->size;
    uint64_t from = part->off + below(m, part->count) * size, to = part->off + below(m, part->count) * size;
    memmove(m->p + to, m->p + from, size);
}

static void change_bytes(Mutation *m)
{
    const Part *part = &m->parts[below(m, m->nparts)];
    uint64_t size = part->count * part->kind->size, at = below(m, size), n = 1 + below(m, 8);
    for (uint64_t i = at; i < at + n && i < size; i++)
        m->p[part->off + i] = (uint8_t)draw(m);
}

/* Code that matters to the analysis, put somewhere: branches, calls, compares, what moves the stack. */
static void put_code(Mutation *m)
{
    static const uint8_t pieces[][9] = {
        {2, 0xeb, 0xfe},
        {2, 0x74, 0xf0},
        {5, 0xe8, 0, 0, 0, 0},
        {5, 0xe9, 0xf0, 0xff, 0xff, 0xff},
        {2, 0xff, 0xe0},
        {3, 0x83, 0xff, 7},
        {3, 0x83, 0xf8, 0},
        {6, 0x81, 0xff, 0x30, 0x75, 0, 0},
        {3, 0x48, 0x89, 0xf8},
        {4, 0x48, 0x83, 0xec, 8},
        {1, 0x5d},
        {1, 0x50},
        {1, 0xc3},
        {4, 0x48, 0x63, 4, 0xba},
        {3, 0x48, 1, 0xd0},
        {7, 0x48, 0x8d, 0x15, 9, 0, 0, 0},
        {2, 0xff, 0xd0},
        {5, 0x48, 0x8b, 0x44, 0x24, 8},
        {3, 0xff, 0x24, 0xc5},
        {4, 0x0f, 0x86, 8, 0},
        {3, 0x48, 0x0f, 0xa3},
        {4, 0x48, 0x83, 0xe4, 0xf0},
        {2, 0xf3, 0xa6},
        {2, 0x0f, 5},
    };
    const Part *part = &m->parts[below(m, m->nparts)];
    const uint8_t *piece = pieces[below(m, sizeof pieces / sizeof *pieces)];
    uint64_t size = part->count * part->kind->size, at = below(m, size);
    if (part->kind == &WORDS && piece[0] <= size - at)
        memcpy(m->p + part->off + at, piece + 1, piece[0]);
}

static void change_size(Mutation *m)
{
    size_t n = 1 + (size_t)below(m, below(m, 2) ? m->n : m->max);
    if (n > m->n)
        memset(m->p + m->n, (int)(draw(m) & 0xff), n - m->n);
    m->n = n;
}

static void change(Mutation *m)
{
    parts_find(m);
    uint64_t what = below(m, 64);
    if (m->nparts == 0)
        m->p[below(m, m->n)] = (uint8_t)draw(m);
    else if (what < 32)
        change_field(m);
    else if (what < 40)
        copy_record(m);
    else if (what < 50)
        change_bytes(m);
    else if (what < 63)
        put_code(m);
    else
        change_size(m);
}

size_t elf_mutate(uint8_t *p, size_t n, size_t max, uint64_t seed)
{
    Mutation m = {.p = p, .n = n, .max = max, .state = seed};
    if (n == 0) {
        p[0] = (uint8_t)seed;
        return 1;
    }
    for (uint64_t i = 1 + below(&m, 2) * below(&m, CHANGES_MAX); i > 0; i--)
        change(&m);
    return m.n;
}
