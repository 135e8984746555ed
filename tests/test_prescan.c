/* tests/test_prescan.c - the pre-scan: its kernels agree, and an answer is the same with it and without, by one thread and many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/prescan.h"
#include "analysis/prescan_query.h"
#include "analysis/prescan_shape.h"

/* ---- kernels ---- */

static uint64_t random_state = 88172645463325252u;

static uint32_t random_u32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

/* Random bytes, with those that the kernels look for well represented. */
static void random_bytes(uint8_t *p, size_t n)
{
    static const uint8_t wanted[] = {0x05, 0x0d, 0x25, 0x2d, 0x35, 0x3d, 0x66, 0x81, 0x83,
                                     0x8d, 0xe8, 0xe9, 0x0f, 0x80, 0x48, 0x30, 0x75, 0};
    for (size_t i = 0; i < n; i++) {
        uint32_t r = random_u32();
        p[i] = r & 0x100 ? (uint8_t)r : wanted[r % sizeof wanted];
    }
}

static void random_pattern(Pattern *t)
{
    *t = (Pattern){.nbands = random_u32() % (PATTERN_BANDS + 1), .sites = random_u32() & 1};
    t->naddresses = t->nbands ? random_u32() % (t->nbands + 1) : 0;
    t->base = random_u32();
    for (unsigned i = 0; i < t->nbands; i++)
        t->bands[i] = (Band){random_u32() & 1 ? 0x7530 : random_u32(), random_u32() >> (random_u32() % 32)};
}

/* Both give the same blocks and masks over all of p. */
static void compare_kernels(KernelKind a, KernelKind b, const Pattern *t, const uint8_t *p, size_t n)
{
    for (size_t at = 0; at < n; at += 32) {
        uint32_t x = 0, y = 0;
        size_t one = kernel_next(a, t, p, n, at, &x), two = kernel_next(b, t, p, n, at, &y);
        assert_int_equal(one, two);
        if (one < n)
            assert_int_equal(x, y);
        at = one;
    }
}

static void kernels_agree(void **state)
{
    (void)state;
    uint8_t p[700];
    for (unsigned round = 0; round < 3000; round++) {
        Pattern t;
        size_t n = random_u32() % sizeof p;
        random_bytes(p, n);
        random_pattern(&t);
        for (int kind = KERNEL_PORTABLE + 1; kind <= (int)kernel_best(); kind++)
            compare_kernels(KERNEL_PORTABLE, (KernelKind)kind, &t, p, n);
    }
}

static void kernel_finds(void **state)
{
    (void)state;
    uint8_t p[100] = {0};
    uint32_t mask;
    Pattern t = {.bands = {{0x7530, 0}}, .nbands = 1};
    memcpy(p + 61, "\x30\x75\x00\x00", 4);
    assert_int_equal(kernel_next(kernel_best(), &t, p, sizeof p, 0, &mask), 32);
    assert_int_equal(mask, 1u << 29);
    assert_int_equal(kernel_next(kernel_best(), &t, p, sizeof p, 64, &mask), sizeof p);
    memcpy(p + 70, "\x10\xff\xff\xff", 4); /* 240 bytes back from 0x7ffff0 + 74 */
    t = (Pattern){.bands = {{0x7fff4a, 0}}, .nbands = 1, .naddresses = 1, .base = 0x7ffff0};
    assert_int_equal(kernel_next(kernel_best(), &t, p, sizeof p, 0, &mask), 64);
    assert_int_equal(mask, 1u << 6);
}

/* ---- shapes ---- */

