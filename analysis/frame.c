/* analysis/frame.c - follows rsp and rbp forward through the blocks and lists the stack slots.
 *
 * A stack address is (base, offset): base 0 is rsp at entry, before the return address is popped; each `and $-N,%rsp`
 * makes a new base, since how far it moves rsp is not known. Where paths disagree the address is unknown.
 */
#include "analysis/frame.h"

#include <stdlib.h>

#include "analysis/moves.h"
#include "analysis/summary.h"

static const StackAddr unknown = {0, STACK_UNKNOWN};

static bool stack_same(StackAddr a, StackAddr b)
{
    return a.base == b.base && (a.base == STACK_UNKNOWN || a.off == b.off);
}

static bool operand_is(const Insn *insn, unsigned i, unsigned reg)
{
    return i < insn->nops && insn->op[i].kind == OPERAND_REG && insn->op[i].reg == reg && insn->op[i].bits == 64;
}

/* The stack address that a 64-bit register holds. */
static StackAddr frame_reg(const Frame *f, unsigned reg)
{
    return reg == REG_RSP ? f->rsp : reg == REG_RBP ? f->rbp : unknown;
}

static bool mem_is_plain(const Mem *m)
{
    return m->index == REG_NONE && m->addr_bits == 64 && m->segment != REG_FS && m->segment != REG_GS;
}

/* What an instruction that writes `reg` (rsp or rbp) as its first operand leaves there. */
static StackAddr written_reg(const Frame *f, const Insn *insn, unsigned reg, uint8_t new_base)
{
    StackAddr old = frame_reg(f, reg);
    const Operand *src = &insn->op[1];
    bool imm = src->kind == OPERAND_IMM;
    switch (insn->mnemonic) {
    case MN_ADD: return imm && stack_known(old) ? stack_plus(old, (int64_t)insn->imm) : unknown;
    case MN_SUB: return imm && stack_known(old) ? stack_plus(old, (int64_t)(0 - insn->imm)) : unknown;
    case MN_AND: return imm && reg == REG_RSP && new_base ? (StackAddr){0, new_base} : unknown;
    case MN_MOV: return src->kind == OPERAND_REG && src->bits == 64 ? frame_reg(f, src->reg) : unknown;
    case MN_LEA: {
        StackAddr base = frame_reg(f, insn->mem.base);
        return stack_known(base) && mem_is_plain(&insn->mem) ? stack_plus(base, insn->mem.disp) : unknown;
    }
    default: return unknown;
    }
}

/* Of push and pop: a REX.W undoes an operand-size prefix (SDM vol. 2, 2.2.1.2), and then the operand has 64 bits. */
static int64_t push_size(const Insn *insn) { return insn->op[0].bits / 8; }

static StackAddr shifted(StackAddr a, int64_t k) { return stack_known(a) ? stack_plus(a, k) : a; }

/* What may hold a stack address. */
enum { POINTERS = 1u << REG_RSP | 1u << REG_RBP };

static Frame frame_after(Frame f, const Step *s, uint8_t new_base)
{
    const Insn *insn = &s->insn;
    Frame out = f;
    if (insn->flow != FLOW_CALL && !(s->effects.writes.w[0] & POINTERS)) /* nearly all do neither */
        return out;
    if (regset_has(s->effects.writes, REG_RBP))
        out.rbp = operand_is(insn, 0, REG_RBP) ? written_reg(&f, insn, REG_RBP, 0) : unknown;
    bool narrow = insn->prefixes & PREFIX_OPSIZE; /* of 16 bits, unless there is a REX.W as well */
    switch (insn->mnemonic) {
    case MN_PUSH: out.rsp = shifted(f.rsp, -push_size(insn)); return out;
    case MN_PUSHF: out.rsp = narrow ? unknown : shifted(f.rsp, -8); return out;
    case MN_POP: out.rsp = operand_is(insn, 0, REG_RSP) ? unknown : shifted(f.rsp, push_size(insn)); return out;
    case MN_POPF: out.rsp = narrow ? unknown : shifted(f.rsp, 8); return out;
    case MN_LEAVE:
        out.rsp = narrow ? unknown : shifted(f.rbp, 8);
        out.rbp = unknown;
        return out;
    }
    if (insn->flow == FLOW_CALL) {
        if (!((s->call.kept_read | s->call.kept_abi) >> REG_RBP & 1))
            out.rbp = unknown;
        if (!((s->call.kept_read | s->call.kept_abi) >> REG_RSP & 1))
            out.rsp = unknown;
        return out;
    }
    if (regset_has(s->effects.writes, REG_RSP))
        out.rsp = operand_is(insn, 0, REG_RSP) ? written_reg(&f, insn, REG_RSP, new_base) : unknown;
    return out;
}

