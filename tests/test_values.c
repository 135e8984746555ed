/* tests/test_values.c - what values are found to be, and what is said when the time for it is used up: analysis/values.c. */
#include "analysis/frame.h"
#include "analysis/variable.h"
#include "tests/valued.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Code whose last instruction is a ret of one byte: is all of rax above the low 8 bits, the low 32 bits zero there? */
static void fits(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        bool fits8, fits32;
    } cases[] = {
        {"and $15,%eax", TEXT("\x83\xe0\x0f\xc3"), true, true},
        {"and $0xfff,%eax", TEXT("\x25\xff\x0f\0\0\xc3"), false, true},
        {"sar %eax", TEXT("\xd1\xf8\xc3"), false, true},
        {"sar %rax", TEXT("\x48\xd1\xf8\xc3"), false, false},
        {"movsbl %dil,%eax", TEXT("\x40\x0f\xbe\xc7\xc3"), false, true},
        {"movzbl %dil,%eax", TEXT("\x40\x0f\xb6\xc7\xc3"), true, true},
        {"xor %eax,%eax; mov %dil,%al", TEXT("\x31\xc0\x40\x88\xf8\xc3"), true, true},
        {"xor %eax,%eax; mov %di,%ax", TEXT("\x31\xc0\x66\x89\xf8\xc3"), false, true},
        {"mov %dil,%al: an argument's rest", TEXT("\x40\x88\xf8\xc3"), false, false},
        {"nothing writes it", TEXT("\x90\xc3"), false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Valued t;
        valued_open(&t, cases[i].code, cases[i].n);
        ValueId id = value_at(&t, (unsigned)cases[i].n - 1, REG_RAX);
        if (value_fits(&t.values, id, 8) != cases[i].fits8 || value_fits(&t.values, id, 32) != cases[i].fits32)
            fail_msg("%s", cases[i].what);
        assert_true(value_fits(&t.values, id, 64));
        valued_close(&t);
    }
}

/* xor %eax,%eax; so many times mov %dil,%al; ret: does all of it fit 8 bits? */
static bool writes_fit(unsigned writes)
{
    uint8_t code[256] = "\x31\xc0";
    size_t n = 2;
    Valued t;
    for (unsigned i = 0; i < writes; i++, n += 3)
        memcpy(code + n, "\x40\x88\xf8", 3);
    code[n++] = 0xc3;
    valued_open(&t, code, n);
    bool fit = value_fits(&t.values, value_at(&t, (unsigned)n - 1, REG_RAX), 8);
    valued_close(&t);
    return fit;
}

/* So many arms: dec %esi; jne over the arm; mov $arm,%eax; jmp to the end; then xor %eax,%eax; the end is a ret. */
static bool arms_fit(unsigned arms)
{
    enum { ARM = 14 };
    uint8_t code[ARM * 64 + 3];
    Valued t;
    for (unsigned i = 0; i < arms; i++) {
        uint8_t *p = code + ARM * i;
        uint32_t distance = ARM * (arms - i - 1) + 2;
        memcpy(p, "\xff\xce\x75\x0a\xb8????\xe9", 10);
        memcpy(p + 5, &(uint32_t){i}, 4);
        memcpy(p + 10, &distance, 4);
    }
    memcpy(code + ARM * arms, "\x31\xc0\xc3", 3);
    valued_open(&t, code, ARM * arms + 3);
    bool fit = value_fits(&t.values, value_at(&t, ARM * arms + 2, REG_RAX), 8);
    valued_close(&t);
    return fit;
}

/* What is made of more values than are looked at may be anything. */
static void fits_no_more(void **state)
{
    (void)state;
    assert_true(writes_fit(40));
    assert_false(writes_fit(60));
    assert_true(arms_fit(40));
    assert_false(arms_fit(60));
}