static void shapes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n, at;
        unsigned kind;
        uint32_t k;
    } rows[] = {
        {"\x81\xef\x30\x75\x00\x00", 6, 0, SITE_ADD, 30000},         /* sub $30000,%edi */
        {"\x81\xff\x30\x75\x00\x00", 6, 0, SITE_COMPARE, 30000},     /* cmp $30000,%edi */
        {"\x3d\x30\x75\x00\x00", 5, 0, SITE_COMPARE, 30000},         /* cmp $30000,%eax */
        {"\x48\x8b\x3d\x30\x75\x00\x00", 7, 2, SITE_NONE, 0},        /* mov 30000(%rip),%rdi */
        {"\x0f\xb6\x3d\x30\x75\x00\x00", 7, 2, SITE_NONE, 0},        /* movzbl 30000(%rip),%edi */
        {"\xff\xff\x3d\x30\x75\x00\x00", 7, 2, SITE_COMPARE, 30000}, /* cmp, behind a distance below 0 */
        {"\x89\xc7\x3d\x30\x75\x00\x00", 7, 2, SITE_COMPARE, 30000}, /* behind mov %eax,%edi */
        {"\x45\x80\x3d\x30\x75\x00\x00", 7, 2, SITE_COMPARE, 30000}, /* behind mov -128(%rbp),%eax */
        {"\x0f\x48\x3d\x30\x75\x00\x00", 7, 2, SITE_COMPARE, 30000}, /* of rax, behind and $15,%edx */
        {"\x8d\x87\xd0\x8a\xff\xff", 6, 0, SITE_ADD, 0xffff8ad0},    /* lea -30000(%rdi),%eax */
        {"\x48\x8d\x84\x24\x30\x75\x00\x00", 8, 1, SITE_NONE, 0},    /* lea 30000(%rsp),%rax */
        {"\x49\x8d\x84\x24\x30\x75\x00\x00", 8, 1, SITE_ADD, 30000}, /* lea 30000(%r12),%rax */
        {"\x8d\x84\x37\x30\x75\x00\x00", 7, 0, SITE_NONE, 0},        /* lea 30000(%rdi,%rsi),%eax */
        {"\x48\x83\xe7\xf8\x00\x00", 6, 1, SITE_MASK, 0xfffffff8},   /* and $-8,%rdi */
        {"\x48\x83\xe4\xf0\x00\x00", 6, 1, SITE_NONE, 0},            /* and $-16,%rsp */
        {"\x66\x81\xfa\xff\x51", 5, 0, SITE_SHORT, 0x51ff},          /* cmp $0x51ff,%dx */
        {"\x66\x41\x81\xfa\xff\xd1", 6, 0, SITE_SHORT, 0xffffd1ff},  /* cmp $0xd1ff,%r10w */
        {"\x81\xef\x30\x75\x00", 5, 0, SITE_NONE, 0},                /* cut off */
        {"\x81\xef\x30\x75", 4, 0, SITE_NONE, 0},                    /* earlier */
        {"\x8d\x87\xd0\x8a\xff", 5, 0, SITE_NONE, 0},                /* lea, cut off */
        {"\x81\xc4\x30\x75\x00\x00", 6, 0, SITE_ADD, 30000},         /* add $30000,%esp */
        {"\x45\x30\x75\x00\x00", 5, 0, SITE_NONE, 0},                /* a prefix */
        {"\x48\x8d\x05\x30\x75\x00\x00", 7, 1, SITE_ADDRESS, 0},     /* lea 30000(%rip),%rax */
        {"\x8d\x84\x24\x30\x75\x00", 6, 0, SITE_NONE, 0},            /* lea with a SIB, cut off */
        {"\x83\xff\x08\x90\x90", 5, 0, SITE_NONE, 0},                /* cmp $8,%edi: too common to be looked for so */
        {"\x81\xe4\x30\x75\x00\x00", 6, 0, SITE_MASK, 30000},        /* and $30000,%esp, the lower half */
        {"\x66\x3d\x30\x75\x00", 5, 0, SITE_SHORT, 30000},           /* cmp $30000,%ax */
        {"\x66\xb8\x30\x75\x00", 5, 0, SITE_SHORT, 30000},           /* mov $30000,%ax */
        {"\x66\x89\xc7\x90\x90", 5, 0, SITE_NONE, 0},                /* mov %ax,%di */
        {"\x0d\x30\x75\x00\x00", 5, 0, SITE_OTHER, 30000},           /* or $30000,%eax */
        {"\x15\x30\x75\x00\x00", 5, 0, SITE_NONE, 0},                /* adc */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SiteShape s = shape_site((const uint8_t *)rows[i].bytes, rows[i].n, rows[i].at);
        assert_int_equal(s.kind, rows[i].kind);
        if (s.kind != SITE_NONE)
            assert_int_equal(s.k, rows[i].k);
    }
}

