/* tests/oracle/x86_trial.c - an encoding's effects against the processor (see the header).
 *
 * Each trial has two runs. A starts from a random state; B from the same, but with everything the instruction is said not to
 * read made different. Then: (1) in A, what is outside `writes` has not changed; (2) what is killed, or read and written,
 * is equal after A and B; (3) what is written in part has, byte by byte, its own old value or an equal one; (4) memory has
 * changed only where the memory operand, the string or the stack lies, and alike in both.
 */
#include "tests/oracle/x86_trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct Trial {
    const uint8_t *code;
    const Insn *insn;
    Effects e;
    Rng *rng;
    TrialResult *out;
    bool mmx, repeat, bit_string;
    uint64_t ea;          /* of insn->mem, when it has one register base at most */
    State a0, a1, b0, b1; /* before and after A and B */
    uint8_t mem0[STEP_SCRATCH_SIZE], mem1[STEP_SCRATCH_SIZE];
} Trial;

static uint8_t *scratch(void) { return (uint8_t *)(uintptr_t)STEP_SCRATCH; }

/* ---- findings ---- */

static void finding_add(Trial *t, const char *kind, const char *fmt, ...)
{
    char key[96], text[INSN_TEXT_MAX], detail[320], hex[2 * INSN_MAX_LEN + 1] = "";
    TrialResult *o = t->out;
    va_list ap;
    snprintf(key, sizeof key, "%s/%s", mnemonic_name(t->insn->mnemonic).text, kind);
    for (uint32_t i = 0; i < o->nfindings; i++)
        if (strcmp(o->finding[i].key, key) == 0) {
            o->finding[i].count++;
            return;
        }
    if (o->nfindings == TRIAL_FINDINGS)
        return;
    Finding *f = &o->finding[o->nfindings++];
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    for (int i = 0; i < t->insn->len; i++)
        snprintf(hex + 2 * i, 3, "%02x", t->code[i]);
    insn_text(t->insn, SYNTAX_ATT, text, sizeof text);
    memcpy(f->key, key, sizeof key);
    snprintf(f->example, sizeof f->example, "%s  %s (row %u): %s", hex, text, t->insn->row, detail);
    f->count = 1;
}

static const char *role_of(const Trial *t, unsigned reg)
{
    static const char *const op[] = {"op0", "op1", "op2", "op3", "op4"};
    for (unsigned i = 0; i < t->insn->nops; i++)
        if (t->insn->op[i].kind == OPERAND_REG && t->insn->op[i].reg == reg)
            return op[i];
    return t->insn->mask == reg ? "mask" : reg_name(reg);
}

static void finding_reg(Trial *t, const char *kind, unsigned reg, const uint8_t *x, const uint8_t *y, size_t n)
{
    char key[64], hx[40] = "", hy[40] = "";
    size_t at = 0;
    while (at + 16 < n && memcmp(x + at, y + at, 16) == 0)
        at += 16;
    for (size_t i = 0; i < 16 && at + i < n; i++) {
        snprintf(hx + 2 * i, 3, "%02x", x[at + i]);
        snprintf(hy + 2 * i, 3, "%02x", y[at + i]);
    }
    snprintf(key, sizeof key, "%s/%s", kind, role_of(t, reg));
    finding_add(t, key, "%s bytes from %zu: %s / %s", reg_name(reg), at, hx, hy);
}

/* ---- random states ---- */

static uint64_t value_random(Rng *r)
{
    uint64_t v = rng_next(r);
    switch (rng_below(r, 12)) {
    case 0: return 0;
    case 1: return ~(uint64_t)0;
    case 2: return v & 0xff;
    case 3: return (uint64_t)1 << (v & 63);
    case 4: return v & 0xffffffff;
    case 5: return (uint64_t)1 << 63 >> (v & 32);
    case 6: return STEP_SCRATCH + STEP_SCRATCH_SIZE / 2 + (v & 0xff8);
    case 7: return v & 7;
    default: return v;
    }
}

static void float_random(Rng *r, uint8_t *p, size_t n)
{
    bool wide = rng_below(r, 2);
    for (size_t i = 0; i < n; i += 8) {
        double d = (double)(int64_t)rng_next(r) / (double)(1 + rng_below(r, 1 << 20));
        float f[2] = {(float)(int32_t)rng_next(r) / 65536, (float)rng_below(r, 100)};
        if (wide)
            memcpy(p + i, &d, 8);
        else
            memcpy(p + i, f, 8);
    }
}

