/* analysis/gaps_leads.c - what leads into gaps (gaps.h). Known code is searched for the four bytes of an address in a gap: a distance from
 * their end, or in a program at a fixed address the address itself; the pre-scan's kernel finds what may be one by its value. A function
 * that holds some is decoded up to there, to see what they are.
 */
#include "analysis/gaps.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "analysis/carve.h"
#include "analysis/prescan_query.h"
#include "analysis/program.h"
#include "elf/order.h"

/* The code from the first gap on is cut into pieces, GRAINS at most; a bit a piece says whether some gap touches it. */
enum { ALIGN = 16, GRAINS = 1 << 18 };

void insn_leads(const Insn *insn, bool fixed, LeadSee *see, void *context)
{
    uint64_t addr;
    bool direct = insn->flow != FLOW_NEXT && insn->op[0].kind == OPERAND_REL;
    if (direct && insn->flow != FLOW_CALL)
        see(context, insn->target, FOUND_JUMP);
    else if (direct && insn->target != insn->pc + insn->len) /* else it only asks where it is */
        see(context, insn->target, FOUND_CALL);
    else if (insn->mnemonic == MN_LEA && insn->mem.base == REG_RIP && insn_mem_address(insn, &addr))
        see(context, addr, FOUND_POINTER);
    else if (fixed && insn->mnemonic == MN_MOV && insn->op[1].kind == OPERAND_IMM)
        see(context, insn->imm, FOUND_POINTER);
}

typedef struct Hunt {
    const Program *program;
    RowList *leads;
    const Part *gaps; /* in order: gaps with more in them than padding */
    size_t n;
    Addr low, size; /* all of them lie in so many bytes from `low` on */
    unsigned shift; /* log2 of a piece's bytes */
    uint8_t *grains;
    bool fixed; /* the program's addresses are what they are in the file */
    KernelKind kind;
    const FunctionRow *row, *rows_end; /* the function at hand, and behind the last one */
    Addr next;                         /* the first instruction in it that was not decoded */
} Hunt;

static bool hunt_hits(const Hunt *h, Addr addr)
{
    uint64_t grain = (addr - h->low) >> h->shift;
    if (addr - h->low >= h->size || !(h->grains[grain / 8] >> grain % 8 & 1))
        return false;
    size_t i = order_after(h->gaps, h->n, sizeof(Part), offsetof(Part, end), addr);
    return i < h->n && h->gaps[i].start <= addr;
}

static void hunt_lead(void *context, Addr target, unsigned by)
{
    Hunt *h = context;
    if (hunt_hits(h, target))
        rows_add(h->leads, row_make(target, target, by));
}

/* May the four bytes at `at` of the code at `addr` be an address in a gap: the distance of a call, jump or lea, or in a program at a fixed
 * address the address itself? */
static bool hunt_holds(const Hunt *h, const uint8_t *code, Addr addr, size_t at)
{
    int32_t distance;
    memcpy(&distance, code + at, sizeof distance);
    bool jumps = at >= 1 && (code[at - 1] & 0xfe) == 0xe8;
    bool leas = at >= 2 && code[at - 2] == 0x8d && (code[at - 1] & 0xc7) == 0x05;
    return (h->fixed && hunt_hits(h, (uint32_t)distance)) ||
           ((jumps || leas) && hunt_hits(h, addr + at + 4 + (uint64_t)(int64_t)distance));
}

/* Decodes the function that holds addr as far as that, for the instruction there. Addresses only grow. */
static void hunt_decode(Hunt *h, Addr addr)
{
    while (h->row < h->rows_end && row_end(h->row) <= addr)
        h->row++;
    if (h->row == h->rows_end || h->row->start > addr)
        return;
    for (h->next = h->next < h->row->start ? h->row->start : h->next; h->next <= addr;) {
        Insn insn;
        bool decoded = program_insn(h->program, h->next, &insn);
        h->next += decoded ? insn.len : 1;
        if (decoded && h->next > addr)
            insn_leads(&insn, h->fixed, hunt_lead, h);
    }
}

/* Looks through a segment's code for what the pattern finds. */
static void hunt_in(Hunt *h, const RowList *rows, Pattern pattern, const Segment *seg)
{
    Part part;
    uint32_t mask;
    image_code(&h->program->image, seg, &part.start, &part.end);
    size_t n = (size_t)(part.end - part.start);
    const uint8_t *code = image_read(&h->program->image, part.start, n);
    h->row = rows->items;
    h->rows_end = rows->items + rows->n;
    h->next = 0;
    pattern.base = (uint32_t)part.start;
    for (size_t at = 0; code && (at = kernel_next(h->kind, &pattern, code, n, at, &mask)) < n; at += 32)
        for (; mask; mask &= mask - 1) {
            size_t place = at + (unsigned)__builtin_ctz(mask);
            if (place + 4 <= n && hunt_holds(h, code, part.start, place))
                hunt_decode(h, part.start + place);
        }
}

