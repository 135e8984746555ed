/* analysis/summary_read.c - a summary from a function's body, its callees' being known. */
#include "analysis/summary_parts.h"

#include "analysis/frame.h"
#include "analysis/values.h"

typedef struct Reader {
    Body body;
    Values values;
    uint32_t kept;     /* the value at every exit is the one at entry */
    uint32_t restored; /* where it is not known to be, it at least came back from memory */
    uint32_t relied;   /* of kept: resting on the ABI's word for some callee of this one */
    uint64_t copied;   /* given, somewhere, what another cell holds: perhaps what they held at entry */
    Callees callees;
    bool returns, twice;
    uint8_t writes_up; /* as CallEffect's */
    Result result;
    bool result_known; /* result has been set by some return */
} Reader;

/* Something below `end`, in bytes from the stack pointer at entry, is written. */
static void reader_writes(Reader *r, int64_t end)
{
    int64_t up = end - 8 > UINT8_MAX ? UINT8_MAX : end - 8;
    if (up > r->writes_up)
        r->writes_up = (uint8_t)up;
}

/* The register that held the value when the function began, or CELL_NONE. */
static Cell argument_of(const Values *v, ValueId id)
{
    bool argument = id != VALUE_NONE && v->values[id].kind == VALUE_ARGUMENT && v->values[id].cell < CELL_SLOT0;
    return argument ? v->values[id].cell : CELL_NONE;
}

/* Does the step save the caller's `reg` somewhere that is not the stack, for longjmp to bring back? */
static bool saves_for_jump(Values *v, uint32_t step, unsigned reg)
{
    const Insn *insn = &v->body->steps[step].insn;
    if (insn->mnemonic != MN_MOV || insn->op[0].kind != OPERAND_MEM || insn->op[1].kind != OPERAND_REG ||
        insn->op[1].reg != reg || !v->moves[step].wild)
        return false;
    return argument_of(v, values_before(v, step, reg)) == reg;
}

/* vfork, whose child returns first, and on the same stack. */
static bool is_vfork(Values *v, uint32_t step)
{
    enum { SYS_VFORK = 58 };
    uint64_t k;
    uint8_t via;
    return v->body->steps[step].insn.mnemonic == MN_SYSCALL &&
           values_number(v, values_before(v, step, REG_RAX), &k, &via) && k == SYS_VFORK;
}

/* What returns twice and has no name: setjmp saves all registers that a function must keep; no other code stores two of those. */
static void twice_read(Reader *r)
{
    Values *v = &r->values;
    bool r12 = false, r13 = false;
    for (uint32_t i = 0; i < r->body.nsteps; i++) {
        r12 |= saves_for_jump(v, i, REG_R12);
        r13 |= saves_for_jump(v, i, REG_R13);
        r->twice |= is_vfork(v, i);
    }
    r->twice |= r12 && r13;
}

/* What the function, or a callee of it by what we know, stores where its caller keeps the arguments. */
static void stores_read(Reader *r)
{
    const Values *v = &r->values;
    for (uint32_t i = 0; i < r->body.nsteps; i++) {
        const Move *m = &v->moves[i];
        if (m->stored_lo < m->stored_hi && m->stored_base == 0)
            reader_writes(r, m->stored_hi);
    }
}

static void copies_read(Reader *r)
{
    for (uint32_t i = 0; i < r->body.nsteps; i++) {
        const Move *m = &r->values.moves[i];
        r->copied |= m->kind == MOVE_COPY && m->dst < CELL_SLOT0 ? (uint64_t)1 << m->dst : 0;
    }
}

/* Does the step bring a register back from memory? */
static bool restores(const Values *v, uint32_t step)
{
    unsigned mnemonic = v->body->steps[step].insn.mnemonic;
    return v->moves[step].kind == MOVE_LOAD || mnemonic == MN_POP || mnemonic == MN_LEAVE;
}

static void exit_registers(Reader *r, uint32_t step)
{
    Values *v = &r->values;
    for (unsigned reg = 0; reg < 16; reg++) {
        uint32_t bit = 1u << reg;
        if (!((r->kept | r->restored) & bit))
            continue;
        if (reg == REG_RSP) {
            StackAddr rsp = v->frames[step].rsp;
            bool same = stack_known(rsp) && rsp.base == 0 && rsp.off == 0;
            r->kept &= same ? UINT32_MAX : ~bit;
            continue;
        }
        if (step_untouched(v, step, reg))
            continue;
        if (!((ABI_KEPT | r->copied) >> reg & 1)) {
            r->kept &= ~bit;
            r->restored &= ~bit;
            continue;
        }
        ValueId id = values_before(v, step, reg);
        if (argument_of(v, id) == reg)
            continue;
        r->kept &= ~bit;
        if (id != VALUE_NONE && v->values[id].kind == VALUE_STEP && !restores(v, v->values[id].at))
            r->restored &= ~bit;
    }
}

