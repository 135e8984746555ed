/* tests/test_cli_ring.c - the ring reader on rings made here (records that wrap, nonsense sizes), samples parsed, threads'
 * names and families, values as a spec says. */
#include "cli/perf_event.h"
#include "cli/perf_probe.h"
#include "cli/perf_ring.h"
#include "cli/processes.h"
#include "cli/spec.h"
#include "cli/task_watch.h"

#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { RING_SIZE = 4096 };

/* A ring as the kernel would fill it. */
typedef struct Fake {
    struct perf_event_mmap_page page;
    uint8_t data[RING_SIZE];
    PerfRing ring;
} Fake;

static Fake *fake_new(uint64_t start)
{
    Fake *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->page.data_head = f->page.data_tail = start;
    f->ring =
        (PerfRing){.page = &f->page, .data = f->data, .size = RING_SIZE, .tail = start, .scratch = malloc(RECORD_MAX)};
    assert_non_null(f->ring.scratch);
    return f;
}

static void fake_free(Fake *f)
{
    free(f->ring.scratch);
    free(f);
}

static void put(Fake *f, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f->data[f->page.data_head++ & (RING_SIZE - 1)] = ((const uint8_t *)p)[i];
}

static void put_record(Fake *f, uint32_t type, const void *body, size_t n)
{
    struct perf_event_header header = {.type = type, .size = (uint16_t)(sizeof header + n)};
    put(f, &header, sizeof header);
    put(f, body, n);
}

/* Records of changing sizes, read back through many turns of the ring. */
static void records_wrap_around(void **state)
{
    (void)state;
    Fake *f = fake_new(UINT64_MAX - 5000); /* positions themselves wrap too */
    uint8_t body[600];
    PerfRecord r;
    for (unsigned round = 0; round < 1000; round++) {
        size_t n = (round * 8) % 592 + 8;
        for (unsigned k = 0; k < 3; k++) {
            memset(body, (int)(round + k), n);
            put_record(f, PERF_RECORD_SAMPLE, body, n);
        }
        for (unsigned k = 0; k < 3; k++) {
            assert_true(ring_next(&f->ring, &r));
            assert_int_equal(r.type, PERF_RECORD_SAMPLE);
            assert_int_equal(r.body.n, n);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(r.body.p[i], (uint8_t)(round + k));
        }
        assert_false(ring_next(&f->ring, &r));
        ring_done(&f->ring);
        assert_true(f->page.data_tail == f->page.data_head);
    }
    fake_free(f);
}

static void nonsense_sizes_are_dropped(void **state)
{
    (void)state;
    static const uint16_t sizes[] = {0, 1, 7, 4000};
    PerfRecord r;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        Fake *f = fake_new(100);
        struct perf_event_header header = {.type = PERF_RECORD_SAMPLE, .size = sizes[i]};
        put(f, &header, sizeof header);
        assert_false(ring_next(&f->ring, &r));
        assert_true(f->ring.tail == f->page.data_head);
        put_record(f, PERF_RECORD_LOST, "12345678", 8);
        assert_true(ring_next(&f->ring, &r));
        fake_free(f);
    }
}

static void no_ring_gives_nothing(void **state)
{
    (void)state;
    PerfRing none = {0};
    PerfRecord r;
    assert_false(ring_next(&none, &r));
    ring_done(&none);
    ring_close(&none);
}

/* ip, pid, tid, time, chain of 3 with a context marker, abi, two registers, a stack of 16 bytes of which 8 are good. */
static const uint64_t SAMPLE[] = {
    0x1234, 7 | (uint64_t)8 << 32, 99, 3, (uint64_t)-512, 0x1234, 0x5678, 2, 0x11, 0x22, 16, 0xaabb, 0xccdd, 8};

static void a_sample_is_parsed(void **state)
{
    (void)state;
    SampleShape shape = {.regs = 1u << 5 | 1u << 7, .stack_bytes = 16, .chain = true};
    Bytes body = {(const uint8_t *)SAMPLE, sizeof SAMPLE};
    Sample s;
    assert_true(sample_parse(&s, &shape, body));
    assert_int_equal(s.ip, 0x1234);
    assert_int_equal(s.pid, 7);
    assert_int_equal(s.tid, 8);
    assert_int_equal(s.time, 99);
    assert_int_equal(s.nchain, 2);
    assert_int_equal(s.chain[1], 0x5678);
    assert_int_equal(s.regs[5], 0x11);
    assert_int_equal(s.regs[7], 0x22);
    assert_int_equal(s.stack.n, 8);
    for (size_t n = 0; n < sizeof SAMPLE; n++)
        assert_false(sample_parse(&s, &shape, (Bytes){body.p, n}));
}