static void bytes_random(Rng *r, uint8_t *p, size_t n)
{
    if (rng_below(r, 4) == 0) {
        float_random(r, p, n);
        return;
    }
    for (size_t i = 0; i < n; i += 8) {
        uint64_t v = value_random(r);
        memcpy(p + i, &v, 8);
    }
}

static void st_random(const Trial *t, Rng *r, uint8_t st[10])
{
    long double d = (long double)(int64_t)rng_next(r) / (long double)(1 + rng_below(r, 1u << 31));
    if (rng_below(r, 8) == 0)
        d = (long double)rng_below(r, 4);
    memcpy(st, &d, 10);
    if (t->mmx) {
        bytes_random(r, st, 8);
        st[8] = st[9] = 0xff; /* as any MMX write leaves it */
    }
}

static void fpu_random(const Trial *t, State *s)
{
    Rng *r = t->rng;
    s->fcw = (uint16_t)(0x7f | rng_below(r, 4) << 8 | rng_below(r, 4) << 10);
    s->fsw = (uint16_t)(rng_next(r) & 0x477f); /* condition codes and sticky flags but no summary */
    s->fsw &= 0xff7f & ~0x3800;
    s->ftw = rng_below(r, 2) ? 0xff : rng_byte(r);
    if (t->mmx)
        s->ftw = 0xff;
    else
        s->fsw = (uint16_t)(s->fsw | rng_below(r, 8) << 11);
}

static void mxcsr_random(const Trial *t, State *s) { s->mxcsr = 0x1f80 | (rng_next(t->rng) & 0xe07f); }

static void state_random(Trial *t, State *s)
{
    Rng *r = t->rng;
    for (int i = 0; i < 16; i++)
        s->gpr[i] = value_random(r);
    s->gpr[REG_RSP] = STEP_SCRATCH + 3 * STEP_SCRATCH_SIZE / 4 + 16 * rng_below(r, 16);
    s->flags = rng_next(r) & STEP_FLAGS;
    bytes_random(r, s->vec[0], sizeof s->vec / 2);
    bytes_random(r, s->vec[16], sizeof s->vec / 2);
    bytes_random(r, (uint8_t *)s->k, sizeof s->k);
    for (int i = 0; i < 8; i++)
        st_random(t, r, s->st[i]);
    fpu_random(t, s);
    mxcsr_random(t, s);
    bytes_random(r, scratch(), STEP_SCRATCH_SIZE);
}

/* ---- addresses ---- */

static const Operand *operand_of(const Insn *insn, OperandKind kind)
{
    for (unsigned i = 0; i < insn->nops; i++)
        if (insn->op[i].kind == kind)
            return &insn->op[i];
    return NULL;
}

static bool vector_index(const Mem *m) { return m->index >= REG_XMM0 && m->index < REG_K0; }

static bool bytes_replace(uint8_t *code, size_t n, const void *old, const void *new, size_t size)
{
    for (size_t i = n; i-- > size;)
        if (memcmp(code + i + 1 - size, old, size) == 0) {
            memcpy(code + i + 1 - size, new, size);
            return true;
        }
    return false;
}

static bool is_bit_string(const Insn *insn)
{
    static const char *const names[] = {"bt", "bts", "btr", "btc"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(mnemonic_name(insn->mnemonic).text, names[i]) == 0)
            return insn->nops == 2 && insn->op[0].kind == OPERAND_MEM && insn->op[1].kind == OPERAND_REG;
    return false;
}

/* The address bytes of the encoding become those of the scratch area. */
static bool address_patch(uint8_t *code, Insn *insn, uint64_t target)
{
    Insn again;
    uint64_t old = (uint64_t)insn->mem.disp, new = target;
    size_t size = 4;
    uint64_t addr;
    if (insn->mem.base == REG_RIP) {
        if (insn_mem_address(insn, &addr))
            new = old + (target - addr);
    } else if (insn->nops == 2 && code[insn->len - 9] >= 0xa0 && code[insn->len - 9] <= 0xa3 && insn->len >= 9) {
        size = 8; /* mov with a 64-bit offset */
    } else {
        return false; /* scratch lies beyond 2 GiB: no disp32 reaches it, unless the address is 32 bits */
    }
    if (!bytes_replace(code, insn->len, &old, &new, size))
        return false;
    int len = insn_decode(code, INSN_MAX_LEN, STEP_CODE, &again);
    bool same = len == insn->len && again.row == insn->row;
    *insn = again;
    return same;
}

