/* tests/valued.h - a function of a few instructions and the values in it, for the tests of what they are. */
#ifndef LVSCAN_TESTS_VALUED_H
#define LVSCAN_TESTS_VALUED_H

#include "analysis/values.h"
#include "tests/elf_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(a) (a), sizeof(a) - 1
enum { CODE = 0x1000 };

typedef struct Valued {
    Bytes file;
    Program program;
    Arena arena;
    Function function;
    Body body;
    Values values;
} Valued;

static inline void valued_open_file(Valued *t, Bytes file, Callees callees)
{
    *t = (Valued){.file = file};
    assert_true(program_open(&t->program, t->file, &(Diag){0}));
    assert_true(program_function(&t->program, CODE, &t->function));
    assert_true(body_build(&t->body, &t->program, &t->function, callees, &t->arena, &(Diag){0}));
    assert_true(values_open(&t->values, &t->body, &t->arena));
}

static inline void valued_open(Valued *t, const void *code, size_t n)
{
    valued_open_file(t, elf_of_function(CODE, code, n), (Callees){.depth = 0});
}

/* From `second` on it is another function, which is read when it is called. */
static inline void valued_open_two(Valued *t, const void *code, size_t n, size_t second)
{
    const Part functions[] = {{CODE, CODE + second}, {CODE + second, CODE + n}};
    valued_open_file(t, elf_of_functions(CODE, code, n, functions, 2), (Callees){.depth = 1});
}

static inline void valued_close(Valued *t)
{
    arena_free(&t->arena);
    program_close(&t->program);
    free((void *)(uintptr_t)t->file.p);
}

static inline uint32_t step_at(const Valued *t, unsigned offset)
{
    uint32_t step = body_step_at(&t->body, CODE + offset);
    assert_int_not_equal(step, UINT32_MAX);
    return step;
}

/* The value of the cell before the step there. */
static inline ValueId value_at(Valued *t, unsigned offset, Cell c)
{
    ValueId id = values_before(&t->values, step_at(t, offset), c);
    assert_int_not_equal(id, VALUE_NONE);
    return id;
}

/* Is it what `argument` held when the function began? */
static inline bool holds(Valued *t, unsigned offset, Cell c, Cell argument)
{
    ValueId id = value_at(t, offset, c);
    const Value *value = &t->values.values[id];
    return value->kind == VALUE_ARGUMENT && value->cell == argument;
}

#endif
