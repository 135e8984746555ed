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

#include "analysis/body.h"
#include "analysis/padding.h"
#include "analysis/prescan_numbers.h"
#include "analysis/summary.h"
#include "elf/order.h"

/* MEMORY_GAP: shorter gaps between functions are padding. */
enum { MEMORY_GAP = 64, FILTER_WORDS = 1024 };

#define EXTENT_GAP   SIZE_MAX
#define EXTENT_BLOCK (SIZE_MAX - 1)

typedef struct AddrList {
    Addr *items;
    size_t n, cap;
} AddrList;

typedef struct Scan {
    Program *program;
    Arena *arena;
    KernelKind kind;
    uint8_t *kept;         /* by function: a candidate */
    const uint8_t *passes; /* by function: it may return a constant; NULL: all may */
    Asked asked;
    Pattern main;
    Pattern memory;           /* constants in memory */
    AddrList words;           /* where they lie */
    bool padded;              /* gaps are blocks */
    AddrList blocks;          /* candidates: the first address looked at in each, and where it ends */
    bool any_short, any_wide; /* some cluster is */
    bool failed;
    /* the segment, and in it the function or gap worked on */
    const Segment *segment;
    Bytes code;
    size_t row, lo, hi;
    size_t function; /* EXTENT_GAP: none; EXTENT_BLOCK: there may be some, to be asked for */
    Numbers numbers; /* in it */
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
    const FunctionRow *rows = p->functions.rows;
    while (s->row < p->functions.n && row_end(&rows[s->row]) <= pc)
        s->row++;
    bool inside = s->row < p->functions.n && rows[s->row].start <= pc;
    Addr next = s->row < p->functions.n ? rows[s->row].start : UINT64_MAX;
    s->function = inside ? s->row : s->padded ? EXTENT_BLOCK : EXTENT_GAP;
    s->lo = inside ? (size_t)(next - base) : at;
    s->hi = inside                    ? (size_t)(row_end(&rows[s->row]) - base)
            : next - base < s->code.n ? (size_t)(next - base)
                                      : s->code.n;
    if (s->function == EXTENT_BLOCK)
        s->hi = (size_t)(padding_block_end(p, pc) - base);
    numbers_clear(&s->numbers);
}

static void extent_keep(Scan *s)
{
    if (s->function == EXTENT_BLOCK) {
        list_add(s, &s->blocks, s->segment->addr + s->lo);
        list_add(s, &s->blocks, s->segment->addr + s->hi);
        s->function = EXTENT_GAP;
    } else if (s->function != EXTENT_GAP) {
        s->kept[s->function] = 1;
    }
}

/* A gap, or kept already. */
static bool extent_done(const Scan *s)
{
    return s->function == EXTENT_GAP || (s->function != EXTENT_BLOCK && s->kept[s->function]);
}

/* Decides about the function at hand what takes all of it. */
static void extent_leave(Scan *s)
{
    if (extent_done(s))
        return;
    if (numbers_combine(&s->numbers, &s->asked) ||
        (numbers_bound_table(&s->numbers, &s->asked) && shape_has_table_jump(s->code.p + s->lo, s->hi - s->lo)))
        extent_keep(s);
}

/* ---- one place ---- */

/* This and the next are true when the place alone makes the function a candidate. */
static bool examine_site(Scan *s, size_t at)
{
    SiteShape site = shape_site(s->code.p, s->code.n, at);
    bool bounds =
        site.kind == SITE_COMPARE && site.k < BODY_MAX_TABLE && shape_branches(s->code.p, s->code.n, site.end);
    if (site.kind == SITE_NONE || (site.kind == SITE_SHORT && !s->any_short))
        return false;
    if (site.kind == SITE_ADDRESS)
        site.target += (int64_t)s->segment->addr;
    return numbers_take(&s->numbers, &s->asked, &site, bounds);
}

static bool examine(Scan *s, size_t at)
{
    uint32_t v = 0;
    memcpy(&v, s->code.p + at, s->code.n - at < 4 ? s->code.n - at : 4);
    if (bands_hold(s->main.bands, s->main.nbands, v) && shape_moved(s->code.p, at))
        return true;
    return examine_site(s, at);
}

/* ---- constants in memory ---- */

/* A constant is taken to lie at a multiple of 4; of one of 64 bits, the upper half was found. */
static void memory_note(Scan *s, const Segment *seg, Bytes bytes, size_t at)
{
    uint32_t v = 0;
    Addr addr = seg->addr + at;
    memcpy(&v, bytes.p + at, bytes.n - at < 4 ? bytes.n - at : 4);
    if (at % 4 != 0 || !bands_hold(s->memory.bands, s->memory.nbands, v) ||
        !image_is_constant(&s->program->image, addr))
        return;
    list_add(s, &s->words, addr);
    if (s->any_wide)
        list_add(s, &s->words, addr - 4);
}

