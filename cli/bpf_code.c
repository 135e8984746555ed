/* cli/bpf_code.c - see bpf_code.h.
 *
 * Registers: r6 the address, then the value; r7 process and thread; r8 the counters; r9 the notes.
 * The stack, from the frame pointer down: */
#include "cli/bpf_code.h"

#include <stddef.h>

enum { AT_KEY = -8, AT_VALUE = -16, AT_ONE = -24, AT_TIME = -32 };
enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, FP };
enum { VALUE = R6, IDS = R7, COUNTERS = R8, NOTES = R9 };

/* Places that are jumped to; ALTERNATIVE + n: the filter's n-th way to pass. */
enum { OUT, PASS, COUNTED, RECORD, LOST, QUIET, READ, ALTERNATIVE };

/* ---- the assembler ---- */

static void emit(BpfCode *c, unsigned op, unsigned dst, unsigned src, int off, int64_t imm)
{
    if (c->n == BPF_CODE_MAX) {
        c->too_long = true;
        return;
    }
    c->insn[c->n++] = (struct bpf_insn){.code = (uint8_t)op,
                                        .dst_reg = (uint8_t)(dst & 15),
                                        .src_reg = (uint8_t)(src & 15),
                                        .off = (int16_t)off,
                                        .imm = (int32_t)imm};
}

static void move(BpfCode *c, unsigned dst, unsigned src) { emit(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0); }
static void set(BpfCode *c, unsigned dst, int32_t k) { emit(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, k); }
static void alu(BpfCode *c, unsigned op, unsigned dst, int32_t k) { emit(c, BPF_ALU64 | op | BPF_K, dst, 0, 0, k); }
static void alu_reg(BpfCode *c, unsigned op, unsigned dst, unsigned src)
{
    emit(c, BPF_ALU64 | op | BPF_X, dst, src, 0, 0);
}
static void load(BpfCode *c, unsigned dst, unsigned base, int off)
{
    emit(c, BPF_LDX | BPF_MEM | BPF_DW, dst, base, off, 0);
}
static void store(BpfCode *c, unsigned base, int off, unsigned src)
{
    emit(c, BPF_STX | BPF_MEM | BPF_DW, base, src, off, 0);
}
static void call(BpfCode *c, int helper) { emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, helper); }

/* dst = k; the second half of the pair holds the upper 32 bits. src BPF_PSEUDO_MAP_FD: k is a map's descriptor. */
static void set_wide(BpfCode *c, unsigned dst, unsigned src, uint64_t k)
{
    emit(c, BPF_LD | BPF_IMM | BPF_DW, dst, src, 0, (int32_t)(uint32_t)k);
    emit(c, 0, 0, 0, 0, (int32_t)(uint32_t)(k >> 32));
}

static void add_wide(BpfCode *c, unsigned dst, uint64_t k)
{
    if (k == 0)
        return;
    set_wide(c, R0, 0, k);
    alu_reg(c, BPF_ADD, dst, R0);
}

static void set_stack(BpfCode *c, unsigned dst, int off)
{
    move(c, dst, FP);
    alu(c, BPF_ADD, dst, off);
}

static void set_map(BpfCode *c, unsigned dst, int fd) { set_wide(c, dst, BPF_PSEUDO_MAP_FD, (uint64_t)(uint32_t)fd); }

/* *(u64 *)(base + off) += 1, whoever else does so on this processor, where we may have been preempted. */
static void count_up(BpfCode *c, unsigned base, size_t off)
{
    set(c, R1, 1);
    emit(c, BPF_STX | BPF_ATOMIC | BPF_DW, base, R1, (int)off, BPF_ADD);
}

static void jump(BpfCode *c, unsigned op, unsigned dst, int32_t k, unsigned label)
{
    if (c->n < BPF_CODE_MAX)
        c->jump[c->n] = (uint8_t)(label + 1);
    emit(c, BPF_JMP | op | BPF_K, dst, 0, 0, k);
}

