/* tests/test_enum.c - constants from source files: a table of sources, the article's enum, and real headers, whose
 * values are compared with what the compiler of this machine gives for them. */
#include "cli/enum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Case {
    const char *source, *want; /* want NULL: the first enum */
    const char *expect;        /* "A=1 B=2", after it "; line:column what" for a remark; or "line:column what" */
} Case;

static const Case cases[] = {
    /* values */
    {"enum E { A, B = 5, C, };", NULL, "A=0 B=5 C=6"},
    {"enum E{A=-1,B,C=0x7fffffff,D};", NULL, "A=-1 B=0 C=2147483647 D=2147483648"},
    {"enum E{A=0xffffffffffffffff};", NULL, "A=-1"},
    {"enum E{A=1'000'000,B=0b1010,C=017,D=0XFfu,E_=10ULL,F=1z};", NULL, "A=1000000 B=10 C=15 D=255 E_=10 F=1"},
    {"enum E{A='A',B='\\n',C='\\x41',D='\\377',E_='AB',F=L'\\u00e9',G=u8'x',H='\\'',I='\\0'};", NULL,
     "A=65 B=10 C=65 D=-1 E_=16706 F=233 G=120 H=39 I=0"},
    /* expressions */
    {"enum E{A=1<<31,B=1u<<31,C=1ll<<40,D=-7/2,E_=-7%3,F=~0,G=~0u,H=!5};", NULL,
     "A=-2147483648 B=2147483648 C=1099511627776 D=-3 E_=-1 F=-1 G=4294967295 H=0"},
    {"enum E{A=2+3*4,B=(2+3)*4,C=1|2^3&4,D=1<2==1,E_=5>3?7:1/0,F=0&&1/0,G=1||1/0,H=-1<0u,I=-1>0u};", NULL,
     "A=14 B=20 C=3 D=1 E_=7 F=0 G=1 H=0 I=1"},
    {"enum E{A=3,B=A+1,C=B<<A,D=(A,B)};", NULL, "1:29 unexpected ,; ) is missing"},
    {"enum E{A=(unsigned char)300,B=(int)-1,C=(uint8_t)(-1),D=static_cast<int>(7),E_=int(3.0)};", NULL,
     "1:84 3.0 is no integer"},
    {"enum E{A=(unsigned char)300,B=(std::int8_t)200,C=uint16_t(-1),D=static_cast<int>(7),F=(bool)9,G=(long)~0u};",
     NULL, "A=44 B=-56 C=65535 D=7 F=1 G=4294967295"},
    {"enum E{A=0xffffffff,B=A>>4,C=-A,D=A+1};", NULL, "A=4294967295 B=268435455 C=1 D=0"},
    {"enum E{A=true,B=!true,C=8/3*3};", NULL, "A=1 B=0 C=6"},
    /* forms */
    {"enum class E : std::uint8_t { A = 1, B [[deprecated]] = 2, C __attribute__((unused)), D DEPRECATED(\"x,}\") = 9 "
     "};",
     "E", "A=1 B=2 C=3 D=9"},
    {"typedef enum { A = 3 } Foo, *PFoo;", "Foo", "A=3"},
    {"typedef enum _Foo { A = 3 } __attribute__((packed)) Foo;", "Foo", "A=3"},
    {"typedef enum { A = 3 } Foo, *PFoo;", "PFoo", "0:0 there is no enum PFoo; near: Foo"},
    {"enum __attribute__((packed)) [[nodiscard]] E { A };", "E", "A=0"},
    {"enum class API_EXPORT E final_ : long { A = 1L << 62 };", NULL, "A=4611686018427387904"},
    {"namespace a { namespace b::c { class D : public X<int> { enum E { A = 1 }; }; } } enum E { A = 2 };", "D::E",
     "A=1"},
    {"namespace a { struct D { enum E { A = 1 }; }; } enum E { A = 2 };", "E", "A=2"},
    {"namespace a { struct D { enum E { A = 1 }; }; } struct F { enum E { A = 2 }; };", "E",
     "1:60 more than one enum has that name: a::D::E and F::E"},
    {"namespace a { struct D { enum E { A = 1 }; }; } struct F { enum E { A = 2 }; };", "::F::E", "A=2"},
    {"enum E; enum F : int; enum E f(enum E x) { struct { enum E y : 3; }; } enum G { A };", NULL, "A=0"},
    {"/* enum X { Q } */ // enum Y { Q } \\\n enum Z { Q }\nconst char *s = \"enum {R}\"; enum E { A };", NULL, "A=0"},
    {"const char *s = R\"x(enum E { B };)\" )x\"; enum E { A };", "E", "A=0"},
    {"enum A_ { X = 1 }; enum class B_ { X = 5, Y = A_::X, Z = X };", "B_", "X=5 Y=1 Z=5"},
    {"enum { A = 4 };", NULL, "A=4"},
    {"enum E {}; enum F { A = 2 };", NULL, "A=2"},
    /* the preprocessor */
    {"#define N 3\n#define M (N + 1)\nenum E { A = M * 2, B = BIT(3) };\n", NULL,
     "3:25 BIT is no macro of this file, so its call has no known value"},
    {"#define BIT(n) (1u << (n))\n#define P 1 + 2\nenum E { A = BIT(BIT(2)), B = P * 3 };", NULL, "A=16 B=7"},
    {"#define CAT(a, b) a##b\n#define L(X) X(A) \\\n X(B)\n#define V(n) K_##n,\nenum E { L(V) CAT(K_, C) = 9 };", NULL,
     "K_A=0 K_B=1 K_C=9"},
    {"#define X 1\n#undef X\nenum E { A = X };", NULL, "3:14 X has no value that this file gives"},
    {"#if 0\nenum E { A = 1 };\n#else\nenum E { A = 2 };\n#endif", NULL, "A=2"},
    {"#ifndef G_H\n#define G_H\n#ifdef __KERNEL__\nenum E { A };\n#endif\nenum E { A = 7 };\n#endif", NULL, "A=7"},
    {"#if defined(__x86_64__) && __SIZEOF_LONG__ == 8\nenum E { A = 1 };\n#elif 1\nenum E { A = 2 };\n#endif", NULL,
     "A=1"},
    {"enum E { A,\n#ifdef OPT\n B,\n#endif\n C, D = 9, F };", NULL,
     "A=0 B=1 D=9 F=10; 2:2 1 enumerator is left out: its value depends on an #if that the file does not decide"},
    {"enum E { A,\n#ifdef OPT\n B,\n#else\n C,\n#endif\n D };", NULL, "A=0 B=1 C=1 D=2"},
    {"enum E {\n#ifdef OPT\n A = 1\n#else\n A = 2\n#endif\n};", NULL,
     "2:2 all values depend on this #ifdef, which the file does not decide"},
    {"#ifdef OPT\n#define X 1\n#else\n#define X 2\n#endif\nenum E { A = X, B = 3 };", NULL,
     "B=3; 6:1 1 enumerator is left out: its value depends on an #if that the file does not decide"},
    {"enum E { A,\n#include \"more.def\"\n B };", NULL, "2:2 enumerators come from another file, through #include"},
    {"enum E { LIST(X) };", NULL, "1:10 LIST is no macro of this file, so its enumerators are not known"},
    {"#define A A\nenum { A = 3, B = A };", NULL, "A=3 B=3"},
    {"#define F(x) F(x)\nenum { A = F(1) };", NULL, "2:12 F is no macro of this file, so its call has no known value"},
    /* patterns */
    {"#define P_A 1\n#define P_B (P_A | 0x10)\n#define Q 3\n#define P_S \"x\"\n#define P_F(x) x\nenum { P_C = 7 };",
     "P_*", "P_A=1 P_B=17 P_C=7"},
    {"#define P_A 1\n#undef P_A\n#define P_A 2\n#define P_B P_C\n#define P_C 5", "P_[A-B]", "P_A=2 P_B=5"},
    {"#define P_A sizeof(int)", "P_*", "1:9 sizeof is not supported in a constant"},
    {"enum { A }; ", "P_*", "0:0 no #define with an integer value and no enumerator matches P_*"},
    /* refusals, each at its place */
    {"enum E { A,\n  B = sizeof(int) };", NULL, "2:7 sizeof is not supported in a constant"},
    {"enum E {\n\tA = 1 / 0 };", NULL, "2:8 / by zero"},
    {"enum E { A = 1 << 32 };", NULL, "1:16 the operand of << is out of range"},
    {"enum E { A = 0x7fffffff + 1 };", NULL, "1:25 the result of + overflows"},
    {"enum E : uint8_t { A = 255, B };", NULL, "1:29 the value of B does not fit the enum's type"},
    {"enum E : unsigned { A = -1 };", NULL, "1:21 the value of A does not fit the enum's type"},
    {"enum E { A = 18446744073709551615u, B };", NULL, "1:37 the value of B does not fit in 64 bits"},
    {"enum E { A = 18446744073709551616 };", NULL, "1:14 18446744073709551616 does not fit in 64 bits"},
    {"enum E { A = 1.5 };", NULL, "1:14 1.5 is no integer"},
    {"enum E { A = \"x\" };", NULL, "1:14 a string is no integer constant"},
    {"enum E { A = 08 };", NULL, "1:14 08 is no integer"},
    {"enum E { A = (foo_t)1 };", NULL, "1:15 foo_t has no value that this file gives"},
    {"enum E { A = (char *)1 };", NULL, "1:20 a cast to a pointer is no integer constant"},
    {"enum E { A = f(1) };", NULL, "1:14 f is no macro of this file, so its call has no known value"},
    {"enum E { A = 1", NULL, "1:1 the enum does not end"},
    {"enum E { A = };", NULL, "1:14 unexpected } in an expression"},
    {"int main(void) { return 0; }", NULL, "0:0 the file defines no enum; FILE:PREFIX_* takes #defines"},
    {"", NULL, "0:0 the file defines no enum; FILE:PREFIX_* takes #defines"},
    {"enum AsyncAction { A }; enum Other { B };", "AsynAction",
     "0:0 there is no enum AsynAction; near: AsyncAction, Other"},
    {"enum Ends { A }; ", "s", "0:0 there is no enum s; near: Ends"},
};

