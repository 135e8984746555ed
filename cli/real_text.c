/* cli/real_text.c - see real_text.h.
 *
 * Both ways are a quotient of two whole numbers: digits * 10^e / 2^s. They are kept whole (Clinger, "How to Read Floating Point
 * Numbers Accurately", and Steele and White, "How to Print Floating-Point Numbers Accurately", PLDI 1990, in their plainest form).
 */
#include "cli/real_text.h"

#include <string.h>

/* 2^1074 * 10^17 and 10^(309 + 40) * 2^64 fit. */
enum { WORDS = 48, DIGITS_MAX = 40, EXPONENT_MAX = 400, FRACTION_BITS = 52, LEAST_EXPONENT = -1074 };

typedef struct Big {
    uint32_t w[WORDS]; /* least first */
} Big;

static void big_multiply(Big *b, uint32_t k, uint32_t plus)
{
    uint64_t carry = plus;
    for (unsigned i = 0; i < WORDS; i++) {
        carry += (uint64_t)b->w[i] * k;
        b->w[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void big_scale(Big *b, uint32_t k, int times)
{
    for (int i = 0; i < times; i++)
        big_multiply(b, k, 0);
}

static int big_compare(const Big *a, const Big *b)
{
    for (unsigned i = WORDS; i-- > 0;)
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i] ? -1 : 1;
    return 0;
}

static void big_subtract(Big *a, const Big *b)
{
    uint64_t borrow = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t d = (uint64_t)a->w[i] - b->w[i] - borrow;
        a->w[i] = (uint32_t)d;
        borrow = d >> 63;
    }
}

static int big_bits(const Big *b)
{
    for (unsigned i = WORDS; i-- > 0;)
        if (b->w[i])
            return (int)(32 * i) + 32 - __builtin_clz(b->w[i]);
    return 0;
}

/* n / d, below 2^64, rounded down; n becomes the remainder. */
static uint64_t big_divide(Big *n, const Big *d)
{
    Big part[64];
    uint64_t q = 0;
    int most = big_bits(n) - big_bits(d);
    if (most < 0)
        return 0;
    part[0] = *d;
    for (int i = 1; i <= most && i < 64; i++) {
        part[i] = part[i - 1];
        big_multiply(&part[i], 2, 0);
    }
    for (int i = most < 64 ? most : 63; i >= 0; i--)
        if (big_compare(n, &part[i]) >= 0) {
            big_subtract(n, &part[i]);
            q |= (uint64_t)1 << i;
        }
    return q;
}

static Big big_of(uint64_t v) { return (Big){.w = {(uint32_t)v, (uint32_t)(v >> 32)}}; }

static bool big_is_zero(const Big *b) { return big_bits(b) == 0; }

/* The double nearest to n / d * 2^e, ties to even; false beyond the largest. Changes n. */
static bool nearest(double *out, Big *n, Big *d, int e)
{
    int shift = FRACTION_BITS + 1 - (big_bits(n) - big_bits(d)); /* the quotient then has 53 or 54 bits */
    if (e - shift < LEAST_EXPONENT)
        shift = e - LEAST_EXPONENT;
    big_scale(shift > 0 ? n : d, 2, shift > 0 ? shift : -shift);
    uint64_t q = big_divide(n, d);
    e -= shift;
    if (q >> (FRACTION_BITS + 1)) { /* one bit too many: it is the half */
        bool up = (q & 1) && (!big_is_zero(n) || (q & 2));
        q = (q >> 1) + up;
        e++;
    } else {
        big_multiply(n, 2, 0);
        int half = big_compare(n, d);
        q += half > 0 || (half == 0 && (q & 1));
    }
    if (q >> (FRACTION_BITS + 1)) {
        q >>= 1;
        e++;
    }
    bool normal = q >> FRACTION_BITS;
    if (normal && e - LEAST_EXPONENT + 1 >= 2047)
        return false;
    uint64_t bits =
        normal ? (uint64_t)(e - LEAST_EXPONENT + 1) << FRACTION_BITS | (q & ~((uint64_t)1 << FRACTION_BITS)) : q;
    memcpy(out, &bits, sizeof bits);
    return true;
}

/* digits * 10^e */
static bool real_of_decimal(double *out, Big digits, int e)
{
    Big one = big_of(1);
    if (big_is_zero(&digits)) {
        *out = 0;
        return true;
    }
    if (e > EXPONENT_MAX - DIGITS_MAX || e < -EXPONENT_MAX)
        return false;
    big_scale(e > 0 ? &digits : &one, 5, e > 0 ? e : -e); /* 10^e = 5^e * 2^e */
    return nearest(out, &digits, &one, e);
}

/* ---- reading ---- */

static bool is_digit(Str t, size_t i) { return i < t.n && t.p[i] >= '0' && t.p[i] <= '9'; }

static bool exponent_parse(int *out, Str t, size_t i)
{
    int value = 0;
    bool negative = i < t.n && t.p[i] == '-';
    i += i < t.n && (t.p[i] == '-' || t.p[i] == '+');
    if (!is_digit(t, i))
        return false;
    for (; is_digit(t, i) && value < 10000; i++)
        value = value * 10 + (t.p[i] - '0');
    *out = negative ? -value : value;
    return i == t.n;
}

bool real_parse(double *out, Str t)
{
    Big digits = {{0}};
    int n = 0, point = -1, e = 0;
    bool negative = t.n && t.p[0] == '-';
    size_t i = t.n && (t.p[0] == '-' || t.p[0] == '+');
    for (; is_digit(t, i) || (i < t.n && t.p[i] == '.' && point < 0); i++) {
        if (t.p[i] == '.') {
            point = n;
            continue;
        }
        if (n++ == DIGITS_MAX)
            return false;
        big_multiply(&digits, 10, (uint32_t)(t.p[i] - '0'));
    }
    if (n == 0 || (i < t.n && ((t.p[i] | 32) != 'e' || !exponent_parse(&e, t, i + 1))))
        return false;
    if (!real_of_decimal(out, digits, e - (point < 0 ? 0 : n - point)))
        return false;
    *out = negative ? -*out : *out;
    return true;
}

/* ---- writing ---- */

enum { DIGITS = 17 };

/* v > 0 as q * 10^*e, rounded down, q of 17 or 18 digits. */
static uint64_t decimal_of(double v, int *e)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    int biased = (int)(bits >> FRACTION_BITS);
    uint64_t m = bits & (((uint64_t)1 << FRACTION_BITS) - 1);
    if (biased)
        m |= (uint64_t)1 << FRACTION_BITS;
    int two = (biased ? biased - 1 : 0) + LEAST_EXPONENT;
    int log2 = two + 63 - __builtin_clzll(m);
    *e = (log2 * 1233 + (log2 < 0 ? -4095 : 0)) / 4096 - (DIGITS - 1); /* 1233/4096 is just under the logarithm of 2 */
    Big n = big_of(m), d = big_of(1);
    big_scale(*e < 0 ? &n : &d, 10, *e < 0 ? -*e : *e);
    big_scale(two > 0 ? &n : &d, 2, two > 0 ? two : -two);
    return big_divide(&n, &d);
}

