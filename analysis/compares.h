/* analysis/compares.h - where a value meets a constant: the raw compares of a function. */
#ifndef LVSCAN_ANALYSIS_COMPARES_H
#define LVSCAN_ANALYSIS_COMPARES_H

#include "analysis/values.h"
#include "analysis/variable.h"

/* The address of a memory operand that is no stack slot, as values before its step. */
typedef struct MemKey {
    ValueId base, index; /* VALUE_NONE: none */
    int64_t disp;        /* with neither base nor index: the address */
    uint8_t scale;
    uint8_t segment; /* REG_FS, REG_GS or REG_NONE */
} MemKey;

/* "value <relation> k" in `bits`, tested by the step. */
typedef struct Compare {
    uint32_t step; /* the comparing instruction */
    ValueId value; /* VALUE_NONE: the memory `key` is compared */
    MemKey key;
    uint64_t k; /* zero-extended from bits */
    uint8_t bits;
    uint8_t relation; /* Relation */
    uint8_t via;      /* Via */
    uint8_t sign;     /* Sign: what the condition says */
    bool real;        /* k is the encoding of a float or double, and so is the value */
    bool unlikely;    /* the source may have said something else: only for who asks for k */
} Compare;

typedef struct Compares {
    Compare *items; /* by step */
    size_t n, cap;
    Arena *arena;
    bool failed;
} Compares;

/* Finds every compare with a constant in v's body: flags and their readers, jump tables, bit sets. */
bool compares_find(Compares *out, Values *v, Arena *arena);

bool mem_key_same(const MemKey *a, const MemKey *b);

/* The key of step's memory operand. */
MemKey compare_mem_key(Values *v, uint32_t step);

#endif