static size_t put(char *to, size_t n, size_t max, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int added = vsnprintf(to + n, max - n, format, args);
    va_end(args);
    assert_true(added >= 0 && (size_t)added < max - n);
    return n + (size_t)added;
}

/* The result in the form of Case.expect. */
static void result_text(Str source, const char *want, char *to, size_t max)
{
    Arena arena = {0};
    EnumTable t;
    EnumError e;
    size_t n = 0;
    bool ok = enum_read(&t, (Bytes){(const uint8_t *)source.p, source.n}, str_of(want), &arena, &e);
    to[0] = 0;
    for (size_t i = 0; ok && i < t.n; i++)
        n = put(to, n, max, "%s%.*s=%lld", i ? " " : "", (int)t.items[i].name.n, t.items[i].name.p,
                (long long)t.items[i].value);
    if (e.what[0])
        put(to, n, max, "%s%u:%u %s", ok ? "; " : "", e.line, e.column, e.what);
    arena_free(&arena);
}

static void test_table(void **state)
{
    (void)state;
    int failures = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[1024];
        result_text(str_of(cases[i].source), cases[i].want, got, sizeof got);
        if (strcmp(got, cases[i].expect) == 0)
            continue;
        print_error("%s\n  expected %s\n  got      %s\n", cases[i].source, cases[i].expect, got);
        failures++;
    }
    assert_int_equal(failures, 0);
}

