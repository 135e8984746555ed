/* analysis/gaps.c - see gaps.h.
 *
 * The code that was led to is followed, in rounds: where calls lead first, then where jumps lead that no function holds so far, then what is
 * pointed to, and last what stands behind the end of these.
 */
#include "analysis/gaps.h"

#include <elf.h>
#include <stdlib.h>

#include "analysis/carve.h"
#include "analysis/program.h"
#include "analysis/summary.h"

/* ROUNDS: so many times what was found is followed, while all that was decoded is no more than DECODED times the gap's code. */
enum { ALIGN = 16, ROUNDS = 64, DECODED = 8 };

/* ---- gaps ---- */

bool gap_at(const Program *p, const RowList *rows, Addr addr, Part *out)
{
    const Segment *seg = addr ? image_segment(&p->image, addr) : NULL;
    size_t next = rows_after(rows->items, rows->n, addr);
    if (!seg || !seg->executable || (next < rows->n && rows->items[next].start <= addr))
        return false;
    image_code(&p->image, seg, &out->start, &out->end);
    if (addr < out->start || addr >= out->end)
        return false;
    if (next > 0 && row_end(&rows->items[next - 1]) > out->start)
        out->start = row_end(&rows->items[next - 1]);
    if (next < rows->n && rows->items[next].start < out->end)
        out->end = rows->items[next].start;
    return true;
}

/* ---- following what was led to ---- */

typedef struct Fill {
    const Program *program;
    const RowList *rows;    /* what was known before */
    RowList found;          /* in order; each as far as its code goes on */
    RowList leads[4];       /* not followed yet, by how: CALL, JUMP, POINTER, PADDING */
    bool rest;              /* what stands behind functions found is asked about, too */
    uint64_t left;          /* bytes to decode */
    const FunctionRow *row; /* the one at hand */
    Part at;
    bool likely;      /* it is a function's, or nothing; */
    bool straight;    /* nothing but straight code was seen of it; */
    uint64_t written; /* registers written there; */
    bool odd;         /* it holds what no compiler and hardly anybody writes */
    uint8_t flow;     /* of its last instruction */
} Fill;

enum { BY_CALL, BY_JUMP, BY_POINTER, BY_PADDING, NBY };

static void fill_lead(void *context, Addr target, unsigned by)
{
    Fill *f = context;
    Part gap;
    unsigned how = by == FOUND_JUMP      ? BY_JUMP
                   : by == FOUND_POINTER ? BY_POINTER
                   : by == FOUND_PADDING ? BY_PADDING
                                         : BY_CALL;
    if (gap_at(f->program, f->rows, target, &gap))
        rows_add(&f->leads[how], row_make(target, target, by));
}

static bool found_begins(const RowList *list, Addr addr)
{
    size_t at = rows_after(list->items, list->n, addr);
    return at < list->n && list->items[at].start == addr;
}

static bool found_holds(const RowList *list, Addr addr)
{
    size_t at = rows_after(list->items, list->n, addr);
    return at < list->n && list->items[at].start <= addr;
}

static bool insn_is_odd(const Insn *insn)
{
    switch (insn->mnemonic) {
    case MN_IN:
    case MN_OUT:
    case MN_INSB:
    case MN_INSL:
    case MN_OUTSB:
    case MN_OUTSL:
    case MN_HLT:
    case MN_CLI:
    case MN_STI:
    case MN_IRET:
    case MN_LRET:
    case MN_LCALL:
    case MN_LJMP:
    case MN_INT:
    case MN_INT1:
    case MN_INT3:
    case MN_XLAT:
    case MN_ENTER:
    case MN_FIADD:
    case MN_LOOPE:
    case MN_LOOPNE: return true;
    case MN_ADD: /* zeroes */
        return insn->len == 2 && insn->op[0].kind == OPERAND_MEM && insn->mem.base == REG_RAX &&
               insn->op[1].reg == REG_RAX;
    default: return false;
    }
}

/* Does it read a register that a function is not given (psABI 3.2.1), but to save it? Until control flow first goes elsewhere. */
static void look_given(Fill *f, const Insn *insn)
{
    enum { GENERAL = 0xffff, NOT_GIVEN = 3u << REG_R10 | (ABI_KEPT & ~(1u << REG_RSP)) };
    Effects effects;
    insn_effects(insn, &effects);
    bool variadic = insn->mnemonic == MN_TEST; /* asks how many vector registers were given */
    bool saves = insn->mnemonic == MN_PUSH || (insn->mnemonic == MN_MOV && insn->op[0].kind == OPERAND_MEM);
    uint64_t odd = NOT_GIVEN | (variadic ? 0 : 1u << REG_RAX);
    f->odd |= !saves && (effects.reads.w[0] & odd & ~f->written) != 0;
    f->written |= effects.writes.w[0] & GENERAL;
    f->straight = insn->flow == FLOW_NEXT;
}

