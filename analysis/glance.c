/* analysis/glance.c - see glance.h. One pass over the instructions of each part; nothing is followed but the order of addresses. */
#include "analysis/glance.h"

#include <string.h>

#include "analysis/flags.h"
#include "analysis/glance_look.h"
#include "analysis/score.h"
#include "analysis/summary.h"

enum { STATUS = FLAG_O | FLAG_S | FLAG_Z | FLAG_A | FLAG_P | FLAG_C, BYTES_MAX = 8 << 20, BACK_SCAN = 1 << 15 };

/* What the pass knows at the instruction at hand. */
typedef struct Eye {
    Look *look;
    const LookPart *part;
    Insn insn;
    Effects effects;
    uint32_t at;            /* its place */
    uint32_t flags, writer; /* where the flags were written last, and by which of the writers */
    uint32_t
        variable[LOOK_SLOT]; /* by register: where it was last given what is no constant, if nothing wrote it since */
} Eye;

void glancer_open(Glancer *g, Program *program, const Query *query)
{
    *g = (Glancer){.program = program, .query = query};
    for (size_t i = 0; i < query->nconstants; i++)
        for (int turn = -1; turn <= 1; turn++)
            g->near[((uint64_t)query->constants[i] + (uint64_t)turn) & 0xff] = true;
}

/* Has the program functions that only are pieces of others? A jump table may lead to any of them. */
static bool has_fragments(Glancer *g)
{
    Function f;
    size_t n = g->program->functions.n;
    for (; g->rows_asked < n && !g->fragments; g->rows_asked++)
        g->fragments = program_function_of(g->program, g->rows_asked, &f) && f.fragment;
    return g->fragments;
}

void glancer_close(Glancer *g) { arena_free(&g->work); }

/* ---- parts ---- */

static const LookPart *part_of(const Look *l, Addr pc)
{
    for (unsigned i = 0; i < l->nparts; i++)
        if (pc >= l->parts[i].part.start && pc < l->parts[i].part.end)
            return &l->parts[i];
    return NULL;
}

static bool part_add(Look *l, Part part)
{
    Arena *a = &l->g->work;
    uint64_t size = part.end - part.start;
    const uint8_t *bytes = size < BYTES_MAX - l->nseen ? image_read(&l->g->program->image, part.start, size) : NULL;
    if (!bytes || l->nparts == LOOK_PARTS)
        return false;
    uint8_t *seen = arena_alloc(a, l->nseen + size, 1);
    if (!seen)
        return false;
    if (l->nseen)
        memcpy(seen, l->seen, l->nseen);
    l->seen = seen;
    l->parts[l->nparts++] = (LookPart){part, bytes, l->nseen};
    l->nseen += (uint32_t)size;
    return true;
}

/* Does g jump into a part that is looked at, elsewhere than to the function's start? As part_jumps_back of body.c. */
static bool jumps_back(const Look *l, const Function *f, Part g)
{
    uint64_t size = g.end - g.start;
    const uint8_t *p = size <= BACK_SCAN ? image_read(&l->g->program->image, g.start, size) : NULL;
    for (uint64_t i = 0; p && i < size;) {
        Insn insn;
        int len = insn_decode(p + i, size - i, g.start + i, &insn);
        i += len < 0 ? 1 : (uint64_t)len;
        if (len > 0 && (insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH) && insn.nops &&
            insn.op[0].kind == OPERAND_REL && insn.target != f->start && part_of(l, insn.target))
            return true;
    }
    return false;
}

/* The part that holds the target, if the body may adopt it. */
static bool target_adopt(Look *l, const Function *f, Addr target)
{
    Function g;
    if (!program_function(l->g->program, target, &g))
        return true;
    Part part = {g.start, g.end};
    return !(g.fragment || target != g.start || jumps_back(l, f, part)) || part_add(l, part);
}

static bool target_note(Look *l, const Function *f, Addr target)
{
    if (!part_of(l, target) && !target_adopt(l, f, target))
        return false;
    if (!arena_grow(&l->g->work, (void **)&l->targets, l->ntargets, &l->cap_targets, sizeof *l->targets))
        return false;
    l->targets[l->ntargets++] = target;
    return true;
}

static bool pads_note(Look *l, const Function *f, Part part)
{
    Fde fde;
    CallSite *sites;
    size_t n;
    const Program *p = l->g->program;
    if (!unwind_find(&p->unwind, part.start, &fde) || !fde.lsda)
        return true;
    if (!lsda_read(&p->image, &fde, &sites, &n, &l->g->work, NULL))
        return false;
    for (size_t i = 0; i < n; i++)
        if (sites[i].pad && !target_note(l, f, sites[i].pad))
            return false;
    return true;
}

