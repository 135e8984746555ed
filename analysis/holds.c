/* analysis/holds.c - see holds.h. */
#include "analysis/holds.h"

#include <string.h>

#include "analysis/moves.h"

/* ---- which cells may hold it: the origins' and, over copies and adds, all that get it from them ---- */

static bool carries(const RangeProof *p, const Move *m) { return move_carries(m) && m->bits >= p->width; }

static bool cell_add(RangeProof *p, Cell c)
{
    for (uint32_t i = 0; i < p->ncells; i++)
        if (p->cells[i] == c)
            return false;
    if (p->ncells == RANGES_MAX_CELLS)
        return false; /* the rest is not claimed */
    p->cells[p->ncells++] = c;
    p->has_slots |= c >= CELL_SLOT0;
    p->registers |= c < CELL_SLOT0 ? (uint64_t)1 << c : 0;
    return true;
}

static uint32_t cell_index(const RangeProof *p, Cell c)
{
    for (uint32_t i = 0; i < p->ncells; i++)
        if (p->cells[i] == c)
            return i;
    return UINT32_MAX;
}

static bool cell_known(const RangeProof *p, Cell c)
{
    return c < CELL_SLOT0 ? (p->registers >> c) & 1 : p->has_slots && cell_index(p, c) != UINT32_MAX;
}

void holds_cells(RangeProof *p)
{
    const Values *v = p->v;
    for (size_t i = 0; i < p->origins.n; i++)
        if (p->origins.items[i].cell != CELL_NONE)
            cell_add(p, p->origins.items[i].cell);
    for (bool grown = true; grown;) {
        grown = false;
        for (uint32_t i = 0; i < v->ncarriers; i++) {
            const Move *m = &v->moves[v->carriers[i]];
            if (m->bits >= p->width && cell_known(p, m->src) && !cell_known(p, m->dst))
                grown |= cell_add(p, m->dst);
        }
    }
}

/* ---- what a step does ---- */

static void weaken(Hold *h, unsigned proof)
{
    if (h->proof && h->proof < proof)
        h->proof = (uint8_t)proof;
}

static void pass_cell(const RangeProof *p, uint32_t step, Cell c, Hold *h)
{
    const Move *m = &p->v->moves[step];
    const CallEffect *call = &p->v->body->steps[step].call;
    if (!h->proof)
        return;
    if (values_step_writes(p->v, step, c))
        h->proof = 0;
    else if (c >= CELL_SLOT0 && m->wild)
        weaken(h, PROOF_FRAME);
    else if (cell_is_general(c) && m->is_call) /* it writes all others */
        weaken(h, call->kept_read >> c & 1 ? PROOF_CALLEES : PROOF_ABI);
}

/* Does the step leave the key's memory alone? Any write to memory may hit it; so may a call. */
static bool keeps_memory(const Values *v, uint32_t step)
{
    const Move *m = &v->moves[step];
    return !m->wild && m->stored_lo == m->stored_hi;
}

void holds_begin(const RangeProof *p, const Origin *o, Hold *holds)
{
    memset(holds, 0, (p->ncells + 1) * sizeof *holds);
    holds[o->cell == CELL_NONE ? p->ncells : cell_index(p, o->cell)] = (Hold){PROOF_EXACT, 0};
}

/* The origins of one step never have company there (analysis/origins.c). */
static void origin_at(const RangeProof *p, uint32_t step, Hold *holds)
{
    for (size_t i = 0; i < p->origins.n; i++)
        if (p->origins.items[i].kind != DEF_ARGUMENT && p->origins.items[i].step == step)
            holds_begin(p, &p->origins.items[i], holds);
}

/* Do the registers of the memory's address survive the step, and what its segment is? */
static bool keeps_address(const RangeProof *p, uint32_t step)
{
    const Move *m = &p->v->moves[step];
    return !move_writes_reg(m, p->mem.base) && !move_writes_reg(m, p->mem.index) &&
           !step_moves_segment(&p->v->body->steps[step], p->mem.segment);
}

/* Most steps touch nothing that matters here. */
static bool is_idle(const RangeProof *p, uint32_t step)
{
    const Move *m = &p->v->moves[step];
    return !(m->writes & p->registers) && !m->is_call && !p->has_slots && !p->has_mem && !p->def_at[step];
}

void holds_pass(const RangeProof *p, uint32_t step, Hold *holds)
{
    const Move *m = &p->v->moves[step];
    if (is_idle(p, step))
        return;
    if (p->def_at[step] & MERGE_BIT) /* the value is there already; only its def counts as done after the step */
        origin_at(p, step, holds);
    Hold moved = {0, 0};
    uint32_t dst = UINT32_MAX;
    if (carries(p, m)) {
        uint32_t src = cell_index(p, m->src);
        dst = cell_index(p, m->dst);
        if (src != UINT32_MAX && dst != UINT32_MAX && holds[src].proof) {
            moved = holds[src];
            if (m->kind == MOVE_ADD)
                moved.addend -= m->k;
        }
    }
    for (uint32_t i = 0; i < p->ncells; i++)
        pass_cell(p, step, p->cells[i], &holds[i]);
    if (m->twice) /* it may come back with an older value in a register than that of the latest def */
        memset(holds, 0, (p->ncells + 1) * sizeof *holds);
    if (!keeps_memory(p->v, step) || !keeps_address(p, step))
        holds[p->ncells].proof = 0;
    if (moved.proof)
        holds[dst] = moved;
    if (p->def_at[step] & DEF_BIT)
        origin_at(p, step, holds);
}

/* ---- edges ---- */

void holds_unwind(const RangeProof *p, Hold *holds)
{
    for (uint32_t i = 0; i < p->ncells; i++) {
        if (!values_unwind_keeps(p->cells[i]))
            holds[i].proof = 0;
        weaken(&holds[i], p->cells[i] < CELL_SLOT0 ? PROOF_ABI : PROOF_FRAME);
    }
    holds[p->ncells].proof = 0;
}

static bool hold_meet(Hold *a, const Hold *b, unsigned width)
{
    if (!a->proof)
        return false;
    if (!b->proof || low_bits(a->addend ^ b->addend, width)) {
        a->proof = 0;
        return true;
    }
    if (b->proof <= a->proof)
        return false;
    a->proof = b->proof;
    return true;
}

Held *held_make(const RangeProof *p, const Hold *holds, Arena *arena)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i <= p->ncells; i++)
        n += holds[i].proof != 0;
    Held *held = arena_alloc(arena, 1, sizeof *held + n * sizeof *held->of);
    for (uint32_t i = 0; held && i <= p->ncells; i++)
        if (holds[i].proof)
            held->of[held->n++] = (struct HeldCell){i, holds[i]};
    return held;
}

void held_load(const RangeProof *p, const Held *held, Hold *holds)
{
    memset(holds, 0, (p->ncells + 1) * sizeof *holds);
    for (uint32_t i = 0; held && i < held->n; i++)
        holds[held->of[i].cell] = held->of[i].hold;
}

bool held_meet(const RangeProof *p, Held *held, const Hold *holds)
{
    bool changed = false;
    for (uint32_t i = 0; i < held->n; i++)
        changed |= hold_meet(&held->of[i].hold, &holds[held->of[i].cell], p->width);
    return changed;
}

bool holds_any(const RangeProof *p, const Hold *holds)
{
    for (uint32_t i = 0; i <= p->ncells; i++)
        if (holds[i].proof)
            return true;
    return false;
}

void holds_weaken(const RangeProof *p, unsigned proof, Hold *holds)
{
    for (uint32_t i = 0; i <= p->ncells; i++)
        weaken(&holds[i], proof);
}
