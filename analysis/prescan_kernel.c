/* analysis/prescan_kernel.c - see prescan_kernel.h. The three kinds give the same answer to the bit. */
#include "analysis/prescan_kernel.h"

#include <string.h>

enum { BLOCK = 32, AHEAD = 4 };

/* ---- portable ---- */

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool site_at(uint8_t a, uint8_t b)
{
    if ((a & 0xf7) == 0x05 || (a & 0xe7) == 0x25 || a == 0x81)
        return true;
    if (a == 0x83)
        return (b & 0x38) == 0x20;
    if (a == 0x66)
        return b == 0x81 || b == 0xc7 || (b & 0xc7) == 0x05 || (b & 0xf8) == 0xb8 || (b & 0xf0) == 0x40;
    return a == 0x8d && ((b & 0xc0) == 0x80 || (b & 0xc7) == 0x05);
}

/* Where the 4 bytes at an offset end. */
static uint32_t end_of(const Pattern *t, size_t at) { return t->base + (uint32_t)at + 4; }

/* The mask of the block at p, whose first 4 bytes end at the address `end`. */
static uint32_t mask_portable(const Pattern *t, const uint8_t *p, uint32_t end)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < BLOCK; i++) {
        uint32_t v = load32(p + i);
        bool hit = t->sites && site_at(p[i], p[i + 1]);
        for (unsigned k = 0; k < t->nbands; k++)
            hit |= (k < t->naddresses ? end + i + v : v) - t->bands[k].lo <= t->bands[k].span;
        mask |= (uint32_t)hit << i;
    }
    return mask;
}

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

/* ---- SSE2: two halves of 16 places ---- */

static uint32_t half_dwords(const Pattern *t, const uint8_t *p, uint32_t end)
{
    uint32_t mask = 0;
    const __m128i flip = _mm_set1_epi32(INT32_MIN), lanes = _mm_setr_epi32(0, 4, 8, 12);
    for (unsigned a = 0; a < 4; a++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + a));
        __m128i to = _mm_add_epi32(v, _mm_add_epi32(lanes, _mm_set1_epi32((int)(end + a))));
        __m128i out = _mm_set1_epi32(-1);
        for (unsigned k = 0; k < t->nbands; k++) {
            __m128i d = _mm_sub_epi32(k < t->naddresses ? to : v, _mm_set1_epi32((int)t->bands[k].lo));
            __m128i span = _mm_set1_epi32((int)t->bands[k].span);
            out = _mm_and_si128(out, _mm_cmpgt_epi32(_mm_xor_si128(d, flip), _mm_xor_si128(span, flip)));
        }
        mask |= (~(uint32_t)_mm_movemask_epi8(out) & 0x1111) << a;
    }
    return mask;
}

static __m128i is128(__m128i v, int mask, int value)
{
    return _mm_cmpeq_epi8(_mm_and_si128(v, _mm_set1_epi8((char)mask)), _mm_set1_epi8((char)value));
}

static uint32_t half_sites(const uint8_t *p)
{
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p),
            b = _mm_loadu_si128((const __m128i *)(const void *)(p + 1));
    __m128i acc = _mm_or_si128(is128(a, 0xf7, 5), is128(a, 0xe7, 0x25)), s81 = is128(a, 0xff, 0x81);
    __m128i s83 = _mm_and_si128(is128(a, 0xff, 0x83), is128(b, 0x38, 0x20));
    __m128i s8d = _mm_and_si128(is128(a, 0xff, 0x8d), _mm_or_si128(is128(b, 0xc0, 0x80), is128(b, 0xc7, 5)));
    __m128i s66 = _mm_and_si128(is128(a, 0xff, 0x66),
                                _mm_or_si128(_mm_or_si128(_mm_or_si128(is128(b, 0xff, 0x81), is128(b, 0xff, 0xc7)),
                                                          _mm_or_si128(is128(b, 0xc7, 0x05), is128(b, 0xf8, 0xb8))),
                                             is128(b, 0xf0, 0x40)));
    __m128i all = _mm_or_si128(_mm_or_si128(acc, s81), _mm_or_si128(s83, s8d));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(all, s66));
}

