/* analysis/summary.c - see summary.h. */
#include "analysis/summary.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/frame.h"
#include "analysis/values.h"
#include "elf/plt.h"

/* ---- what names say: functions that POSIX, C, the Itanium C++ ABI or Rust document as not returning, or returning twice ---- */

static const char *const noreturn_names[] = {
    "abort",
    "exit",
    "_exit",
    "_Exit",
    "quick_exit",
    "__stack_chk_fail",
    "__assert_fail",
    "__assert",
    "__assert_perror_fail",
    "__fortify_fail",
    "__chk_fail",
    "longjmp",
    "_longjmp",
    "siglongjmp",
    "__longjmp_chk",
    "pthread_exit",
    "err",
    "errx",
    "verr",
    "verrx",
    "__cxa_throw",
    "__cxa_rethrow",
    "__cxa_bad_cast",
    "__cxa_bad_typeid",
    "__cxa_throw_bad_array_new_length",
    "__cxa_pure_virtual",
    "__cxa_call_unexpected",
    "__cxa_call_terminate",
    "_Unwind_Resume",
    "_ZSt9terminatev",
    "_ZSt10unexpectedv",
    "_ZSt17__throw_bad_allocv",
    "_ZSt20__throw_length_errorPKc",
    "_ZSt19__throw_logic_errorPKc",
    "_ZSt20__throw_out_of_rangePKc",
    "_ZSt24__throw_out_of_range_fmtPKcz",
    "_ZSt24__throw_invalid_argumentPKc",
    "_ZSt25__throw_bad_function_callv",
    "_ZSt16__throw_bad_castv",
    "_ZSt21__throw_runtime_errorPKc",
    "_ZSt20__throw_system_errori",
    "_ZSt28__throw_bad_array_new_lengthv",
    "_ZSt18__throw_bad_typeidv",
    "__libc_start_main",
    "__libc_fatal",
    "__libc_message",
    "thrd_exit",
    "exit_group",
    "rust_begin_unwind",
    "rust_panic",
    "__rust_start_panic",
};

static const char *const twice_names[] = {
    "setjmp", "_setjmp", "__setjmp",   "sigsetjmp",    "__sigsetjmp",
    "vfork",  "__vfork", "getcontext", "__getcontext", "savectx",
};

static bool name_among(Str name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_of(list[i])))
            return true;
    return false;
}

static Summary summary_by_abi(const Program *program)
{
    uint32_t kept = program->is_go ? 1u << REG_RSP : (uint32_t)ABI_KEPT;
    return (Summary){.effect = {.kept_abi = kept}};
}

/* __libc_start_main is called by _start only, whose code after it is a hlt: it is listed above for that. */
static Summary summary_by_name(const Program *program, Str name)
{
    Summary s = summary_by_abi(program);
    s.effect.noreturn = name_among(name, noreturn_names, sizeof noreturn_names / sizeof *noreturn_names);
    s.effect.returns_twice = name_among(name, twice_names, sizeof twice_names / sizeof *twice_names);
    return s;
}

bool summary_named_noreturn(const Program *program, Addr target)
{
    Str name;
    Addr end;
    return plt_target(&program->image, &program->slots, target, &name, &end) && name.p &&
           name_among(name, noreturn_names, sizeof noreturn_names / sizeof *noreturn_names);
}

/* ---- reading a body ---- */