/* Every prefix of every source: no crash, and a message for each failure. */
static void test_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t n = 0; n < strlen(cases[i].source); n++) {
            char *copy = malloc(n + 1), got[1024];
            assert_non_null(copy);
            memcpy(copy, cases[i].source, n);
            result_text((Str){copy, n}, cases[i].want, got, sizeof got);
            free(copy);
            assert_true(got[0]);
        }
}

static const char article[] =
    "enum class AsyncAction {\n"
    "  printf  = 0,     // printf reserves 0-9999 for printf_ids\n"
    "  syscall = 10000, // system reserves 10000-19999 for printf_ids\n"
    "  cat     = 20000, // cat reserves 20000-29999 for printf_ids\n"
    "  exit    = 30000,\n  print,\n  clear,\n  zero,\n  time,\n  join,\n  helper_error,\n"
    "  print_non_map,\n  strftime,\n  watchpoint_attach,\n  watchpoint_detach,\n  skboutput,\n};\n";

static void test_article(void **state)
{
    (void)state;
    Arena arena = {0};
    EnumTable t;
    EnumError e;
    Bytes source = {(const uint8_t *)article, sizeof article - 1};
    assert_true(enum_read(&t, source, str_of("AsyncAction"), &arena, &e));
    assert_int_equal(t.n, 15);
    assert_true(str_eq(enum_name_of(&t, 30007), str_of("print_non_map")));
    assert_true(str_eq(enum_name_of(&t, 0), str_of("printf")));
    assert_null(enum_name_of(&t, 1).p);
    assert_true(str_eq(t.enum_name, str_of("AsyncAction")));
    arena_free(&arena);
}