/* ---- where constants may be ---- */

static bool is_reg(const Operand *op) { return op->kind == OPERAND_REG && op->reg < LOOK_SLOT && !op->high; }

/* May the memory operand be a stack slot? */
static bool is_slot(const Insn *insn)
{
    return insn->mem.index == REG_NONE && (insn->mem.base == REG_RSP || insn->mem.base == REG_RBP);
}

/* The place of an operand that may hold a constant over a copy, or LOOK_PLACES. */
static unsigned place_of(const Insn *insn, const Operand *op)
{
    if (is_reg(op))
        return op->reg;
    return op->kind == OPERAND_MEM && is_slot(insn) ? LOOK_SLOT : LOOK_PLACES;
}

/* A number that may bound the index of a jump table. */
static void bound_note(Look *l, uint64_t k)
{
    if (k < BODY_MAX_TABLE && k > l->most)
        l->most = k;
}

/* Is k, as a number of some width that holds it, asked for? */
static bool is_asked(const Query *q, uint64_t k)
{
    for (unsigned bits = 8; bits <= 64; bits *= 2) {
        bool holds = low_bits(k, bits) == k || value_extended(k, bits, true) == k ||
                     low_bits(value_extended(k, bits, true), 32) == k;
        if (holds && constant_asked(q, low_bits(k, bits), bits, false))
            return true;
    }
    return false;
}

/* The number next to it will do, too: for an ordering, or for "below 1", which is 0. read: from constant memory. */
static void constant_put(Eye *e, unsigned place, uint64_t k, bool read)
{
    Look *l = e->look;
    const Query *q = l->g->query;
    uint64_t bit = (uint64_t)1 << (place & 63);
    if (place >= LOOK_PLACES)
        return;
    bound_note(l, k);
    l->given[GIVEN_ANY] |= bit;
    if (k == 0)
        l->given[GIVEN_ZERO] |= bit;
    if (l->g->near[k & 0xff] && (is_asked(q, k) || is_asked(q, k + 1) || is_asked(q, k - 1)))
        l->given[read ? GIVEN_READ : GIVEN_ASKED] |= bit;
}

/* The number in constant memory that the operand names; false where there is none. */
static bool memory_constant(const Eye *e, const Operand *op, uint64_t *k)
{
    const Program *p = e->look->g->program;
    uint64_t addr;
    Slot slot;
    if (op->kind != OPERAND_MEM || op->bits > 64 || !insn_mem_address(&e->insn, &addr) ||
        !image_is_constant(&p->image, addr) || slots_at(&p->slots, addr, &slot))
        return false;
    const uint8_t *bytes = image_read(&p->image, addr, op->bits / 8u);
    *k = 0;
    for (unsigned n = op->bits / 8u; bytes && n > 0; n--)
        *k = *k << 8 | bytes[n - 1];
    return bytes != NULL;
}

/* dst = src, extended: true when dst may now be a constant. */
static bool copy_note(Eye *e, const Operand *dst, const Operand *src, bool sign)
{
    unsigned to = place_of(&e->insn, dst), from = place_of(&e->insn, src);
    uint64_t k;
    if (to == LOOK_PLACES)
        return false;
    if (src->kind == OPERAND_IMM) {
        constant_put(e, to, low_bits(e->insn.imm, dst->bits), false);
        return true;
    }
    if (from < LOOK_PLACES) {
        e->look->copies[from] |= (uint64_t)1 << to;
        return true;
    }
    if (!memory_constant(e, src, &k))
        return false;
    constant_put(e, to, low_bits(value_extended(k, src->bits, sign), dst->bits), true);
    return true;
}

static void stack_note(Eye *e)
{
    const Operand *op = &e->insn.op[0];
    bool push = e->insn.mnemonic == MN_PUSH;
    unsigned place = place_of(&e->insn, op);
    uint64_t k = e->insn.imm;
    if (push && (op->kind == OPERAND_IMM || memory_constant(e, op, &k)))
        constant_put(e, LOOK_SLOT, k, op->kind != OPERAND_IMM);
    else if (place < LOOK_PLACES)
        e->look->copies[push ? place : LOOK_SLOT] |= (uint64_t)1 << (push ? LOOK_SLOT : place);
}

static bool same_registers(const Insn *insn)
{
    return insn->nops == 2 && is_reg(&insn->op[0]) && is_reg(&insn->op[1]) && insn->op[0].reg == insn->op[1].reg;
}

