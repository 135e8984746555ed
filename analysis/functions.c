/* analysis/functions.c - see functions.h.
 *
 * Every source gives ranges; where two give the same start the better named wins, and a range ends where the next begins.
 * A `.cold` part is joined to its function by name, or left as a fragment that the analysis adopts when a jump leads there.
 */
#include "analysis/functions.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "elf/gopclntab.h"
#include "elf/plt.h"

typedef struct Found {
    Addr start, end;
    Str name;
    uint8_t by; /* FoundBy */
    bool fragment;
} Found;

typedef struct FoundList {
    Program *program;
    Arena scratch;
    Found *items;
    size_t n, cap;
    bool failed;
} FoundList;

static void found_add(FoundList *list, Found f)
{
    if (!image_is_code(&list->program->image, f.start))
        return;
    if (!arena_grow(&list->scratch, (void **)&list->items, list->n, &list->cap, sizeof *list->items)) {
        list->failed = true;
        return;
    }
    list->items[list->n++] = f;
}

static bool str_has(Str s, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; s.p && i + n <= s.n; i++)
        if (memcmp(s.p + i, part, n) == 0)
            return true;
    return false;
}

static bool is_cold_name(Str name) { return str_has(name, ".cold"); }

static void found_symbols(FoundList *list)
{
    const Symbols *symbols = &list->program->symbols;
    for (size_t i = 0; i < symbols->n; i++) {
        const Symbol *s = &symbols->items[i];
        if (s->type != STT_FUNC && s->type != STT_GNU_IFUNC)
            continue;
        uint8_t by = s->source == SYMBOL_SYMTAB ? FOUND_SYMTAB : FOUND_DYNSYM;
        Bytes rest;
        bool fits =
            image_bytes(&list->program->image, s->addr, &rest) && s->size <= rest.n; /* else its size is a lie */
        found_add(list, (Found){s->addr, fits ? s->addr + s->size : s->addr, s->name, by, is_cold_name(s->name)});
    }
}

static bool is_stub(const Program *p, Addr start)
{
    Str name;
    Addr target;
    return plt_target(&p->image, &p->slots, start, &name, &target) ||
           plt_target(&p->image, &p->slots, start + 16, &name, &target);
}

static void found_fdes(FoundList *list)
{
    Fde *fdes;
    size_t n;
    if (!unwind_all(&list->program->unwind, &fdes, &n, &list->scratch, NULL))
        return;
    for (size_t i = 0; i < n; i++)
        if (!is_stub(list->program, fdes[i].start))
            found_add(
                list,
                (Found){fdes[i].start, fdes[i].start + fdes[i].size, {NULL, 0}, FOUND_EH_FRAME, !fdes[i].at_entry});
}

static void found_go(FoundList *list)
{
    GoFunction *go;
    size_t n;
    list->program->is_go = list->program->image.has_go_note;
    if (!gopclntab_read(&list->program->image, &go, &n, &list->program->arena, NULL))
        return;
    list->program->is_go = n > 0 || list->program->image.has_go_note;
    for (size_t i = 0; i < n; i++)
        found_add(list, (Found){go[i].start, go[i].end, go[i].name, FOUND_PCLNTAB, false});
}

/* A file that names hardly any function (no symbols, no unwind tables) is swept for where its own code calls or points to. */
enum { FOUND_HARDLY_ANY = 16 };

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
    return addr && image_is_code(&p->image, addr) && !is_stub(p, addr) ? addr : 0;
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
            found_add(list, (Found){start, start, {NULL, 0}, by, false});
        at += len > 0 ? (uint64_t)len : 1;
    }
}

static void found_calls(FoundList *list)
{
    const Image *image = &list->program->image;
    for (size_t i = 0; list->n <= FOUND_HARDLY_ANY && i < image->nloads; i++)
        if (image->loads[i].executable && image->loads[i].filesz)
            found_in_code(list, &image->loads[i]);
}