static void shapes_of_moves(void **state)
{
    (void)state;
    assert_true(shape_moved((const uint8_t *)"\xbf\x30\x75\x00\x00", 1));             /* mov $30000,%edi */
    assert_true(shape_moved((const uint8_t *)"\xc7\x44\x24\x08\x30\x75\x00\x00", 4)); /* movl $30000,8(%rsp) */
    assert_true(shape_moved((const uint8_t *)"\x48\xb8\0\0\0\0\x30\x75\x00\x00", 6)); /* movabs */
    assert_false(shape_moved((const uint8_t *)"\x48\x8b\x87\x30\x75\x00\x00", 3));    /* mov 30000(%rdi),%rax */
    assert_true(shape_moved((const uint8_t *)"\x8d\x04\x25\x30\x75\x00\x00", 3));     /* lea 30000,%eax */
    assert_false(shape_moved((const uint8_t *)"\x90\x90\x8d\x04\x24\x30\x75\x00\x00", 5));
    assert_false(shape_moved((const uint8_t *)"\x90\x8d\x44\x24\x30\x75\x00\x00", 4));
    assert_false(shape_moved((const uint8_t *)"\x30\x75\x00\x00", 0));
    assert_true(shape_moved((const uint8_t *)"\x68\x30\x75\x00\x00", 1));          /* push $30000 */
    assert_true(shape_moved((const uint8_t *)"\xc7\x07\x30\x75\x00\x00", 2));      /* movl $30000,(%rdi) */
    assert_false(shape_moved((const uint8_t *)"\x8d\x05\x25\x30\x75\x00\x00", 3)); /* no SIB */
    assert_false(
        shape_moved((const uint8_t *)"\x8d\x04\x24\x30\x75\x00\x00", 3)); /* lea (%rsp),%eax, and what is next */
    assert_false(
        shape_moved((const uint8_t *)"\x40\xb8\0\0\0\0\x30\x75\x00\x00", 6)); /* mov $0,%eax, and what is next */
}

static void shapes_of_jumps(void **state)
{
    (void)state;
    assert_true(shape_branches((const uint8_t *)"\x90\x77\x02", 3, 0));
    assert_false(shape_branches((const uint8_t *)"\x90\x82\x74\x0f\x84", 5, 0)); /* je */
    assert_false(shape_branches((const uint8_t *)"\x82\x90", 2, 0));             /* no 0f before it */
    assert_true(shape_branches((const uint8_t *)"\x0f\x82\x90", 3, 0));
    assert_true(shape_has_table_jump((const uint8_t *)"\x3e\xff\xe0", 3));
    assert_false(shape_has_table_jump((const uint8_t *)"\xff\x25\x00\xff", 4));
}

/* ---- bands ---- */

static void bands(void **state)
{
    (void)state;
    Band list[PATTERN_BANDS];
    unsigned n = 0;
    for (int i = 0; i < 40; i++)
        band_add(list, &n, i * 1000003, i * 1000003 + 5, 7);
    assert_true(n <= PATTERN_BANDS);
    for (int i = 0; i < 40; i++)
        assert_true(bands_hold(list, n, (uint32_t)(i * 1000003 - 7)) &&
                    bands_hold(list, n, (uint32_t)(i * 1000003 + 12)));
    Cluster c = {30000, 30011}, negative = {-5, -5}, wide = {0x123456789abcdef0, 0x123456789abcdef0};
    assert_true(cluster_near(&c, 30013, 2) && cluster_near(&c, (uint32_t)-29998, 2) &&
                cluster_near(&c, 65536 - 30000, 0));
    assert_false(cluster_near(&c, 30014, 2) || cluster_near(&c, 0x10000000 + 30000, 2));
    assert_true(cluster_near(&negative, 5, 0) && cluster_near(&wide, 0x12345678, 0));
}

/* ---- whole programs ---- */

typedef struct Opened {
    Bytes bytes;
    Program program;
} Opened;

static bool open_file(Opened *o, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    o->bytes = (Bytes){mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0), (size_t)st.st_size};
    close(fd);
    assert_ptr_not_equal(o->bytes.p, MAP_FAILED);
    assert_true(program_open(&o->program, o->bytes, NULL));
    return true;
}

static void close_file(Opened *o)
{
    program_close(&o->program);
    munmap((void *)(uintptr_t)o->bytes.p, o->bytes.n);
}

static void same_bytes(const void *a, const void *b, size_t n)
{
    if (n)
        assert_memory_equal(a, b, n);
}

static void same_variables(const SearchResult *a, const SearchResult *b)
{
    assert_int_equal(a->nvariables, b->nvariables);
    for (size_t i = 0; i < a->nvariables; i++) {
        const Variable *x = &a->variables[i], *y = &b->variables[i];
        assert_true(x->score <= y->score && x->score >= y->score);
        assert_int_equal(x->function->start, y->function->start);
        assert_true(x->width == y->width && x->sign == y->sign && x->nconstants == y->nconstants &&
                    x->ndefs == y->ndefs);
        assert_true(x->nsites == y->nsites && x->nranges == y->nranges && x->probe.pc == y->probe.pc);
        same_bytes(x->constants, y->constants, x->nconstants * sizeof *x->constants);
        for (size_t k = 0; k < x->nsites; k++)
            assert_true(x->sites[k].pc == y->sites[k].pc && x->sites[k].constant == y->sites[k].constant);
        for (size_t k = 0; k < x->nranges; k++)
            assert_true(x->ranges[k].start == y->ranges[k].start && x->ranges[k].end == y->ranges[k].end);
    }
}

