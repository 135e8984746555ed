/* fuzz/fuzz_decode.c - raw bytes through the decoder, from every offset, with what x86/insn.h promises checked: lengths, truncation,
 * operands, effects, targets, text. An input is many decodes: how many all were is said at the end ("decodes: N"). */
#include "fuzz/require.h"
#include "x86/insn.h"

#include <string.h>

enum { OFFSETS_MAX = 64 };

static unsigned long long decodes; /* for the count alone */

static void say_decodes(void) { fprintf(stderr, "decodes: %llu\n", decodes); }

static int decode(const uint8_t *p, size_t n, uint64_t pc, Insn *insn)
{
    if (decodes++ == 0 && atexit(say_decodes) != 0)
        abort();
    return insn_decode(p, n, pc, insn);
}

static void check_operands(const Insn *insn)
{
    require(insn->nops <= INSN_MAX_OPERANDS);
    for (unsigned i = insn->nops; i < 2; i++)
        require(insn->op[i].kind == OPERAND_NONE);
    require(insn->nops || (insn->flow != FLOW_JUMP && insn->flow != FLOW_BRANCH && insn->flow != FLOW_CALL));
    for (unsigned i = 0; i < insn->nops; i++) {
        const Operand *o = &insn->op[i];
        require(o->kind >= OPERAND_REG && o->kind <= OPERAND_MEM_AT);
        require(o->kind != OPERAND_REG || (o->reg < REG_NONE && reg_name(o->reg)[0] != '?'));
        require(!o->high || (o->kind == OPERAND_REG && o->reg < 4 && o->bits == 8));
        if (o->kind != OPERAND_MEM)
            continue;
        const Mem *m = &insn->mem;
        require(m->scale == 1 || m->scale == 2 || m->scale == 4 || m->scale == 8);
        require(m->base < 32 || m->base == REG_RIP || m->base == REG_NONE);
        require(m->addr_bits == 64 || m->addr_bits == 32);
    }
}

static void check_effects(const Insn *insn)
{
    Effects e;
    memset(&e, 0xa5, sizeof e);
    insn_effects(insn, &e);
    require((e.kills.w[0] & ~e.writes.w[0]) == 0 && (e.kills.w[1] & ~e.writes.w[1]) == 0);
    require((e.flags_written & e.flags_undefined) == 0);
    require(((e.flags_read | e.flags_written | e.flags_undefined) & 0x80) == 0);
    require(insn->flow <= FLOW_STOP && (insn->cc <= 15 || insn->cc == 0xff));
    require(insn->mnemonic != MN_INVALID && mnemonic_name(insn->mnemonic).text[0]);
}

static void check_text(const Insn *insn, Syntax syntax)
{
    char text[INSN_TEXT_MAX], cut[16];
    size_t n = insn_text(insn, syntax, text, sizeof text);
    require(n > 0 && n < sizeof text - 1 && text[n] == 0);
    for (size_t i = 0; i < n; i++)
        require(text[i] >= ' ' && text[i] <= '~');
    size_t room = 1 + insn->len % sizeof cut, short_n = insn_text(insn, syntax, cut, room);
    require(short_n == (n < room ? n : room - 1) && memcmp(cut, text, short_n) == 0 && cut[short_n] == 0);
}

/* A target moves along with the instruction, unless it is absolute (APX's jmpabs); nothing else of it does. */
static void check_moved(const uint8_t *p, const Insn *insn)
{
    Insn moved;
    uint64_t at, moved_at;
    require(decode(p, insn->len, insn->pc + 0x1000, &moved) == insn->len);
    bool relative = false;
    for (unsigned i = 0; i < insn->nops; i++)
        relative |= insn->op[i].kind == OPERAND_REL;
    if (relative)
        require(moved.target - insn->target == (insn->mnemonic == MN_JMPABS ? 0 : 0x1000) &&
                insn->op[0].kind == OPERAND_REL);
    if (insn_mem_address(insn, &at)) {
        require(insn_mem_address(&moved, &moved_at));
        uint64_t by = insn->mem.base == REG_RIP ? 0x1000 : 0;
        require(insn->mem.addr_bits == 32 || moved_at - at == by);
    }
}

/* Fewer bytes than the instruction has are "truncated"; for one length, in a block that ends where they do. */
static void check_truncated(const uint8_t *p, const Insn *insn)
{
    Insn again;
    for (unsigned n = 0; n < insn->len; n++)
        require(decode(p, n, insn->pc, &again) == INSN_TRUNCATED);
    require(insn->len > 0);
    size_t n = p[insn->len - 1] % insn->len;
    uint8_t *copy = malloc(n + !n);
    require(copy);
    memcpy(copy, p, n);
    require(decode(copy, n, insn->pc, &again) == INSN_TRUNCATED);
    free(copy);
}

static void check_at(const uint8_t *p, size_t n, uint64_t pc)
{
    Insn insn;
    memset(&insn, 0xa5, sizeof insn);
    int len = decode(p, n, pc, &insn);
    if (len < 0) {
        require(len == INSN_INVALID || (len == INSN_TRUNCATED && n < INSN_MAX_LEN));
        return;
    }
    require(len >= 1 && len <= INSN_MAX_LEN && (size_t)len <= n && insn.len == len && insn.pc == pc);
    check_operands(&insn);
    check_effects(&insn);
    check_text(&insn, SYNTAX_ATT);
    check_text(&insn, SYNTAX_INTEL);
    check_moved(p, &insn);
    check_truncated(p, &insn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size && at < OFFSETS_MAX; at++)
        check_at(data + at, size - at, 0x400000 + at);
    Insn insn;
    require(decode(data, 0, 0, &insn) == INSN_TRUNCATED);
    return 0;
}
