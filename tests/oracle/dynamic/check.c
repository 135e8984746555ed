/* tests/oracle/dynamic/check.c - see check.h. */
#include "tests/oracle/dynamic/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t totals_checks(const Totals *t)
{
    uint64_t sum = 0;
    for (int i = 0; i < PROOF_COUNT; i++)
        sum += i == PROOF_PARTIAL ? 0 : t->checks[i];
    return sum;
}

uint64_t totals_violations(const Totals *t)
{
    uint64_t sum = t->bad_jumps + t->returns_of_noreturn;
    for (int i = 0; i < PROOF_COUNT; i++)
        sum += i == PROOF_PARTIAL ? 0 : t->violations[i];
    return sum;
}

static bool print_allowed(Totals *t) { return t->printed++ < t->print_max; }

static const char *routine_file(const Routine *r)
{
    const char *slash = strrchr(r->binary->path, '/');
    return slash ? slash + 1 : r->binary->path;
}

static void violation_print(Checker *c, const Activation *a, const Claim *claim, uint64_t pc, uint64_t got,
                            const char *what)
{
    static const char *const kinds[] = {"range", "site", "probe"};
    const Value *v = &a->values[claim->variable];
    char place[96], def[96];
    if (claim->violations > 1 || !print_allowed(&c->totals))
        return;
    printf("VIOLATION %s function 0x%llx variable %llu pc 0x%llx %s %s [0x%llx,0x%llx) %s: %s",
           routine_file(a->routine), (unsigned long long)a->routine->start,
           (unsigned long long)a->routine->variables[claim->variable].id, (unsigned long long)pc, kinds[claim->kind],
           place_text(&claim->place, place, sizeof place), (unsigned long long)claim->start,
           (unsigned long long)claim->end, proof_names[claim->proof], what);
    if (v->known)
        printf(" expected 0x%llx (def 0x%llx %s) got 0x%llx", (unsigned long long)v->value,
               (unsigned long long)v->def->pc, place_text(&v->def->place, def, sizeof def), (unsigned long long)got);
    printf("\n");
}