/* From offset lo to hi of the segment's bytes. */
static void memory_scan(Scan *s, const Segment *seg, Bytes bytes, size_t lo, size_t hi)
{
    uint32_t mask;
    size_t end = bytes.n - hi < 36 ? bytes.n : hi + 36;
    for (size_t at = lo & ~(size_t)31; at < hi; at += 32) {
        at = kernel_next(s->kind, &s->memory, bytes.p, end, at, &mask);
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
    for (size_t i = 0; seg->executable && i < p->functions.n; i++) {
        Part part = {p->functions.rows[i].start, row_end(&p->functions.rows[i])};
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
    s->row = 0;
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
    Pattern pattern;                                             /* distances to any of these */
    AddrList callees;                                            /* candidates that return a constant */
    AddrList starts, ends;                                       /* parts that are entered by jumps only */
    uint64_t callee_bits[FILTER_WORDS], word_bits[FILTER_WORDS]; /* a bit for each address modulo their number */
} Refs;

static uint64_t *filter_word(uint64_t *bits, Addr a) { return &bits[a >> 6 & (FILTER_WORDS - 1)]; }

static void filter_add(uint64_t *bits, Addr a) { *filter_word(bits, a) |= (uint64_t)1 << (a & 63); }

static bool filter_may_hold(const uint64_t *bits, Addr a) { return bits[a >> 6 & (FILTER_WORDS - 1)] >> (a & 63) & 1; }

static bool list_holds(const AddrList *list, Addr a)
{
    size_t i = order_from(list->items, list->n, sizeof(Addr), 0, a);
    return i < list->n && list->items[i] == a;
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

/* Do the four bytes at `at` lead to something that is looked for, as the distance of a jump, a call or an operand in memory? */
static bool refs_at(const Scan *s, const Refs *r, size_t at)
{
    const uint8_t *p = s->code.p + at;
    int32_t distance;
    if (s->code.n - at < 4 || at < 2)
        return false;
    memcpy(&distance, p, 4);
    Addr target = s->segment->addr + at + 4 + (uint64_t)(int64_t)distance;
    if ((p[-2] == 0x0f && (p[-1] & 0xf0) == 0x80) || p[-1] == 0xe9)
        return refs_jump(r, target);
    if (p[-1] == 0xe8)
        return filter_may_hold(r->callee_bits, target) && list_holds(&r->callees, target);
    return s->words.n && (p[-1] & 0xc7) == 0x05 && p[-2] != 0x8d && refs_load(s, r, target);
}

/* Keeps the functions that refer to something at the places of one block; returns where to go on. What lies in no function refers
 * to nothing. */
static size_t refs_block(Scan *s, const Refs *r, size_t block, uint32_t mask)
{
    for (; mask; mask &= mask - 1) {
        size_t at = block + (unsigned)__builtin_ctz(mask);
        if (at >= s->hi)
            extent_enter(s, at);
        if (extent_done(s) && s->hi > block + 32)
            return s->hi;
        if (refs_at(s, r, at))
            extent_keep(s);
    }
    return block + 32;
}

static void refs_scan(Scan *s, const Refs *r, const Segment *seg)
{
    Pattern pattern = r->pattern;
    uint32_t mask;
    pattern.base = (uint32_t)seg->addr;
    segment_open(s, seg);
    for (size_t at = 0; at < s->code.n;) {
        at = kernel_next(s->kind, &pattern, s->code.p, s->code.n, at, &mask);
        if (at < s->code.n)
            at = refs_block(s, r, at, mask);
    }
}

/* ---- what candidates lead to ---- */

static bool returns_number(Program *p, const Function *f)
{
    if (f->fragment || function_size(f) > SUMMARY_MAX_BYTES)
        return false;
    Result r = summary_of(p, f->start, SUMMARY_DEPTH).result;
    return r.kind == RESULT_CONSTANT;
}

/* Has the kernel look for what leads to lo .. hi. */
static void refs_look_for(Refs *r, Addr lo, Addr hi)
{
    band_add(r->pattern.bands, &r->pattern.nbands, (int64_t)lo, (int64_t)hi, 0);
    r->pattern.naddresses = r->pattern.nbands;
}

/* Notes what the candidates not seen before may be reached by. */
static bool refs_collect(Scan *s, Refs *r, uint8_t *seen)
{
    bool any = false;
    for (size_t i = 0; i < s->program->functions.n; i++) {
        Function f;
        if (!s->kept[i] || seen[i] || !program_function_of(s->program, i, &f))
            continue;
        seen[i] = 1;
        if (f.fragment) {
            list_add(s, &r->starts, f.start);
            list_add(s, &r->ends, f.end);
            refs_look_for(r, f.start, f.end - 1);
            any = true;
        } else if ((!s->passes || s->passes[i]) && returns_number(s->program, &f)) {
            list_add(s, &r->callees, f.start);
            filter_add(r->callee_bits, f.start);
            refs_look_for(r, f.start, f.start);
            any = true;
        }
    }
    return any;
}

/* An immediate of up to 4 bytes may follow the distance. */
static void refs_to_words(const Scan *s, Refs *r)
{
    for (size_t i = 0; i < s->words.n; i++) {
        filter_add(r->word_bits, s->words.items[i]);
        refs_look_for(r, s->words.items[i] - 4, s->words.items[i]);
    }
}

static void follow(Scan *s)
{
    const Image *image = &s->program->image;
    uint8_t *seen = arena_alloc(s->arena, s->program->functions.n, 1);
    bool memory = s->words.n > 0;
    s->words.n = order_addrs(s->words.items, s->words.n);
    s->failed |= !seen;
    for (unsigned round = 0; !s->failed && round <= RESULT_HOPS + 2; round++) {
        Refs r = {.callees = {0}};
        if (!refs_collect(s, &r, seen) && !memory)
            return;
        if (memory)
            refs_to_words(s, &r);
        for (size_t i = 0; !s->failed && i < image->nloads; i++)
            if (image->loads[i].executable)
                refs_scan(s, &r, &image->loads[i]);
        memory = false;
    }
}

/* Takes back what only looked like a number. */
static void verify(Scan *s)
{
    const Functions *all = &s->program->functions;
    for (size_t i = 0; i < all->n; i++)
        if (s->kept[i])
            s->kept[i] =
                numbers_verify(&s->program->image, (Part){all->rows[i].start, row_end(&all->rows[i])}, &s->asked);
}

/* ---- functions to be asked for ---- */

/* Those of the blocks which verify, and all of the blocks after `first`, which were kept for what they refer to. In order. */
static void blocks_functions(Scan *s, size_t first, RowList *found)
{
    for (size_t i = 0; !s->failed && i + 1 < s->blocks.n; i += 2) {
        size_t n = found->n, kept = n;
        padding_rows(s->program, s->blocks.items[i], s->blocks.items[i + 1], found);
        s->failed |= found->failed;
        for (; !s->failed && n < found->n; n++) {
            FunctionRow row = found->items[n];
            if (i >= first || numbers_verify(&s->program->image, (Part){row.start, row_end(&row)}, &s->asked))
                found->items[kept++] = row;
        }
        found->n = s->failed ? 0 : kept;
    }
    if (found->n > 1)
        qsort(found->items, found->n, sizeof *found->items, row_order);
    size_t n = 0;
    for (size_t i = 0; i < found->n; i++)
        if (n == 0 || found->items[n - 1].start != found->items[i].start)
            found->items[n++] = found->items[i];
    found->n = n;
}

/* ---- the whole ---- */

static void patterns_make(Scan *s)
{
    for (unsigned i = 0; i < s->asked.n; i++) {
        const Cluster *c = &s->asked.clusters[i];
        s->any_short |= cluster_is_short(c);
        s->any_wide |= cluster_is_wide(c);
        cluster_bands(&s->memory, c);
    }
    s->main = s->memory;
    s->main.sites = true;
}

bool prescan_tells(const Query *query)
{
    Asked asked;
    return query_asks(query) && asked_of(&asked, query);
}

bool prescan_callers(Program *program, KernelKind kind, uint8_t *returns, const uint8_t *passes, Arena *arena)
{
    Scan s = {.program = program, .arena = arena, .kind = kind, .kept = returns, .passes = passes};
    follow(&s);
    return !s.failed;
}

bool prescan(Program *program, const Query *query, KernelKind kind, uint8_t *chosen, RowList *found, Arena *arena)
{
    Scan s = {.program = program, .arena = arena, .kind = kind, .padded = program->padded && !program->complete};
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
    verify(&s);
    size_t first = s.blocks.n;
    follow(&s);
    blocks_functions(&s, first, found);
    for (size_t i = 0; i < program->functions.n; i++)
        chosen[i] &= s.kept[i];
    return !s.failed;
}
