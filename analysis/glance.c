/* analysis/glance.c - see glance.h. One pass over the instructions of each part; nothing is followed but the order of addresses. */
#include "analysis/glance.h"

#include <elf.h>
#include <string.h>

#include "analysis/asked.h"
#include "analysis/flags.h"
#include "analysis/glance_eye.h"
#include "analysis/score.h"
#include "analysis/summary.h"

enum { STATUS = FLAG_O | FLAG_S | FLAG_Z | FLAG_A | FLAG_P | FLAG_C };

void glancer_open(Glancer *g, Program *program, const Query *query)
{
    *g = (Glancer){.program = program, .query = query};
    for (size_t i = 0; i < query->nconstants; i++)
        for (int turn = -1; turn <= 1; turn++)
            g->near[((uint64_t)query->constants[i] + (uint64_t)turn) & 0xff] = true;
}

void glancer_close(Glancer *g) { arena_free(&g->work); }

/* ---- where constants may be ---- */

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

static void number_note(Look *l, uint64_t k)
{
    LookNumbers *all = &l->numbers;
    size_t i = 0;
    while (i < all->n && all->items[i] != k)
        i++;
    if (!query_asks(l->g->query) || all->many || i < all->n)
        return;
    all->many =
        all->n == LOOK_NUMBERS || !arena_grow(&l->g->work, (void **)&all->items, all->n, &all->cap, sizeof *all->items);
    if (!all->many)
        all->items[all->n++] = k;
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
    if (e->insn.mnemonic != MN_LEA || l->g->program->image.type != ET_DYN) /* else it moves with the file */
        number_note(l, k);
    l->given[GIVEN_ANY] |= bit;
    if (k == 0)
        l->given[GIVEN_ZERO] |= bit;
    if (l->g->near[k & 0xff] && (is_asked(q, k) || is_asked(q, k + 1) || is_asked(q, k - 1)))
        l->given[read ? GIVEN_READ : GIVEN_ASKED] |= bit;
}

bool eye_constant(const Eye *e, const Operand *op, uint64_t *k)
{
    return op->kind == OPERAND_MEM && program_constant(e->look->g->program, &e->insn, op->bits, k);
}

/* A jump table may lie there. */
static void named_note(Eye *e, Addr addr)
{
    Look *l = e->look;
    if (!image_is_constant(&l->g->program->image, addr))
        return;
    for (size_t i = 0; i < l->nnamed; i++)
        if (l->named[i] == addr)
            return;
    if (arena_grow(&l->g->work, (void **)&l->named, l->nnamed, &l->cap_named, sizeof *l->named))
        l->named[l->nnamed++] = addr;
    else
        l->unsure = true;
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
        if (e->look->g->program->image.type == ET_EXEC)
            named_note(e, low_bits(e->insn.imm, dst->bits));
        return true;
    }
    if (from < LOOK_PLACES) {
        e->look->copies[from] |= (uint64_t)1 << to;
        return true;
    }
    if (!eye_constant(e, src, &k))
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
    if (push && (op->kind == OPERAND_IMM || eye_constant(e, op, &k)))
        constant_put(e, LOOK_SLOT, k, op->kind != OPERAND_IMM);
    else if (place < LOOK_PLACES)
        e->look->copies[push ? place : LOOK_SLOT] |= (uint64_t)1 << (push ? LOOK_SLOT : place);
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
        if (eye_constant(e, &word, &k))
            constant_put(e, LOOK_SLOT, k, true);
}

