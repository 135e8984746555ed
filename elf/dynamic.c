/* elf/dynamic.c - reads PT_DYNAMIC and counts the dynamic symbols. */
#include "elf/dynamic.h"
#include "elf/cursor.h"
#include "elf/section.h"

#include <elf.h>

/* The tags that are used; each is the last of its kind, as in ld.so. */
typedef struct Tags {
    uint64_t symtab, strtab, strsz, hash, gnu_hash;
    uint64_t rela, relasz, relacount, jmprel, pltrelsz, pltrel, relr, relrsz;
    uint64_t init, fini, array[3], arraysz[3];
} Tags;

static void tag_store(Tags *t, uint64_t tag, uint64_t value)
{
    switch (tag) {
    case DT_SYMTAB: t->symtab = value; break;
    case DT_STRTAB: t->strtab = value; break;
    case DT_STRSZ: t->strsz = value; break;
    case DT_HASH: t->hash = value; break;
    case DT_GNU_HASH: t->gnu_hash = value; break;
    case DT_RELA: t->rela = value; break;
    case DT_RELASZ: t->relasz = value; break;
    case DT_RELACOUNT: t->relacount = value; break;
    case DT_JMPREL: t->jmprel = value; break;
    case DT_PLTRELSZ: t->pltrelsz = value; break;
    case DT_PLTREL: t->pltrel = value; break;
    case 36 /* DT_RELR, not in every elf.h */: t->relr = value; break;
    case 35 /* DT_RELRSZ */: t->relrsz = value; break;
    case DT_INIT: t->init = value; break;
    case DT_FINI: t->fini = value; break;
    case DT_PREINIT_ARRAY: t->array[0] = value; break;
    case DT_PREINIT_ARRAYSZ: t->arraysz[0] = value; break;
    case DT_INIT_ARRAY: t->array[1] = value; break;
    case DT_INIT_ARRAYSZ: t->arraysz[1] = value; break;
    case DT_FINI_ARRAY: t->array[2] = value; break;
    case DT_FINI_ARRAYSZ: t->arraysz[2] = value; break;
    default: break;
    }
}

/* size bytes at addr, or what the segment has of them, in whole entries. */
static Bytes table_at(const Image *image, Addr addr, uint64_t size, size_t entry)
{
    Bytes b;
    if (addr == 0 || !image_bytes(image, addr, &b))
        return (Bytes){0};
    if (b.n > size)
        b.n = (size_t)size;
    b.n -= b.n % entry;
    return b;
}

bool dynamic_read(Dynamic *out, const Image *image)
{
    Tags t = {0};
    Bytes bytes = table_at(image, image->dynamic, image->dynamic_size, sizeof(Elf64_Dyn));
    *out = (Dynamic){0};
    for (Cursor c = cursor_at(bytes, 0); c.off < bytes.n;) {
        uint64_t tag = cursor_u64(&c), value = cursor_u64(&c);
        if (tag == DT_NULL)
            break;
        tag_store(&t, tag, value);
    }
    *out = (Dynamic){.symtab = t.symtab,
                     .hash = t.hash,
                     .gnu_hash = t.gnu_hash,
                     .strings = table_at(image, t.strtab, t.strsz, 1),
                     .rela = table_at(image, t.rela, t.relasz, sizeof(Elf64_Rela)),
                     .relr = table_at(image, t.relr, t.relrsz, sizeof(Elf64_Xword)),
                     .init = t.init,
                     .fini = t.fini,
                     .relative = t.relacount};
    for (size_t i = 0; i < 3; i++) {
        out->starts_at[i] = t.array[i];
        out->starts[i] = table_at(image, t.array[i], t.arraysz[i], 8);
    }
    if (t.pltrel == DT_RELA)
        out->jmprel = table_at(image, t.jmprel, t.pltrelsz, sizeof(Elf64_Rela));
    return bytes.n > 0;
}

/* DT_HASH: nbucket, nchain, buckets, chains; there are nchain symbols (gABI ch. 5, "Hash Table"). */
static uint64_t count_by_hash(const Image *image, Addr hash)
{
    uint64_t nchain;
    return hash && image_number(image, hash + 4, 32, &nchain) ? nchain : 0;
}

/* DT_GNU_HASH: nbuckets, symoffset, bloom_size, bloom_shift, bloom (8 bytes each), buckets, chain. The chain of the
 * bucket that starts last ends, by a set low bit, with the last symbol. Each step moves on in the bytes, so it ends. */
static uint64_t count_by_gnu_hash(const Image *image, Addr hash)
{
    Bytes b;
    if (!hash || !image_bytes(image, hash, &b))
        return 0;
    Cursor c = cursor_at(b, 0);
    uint32_t nbuckets = cursor_u32(&c), symoffset = cursor_u32(&c), bloom = cursor_u32(&c), last = 0;
    cursor_u32(&c);
    cursor_take(&c, (uint64_t)bloom * 8);
    for (uint32_t i = 0; i < nbuckets && !c.bad; i++) {
        uint32_t start = cursor_u32(&c);
        last = start > last ? start : last;
    }
    if (c.bad || last < symoffset)
        return c.bad ? 0 : symoffset;
    cursor_take(&c, (uint64_t)(last - symoffset) * 4);
    for (uint64_t n = (uint64_t)last + 1; !c.bad; n++)
        if (cursor_u32(&c) & 1)
            return n;
    return 0;
}

Bytes dynamic_symbols(const Dynamic *d, const Image *image)
{
    Elf64_Shdr sh;
    uint64_t n = count_by_hash(image, d->hash);
    if (n == 0)
        n = count_by_gnu_hash(image, d->gnu_hash);
    if (n == 0 && section_of_type(image, SHT_DYNSYM, &sh) && sh.sh_addr == d->symtab)
        n = sh.sh_size / sizeof(Elf64_Sym);
    if (n > image->file.n / sizeof(Elf64_Sym))
        n = image->file.n / sizeof(Elf64_Sym);
    return table_at(image, d->symtab, n * sizeof(Elf64_Sym), sizeof(Elf64_Sym));
}
