/* analysis/carve.c - see carve.h. */
#include "analysis/carve.h"

#include <string.h>

#include "analysis/summary.h"

/* TABLE_MAX: of a table so many entries are read; of all tables so many as TABLES_BASE and TABLES_BYTE for each byte of code. */
enum { INT3 = 0xcc, FUNCTION_ALIGN = 16, TABLE_MAX = 1024, TABLES_BASE = 256, TABLES_BYTE = 8 };

typedef struct Carve {
    const Image *image;
    Addr start, limit;
    Addr furthest;   /* a branch goes there */
    Addr table;      /* constant memory whose address was taken last; 0: none */
    uint64_t bounds; /* what a register was last compared with */
    uint64_t read;   /* entries of tables */
} Carve;

static void reach(Carve *c, Addr target)
{
    if (target >= c->start && target < c->limit && target > c->furthest)
        c->furthest = target;
}

/* How many entries of a table to read that is jumped through at pc. */
static uint64_t table_entries(Carve *c, Addr pc)
{
    uint64_t n = c->bounds < TABLE_MAX ? c->bounds + 1 : TABLE_MAX, most = TABLES_BASE + TABLES_BYTE * (pc - c->start);
    n = n < most - c->read ? n : most - c->read;
    c->read += n;
    return n;
}

/* Distances from the table, 4 bytes each; or addresses. */
static void reach_table(Carve *c, Addr table, uint64_t n, bool distances)
{
    Addr target;
    for (uint64_t i = 0; i < n; i++) {
        if (!image_number(c->image, table + (distances ? 4 : 8) * i, distances ? 32 : 64, &target))
            return;
        target = distances ? table + (uint64_t)(int64_t)(int32_t)target : target;
        if (target < c->start || target >= c->limit)
            return;
        reach(c, target);
    }
}

static void jump_note(Carve *c, const Insn *insn)
{
    const Operand *op = &insn->op[0];
    if (op->kind == OPERAND_REL)
        reach(c, insn->target);
    else if (op->kind == OPERAND_MEM && insn->mem.base == REG_NONE && insn->mem.index != REG_NONE)
        reach_table(c, (Addr)insn->mem.disp, table_entries(c, insn->pc), false);
    else if (op->kind == OPERAND_REG && c->table)
        reach_table(c, c->table, table_entries(c, insn->pc), true);
}

static void insn_note(Carve *c, const Insn *insn)
{
    uint64_t addr;
    if (insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH)
        jump_note(c, insn);
    else if (insn->mnemonic == MN_CMP && insn->op[1].kind == OPERAND_IMM)
        c->bounds = insn->imm;
    else if (insn->mnemonic == MN_LEA && insn->mem.base == REG_RIP && insn_mem_address(insn, &addr) &&
             !image_is_code(c->image, addr) && image_is_constant(c->image, addr))
        c->table = addr;
}

/* Does a function begin here, by its look? */
static bool is_prologue(const uint8_t *p, size_t n)
{
    static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa}, push_r14[] = {0x41, 0x56}, push_r15[] = {0x41, 0x57};
    return n >= 4 &&
           (p[0] == 0x55 || memcmp(p, endbr64, 4) == 0 || memcmp(p, push_r14, 2) == 0 || memcmp(p, push_r15, 2) == 0);
}

/* A call of what is known not to return; and one behind which a function begins, or padding does, is one too. */
static bool ends_with_call(const Program *p, const Insn *insn, const uint8_t *after, size_t n)
{
    Addr next = insn->pc + insn->len;
    if (insn->flow != FLOW_CALL || !n)
        return false;
    return *after == INT3 || (next % FUNCTION_ALIGN == 0 && is_prologue(after, n)) ||
           (insn->op[0].kind == OPERAND_REL && summary_named_noreturn(p, insn->target));
}

Addr carve_end(const Program *p, Addr start, Addr limit, CarveSee *see, void *context)
{
    Carve c = {.image = &p->image, .start = start, .limit = limit, .furthest = start};
    Bytes code;
    Addr pc = start;
    if (!image_bytes(&p->image, start, &code))
        return start;
    size_t n = code.n < limit - start ? code.n : (size_t)(limit - start);
    for (bool on = true; on && pc - start < n;) {
        Insn insn;
        size_t at = (size_t)(pc - start);
        int len = insn_decode(code.p + at, n - at, pc, &insn);
        if (len <= 0)
            return pc;
        insn_note(&c, &insn);
        if (see)
            see(context, &insn);
        pc += (unsigned)len;
        at += (unsigned)len;
        bool passes = insn.flow == FLOW_NEXT || insn.flow == FLOW_BRANCH || insn.flow == FLOW_CALL;
        on = c.furthest >= pc || (passes && !ends_with_call(p, &insn, code.p + at, n - at));
    }
    return pc;
}

/* Zeroes up to a multiple of 16, as between sections; 0: none. */
static size_t zeroes(const uint8_t *p, size_t n, Addr at)
{
    size_t want = (size_t)(-at % FUNCTION_ALIGN), i = 0;
    while (i < want && i < n && p[i] == 0)
        i++;
    return i == want ? i : 0;
}

Addr carve_padding(const Image *image, Addr at, Addr limit)
{
    Bytes code;
    if (at >= limit || !image_bytes(image, at, &code))
        return limit;
    size_t n = code.n < limit - at ? code.n : (size_t)(limit - at), i = 0;
    for (Insn insn; i < n;) {
        size_t none = zeroes(code.p + i, n - i, at + i);
        int len = none ? (int)none : insn_decode(code.p + i, n - i, at + i, &insn);
        if (len <= 0 || (!none && insn.mnemonic != MN_NOP && insn.mnemonic != MN_INT3))
            break;
        i += (size_t)len;
    }
    return at + i;
}

/* Code before `at` that jumps may lead back to. */
typedef struct Back {
    Addr from, at;
    bool found;
} Back;

static void back_see(void *context, const Insn *insn)
{
    Back *b = context;
    bool jumps = insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH;
    b->found |= jumps && insn->op[0].kind == OPERAND_REL && insn->target > b->from && insn->target < b->at;
}

bool carve_given(const Program *p, Addr at)
{
    enum { NOT_GIVEN = 1u << REG_RAX | (ABI_KEPT & ~(1u << REG_RSP)) };
    Insn insn;
    Effects effects;
    if (!program_insn(p, at, &insn))
        return false;
    insn_effects(&insn, &effects);
    return insn.mnemonic == MN_PUSH || !(effects.reads.w[0] & NOT_GIVEN);
}

bool carve_begins(const Program *p, Addr from, Addr at, Addr limit)
{
    Back back = {from, at, false};
    if (!carve_given(p, at))
        return false;
    carve_end(p, at, limit, back_see, &back);
    return !back.found;
}