/* ---- against the compiler ---- */

static Bytes file_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return (Bytes){0};
    size_t cap = 4 << 20;
    uint8_t *p = malloc(cap);
    assert_non_null(p);
    size_t n = fread(p, 1, cap, f);
    fclose(f);
    return (Bytes){p, n};
}

static void write_program(const char *path, const char *header, const EnumTable *t)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "#include <stdio.h>\n#include \"%s\"\nint main(void)\n{\n", header);
    for (size_t i = 0; i < t->n; i++)
        fprintf(f, "    printf(\"%%lld\\n\", (long long)(%.*s));\n", (int)t->items[i].name.n, t->items[i].name.p);
    fprintf(f, "}\n");
    fclose(f);
}

static void compare_values(const char *program, const char *header, const EnumTable *t)
{
    FILE *f = popen(program, "r");
    assert_non_null(f);
    for (size_t i = 0; i < t->n; i++) {
        long long v = 0;
        assert_int_equal(fscanf(f, "%lld", &v), 1);
        if (v != t->items[i].value)
            fail_msg("%s: %.*s is %lld, not %lld", header, (int)t->items[i].name.n, t->items[i].name.p, v,
                     (long long)t->items[i].value);
    }
    pclose(f);
}

static const struct {
    const char *header, *want;
    size_t least; /* so many constants at least */
} headers[] = {
    {"/usr/include/linux/bpf.h", "BPF_*", 300},
    {"/usr/include/linux/perf_event.h", "PERF_*", 150},
    {"/usr/include/linux/if_link.h", "IFLA_*", 200},
    {"/usr/include/linux/netfilter/nf_tables.h", "NFT*", 200},
    {"/usr/include/linux/nl80211.h", "NL80211_*", 1000},
    {"/usr/include/linux/ethtool.h", "ETHTOOL_*", 150},
    {"/usr/include/linux/audit.h", "AUDIT_*", 200},
    {"/usr/include/linux/in.h", "IPPROTO_*", 20},
    {"/usr/include/linux/input-event-codes.h", "KEY_*", 400},
    {"/usr/include/elf.h", "R_X86_64_*", 40},
    {"/usr/include/elf.h", "EM_*", 150},
    {"/usr/include/elf.h", "[SPD]HT_*", 30},
    {"/usr/include/dirent.h", "DT_*", 8},
    {"/usr/include/asm-generic/errno.h", "E*", 90},
    {"/usr/include/linux/pkt_cls.h", "TCA_*", 200},
};