/* ---- forward over the blocks ---- */

typedef struct FrameFlow {
    Values *v;
    Frame *in;      /* by block */
    uint32_t *list; /* blocks to visit */
    uint32_t n;
    uint8_t *queued;
    uint8_t *reached;  /* by block: do edges lead there from an entry? */
    uint8_t *new_base; /* by step, for `and $-N,%rsp`: its base number */
} FrameFlow;

static void frame_join(FrameFlow *flow, uint32_t block, Frame f)
{
    Frame *in = &flow->in[block];
    Frame old = *in;
    if (!flow->reached[block]) {
        flow->reached[block] = 1;
        *in = f;
    } else {
        if (!stack_same(in->rsp, f.rsp))
            in->rsp = unknown;
        if (!stack_same(in->rbp, f.rbp))
            in->rbp = unknown;
        if (stack_same(in->rsp, old.rsp) && stack_same(in->rbp, old.rbp))
            return;
    }
    if (!flow->queued[block]) {
        flow->queued[block] = 1;
        flow->list[flow->n++] = block;
    }
}

static void frame_visit(FrameFlow *flow, uint32_t at)
{
    const Body *b = flow->v->body;
    const Block *block = &b->blocks[at];
    Frame f = flow->in[at];
    for (uint32_t i = block->first; i < block->first + block->n; i++) {
        flow->v->frames[i] = f;
        f = frame_after(f, &b->steps[i], flow->new_base[i]);
    }
    Frame before =
        flow->v->frames[block->first + block->n - 1]; /* the unwinder brings rsp and rbp back to what the call found */
    for (uint32_t i = 0; i < block->nsucc; i++)
        frame_join(flow, block->succ[i].block, block->succ[i].kind == EDGE_UNWIND ? before : f);
}

static void bases_number(FrameFlow *flow)
{
    const Body *b = flow->v->body;
    uint8_t base = 0;
    for (uint32_t i = 0; i < b->nsteps && base < STACK_UNKNOWN - 1; i++) {
        const Insn *insn = &b->steps[i].insn;
        if (insn->mnemonic == MN_AND && operand_is(insn, 0, REG_RSP) && insn->op[1].kind == OPERAND_IMM)
            flow->new_base[i] = ++base;
    }
}

Frame frame_behind(const Values *v, uint32_t step)
{
    const Step *s = &v->body->steps[step];
    return frame_after(v->frames[step], s, v->new_base[step]);
}

bool frames_find(Values *v)
{
    const Body *b = v->body;
    Arena *a = v->arena;
    FrameFlow flow = {.v = v,
                      .in = arena_alloc(a, b->nblocks, sizeof(Frame)),
                      .list = arena_alloc(a, b->nblocks, sizeof(uint32_t)),
                      .queued = arena_alloc(a, b->nblocks, 1),
                      .reached = arena_alloc(a, b->nblocks, 1),
                      .new_base = arena_alloc(a, b->nsteps, 1)};
    v->frames = arena_alloc(a, b->nsteps, sizeof *v->frames);
    v->new_base = flow.new_base;
    if (!flow.in || !flow.reached || !flow.list || !flow.queued || !flow.new_base || !v->frames)
        return false;
    for (uint32_t i = 0; i < b->nsteps; i++)
        v->frames[i] = (Frame){unknown, unknown};
    bases_number(&flow);
    for (uint32_t i = 0; i < b->nblocks; i++)
        if (b->blocks[i].foreign)
            frame_join(&flow, i, (Frame){unknown, unknown});
    frame_join(&flow, b->entry, (Frame){{0, 0}, unknown});
    while (flow.n) {
        uint32_t at = flow.list[--flow.n];
        flow.queued[at] = 0;
        frame_visit(&flow, at);
    }
    return true;
}