/* Vector registers are not told from each other, nor from slots: what a general register or memory gives them may be anywhere. */
static void vector_note(Eye *e)
{
    const Insn *insn = &e->insn;
    const Operand *last = &insn->op[insn->nops ? insn->nops - 1u : 0];
    bool to_vector =
        insn->nops >= 2 && insn->op[0].kind == OPERAND_REG && insn->op[0].reg >= REG_XMM0 && insn->op[0].reg < REG_K0;
    Operand word = *last;
    uint64_t k;
    if (!to_vector)
        return;
    if (is_reg(last))
        e->look->copies[last->reg] |= (uint64_t)1 << LOOK_SLOT;
    if (last->kind == OPERAND_REG)
        constant_put(e, LOOK_SLOT, 0, false);
    for (word.bits = 32; last->kind == OPERAND_MEM && word.bits <= 64; word.bits *= 2)
        if (memory_constant(e, &word, &k))
            constant_put(e, LOOK_SLOT, k, true);
}

/* May what the instruction writes to its first operand be a constant, or a copy of one? As moves.c names moves. */
static bool constant_note(Eye *e)
{
    const Insn *insn = &e->insn;
    uint64_t addr;
    switch (insn->mnemonic) {
    case MN_MOV:
    case MN_MOVZX: return insn->nops == 2 && copy_note(e, &insn->op[0], &insn->op[1], false);
    case MN_MOVSX:
    case MN_MOVSXD: return insn->nops == 2 && copy_note(e, &insn->op[0], &insn->op[1], true);
    case MN_PUSH:
    case MN_POP: stack_note(e); return true;
    case MN_LEAVE: e->look->copies[LOOK_SLOT] |= (uint64_t)1 << REG_RBP; return true;
    case MN_CDQE: return true;
    case MN_LEA:
        if (!insn_mem_address(insn, &addr))
            return false;
        constant_put(e, insn->op[0].reg, low_bits(addr, insn->op[0].bits), false);
        return true;
    case MN_XOR:
    case MN_SUB:
        if (!same_registers(insn))
            return false;
        constant_put(e, insn->op[0].reg, 0, false);
        return true;
    case MN_OR:
        if (insn->nops != 2 || insn->op[1].kind != OPERAND_IMM)
            return false;
        constant_put(e, place_of(insn, &insn->op[0]), low_bits(UINT64_MAX, insn->op[0].bits), false);
        return true;
    case MN_MOVD:
    case MN_VMOVD:
    case MN_MOVQ:
    case MN_VMOVQ:
        if (!is_reg(&insn->op[0]))
            break;
        e->look->copies[LOOK_SLOT] |= (uint64_t)1 << insn->op[0].reg;
        return true;
    default: break;
    }
    vector_note(e);
    return false;
}

/* The place that an addition of a number makes a sum of, if it is one: lea, add, sub, inc, dec. */
static unsigned sum_source(const Insn *insn)
{
    bool imm = insn->nops == 2 && insn->op[1].kind == OPERAND_IMM;
    switch (insn->mnemonic) {
    case MN_ADD:
    case MN_SUB: return imm ? place_of(insn, &insn->op[0]) : LOOK_PLACES;
    case MN_INC:
    case MN_DEC: return place_of(insn, &insn->op[0]);
    case MN_LEA: return insn->mem.index == REG_NONE && insn->mem.base < LOOK_SLOT ? insn->mem.base : LOOK_PLACES;
    default: return LOOK_PLACES;
    }
}

/* Which registers have now what is surely no constant? */
static void registers_write(Eye *e)
{
    uint32_t writes = (uint32_t)e->effects.writes.w[0]; /* general ones: LOOK_SLOT of them */
    bool constant = constant_note(e);
    unsigned source = constant ? LOOK_PLACES : sum_source(&e->insn), to = place_of(&e->insn, &e->insn.op[0]);
    uint32_t at = constant || e->insn.flow == FLOW_CALL ? LOOK_NOWHERE : e->at;
    if (source < LOOK_PLACES && to < LOOK_PLACES) { /* no constant, if what is added to is none */
        e->look->sums[source] |= (uint64_t)1 << to;
        at = source < LOOK_SLOT ? e->variable[source] : LOOK_NOWHERE;
    }
    for (; writes; writes &= writes - 1)
        e->variable[__builtin_ctz(writes)] = at;
}

/* ---- flags ---- */

