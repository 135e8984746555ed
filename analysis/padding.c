/* analysis/padding.c - see padding.h. */
#include "analysis/padding.h"

#include "analysis/carve.h"
#include "analysis/program.h"

/* BLOCK_MAX: longer blocks hold no functions (the longest of chromium's has 260 KB). */
enum { INT3 = 0xcc, ALIGN = 16, BLOCK_MAX = 512 << 10, SAMPLES = 128, SAMPLE_BYTES = 4096 };

/* Code between two known functions, in one segment. */
typedef struct Gap {
    Addr start, end;
    const uint8_t *code; /* at start */
} Gap;

static bool gap_of(const Program *p, Addr pc, Gap *out)
{
    const Segment *seg = image_segment(&p->image, pc);
    const FunctionRow *rows = p->known.rows;
    size_t next = rows_after(rows, p->known.n, pc);
    if (!seg || !seg->executable || pc - seg->addr >= seg->filesz || (next < p->known.n && rows[next].start <= pc))
        return false;
    *out = (Gap){.start = seg->addr, .end = seg->addr + seg->filesz};
    if (next > 0 && row_end(&rows[next - 1]) > out->start)
        out->start = row_end(&rows[next - 1]);
    if (next < p->known.n && rows[next].start < out->end)
        out->end = rows[next].start;
    out->code = image_read(&p->image, out->start, (size_t)(out->end - out->start));
    return out->code != NULL;
}

/* Does padding end at the address, a multiple of ALIGN? An int3 before a ud2 is a trap of the code's own. */
static bool is_boundary(const Gap *g, Addr at)
{
    const uint8_t *p = g->code + (at - g->start);
    bool trap = p[0] == 0x0f && at + 1 < g->end && p[1] == 0x0b;
    return at > g->start && p[-1] == INT3 && p[0] != INT3 && !trap;
}

static Addr aligned_up(Addr at) { return (at + ALIGN - 1) & ~(Addr)(ALIGN - 1); }

/* The first boundary after pc, at `last` at most. */
static Addr boundary_after(const Gap *g, Addr pc, Addr last)
{
    for (Addr at = aligned_up(pc + 1); at < last; at += ALIGN)
        if (is_boundary(g, at))
            return at;
    return last;
}

/* The last boundary up to pc, or the gap's start; where that is too far away, pc. */
static Addr boundary_before(const Gap *g, Addr pc)
{
    for (Addr at = pc & ~(Addr)(ALIGN - 1); at > g->start && pc - at < BLOCK_MAX; at -= ALIGN)
        if (is_boundary(g, at))
            return at;
    return pc - g->start < BLOCK_MAX ? g->start : pc;
}

/* The block that holds pc; false when it is too long for one. */
static bool block_of(const Gap *g, Addr pc, Part *out)
{
    Addr start = boundary_before(g, pc);
    Addr last = g->end - start > BLOCK_MAX ? start + BLOCK_MAX : g->end;
    *out = (Part){start, boundary_after(g, pc, last)};
    return (start != pc || is_boundary(g, pc) || start == g->start) && (out->end < last || last == g->end);
}

/* Does another function begin at `at`, behind the end of what began at `from`? */
static bool is_next(const Program *p, Addr from, Addr at, Addr limit)
{
    return at % ALIGN == 0 && carve_begins(p, from, at, limit);
}

/* The next function of the block at or after *at, which is moved behind it; false: there is none. */
static bool block_next(const Program *p, Part block, Addr *at, FunctionRow *out)
{
    Addr start = carve_padding(&p->image, *at, block.end), end = start;
    if (start >= block.end || start % ALIGN != 0 || program_is_stub(p, start))
        return false;
    for (Addr next = start; next < block.end && (next == start || !is_next(p, start, next, block.end));) {
        end = carve_end(p, next, block.end, NULL, NULL);
        if (end == next)
            return false;
        next = carve_padding(&p->image, end, block.end);
        *at = next;
    }
    *out = row_make(start, end, FOUND_PADDING);
    return true;
}

