/* cli/trace_verify.c - see trace_verify.h. */
#include "cli/trace_verify.h"

enum { STEPS_MAX = 8, RFLAGS_CF = 1 << 0, RFLAGS_ZF = 1 << 6, RFLAGS_SF = 1 << 7, RFLAGS_OF = 1 << 11 };

static uint64_t low_bits(uint64_t v, unsigned bits) { return bits >= 64 ? v : v & (((uint64_t)1 << bits) - 1); }

/* Does control run from the instruction at `from` straight to `to`, with the flags that the first one made? */
static bool flags_reach(Program *program, Addr from, Addr to)
{
    Insn insn;
    for (unsigned i = 0; i < STEPS_MAX && from < to; i++) {
        Effects effects;
        if (!program_insn(program, from, &insn) || insn.flow != FLOW_NEXT)
            return false;
        insn_effects(&insn, &effects);
        if (i > 0 && (effects.flags_written || effects.flags_undefined))
            return false;
        from += insn.len;
    }
    return from == to;
}

/* `cmp $k, R` of the very register and width that is read: then all its flags are known. */
static bool is_whole(const Insn *insn, const Location *l)
{
    return insn->mnemonic == MN_CMP && insn->op[0].kind == OPERAND_REG && !insn->op[0].high &&
           insn->op[1].kind == OPERAND_IMM && l->kind == LOCATION_REG && l->addend == 0 && insn->op[0].reg == l->reg &&
           insn->op[0].bits == l->bits;
}

/* An equality with the constant, which the instruction at pc asks the zero flag for. (A `jb` after `cmp $1` asks for 0, too.) */
static bool is_equality(Program *program, const Site *s, Addr pc)
{
    enum { CC_EQUAL = 4, CC_NOT_EQUAL = 5 };
    Insn insn;
    return (s->relation == RELATION_EQ || s->relation == RELATION_NE) && s->via <= VIA_MEMORY &&
           program_insn(program, pc, &insn) && (insn.cc == CC_EQUAL || insn.cc == CC_NOT_EQUAL);
}

bool flag_check_find(FlagCheck *out, Program *program, const Variable *v, Addr pc, const Location *location)
{
    *out = (FlagCheck){0};
    for (size_t i = 0; i < v->nsites && !out->compare; i++) {
        const Site *s = &v->sites[i];
        Insn insn;
        if (s->pc >= pc || !flags_reach(program, s->pc, pc) || !program_insn(program, s->pc, &insn))
            continue;
        if (is_whole(&insn, location))
            *out = (FlagCheck){s->pc, low_bits(insn.imm, location->bits), location->bits, true};
        else if (is_equality(program, s, pc) && v->width >= s->location.bits && location->bits >= s->location.bits)
            *out = (FlagCheck){s->pc, low_bits(s->constant, s->location.bits), s->location.bits, false};
    }
    return out->compare != 0;
}

bool flag_check_holds(const FlagCheck *check, uint64_t value, uint64_t flags)
{
    uint64_t a = low_bits(value, check->bits), d = low_bits(a - check->with, check->bits);
    unsigned top = check->bits - 1u;
    bool overflow = ((a ^ check->with) & (a ^ d)) >> top & 1;
    if (((flags & RFLAGS_ZF) != 0) != (d == 0))
        return false;
    return !check->whole || (((flags & RFLAGS_CF) != 0) == (a < check->with) &&
                             ((flags & RFLAGS_SF) != 0) == (d >> top & 1) && ((flags & RFLAGS_OF) != 0) == overflow);
}