static int found_order(const void *x, const void *y)
{
    const Found *a = x, *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->by != b->by ? (a->by < b->by ? -1 : 1) : 0;
}

/* Merges runs a and b, which follow each other at items[0 .. n), b from `mid` on. */
static void found_merge(Found *items, size_t mid, size_t n, Found *work)
{
    size_t a = 0, b = mid, to = 0;
    if (mid == n || mid == 0)
        return;
    while (a < mid && b < n)
        work[to++] = found_order(&items[a], &items[b]) <= 0 ? items[a++] : items[b++];
    memcpy(work + to, items + a, (mid - a) * sizeof *work);
    to += mid - a;
    memcpy(items, work, to * sizeof *work); /* what is left of b stands where it belongs */
}

/* Each source adds its functions in order, or nearly so: the list is a few runs. */
static void found_sort(FoundList *list)
{
    enum { RUNS_MAX = 16 };
    Found *work = arena_alloc(&list->scratch, list->n, sizeof *work);
    size_t from = 0, runs = 0;
    while (work && from < list->n && runs++ < RUNS_MAX) { /* items[0 .. from) is in order */
        size_t end = from + 1;
        while (end < list->n && found_order(&list->items[end - 1], &list->items[end]) <= 0)
            end++;
        found_merge(list->items, from, end, work);
        from = end;
    }
    if (from < list->n)
        qsort(list->items, list->n, sizeof *list->items, found_order);
}

/* Joins what begins at one address: the first has the better name, the longest range wins. */
static void found_join(FoundList *list)
{
    found_sort(list);
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        Found *f = &list->items[i], *last = n ? &list->items[n - 1] : NULL;
        if (!last || last->start != f->start) {
            list->items[n++] = *f;
            continue;
        }
        bool ranged = f->by == FOUND_EH_FRAME;
        if (f->end > last->end || ranged)
            last->end = f->end;
        last->fragment = ranged && last->name.p == NULL ? f->fragment : last->fragment || (f->fragment && ranged);
    }
    list->n = n;
}

/* Drops symbols inside a longer range (other entries of one function), cuts ranges at the next start, and gives
 * those without a size the space up to it. */
static void found_trim(FoundList *list)
{
    size_t n = 0;
    Addr covered = 0;
    for (size_t i = 0; i < list->n; i++) {
        Found f = list->items[i];
        bool inside = f.start < covered && f.by != FOUND_EH_FRAME;
        if (inside)
            continue;
        Addr next = i + 1 < list->n ? list->items[i + 1].start : UINT64_MAX;
        Bytes rest;
        if (f.end <= f.start && image_bytes(&list->program->image, f.start, &rest))
            f.end = next - f.start < rest.n ? next : f.start + rest.n;
        if (n && list->items[n - 1].end > f.start)
            list->items[n - 1].end = f.start;
        list->items[n++] = f;
        covered = f.end > covered ? f.end : covered;
    }
    list->n = n;
}

/* ---- cold parts ---- */

/* A compiler makes one or two; a body takes no more than this (WALK_MAX_REGIONS). */
enum { PARTS_MAX = 16 };

typedef struct NameRef {
    Str name;
    uint32_t function;
} NameRef;

static int name_order(const void *x, const void *y)
{
    const NameRef *a = x, *b = y;
    size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
    int c = n ? memcmp(a->name.p, b->name.p, n) : 0;
    return c ? c : (a->name.n < b->name.n ? -1 : a->name.n > b->name.n);
}

static Str cold_parent(Str name)
{
    for (size_t i = 0; i + 5 <= name.n; i++)
        if (memcmp(name.p + i, ".cold", 5) == 0)
            return (Str){name.p, i};
    return name;
}