static void writer_put(Eye *e, LookWriter w)
{
    Look *l = e->look;
    w.at = e->at;
    if (!arena_grow(&l->g->work, (void **)&l->writers, l->nwriters, &l->cap_writers, sizeof *l->writers)) {
        l->unsure = true;
        return;
    }
    e->writer = (uint32_t)l->nwriters;
    l->writers[l->nwriters++] = w;
}

static LookOperand operand_of(const Eye *e, const Operand *op)
{
    unsigned place = place_of(&e->insn, op);
    return (LookOperand){(uint8_t)place, place < LOOK_SLOT ? e->variable[place] : LOOK_NOWHERE};
}

static void writer_registers(Eye *e)
{
    const Insn *insn = &e->insn;
    uint8_t bits = (uint8_t)insn->op[0].bits;
    uint64_t k;
    if (memory_constant(e, &insn->op[0], &k) || memory_constant(e, &insn->op[1], &k))
        writer_put(e, (LookWriter){.kind = LOOK_IMMEDIATE, .bits = bits, .k = k});
    else
        writer_put(e, (LookWriter){.kind = LOOK_REGISTERS,
                                   .bits = bits,
                                   .operands = {operand_of(e, &insn->op[0]), operand_of(e, &insn->op[1])}});
}

/* A bit of a mask that may be constant. */
static void writer_mask(Eye *e, uint8_t kind)
{
    writer_put(e, (LookWriter){.kind = kind, .operands = {operand_of(e, &e->insn.op[0]), {LOOK_PLACES, 0}}});
}

static void writer_imm(Eye *e, uint8_t kind, uint64_t k)
{
    const Operand *op = &e->insn.op[0];
    bool memory = op->kind == OPERAND_MEM && !is_slot(&e->insn);
    writer_put(e, (LookWriter){.kind = kind, .bits = (uint8_t)op->bits, .memory = memory, .k = low_bits(k, op->bits)});
}

static void flags_write(Eye *e)
{
    const Insn *insn = &e->insn;
    bool imm = insn->nops == 2 && insn->op[1].kind == OPERAND_IMM;
    e->flags = e->at;
    e->writer = UINT32_MAX;
    switch (insn->mnemonic) {
    case MN_CMP:
        if (imm)
            writer_imm(e, LOOK_IMMEDIATE, insn->imm);
        else if (insn->nops == 2)
            writer_registers(e);
        break;
    case MN_TEST:
        if (imm && insn->imm == 1)
            writer_put(e, (LookWriter){.kind = LOOK_LOW_BIT});
        else if (same_registers(insn))
            writer_imm(e, LOOK_IMMEDIATE, 0);
        break;
    case MN_SUB:
        if (imm)
            writer_imm(e, LOOK_CHAINED, insn->imm);
        break;
    case MN_ADD:
    case MN_XOR:
        if (imm)
            writer_imm(e, LOOK_EQUALITY, insn->mnemonic == MN_ADD ? 0 - insn->imm : insn->imm);
        break;
    case MN_INC: writer_imm(e, LOOK_EQUALITY, UINT64_MAX); break;
    case MN_DEC: writer_imm(e, LOOK_EQUALITY, 1); break;
    case MN_BT: writer_mask(e, LOOK_BIT); break;
    case MN_COMISS:
    case MN_COMISD:
    case MN_UCOMISS:
    case MN_UCOMISD:
    case MN_VCOMISS:
    case MN_VCOMISD:
    case MN_VUCOMISS:
    case MN_VUCOMISD: writer_put(e, (LookWriter){.kind = LOOK_REAL}); break;
    case MN_SHR:
    case MN_SAR:
        if (insn->nops == 2 && is_reg(&insn->op[1]))
            writer_mask(e, LOOK_SHIFT);
        break;
    default: break;
    }
}

static void flags_read(Eye *e, unsigned cc)
{
    Look *l = e->look;
    if (!arena_grow(&l->g->work, (void **)&l->readers, l->nreaders, &l->cap_readers, sizeof *l->readers)) {
        l->unsure = true;
        return;
    }
    l->readers[l->nreaders++] = (LookReader){e->at, e->flags, e->writer, (uint8_t)cc};
}

static void flags_note(Eye *e)
{
    const Insn *insn = &e->insn;
    unsigned cc = insn->mnemonic == MN_ADC || insn->mnemonic == MN_SBB ? CC_B : insn->cc;
    if (cc <= 15)
        flags_read(e, cc);
    if (!e->effects.known || insn->flow == FLOW_CALL) { /* lost */
        e->flags = e->at;
        e->writer = UINT32_MAX;
    } else if ((e->effects.flags_written | e->effects.flags_undefined) & STATUS) {
        flags_write(e);
    }
}

/* ---- the pass ---- */