typedef struct Reader {
    Body body;
    Values values;
    uint32_t kept;     /* the value at every exit is the one at entry */
    uint32_t restored; /* where it is not known to be, it at least came back from memory */
    uint32_t relied;   /* of kept: resting on the ABI's word for some callee of this one */
    unsigned depth;
    bool returns;
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
        ValueId id = values_before(v, step, reg);
        const Value *value = id == VALUE_NONE ? NULL : &v->values[id];
        if (value && value->kind == VALUE_ARGUMENT && value->cell == reg)
            continue;
        r->kept &= ~bit;
        const Move *m = value && value->kind == VALUE_STEP ? &v->moves[value->at] : NULL;
        bool from_memory = !m || m->kind == MOVE_LOAD || v->body->steps[value->at].insn.mnemonic == MN_POP ||
                           v->body->steps[value->at].insn.mnemonic == MN_LEAVE;
        if (value && value->kind == VALUE_STEP && !from_memory)
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

/* values_link; and what a callee returns of its argument is a copy of that. */
static Link result_link(Reader *r, ValueId id)
{
    Values *v = &r->values;
    const Value *value = id == VALUE_NONE ? NULL : &v->values[id];
    if (!value || value->kind != VALUE_STEP || value->cell != REG_RAX || !v->moves[value->at].is_call)
        return values_link(v, id);
    uint32_t step = value->at;
    Result of = summary_of_call(r->body.program, &r->body.steps[step].insn, r->depth).result;
    if (of.kind != RESULT_ARGUMENT || of.value != 0)
        return (Link){.kind = MOVE_NONE, .base = VALUE_NONE};
    return (Link){
        .kind = MOVE_COPY, .bits = of.bits, .to = 64, .sign = of.sign, .base = values_before(v, step, of.reg)};
}

static Result result_at(Reader *r, uint32_t step)
{
    Values *v = &r->values;
    Result none = {.kind = RESULT_UNKNOWN};
    ValueId id = values_before(v, step, REG_RAX);
    uint64_t k;
    uint8_t via;
    if (id == VALUE_NONE)
        return none;
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
    if (id == VALUE_NONE || v->values[id].kind != VALUE_ARGUMENT || v->values[id].cell >= CELL_SLOT0)
        return none;
    out.reg = (uint8_t)v->values[id].cell;
    return out;
}

static bool result_same(Result a, Result b)
{
    return a.kind == b.kind && a.value == b.value && a.reg == b.reg && a.bits == b.bits && a.sign == b.sign;
}

static void exit_result(Reader *r, uint32_t step)
{
    Result now = result_at(r, step);
    if (!r->result_known)
        r->result = now;
    else if (!result_same(now, r->result))
        r->result = (Result){.kind = RESULT_UNKNOWN};
    r->result_known = true;
}

/* A jump out of the function returns for it: what its target keeps is what we keep. */
static void exit_tail(Reader *r, const Step *s)
{
    CallEffect effect = summary_of_call(r->body.program, &s->insn, r->depth).effect;
    r->returns |= !effect.noreturn;
    reader_writes(r, 8 + effect.writes_up);
    r->relied |= r->kept & effect.kept_abi & ~effect.kept_read;
    r->kept &= effect.kept_read | effect.kept_abi;
    r->restored &= effect.kept_read | effect.kept_abi;
    r->result = (Result){.kind = RESULT_UNKNOWN};
    r->result_known = true;
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
            r->returns = true;
            exit_result(r, last);
        } else {
            exit_tail(r, s);
        }
    }
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

static Summary summary_read(Program *program, const Function *f, unsigned depth)
{
    Summary out = summary_by_abi(program);
    Arena arena = {0};
    Reader r = {.kept = 0xffff, .restored = 0xffff, .depth = depth - 1};
    bool ok = body_build(&r.body, program, f, depth - 1, &arena, NULL) && r.body.closed &&
              values_open(&r.values, &r.body, &arena);
    if (ok) {
        exits_read(&r);
        calls_read(&r);
        stores_read(&r);
    }
    if (ok && !r.values.failed) {
        out.effect.kept_read = r.kept & ~r.relied;
        out.effect.kept_abi =
            (r.kept & r.relied) | (out.effect.kept_abi & (r.kept | r.restored) & ~out.effect.kept_read);
        out.effect.noreturn = !r.returns;
        out.effect.writes_up = r.writes_up;
        out.result = r.returns ? r.result : (Result){.kind = RESULT_UNKNOWN};
    }
    arena_free(&arena);
    return out;
}

/* ---- memory: shards, each with a lock and a table of two-way buckets that forgets when it is full ---- */

enum { SHARDS = 64, SHARD_MIN = 64, SHARD_MAX = 2048 };

typedef struct SummaryEntry {
    uint64_t key; /* 0: free */
    Summary summary;
} SummaryEntry;

typedef struct Shard {
    pthread_mutex_t lock;
    SummaryEntry *entries;
    size_t n, size; /* size: a power of two, or 0 */
} Shard;

struct Summaries {
    Shard shards[SHARDS];
};

static uint64_t summary_key(Addr target, unsigned depth) { return (target << 2 | depth) + 1; }

static uint64_t summary_hash(uint64_t key) { return key * 0x9e3779b97f4a7c15u; }