enum { RESULT_COPIES = 8 };

/* The result is the low bits of l's value, extended: makes it that of the value which l copies. False when l is no copy that says so. */
static bool result_copied(Result *out, const Link *l)
{
    if (l->kind != MOVE_COPY)
        return false;
    if (l->bits >= out->bits) /* the copy hands on all that counts */
        return true;
    if (l->partial || (l->sign && (l->to < out->bits || (out->bits < 64 && !out->sign))))
        return false;
    out->bits = l->bits;
    out->sign = l->sign;
    return true;
}

/* values_link of a value that is known; and what a callee returns of its argument is a copy of that. */
static Link result_link(Reader *r, ValueId id)
{
    Values *v = &r->values;
    const Value *value = &v->values[id];
    if (value->kind != VALUE_STEP || value->cell != REG_RAX || !v->moves[value->at].is_call)
        return values_link(v, id);
    uint32_t step = value->at;
    Result of = summary_of_call(r->body.program, &r->body.steps[step].insn, &r->callees).result;
    bool whole = of.kind == RESULT_ARGUMENT && of.value == 0;
    ValueId base = values_before(v, step, whole ? of.reg : CELL_NONE);
    return (Link){
        .kind = base == VALUE_NONE ? MOVE_NONE : MOVE_COPY, .bits = of.bits, .to = 64, .sign = of.sign, .base = base};
}

/* What is made of the value as `how` says, if it is an argument. */
static Result result_of(const Values *v, ValueId id, Result how)
{
    Cell reg = argument_of(v, id);
    how.reg = (uint8_t)reg;
    return reg == CELL_NONE ? (Result){.kind = RESULT_UNKNOWN} : how;
}

static Result result_at(Reader *r, uint32_t step)
{
    Values *v = &r->values;
    ValueId id = values_before(v, step, REG_RAX);
    uint64_t k;
    uint8_t via;
    if (id == VALUE_NONE)
        return (Result){.kind = RESULT_UNKNOWN};
    if (values_number(v, id, &k, &via))
        return (Result){.kind = RESULT_CONSTANT, .value = k};
    Result out = {.kind = RESULT_ARGUMENT, .bits = 64};
    Link l = result_link(r, id);
    if (l.kind == MOVE_ADD && l.bits == 64) {
        out.value = l.k;
        id = l.base;
        l = result_link(r, id);
    }
    for (unsigned i = 0; i < RESULT_COPIES && result_copied(&out, &l); i++) {
        id = l.base;
        l = result_link(r, id);
    }
    return result_of(v, id, out);
}

static bool result_same(Result a, Result b)
{
    return a.kind == b.kind && a.value == b.value && a.reg == b.reg && a.bits == b.bits && a.sign == b.sign;
}

static void result_join(Reader *r, Result now)
{
    if (!r->result_known)
        r->result = now;
    else if (!result_same(now, r->result))
        r->result = (Result){.kind = RESULT_UNKNOWN};
    r->result_known = true;
}

/* What a function that is jumped to from `step` returns of its arguments. A constant is not handed on: the pre-scan does not follow it. */
static Result result_of_tail(Reader *r, uint32_t step, Result of)
{
    Cell reg = of.kind == RESULT_ARGUMENT ? of.reg : CELL_NONE;
    return result_of(&r->values, values_before(&r->values, step, reg), of);
}

/* A jump out of the function returns for it: what its target keeps is what we keep. Falling off its end says nothing. */
static void exit_tail(Reader *r, uint32_t step)
{
    const Insn *insn = &r->body.steps[step].insn;
    Summary target = summary_by_abi(r->body.program);
    if (insn->flow != FLOW_NEXT)
        target = summary_of_call(r->body.program, insn, &r->callees);
    CallEffect effect = target.effect;
    r->returns |= !effect.noreturn;
    r->twice |= effect.returns_twice;
    reader_writes(r, 8 + effect.writes_up);
    r->relied |= r->kept & effect.kept_abi & ~effect.kept_read;
    r->kept &= effect.kept_read | effect.kept_abi;
    r->restored &= effect.kept_read | effect.kept_abi;
    if (!effect.noreturn)
        result_join(r, result_of_tail(r, step, target.result));
}

/* The function's last instruction is a call: nothing is there to return to, so it is taken not to return (the compiler knew, though
 * we did not see why). That is less than to have read it: the ABI's word is all that is left for what we keep. Where another function
 * follows at once, code written by hand may run on into that. */
