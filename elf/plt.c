/* elf/plt.c - recognises PLT stubs by their bytes. */
#include "elf/plt.h"

#include <elf.h>
#include <string.h>

/* Does `at` hold the n bytes of p? Then *at is behind them. */
static bool skip(Bytes code, size_t *at, const char *p, size_t n)
{
    if (n > code.n - *at || memcmp(code.p + *at, p, n) != 0)
        return false;
    *at += n;
    return true;
}

/* The address of the word that the stub jumps through. */
static bool stub_word(const Image *image, Addr stub, Addr *word)
{
    Bytes code;
    size_t at = 0;
    int32_t disp;
    if (!image_code_bytes(image, stub, &code))
        return false;
    skip(code, &at, "\xf3\x0f\x1e\xfa", 4);
    if (!skip(code, &at, "\xf2", 1))
        skip(code, &at, "\x3e", 1);
    bool retpoline = skip(code, &at, "\x4c\x8b\x1d", 3);
    if ((!retpoline && !skip(code, &at, "\xff\x25", 2)) || code.n - at < sizeof disp + retpoline)
        return false;
    memcpy(&disp, code.p + at, sizeof disp);
    at += sizeof disp;
    *word = stub + at + (uint64_t)(int64_t)disp;
    return !retpoline || code.p[at] == 0xe8 || code.p[at] == 0xe9;
}

/* Is it a word that nobody but the dynamic linker writes? A function pointer in writable data is none. */
static bool slot_is_linkage(const Image *image, const Slot *slot)
{
    return slot->type == R_X86_64_JUMP_SLOT || slot->type == R_X86_64_GLOB_DAT || slot->type == R_X86_64_IRELATIVE ||
           image_is_constant(image, slot->addr);
}

bool plt_target(const Image *image, const Slots *slots, Addr stub, Str *name, Addr *target)
{
    Addr word;
    *name = (Str){0};
    *target = 0;
    if (!stub_word(image, stub, &word))
        return false;
    Slot slot;
    if (!slots_at(slots, word, &slot) || !slot_is_linkage(image, &slot))
        return false;
    *name = slot.name;
    *target = slot.type == R_X86_64_IRELATIVE ? 0 : slot.target;
    return name->p || *target;
}

/* Moves *at behind the 4 bytes of a RIP-relative address of an instruction that ends there. */
static Addr word_at(Bytes code, size_t *at, Addr start)
{
    int32_t disp;
    memcpy(&disp, code.p + *at, sizeof disp);
    *at += sizeof disp;
    return start + *at + (uint64_t)(int64_t)disp;
}

bool plt_is_first(const Image *image, Addr addr)
{
    enum { PLT_BYTES = 16 };
    Bytes code;
    size_t at = 0;
    if (!image_code_bytes(image, addr, &code) || code.n < PLT_BYTES || !skip(code, &at, "\xff\x35", 2))
        return false;
    Addr link = word_at(code, &at, addr);
    skip(code, &at, "\xf2", 1);
    return (skip(code, &at, "\xff\x25", 2) || skip(code, &at, "\x4c\x8b\x1d", 3)) &&
           word_at(code, &at, addr) == link + 8;
}