bool trial_prepare(uint8_t *code, Insn *insn)
{
    const Mem *m = &insn->mem;
    if (m->segment == REG_FS && (operand_of(insn, OPERAND_MEM) || operand_of(insn, OPERAND_MEM_SI)))
        return false;
    if (!operand_of(insn, OPERAND_MEM))
        return true;
    if (is_bit_string(insn) && (insn->op[1].reg == m->base || insn->op[1].reg == m->index))
        return false;
    if (m->base == REG_RIP || (m->base == REG_NONE && m->index == REG_NONE))
        return address_patch(code, insn, STEP_SCRATCH + STEP_SCRATCH_SIZE / 2);
    return m->base != m->index && !(m->base == REG_NONE && vector_index(m));
}

/* Gathers and scatters: small lanes, and a base in the middle. */
static void index_small(Trial *t, State *s)
{
    uint8_t *v = s->vec[t->insn->mem.index - REG_XMM0];
    for (int i = 0; i < 64; i += 8) {
        uint64_t lane = rng_next(t->rng) & 0x3f;
        memcpy(v + i, &lane, 8);
    }
}

/* Chooses base and index so that the operand lies in the scratch area. */
static void address_place(Trial *t, State *s)
{
    const Mem *m = &t->insn->mem;
    uint64_t target = STEP_SCRATCH + STEP_SCRATCH_SIZE / 2 + 64 * rng_below(t->rng, 8);
    if (rng_below(t->rng, 4) == 0)
        target += rng_below(t->rng, 64);
    uint64_t left = target - (uint64_t)m->disp;
    t->ea = target;
    if (m->base == REG_RIP || (m->base == REG_NONE && m->index == REG_NONE)) {
        t->ea = (uint64_t)m->disp + (m->base == REG_RIP ? STEP_CODE + t->insn->len : 0); /* gs's base is 0 here */
        if (m->addr_bits == 32)
            t->ea &= 0xffffffff;
        return;
    }
    if (vector_index(m)) {
        index_small(t, s);
    } else if (m->index != REG_NONE && m->base == REG_NONE) {
        left -= left % m->scale; /* no rest is possible: the address moves down a little */
        t->ea = left + (uint64_t)m->disp;
        s->gpr[m->index & 15] = left / m->scale;
    } else if (m->index != REG_NONE) {
        uint64_t index = rng_next(t->rng) & 0xffff;
        s->gpr[m->index & 15] = index;
        left -= index * m->scale;
    }
    if (m->base != REG_NONE && m->addr_bits == 32)
        s->gpr[m->base & 15] = (left & 0xffffffff) | (rng_next(t->rng) & ~(uint64_t)0xffffffff);
    else if (m->base != REG_NONE)
        s->gpr[m->base & 15] = left;
}

/* bt with a register: the register's value moves the address by value / 8 bytes (SDM vol. 2, BT). */
static void bit_offset_small(Trial *t, State *s) { s->gpr[t->insn->op[1].reg & 15] = rng_next(t->rng) & 0x1ff; }

static void pointers_place(Trial *t, State *s)
{
    uint64_t middle = STEP_SCRATCH + STEP_SCRATCH_SIZE / 4;
    const Operand *op = t->insn->nops ? &t->insn->op[0] : NULL;
    if (operand_of(t->insn, OPERAND_MEM_SI))
        s->gpr[REG_RSI] = middle + rng_below(t->rng, 512);
    if (operand_of(t->insn, OPERAND_MEM_DI))
        s->gpr[REG_RDI] = middle + 1024 + rng_below(t->rng, 512);
    if (t->repeat && rng_below(t->rng, 4))
        s->gpr[REG_RCX] = rng_below(t->rng, 5);
    if ((t->insn->flow == FLOW_JUMP || t->insn->flow == FLOW_CALL) && op && op->kind == OPERAND_REG &&
        op->reg != REG_RSP)
        s->gpr[op->reg & 15] = rng_next(t->rng) >> 17;
    if (operand_of(t->insn, OPERAND_MEM))
        address_place(t, s);
    if (t->bit_string)
        bit_offset_small(t, s);
}

