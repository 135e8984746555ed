/* analysis/functions.c - see functions.h.
 *
 * Every source gives rows in order of address; they are merged, and where two begin at one address the better named wins. A
 * row ends where the next begins. Most files have little but unwind tables: a row of those is a few words read from the file.
 */
#include "analysis/functions.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/program.h"
#include "elf/dynamic.h"

/* GAP_ROWS: so many more may be found in gaps. */
enum { SOURCE_MAX = (1 << 28) - 1, GAP_ROWS = 256 };

typedef struct Found {
    Addr start, end; /* end == start: not known */
    uint32_t source;
    uint8_t by; /* FoundBy */
} Found;

/* Functions of one source, in order. */
typedef struct FoundList {
    Program *program;
    Arena *arena;
    FunctionRow *items;
    size_t n, cap;
    bool failed;
} FoundList;

static void found_add(FoundList *list, Found f)
{
    if (!image_is_code(&list->program->image, f.start))
        return;
    if (!arena_grow(list->arena, (void **)&list->items, list->n, &list->cap, sizeof *list->items)) {
        list->failed = true;
        return;
    }
    uint64_t size = f.end - f.start;
    list->items[list->n++] = (FunctionRow){.start = f.start,
                                           .size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
                                           .source = f.source & SOURCE_MAX,
                                           .found_by = f.by & 15u};
}

/* ---- sources ---- */

static void found_fdes(FoundList *list)
{
    UnwindWalk w = {0};
    FdeRange range;
    list->cap = list->program->unwind.n;
    list->items = arena_alloc(list->arena, list->cap, sizeof *list->items);
    list->failed |= !list->items;
    while (!list->failed && unwind_next(&list->program->unwind, &w, &range))
        found_add(list, (Found){.start = range.start, .end = range.start + range.size, .by = FOUND_EH_FRAME});
}

/* Symbols that lie in no FDE's range; found_join sees to those at one address. */
static void found_symbols(FoundList *list, const FoundList *fdes)
{
    const Program *p = list->program;
    size_t fde = 0;
    for (size_t i = 0; i < p->symbols.n && !list->failed; i++) {
        Addr addr = p->symbols.addrs[i];
        Bytes rest;
        while (fde < fdes->n && row_end(&fdes->items[fde]) <= addr)
            fde++;
        if (fde < fdes->n && fdes->items[fde].start <= addr)
            continue;
        Symbol s = symbols_get(&p->symbols, i);
        if (!symbol_is_function(&s) || !image_bytes(&p->image, addr, &rest))
            continue;
        Addr end = s.addr + (s.size <= rest.n ? s.size : 0); /* else its size is a lie */
        found_add(list,
                  (Found){.start = s.addr, .end = end, .by = s.source == SYMBOL_SYMTAB ? FOUND_SYMTAB : FOUND_DYNSYM});
    }
}

static void found_go(FoundList *list)
{
    Program *p = list->program;
    Addr start, end, last = 0;
    for (size_t i = 0; i < p->go.n && i < SOURCE_MAX && !list->failed; i++)
        if (gopclntab_function(&p->go, i, &start, &end) && start >= last) {
            found_add(list, (Found){start, end, (uint32_t)i, FOUND_PCLNTAB});
            last = end;
        }
}

static int row_order(const void *x, const void *y)
{
    const FunctionRow *a = x, *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->found_by != b->found_by ? (a->found_by < b->found_by ? -1 : 1) : 0;
}

/* A file whose symbols and unwind tables know less than an eighth of the code is swept for where its own code calls or points to; but not one
 * with more code than this. */
enum { SWEEP_MAX = 64 << 20 };

static uint64_t rows_bytes(const FoundList *list)
{
    uint64_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        n += list->items[i].size;
    return n;
}

static bool needs_sweep(const Image *image, uint64_t known)
{
    uint64_t code = 0;
    for (size_t i = 0; i < image->nloads; i++)
        code += image->loads[i].executable ? image->loads[i].filesz : 0;
    return known < code / 8 && code <= SWEEP_MAX;
}

/* The code that the instruction calls, or whose address it takes; 0: none. */
static Addr code_named(const Program *p, const Insn *insn, uint8_t *by)
{
    uint64_t addr = 0;
    *by = FOUND_POINTER;
    if (insn->flow == FLOW_CALL && insn->op[0].kind == OPERAND_REL) {
        *by = FOUND_CALL;
        addr = insn->target;
    } else if (insn->mnemonic == MN_LEA && insn->mem.base == REG_RIP) {
        insn_mem_address(insn, &addr);
    } else if (insn->mnemonic == MN_MOV && p->image.type == ET_EXEC && insn->op[1].kind == OPERAND_IMM) {
        addr = insn->imm;
    }
    return addr && image_is_code(&p->image, addr) && !program_is_stub(p, addr) ? addr : 0;
}

