/* analysis/sweep.c - see sweep.h. */
#include "analysis/sweep.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/carve.h"
#include "analysis/program.h"

enum { ALIGN = 16 };

typedef struct Sweep {
    const Program *program;
    RowList *out;
    const FunctionRow *row; /* the one at hand: what it leads to outside itself is noted */
    Addr limit;             /* its end at most */
    Part *code;             /* where the code of each segment lies */
    bool packed;            /* functions may begin anywhere (-Os), not at multiples of 16 only */
    bool computed;          /* in the function whose end is being looked for, there is a jump that may go anywhere */
} Sweep;

static void sweep_add(Sweep *s, Addr addr, unsigned by)
{
    const Image *image = &s->program->image;
    if (!addr || !image_is_code(image, addr))
        return;
    Part code = s->code[image_segment(image, addr) - image->loads];
    if (addr >= code.start && addr < code.end && !program_is_stub(s->program, addr))
        rows_add(s->out, row_make(addr, addr, by));
}

static Sweep sweep_of(const Program *p, RowList *out)
{
    const Image *image = &p->image;
    Sweep s = {.program = p, .out = out, .code = arena_alloc(out->arena, image->nloads, sizeof *s.code)};
    out->failed |= !s.code;
    for (size_t i = 0; s.code && i < image->nloads; i++)
        image_code(image, &image->loads[i], &s.code[i].start, &s.code[i].end);
    return s;
}

static void rows_sort(RowList *list)
{
    if (list->n > 1)
        qsort(list->items, list->n, sizeof *list->items, row_order);
}

/* ---- what is called or pointed to ---- */

/* The code that the instruction calls, or whose address it takes. A call of what follows it only asks where it is. */
static void insn_references(Sweep *s, const Insn *insn)
{
    uint64_t addr;
    if (insn->flow == FLOW_CALL && insn->op[0].kind == OPERAND_REL && insn->target != insn->pc + insn->len)
        sweep_add(s, insn->target, FOUND_CALL);
    else if (insn->mnemonic == MN_LEA && insn->mem.base == REG_RIP && insn_mem_address(insn, &addr))
        sweep_add(s, addr, FOUND_POINTER);
    else if (insn->mnemonic == MN_MOV && s->program->image.type == ET_EXEC && insn->op[1].kind == OPERAND_IMM)
        sweep_add(s, insn->imm, FOUND_POINTER);
}

static void code_references(Sweep *s, Part code_at)
{
    Addr start = code_at.start, end = code_at.end;
    const uint8_t *code = image_read(&s->program->image, start, (size_t)(end - start));
    for (uint64_t at = 0; at < end - start && !s->out->failed;) { /* image_code gives what the file holds */
        Insn insn;
        int len = insn_decode(code + at, (size_t)(end - start - at), start + at, &insn);
        if (len > 0)
            insn_references(s, &insn);
        at += len > 0 ? (uint64_t)len : 1;
    }
}

static void slot_references(Sweep *s)
{
    SlotWalk w = {0};
    Slot slot;
    while (!s->out->failed && slots_next(&s->program->slots, &w, &slot))
        if (slot.target)
            sweep_add(s, slot.target, FOUND_POINTER);
}

/* A program at a fixed address has no relocations: words that hold the address of aligned code are taken for pointers. */
static void word_references(Sweep *s, const Segment *segment)
{
    Bytes bytes;
    uint64_t word;
    if (!image_bytes(&s->program->image, segment->addr, &bytes))
        return;
    for (size_t at = (size_t)(-segment->addr & 7); at + 8 <= bytes.n && !s->out->failed; at += 8) {
        memcpy(&word, bytes.p + at, sizeof word);
        if (word % ALIGN == 0)
            sweep_add(s, word, FOUND_POINTER);
    }
}

/* Do functions begin anywhere? As those do that are called. */
static bool rows_packed(const FunctionRow *rows, size_t n)
{
    size_t called = 0, aligned = 0;
    for (size_t i = 0; i < n; i++)
        if (rows[i].found_by == FOUND_CALL && (i == 0 || rows[i - 1].start != rows[i].start)) {
            called++;
            aligned += rows[i].start % ALIGN == 0;
        }
    return aligned < called - called / 8;
}

/* The first row from i on that is more than pointed to, or n. */
static size_t sure_from(const RowList *rows, size_t i)
{
    while (i < rows->n && rows->items[i].found_by == FOUND_POINTER)
        i++;
    return i;
}

/* Code that a pointer leads to, and what is before it from the last start on that is sure. */
typedef struct Pointed {
    const RowList *rows;
    Addr from, at;
    bool back; /* it jumps back into that, not to a start */
} Pointed;

