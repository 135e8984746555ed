/* analysis/prescan_scan.c - see prescan_scan.h. */
#include "analysis/prescan_scan.h"

#include "analysis/padding.h"
#include "analysis/threads.h"

/* A piece has about so many bytes. */
enum { PIECE_BYTES = 2 << 20 };

void list_add(Arena *arena, AddrList *list, Addr addr, bool *failed)
{
    if (!arena_grow(arena, (void **)&list->items, list->n, &list->cap, sizeof *list->items))
        *failed = true;
    else
        list->items[list->n++] = addr;
}

/* ---- pieces ---- */

/* Where a piece may end, at or after offset `at`, up to the end of the segment's bytes. */
static size_t piece_end(const Scan *s, const Segment *seg, size_t at)
{
    const Program *p = s->program;
    size_t row = functions_row(&p->functions, seg->addr + at);
    if (!seg->executable)
        return at;
    if (row != SIZE_MAX)
        return (size_t)(row_end(&p->functions.rows[row]) - seg->addr);
    return s->padded ? (size_t)(padding_block_end(p, seg->addr + at) - seg->addr) : at;
}

static bool segment_cut(Scan *s, const Segment *seg)
{
    Bytes bytes;
    if (!image_bytes(&s->program->image, seg->addr, &bytes))
        return true;
    for (size_t from = 0, to; from < bytes.n; from = to) {
        to = bytes.n - from > PIECE_BYTES ? piece_end(s, seg, from + PIECE_BYTES) : bytes.n;
        if (!arena_grow(s->arena, (void **)&s->pieces, s->npieces, &s->cap_pieces, sizeof *s->pieces))
            return false;
        s->pieces[s->npieces++] = (Piece){seg, bytes, from, to};
    }
    return true;
}

bool scan_pieces(Scan *s, bool all)
{
    const Image *image = &s->program->image;
    for (size_t i = 0; i < image->nloads; i++)
        if ((all || image->loads[i].executable) && !segment_cut(s, &image->loads[i]))
            s->failed = true;
    return !s->failed;
}

/* ---- threads ---- */

typedef struct Pass {
    Scan *scan;
    Walker *walkers; /* by thread */
    PieceWork *work;
    const void *context;
} Pass;

static bool pass_pieces(void *context, size_t thread, size_t from, size_t to)
{
    Pass *pass = context;
    Walker *w = &pass->walkers[thread];
    const Program *p = pass->scan->program;
    for (; from < to && !w->failed; from++) {
        w->piece = pass->scan->pieces[from];
        w->row = rows_after(p->functions.rows, p->functions.n, w->piece.segment->addr + w->piece.from);
        extent_enter(w, w->piece.from);
        pass->work(w, pass->context);
    }
    return !w->failed;
}

static void list_gather(Scan *s, AddrList *all, const AddrList *list)
{
    for (size_t i = 0; i < list->n; i++)
        list_add(s->arena, all, list->items[i], &s->failed);
}

void scan_each(Scan *s, PieceWork *work, const void *context)
{
    size_t n = s->jobs < THREADS_MAX ? s->jobs : THREADS_MAX;
    Walker *walkers = arena_alloc(s->arena, n, sizeof *walkers);
    Pass pass = {.scan = s, .walkers = walkers, .work = work, .context = context};
    s->failed |= !walkers;
    for (size_t i = 0; walkers && i < n; i++)
        walkers[i].scan = s;
    if (s->failed || !threads_each(n, 0, s->npieces, 1, pass_pieces, &pass))
        s->failed = true;
    for (size_t i = 0; walkers && i < n; i++) {
        list_gather(s, &s->words, &walkers[i].words);
        list_gather(s, &s->blocks, &walkers[i].blocks);
        arena_free(&walkers[i].arena);
    }
}

/* ---- the function at hand ---- */

void extent_enter(Walker *w, size_t at)
{
    const Program *p = w->scan->program;
    Addr base = w->piece.segment->addr, pc = base + at;
    const FunctionRow *rows = p->functions.rows;
    size_t most = w->piece.to;
    while (w->row < p->functions.n && row_end(&rows[w->row]) <= pc)
        w->row++;
    bool inside = w->row < p->functions.n && rows[w->row].start <= pc;
    Addr next = w->row < p->functions.n ? rows[w->row].start : UINT64_MAX;
    w->function = inside ? w->row : w->scan->padded ? EXTENT_BLOCK : EXTENT_GAP;
    w->lo = inside ? (size_t)(next - base) : at;
    w->hi = inside ? (size_t)(row_end(&rows[w->row]) - base) : next - base < most ? (size_t)(next - base) : most;
    if (w->function == EXTENT_BLOCK)
        w->hi = (size_t)(padding_block_end(p, pc) - base);
    numbers_clear(&w->numbers);
}

void extent_keep(Walker *w)
{
    if (w->function == EXTENT_BLOCK) {
        Addr base = w->piece.segment->addr;
        list_add(&w->arena, &w->blocks, base + w->lo, &w->failed);
        list_add(&w->arena, &w->blocks, base + w->hi, &w->failed);
        w->function = EXTENT_GAP;
    } else if (w->function != EXTENT_GAP) {
        w->scan->kept[w->function] = MADE_NAMED;
    }
}

bool extent_done(const Walker *w)
{
    return w->function == EXTENT_GAP || (w->function != EXTENT_BLOCK && w->scan->kept[w->function]);
}