static void found_in_code(FoundList *list, const Segment *segment)
{
    const Program *p = list->program;
    const uint8_t *code = image_read(&p->image, segment->addr, (size_t)segment->filesz);
    for (uint64_t at = 0; code && at < segment->filesz && !list->failed;) {
        Insn insn;
        uint8_t by;
        int len = insn_decode(code + at, (size_t)(segment->filesz - at), segment->addr + at, &insn);
        Addr start = len > 0 ? code_named(p, &insn, &by) : 0;
        if (start)
            found_add(list, (Found){.start = start, .end = start, .by = by});
        at += len > 0 ? (uint64_t)len : 1;
    }
}

static void found_calls(FoundList *list)
{
    const Image *image = &list->program->image;
    for (size_t i = 0; i < image->nloads; i++)
        if (image->loads[i].executable && image->loads[i].filesz)
            found_in_code(list, &image->loads[i]);
    if (list->n > 1)
        qsort(list->items, list->n, sizeof *list->items, row_order);
}

/* ---- all of them ---- */

/* Merges b into a, in `arena`. */
static void found_merge(FoundList *a, const FoundList *b, Arena *arena)
{
    FunctionRow *all = arena_alloc(arena, a->n + b->n + GAP_ROWS, sizeof *all);
    size_t i = 0, k = 0, n = 0;
    a->failed |= b->failed || !all;
    while (!a->failed && (i < a->n || k < b->n)) {
        bool first = k == b->n || (i < a->n && row_order(&a->items[i], &b->items[k]) <= 0);
        all[n++] = first ? a->items[i++] : b->items[k++];
    }
    a->items = all;
    a->n = n;
    a->cap = a->failed ? n : n + GAP_ROWS;
}

/* Joins what begins at one address: an FDE's range is the right one; Go's table knows the name. */
static void found_join(FoundList *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        FunctionRow *f = &list->items[i], *last = n ? &list->items[n - 1] : NULL;
        if (!last || last->start != f->start) {
            list->items[n++] = *f;
            continue;
        }
        if (last->found_by == FOUND_EH_FRAME && f->found_by == FOUND_PCLNTAB) {
            last->found_by = f->found_by;
            last->source = f->source;
        } else if (f->size > last->size || f->found_by == FOUND_EH_FRAME) {
            last->size = f->size;
        }
    }
    list->n = n;
}

