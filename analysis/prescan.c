/* analysis/prescan.c - see prescan.h.
 *
 * One pass over the segments finds the places; a function that has one is a candidate at once, and the rest of it is skipped. What takes
 * two places in one function (a sum; a large jump table) is decided at the function's end. Candidates are then decoded. A second pass
 * (prescan_refs.c), where it is needed, finds what leads to them.
 */
#include "analysis/prescan.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/body.h"
#include "analysis/padding.h"
#include "analysis/prescan_scan.h"
#include "analysis/threads.h"

/* Shorter gaps between functions are padding. */
enum { MEMORY_GAP = 64 };

/* Decides about the function at hand what takes all of it. */
static void extent_leave(Walker *w)
{
    const Asked *asked = &w->scan->asked;
    if (extent_done(w))
        return;
    if (numbers_combine(&w->numbers, asked) ||
        (numbers_bound_table(&w->numbers, asked) && shape_has_table_jump(w->piece.bytes.p + w->lo, w->hi - w->lo)))
        extent_keep(w);
}

/* ---- one place ---- */

/* This and the next are true when the place alone makes the function a candidate. */
static bool examine_site(Walker *w, size_t at)
{
    Bytes code = w->piece.bytes;
    SiteShape site = shape_site(code.p, code.n, at);
    if (site.kind == SITE_NONE || (site.kind == SITE_SHORT && !w->scan->any_short))
        return false;
    bool bounds = site.kind == SITE_COMPARE && site.k < BODY_MAX_TABLE && shape_branches(code.p, code.n, site.end);
    if (site.kind == SITE_ADDRESS)
        site.target += (int64_t)w->piece.segment->addr;
    return numbers_take(&w->numbers, &w->scan->asked, &site, bounds);
}

static bool examine(Walker *w, size_t at)
{
    const Pattern *main = &w->scan->main;
    Bytes code = w->piece.bytes;
    uint32_t v = 0;
    memcpy(&v, code.p + at, code.n - at < 4 ? code.n - at : 4);
    if (bands_hold(main->bands, main->nbands, v) && shape_moved(code.p, at))
        return true;
    return examine_site(w, at);
}

/* ---- constants in memory ---- */

/* The kernel found a number that is asked for. A constant is taken to lie at a multiple of 4; of one of 64 bits, the upper half was found. */
static void memory_note(Walker *w, size_t at)
{
    const Scan *s = w->scan;
    Addr addr = w->piece.segment->addr + at;
    if (at % 4 != 0 || !image_is_constant(&s->program->image, addr))
        return;
    list_add(&w->arena, &w->words, addr, &w->failed);
    if (s->any_wide)
        list_add(&w->arena, &w->words, addr - 4, &w->failed);
}

/* From offset lo to hi of the segment's bytes. */
static void memory_scan(Walker *w, size_t lo, size_t hi)
{
    const Scan *s = w->scan;
    Bytes bytes = w->piece.bytes;
    uint32_t mask;
    size_t end = bytes.n - hi < 36 ? bytes.n : hi + 36;
    for (size_t at = lo & ~(size_t)31; at < hi; at += 32) {
        at = kernel_next(s->kind, &s->memory, bytes.p, end, at, &mask);
        for (; at < hi && mask; mask &= mask - 1)
            memory_note(w, at + (unsigned)__builtin_ctz(mask));
    }
}

/* All of the piece but the functions. */
static void memory_scan_piece(Walker *w)
{
    const Functions *all = &w->scan->program->functions;
    Addr base = w->piece.segment->addr;
    size_t at = w->piece.from, to = w->piece.to;
    for (size_t i = rows_after(all->rows, all->n, base + at); w->piece.segment->executable && i < all->n; i++) {
        Part part = {all->rows[i].start, row_end(&all->rows[i])};
        if (part.start - base >= to) /* none begins before the segment that it ends in */
            break;
        if (part.start > base + at && part.start - base - at >= MEMORY_GAP)
            memory_scan(w, at, (size_t)(part.start - base));
        at = (size_t)(part.end - base);
    }
    if (at < to)
        memory_scan(w, at, to);
}

/* ---- the first pass ---- */

/* Examines the places of one block; returns where to go on. */
static size_t block_examine(Walker *w, size_t block, uint32_t mask)
{
    for (; mask; mask &= mask - 1) {
        size_t at = block + (unsigned)__builtin_ctz(mask);
        if (at >= w->hi) {
            extent_leave(w);
            if (at >= w->piece.to)
                return at;
            extent_enter(w, at);
        }
        if (!extent_done(w) && examine(w, at))
            extent_keep(w);
        if (extent_done(w) && w->hi > block + 32)
            return w->hi;
    }
    return block + 32;
}

static void code_scan_piece(Walker *w)
{
    const Piece *piece = &w->piece;
    uint32_t mask;
    for (size_t at = piece->from; at < piece->to;) {
        at = kernel_next(w->scan->kind, &w->scan->main, piece->bytes.p, piece->bytes.n, at, &mask);
        if (at < piece->to)
            at = block_examine(w, at, mask);
    }
    extent_leave(w);
}

static void piece_scan(Walker *w, const void *context)
{
    (void)context;
    memory_scan_piece(w);
    if (w->piece.segment->executable)
        code_scan_piece(w);
}

/* Takes back what only looked like a number. */
static bool verify(void *context, size_t thread, size_t from, size_t to)
{
    Scan *s = context;
    const FunctionRow *rows = s->program->functions.rows;
    (void)thread;
    for (size_t i = from; i < to; i++)
        if (s->kept[i])
            s->kept[i] =
                (uint8_t)numbers_verify(&s->program->image, (Part){rows[i].start, row_end(&rows[i])}, &s->asked);
    return true;
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
            if (i >= first ||
                numbers_verify(&s->program->image, (Part){row.start, row_end(&row)}, &s->asked) != MADE_NONE)
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

bool prescan_callers(Program *program, KernelKind kind, size_t jobs, uint8_t *returns, const uint8_t *passes,
                     Arena *arena)
{
    Scan s = {.program = program, .arena = arena, .kind = kind, .jobs = jobs, .kept = returns, .passes = passes};
    for (size_t i = 0; i < program->functions.n; i++)
        returns[i] = returns[i] ? MADE_NAMED : MADE_NONE;
    if (scan_pieces(&s, false))
        scan_follow(&s);
    return !s.failed;
}

bool prescan(Program *program, const Query *query, KernelKind kind, uint8_t *chosen, RowList *found, Arena *arena)
{
    enum { ROWS = 1024 };
    Scan s = {.program = program, .arena = arena, .kind = kind, .jobs = query->jobs};
    s.padded = program->padded && !program->complete;
    if (!asked_of(&s.asked, query))
        return true;
    s.kept = arena_alloc(arena, program->functions.n, 1);
    if (!s.kept || !scan_pieces(&s, true))
        return false;
    patterns_make(&s);
    scan_each(&s, piece_scan, NULL);
    threads_each(s.jobs, 0, program->functions.n, ROWS, verify, &s);
    scan_beside(&s);
    size_t first = s.blocks.n;
    scan_follow(&s);
    blocks_functions(&s, first, found);
    for (size_t i = 0; i < program->functions.n; i++)
        chosen[i] &= s.kept[i] != MADE_NONE;
    return !s.failed;
}
