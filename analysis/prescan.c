/* analysis/prescan.c - see prescan.h.
 *
 * One pass over the executable segments finds the places; a function that has one is a candidate at once, and the rest of
 * it is skipped. What takes two places in one function (a sum; a large jump table) is decided at the function's end. A second
 * pass, where it is needed, finds who calls a candidate that returns a constant, who jumps to a candidate's cold part, and who
 * reads a constant of that value in memory.
 */
#include "analysis/prescan.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/prescan_query.h"
#include "analysis/prescan_shape.h"
#include "analysis/summary.h"

/* MEMORY_GAP: shorter gaps between functions are padding. */
enum { SUMS_MAX = 24, MASKS_MAX = 8, MEMORY_GAP = 64, FILTER_WORDS = 1024 };

typedef struct AddrList {
    Addr *items;
    size_t n, cap;
} AddrList;

typedef struct Scan {
    Program *program;
    Arena *arena;
    KernelKind kind;
    uint8_t *kept;  /* by function: a candidate */
    Asked asked;
    Pattern main, near; /* near: what of main makes a candidate at once */
    Pattern memory; /* constants in memory */
    AddrList words; /* where they lie */
    bool failed;
    /* the segment, and in it the function or gap worked on */
    const Segment *segment;
    Bytes code;
    size_t part, lo, hi;
    size_t function; /* SIZE_MAX: a gap */
    uint32_t sums[SUMS_MAX];
    unsigned nsums;
    uint32_t masks[MASKS_MAX];
    unsigned nmasks;
    bool overflow;   /* too many to remember: the function is kept */
    bool table_bound;
} Scan;

static void list_add(Scan *s, AddrList *list, Addr addr)
{
    if (!arena_grow(s->arena, (void **)&list->items, list->n, &list->cap, sizeof *list->items))
        s->failed = true;
    else
        list->items[list->n++] = addr;
}

/* ---- the function at hand ---- */

/* Makes the function or the gap that holds offset `at` the one at hand. Offsets only grow. */
static void extent_enter(Scan *s, size_t at)
{
    const Program *p = s->program;
    Addr pc = s->segment->addr + at, base = s->segment->addr;
    while (s->part < p->npart_refs && p->part_refs[s->part].end <= pc)
        s->part++;
    bool inside = s->part < p->npart_refs && p->part_refs[s->part].start <= pc;
    Addr next = s->part < p->npart_refs ? p->part_refs[s->part].start : UINT64_MAX;
    s->function = inside ? p->part_refs[s->part].function : SIZE_MAX;
    s->lo = inside ? (size_t)(next - base) : at;
    s->hi = inside ? (size_t)(p->part_refs[s->part].end - base) : next - base < s->code.n ? (size_t)(next - base) : s->code.n;
    s->nsums = s->nmasks = 0;
    s->overflow = s->table_bound = false;
}

typedef bool Shape(const uint8_t *code, size_t at);

/* Is there a dword of the pattern in the function in that shape, or a word of it in the shape of an immediate? */
static bool extent_has(const Scan *s, const Pattern *t, Shape *shape)
{
    uint32_t mask;
    size_t end = s->code.n < s->hi + 36 ? s->code.n : s->hi + 36;
    for (size_t at = s->lo; at < s->hi; at += 32) {
        at = kernel_next(s->kind, t, s->code.p, end, at, &mask);
        for (; at < s->hi && mask; mask &= mask - 1) {
            size_t i = at + (unsigned)__builtin_ctz(mask);
            uint32_t v = 0;
            memcpy(&v, s->code.p + i, s->code.n - i < 4 ? s->code.n - i : 4);
            if (i < s->hi && ((bands_hold(t->dwords, t->ndwords, v, 32) && shape(s->code.p, i)) ||
                              (bands_hold(t->words, t->nwords, v & 0xffff, 16) && shape_word(s->code.p, i))))
                return true;
        }
    }
    return false;
}