/* May what the instruction writes to its first operand be a constant, or a copy of one? As moves.c names moves. */
static bool constant_note(Eye *e)
{
    const Insn *insn = &e->insn;
    uint64_t addr;
    switch (insn->mnemonic) {
    case MN_MOV:
    case MN_MOVZX: return copy_note(e, &insn->op[0], &insn->op[1], false);
    case MN_MOVSX:
    case MN_MOVSXD: return copy_note(e, &insn->op[0], &insn->op[1], true);
    case MN_PUSH:
    case MN_POP: stack_note(e); return true;
    case MN_LEAVE: e->look->copies[LOOK_SLOT] |= (uint64_t)1 << REG_RBP; return true;
    case MN_CDQE: return true;
    case MN_LEA:
        if (!insn_mem_address(insn, &addr))
            return false;
        named_note(e, addr);
        constant_put(e, insn->op[0].reg, low_bits(addr, insn->op[0].bits), false);
        return true;
    case MN_XOR:
    case MN_SUB:
        if (!same_registers(insn))
            return false;
        constant_put(e, insn->op[0].reg, 0, false);
        return true;
    case MN_OR:
        if (insn->op[1].kind != OPERAND_IMM)
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
    bool imm = insn->op[1].kind == OPERAND_IMM;
    switch (insn->mnemonic) {
    case MN_ADD:
    case MN_SUB: return imm ? place_of(insn, &insn->op[0]) : LOOK_PLACES;
    case MN_INC:
    case MN_DEC: return place_of(insn, &insn->op[0]);
    case MN_LEA: return insn->mem.index == REG_NONE && insn->mem.base < LOOK_SLOT ? insn->mem.base : LOOK_PLACES;
    default: return LOOK_PLACES;
    }
}

/* Notes where sums, and what was masked or shifted, may be. */
static void derived_note(Eye *e, unsigned to)
{
    const Insn *insn = &e->insn;
    bool shifts = insn->mnemonic == MN_AND || insn->mnemonic == MN_SHR || insn->mnemonic == MN_SAR;
    if (!shifts || insn->op[1].kind != OPERAND_IMM || to >= LOOK_PLACES)
        return;
    e->look->made_derived |= (uint64_t)1 << to;
    e->look->derived |= (uint64_t)1 << eye_low_bits(e);
}

/* Which registers have now what is surely no constant? */
static void registers_write(Eye *e)
{
    uint32_t writes = (uint32_t)e->effects.writes.w[0]; /* general ones: LOOK_SLOT of them */
    bool constant = constant_note(e);
    unsigned source = constant ? LOOK_PLACES : sum_source(&e->insn), to = place_of(&e->insn, &e->insn.op[0]);
    uint32_t at = constant || e->insn.flow == FLOW_CALL ? LOOK_NOWHERE : e->at;
    derived_note(e, to);
    if (source < LOOK_PLACES) { /* no constant, if what is added to is none */
        e->look->sums[source] |= (uint64_t)1 << to;
        e->look->made_sums |= (uint64_t)1 << to;
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

static const LookOperand operand_none = {LOOK_PLACES, 0};

static void writer_registers(Eye *e)
{
    const Insn *insn = &e->insn;
    uint8_t bits = (uint8_t)insn->op[0].bits;
    uint64_t k;
    bool constant = eye_constant(e, &insn->op[0], &k) || eye_constant(e, &insn->op[1], &k);
    writer_put(e, (LookWriter){.kind = constant ? LOOK_IMMEDIATE : LOOK_REGISTERS,
                               .bits = bits,
                               .k = constant ? k : 0,
                               .operands = {operand_of(e, &insn->op[0]), operand_of(e, &insn->op[1])}});
}

/* A bit of a mask that may be constant. */
static void writer_mask(Eye *e, uint8_t kind)
{
    writer_put(e, (LookWriter){.kind = kind, .operands = {operand_of(e, &e->insn.op[0]), operand_none}});
}

static void writer_imm(Eye *e, uint8_t kind, uint64_t k)
{
    const Operand *op = &e->insn.op[0];
    bool memory = op->kind == OPERAND_MEM && !is_slot(&e->insn);
    writer_put(e, (LookWriter){.kind = kind,
                               .bits = (uint8_t)op->bits,
                               .memory = memory,
                               .k = low_bits(k, op->bits),
                               .operands = {operand_of(e, op), operand_none}});
}

/* The zero flag says whether more than the bits of `low` are set (compares.c: compare_high_bits). */
static void writer_masked(Eye *e, uint64_t low)
{
    if (low && (low & (low + 1)) == 0)
        writer_imm(e, LOOK_MASKED, low);
}

static void flags_write(Eye *e)
{
    const Insn *insn = &e->insn;
    bool imm = insn->op[1].kind == OPERAND_IMM;
    e->flags = e->at;
    e->writer = UINT32_MAX;
    switch (insn->mnemonic) {
    case MN_CMP:
        if (imm)
            writer_imm(e, LOOK_IMMEDIATE, insn->imm);
        else
            writer_registers(e);
        break;
    case MN_TEST:
        if (imm && insn->imm == 1)
            writer_put(e, (LookWriter){.kind = LOOK_LOW_BIT});
        else if (imm)
            writer_masked(e, low_bits(~insn->imm, insn->op[0].bits));
        else if (same_registers(insn))
            writer_imm(e, LOOK_IMMEDIATE, 0);
        break;
    case MN_AND:
        if (imm)
            writer_masked(e, low_bits(~insn->imm, insn->op[0].bits));
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
        if (imm && insn->imm < 64)
            writer_masked(e, ((uint64_t)1 << insn->imm) - 1);
        /* fall through */
    case MN_SAR:
        if (is_reg(&insn->op[1]))
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
    if (insn->flow == FLOW_CALL) { /* lost */
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
    bool direct = insn->op[0].kind == OPERAND_REL;
    uint64_t word;
    if ((insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH) && direct)
        l->unsure |= !look_target(l, f, insn->target);
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

/* A number that is added, of which all the others are known: a jump table's index may be the sum. */
static void added_note(Look *l, uint64_t added, unsigned bits)
{
    int64_t n = (int64_t)value_extended(added, bits, true);
    uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    added = low_bits(added, bits);
    if (added < BODY_MAX_TABLE && added > l->most_added)
        l->most_added = added;
    l->added += size; /* below 2^55: numbers of 32 bits, in so much code as is looked at */
}

/* Sums and masks that may make the index of a jump table. */
static void numbers_note(Eye *e)
{
    const Insn *insn = &e->insn;
    Look *l = e->look;
    bool imm = insn->op[1].kind == OPERAND_IMM;
    bool is_short = insn->op[0].bits == 16 && place_of(insn, &insn->op[0]) < LOOK_PLACES;
    switch (insn->mnemonic) {
    case MN_INC: added_note(l, 1, insn->op[0].bits); break;
    case MN_DEC: added_note(l, UINT64_MAX, insn->op[0].bits); break;
    case MN_LEA:
        if (insn->mem.base != REG_RSP && insn->mem.base != REG_RIP)
            added_note(l, (uint64_t)insn->mem.disp, insn->op[0].bits);
        break;
    case MN_CMP:
        l->shorts |= is_short;
        if (imm)
            bound_note(l, low_bits(insn->imm, insn->op[0].bits));
        break;
    case MN_SUB:
        l->shorts |= is_short;
        if (imm && insn->op[0].reg != REG_RSP)
            added_note(l, 0 - insn->imm, insn->op[0].bits);
        if (imm)
            bound_note(l, low_bits(insn->imm, insn->op[0].bits));
        break;
    case MN_AND:
        if (imm)
            bound_note(l, insn->imm);
        break;
    case MN_ADD:
        if (imm && insn->op[0].reg != REG_RSP)
            added_note(l, insn->imm, insn->op[0].bits);
        break;
    default: break;
    }
}

/* A file that stays where it is can name a table in an operand: jmp *table(,%rax,8). */
static void table_note(Eye *e)
{
    const Mem *m = &e->insn.mem;
    uint64_t addr;
    if (e->look->g->program->image.type == ET_EXEC && (m->index != REG_NONE || m->base != REG_NONE) && m->disp > 0 &&
        !insn_mem_address(&e->insn, &addr))
        named_note(e, (Addr)m->disp);
}

static void insn_note(Eye *e, const Function *f)
{
    const Insn *insn = &e->insn;
    insn_effects(insn, &e->effects);
    eye_step(e);
    flags_note(e); /* reads registers as they are before */
    registers_write(e);
    numbers_note(e);
    table_note(e);
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
    return !l->unsure && look_pads(l, f, part.part);
}

/* Looks at all parts; what they jump to may bring more. False when that says nothing. */
static bool parts_look(Look *l, const Function *f)
{
    for (unsigned i = 0; i < l->nparts;) {
        for (; i < l->nparts; i++)
            if (!part_look(l, f, i))
                return false;
        tables_look(l, f);
        if (l->unsure)
            return false;
    }
    return true;
}

Glance glance_at(Glancer *g, const Function *f)
{
    static const Glance all = {GLANCE_ALL, GLANCE_ALL, 0, true, true};
    Look l = {.g = g};
    arena_reset(&g->work);
    if (!look_part(&l, (Part){f->start, f->end}) || !parts_look(&l, f) || !look_leaders(&l))
        return all;
    return look_judge(&l);
}