StackAddr frame_mem(const Values *v, uint32_t step)
{
    const Insn *insn = &v->body->steps[step].insn;
    const Mem *m = &insn->mem;
    if (!mem_is_plain(m))
        return unknown;
    StackAddr base = frame_reg(&v->frames[step], m->base);
    return shifted(base, m->disp);
}

/* ---- slots ---- */

static bool has_mem_operand(const Insn *insn)
{
    for (unsigned i = 0; i < insn->nops; i++)
        if (insn->op[i].kind == OPERAND_MEM)
            return true;
    return false;
}

typedef struct SlotList {
    StackSlot *items;
    size_t n, cap;
} SlotList;

/* How a slot came to be noted: bits of StackSlot.uses. */
typedef enum SlotUse {
    SLOT_PLAIN = 0,      /* popped, or only room */
    SLOT_MEMORY = 1,     /* an operand of an instruction */
    SLOT_SAVE = 2,       /* a register was saved there in the entry block */
    SLOT_SAVE_LATER = 4, /* or further on: on other ways the same place may be an object's */
    SLOT_PUSH = 8        /* an argument of a call */
} SlotUse;

/* Does the slot hold what a register of the caller's had, and nothing that a pointer may reach? */
static bool is_save(const StackSlot *s)
{
    return (s->uses & SLOT_SAVE) || (s->uses & (SLOT_SAVE_LATER | SLOT_MEMORY)) == SLOT_SAVE_LATER;
}

static bool slot_note(Values *v, SlotList *list, StackAddr at, unsigned bytes, SlotUse use)
{
    if (!stack_known(at) || bytes == 0 || bytes > 8)
        return true;
    if (!arena_grow(v->arena, (void **)&list->items, list->n, &list->cap, sizeof *list->items))
        return false;
    list->items[list->n++] = (StackSlot){.at = at, .size = (uint8_t)bytes, .uses = (uint8_t)use};
    return true;
}

static int slot_order(const void *x, const void *y)
{
    const StackSlot *a = x, *b = y;
    if (a->at.base != b->at.base)
        return a->at.base < b->at.base ? -1 : 1;
    return (a->at.off > b->at.off) - (a->at.off < b->at.off);
}

/* What a push of `op` is for, in the entry block or not, where these registers are untouched. A callee-saved register that still holds
 * what the caller left there is saved, in a place where no object of the source can be; and rax, which holds nothing in the
 * entry block, only makes room there (clang). Any other push is taken for an argument of a call. */
static SlotUse push_use(const Operand *op, bool entry, uint64_t untouched)
{
    if (op->kind != OPERAND_REG || op->reg >= 16)
        return SLOT_PUSH;
    if (op->reg == REG_RAX && entry)
        return SLOT_PLAIN;
    if (!((uint32_t)ABI_KEPT >> op->reg & 1) || !(untouched >> op->reg & 1))
        return SLOT_PUSH;
    return entry ? SLOT_SAVE : SLOT_SAVE_LATER;
}

static bool slot_note_step(Values *v, SlotList *list, uint32_t i, bool entry, uint64_t untouched)
{
    const Step *s = &v->body->steps[i];
    const Insn *insn = &s->insn;
    if (insn->mnemonic == MN_PUSH && push_size(insn) == 8)
        if (!slot_note(v, list, shifted(v->frames[i].rsp, -8), 8, push_use(&insn->op[0], entry, untouched)))
            return false;
    if (insn->mnemonic == MN_POP && push_size(insn) == 8)
        if (!slot_note(v, list, v->frames[i].rsp, 8, SLOT_PLAIN))
            return false;
    if (has_mem_operand(insn) && s->effects.mem_access)
        return slot_note(v, list, frame_mem(v, i), s->effects.mem_bits / 8u, SLOT_MEMORY);
    return true;
}

static void slots_merge(Values *v, SlotList *list)
{
    if (list->n)
        qsort(list->items, list->n, sizeof *list->items, slot_order);
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        StackSlot *s = &list->items[i];
        StackSlot *last = n ? &list->items[n - 1] : NULL;
        if (last && last->at.base == s->at.base && last->at.off == s->at.off) {
            last->size = last->size > s->size ? last->size : s->size;
            last->uses |= s->uses;
        } else {
            list->items[n++] = *s;
        }
    }
    v->slots = list->items;
    v->nslots = (uint32_t)n;
}