/* The only function of that name, or NULL. */
static Function *name_find(Functions *all, const NameRef *refs, size_t n, Str name)
{
    NameRef want = {name, 0};
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (name_order(&refs[mid], &want) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    bool one = lo < n && name_order(&refs[lo], &want) == 0 && !(lo + 1 < n && name_order(&refs[lo + 1], &want) == 0);
    return one ? &all->items[refs[lo].function] : NULL;
}

static void cold_join(Program *p, Arena *scratch)
{
    Functions *all = &p->functions;
    NameRef *refs = arena_alloc(scratch, all->n, sizeof *refs);
    size_t n = 0;
    for (size_t i = 0; refs && i < all->n; i++)
        if (all->items[i].name.p && !is_cold_name(all->items[i].name))
            refs[n++] = (NameRef){all->items[i].name, (uint32_t)i};
    if (!refs || n == 0)
        return;
    qsort(refs, n, sizeof *refs, name_order);
    for (size_t i = 0; i < all->n; i++) {
        Function *cold = &all->items[i];
        if (!cold->fragment || !cold->name.p || !is_cold_name(cold->name))
            continue;
        Function *parent = name_find(all, refs, n, cold_parent(cold->name));
        bool room = parent && parent->nparts < PARTS_MAX;
        Part *parts = room ? arena_alloc(&p->arena, parent->nparts + 1, sizeof *parts) : NULL;
        if (!parts)
            continue;
        memcpy(parts, parent->parts, parent->nparts * sizeof *parts);
        parts[parent->nparts++] = cold->parts[0];
        parent->parts = parts;
        cold->nparts = 0;
    }
}

/* ---- the finished list ---- */

static bool functions_make(FoundList *list)
{
    Program *p = list->program;
    p->functions.items = arena_alloc(&p->arena, list->n, sizeof(Function));
    Part *parts = arena_alloc(&p->arena, list->n, sizeof *parts);
    if (!p->functions.items || !parts)
        return false;
    for (size_t i = 0; i < list->n; i++) {
        const Found *f = &list->items[i];
        if (f->end <= f->start || !image_read(&p->image, f->start, (size_t)(f->end - f->start)))
            continue;
        Function *out = &p->functions.items[p->functions.n++];
        parts[i] = (Part){f->start, f->end};
        *out = (Function){.start = f->start,
                          .parts = &parts[i],
                          .nparts = 1,
                          .name = f->name,
                          .found_by = f->by,
                          .fragment = f->fragment};
    }
    cold_join(p, &list->scratch);
    return true;
}

static int part_ref_order(const void *x, const void *y)
{
    const PartRef *a = x, *b = y;
    return a->start < b->start ? -1 : a->start > b->start;
}

/* Fragments that were joined leave the list; the others stay, to be adopted. */
static bool functions_index(Program *p)
{
    size_t n = 0, nparts = 0;
    for (size_t i = 0; i < p->functions.n; i++) {
        if (p->functions.items[i].nparts == 0)
            continue;
        p->functions.items[n] = p->functions.items[i];
        p->functions.items[n].index = n;
        nparts += p->functions.items[n++].nparts;
    }
    p->functions.n = n;
    p->part_refs = arena_alloc(&p->arena, nparts, sizeof *p->part_refs);
    if (!p->part_refs)
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < p->functions.items[i].nparts; k++) {
            Part part = p->functions.items[i].parts[k];
            p->part_refs[p->npart_refs++] = (PartRef){part.start, part.end, (uint32_t)i};
        }
    if (p->npart_refs)
        qsort(p->part_refs, p->npart_refs, sizeof *p->part_refs, part_ref_order);
    return true;
}

bool functions_find(Program *program, Diag *diag)
{
    FoundList list = {.program = program};
    found_symbols(&list);
    found_fdes(&list);
    found_go(&list);
    found_calls(&list);
    found_add(&list, (Found){program->image.entry, program->image.entry, {NULL, 0}, FOUND_ENTRY, false});
    found_join(&list);
    found_trim(&list);
    bool ok = !list.failed && functions_make(&list) && functions_index(program);
    arena_free(&list.scratch);
    return ok || diag_set(diag, 0, "out of memory");
}