static void jump_reg(BpfCode *c, unsigned op, unsigned dst, unsigned src, unsigned label)
{
    if (c->n < BPF_CODE_MAX)
        c->jump[c->n] = (uint8_t)(label + 1);
    emit(c, BPF_JMP | op | BPF_X, dst, src, 0, 0);
}

static void label(BpfCode *c, unsigned which) { c->labels[which] = c->n; }

/* Distances count from the instruction after the jump; all jumps are forward. */
static void resolve(BpfCode *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->jump[i])
            c->insn[i].off = (int16_t)(c->labels[c->jump[i] - 1] - i - 1);
}

/* ---- where the variable is ---- */

/* The offset in struct pt_regs of a register in the encoding's order. */
static int regs_at(unsigned reg)
{
    static const uint8_t words[16] = {10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0};
    return words[reg] * 8;
}

enum { REGS_IP = 16 * 8, REGS_FLAGS = 18 * 8 };

static bool is_general(unsigned reg) { return reg <= REG_R15; }

static bool can_memory(const Location *l, Diag *diag)
{
    if (l->kind == LOCATION_MEMORY && (l->segment == REG_FS || l->segment == REG_GS))
        return diag_set(diag, 0, "what %s points at cannot be read at a probe: the kernel shows no program its base",
                        reg_name(l->segment));
    bool based = is_general(l->reg) || (l->kind == LOCATION_MEMORY && l->reg == REG_NONE);
    bool indexed = l->kind != LOCATION_MEMORY || is_general(l->index) || l->index == REG_NONE;
    return (based && indexed) || diag_set(diag, 0, "memory based on %s cannot be read at a probe", reg_name(l->reg));
}

bool bpf_code_can(const ProbeSpec *spec, Diag *diag)
{
    const Location *l = &spec->location;
    if (l->bits == 0 || l->bits > 64)
        return diag_set(diag, 0, "a probe reads 64 bits at most, not %u", l->bits);
    switch (l->kind) {
    case LOCATION_REG: return is_general(l->reg) || diag_set(diag, 0, "%s cannot be read at a probe", reg_name(l->reg));
    case LOCATION_STACK:
    case LOCATION_MEMORY: return can_memory(l, diag);
    case LOCATION_STATIC: return true;
    default: return diag_set(diag, 0, "there is no place to read");
    }
}

/* r6 = the register, or the address in memory. r1 is still the program's argument, struct pt_regs. */
static void emit_place(BpfCode *c, const ProbeSpec *spec)
{
    const Location *l = &spec->location;
    unsigned base = l->kind == LOCATION_MEMORY && l->reg == REG_NONE ? REG_NONE : l->reg;
    if (l->kind == LOCATION_STATIC) {
        load(c, VALUE, R1, REGS_IP);
        add_wide(c, VALUE, l->address - spec->pc);
        return;
    }
    if (base == REG_NONE)
        set(c, VALUE, 0);
    else
        load(c, VALUE, R1, regs_at(base));
    if (l->kind == LOCATION_REG)
        return;
    if (l->kind == LOCATION_MEMORY && l->index != REG_NONE) {
        load(c, R2, R1, regs_at(l->index));
        alu(c, BPF_MUL, R2, l->scale);
        alu_reg(c, BPF_ADD, VALUE, R2);
    }
    add_wide(c, VALUE, (uint64_t)l->disp);
}

/* r6 = what is at the address r6; where that cannot be read, 0 and a note. */
static void emit_read(BpfCode *c, const Location *l)
{
    emit(c, BPF_ST | BPF_MEM | BPF_DW, FP, 0, AT_VALUE, 0);
    set_stack(c, R1, AT_VALUE);
    set(c, R2, (l->bits + 7) / 8);
    move(c, R3, VALUE);
    call(c, BPF_FUNC_copy_from_user);
    load(c, VALUE, FP, AT_VALUE);
    jump(c, BPF_JEQ, R0, 0, READ);
    set(c, VALUE, 0);
    set_wide(c, R0, 0, (uint64_t)1 << BPF_NOTE_UNREADABLE);
    alu_reg(c, BPF_OR, NOTES, R0);
    label(c, READ);
}