static void check_header(const char *folder, size_t i)
{
    char source[128], program[128], command[512];
    Arena arena = {0};
    EnumTable t;
    EnumError e;
    Bytes file = file_read(headers[i].header);
    if (!file.p)
        return;
    snprintf(source, sizeof source, "%s/p.c", folder);
    snprintf(program, sizeof program, "%s/p", folder);
    snprintf(command, sizeof command, "cc -w -o %s %s", program, source);
    if (!enum_read(&t, file, str_of(headers[i].want), &arena, &e))
        fail_msg("%s:%u:%u: %s", headers[i].header, e.line, e.column, e.what);
    assert_true(t.n >= headers[i].least);
    write_program(source, headers[i].header, &t);
    assert_int_equal(system(command), 0);
    compare_values(program, headers[i].header, &t);
    unlink(program);
    unlink(source);
    arena_free(&arena);
    free((void *)(uintptr_t)file.p);
}

static void test_headers(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_enum.XXXXXX";
    if (system("command -v cc >/dev/null") != 0)
        skip();
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        check_header(folder, i);
    rmdir(folder);
}

/* ---- bounds ---- */

/* `n` times `part` between `head` and `tail`. */
static Str repeated(const char *head, const char *part, size_t n, const char *tail)
{
    size_t h = strlen(head), m = strlen(part), e = strlen(tail);
    char *p = malloc(h + n * m + e + 1);
    assert_non_null(p);
    memcpy(p, head, h);
    for (size_t i = 0; i < n; i++)
        memcpy(p + h + i * m, part, m);
    memcpy(p + h + n * m, tail, e + 1);
    return (Str){p, h + n * m + e};
}

static void check_bound(const char *head, const char *part, size_t n, const char *tail, const char *expect)
{
    static char got[1024];
    Str s = repeated(head, part, n, tail);
    result_text(s, NULL, got, sizeof got);
    if (!strstr(got, expect))
        fail_msg("%s%s...: %s, not %s", head, part, got, expect);
    free((void *)(uintptr_t)s.p);
}

static void test_bounds(void **state)
{
    (void)state;
    check_bound("enum{A=", "(", 100000, "", "nests too deeply");
    check_bound("enum{A=", "- ", 100000, "1}", "nests too deeply");
    check_bound("enum{A=", "1?", 100000, "1}", "nests too deeply");
    check_bound("enum{A=", "1+", 100000, "1};", "A=100001");
    check_bound("", "{", 3000000, "enum{A};", "A=0");
    check_bound("", "#if X\n", 5000, "", "#if nests too deeply");
    check_bound("", "#if 1\n#endif\n", 300000, "enum{A};", "A=0");
    check_bound("", "enum{};", 1100000, "", "too many enums");
    check_bound("enum E {", "A,", 1100000, "};", "too many enumerators");
    check_bound(
        "#define A B B\n#define B C C\n#define C D D\n#define D F F\n#define F G G\n#define G H H\n#define H I I\n"
        "#define I J J\n#define J K K\n#define K L L\n#define L M M\n#define M N N\n#define N O O\n#define O P P\n"
        "#define P Q Q\n#define Q R R\n#define R S S\n#define S T T\n#define T U U\n#define U V V\n#define V W W\n"
        "#define W X X\n#define X Y Y\n#define Y Z Z\n#define Z +1 +1\nenum E { a = ",
        "A", 1, "};", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),   cmocka_unit_test(test_truncation), cmocka_unit_test(test_article),
        cmocka_unit_test(test_headers), cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