/* Addresses that an indirect jump, a return or a stack pointer load may use. */
static void memory_tame(const Trial *t)
{
    uint8_t *p = scratch();
    bool to = t->insn->flow != FLOW_NEXT;
    bool flags = strncmp(mnemonic_name(t->insn->mnemonic).text, "popf", 4) == 0;
    for (size_t i = 0; (to || flags) && i < STEP_SCRATCH_SIZE; i += 8) {
        uint64_t v = rng_next(t->rng) >> 17;
        if (flags)
            v &= STEP_FLAGS;
        memcpy(p + i, &v, 8);
    }
}

/* ---- what B has different ---- */

static bool in_span(uint64_t at, uint64_t from, uint64_t size) { return at - from < size; }

static bool reads(const Trial *t, unsigned reg) { return regset_has(t->e.reads, reg); }

static void vary_registers(Trial *t, State *s)
{
    for (unsigned i = 0; i < 16; i++)
        if (!reads(t, REG_RAX + i))
            s->gpr[i] = value_random(t->rng);
    for (unsigned i = 0; i < 32; i++)
        if (!reads(t, REG_XMM0 + i))
            bytes_random(t->rng, s->vec[i], 64);
    for (unsigned i = 0; i < 8; i++) {
        if (!reads(t, REG_K0 + i))
            s->k[i] = rng_next(t->rng);
        if (!reads(t, (t->mmx ? REG_MM0 : REG_ST0) + i))
            st_random(t, t->rng, s->st[i]);
    }
}

static uint64_t flags_bits(uint8_t f)
{
    static const uint16_t bit[7] = {0x800, 0x80, 0x40, 0x10, 4, 1, 0x400}; /* o s z a p c d */
    uint64_t v = 0;
    for (int i = 0; i < 7; i++)
        if (f >> i & 1)
            v |= bit[i];
    return v;
}

static void state_vary(Trial *t, State *s)
{
    uint64_t fixed = flags_bits(t->e.flags_read);
    vary_registers(t, s);
    s->flags = (s->flags & fixed) | (rng_next(t->rng) & STEP_FLAGS & ~fixed);
    if (!reads(t, REG_MXCSR))
        mxcsr_random(t, s);
    if (!reads(t, REG_FPU)) {
        uint16_t top = s->fsw & 0x3800;
        fpu_random(t, s);
        s->fsw = (uint16_t)((s->fsw & ~0x3800) | top);
    }
    if (operand_of(t->insn, OPERAND_MEM) && in_span(t->ea, STEP_SCRATCH, STEP_SCRATCH_SIZE - 512) &&
        !(t->e.mem_access & ACCESS_READ) && !t->bit_string && !vector_index(&t->insn->mem))
        for (unsigned i = 0; i < t->e.mem_bits / 8; i++)
            scratch()[t->ea - STEP_SCRATCH + i] = rng_byte(t->rng);
}

/* ---- checks ---- */

static bool bytes_merge(const uint8_t *a0, const uint8_t *a1, const uint8_t *b0, const uint8_t *b1, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a1[i] != b1[i] && !(a1[i] == a0[i] && b1[i] == b0[i]))
            return false;
    return true;
}

typedef struct Part {
    const uint8_t *a0, *a1, *b0, *b1;
    size_t n;
} Part;

#define PART(t, field, size)                                                                                           \
    (Part)                                                                                                             \
    {                                                                                                                  \
        (const uint8_t *)((t)->a0.field), (const uint8_t *)((t)->a1.field), (const uint8_t *)((t)->b0.field),          \
            (const uint8_t *)((t)->b1.field), size                                                                     \
    }

static void check_part(Trial *t, unsigned reg, Part p)
{
    if (!regset_has(t->e.writes, reg)) {
        if (memcmp(p.a0, p.a1, p.n) != 0)
            finding_reg(t, "not-in-writes", reg, p.a0, p.a1, p.n);
        return;
    }
    bool equal = memcmp(p.a1, p.b1, p.n) == 0;
    if (regset_has(t->e.kills, reg) && !equal)
        finding_reg(t, reads(t, reg) ? "not-in-reads" : "not-killed", reg, p.a1, p.b1, p.n);
    else if (reads(t, reg) && !equal)
        finding_reg(t, "not-in-reads", reg, p.a1, p.b1, p.n);
    else if (!bytes_merge(p.a0, p.a1, p.b0, p.b1, p.n))
        finding_reg(t, "merge", reg, p.a1, p.b1, p.n);
}