/* A constant that a copy cuts is another number: none that was meant. */
static void constants_copied(void **state)
{
    static const struct {
        const char *what, *code;
        size_t n;
        bool known;
        uint64_t k;
    } cases[] = {
        {"mov $30000,%ecx; mov %ecx,%eax", TEXT("\xb9\x30\x75\0\0\x89\xc8\xc3"), true, 30000},
        {"mov $0x1ff,%ecx; movzbl %cl,%eax", TEXT("\xb9\xff\x01\0\0\x0f\xb6\xc1\xc3"), false, 0},
        {"mov $-5,%rcx; movslq %ecx,%rax", TEXT("\x48\xc7\xc1\xfb\xff\xff\xff\x48\x63\xc1\xc3"), true, (uint64_t)-5},
        {"mov $-5,%rcx; mov %ecx,%eax", TEXT("\x48\xc7\xc1\xfb\xff\xff\xff\x89\xc8\xc3"), true, 0xfffffffb},
        {"mov $-128,%ecx; movsbl %cl,%eax", TEXT("\xb9\x80\xff\xff\xff\x0f\xbe\xc1\xc3"), true, 0xffffff80},
        {"mov $-129,%ecx; movsbl %cl,%eax", TEXT("\xb9\x7f\xff\xff\xff\x0f\xbe\xc1\xc3"), false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Valued t;
        uint64_t k;
        uint8_t via;
        valued_open(&t, cases[i].code, cases[i].n);
        bool known = values_constant(&t.values, value_at(&t, (unsigned)cases[i].n - 1, REG_RAX), &k, &via);
        if (known != cases[i].known || (known && k != cases[i].k))
            fail_msg("%s: %d, 0x%llx", cases[i].what, known, (unsigned long long)k);
        valued_close(&t);
    }
}

/* mov %ds,%eax; mov %ah,%cl; mov %edi,%edx; mov %rsi,%rbx; ret */
static void asked_directly(void **state)
{
    Valued t;
    (void)state;
    valued_open(&t, TEXT("\x8c\xd8\x88\xe1\x89\xfa\x48\x89\xf3\xc3"));
    assert_int_equal(values_operand_cell(&t.values, 0, 0), REG_RAX);
    assert_int_equal(values_operand_cell(&t.values, 0, 1), CELL_NONE); /* a segment's register */
    assert_int_equal(values_operand_cell(&t.values, 1, 1), CELL_NONE); /* not the low bits of a register */
    assert_int_equal(values_operand_cell(&t.values, 2, 0), REG_RDX);
    assert_int_equal(values_operand_cell(&t.values, 2, 5), CELL_NONE);
    assert_int_equal(values_before(&t.values, 2, CELL_NONE), VALUE_NONE);
    assert_int_equal(values_link(&t.values, VALUE_NONE).kind, MOVE_NONE);
    ValueId edi = value_at(&t, 0, REG_RDI), copy = values_after(&t.values, 2, REG_RDX);
    assert_int_equal(values_link(&t.values, edi).kind, MOVE_NONE);
    assert_false(value_is_zero_extended(&t.values, edi)); /* an argument may have anything above */
    assert_true(value_is_zero_extended(&t.values, copy));
    assert_int_equal(values_link(&t.values, copy).base, edi);
    assert_int_equal(values_after(&t.values, 3, REG_RBX),
                     value_at(&t, 0, REG_RSI)); /* a whole copy is what it copies */
    valued_close(&t);
}

/* push %rdi; test %esi,%esi; je over the nop; nop; pop %rax; and that again, three times; ret: through joins, rax is what rdi was. */
static void time_used_up(void **state)
{
    static const char code[] =
        "\x57\x85\xf6\x74\x01\x90\x58\x50\x85\xf6\x74\x01\x90\x58\x50\x85\xf6\x74\x01\x90\x58\xc3";
    unsigned nothing = 0, join = 0, argument = 0;
    (void)state;
    for (uint64_t budget = 0; budget < 64; budget++) {
        Valued t;
        valued_open(&t, TEXT(code));
        t.values.budget = budget;
        ValueId id = values_before(&t.values, step_at(&t, sizeof code - 2), REG_RAX);
        assert_int_equal(id == VALUE_NONE, t.values.failed);
        assert_true(!argument || !t.values.failed); /* more time never tells less */
        if (id == VALUE_NONE) {
            nothing++;
            assert_int_equal(values_before(&t.values, 1, REG_RDI), VALUE_NONE); /* from now on */
            assert_int_equal(values_after(&t.values, 1, REG_RCX), VALUE_NONE);
        } else if (t.values.values[id].kind == VALUE_PHI) {
            join++;
        } else {
            assert_int_equal(t.values.values[id].kind, VALUE_ARGUMENT);
            assert_int_equal(t.values.values[id].cell, REG_RDI);
            argument++;
        }
        valued_close(&t);
    }
    assert_true(nothing && join && argument);
}

/* mov $5,%eax; test %esi,%esi; je over the nop; nop; ret: what is known by then is no answer once the time is used up. */
static void known_too_late(void **state)
{
    Valued t;
    uint64_t k;
    uint8_t via;
    (void)state;
    valued_open(&t, TEXT("\xb8\x05\0\0\0\x85\xf6\x74\x01\x90\xc3"));
    ValueId five = value_at(&t, 5, REG_RAX);
    assert_true(values_constant(&t.values, five, &k, &via) && k == 5);
    t.values.budget = 0;
    assert_int_equal(values_before(&t.values, step_at(&t, 10), REG_RAX), VALUE_NONE);
    assert_true(t.values.failed);
    assert_false(values_constant(&t.values, five, &k, &via));
    valued_close(&t);
}

/* call f; mov $7,%ecx; ret; f: mov $7,%eax; ret: both are 7, but only one was moved there by an instruction of the function. */
static void constant_of_a_call(void **state)
{
    static const char code[] = "\xe8\x06\0\0\0\xb9\x07\0\0\0\xc3\xb8\x07\0\0\0\xc3";
    Valued t;
    uint64_t k;
    uint8_t via;
    (void)state;
    valued_open_two(&t, TEXT(code), 11);
    ValueId result = value_at(&t, 10, REG_RAX), moved = value_at(&t, 10, REG_RCX);
    assert_true(values_constant(&t.values, result, &k, &via) && k == 7);
    assert_int_equal(via, VIA_CALL);
    assert_false(values_moved(&t.values, result, &k));
    assert_true(values_moved(&t.values, moved, &k) && k == 7);
    valued_close(&t);
}

/* and $-16,%rsp, more often than stacks are told apart. */
static void many_stacks(void **state)
{
    enum { MANY = 300 };
    uint8_t code[4 * MANY + 1];
    Valued t;
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        memcpy(code + 4 * i, "\x48\x83\xe4\xf0", 4);
    code[4 * MANY] = 0xc3;
    valued_open(&t, code, sizeof code);
    for (unsigned i = 0; i <= MANY; i++) {
        StackAddr rsp = t.values.frames[i].rsp;
        assert_int_equal(rsp.base, i < STACK_UNKNOWN ? i : STACK_UNKNOWN);
        assert_true(rsp.base == STACK_UNKNOWN || rsp.off == 0);
    }
    valued_close(&t);
}

static ValueKind kind_at(Valued *t, unsigned offset, Cell c)
{
    ValueId id = value_at(t, offset, c);
    return t->values.values[id].kind;
}

/* test %edi,%edi; je to the loop; mov %rdi,-8(%rsp); ret; the loop: nop; dec %esi; jne to the nop; dec %ecx; jne to the nop; ret.
 * When the je is taken away from the body, nothing leads to the loop, or only itself: what was stored elsewhere is not what the slot holds. */
static void nothing_leads_there(void **state)
{
    enum { LOOP = 10, END = 19 };
    Valued t;
    (void)state;
    valued_open(&t, TEXT("\x85\xff\x74\x06\x48\x89\x7c\x24\xf8\xc3\x90\xff\xce\x75\xfb\xff\xc9\x75\xf7\xc3"));
    assert_true(holds(&t, LOOP, REG_RDX, REG_RDX));
    uint32_t at = body_block_of(&t.body, step_at(&t, LOOP));
    Block *entry = &t.body.blocks[t.body.entry], *loop = &t.body.blocks[at];
    assert_int_equal(loop->npred, 3);
    assert_int_equal(entry->nsucc, 2);
    for (uint32_t i = 0; i + 1 < loop->npred; i++)
        if (loop->pred[i].block == t.body.entry)
            loop->pred[i] = loop->pred[loop->npred - 1];
    entry->succ[0] = entry->succ[entry->succ[0].block == at];
    entry->nsucc = 1;
    for (unsigned itself = 0; itself < 2; itself++) {
        loop->npred = 2 * itself;
        assert_true(values_open(&t.values, &t.body, &t.arena));
        Cell slot = slot_at(&t.values, (StackAddr){.off = -8});
        assert_int_not_equal(slot, CELL_NONE);
        assert_int_equal(kind_at(&t, END, slot), itself ? VALUE_PHI : VALUE_PAD);
        if (itself)
            continue;
        assert_int_equal(kind_at(&t, END, REG_RDX), VALUE_PAD);
        assert_false(step_untouched(&t.values, step_at(&t, END), REG_RDX));
    }
    valued_close(&t);
}

/* Such a loop with a second entry: others may come in there with anything. */
static void others_come_in(void **state)
{
    Valued t;
    (void)state;
    valued_open(&t, TEXT("\x85\xff\x74\x01\xc3\x90\xff\xce\x75\xfb\xc3"));
    t.body.blocks[body_block_of(&t.body, step_at(&t, 5))].foreign = true;
    assert_true(values_open(&t.values, &t.body, &t.arena));
    assert_false(step_untouched(&t.values, step_at(&t, 10), REG_RDX));
    assert_int_equal(kind_at(&t, 10, REG_RDX), VALUE_PAD);
    assert_true(holds(&t, 4, REG_RDX, REG_RDX));
    valued_close(&t);
}

/* The same, where the unwinder leads to the loop from the entry: it keeps some registers. */
static void unwinder_leads_there(void **state)
{
    Valued t;
    (void)state;
    valued_open(&t, TEXT("\x85\xff\x74\x01\xc3\x90\xff\xce\x75\xfb\xc3"));
    t.body.blocks[body_block_of(&t.body, step_at(&t, 5))].pad = true;
    assert_true(values_open(&t.values, &t.body, &t.arena));
    assert_false(step_untouched(&t.values, step_at(&t, 10), REG_RDX));
    assert_int_equal(kind_at(&t, 10, REG_RDX), VALUE_PAD);
    assert_true(step_untouched(&t.values, step_at(&t, 10), REG_RBX));
    assert_true(holds(&t, 10, REG_RBX, REG_RBX));
    valued_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits),
        cmocka_unit_test(fits_no_more),
        cmocka_unit_test(constants_copied),
        cmocka_unit_test(asked_directly),
        cmocka_unit_test(time_used_up),
        cmocka_unit_test(nothing_leads_there),
        cmocka_unit_test(others_come_in),
        cmocka_unit_test(unwinder_leads_there),
        cmocka_unit_test(known_too_late),
        cmocka_unit_test(constant_of_a_call),
        cmocka_unit_test(many_stacks),
    };
    return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