/* As spec_value: the addend added, cut to the bits, extended as the sign says. */
static void emit_extend(BpfCode *c, const ProbeSpec *spec)
{
    int32_t over = 64 - spec->location.bits;
    add_wide(c, VALUE, spec->location.addend);
    if (over == 0)
        return;
    alu(c, BPF_LSH, VALUE, over);
    alu(c, spec->sign == SIGN_UNSIGNED ? BPF_RSH : BPF_ARSH, VALUE, over);
}

/* ---- is it wanted? ---- */

/* The jump that is taken where the comparison does not hold. */
static unsigned jump_unless(FilterOp op, bool is_unsigned)
{
    switch (op) {
    case OP_EQ: return BPF_JNE;
    case OP_NE: return BPF_JEQ;
    case OP_LE: return is_unsigned ? BPF_JGT : BPF_JSGT;
    case OP_GE: return is_unsigned ? BPF_JLT : BPF_JSLT;
    case OP_LT: return is_unsigned ? BPF_JGE : BPF_JSGE;
    default: return is_unsigned ? BPF_JLE : BPF_JSLE;
    }
}

static void emit_field(BpfCode *c, FilterField field)
{
    move(c, R1, field == FIELD_VALUE ? VALUE : IDS);
    if (field == FIELD_TID)
        alu(c, BPF_LSH, R1, 32);
    if (field != FIELD_VALUE)
        alu(c, BPF_RSH, R1, 32);
}

/* As filter_pass: goes on at OUT, or here when it passes. */
static void emit_filter(BpfCode *c, const Filter *f)
{
    unsigned alternative = 0, alternatives = 0;
    for (size_t i = 1; i < f->n; i++)
        alternatives += f->terms[i].starts_alternative;
    for (size_t i = 0; i < f->n; i++) {
        const FilterTerm *t = &f->terms[i];
        if (i > 0 && t->starts_alternative) {
            jump(c, BPF_JA, 0, 0, PASS);
            label(c, ALTERNATIVE + alternative++);
        }
        emit_field(c, t->field);
        set_wide(c, R2, 0, (uint64_t)t->constant);
        jump_reg(c, jump_unless(t->op, t->field == FIELD_VALUE && f->is_unsigned), R1, R2,
                 alternative < alternatives ? ALTERNATIVE + alternative : OUT);
    }
    label(c, PASS);
}

static void emit_process(BpfCode *c, const BpfRequest *r)
{
    call(c, BPF_FUNC_get_current_pid_tgid);
    move(c, IDS, R0);
    alu(c, BPF_RSH, R0, 32);
    set_wide(c, R1, 0, r->only ? r->only : r->not_of);
    if (r->only)
        jump_reg(c, BPF_JNE, R0, R1, OUT);
    else if (r->not_of)
        jump_reg(c, BPF_JEQ, R0, R1, OUT);
}

/* ---- what is done with it ---- */

static void emit_counters(BpfCode *c, const BpfRequest *r)
{
    emit(c, BPF_ST | BPF_MEM | BPF_DW, FP, 0, AT_KEY, 0);
    set_map(c, R1, r->counters);
    set_stack(c, R2, AT_KEY);
    call(c, BPF_FUNC_map_lookup_elem);
    jump(c, BPF_JEQ, R0, 0, OUT);
    move(c, COUNTERS, R0);
    count_up(c, COUNTERS, offsetof(BpfCounters, entered));
}

static void emit_lookup(BpfCode *c, int map)
{
    set_map(c, R1, map);
    set_stack(c, R2, AT_VALUE);
    call(c, BPF_FUNC_map_lookup_elem);
}

/* One more of this value. Where it is new and finds no room, goes on at RECORD. Another processor, or who preempts us, may
 * add the same value at the same time. */