static void check_registers(Trial *t)
{
    size_t vector = step_vector_bytes();
    for (unsigned i = 0; i < 16; i++)
        check_part(t, REG_RAX + i, PART(t, gpr + i, 8));
    for (unsigned i = 0; i < (vector == 64 ? 32u : 16u); i++)
        check_part(t, REG_XMM0 + i, PART(t, vec[i], vector));
    for (unsigned i = 0; i < 8 && vector == 64; i++)
        check_part(t, REG_K0 + i, PART(t, k + i, 8));
    for (unsigned i = 0; i < 8; i++)
        check_part(t, (t->mmx ? REG_MM0 : REG_ST0) + i, PART(t, st[i], t->mmx ? 8 : 10));
}

static void check_control(Trial *t)
{
    const State *a = &t->a0, *b = &t->a1;
    if (!regset_has(t->e.writes, REG_MXCSR) && a->mxcsr != b->mxcsr)
        finding_add(t, "not-in-writes/mxcsr", "%x -> %x", a->mxcsr, b->mxcsr);
    if (!regset_has(t->e.writes, REG_FPU) && (a->fcw != b->fcw || a->fsw != b->fsw || a->ftw != b->ftw))
        finding_add(t, "not-in-writes/fpu", "fcw %x -> %x, fsw %x -> %x, tags %x -> %x", a->fcw, b->fcw, a->fsw, b->fsw,
                    a->ftw, b->ftw);
}

static void check_flags(Trial *t)
{
    static const char letters[] = "oszapcd";
    for (int i = 0; i < 7; i++) {
        uint8_t f = (uint8_t)(1 << i);
        uint64_t m = flags_bits(f);
        bool changed = (t->a0.flags ^ t->a1.flags) & m, differ = (t->a1.flags ^ t->b1.flags) & m;
        char key[32];
        if (t->e.flags_undefined & f)
            continue;
        snprintf(key, sizeof key, "%s/%c", t->e.flags_written & f ? "flag-not-in-reads" : "flag-not-in-writes",
                 letters[i]);
        if (!(t->e.flags_written & f) ? changed
                                      : differ && (changed || ((t->b0.flags ^ t->b1.flags) & m) || t->e.flags_read & f))
            finding_add(t, key, "flags A %llx -> %llx, B %llx -> %llx", (unsigned long long)t->a0.flags,
                        (unsigned long long)t->a1.flags, (unsigned long long)t->b0.flags,
                        (unsigned long long)t->b1.flags);
    }
}

/* Stores to where a register points, with no operand that says so. */
static bool implied_store(const Trial *t, uint64_t at)
{
    static const struct {
        const char *name;
        uint8_t reg, bytes;
    } table[] = {
        {"maskmovq", REG_RDI, 8}, {"maskmovdqu", REG_RDI, 16}, {"vmaskmovdqu", REG_RDI, 16}, {"clzero", REG_RAX, 64}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t from = t->a0.gpr[table[i].reg];
        if (strcmp(mnemonic_name(t->insn->mnemonic).text, table[i].name) != 0)
            continue;
        if (t->insn->mem.addr_bits == 32 || (t->insn->prefixes & PREFIX_ADDRSIZE))
            from &= 0xffffffff;
        if (in_span(at, from & ~(uint64_t)(table[i].bytes == 64 ? 63 : 0), table[i].bytes))
            return true;
    }
    return false;
}

/* May the instruction have written the byte at this address? */
static bool may_write(const Trial *t, uint64_t at)
{
    const Insn *insn = t->insn;
    const Operand *di = operand_of(insn, OPERAND_MEM_DI);
    if (operand_of(insn, OPERAND_MEM) && (t->e.mem_access & ACCESS_WRITE)) {
        if (vector_index(&insn->mem) || in_span(at, t->ea, t->e.mem_bits / 8u))
            return true;
        if (t->bit_string && in_span(at, t->ea - 64, 192))
            return true;
    }
    if (di && (di->access & ACCESS_WRITE) && in_span(at, t->a0.gpr[REG_RDI] - 1024, 2048))
        return true;
    if (implied_store(t, at))
        return true;
    return regset_has(t->e.writes, REG_RSP) && in_span(at, t->a1.gpr[REG_RSP], t->a0.gpr[REG_RSP] - t->a1.gpr[REG_RSP]);
}