static uint64_t low_mask(unsigned a, unsigned b)
{
    unsigned bits = a < b ? a : b;
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* Whether the instruction at the stop is itself a def of the variable, as a compare with memory is. */
static bool stop_defines(const Stop *stop, size_t variable)
{
    for (size_t i = 0; i < stop->nafter; i++)
        if (stop->after[i]->variable == variable)
            return true;
    return false;
}

static void claim_check(Checker *c, Activation *a, Machine *m, Claim *claim, uint64_t pc)
{
    Value *v = &a->values[claim->variable];
    uint64_t got = 0;
    const char *what = NULL;
    if (claim->place.kind == PLACE_UNREADABLE) {
        c->totals.unreadable++;
        return;
    }
    c->totals.checks[claim->proof]++;
    claim->checks++;
    if (claim->kind == CLAIM_PROBE)
        v->passes++;
    if (!v->known)
        what = "no def was executed";
    else if (!machine_place(m, c->process, &claim->place, a->routine->binary->bias, &got))
        what = "location cannot be read";
    else if ((got ^ v->value) & low_mask(claim->place.bits, v->bits))
        what = "wrong value";
    if (!what)
        return;
    c->totals.no_def += !v->known;
    c->totals.violations[claim->proof]++;
    claim->violations++;
    violation_print(c, a, claim, pc, got, what);
}

/* The def is over: was its probe passed once, where that is claimed? */
static void once_check(Checker *c, const Activation *a, const Value *v)
{
    const Variable *variable = &a->routine->variables[v - a->values];
    if (!variable->once || !v->known)
        return;
    c->totals.once++;
    if (v->passes == 1)
        return;
    if (c->totals.not_once++ < 5)
        printf("COVERAGE %s function 0x%llx variable %llu probe 0x%llx def 0x%llx: passed %u times, not once\n",
               routine_file(a->routine), (unsigned long long)a->routine->start, (unsigned long long)variable->id,
               (unsigned long long)variable->probe_pc, (unsigned long long)v->def->pc, v->passes);
}

static void def_record(Checker *c, Activation *a, Machine *m, const Def *d)
{
    Value *v = &a->values[d->variable];
    uint64_t value;
    once_check(c, a, v);
    v->known = machine_place(m, c->process, &d->place, a->routine->binary->bias, &value);
    v->value = v->known ? value : 0;
    v->bits = d->place.bits > 64 ? 64 : d->place.bits;
    v->def = d;
    v->passes = 0;
}

Activation *activation_new(Checker *c, Routine *r, Machine *m)
{
    Activation *a = must_alloc(1, sizeof *a);
    a->routine = r;
    a->entry_sp = m->regs.rsp;
    a->values = must_alloc(r->nvariables, sizeof *a->values);
    for (size_t i = 0; i < r->ndefs; i++)
        if (r->defs[i].kind == DEF_ARGUMENT)
            def_record(c, a, m, &r->defs[i]);
    r->activations++;
    r->live++;
    c->totals.activations++;
    return a;
}

static void noreturn_check(Checker *c, const Routine *r)
{
    if (!r->noreturn)
        return;
    c->totals.returns_of_noreturn++;
    if (print_allowed(&c->totals))
        printf("VIOLATION %s function 0x%llx: said not to return, and returned\n", routine_file(r),
               (unsigned long long)r->start);
}

void activation_end(Checker *c, Activation *a, End end)
{
    Routine *r = a->routine;
    for (size_t i = 0; end != END_DROPPED && i < r->nvariables; i++)
        once_check(c, a, &a->values[i]);
    if (end == END_RETURNED)
        noreturn_check(c, r);
    r->live--;
    free(a->values);
    free(a);
}

static bool jump_lists(const Jump *j, uint64_t target)
{
    for (size_t i = 0; i < j->ntargets; i++)
        if (j->targets[i] == target)
            return true;
    return false;
}

/* An indirect jump from a->prev_pc to target was taken; inside: target is in the function, past its entry. */
static void jump_check(Checker *c, const Activation *a, uint64_t target, bool inside)
{
    const Routine *r = a->routine;
    Jump *j = a->prev ? a->prev->jump : NULL;
    if (!r->listed || !a->prev || !a->prev->indirect)
        return;
    const char *what = NULL;
    if (!j)
        what = r->closed ? "an indirect jump that is not listed" : NULL;
    else if (j->kind == JUMP_TABLE && !jump_lists(j, target))
        what = "a target that is not in the table's list";
    else if (j->kind == JUMP_TAIL && inside)
        what = "said to be a tail call, but stays in the function";
    c->totals.jumps++;
    if (!what)
        return;
    c->totals.bad_jumps++;
    if (j && j->violations++ > 2)
        return;
    if (print_allowed(&c->totals))
        printf("VIOLATION %s function 0x%llx jump 0x%llx to 0x%llx: %s\n", routine_file(r),
               (unsigned long long)r->start, (unsigned long long)a->prev_pc, (unsigned long long)target, what);
}

void activation_arrive(Checker *c, Activation *a, Machine *m, Stop *stop, uint64_t pc)
{
    if (a->prev && a->prev->repeated && a->prev_pc == pc)
        return; /* a string instruction stops after each round */
    jump_check(c, a, pc, pc != a->routine->start);
    for (size_t i = 0; a->prev && i < a->prev->nafter; i++)
        def_record(c, a, m, a->prev->after[i]);
    for (size_t i = 0; i < stop->nmerges; i++)
        def_record(c, a, m, stop->merges[i]);
    for (size_t i = 0; i < stop->nclaims; i++)
        if (stop->claims[i]->kind != CLAIM_SITE || !stop_defines(stop, stop->claims[i]->variable))
            claim_check(c, a, m, stop->claims[i], pc);
    a->prev = stop;
    a->prev_pc = pc;
    a->steps++;
    c->totals.steps++;
}

void activation_leave(Checker *c, Activation *a, uint64_t target) { jump_check(c, a, target, false); }

static bool prefix_byte(uint8_t b)
{
    return b == 0x66 || b == 0x67 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 || b == 0x65 ||
           b == 0xf0 || (b & 0xf0) == 0x40;
}

void stop_decode(const Process *p, Stop *stop, uint64_t memory_pc)
{
    uint8_t bytes[16] = {0};
    size_t i = 0;
    bool rep = false;
    if (stop->decoded)
        return;
    for (size_t n = 15; n && !process_read(p, memory_pc, bytes, n); n--)
        ;
    const Break *b = break_find(p, memory_pc);
    if (b)
        bytes[0] = b->saved;
    for (; i < 14 && (prefix_byte(bytes[i]) || bytes[i] == 0xf2 || bytes[i] == 0xf3); i++)
        rep |= bytes[i] == 0xf2 || bytes[i] == 0xf3;
    uint8_t op = bytes[i], extension = bytes[i + 1] >> 3 & 7;
    stop->decoded = true;
    stop->call = op == 0xe8 || (op == 0xff && (extension == 2 || extension == 3));
    stop->indirect = op == 0xff && (extension == 4 || extension == 5);
    stop->repeated = rep && ((op >= 0x6c && op <= 0x6f) || (op >= 0xa4 && op <= 0xa7) || (op >= 0xaa && op <= 0xaf));
}