static uint32_t mask_sse2(const Pattern *t, const uint8_t *p, uint32_t end)
{
    uint32_t mask = 0;
    for (unsigned h = 0; h < BLOCK; h += 16) {
        if (t->nbands)
            mask |= half_dwords(t, p + h, end + h) << h;
        if (t->sites)
            mask |= half_sites(p + h) << h;
    }
    return mask;
}

/* ---- AVX2 ---- */

#define AVX2 __attribute__((target("avx2")))

AVX2 static __m256i load256(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }

/* The values of 32 places: of every fourth from the first, second, third, fourth on. No array: gcc -O2 would keep it in memory. */
typedef struct Quad {
    __m256i a, b, c, d;
} Quad;

AVX2 static Quad quad_load(const uint8_t *p)
{
    return (Quad){load256(p), load256(p + 1), load256(p + 2), load256(p + 3)};
}

/* The addresses that the values are the distances to. */
AVX2 static Quad quad_targets(Quad v, uint32_t end)
{
    const __m256i lanes = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28), one = _mm256_set1_epi32(1);
    __m256i at = _mm256_add_epi32(lanes, _mm256_set1_epi32((int)end)), two = _mm256_add_epi32(one, one);
    return (Quad){_mm256_add_epi32(v.a, at), _mm256_add_epi32(v.b, _mm256_add_epi32(at, one)),
                  _mm256_add_epi32(v.c, _mm256_add_epi32(at, two)),
                  _mm256_add_epi32(v.d, _mm256_add_epi32(at, _mm256_add_epi32(two, one)))};
}

/* `in`, with all ones where lo <= v <= lo + span. */
AVX2 static __m256i banded(__m256i in, __m256i v, __m256i lo, __m256i span)
{
    __m256i d = _mm256_sub_epi32(v, lo);
    return _mm256_or_si256(in, _mm256_cmpeq_epi32(_mm256_min_epu32(d, span), d));
}

AVX2 static Quad quad_banded(Quad in, Quad v, Band band)
{
    __m256i lo = _mm256_set1_epi32((int)band.lo), span = _mm256_set1_epi32((int)band.span);
    return (Quad){banded(in.a, v.a, lo, span), banded(in.b, v.b, lo, span), banded(in.c, v.c, lo, span),
                  banded(in.d, v.d, lo, span)};
}

AVX2 static uint32_t every_fourth(__m256i in) { return (uint32_t)_mm256_movemask_epi8(in) & 0x11111111; }

AVX2 static uint32_t quad_mask(Quad in)
{
    __m256i any = _mm256_or_si256(_mm256_or_si256(in.a, in.b), _mm256_or_si256(in.c, in.d));
    if (_mm256_testz_si256(any, any))
        return 0;
    return every_fourth(in.a) | every_fourth(in.b) << 1 | every_fourth(in.c) << 2 | every_fourth(in.d) << 3;
}

AVX2 static uint32_t whole_dwords(const Pattern *t, const uint8_t *p, uint32_t end)
{
    const __m256i none = _mm256_setzero_si256();
    Quad v = quad_load(p), in = {none, none, none, none};
    if (t->naddresses) {
        Quad to = quad_targets(v, end);
        for (unsigned k = 0; k < t->naddresses; k++)
            in = quad_banded(in, to, t->bands[k]);
    }
    for (unsigned k = t->naddresses; k < t->nbands; k++)
        in = quad_banded(in, v, t->bands[k]);
    return quad_mask(in);
}

AVX2 static __m256i is256(__m256i v, int mask, int value)
{
    return _mm256_cmpeq_epi8(_mm256_and_si256(v, _mm256_set1_epi8((char)mask)), _mm256_set1_epi8((char)value));
}

