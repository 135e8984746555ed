/* tests/oracle/x86_gen.h - structured random instruction bytes, reproducible from a seed.
 *
 * Uniform random bytes almost never make an EVEX or a 0F38 instruction. Here the shape is drawn first (prefixes, one of the
 * opcode maps, a plausible VEX, EVEX, XOP or REX2 payload), then each field at random.
 */
#ifndef LVSCAN_TESTS_X86_GEN_H
#define LVSCAN_TESTS_X86_GEN_H

#include <stddef.h>
#include <stdint.h>

enum { GEN_BYTES = 24 }; /* more than the longest instruction */

typedef struct Rng {
    uint64_t s;
} Rng;

/* splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t rng_next(Rng *r)
{
    uint64_t z = r->s += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline uint32_t rng_below(Rng *r, uint32_t n) { return (uint32_t)((rng_next(r) >> 32) * n >> 32); }
static inline uint8_t rng_byte(Rng *r) { return (uint8_t)(rng_next(r) >> 40); }

static inline size_t gen_legacy_prefixes(Rng *r, uint8_t *p)
{
    static const uint8_t prefix[] = {0x66, 0x66, 0xf2, 0xf3, 0xf2, 0xf3, 0x67,
                                     0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0xf0};
    static const uint8_t how_many[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 4, 14};
    size_t n = how_many[rng_below(r, 15 + (rng_below(r, 64) == 0))];
    for (size_t i = 0; i < n; i++)
        p[i] = prefix[rng_below(r, sizeof prefix)];
    return n;
}

static inline size_t gen_vex2(Rng *r, uint8_t *p)
{
    p[0] = 0xc5;
    p[1] = rng_byte(r);
    if (rng_below(r, 2))
        p[1] |= 0x78; /* vvvv unused */
    return 2;
}

static inline size_t gen_vex3(Rng *r, uint8_t *p)
{
    static const uint8_t map[] = {1, 1, 1, 2, 2, 2, 3, 3, 3, 5, 7};
    p[0] = 0xc4;
    p[1] = (uint8_t)((rng_byte(r) & 0xe0) | (rng_below(r, 32) ? map[rng_below(r, sizeof map)] : rng_below(r, 32)));
    p[2] = rng_byte(r);
    if (rng_below(r, 2))
        p[2] |= 0x78;
    return 3;
}

static inline size_t gen_xop(Rng *r, uint8_t *p)
{
    p[0] = 0x8f;
    p[1] = (uint8_t)((rng_byte(r) & 0xe0) | (8 + rng_below(r, 3)));
    p[2] = rng_byte(r);
    if (rng_below(r, 2))
        p[2] |= 0x78;
    if (rng_below(r, 4))
        p[2] &= 0xfc; /* pp = 0 */
    return 3;
}

static inline size_t gen_evex(Rng *r, uint8_t *p)
{
    static const uint8_t map[] = {1, 1, 1, 2, 2, 2, 3, 3, 5, 6, 4, 4, 4, 7};
    p[0] = 0x62;
    p[1] = (uint8_t)((rng_byte(r) & 0xf0) | (rng_below(r, 32) ? map[rng_below(r, sizeof map)] : rng_below(r, 16)));
    p[2] = (uint8_t)(rng_byte(r) | (rng_below(r, 16) ? 4 : 0));
    p[3] = rng_byte(r);
    if (rng_below(r, 2))
        p[2] |= 0x78, p[3] |= 8; /* vvvv unused */
    if (rng_below(r, 2))
        p[3] &= 0xf8; /* no mask */
    if (rng_below(r, 2))
        p[3] &= 0x6f; /* no z, no b */
    return 4;
}

static inline size_t gen_legacy_opcode(Rng *r, uint8_t *p)
{
    size_t n = 0;
    uint32_t shape = rng_below(r, 16);
    if (rng_below(r, 5) < 2)
        p[n++] = (uint8_t)(0x40 | rng_below(r, 16));
    if (shape == 15 && rng_below(r, 2)) { /* REX2 */
        p[0] = 0xd5;
        p[1] = rng_byte(r);
        return 2;
    }
    if (shape < 5)
        return n;
    p[n++] = 0x0f;
    if (shape >= 10 && shape < 13)
        p[n++] = 0x38;
    else if (shape >= 13)
        p[n++] = 0x3a;
    return n;
}

/* Fills buf with GEN_BYTES bytes that often start an instruction. */
static inline void gen_bytes(Rng *r, uint8_t buf[GEN_BYTES])
{
    size_t n = 0;
    uint32_t shape = rng_below(r, 16);
    for (size_t i = 0; i < GEN_BYTES; i += 8) {
        uint64_t v = rng_next(r);
        __builtin_memcpy(buf + i, &v, 8);
    }
    if (shape == 0)
        return; /* plain random bytes */
    if (shape < 9 || rng_below(r, 4) == 0)
        n = gen_legacy_prefixes(r, buf);
    if (n > 8)
        return;
    if (shape < 9)
        n += gen_legacy_opcode(r, buf + n);
    else if (shape < 10)
        n += gen_vex2(r, buf + n);
    else if (shape < 12)
        n += gen_vex3(r, buf + n);
    else if (shape < 13)
        n += gen_xop(r, buf + n);
    else
        n += gen_evex(r, buf + n);
    if (rng_below(r, 2))
        buf[n + 1] |= 0xc0; /* a register form, if the next byte is the opcode */
}

#endif