static void emit_count(BpfCode *c, const BpfRequest *r)
{
    jump(c, BPF_JSLT, NOTES, 0, RECORD); /* not readable */
    store(c, FP, AT_VALUE, VALUE);
    emit_lookup(c, r->counts);
    jump(c, BPF_JNE, R0, 0, COUNTED);
    load(c, R1, COUNTERS, offsetof(BpfCounters, full));
    jump(c, BPF_JNE, R1, 0, RECORD);
    emit(c, BPF_ST | BPF_MEM | BPF_DW, FP, 0, AT_ONE, 1);
    set_map(c, R1, r->counts);
    set_stack(c, R2, AT_VALUE);
    set_stack(c, R3, AT_ONE);
    set(c, R4, BPF_NOEXIST);
    call(c, BPF_FUNC_map_update_elem);
    jump(c, BPF_JEQ, R0, 0, OUT);
    emit_lookup(c, r->counts);
    jump(c, BPF_JNE, R0, 0, COUNTED);
    emit(c, BPF_ST | BPF_MEM | BPF_DW, COUNTERS, 0, offsetof(BpfCounters, full), 1);
    jump(c, BPF_JA, 0, 0, RECORD);
    label(c, COUNTED);
    count_up(c, R0, 0);
    jump(c, BPF_JA, 0, 0, OUT);
}

/* r2 = how to submit: the reader is woken when the ring passes wake_at; it looks by itself a few times a second. Several
 * processors may pass the mark at once, so that a few records after it wake, too. */
static void emit_wake(BpfCode *c, const BpfRequest *r)
{
    enum { WINDOW = 2048 };
    set_map(c, R1, r->ring);
    set(c, R2, BPF_RB_AVAIL_DATA);
    call(c, BPF_FUNC_ringbuf_query);
    set(c, R2, BPF_RB_NO_WAKEUP);
    alu(c, BPF_SUB, R0, (int32_t)r->wake_at);
    jump(c, BPF_JGE, R0, WINDOW, QUIET);
    set(c, R2, BPF_RB_FORCE_WAKEUP);
    label(c, QUIET);
}

static void emit_record(BpfCode *c, const BpfRequest *r)
{
    label(c, RECORD);
    call(c, BPF_FUNC_ktime_get_ns);
    store(c, FP, AT_TIME, R0);
    set_map(c, R1, r->ring);
    set(c, R2, sizeof(BpfRecord));
    set(c, R3, 0);
    call(c, BPF_FUNC_ringbuf_reserve);
    jump(c, BPF_JEQ, R0, 0, LOST);
    load(c, R1, FP, AT_TIME);
    store(c, R0, offsetof(BpfRecord, time_ns), R1);
    store(c, R0, offsetof(BpfRecord, tid), IDS);
    store(c, R0, offsetof(BpfRecord, value), VALUE);
    store(c, R0, offsetof(BpfRecord, notes), NOTES);
    move(c, IDS, R0);
    emit_wake(c, r);
    move(c, R1, IDS);
    call(c, BPF_FUNC_ringbuf_submit);
    jump(c, BPF_JA, 0, 0, OUT);
    label(c, LOST);
    count_up(c, COUNTERS, offsetof(BpfCounters, lost));
}

static void emit_notes(BpfCode *c, const BpfRequest *r)
{
    set_wide(c, NOTES, 0, (uint64_t)r->site << BPF_NOTE_SITE);
    if (r->flags) {
        load(c, R2, R1, REGS_FLAGS);
        alu_reg(c, BPF_OR, NOTES, R2);
    }
}

bool bpf_code_make(BpfCode *code, const BpfRequest *r)
{
    const Location *l = &r->spec->location;
    *code = (BpfCode){.sleeps = l->kind != LOCATION_REG};
    emit_notes(code, r);
    emit_place(code, r->spec);
    emit_counters(code, r);
    emit_process(code, r);
    if (code->sleeps)
        emit_read(code, l);
    emit_extend(code, r->spec);
    if (r->filter)
        emit_filter(code, r->filter);
    count_up(code, COUNTERS, offsetof(BpfCounters, wanted));
    if (r->counts >= 0)
        emit_count(code, r);
    emit_record(code, r);
    label(code, OUT);
    set(code, R0, 0); /* 0: no sample is made of it */
    emit(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    resolve(code);
    return !code->too_long;
}