Cell slot_at(const Values *v, StackAddr at)
{
    uint32_t lo = 0, hi = v->nslots;
    StackSlot want = {.at = at};
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (slot_order(&v->slots[mid], &want) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < v->nslots && slot_order(&v->slots[lo], &want) == 0 ? CELL_SLOT0 + lo : CELL_NONE;
}

/* ---- which slots' addresses escape ---- */

/* How far below an indexed access's displacement the object may begin: compilers fold constants into it. */
enum { INDEX_SLACK = 64 };

typedef struct Exposure {
    int64_t lowest[256]; /* by base: slots that reach above this offset are exposed */
} Exposure;

static void expose(Exposure *e, StackAddr at)
{
    if (stack_known(at) && at.off < e->lowest[at.base])
        e->lowest[at.base] = at.off;
}

/* Is register operand i only the frame's own business: rsp or rbp being set, adjusted, pushed or popped as such? */
static bool is_frame_business(const Insn *insn, unsigned reg)
{
    bool sets_frame = operand_is(insn, 0, REG_RSP) || operand_is(insn, 0, REG_RBP);
    switch (insn->mnemonic) {
    case MN_ADD:
    case MN_SUB:
    case MN_AND:
    case MN_MOV:
    case MN_LEA: return sets_frame;
    case MN_CMP:
    case MN_TEST: return true;
    case MN_PUSH: /* saving the caller's rbp; an rbp that is ours is known, and then this is a leak */
    case MN_POP: return reg == REG_RBP && operand_is(insn, 0, REG_RBP);
    default: return false;
    }
}

static void expose_step(const Values *v, Exposure *e, uint32_t i)
{
    const Step *s = &v->body->steps[i];
    const Insn *insn = &s->insn;
    const Frame *f = &v->frames[i];
    if (!(s->effects.reads.w[0] & POINTERS))
        return;
    for (unsigned k = 0; k < insn->nops; k++) {
        const Operand *op = &insn->op[k];
        if (op->kind == OPERAND_REG && (op->access & ACCESS_READ) && !is_frame_business(insn, op->reg))
            expose(e, frame_reg(f, op->reg));
    }
    if (!has_mem_operand(insn))
        return;
    StackAddr base = frame_reg(f, insn->mem.base), index = frame_reg(f, insn->mem.index);
    if (insn->mem.index != REG_NONE) { /* an indexed access or lea */
        expose(e, shifted(base, insn->mem.disp - INDEX_SLACK));
        expose(e, shifted(index, insn->mem.disp - INDEX_SLACK));
    } else if (insn->mnemonic == MN_LEA && !is_frame_business(insn, insn->mem.base)) {
        expose(e, shifted(base, insn->mem.disp));
    }
}

static void slots_expose(Values *v)
{
    Exposure e;
    for (unsigned i = 0; i < 256; i++)
        e.lowest[i] = INT64_MAX;
    for (uint32_t i = 0; i < v->body->nsteps; i++)
        expose_step(v, &e, i);
    for (uint32_t i = 0; i < v->nslots; i++) {
        StackSlot *s = &v->slots[i];
        /* a pushed argument is the callee's to change; in Go a callee writes its results into our frame */
        s->exposed = (s->uses & SLOT_PUSH) || v->body->program->is_go ||
                     (!is_save(s) && s->at.off > e.lowest[s->at.base] - s->size);
    }
}

static bool slot_note_block(Values *v, SlotList *list, uint32_t at)
{
    const Body *b = v->body;
    const Block *k = &b->blocks[at];
    uint64_t untouched = v->untouched[at];
    for (uint32_t i = k->first; i < k->first + k->n; i++) {
        if (!slot_note_step(v, list, i, at == b->entry, untouched))
            return false;
        untouched &= ~step_writes(&b->steps[i]);
    }
    return true;
}

bool slots_find(Values *v)
{
    SlotList list = {0};
    for (uint32_t i = 0; i < v->body->nblocks; i++)
        if (!slot_note_block(v, &list, i))
            return false;
    slots_merge(v, &list);
    slots_expose(v);
    return true;
}