static bool rows_begin(const RowList *rows, Addr addr)
{
    FunctionRow key = row_make(addr, addr, FOUND_PADDING); /* behind all others that begin there */
    size_t lo = 0, hi = rows->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (row_order(&rows->items[mid], &key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && rows->items[lo - 1].start == addr;
}

static void pointed_see(void *context, const Insn *insn)
{
    Pointed *o = context;
    bool jumps = insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH;
    if (jumps && insn->op[0].kind == OPERAND_REL && insn->target > o->from && insn->target < o->at)
        o->back |= !rows_begin(o->rows, insn->target);
}

static bool pointed_is_function(const Program *p, const RowList *rows, Addr from, Addr at, Addr limit)
{
    Pointed o = {rows, from, at, false};
    if (!carve_given(p, at))
        return false;
    carve_end(p, at, limit, pointed_see, &o);
    return !o.back;
}

/* Leaves out pointers to what looks like no function: to the labels of a computed goto. */
static void pointers_clean(const Program *p, RowList *rows)
{
    bool packed = rows_packed(rows->items, rows->n);
    FunctionRow *kept = arena_alloc(rows->arena, rows->n, sizeof *kept);
    RowList all = *rows;
    rows->failed |= !kept;
    size_t n = 0, next = 0;
    Addr from = 0;
    for (size_t i = 0; kept && i < all.n; i++) {
        FunctionRow row = all.items[i];
        next = next <= i ? sure_from(rows, i) : next;
        Addr limit = next < rows->n ? rows->items[next].start : UINT64_MAX;
        bool sure = row.found_by != FOUND_POINTER;
        from = sure ? row.start : from;
        if (sure || ((packed || row.start % ALIGN == 0) && pointed_is_function(p, rows, from, row.start, limit)))
            kept[n++] = row;
    }
    rows->n = n;
    rows->items = kept;
}

void sweep_references(const Program *p, RowList *out)
{
    Sweep s = sweep_of(p, out);
    for (size_t i = 0; !out->failed && i < p->image.nloads; i++) {
        if (p->image.loads[i].executable && p->image.loads[i].filesz)
            code_references(&s, s.code[i]);
        else if (p->image.type == ET_EXEC)
            word_references(&s, &p->image.loads[i]);
    }
    slot_references(&s);
    rows_sort(out);
    pointers_clean(p, out);
}

/* ---- what that leads to, and leaves over ---- */

static void jump_note(void *context, const Insn *insn)
{
    Sweep *s = context;
    bool direct = insn->flow == FLOW_JUMP && insn->op[0].kind == OPERAND_REL;
    if (direct && (insn->target < s->row->start || insn->target >= s->limit))
        sweep_add(s, insn->target, FOUND_JUMP);
}

/* Is it the target of one of the jumps, which are in order? */
static bool jumps_hold(const RowList *jumps, Addr addr)
{
    size_t at = rows_after(jumps->items, jumps->n, addr);
    return at < jumps->n && jumps->items[at].start == addr;
}

static void span_see(void *context, const Insn *insn)
{
    Sweep *s = context;
    bool computed = insn->flow == FLOW_JUMP && insn->op[0].kind != OPERAND_REL;
    s->computed |= computed && !(insn->op[0].kind == OPERAND_MEM && insn->mem.base == REG_RIP);
}

/* How code behind the end of what began at `from` was found to be no part of that: something jumps there from outside, padding
 * has brought it to a multiple of 16, or nothing from before can get there. 0: it is taken for a part. */
static unsigned remainder_by(const Sweep *s, const RowList *jumps, Addr from, Addr at)
{
    bool likely = at % ALIGN == 0 || (s->packed && !s->computed && from != at);
    unsigned by = jumps_hold(jumps, at) ? FOUND_JUMP : likely ? FOUND_PADDING : 0;
    return by && carve_begins(s->program, from, at, s->limit) ? by : 0;
}

/* The function whose end is being looked for: none while start is 0. */
static void open_close(Sweep *s, FunctionRow *open)
{
    if (open->start && open->size)
        rows_add(s->out, *open);
    *open = (FunctionRow){0};
}

/* Adds the row at hand, if only the code tells of it, and what stands behind it, each up to where its code ends. */
static void row_span(Sweep *s, const RowList *jumps)
{
    const Image *image = &s->program->image;
    bool swept = row_is_swept(s->row);
    s->computed = false;
    FunctionRow open = swept ? row_make(s->row->start, s->row->start, s->row->found_by) : (FunctionRow){0};
    Addr at = swept ? s->row->start : carve_padding(image, row_end(s->row), s->limit), end;
    for (; at < s->limit; at = carve_padding(image, end, s->limit)) {
        bool stub = program_is_stub(s->program, at);
        unsigned by = stub || at == s->row->start ? 0 : remainder_by(s, jumps, open.start ? open.start : at, at);
        if (stub || by)
            open_close(s, &open);
        if (by) {
            open = row_make(at, at, by);
            s->computed = false;
        }
        end = stub ? at + ALIGN : carve_end(s->program, at, s->limit, span_see, s);
        if (end == at)
            break;
        open.size = (uint32_t)(end - open.start);
    }
    open_close(s, &open);
}

/* Makes row i the one at hand: it may reach up to the next, or to its segment's end. */
static void row_enter(Sweep *s, const FunctionRow *rows, size_t n, size_t i)
{
    const Segment *seg = image_segment(&s->program->image, rows[i].start);
    s->row = &rows[i];
    s->limit = seg->addr + seg->filesz;
    if (i + 1 < n && rows[i + 1].start < s->limit)
        s->limit = rows[i + 1].start;
}

void sweep_spans(const Program *p, const FunctionRow *rows, size_t n, RowList *out)
{
    RowList jumps = {.arena = out->arena};
    Sweep s = sweep_of(p, &jumps);
    s.packed = rows_packed(rows, n);
    for (size_t i = 0; i < n && !jumps.failed; i++) {
        row_enter(&s, rows, n, i);
        carve_end(p, s.row->start, row_is_swept(s.row) ? s.limit : row_end(s.row), jump_note, &s);
    }
    rows_sort(&jumps);
    for (size_t i = 0; i < jumps.n; i++) /* so that they can be bisected by their ends */
        jumps.items[i].size = 1;
    s.out = out;
    for (size_t i = 0; i < n && !jumps.failed; i++) {
        row_enter(&s, rows, n, i);
        row_span(&s, &jumps);
    }
    out->failed |= jumps.failed;
}