static void hostile_samples_are_refused(void **state)
{
    (void)state;
    static const size_t places[] = {3, 10}; /* the chain's and the stack's length */
    SampleShape shape = {.regs = 1u << 5 | 1u << 7, .stack_bytes = 16, .chain = true};
    for (size_t i = 0; i < COUNT(places); i++) {
        uint64_t words[COUNT(SAMPLE)];
        Sample s;
        memcpy(words, SAMPLE, sizeof words);
        words[places[i]] = UINT64_MAX / 8;
        assert_false(sample_parse(&s, &shape, (Bytes){(const uint8_t *)words, sizeof words}));
    }
}

static void lost_records_are_counted(void **state)
{
    (void)state;
    Fake *f = fake_new(RING_SIZE - 12);
    uint64_t lost[] = {1, 17}, sample[] = {1, 2, 3, 2, 42};
    Channel channel = {.ring = f->ring};
    PerfProbe a = {.shape = {.regs = 1u << 5}, .channels = &channel, .n = 1};
    Sample s;
    put_record(f, PERF_RECORD_LOST, lost, sizeof lost);
    put_record(f, PERF_RECORD_SAMPLE, sample, sizeof sample);
    put_record(f, PERF_RECORD_LOST, lost, sizeof lost);
    assert_true(perf_probe_next(&a, &s));
    assert_int_equal(s.regs[5], 42);
    assert_false(perf_probe_next(&a, &s));
    assert_int_equal(a.lost, 34);
    assert_int_equal(a.samples, 1);
    fake_free(f);
}

static void learn(Processes *p, uint32_t type, const void *body, size_t n)
{
    PerfRecord r = {type, {body, n}};
    processes_learn(p, &r);
}

static void families_and_names(void **state)
{
    (void)state;
    Processes p;
    processes_open(&p, 1000000001, true);
    uint32_t fork[] = {1000000002, 1000000001, 1000000002, 1000000001},
             grandchild[] = {1000000003, 1000000002, 1000000003, 1000000002};
    uint32_t stranger[] = {1000000005, 1000000004, 1000000005, 1000000004};
    struct {
        uint32_t pid, tid;
        char comm[8];
    } comm = {1000000001, 1000000001, "parent"};
    learn(&p, PERF_RECORD_COMM, &comm, sizeof comm);
    learn(&p, PERF_RECORD_FORK, fork, sizeof fork);
    learn(&p, PERF_RECORD_FORK, grandchild, sizeof grandchild);
    learn(&p, PERF_RECORD_FORK, stranger, sizeof stranger);
    assert_true(processes_wanted(&p, 1000000003));
    assert_false(processes_wanted(&p, 1000000005));
    assert_string_equal(processes_comm(&p, 1000000003, 1000000003), "parent");
    assert_string_equal(processes_comm(&p, 1000000005, 1000000005), "?");
    learn(&p, PERF_RECORD_COMM, &comm, 9); /* cut short: "p" */
    assert_string_equal(processes_comm(&p, 1000000001, 1000000001), "p");
    learn(&p, PERF_RECORD_COMM, &comm, 4);
    learn(&p, PERF_RECORD_FORK, fork, 8);
    processes_close(&p);
}

/* The record of a fork, which ends with when it was. */
static void put_fork(Fake *f, uint32_t parent, uint32_t pid, uint64_t time)
{
    struct {
        uint32_t pid, ppid, tid, ptid;
        uint64_t time, id;
    } body = {pid, parent, pid, parent, time, time};
    put_record(f, PERF_RECORD_FORK, &body, sizeof body);
}