Addr padding_block_end(const Program *p, Addr pc)
{
    Gap g;
    return gap_of(p, pc, &g) ? boundary_after(&g, pc, g.end) : pc + 1;
}

bool padding_function(const Program *p, Addr pc, FunctionRow *out)
{
    Gap g;
    Part block;
    if (!gap_of(p, pc, &g) || !block_of(&g, pc, &block))
        return false;
    for (Addr at = block.start; block_next(p, block, &at, out) && out->start <= pc;)
        if (pc < row_end(out))
            return true;
    return false;
}

void padding_rows(const Program *p, Addr from, Addr to, RowList *out)
{
    Gap g;
    Part block = {.end = from};
    FunctionRow row;
    for (; block.end < to && gap_of(p, block.end, &g);)
        if (block_of(&g, block.end, &block))
            for (Addr at = block.start; block_next(p, block, &at, &row);)
                rows_add(out, row);
}

/* Calls `see` for each gap. */
typedef void GapSee(void *context, const Program *p, const Gap *g);

static void gaps_each(const Program *p, GapSee *see, void *context)
{
    const FunctionRow *rows = p->known.rows;
    for (size_t i = 0; i < p->image.nloads; i++) {
        const Segment *seg = &p->image.loads[i];
        Addr at = seg->addr, end = seg->addr + seg->filesz;
        for (size_t k = rows_after(rows, p->known.n, at); seg->executable && at < end; k++) {
            Addr next = k < p->known.n && rows[k].start < end ? rows[k].start : end;
            Gap g;
            if (at < next && gap_of(p, at, &g))
                see(context, p, &g);
            at = next < end ? row_end(&rows[k]) : end;
        }
    }
}

typedef struct Sample {
    uint64_t stride, left; /* bytes from one to the next; to the next */
    unsigned n, bounded;   /* samples; those in which padding ends */
} Sample;

static void gap_sample(void *context, const Program *p, const Gap *g)
{
    Sample *s = context;
    Addr start = g->start;
    (void)p;
    for (; g->end - start > s->left; s->left = s->stride) {
        start += s->left;
        Addr last = g->end - start > SAMPLE_BYTES ? start + SAMPLE_BYTES : g->end;
        s->n++;
        s->bounded += boundary_after(g, start, last) < last;
    }
    s->left -= g->end - start;
}

bool padding_usable(const Program *p)
{
    uint64_t code = 0;
    for (size_t i = 0; i < p->image.nloads; i++)
        code += p->image.loads[i].executable ? p->image.loads[i].filesz : 0;
    Sample s = {.stride = code / SAMPLES + 1, .left = code / SAMPLES / 2};
    gaps_each(p, gap_sample, &s);
    return s.bounded > s.n / 4 * 3;
}

static void gap_count(void *context, const Program *p, const Gap *g)
{
    size_t *n = context;
    (void)p;
    for (Addr at = g->start; at < g->end; at = boundary_after(g, at, g->end))
        ++*n;
}

typedef struct Filling {
    RowList *list;
    size_t known; /* how many of those known are in it */
} Filling;

static void known_rows(Filling *f, const Program *p, Addr before)
{
    while (f->known < p->known.n && p->known.rows[f->known].start < before)
        rows_add(f->list, p->known.rows[f->known++]);
}

static void gap_rows(void *context, const Program *p, const Gap *g)
{
    Filling *f = context;
    known_rows(f, p, g->start);
    padding_rows(p, g->start, g->end, f->list);
}

void padding_all(const Program *p, RowList *out)
{
    Filling f = {.list = out};
    size_t blocks = 0;
    gaps_each(p, gap_count, &blocks);
    out->cap = p->known.n + blocks + blocks / 8 + SAMPLES; /* some blocks hold two */
    out->items = arena_alloc(out->arena, out->cap, sizeof *out->items);
    out->failed = !out->items;
    gaps_each(p, gap_rows, &f);
    known_rows(&f, p, UINT64_MAX);
}
