/* fuzz/fuzz_elf.c - libFuzzer target: any bytes through every reader of elf/, with the promises of its headers checked.
 *
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz/fuzz_elf.c and all of elf/.
 */
#include "elf/gopclntab.h"
#include "elf/plt.h"
#include "elf/symbols.h"
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
    if (!symbols_open(&symbols, image, arena, NULL))
        return;
    for (size_t i = 0; i < symbols.n; i++) {
        Symbol s = symbols_get(&symbols, i), found;
        symbol_name(&symbols, &s);
        require(i == 0 || symbols_get(&symbols, i - 1).addr <= s.addr);
        require(symbols_at(&symbols, s.addr, &found) && found.addr == s.addr);
        symbols_covering(&symbols, s.addr + s.size / 2, &found);
    }
}

static void run_go(const Image *image, const Slots *slots)
{
    GoTable go;
    Addr start, end;
    if (!gopclntab_open(&go, image, slots))
        return;
    for (size_t i = 0; i < go.n; i++) {
        if (gopclntab_function(&go, i, &start, &end))
            require(start < end && image_is_code(image, start));
        gopclntab_name(&go, i);
    }
}

static void run_slots(const Image *image, Arena *arena)
{
    Slots slots;
    Slot slot, found;
    Addr target;
    Str name;
    bool opened = slots_open(&slots, image, arena, NULL);
    for (SlotWalk w = {0}; opened && slots_next(&slots, &w, &slot);)
        require(slots_at(&slots, slot.addr, &found) && found.addr == slot.addr);
    for (size_t i = 0; opened && i < image->nloads; i++)
        for (uint64_t at = 0; image->loads[i].executable && at < image->loads[i].filesz && at < 4096; at++)
            plt_target(image, &slots, image->loads[i].addr + at, &name, &target);
    run_go(image, &slots);
    slots_close(&slots);
}

static void run_unwind(const Image *image, Arena *arena)
{
    Unwind unwind;
    Fde fde;
    FdeRange range;
    CallSite *sites;
    size_t nsites;
    Addr last = 0;
    if (!unwind_open(&unwind, image, arena, NULL))
        return;
    for (UnwindWalk w = {0}; unwind_next(&unwind, &w, &range);) {
        require(range.size > 0 && image_is_code(image, range.start) && range.start >= last);
        last = range.start + range.size;
        require(unwind_find(&unwind, range.start, &fde) && fde.start == range.start && fde.size >= range.size);
        bool whole = lsda_read(image, &fde, &sites, &nsites, arena, NULL);
        require(whole || nsites == 0);
        for (size_t k = 0; k < nsites; k++)
            require(sites[k].start >= fde.start && sites[k].end <= fde.start + fde.size &&
                    sites[k].start < sites[k].end && (sites[k].pad == 0 || image_is_code(image, sites[k].pad)));
    }
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
    } else {
        require(diag.what[0]);
    }
    arena_free(&arena);
    return 0;
}