static void hunt_segments(Hunt *h, const RowList *rows, Pattern pattern)
{
    const Image *image = &h->program->image;
    for (size_t i = 0; i < image->nloads && !h->leads->failed; i++)
        if (image->loads[i].executable)
            hunt_in(h, rows, pattern, &image->loads[i]);
}

/* What known code leads to: by distances, and in a program at a fixed address by the addresses themselves. */
static void hunt_code(Hunt *h, const RowList *rows)
{
    Pattern pattern = {.nbands = 0};
    for (size_t i = 0; i < h->n; i++)
        band_add(pattern.bands, &pattern.nbands, (int64_t)h->gaps[i].start, (int64_t)h->gaps[i].end - 1, 0);
    if (h->fixed)
        hunt_segments(h, rows, pattern);
    pattern.naddresses = pattern.nbands;
    hunt_segments(h, rows, pattern);
}

/* What relocations, or in a program without them words that hold the address of aligned code, point to. */
static void hunt_data(Hunt *h)
{
    const Image *image = &h->program->image;
    SlotWalk w = {0};
    Slot slot;
    while (!h->leads->failed && slots_next(&h->program->slots, &w, &slot))
        hunt_lead(h, slot.target, FOUND_POINTER);
    for (size_t i = 0; h->fixed && i < image->nloads; i++) {
        Bytes bytes;
        uint64_t word;
        if (image->loads[i].executable || !image_bytes(image, image->loads[i].addr, &bytes))
            continue;
        for (size_t at = (size_t)(-image->loads[i].addr & 7); at + 8 <= bytes.n; at += 8) {
            memcpy(&word, bytes.p + at, sizeof word);
            if (word % ALIGN == 0)
                hunt_lead(h, word, FOUND_POINTER);
        }
    }
}

/* Gaps that hold no multiple of 16 but their end are not even looked at. */
Part gap_core(const Program *p, Part gap)
{
    if (gap.end - gap.start < ALIGN && (gap.start - 1) / ALIGN == (gap.end - 1) / ALIGN)
        return (Part){gap.end, gap.end};
    for (gap.start = carve_padding(&p->image, gap.start, gap.end);
         gap.start < gap.end && program_is_stub(p, gap.start);)
        gap.start = carve_padding(&p->image, gap.start + ALIGN, gap.end);
    return gap;
}

static bool parts_add(RowList *list, Part **parts, size_t *n, size_t *cap, Part part)
{
    if (!arena_grow(list->arena, (void **)parts, *n, cap, sizeof **parts))
        return list->failed = true, false;
    (*parts)[(*n)++] = part;
    return true;
}

/* All gaps with something in them, into the arena of the leads. */
static void hunt_gaps(Hunt *h, const RowList *rows)
{
    const Image *image = &h->program->image;
    Part *gaps = NULL, code;
    size_t n = 0, cap = 0;
    for (size_t i = 0; i < image->nloads; i++) {
        if (!image->loads[i].executable || !image->loads[i].filesz)
            continue;
        image_code(image, &image->loads[i], &code.start, &code.end);
        for (size_t k = rows_after(rows->items, rows->n, code.start); code.start < code.end; k++) {
            bool last = k >= rows->n || rows->items[k].start >= code.end;
            Part gap = {code.start, last ? code.end : rows->items[k].start};
            gap = gap.start < gap.end ? gap_core(h->program, gap) : gap;
            if (gap.start < gap.end && !parts_add(h->leads, &gaps, &n, &cap, gap))
                return;
            code.start = last ? code.end : row_end(&rows->items[k]);
        }
    }
    h->gaps = gaps;
    h->n = n;
}

/* Marks the pieces. */
static void hunt_grains(Hunt *h)
{
    h->low = h->gaps[0].start;
    h->size = h->gaps[h->n - 1].end - h->low;
    while (h->size >> h->shift >= GRAINS)
        h->shift++;
    h->grains = arena_alloc(h->leads->arena, GRAINS / 8, 1);
    h->leads->failed |= !h->grains;
    for (size_t i = 0; h->grains && i < h->n; i++)
        for (uint64_t g = (h->gaps[i].start - h->low) >> h->shift; g <= (h->gaps[i].end - 1 - h->low) >> h->shift; g++)
            h->grains[g / 8] = (uint8_t)(h->grains[g / 8] | 1 << g % 8);
}

void gaps_leads(const Program *program, const RowList *rows, RowList *leads)
{
    Hunt h = {.program = program, .leads = leads, .fixed = program->image.type == ET_EXEC, .kind = kernel_best()};
    hunt_gaps(&h, rows);
    if (!h.n)
        return;
    hunt_grains(&h);
    if (leads->failed)
        return;
    hunt_code(&h, rows);
    hunt_data(&h);
}