/* Numbers that give a cluster's number when d is added or taken away. */
static void sum_bands(Pattern *t, const Cluster *c, uint32_t d)
{
    enum { SUM_REACH = 136 };
    for (int sign = 0; sign < 4; sign++) {
        int64_t move = sign & 1 ? (int64_t)(int32_t)d : -(int64_t)(int32_t)d;
        int64_t lo = (sign & 2 ? -c->hi : c->lo) + move, hi = (sign & 2 ? -c->lo : c->hi) + move;
        band_add(t->dwords, &t->ndwords, lo, hi, SUM_REACH, 32);
        if (cluster_is_short(c))
            band_add(t->words, &t->nwords, lo, hi, SUM_REACH, 16);
    }
}

static bool extent_has_sum(const Scan *s)
{
    for (unsigned i = 0; i < s->nsums; i++) {
        for (unsigned k = 0; k < s->asked.n; k++) {
            Pattern t = {0};
            sum_bands(&t, &s->asked.clusters[k], s->sums[i]);
            if (extent_has(s, &t, shape_dword))
                return true;
        }
    }
    return false;
}

/* (x & -2^n) == k << n */
static bool extent_has_masked(const Scan *s)
{
    for (unsigned i = 0; i < s->nmasks; i++) {
        unsigned n = (unsigned)__builtin_ctz(s->masks[i]);
        for (unsigned k = 0; k < s->asked.n; k++) {
            Pattern t = {0};
            const Cluster *c = &s->asked.clusters[k];
            uint64_t span = ((uint64_t)c->hi - (uint64_t)c->lo + 2 * PRESCAN_REACH + 1) << n;
            uint64_t lo = ((uint64_t)c->lo - PRESCAN_REACH) << n;
            if (cluster_is_wide(c) || span > UINT32_MAX)
                return true;
            t.dwords[t.ndwords++] = (Band){(uint32_t)lo, (uint32_t)span};
            if (extent_has(s, &t, shape_dword))
                return true;
        }
    }
    return false;
}

/* A jump table with so many entries that one is for a number of the cluster, less what a sum takes away. */
static bool extent_has_table(const Scan *s)
{
    Pattern t = {0};
    for (unsigned k = 0; k < s->asked.n; k++)
        for (unsigned i = 0; i <= s->nsums; i++)
            for (int sign = 0; sign < 2; sign++) {
                const Cluster *c = &s->asked.clusters[k];
                int64_t d = i < s->nsums ? (int32_t)s->sums[i] : 0, lo = c->lo + (sign ? d : -d) - PRESCAN_REACH;
                if (!cluster_is_wide(c) && lo <= UINT16_MAX && c->hi + (sign ? d : -d) + PRESCAN_REACH >= 0)
                    band_add(t.dwords, &t.ndwords, lo < 0 ? 0 : lo, UINT16_MAX, 0, 32);
            }
    return t.ndwords && shape_has_table_jump(s->code.p + s->lo, s->hi - s->lo) && extent_has(s, &t, shape_bound);
}

static void extent_keep(Scan *s)
{
    if (s->function != SIZE_MAX)
        s->kept[s->function] = 1;
}

/* A gap, or kept already. */
static bool extent_done(const Scan *s) { return s->function == SIZE_MAX || s->kept[s->function]; }

/* Decides about the function at hand what takes all of it. */
static void extent_leave(Scan *s)
{
    if (extent_done(s))
        return;
    bool any = s->overflow || (s->nsums && extent_has_sum(s)) || (s->nmasks && extent_has_masked(s)) ||
               ((s->nsums || s->table_bound) && extent_has_table(s));
    if (any)
        extent_keep(s);
}

/* ---- one place ---- */

static void remember(Scan *s, uint32_t *list, unsigned *n, unsigned max, uint32_t k)
{
    for (unsigned i = 0; i < *n; i++)
        if (list[i] == k)
            return;
    if (*n == max)
        s->overflow = true;
    else
        list[(*n)++] = k;
}