static void compare_queries(Program *p, const Query *one, const Query *two)
{
    Arena a = {0}, b = {0};
    SearchResult x, y;
    assert_true(search_run(&x, p, one, &a, NULL, NULL, NULL));
    assert_true(search_run(&y, p, two, &b, NULL, NULL, NULL));
    same_variables(&x, &y);
    arena_free(&a);
    arena_free(&b);
}

static void with_and_without(const char *path, const int64_t *constants, size_t n)
{
    Opened o;
    if (!open_file(&o, path))
        skip();
    for (size_t i = 0; i < n; i++) {
        Query query = {.constants = &constants[i], .nconstants = 1, .weakest = PROOF_PARTIAL, .jobs = 2}, whole = query;
        whole.whole = true;
        query.limit = whole.limit = i % 2 ? 0 : 10; /* all functions that may hold it; those that may hold the best */
        compare_queries(&o.program, &query, &whole);
    }
    close_file(&o);
}

static void same_on_bpftrace(void **state)
{
    static const int64_t constants[] = {30000, -4096, 65535, 20000, 7, 30000, 0};
    (void)state;
    with_and_without("/usr/bin/bpftrace", constants, sizeof constants / sizeof *constants);
}

static void same_on_perl(void **state)
{
    static const int64_t constants[] = {0xd800, INT64_MIN + 5};
    (void)state;
    with_and_without("/usr/bin/perl", constants, sizeof constants / sizeof *constants);
}

static void same_by_threads(void **state)
{
    Opened o;
    (void)state;
    if (!open_file(&o, "/usr/bin/bpftrace"))
        skip();
    for (size_t limit = 0; limit <= 10; limit += 10) {
        Query one = {.limit = limit, .weakest = PROOF_PARTIAL, .jobs = 1}, four = one;
        four.jobs = 4;
        compare_queries(&o.program, &one, &four);
        four.whole = true;
        if (limit)
            compare_queries(&o.program, &one, &four);
    }
    close_file(&o);
}

/* What is analysed does not depend on the number of threads either, and is far from everything. */
static void same_work_by_threads(void **state)
{
    Opened o;
    uint64_t analyzed[3];
    (void)state;
    if (!open_file(&o, "/usr/bin/bpftrace"))
        skip();
    for (unsigned i = 0; i < 3; i++) {
        Arena arena = {0};
        SearchResult r;
        Query q = {.limit = 10, .weakest = PROOF_PARTIAL, .jobs = i + 1};
        assert_true(search_run(&r, &o.program, &q, &arena, NULL, NULL, NULL));
        analyzed[i] = r.stats.analyzed;
        assert_true(r.nfound > r.nvariables);
        arena_free(&arena);
    }
    assert_true(analyzed[0] == analyzed[1] && analyzed[1] == analyzed[2]);
    assert_true(analyzed[0] > 10 && analyzed[0] < o.program.functions.n / 4);
    close_file(&o);
}

/* The portable kernel keeps the same functions as the best one, and fewer than all. */
static void same_by_kernels(void **state)
{
    Opened o;
    (void)state;
    if (!open_file(&o, "/usr/bin/bpftrace"))
        skip();
    static const int64_t constants[] = {30000, -4096, 100644, 1234567, 0x123456789a};
    size_t n = o.program.functions.n;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        Arena arena = {0};
        Query query = {.constants = &constants[i], .nconstants = 1, .jobs = (unsigned)i + 1};
        uint8_t *first = NULL;
        for (int kind = KERNEL_PORTABLE; kind <= (int)kernel_best(); kind++) {
            uint8_t *chosen = arena_alloc(&arena, n, 1);
            memset(chosen, 1, n);
            RowList found = {.arena = &arena};
            assert_true(prescan(&o.program, &query, (KernelKind)kind, chosen, &found, &arena));
            if (first)
                assert_memory_equal(first, chosen, n);
            first = chosen;
        }
        size_t kept = 0;
        for (size_t k = 0; k < n; k++)
            kept += first[k];
        assert_true(kept < n / 4);
        arena_free(&arena);
    }
    close_file(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree),    cmocka_unit_test(kernel_finds),    cmocka_unit_test(shapes),
        cmocka_unit_test(shapes_of_moves),  cmocka_unit_test(shapes_of_jumps), cmocka_unit_test(bands),
        cmocka_unit_test(same_by_kernels),  cmocka_unit_test(same_by_threads), cmocka_unit_test(same_work_by_threads),
        cmocka_unit_test(same_on_bpftrace), cmocka_unit_test(same_on_perl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