/* Nothing is known any more: what follows is reached from elsewhere. */
static void eye_forget(Eye *e)
{
    e->flags = LOOK_NOWHERE;
    e->writer = UINT32_MAX;
    memset(e->variable, 0xff, sizeof e->variable);
}

static void flow_note(Eye *e, const Function *f)
{
    const Insn *insn = &e->insn;
    Look *l = e->look;
    bool direct = insn->nops && insn->op[0].kind == OPERAND_REL;
    uint64_t word;
    if ((insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH) && direct)
        l->unsure |= !target_note(l, f, insn->target);
    if (insn->flow == FLOW_JUMP && !direct && !insn_mem_address(insn, &word))
        l->tables++;
    if (insn->flow == FLOW_CALL) {
        l->calls = true;
        memset(e->variable, 0xff, sizeof e->variable);
    }
    l->returns |= insn->flow == FLOW_RETURN;
    if (insn->flow == FLOW_JUMP || insn->flow == FLOW_RETURN || insn->flow == FLOW_STOP)
        eye_forget(e);
}

/* Sums and masks that may make the index of a jump table. */
static void numbers_note(Eye *e)
{
    const Insn *insn = &e->insn;
    uint64_t added = insn->imm;
    bool imm = insn->nops == 2 && insn->op[1].kind == OPERAND_IMM;
    switch (insn->mnemonic) {
    case MN_INC: added = 1; break;
    case MN_DEC: added = UINT64_MAX; break;
    case MN_LEA: added = (uint64_t)insn->mem.disp; break;
    case MN_CMP:
        e->look->shorts |= insn->op[0].bits == 16 && place_of(insn, &insn->op[0]) < LOOK_PLACES;
        if (imm)
            bound_note(e->look, low_bits(insn->imm, insn->op[0].bits));
        return;
    case MN_SUB:
        e->look->shorts |= insn->op[0].bits == 16 && place_of(insn, &insn->op[0]) < LOOK_PLACES;
        added = 0 - added;
        if (!imm)
            return;
        bound_note(e->look, low_bits(insn->imm, insn->op[0].bits));
        break;
    case MN_AND:
        if (imm)
            bound_note(e->look, insn->imm);
        return;
    case MN_ADD:
        if (!imm)
            return;
        break;
    default: return;
    }
    added = low_bits(added, insn->op[0].bits);
    if (added < BODY_MAX_TABLE && added > e->look->most_added)
        e->look->most_added = added;
}

static void insn_note(Eye *e, const Function *f)
{
    const Insn *insn = &e->insn;
    insn_effects(insn, &e->effects);
    flags_note(e); /* reads registers as they are before */
    if (!e->effects.known)
        memset(e->variable, 0xff, sizeof e->variable);
    else
        registers_write(e);
    numbers_note(e);
    if (insn->flow != FLOW_NEXT)
        flow_note(e, f);
}

static bool part_look(Look *l, const Function *f, unsigned index)
{
    LookPart part = l->parts[index];
    Eye e = {.look = l, .part = &part};
    uint64_t size = part.part.end - part.part.start;
    eye_forget(&e);
    for (uint64_t o = 0; o < size && !l->unsure;) {
        int len = insn_decode(part.bytes + o, size - o, part.part.start + o, &e.insn);
        if (len < 0)
            return false;
        e.at = part.first + (uint32_t)o;
        l->seen[e.at] |= SEEN_START;
        insn_note(&e, f);
        o += (uint64_t)len;
    }
    return !l->unsure && pads_note(l, f, part.part);
}

/* Every jump must lead to an instruction that was seen as one. */
static bool leaders_mark(Look *l)
{
    for (size_t i = 0; i < l->ntargets; i++) {
        const LookPart *p = part_of(l, l->targets[i]);
        if (!p)
            continue; /* a tail call */
        uint32_t at = p->first + (uint32_t)(l->targets[i] - p->part.start);
        if (!(l->seen[at] & SEEN_START))
            return false;
        l->seen[at] |= SEEN_LEADER;
    }
    return true;
}

Glance glance_at(Glancer *g, const Function *f)
{
    static const Glance all = {GLANCE_ALL, GLANCE_ALL, true, true};
    Look l = {.g = g};
    arena_reset(&g->work);
    if (!part_add(&l, (Part){f->start, f->end}))
        return all;
    for (unsigned i = 0; i < l.nparts; i++) /* their number may grow */
        if (!part_look(&l, f, i))
            return all;
    if (!leaders_mark(&l) || (l.tables && has_fragments(g)))
        return all;
    return look_judge(&l);
}