static bool is_shifting_mask(uint32_t k)
{
    uint32_t gap = ~k;
    return k && gap && (gap & (gap + 1)) == 0;
}

static bool address_is_asked(const Scan *s, Addr addr)
{
    for (unsigned k = 0; k < s->asked.n; k++) {
        const Cluster *c = &s->asked.clusters[k];
        if ((int64_t)addr >= c->lo - PRESCAN_REACH && (int64_t)addr <= c->hi + PRESCAN_REACH)
            return true;
    }
    return false;
}

/* True when the place alone makes the function a candidate. */
static bool examine_site(Scan *s, size_t at)
{
    SiteShape site = shape_site(s->code.p, s->code.n, at);
    if (site.kind == SITE_ADDRESS)
        return address_is_asked(s, s->segment->addr + (uint64_t)site.target);
    if (site.kind == SITE_MASK && is_shifting_mask(site.k))
        remember(s, s->masks, &s->nmasks, MASKS_MAX, site.k);
    if (site.kind == SITE_ADD && site.k + PRESCAN_REACH - 16 > 2 * (PRESCAN_REACH - 16))
        remember(s, s->sums, &s->nsums, SUMS_MAX, site.k);
    return false;
}

static bool examine(Scan *s, size_t at)
{
    uint32_t v = 0;
    memcpy(&v, s->code.p + at, s->code.n - at < 4 ? s->code.n - at : 4);
    if (bands_hold(s->near.dwords, s->near.ndwords, v, 32) && shape_dword(s->code.p, at))
        return true;
    if (bands_hold(s->main.dwords, s->main.ndwords, v, 32) && shape_bound(s->code.p, at))
        s->table_bound = true;
    if (bands_hold(s->main.words, s->main.nwords, v & 0xffff, 16) && shape_word(s->code.p, at))
        return true;
    return examine_site(s, at);
}

/* ---- constants in memory ---- */

static bool memory_asked(const Scan *s, size_t at, uint32_t v)
{
    return bands_hold(s->memory.dwords, s->memory.ndwords, v, 32) ||
           (at % 2 == 0 && bands_hold(s->memory.words, s->memory.nwords, v & 0xffff, 16));
}

static void memory_note(Scan *s, const Segment *seg, Bytes bytes, size_t at)
{
    uint32_t v = 0;
    Addr addr = seg->addr + at;
    memcpy(&v, bytes.p + at, bytes.n - at < 4 ? bytes.n - at : 4);
    if (memory_asked(s, at, v) && image_is_constant(&s->program->image, addr))
        list_add(s, &s->words, addr);
}

/* From offset lo to hi of the segment's bytes. */
static void memory_scan(Scan *s, const Segment *seg, Bytes bytes, size_t lo, size_t hi)
{
    uint32_t mask;
    for (size_t at = lo; at < hi; at += 32) {
        at = kernel_next(s->kind, &s->memory, bytes.p, bytes.n, at, &mask);
        for (; at < hi && mask; mask &= mask - 1)
            memory_note(s, seg, bytes, at + (unsigned)__builtin_ctz(mask));
    }
}

/* All of the segment but the functions. */
static void memory_scan_segment(Scan *s, const Segment *seg)
{
    const Program *p = s->program;
    Bytes bytes;
    size_t at = 0;
    if (!image_bytes(&p->image, seg->addr, &bytes))
        return;
    for (size_t i = 0; seg->executable && i < p->npart_refs; i++) {
        Part part = {p->part_refs[i].start, p->part_refs[i].end};
        if (part.start < seg->addr + at || part.start - seg->addr >= bytes.n)
            continue;
        if (part.start - seg->addr - at >= MEMORY_GAP)
            memory_scan(s, seg, bytes, at, (size_t)(part.start - seg->addr));
        at = (size_t)(part.end - seg->addr);
    }
    if (at < bytes.n)
        memory_scan(s, seg, bytes, at, bytes.n);
}

