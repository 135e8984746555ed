/* analysis/names.c - the words of CONTRACT.md for the analysis's small closed sets. */
#include "analysis/function.h"
#include "analysis/real.h"
#include "analysis/variable.h"

#define NAME_OF(list, i) ((i) < sizeof(list) / sizeof *(list) ? (list)[i] : "?")

const char *found_by_name(unsigned found_by)
{
    static const char *const names[] = {"symtab", "dynsym",  "eh_frame", "pclntab", "entry",
                                        "init",   "pointer", "call",     "jump",    "padding"};
    return NAME_OF(names, found_by);
}

const char *proof_name(unsigned proof)
{
    static const char *const names[] = {"?", "exact", "callees", "abi", "frame", "partial"};
    return NAME_OF(names, proof);
}

const char *def_kind_name(unsigned kind)
{
    static const char *const names[] = {"argument", "load", "call", "compute", "merge"};
    return NAME_OF(names, kind);
}

const char *relation_name(unsigned relation)
{
    static const char *const names[] = {"==", "!=", "<", "<=", ">", ">=", "case"};
    return NAME_OF(names, relation);
}

const char *via_name(unsigned via)
{
    static const char *const names[] = {"immediate", "register", "call",   "memory",
                                        "switch",    "range",    "bitset", "derived"};
    return NAME_OF(names, via);
}

const char *sign_name(unsigned sign)
{
    static const char *const names[] = {"unknown", "signed", "unsigned"};
    return NAME_OF(names, sign);
}

const char *cost_name(unsigned cost)
{
    static const char *const names[] = {"emulated", "stepped"};
    return NAME_OF(names, cost);
}

const char *coverage_name(unsigned coverage)
{
    static const char *const names[] = {"once", "some", "many"};
    return NAME_OF(names, coverage);
}

double variable_real(const Variable *v, uint64_t constant) { return real_number(constant, v->width); }

int64_t variable_constant(const Variable *v, uint64_t constant)
{
    unsigned bits = v->width && v->width < 64 ? v->width : 64;
    uint64_t low = bits == 64 ? constant : constant & (((uint64_t)1 << bits) - 1);
    bool negative = v->sign != SIGN_UNSIGNED && bits < 64 && (low >> (bits - 1));
    return (int64_t)(negative ? low | ~(((uint64_t)1 << bits) - 1) : low);
}