static void exit_by_call(Reader *r, const Step *s)
{
    Function next;
    r->returns |= program_function(r->body.program, step_end(s), &next) && next.start == step_end(s);
    r->kept &= ABI_KEPT;
    r->relied |= ABI_KEPT;
}

/* A return that takes more than its own address from the stack, or less: the caller finds its stack pointer elsewhere. */
static void exit_return(Reader *r, const Insn *insn)
{
    bool plain = insn->mnemonic == MN_RET && !insn->nops && !(insn->prefixes & PREFIX_OPSIZE);
    uint32_t moved = plain ? 0 : 1u << REG_RSP;
    r->kept &= ~moved;
    r->restored &= ~moved;
    r->returns = true;
}

static void exits_read(Reader *r)
{
    const Body *b = &r->body;
    for (uint32_t i = 0; i < b->nblocks; i++) {
        const Block *block = &b->blocks[i];
        uint32_t last = block->first + block->n - 1;
        const Step *s = &b->steps[last];
        if (!block->exits)
            continue;
        if (s->insn.flow == FLOW_CALL) {
            exit_by_call(r, s);
            continue;
        }
        exit_registers(r, last);
        if (s->insn.flow == FLOW_RETURN) {
            exit_return(r, &s->insn);
            result_join(r, result_at(r, last));
        } else {
            exit_tail(r, last);
        }
    }
}

/* Does it call a place inside itself, as a retpoline does? What runs there is no part of the body, and may return for it. */
static bool calls_itself_inside(const Body *b)
{
    for (uint32_t i = 0; i < b->nsteps; i++) {
        const Insn *insn = &b->steps[i].insn;
        bool direct = insn->flow == FLOW_CALL && insn->op[0].kind == OPERAND_REL;
        for (size_t k = 0; direct && insn->target != b->function->start && k < b->nparts; k++)
            if (insn->target - b->parts[k].start < b->parts[k].end - b->parts[k].start)
                return true;
    }
    return false;
}

/* The result, handed through one function more than those of its callees that it may come from. */
static Result reader_result(Reader *r)
{
    Result out = r->result;
    for (uint32_t i = 0; i < r->body.nsteps; i++) {
        const Insn *insn = &r->body.steps[i].insn;
        bool goes = insn->flow == FLOW_CALL || insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH;
        Result of = {.kind = RESULT_UNKNOWN};
        if (goes && out.kind != RESULT_UNKNOWN && body_step_at(&r->body, insn->target) == UINT32_MAX)
            of = summary_of_call(r->body.program, insn, &r->callees).result;
        if (of.kind != RESULT_UNKNOWN && of.hops >= out.hops)
            out.hops = (uint8_t)(of.hops + 1);
    }
    return r->returns && out.hops <= RESULT_HOPS ? out : (Result){.kind = RESULT_UNKNOWN};
}

/* Kept registers that no instruction of ours saves and brings back live on what our own callees keep. */
static void calls_read(Reader *r)
{
    const Body *b = &r->body;
    uint32_t written = 0;
    for (uint32_t i = 0; i < b->nsteps; i++)
        if (b->steps[i].insn.flow != FLOW_CALL)
            written |= (uint32_t)b->steps[i].effects.writes.w[0];
    for (uint32_t i = 0; i < b->nsteps; i++)
        if (b->steps[i].insn.flow == FLOW_CALL)
            r->relied |= ~b->steps[i].call.kept_read & ~(written & ~(1u << REG_RSP));
}

Summary summary_read(Program *program, const Function *f, Callees callees)
{
    Summary out = summary_by_abi(program);
    Arena arena = {0};
    Reader r = {.kept = 0xffff, .restored = 0xffff, .callees = callees};
    bool ok = body_build(&r.body, program, f, callees, &arena, NULL) && r.body.closed &&
              !calls_itself_inside(&r.body) && values_open(&r.values, &r.body, &arena);
    if (ok) {
        copies_read(&r);
        exits_read(&r);
        calls_read(&r);
        stores_read(&r);
        twice_read(&r);
    }
    if (ok && !r.values.failed) {
        out.effect.kept_read = r.kept & ~r.relied;
        out.effect.kept_abi =
            (r.kept & r.relied) | (out.effect.kept_abi & (r.kept | r.restored) & ~out.effect.kept_read);
        out.effect.noreturn = !r.returns;
        out.effect.returns_twice = r.twice;
        out.effect.writes_up = r.writes_up;
        out.result = reader_result(&r);
    }
    arena_free(&arena);
    return out;
}