/* ---- the first pass ---- */

static void segment_open(Scan *s, const Segment *seg)
{
    s->segment = seg;
    s->part = 0;
    if (!image_bytes(&s->program->image, seg->addr, &s->code))
        s->code.n = 0;
    extent_enter(s, 0);
}

/* Examines the places of one block; returns where to go on. */
static size_t block_examine(Scan *s, size_t block, uint32_t mask)
{
    for (; mask; mask &= mask - 1) {
        size_t at = block + (unsigned)__builtin_ctz(mask);
        if (at >= s->hi) {
            extent_leave(s);
            extent_enter(s, at);
        }
        if (!extent_done(s) && examine(s, at))
            extent_keep(s);
        if (extent_done(s) && s->hi > block + 32)
            return s->hi;
    }
    return block + 32;
}

static void code_scan(Scan *s, const Segment *seg)
{
    uint32_t mask;
    segment_open(s, seg);
    for (size_t at = 0; at < s->code.n;) {
        at = kernel_next(s->kind, &s->main, s->code.p, s->code.n, at, &mask);
        if (at < s->code.n)
            at = block_examine(s, at, mask);
    }
    extent_leave(s);
}

/* ---- the second pass: who refers to what ---- */

typedef struct Refs {
    AddrList callees;         /* candidates that return a constant */
    AddrList starts, ends;    /* parts that are entered by jumps only */
    uint64_t callee_bits[FILTER_WORDS], word_bits[FILTER_WORDS]; /* a bit for each address modulo their number */
} Refs;

static uint64_t *filter_word(uint64_t *bits, Addr a) { return &bits[a >> 6 & (FILTER_WORDS - 1)]; }

static void filter_add(uint64_t *bits, Addr a) { *filter_word(bits, a) |= (uint64_t)1 << (a & 63); }

static bool filter_may_hold(const uint64_t *bits, Addr a) { return bits[a >> 6 & (FILTER_WORDS - 1)] >> (a & 63) & 1; }

static bool list_holds(const AddrList *list, Addr a)
{
    size_t lo = 0, hi = list->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (list->items[mid] < a)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < list->n && list->items[lo] == a;
}

static bool refs_jump(const Refs *r, Addr target)
{
    for (size_t i = 0; i < r->starts.n; i++)
        if (target >= r->starts.items[i] && target < r->ends.items[i])
            return true;
    return false;
}

static bool refs_load(const Scan *s, const Refs *r, Addr end)
{
    static const uint8_t immediates[] = {0, 1, 2, 4};
    for (size_t i = 0; i < sizeof immediates; i++)
        if (filter_may_hold(r->word_bits, end + immediates[i]) && list_holds(&s->words, end + immediates[i]))
            return true;
    return false;
}

static bool refs_at(const Scan *s, const Refs *r, size_t at)
{
    const uint8_t *p = s->code.p + at;
    bool jcc = p[0] == 0x0f;
    size_t skip = jcc ? 2 : 1;
    int32_t disp;
    if (s->code.n - at < skip + 4)
        return false;
    memcpy(&disp, p + skip, 4);
    Addr target = s->segment->addr + at + skip + 4 + (uint64_t)(int64_t)disp;
    if (jcc || p[0] == 0xe9)
        return refs_jump(r, target);
    if (p[0] == 0xe8)
        return filter_may_hold(r->callee_bits, target) && list_holds(&r->callees, target);
    return s->words.n && refs_load(s, r, target);
}

static void refs_scan(Scan *s, const Refs *r, const Segment *seg)
{
    static const Pattern pattern = {.refs = true};
    uint32_t mask;
    segment_open(s, seg);
    for (size_t at = 0; at < s->code.n; at += 32) {
        at = kernel_next(s->kind, &pattern, s->code.p, s->code.n, at, &mask);
        for (; at < s->code.n && mask; mask &= mask - 1) {
            size_t i = at + (unsigned)__builtin_ctz(mask);
            if (!refs_at(s, r, i))
                continue;
            if (i >= s->hi || i < s->lo)
                extent_enter(s, i);
            extent_keep(s);
        }
    }
}

