/* fuzz/fuzz_elf.c - libFuzzer target: any bytes through every reader of elf/, with the promises of its headers checked.
 *
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz/fuzz_elf.c and all of elf/.
 */
#include "elf/gopclntab.h"
#include "elf/plt.h"
#include "elf/unwind.h"

#include <stdio.h>
#include <stdlib.h>

#define MEMORY_MAX ((size_t)256 << 20)

#define require(holds) ((holds) ? (void)0 : broken(#holds, __LINE__))

static _Noreturn void broken(const char *what, int line)
{
    fprintf(stderr, "line %d: broken: %s\n", line, what);
    abort();
}

static void run_addresses(const Image *image)
{
    for (size_t i = 0; i < image->nloads; i++) {
        const Segment *s = &image->loads[i];
        require(s->filesz <= s->memsz && s->off.v <= image->file.n && s->filesz <= image->file.n - s->off.v);
        require(i == 0 || s->addr - s[-1].addr >= s[-1].memsz);
        Off off;
        Bytes bytes;
        if (s->filesz) {
            require(image_addr_to_off(image, s->addr, &off) && off.v == s->off.v);
            require(image_bytes(image, s->addr + s->filesz - 1, &bytes) && bytes.n == 1);
        }
        require(!image_read(image, s->addr, s->filesz + 1));
        image_is_constant(image, s->addr);
        image_off_to_addr(image, s->off, &(Addr){0});
    }
}

static void run_symbols(const Image *image, Arena *arena)
{
    Symbols symbols;
    if (!symbols_read(&symbols, image, arena, NULL))
        return;
    for (size_t i = 0; i < symbols.n; i++) {
        const Symbol *s = &symbols.items[i];
        require(s->name.n > 0 && (i == 0 || s[-1].addr <= s->addr));
        require(symbols_at(&symbols, s->addr)->addr == s->addr);
        symbols_covering(&symbols, s->addr + s->size / 2);
    }
}

static void run_slots(const Image *image, Arena *arena)
{
    Slots slots, named;
    Addr target;
    Str name;
    if (!slots_read(&slots, image, arena, NULL) || !slots_read_named(&named, image, arena, NULL))
        return;
    require(named.n <= slots.n);
    for (size_t i = 0; i < slots.n; i++)
        require(slots_at(&slots, slots.items[i].addr)->addr == slots.items[i].addr);
    for (size_t i = 0; i < image->nloads; i++)
        for (uint64_t at = 0; image->loads[i].executable && at < image->loads[i].filesz && at < 4096; at++)
            plt_target(image, &slots, image->loads[i].addr + at, &name, &target);
}

static void run_unwind(const Image *image, Arena *arena)
{
    Unwind unwind;
    Fde *fdes, found;
    CallSite *sites;
    size_t n, nsites;
    if (!unwind_open(&unwind, image) || !unwind_all(&unwind, &fdes, &n, arena, NULL))
        return;
    for (size_t i = 0; i < n; i++) {
        require(fdes[i].size > 0 && image_is_code(image, fdes[i].start));
        require(i == 0 || fdes[i].start - fdes[i - 1].start >= fdes[i - 1].size);
        if (i < 16 && unwind_find(&unwind, fdes[i].start, &found))
            require(fdes[i].start - found.start < found.size);
        bool whole = lsda_read(image, &fdes[i], &sites, &nsites, arena, NULL);
        require(whole || nsites == 0);
        for (size_t k = 0; k < nsites; k++)
            require(sites[k].start >= fdes[i].start && sites[k].end <= fdes[i].start + fdes[i].size &&
                    sites[k].start < sites[k].end && (sites[k].pad == 0 || image_is_code(image, sites[k].pad)));
    }
}

static void run_go(const Image *image, Arena *arena)
{
    GoFunction *functions;
    size_t n;
    if (!gopclntab_read(image, &functions, &n, arena, NULL))
        return;
    for (size_t i = 0; i < n; i++)
        require(functions[i].start < functions[i].end && (i == 0 || functions[i - 1].end <= functions[i].start));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena = {.limit = MEMORY_MAX};
    Image image;
    Diag diag = {0};
    if (image_open(&image, (Bytes){data, size}, &arena, &diag)) {
        run_addresses(&image);
        run_symbols(&image, &arena);
        run_slots(&image, &arena);
        run_unwind(&image, &arena);
        run_go(&image, &arena);
    } else {
        require(diag.what[0]);
    }
    arena_free(&arena);
    return 0;
}