static void check_memory(Trial *t)
{
    const uint8_t *after = scratch();
    for (size_t i = 0; i < STEP_SCRATCH_SIZE; i++) {
        uint64_t at = STEP_SCRATCH + i;
        bool write = t->mem1[i] != t->mem0[i];
        if (write && !may_write(t, at))
            finding_add(t, "memory-not-in-writes", "at %+lld from the operand, rsp %+lld", (long long)(at - t->ea),
                        (long long)(at - t->a0.gpr[REG_RSP]));
        else if (write && after[i] != t->mem1[i] && !(t->e.mem_access & ACCESS_MAYBE))
            finding_add(t, "memory-not-in-reads", "at %+lld from the operand, rsp %+lld: %02x / %02x",
                        (long long)(at - t->ea), (long long)(at - t->a0.gpr[REG_RSP]), t->mem1[i], after[i]);
    }
}

static void check_flow(Trial *t)
{
    const Insn *insn = t->insn;
    uint64_t next = STEP_CODE + insn->len, rip = t->a1.rip;
    bool direct = operand_of(insn, OPERAND_REL) != NULL, ok = true;
    if (insn->flow == FLOW_NEXT || insn->flow == FLOW_STOP)
        ok = rip == next || (t->repeat && rip == STEP_CODE);
    else if (insn->flow == FLOW_BRANCH)
        ok = rip == next || rip == insn->target;
    else if (direct)
        ok = rip == insn->target;
    if (!ok)
        finding_add(t, insn->prefixes & PREFIX_OPSIZE ? "flow-66" : "flow", "rip %llx, length %d, target %llx",
                    (unsigned long long)rip, insn->len, (unsigned long long)insn->target);
    if (rip != t->b1.rip)
        finding_add(t, "flow-not-in-reads", "rip %llx / %llx", (unsigned long long)rip, (unsigned long long)t->b1.rip);
}

/* ---- one pair of runs ---- */

static bool trial_pair(Trial *t)
{
    state_random(t, &t->a0);
    memory_tame(t);
    pointers_place(t, &t->a0);
    memcpy(t->mem0, scratch(), sizeof t->mem0);
    StepEnd end = step_run(&t->a0, t->code, t->insn->len, t->repeat, &t->a1);
    memcpy(t->mem1, scratch(), sizeof t->mem1);
    t->out->ends[end]++;
    if (end != STEP_DONE)
        return false;
    memcpy(scratch(), t->mem0, sizeof t->mem0);
    t->b0 = t->a0;
    state_vary(t, &t->b0);
    end = step_run(&t->b0, t->code, t->insn->len, t->repeat, &t->b1);
    t->out->done++;
    if (end != STEP_DONE) {
        finding_add(t, "fault-not-in-reads", "the second state ends in %d", (int)end);
        return true;
    }
    check_registers(t);
    check_control(t);
    check_flags(t);
    check_memory(t);
    check_flow(t);
    return true;
}

static bool uses_mmx(const Trial *t)
{
    for (unsigned i = 0; i < 8; i++)
        if (regset_has(t->e.reads, REG_MM0 + i) || regset_has(t->e.writes, REG_MM0 + i))
            return true;
    return false;
}

void trial_run(const uint8_t *code, const Insn *insn, uint64_t states, Rng *rng, TrialResult *out)
{
    static Trial t;
    uint64_t done = 0;
    memset(&t, 0, sizeof t);
    t.code = code, t.insn = insn, t.rng = rng, t.out = out;
    insn_effects(insn, &t.e);
    t.mmx = uses_mmx(&t);
    t.repeat = (insn->prefixes & (PREFIX_REP | PREFIX_REPNE)) &&
               (operand_of(insn, OPERAND_MEM_SI) || operand_of(insn, OPERAND_MEM_DI));
    t.bit_string = is_bit_string(insn);
    t.ea = STEP_SCRATCH;
    for (uint64_t i = 0; i < 4 * states && done < states; i++) {
        done += trial_pair(&t);
        if (i == 8 && done == 0 && out->ends[STEP_ILLEGAL] > 8)
            return; /* not on this processor */
    }
}