/* The row's size, cut at `next`; one without a size gets the space up to there. */
static uint32_t size_settled(const Image *image, const FunctionRow *row, Addr next)
{
    Bytes rest;
    uint64_t size = row->size, most = next - row->start;
    if (size == 0 && image_bytes(image, row->start, &rest))
        size = rest.n;
    if (size > most)
        size = most;
    return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

/* Drops other entries inside a longer range, and settles where ranges end. */
static void found_trim(FoundList *list)
{
    size_t n = 0;
    Addr covered = 0;
    for (size_t i = 0; i < list->n; i++) {
        FunctionRow f = list->items[i];
        if (f.start < covered && f.found_by != FOUND_EH_FRAME)
            continue;
        covered = row_end(&f) > covered ? row_end(&f) : covered;
        list->items[n++] = f;
    }
    list->n = n;
    for (size_t i = 0; i < n; i++)
        list->items[i].size =
            size_settled(&list->program->image, &list->items[i], i + 1 < n ? list->items[i + 1].start : UINT64_MAX);
}

/* ---- what begins in a gap between those known ---- */

/* Where the program begins, and what the dynamic linker runs at start and end. */
static void entries_note(FoundList *list)
{
    const Program *p = list->program;
    Dynamic d;
    dynamic_read(&d, &p->image);
    found_add(list, (Found){.start = p->image.entry, .end = p->image.entry, .by = FOUND_ENTRY});
    found_add(list, (Found){.start = d.init, .end = d.init, .by = FOUND_INIT});
    found_add(list, (Found){.start = d.fini, .end = d.fini, .by = FOUND_INIT});
    for (size_t i = 0; i < 3; i++)
        for (size_t at = 0; at < d.starts[i].n; at += 8) {
            Slot slot;
            uint64_t addr;
            memcpy(&addr, d.starts[i].p + at, sizeof addr); /* most linkers write it here, besides the relocation */
            if (!image_is_code(&p->image, addr))
                addr = slots_at(&p->slots, d.starts_at[i] + at, &slot) ? slot.target : 0;
            found_add(list, (Found){.start = addr, .end = addr, .by = FOUND_INIT});
        }
}

/* The first row that ends after pc. */
static size_t row_after(const FoundList *rows, Addr pc)
{
    size_t lo = 0, hi = rows->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (row_end(&rows->items[mid]) <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Puts a row where it belongs, when nothing lies there and there is room. */
static bool row_insert(FoundList *rows, Addr start, uint8_t by)
{
    size_t at = row_after(rows, start);
    bool known = at < rows->n && rows->items[at].start <= start;
    if (known || rows->n == rows->cap || !image_is_code(&rows->program->image, start) ||
        program_is_stub(rows->program, start))
        return false;
    memmove(&rows->items[at + 1], &rows->items[at], (rows->n - at) * sizeof *rows->items);
    rows->items[at] = (FunctionRow){.start = start, .size = 1, .found_by = by & 15u};
    rows->n++;
    return true;
}

/* A function found by nothing but its start, as far as its code goes on: GAP_BYTES at most. */
enum { GAP_BYTES = 4096 };

typedef struct Gap {
    Addr start, limit;
    Addr furthest; /* a branch goes there */
    Addr end;
} Gap;

/* Where it calls or jumps out to; 0: nowhere. */
static Addr gap_leads(Gap *g, const Insn *insn, uint8_t *by)
{
    bool direct = insn->nops && insn->op[0].kind == OPERAND_REL;
    *by = insn->flow == FLOW_CALL ? FOUND_CALL : FOUND_JUMP;
    if (!direct)
        return 0;
    if (insn->flow != FLOW_CALL && insn->target >= g->start && insn->target < g->limit) {
        g->furthest = insn->target > g->furthest ? insn->target : g->furthest;
        return 0;
    }
    return insn->target;
}

/* Follows the code at `start` to where it ends, and adds where it leads (when nothing is known there) to the list. */
static void gap_follow(FoundList *rows, FoundList *list, Addr start)
{
    size_t row = row_after(rows, start);
    Gap g = {.start = start, .limit = start + GAP_BYTES, .end = start};
    if (row + 1 < rows->n && rows->items[row + 1].start < g.limit)
        g.limit = rows->items[row + 1].start;
    for (bool on = true; on && g.end < g.limit;) {
        Insn insn;
        uint8_t by;
        if (!program_insn(rows->program, g.end, &insn) || g.end + insn.len > g.limit)
            break;
        Addr lead = gap_leads(&g, &insn, &by);
        if (lead && lead != start)
            found_add(list, (Found){.start = lead, .end = lead, .by = by});
        g.end += insn.len;
        on = insn.flow == FLOW_NEXT || insn.flow == FLOW_BRANCH || insn.flow == FLOW_CALL || g.furthest >= g.end;
    }
    rows->items[row].size = g.end > start ? (uint32_t)(g.end - start) : 1;
}

/* What runs at start and end, and what that leads to: the functions of the C library's start files have no unwind tables. */
static void found_gaps(FoundList *rows)
{
    FoundList todo = {.program = rows->program, .arena = rows->arena};
    entries_note(&todo);
    for (size_t i = 0; i < todo.n && !todo.failed && !rows->failed; i++)
        if (row_insert(rows, todo.items[i].start, (uint8_t)todo.items[i].found_by))
            gap_follow(rows, &todo, todo.items[i].start);
    rows->failed |= todo.failed;
}

/* Leaves out what has no bytes in the file. */
static void found_clean(FoundList *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].size && image_read(&list->program->image, list->items[i].start, list->items[i].size))
            list->items[n++] = list->items[i];
    list->n = n;
}

bool functions_find(Program *program, Diag *diag)
{
    Arena scratch = {0};
    FoundList fdes = {.program = program, .arena = &scratch}, all = fdes, go = fdes, calls = fdes;
    found_fdes(&fdes);
    found_symbols(&all, &fdes);
    found_go(&go);
    if (needs_sweep(&program->image, rows_bytes(&fdes) + rows_bytes(&all) + rows_bytes(&go)))
        found_calls(&calls);
    found_merge(&all, &go, &scratch);
    found_merge(&all, &calls, &scratch);
    found_merge(&all, &fdes, &program->arena);
    found_join(&all);
    found_trim(&all);
    found_gaps(&all);
    found_clean(&all);
    program->functions = (Functions){all.items, all.n};
    arena_free(&scratch);
    return !all.failed || diag_set(diag, 0, "out of memory");
}

size_t functions_row(const Functions *f, Addr pc)
{
    size_t lo = 0, hi = f->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (f->rows[mid].start <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && pc < row_end(&f->rows[lo - 1]) ? lo - 1 : SIZE_MAX;
}
