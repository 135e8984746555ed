/* tests/test_elf_damage.c - a program built here, damaged word by word and cut short everywhere: the readers of elf/ keep
 * the promises that the fuzz target checks (it is included, and aborts when one is broken). */
#include "fuzz/fuzz_elf.c"

#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char source[] = "extern \"C\" int puts(const char *);\n"
                             "int f(int x) { if (x > 3) throw x; return x; }\n"
                             "int g(int x) { try { return f(x); } catch (int y) { puts(\"c\"); return y; } }\n"
                             "int (*table[])(int) = {f, g};\n"
                             "int main(int c, char **) { return table[c & 1](c); }\n";

/* Small files that between them have .symtab, both hashes, RELA, RELR, PLTs, .eh_frame_hdr and exception tables. */
static const char *const builds[] = {
    "g++ -O1 -s -Wl,-z,noseparate-code",
    "g++ -O1 -no-pie -Wl,-z,noseparate-code,--hash-style=sysv,-z,now",
    "g++ -O1 -shared -fPIC -Wl,-z,noseparate-code,--no-eh-frame-hdr",
};

static const uint64_t values[] = {0,          1,         8,          0x7fff,     INT32_MAX, UINT32_MAX,
                                  0xfffffff8, INT64_MAX, 1ull << 63, UINT64_MAX, 0x1000,    0xff};

static Bytes read_whole(const char *path)
{
    FILE *f = fopen(path, "rbe");
    assert_non_null(f);
    uint8_t *p = malloc(1 << 20);
    assert_non_null(p);
    size_t n = fread(p, 1, 1 << 20, f);
    fclose(f);
    assert_in_range(n, 1000, 100000);
    return (Bytes){p, n};
}

static Bytes build(const char *command)
{
    char dir[] = "/tmp/lvscan-damage-XXXXXX", line[512], path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.cc", dir);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(source, f);
    fclose(f);
    snprintf(line, sizeof line, "%s -o %s/a %s", command, dir, path);
    assert_int_equal(system(line), 0);
    snprintf(path, sizeof path, "%s/a", dir);
    Bytes file = read_whole(path);
    snprintf(line, sizeof line, "rm -r '%s'", dir);
    assert_int_equal(system(line), 0);
    return file;
}

/* Runs the readers on a copy of just that size. */
static void run(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n + !n);
    assert_non_null(copy);
    memcpy(copy, p, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void words_are_damaged(void **state)
{
    (void)state;
    for (size_t b = 0; b < COUNT(builds); b++) {
        Bytes file = build(builds[b]);
        uint8_t *p = (uint8_t *)(uintptr_t)file.p;
        for (size_t at = 0; at + 8 <= file.n; at += 4) {
            uint64_t word;
            memcpy(&word, p + at, 8);
            if (word == 0 && at > 1024)
                continue; /* padding */
            for (size_t v = 0; v<COUNT(values); v += at> 1024 ? 3 : 1) {
                memcpy(p + at, &values[(v + at / 4) % COUNT(values)], v % 2 ? 4 : 8);
                run(p, file.n);
                memcpy(p + at, &word, 8);
            }
        }
        free(p);
    }
}

static void files_are_cut_short(void **state)
{
    (void)state;
    for (size_t b = 0; b < COUNT(builds); b++) {
        Bytes file = build(builds[b]);
        for (size_t n = 0; n < file.n; n += n < 1024 ? 1 : 13)
            run(file.p, n);
        free((void *)(uintptr_t)file.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_damaged),
        cmocka_unit_test(files_are_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