/* ---- what candidates lead to ---- */

static bool returns_number(Program *p, const Function *f)
{
    if (f->fragment || function_size(f) > SUMMARY_MAX_BYTES)
        return false;
    Result r = summary_of(p, f->start, SUMMARY_DEPTH).result;
    return r.kind == RESULT_CONSTANT || (r.kind == RESULT_ARGUMENT && r.value != 0);
}

/* Notes what the candidates not seen before may be reached by. */
static bool refs_collect(Scan *s, Refs *r, uint8_t *seen)
{
    const Functions *all = &s->program->functions;
    bool any = false;
    for (size_t i = 0; i < all->n; i++) {
        const Function *f = &all->items[i];
        if (!s->kept[i] || seen[i])
            continue;
        seen[i] = 1;
        if (f->fragment) {
            list_add(s, &r->starts, f->start);
            list_add(s, &r->ends, f->parts[0].end);
            any = true;
        } else if (returns_number(s->program, f)) {
            list_add(s, &r->callees, f->start);
            filter_add(r->callee_bits, f->start);
            any = true;
        }
    }
    return any;
}

static void follow(Scan *s)
{
    const Image *image = &s->program->image;
    uint8_t *seen = arena_alloc(s->arena, s->program->functions.n, 1);
    bool memory = s->words.n > 0;
    s->failed |= !seen;
    for (unsigned round = 0; !s->failed && round <= SUMMARY_DEPTH + 1; round++) {
        Refs r = {.callees = {0}};
        if (!refs_collect(s, &r, seen) && !memory)
            return;
        for (size_t i = 0; memory && i < s->words.n; i++)
            filter_add(r.word_bits, s->words.items[i]);
        for (size_t i = 0; !s->failed && i < image->nloads; i++)
            if (image->loads[i].executable)
                refs_scan(s, &r, &image->loads[i]);
        memory = false;
    }
}

/* ---- the whole ---- */

static void patterns_make(Scan *s)
{
    for (unsigned i = 0; i < s->asked.n; i++) {
        const Cluster *c = &s->asked.clusters[i];
        cluster_bands(&s->near, c);
        int64_t half = cluster_is_wide(c) ? 32 : 0;
        band_add(s->memory.dwords, &s->memory.ndwords, c->lo >> half, c->hi >> half, 8, 32);
        if (cluster_is_short(c))
            band_add(s->memory.words, &s->memory.nwords, c->lo, c->hi, 1, 16);
    }
    s->main = s->near;
    for (unsigned i = 0; i < s->asked.n; i++) {
        const Cluster *c = &s->asked.clusters[i];
        if (!cluster_is_wide(c) && c->hi > 0 && c->lo - PRESCAN_REACH <= UINT16_MAX)
            band_add(s->main.dwords, &s->main.ndwords, c->lo - PRESCAN_REACH, UINT16_MAX, 0, 32);
    }
    s->main.sites = true;
}

bool prescan(Program *program, const Query *query, KernelKind kind, uint8_t *chosen, Arena *arena)
{
    Scan s = {.program = program, .arena = arena, .kind = kind};
    const Image *image = &program->image;
    if (!asked_of(&s.asked, query))
        return true;
    s.kept = arena_alloc(arena, program->functions.n, 1);
    if (!s.kept)
        return false;
    patterns_make(&s);
    for (size_t i = 0; i < image->nloads; i++) {
        memory_scan_segment(&s, &image->loads[i]);
        if (image->loads[i].executable)
            code_scan(&s, &image->loads[i]);
    }
    follow(&s);
    for (size_t i = 0; i < program->functions.n; i++)
        chosen[i] &= s.kept[i];
    return !s.failed;
}