/* The fewest digits of q that still read back as v; *e follows. */
static uint64_t shorten(uint64_t q, int *e, double v, unsigned bits)
{
    uint64_t unit = 1000000000000000000u;
    for (int drop = 18; drop > 0; drop--, unit /= 10) {
        uint64_t cut = (q + unit / 2) / unit;
        double back;
        if (cut == 0 || !real_of_decimal(&back, big_of(cut), *e + drop))
            continue;
        bool same = bits == 32 ? (float)back - (float)v == 0 : back - v == 0;
        if (!same)
            continue;
        *e += drop;
        return cut;
    }
    return q;
}

static size_t put_digits(char *out, uint64_t q)
{
    char digits[20];
    size_t n = 0;
    for (; q; q /= 10)
        digits[n++] = (char)('0' + q % 10);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

/* "d.ddde-07" */
static size_t put_scientific(char *out, size_t n, int exponent)
{
    size_t at = n;
    if (n > 1) {
        memmove(out + 2, out + 1, n - 1);
        out[1] = '.';
        at++;
    }
    out[at++] = 'e';
    out[at++] = exponent < 0 ? '-' : '+';
    unsigned e = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (e < 10)
        out[at++] = '0';
    return at + put_digits(out + at, e);
}

/* The digits with a point after the first `whole` of them, which may be none or more than there are. */
static size_t put_plain(char *out, size_t n, int whole)
{
    if (whole <= 0) {
        size_t zeros = (size_t)(2 - whole);
        memmove(out + zeros, out, n);
        memset(out, '0', zeros);
        out[1] = '.';
        return n + zeros;
    }
    size_t w = (size_t)whole;
    if (w >= n) {
        memset(out + n, '0', w - n);
        out[w] = '.';
        out[w + 1] = '0';
        return w + 2;
    }
    memmove(out + w + 1, out + w, n - w);
    out[w] = '.';
    return n + 1;
}

size_t real_print(char out[REAL_TEXT], double v, unsigned bits)
{
    int e;
    char *at = out;
    bool negative = __builtin_signbit(v);
    if (v - v != 0 || v + v - v == 0) { /* infinities, NaNs; zeros */
        const char *text = v - v == 0 ? "0.0" : v > 0 || v < 0 ? "inf" : "nan";
        at += negative && text[0] != 'n' ? (*at = '-', 1) : 0;
        memcpy(at, text, 4);
        return (size_t)(at - out) + 3;
    }
    if (negative)
        *at++ = '-';
    uint64_t q = decimal_of(negative ? -v : v, &e);
    q = shorten(q, &e, negative ? -v : v, bits);
    size_t n = put_digits(at, q);
    int whole = (int)n + e; /* digits before the point */
    n = whole > -4 && whole <= 16 ? put_plain(at, n, whole) : put_scientific(at, n, whole - 1);
    at[n] = 0;
    return (size_t)(at - out) + n;
}