/* Of the two entries that may hold the key: the one that does, a free one, or the one to be forgotten. */
static SummaryEntry *summary_place(SummaryEntry *entries, size_t size, uint64_t key)
{
    SummaryEntry *first = &entries[(size_t)(summary_hash(key) >> 24) & (size - 1)];
    SummaryEntry *second = &entries[(size_t)(summary_hash(key) >> 40) & (size - 1)];
    if (first->key == key || (first->key == 0 && second->key != key))
        return first;
    return second;
}

static void shard_grow(Shard *s)
{
    size_t size = s->size ? s->size * 2 : SHARD_MIN;
    SummaryEntry *entries = calloc(size, sizeof *entries);
    if (!entries)
        return;
    s->n = 0;
    for (size_t i = 0; i < s->size; i++)
        if (s->entries[i].key) {
            SummaryEntry *e = summary_place(entries, size, s->entries[i].key);
            s->n += e->key == 0;
            *e = s->entries[i];
        }
    free(s->entries);
    s->entries = entries;
    s->size = size;
}

bool summaries_open(Program *program)
{
    program->summaries = calloc(1, sizeof *program->summaries);
    for (size_t i = 0; program->summaries && i < SHARDS; i++)
        pthread_mutex_init(&program->summaries->shards[i].lock, NULL);
    return program->summaries != NULL;
}

void summaries_close(Program *program)
{
    for (size_t i = 0; program->summaries && i < SHARDS; i++) {
        pthread_mutex_destroy(&program->summaries->shards[i].lock);
        free(program->summaries->shards[i].entries);
    }
    free(program->summaries);
    program->summaries = NULL;
}

static Shard *shard_of(Program *program, uint64_t key) { return &program->summaries->shards[summary_hash(key) >> 58]; }

static bool summary_get(Shard *s, uint64_t key, Summary *out)
{
    pthread_mutex_lock(&s->lock);
    const SummaryEntry *e = s->size ? summary_place(s->entries, s->size, key) : NULL;
    bool found = e && e->key == key;
    if (found)
        *out = e->summary;
    pthread_mutex_unlock(&s->lock);
    return found;
}

static void summary_put(Shard *s, uint64_t key, Summary summary)
{
    pthread_mutex_lock(&s->lock);
    if (s->n * 2 >= s->size && s->size < SHARD_MAX)
        shard_grow(s);
    if (s->size) {
        SummaryEntry *e = summary_place(s->entries, s->size, key);
        s->n += e->key == 0;
        *e = (SummaryEntry){key, summary};
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- questions ---- */

static Summary summary_make(Program *program, Addr target, unsigned depth)
{
    Str name;
    Addr end;
    if (plt_target(&program->image, &program->slots, target, &name, &end))
        return name.p ? summary_by_name(program, name) : summary_by_abi(program);
    Symbol symbol;
    if (symbols_at(&program->symbols, target, &symbol)) {
        Summary named = summary_by_name(program, symbol_name(&program->symbols, &symbol));
        if (named.effect.noreturn || named.effect.returns_twice)
            return named;
    }
    Function f;
    if (!depth || !program_function(program, target, &f) || f.start != target || f.fragment ||
        function_size(&f) > SUMMARY_MAX_BYTES)
        return summary_by_abi(program);
    return summary_read(program, &f, depth);
}

Summary summary_of(Program *program, Addr target, unsigned depth)
{
    Summary s;
    uint64_t key = summary_key(target, depth);
    Shard *shard = shard_of(program, key);
    if (summary_get(shard, key, &s))
        return s;
    s = summary_make(program, target, depth);
    summary_put(shard, key, s);
    return s;
}

/* call *GOT(%rip): the slot may name the function. */
static Summary summary_through_slot(Program *program, Addr word)
{
    Slot slot;
    if (slots_at(&program->slots, word, &slot) && slot.name.p && !slot.target)
        return summary_by_name(program, slot.name);
    return summary_by_abi(program);
}

Summary summary_of_call(Program *program, const Insn *insn, unsigned depth)
{
    uint64_t word;
    if (insn->nops && insn->op[0].kind == OPERAND_REL)
        return summary_of(program, insn->target, depth);
    if (insn->nops && insn->op[0].kind == OPERAND_MEM && insn_mem_address(insn, &word))
        return summary_through_slot(program, word);
    return summary_by_abi(program);
}