/* The parent was named on the second processor, and forked there; its child went to the first and forked. */
static void families_across_processors(void **state)
{
    (void)state;
    Processes p;
    Fake *first = fake_new(0), *second = fake_new(0);
    TaskRing rings[] = {{.fd = -1, .ring = first->ring}, {.fd = -1, .ring = second->ring}};
    TaskWatch watch = {.rings = rings, .n = 2};
    struct {
        uint32_t pid, tid;
        char comm[8];
        uint64_t id;
    } comm = {1000000001, 1000000001, "parent", 10};
    processes_open(&p, 1000000001, true);
    put_record(second, PERF_RECORD_COMM, &comm, sizeof comm);
    put_fork(second, 1000000001, 1000000002, 20);
    put_fork(first, 1000000002, 1000000003, 30);
    put_fork(second, 1000000003, 1000000004, 40);
    put_fork(second, 1000000005, 1000000006, 50);
    task_watch_read(&watch, &p);
    for (uint32_t pid = 1000000001; pid <= 1000000004; pid++) {
        assert_true(processes_wanted(&p, pid));
        assert_string_equal(processes_comm(&p, pid, pid), "parent");
    }
    assert_false(processes_wanted(&p, 1000000006));
    assert_int_equal(first->page.data_tail, first->page.data_head); /* all was given back */
    assert_int_equal(second->page.data_tail, second->page.data_head);
    put_fork(first, 1000000004, 1000000007, 60);
    task_watch_read(&watch, &p);
    assert_true(processes_wanted(&p, 1000000007));
    assert_false(watch.missed);
    put_record(first, PERF_RECORD_LOST, &comm, sizeof comm);
    task_watch_read(&watch, &p);
    assert_true(watch.missed);
    processes_close(&p);
    fake_free(first);
    fake_free(second);
}

static void only_the_process_itself(void **state)
{
    (void)state;
    Processes p;
    uint32_t fork[] = {1000000002, 1000000001, 1000000002, 1000000001};
    processes_open(&p, 1000000001, false);
    learn(&p, PERF_RECORD_FORK, fork, sizeof fork);
    assert_true(processes_wanted(&p, 1000000001));
    assert_false(processes_wanted(&p, 1000000002));
    processes_close(&p);
    processes_open(&p, 0, false);
    assert_true(processes_wanted(&p, 5));
    assert_false(processes_wanted(&p, (uint32_t)getpid()));
    processes_close(&p);
}

static const struct {
    uint64_t raw, addend;
    uint16_t bits;
    uint8_t sign;
    int64_t value;
} VALUES[] = {
    {30007, 0, 64, SIGN_UNKNOWN, 30007},
    {UINT64_MAX, 0, 64, SIGN_SIGNED, -1},
    {0xffffffff00007537, 0, 32, SIGN_UNKNOWN, 30007},
    {0x80000000, 0, 32, SIGN_SIGNED, INT32_MIN},
    {0x80000000, 0, 32, SIGN_UNSIGNED, 0x80000000},
    {0xabcd80, 0, 8, SIGN_SIGNED, -128},
    {0xabcd80, 0, 8, SIGN_UNSIGNED, 128},
    {7, 30000, 64, SIGN_UNKNOWN, 30007},
    {0xffffffff, 1, 32, SIGN_UNSIGNED, 0},
    {0, (uint64_t)-5, 16, SIGN_SIGNED, -5},
    {3, 0, 1, SIGN_UNSIGNED, 1},
};

static void values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(VALUES); i++) {
        ProbeSpec spec = {.sign = VALUES[i].sign, .location = {.bits = VALUES[i].bits, .addend = VALUES[i].addend}};
        assert_true(spec_value(&spec, VALUES[i].raw) == VALUES[i].value);
    }
}

static void stack_slots(void **state)
{
    (void)state;
    ProbeSpec spec = {.location = {.kind = LOCATION_STACK, .reg = REG_RSP, .disp = 0x14, .bits = 32},
                      .sign = SIGN_SIGNED};
    PerfProbe a = {.spec = &spec, .shape = {.stack_bytes = spec_stack_bytes(&spec), .regs = spec_regs(&spec)}};
    uint8_t bytes[24] = {0};
    Sample s = {.stack = {bytes, sizeof bytes}};
    int64_t value;
    memset(bytes + 0x14, 0xff, 4);
    assert_int_equal(a.shape.stack_bytes, 24);
    assert_int_equal(a.shape.regs, 1u << 7);
    assert_true(perf_probe_value(&a, &s, &value) && value == -1);
    s.stack.n = 23;
    assert_false(perf_probe_value(&a, &s, &value));
    spec.location.reg = REG_RBP;
    assert_int_equal(spec_regs(&spec), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_wrap_around),
        cmocka_unit_test(nonsense_sizes_are_dropped),
        cmocka_unit_test(no_ring_gives_nothing),
        cmocka_unit_test(a_sample_is_parsed),
        cmocka_unit_test(hostile_samples_are_refused),
        cmocka_unit_test(lost_records_are_counted),
        cmocka_unit_test(families_and_names),
        cmocka_unit_test(families_across_processors),
        cmocka_unit_test(only_the_process_itself),
        cmocka_unit_test(values),
        cmocka_unit_test(stack_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