/* Does it jump to where, outside its own code, no function begins? */
static bool jumps_astray(const Fill *f, const Insn *insn)
{
    bool jumps = (insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH) && insn->op[0].kind == OPERAND_REL;
    bool inside = insn->target >= f->at.start && insn->target < f->at.end;
    return jumps && !inside && !found_begins(f->rows, insn->target) && !found_begins(&f->found, insn->target) &&
           !program_is_stub(f->program, insn->target);
}

static void look_see(void *context, const Insn *insn)
{
    Fill *f = context;
    f->odd |= insn_is_odd(insn) || (insn->flow == FLOW_RETURN && insn->nops);
    f->flow = insn->flow;
    if (f->likely)
        return;
    f->odd |= jumps_astray(f, insn);
    if (f->straight)
        look_given(f, insn);
}

/* Does what begins at `at` look like code: does it decode up to an end, or up to where another begins? A pointer may lead to other things
 * than functions: more is asked of those. */
static bool looks_like_code(Fill *f, const FunctionRow *lead, Addr limit)
{
    f->at = (Part){lead->start, limit};
    f->odd = false;
    f->likely = lead->found_by == FOUND_CALL || lead->found_by == FOUND_JUMP;
    f->straight = true;
    f->written = 0;
    f->flow = FLOW_NEXT;
    Addr end = carve_end(f->program, lead->start, limit, look_see, f);
    return !f->odd && end > lead->start && (end == limit || (f->flow != FLOW_NEXT && f->flow != FLOW_BRANCH));
}

/* What code jumps to is kept until it is known where all functions end. */
static void follow_see(void *context, const Insn *insn)
{
    Fill *f = context;
    insn_leads(insn, f->program->image.type == ET_EXEC, fill_lead, f);
}

static void computed_see(void *context, const Insn *insn)
{
    bool *computed = context;
    bool jumps = insn->flow == FLOW_JUMP && insn->op[0].kind != OPERAND_REL;
    *computed |= jumps && !(insn->op[0].kind == OPERAND_MEM && insn->mem.base == REG_RIP);
}

/* Does a function end right before it, which has no jump that may lead there? */
static bool fill_follows(const Fill *f, Addr addr)
{
    const RowList *lists[] = {f->rows, &f->found};
    for (size_t i = 0; i < 2; i++) {
        size_t at = rows_after(lists[i]->items, lists[i]->n, addr - 1);
        const FunctionRow *row = at < lists[i]->n ? &lists[i]->items[at] : NULL;
        bool computed = false;
        if (row && row->start < addr && row_end(row) == addr) {
            carve_end(f->program, row->start, addr, computed_see, &computed);
            return !computed;
        }
    }
    return false;
}

/* May a function begin there that was led to in this way? Calls go to functions; the others may go to labels. What a pointer leads to at
 * no multiple of 16 is asked about again when more is known of what is before it. */
static bool fill_wants(Fill *f, const FunctionRow *lead, unsigned how, Part *gap)
{
    if (!gap_at(f->program, f->rows, lead->start, gap) || program_is_stub(f->program, lead->start))
        return false;
    if (how == BY_CALL)
        return !found_begins(&f->found, lead->start);
    bool aligned = how == BY_JUMP || lead->start % ALIGN == 0 || fill_follows(f, lead->start);
    bool open = !found_holds(&f->found, lead->start);
    if (open && !aligned && how == BY_POINTER)
        rows_add(&f->leads[how], *lead);
    return aligned && open && carve_given(f->program, lead->start);
}

/* The row's end: where its code ends, or another begins. */
static Addr fill_limit(const Fill *f, Part gap, Addr start, Addr next)
{
    size_t at = rows_after(f->found.items, f->found.n, start);
    at += at < f->found.n && f->found.items[at].start <= start;
    Addr limit = next < gap.end ? next : gap.end;
    return at < f->found.n && f->found.items[at].start < limit ? f->found.items[at].start : limit;
}

/* Cuts each row where the next begins. No two begin at one address (fill_wants). */
static void found_cut(RowList *list)
{
    for (size_t i = 0; i + 1 < list->n; i++)
        if (row_end(&list->items[i]) > list->items[i + 1].start)
            list->items[i].size = (uint32_t)(list->items[i + 1].start - list->items[i].start);
}