AVX2 static uint32_t whole_sites(const uint8_t *p)
{
    __m256i a = load256(p), b = load256(p + 1);
    __m256i acc = _mm256_or_si256(is256(a, 0xf7, 5), is256(a, 0xe7, 0x25)), s81 = is256(a, 0xff, 0x81);
    __m256i s83 = _mm256_and_si256(is256(a, 0xff, 0x83), is256(b, 0x38, 0x20));
    __m256i s8d = _mm256_and_si256(is256(a, 0xff, 0x8d), _mm256_or_si256(is256(b, 0xc0, 0x80), is256(b, 0xc7, 5)));
    __m256i s66 =
        _mm256_and_si256(is256(a, 0xff, 0x66),
                         _mm256_or_si256(_mm256_or_si256(_mm256_or_si256(is256(b, 0xff, 0x81), is256(b, 0xff, 0xc7)),
                                                         _mm256_or_si256(is256(b, 0xc7, 0x05), is256(b, 0xf8, 0xb8))),
                                         is256(b, 0xf0, 0x40)));
    __m256i all = _mm256_or_si256(_mm256_or_si256(acc, s81), _mm256_or_si256(s83, s8d));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(all, s66));
}

AVX2 static uint32_t mask_avx2(const Pattern *t, const uint8_t *p, uint32_t end)
{
    uint32_t mask = t->nbands ? whole_dwords(t, p, end) : 0;
    return t->sites ? mask | whole_sites(p) : mask;
}

AVX2 static size_t next_avx2(const Pattern *t, const uint8_t *p, size_t from, size_t end, uint32_t *mask)
{
    for (; from < end; from += BLOCK)
        if ((*mask = mask_avx2(t, p + from, end_of(t, from))) != 0)
            return from;
    return from;
}

static size_t next_sse2(const Pattern *t, const uint8_t *p, size_t from, size_t end, uint32_t *mask)
{
    for (; from < end; from += BLOCK)
        if ((*mask = mask_sse2(t, p + from, end_of(t, from))) != 0)
            return from;
    return from;
}

/* The processor has AVX2 and the system saves its registers (SDM volume 1, section 14.3): OSXSAVE and AVX in leaf 1, the
 * SSE and AVX bits of XCR0, AVX2 in leaf 7. libgcc's own answer to this question is 5 KB long. */
static bool avx2_usable(void)
{
    enum { OSXSAVE_AVX = 3 << 27, XCR0_SSE_AVX = 6, AVX2_BIT = 1 << 5 };
    uint32_t a, b, c, d, xcr0, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & OSXSAVE_AVX) != OSXSAVE_AVX)
        return false;
    __asm__("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
    return (xcr0 & XCR0_SSE_AVX) == XCR0_SSE_AVX && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & AVX2_BIT);
}

KernelKind kernel_best(void) { return avx2_usable() ? KERNEL_AVX2 : KERNEL_SSE2; }

#else
KernelKind kernel_best(void) { return KERNEL_PORTABLE; }
#endif

static size_t next_portable(const Pattern *t, const uint8_t *p, size_t from, size_t end, uint32_t *mask)
{
    for (; from < end; from += BLOCK)
        if ((*mask = mask_portable(t, p + from, end_of(t, from))) != 0)
            return from;
    return from;
}

/* The last places, where a block would read past the end: fewer than BLOCK + AHEAD. */
static size_t next_tail(const Pattern *t, const uint8_t *p, size_t n, size_t from, uint32_t *mask)
{
    for (; from < n; from += BLOCK) {
        uint8_t copy[BLOCK + AHEAD] = {0};
        size_t left = n - from;
        memcpy(copy, p + from, left);
        *mask = mask_portable(t, copy, end_of(t, from));
        if (left < BLOCK)
            *mask &= ((uint32_t)1 << left) - 1;
        if (*mask)
            return from;
    }
    return n;
}

size_t kernel_next(KernelKind kind, const Pattern *pattern, const uint8_t *p, size_t n, size_t from, uint32_t *mask)
{
    size_t room = from < n && n - from >= BLOCK + AHEAD ? (n - from - AHEAD) / BLOCK * BLOCK : 0;
    size_t end = from + room;
#ifdef __x86_64__
    if (kind == KERNEL_AVX2)
        from = next_avx2(pattern, p, from, end, mask);
    else if (kind == KERNEL_SSE2)
        from = next_sse2(pattern, p, from, end, mask);
    else
#endif
        from = next_portable(pattern, p, from, end, mask);
    (void)kind;
    return from < end ? from : next_tail(pattern, p, n, from, mask);
}
