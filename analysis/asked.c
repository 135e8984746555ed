/* analysis/asked.c - see asked.h. */
#include "analysis/asked.h"

#include "analysis/real.h"
#include "analysis/values.h"

static bool real_asked(const Query *q, uint64_t k, unsigned bits)
{
    for (size_t i = 0; i < q->nreals; i++)
        if (real_encoding(q->reals[i], bits) == k)
            return true;
    return false;
}

bool constant_asked(const Query *q, uint64_t k, unsigned bits, bool real)
{
    if (real)
        return real_asked(q, k, bits);
    for (int sign = 0; sign < 2; sign++) {
        int64_t want = (int64_t)value_extended(k, bits, sign);
        size_t lo = 0, hi = q->nconstants;
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (q->constants[mid] < want)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo < q->nconstants && q->constants[lo] == want)
            return true;
    }
    return false;
}

/* Is one of [lo, hi] asked for? */
static bool asked_between(const Query *q, int64_t lo, int64_t hi)
{
    size_t from = 0, to = q->nconstants;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (q->constants[mid] < lo)
            from = mid + 1;
        else
            to = mid;
    }
    return from < q->nconstants && q->constants[from] <= hi;
}

static bool within_64(const Query *q, uint64_t k, uint64_t reach)
{
    int64_t lo = (int64_t)(k - reach), hi = (int64_t)(k + reach);
    return lo > hi || asked_between(q, lo, hi); /* over the end of the numbers: perhaps */
}

/* Modulo 2^bits, signed or not; 8, 16 or 32 bits. */
static bool within_narrow(const Query *q, uint64_t k, unsigned bits, uint64_t reach)
{
    int64_t all = (int64_t)1 << bits, n = (int64_t)low_bits(k, bits);
    int64_t r = reach < (uint64_t)all ? (int64_t)reach : all;
    for (int64_t turn = -2 * all; turn <= all; turn += all) {
        int64_t lo = n + turn - r, hi = n + turn + r;
        lo = lo < -all / 2 ? -all / 2 : lo;
        hi = hi >= all ? all - 1 : hi;
        if (lo <= hi && asked_between(q, lo, hi))
            return true;
    }
    return false;
}

/* Can k, of so many bits, be a number of `narrow` bits that was extended, with no more than `reach` added? It may have been extended to fewer
 * than `bits` first. */
static bool is_extension(uint64_t k, unsigned bits, unsigned narrow, uint64_t reach)
{
    int64_t all = (int64_t)1 << narrow;
    for (unsigned to = bits; to > narrow; to /= 2) {
        int64_t n = (int64_t)value_extended(k, to, true);
        if (n >= -all / 2 - (int64_t)reach && n < all + (int64_t)reach)
            return true;
    }
    return false;
}

bool constant_within(const Query *q, uint64_t k, unsigned bits, uint64_t reach)
{
    if (bits == 64 && within_64(q, k, reach))
        return true;
    for (unsigned narrow = bits == 64 ? 32 : bits; narrow >= 8; narrow /= 2)
        if ((narrow == bits || is_extension(k, bits, narrow, reach)) && within_narrow(q, k, narrow, reach))
            return true;
    return false;
}