static void rows_sort(RowList *list)
{
    if (list->n > 1)
        qsort(list->items, list->n, sizeof *list->items, row_order);
}

/* Follows what was led to in this way; false: there was nothing new. */
static bool fill_round(Fill *f, unsigned how)
{
    RowList leads = f->leads[how], fresh = {.arena = f->found.arena};
    f->leads[how] = (RowList){.arena = leads.arena, .failed = leads.failed};
    rows_sort(&leads);
    for (size_t i = 0; i < leads.n; i++) {
        FunctionRow row = leads.items[i];
        Part gap;
        bool again = i > 0 && leads.items[i - 1].start == row.start;
        if (again || !fill_wants(f, &row, how, &gap))
            continue;
        Addr next = i + 1 < leads.n ? leads.items[i + 1].start : UINT64_MAX;
        next = next == row.start ? UINT64_MAX : next;
        Addr limit = fill_limit(f, gap, row.start, next);
        if (row.found_by != FOUND_ENTRY && row.found_by != FOUND_INIT && !looks_like_code(f, &row, limit))
            continue;
        Addr end = carve_end(f->program, row.start, limit, follow_see, f);
        f->left -= end - row.start < f->left ? end - row.start : f->left;
        row = row_make(row.start, end, row.found_by);
        row.size += !row.size;
        rows_add(&fresh, row);
    }
    rows_merge(&f->found, fresh.items, fresh.n, 0, f->found.arena);
    f->found.failed |= fresh.failed;
    found_cut(&f->found);
    return fresh.n > 0;
}

/* Nobody can say of a function that is entered in its middle what its registers hold there. */
static void entered_at(Fill *f, Addr target)
{
    size_t at = rows_after(f->found.items, f->found.n, target);
    if (at < f->found.n && f->found.items[at].start < target)
        f->found.items[at].unsure = 1;
}

static void entered_see(void *context, const Insn *insn)
{
    Fill *f = context;
    bool jumps = insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH;
    if (jumps && insn->op[0].kind == OPERAND_REL && insn->target - f->row->start >= f->row->size)
        entered_at(f, insn->target);
}

/* Marks what is jumped into from outside. */
static void fill_entered(Fill *f, const RowList *leads)
{
    for (size_t i = 0; i < leads->n; i++)
        if (leads->items[i].found_by == FOUND_JUMP)
            entered_at(f, leads->items[i].start);
    for (size_t i = 0; i < f->found.n; i++) {
        f->row = &f->found.items[i];
        carve_end(f->program, f->row->start, row_end(f->row), entered_see, f);
    }
}

/* What stands behind the functions found, in their gaps. */
static void fill_remainders(Fill *f)
{
    for (size_t i = 0; i < f->found.n; i++) {
        Part gap;
        Addr end = row_end(&f->found.items[i]);
        if (!gap_at(f->program, f->rows, f->found.items[i].start, &gap) || end >= gap.end)
            continue;
        Addr at = carve_padding(&f->program->image, end, gap.end);
        if (at < gap.end)
            fill_lead(f, at, FOUND_PADDING);
    }
}

/* Calls first, for the others ask what functions hold already. */
static bool fill_step(Fill *f)
{
    for (unsigned how = BY_CALL; how < BY_PADDING; how++)
        if (fill_round(f, how))
            return true;
    if (!f->rest)
        return false;
    fill_remainders(f);
    return fill_round(f, BY_PADDING);
}

/* The code of the program. */
static uint64_t fill_bytes(const Fill *f)
{
    const Image *image = &f->program->image;
    uint64_t n = 0;
    for (size_t i = 0; i < image->nloads; i++)
        n += image->loads[i].executable ? image->loads[i].filesz : 0;
    return n;
}

void gaps_follow(const Program *program, const RowList *rows, const RowList *leads, bool rest, RowList *found)
{
    Arena work = {0};
    Fill f = {.program = program, .rows = rows, .rest = rest, .found = {.arena = &work}};
    for (unsigned how = 0; how < NBY; how++)
        f.leads[how].arena = &work;
    for (size_t i = 0; i < leads->n; i++)
        fill_lead(&f, leads->items[i].start, leads->items[i].found_by);
    f.left = DECODED * fill_bytes(&f);
    for (unsigned i = 0; i < ROUNDS && f.left && !f.found.failed && fill_step(&f); i++)
        continue;
    fill_entered(&f, leads);
    for (unsigned how = 0; how < NBY; how++)
        f.found.failed |= f.leads[how].failed;
    found->failed |= f.found.failed;
    rows_merge(found, f.found.items, f.found.n, 0, found->arena);
    arena_free(&work);
}
