/* tests/test_elf_real.c - real files of this machine, against what readelf and objdump say of them.
 *
 * The files: some of Debian's, this very program, and a small program built here in the ways that give different PLTs
 * and relocations. A file that is not there is left out; each test counts what it compared and wants much of it.
 */
#include "elf/gopclntab.h"
#include "elf/plt.h"
#include "elf/symbols.h"
#include "elf/unwind.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static char self[4096]; /* this program */
static char work[] = "/tmp/lvscan-elf-XXXXXX";

static const char *const real_files[] = {
    self,
    "/usr/bin/git",
    "/usr/bin/bpftrace",
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/ld-linux-x86-64.so.2",
    "/usr/sbin/ldconfig", /* static */
    "/usr/bin/gron",      /* Go */
};

/* How the small program is built; each gives %s/NAME. */
static const struct {
    const char *name, *command;
} builds[] = {
    {"lazy", "gcc -Wl,-z,lazy"},
    {"now", "gcc -Wl,-z,now"},
    {"ibt", "gcc -fcf-protection -Wl,-z,ibtplt -Wl,-z,lazy"},
    {"exec", "gcc -no-pie"},
    {"static", "gcc -static"},
    {"static-pie", "gcc -static-pie"},
    {"sysv", "gcc -Wl,--hash-style=sysv"},
    {"shared", "gcc -shared -fPIC"},
    {"clang", "clang -O1"},
};

static const char source[] = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
                             "int shared_data = 5; static int hidden(int x) { return x * 3; }\n"
                             "int (*table[])(int) = {hidden, abs};\n"
                             "int lv_entry(int c, char **v) { void *p = malloc(strlen(v[0])); puts(v[0]); free(p);\n"
                             "  return table[c & 1](c) + atoi(v[0]) + (int)strtol(v[0], 0, 9) + shared_data; }\n"
                             "int main(int c, char **v) { return lv_entry(c, v); }\n";

typedef struct File {
    Bytes bytes;
    Arena arena;
    Image image;
} File;

static bool file_open(File *f, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    *f = (File){0};
    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0); /* a private one shows armed uprobes */
    close(fd);
    assert_ptr_not_equal(p, MAP_FAILED);
    f->bytes = (Bytes){p, (size_t)st.st_size};
    Diag diag = {0};
    if (!image_open(&f->image, f->bytes, &f->arena, &diag))
        fail_msg("%s: %s", path, diag.what);
    return true;
}

static void file_close(File *f)
{
    arena_free(&f->arena);
    munmap((void *)(uintptr_t)f->bytes.p, f->bytes.n);
}

/* Calls `check` for each line of a command's output, with the path in place of %s. */
typedef void LineCheck(File *f, const char *line, void *context);

static void each_line(File *f, const char *command, const char *path, LineCheck *check, void *context)
{
    char text[8192], line[8192];
    snprintf(text, sizeof text, command, path);
    FILE *pipe = popen(text, "re");
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe))
        check(f, line, context);
    assert_int_equal(pclose(pipe), 0);
}

/* Runs a check on every file; gives how many there were. */
typedef void FileCheck(File *f, const char *path, void *context);

static size_t each_file(FileCheck *check, void *context)
{
    size_t n = 0;
    File f;
    for (size_t i = 0; i < COUNT(real_files) + COUNT(builds); i++) {
        char path[8192];
        bool real = i < COUNT(real_files);
        snprintf(path, sizeof path, "%s%s%s", real ? real_files[i] : work, real ? "" : "/",
                 real ? "" : builds[i - COUNT(real_files)].name);
        if (!file_open(&f, path))
            continue;
        check(&f, path, context);
        file_close(&f);
        n++;
    }
    return n;
}

/* Segments and addresses, against readelf -l. */
static void load_line(File *f, const char *line, void *context)
{
    uint64_t off, addr, filesz, memsz;
    size_t *n = context;
    if (sscanf(line, " LOAD %" SCNx64 " %" SCNx64 " %*s %" SCNx64 " %" SCNx64, &off, &addr, &filesz, &memsz) != 4)
        return;
    ++*n;
    const Segment *s = image_segment(&f->image, addr);
    assert_non_null(s);
    assert_int_equal(s->addr, addr);
    assert_int_equal(s->memsz, memsz);
    assert_int_equal(s->executable, strstr(line, " E ") != NULL);
    if (filesz) {
        Off got;
        Addr back;
        assert_true(image_addr_to_off(&f->image, addr + filesz - 1, &got));
        assert_int_equal(got.v, off + filesz - 1);
        assert_true(image_off_to_addr(&f->image, got, &back) && back == addr + filesz - 1);
    }
    assert_false(filesz < memsz && image_addr_to_off(&f->image, addr + filesz, &(Off){0}));
}

static void check_loads(File *f, const char *path, void *context)
{
    size_t n = 0, *total = context;
    each_line(f, "readelf -lW %s", path, load_line, &n);
    assert_int_equal(n, f->image.nloads);
    *total += n;
}

static void segments_agree_with_readelf(void **state)
{
    (void)state;
    size_t total = 0;
    assert_true(each_file(check_loads, &total) >= 8);
    assert_true(total >= 30);
}

/* Build ids, against readelf -n. */
static void build_id_line(File *f, const char *line, void *context)
{
    const char *hex = strstr(line, "Build ID: ");
    if (!hex)
        return;
    char got[2 * 64 + 1] = "";
    for (size_t i = 0; i < f->image.build_id.n; i++)
        snprintf(got + 2 * i, 3, "%02x", f->image.build_id.p[i]);
    assert_int_equal(strncmp(hex + 10, got, strcspn(hex + 10, "\n")), 0);
    ++*(size_t *)context;
}

static void check_build_id(File *f, const char *path, void *context)
{
    size_t n = 0, *total = context;
    each_line(f, "readelf -nW %s 2>/dev/null", path, build_id_line, &n);
    assert_int_equal(n, f->image.build_id.n > 0);
    *total += n;
}

static void build_ids_agree_with_readelf(void **state)
{
    (void)state;
    size_t total = 0;
    each_file(check_build_id, &total);
    assert_true(total >= 8);
}

/* Symbols, against readelf -s: the same set, with size, type and binding. */
typedef struct SymbolCount {
    Symbols symbols;
    size_t n, dynamic_section;
} SymbolCount;

static bool symbol_matches(const Symbol *s, uint64_t size, const char *type, const char *bind, bool dynamic)
{
    static const char *const types[] = {
        [STT_NOTYPE] = "NOTYPE", [STT_OBJECT] = "OBJECT", [STT_FUNC] = "FUNC", [STT_GNU_IFUNC] = "IFUNC"};
    static const char *const binds[] = {[STB_LOCAL] = "LOCAL", [STB_GLOBAL] = "GLOBAL", [STB_WEAK] = "WEAK"};
    const char *unique = s->bind == STB_GNU_UNIQUE ? "UNIQUE" : NULL;
    return s->size == size && strcmp(types[s->type], type) == 0 &&
           strcmp(unique ? unique : binds[s->bind], bind) == 0 && (s->source == SYMBOL_DYNSYM) == dynamic;
}

static void symbol_line(File *f, const char *line, void *context)
{
    SymbolCount *c = context;
    Addr addr;
    char size[32], type[16], bind[16], section[16], name[4096];
    (void)f;
    if (strncmp(line, "Symbol table", 12) == 0)
        c->dynamic_section = strstr(line, ".dynsym") != NULL;
    if (sscanf(line, "%*u: %" SCNx64 " %31s %15s %15s %*s %15s %4095s", &addr, size, type, bind, section, name) != 6 ||
        strcmp(section, "UND") == 0 || strcmp(section, "ABS") == 0 || strcmp(section, "COM") == 0 ||
        (strcmp(type, "FUNC") != 0 && strcmp(type, "NOTYPE") != 0 && strcmp(type, "OBJECT") != 0 &&
         strcmp(type, "IFUNC") != 0))
        return;
    Str wanted = {name, strcspn(name + 1, "@") + 1};
    for (size_t i = symbols_from(&c->symbols, addr); i < c->symbols.n; i++) {
        Symbol s = symbols_get(&c->symbols, i);
        if (s.addr != addr)
            break;
        if (symbol_matches(&s, strtoull(size, NULL, 0), type, bind, c->dynamic_section) &&
            str_eq(symbol_name(&c->symbols, &s), wanted)) {
            c->n++;
            return;
        }
    }
    fail_msg("not found: %s", line);
}

static void check_symbols(File *f, const char *path, void *context)
{
    SymbolCount c = {.n = 0};
    size_t *total = context;
    assert_true(symbols_open(&c.symbols, &f->image, &f->arena, NULL));
    each_line(f, "readelf -sW %s 2>/dev/null", path, symbol_line, &c);
    if (c.n != c.symbols.n)
        fail_msg("%s: %zu symbols, readelf has %zu", path, c.symbols.n, c.n);
    *total += c.n;
}

static void symbols_agree_with_readelf(void **state)
{
    (void)state;
    size_t total = 0;
    each_file(check_symbols, &total);
    assert_true(total >= 5000);
}

/* Relocations, against readelf -r (those of DT_RELR have their own test data). */
typedef struct SlotCount {
    Slots slots;
    size_t n, named;
} SlotCount;

static void slot_line(File *f, const char *line, void *context)
{
    SlotCount *c = context;
    Addr addr;
    uint64_t info;
    char type[32], value[64], name[4096] = "";
    (void)f;
    if (sscanf(line, "%16" SCNx64 " %16" SCNx64 " %31s %63s %4095s", &addr, &info, type, value, name) < 4 ||
        strncmp(type, "R_X86_64_", 9) != 0)
        return;
    Slot slot;
    assert_true(slots_at(&c->slots, addr, &slot));
    assert_int_equal(slot.type, (uint32_t)info);
    if (name[0] && ELF64_R_SYM(info)) {
        assert_true(str_eq(slot.name, (Str){name, strcspn(name, "@")}));
        c->named++;
    } else if (slot.type == R_X86_64_RELATIVE || slot.type == R_X86_64_IRELATIVE) {
        assert_int_equal(slot.target, strtoull(value, NULL, 16));
    }
    c->n++;
}

static size_t slots_count(const Slots *s)
{
    size_t n = 0;
    Slot slot;
    for (SlotWalk w = {0}; slots_next(s, &w, &slot);)
        n++;
    return n;
}

static void check_slots(File *f, const char *path, void *context)
{
    SlotCount c = {.n = 0};
    SlotCount *total = context;
    assert_true(slots_open(&c.slots, &f->image, &f->arena, NULL));
    each_line(f, "readelf -rW %s 2>/dev/null", path, slot_line, &c);
    Addr addr;
    Bytes bytes;
    size_t walked = slots_count(&c.slots);
    if (!image_section(&f->image, ".relr.dyn", &addr, &bytes) && c.n != walked)
        fail_msg("%s: %zu slots, readelf has %zu", path, walked, c.n);
    slots_close(&c.slots);
    total->n += c.n;
    total->named += c.named;
}

static void slots_agree_with_readelf(void **state)
{
    (void)state;
    SlotCount total = {.n = 0};
    each_file(check_slots, &total);
    assert_true(total.n >= 5000);
    assert_true(total.named >= 500);
}

/* FDEs, against readelf --debug-dump=frames: the same ranges. */
typedef struct FdeCount {
    Unwind unwind;
    size_t n;
    Addr last;
} FdeCount;

static void fde_line(File *f, const char *line, void *context)
{
    FdeCount *c = context;
    const char *pc = strstr(line, "pc=");
    Addr start, end;
    Fde fde;
    (void)f;
    if (!strstr(line, " FDE ") || !pc || sscanf(pc, "pc=%" SCNx64 "..%" SCNx64, &start, &end) != 2)
        return;
    if (end == start)
        return;
    c->n++;
    if (!unwind_find(&c->unwind, end - 1, &fde) || fde.start != start || fde.size != end - start)
        fail_msg("not found: %s", line);
}

static void check_fdes(File *f, const char *path, void *context)
{
    FdeCount c = {.n = 0};
    size_t n = 0, *total = context;
    assert_true(unwind_open(&c.unwind, &f->image, &f->arena, NULL));
    UnwindWalk w = {0}, walk = {0};
    FdeRange range, walked;
    while (unwind_next(&c.unwind, &w, &range))
        n++;
    each_line(f, "readelf -W --debug-dump=frames %s 2>/dev/null | grep ' FDE ' || true", path, fde_line, &c);
    if (c.n != n)
        fail_msg("%s: %zu FDEs, readelf has %zu", path, n, c.n);
    Image without = f->image; /* walking .eh_frame gives the same */
    Unwind unwind;
    without.eh_frame_hdr = 0;
    assert_true(unwind_open(&unwind, &without, &f->arena, NULL));
    assert_true(unwind.table.n == 0 && unwind.n == n);
    for (w = (UnwindWalk){0}; unwind_next(&c.unwind, &w, &range);) {
        assert_true(unwind_next(&unwind, &walk, &walked));
        assert_true(range.start == walked.start && range.size == walked.size && range.fde == walked.fde);
        Fde one, other;
        assert_true(unwind_find(&c.unwind, range.start, &one) && unwind_find(&unwind, range.start, &other));
        assert_true(one.lsda == other.lsda && one.at_entry == other.at_entry);
    }
    *total += n;
}

static void fdes_agree_with_readelf(void **state)
{
    (void)state;
    size_t total = 0;
    each_file(check_fdes, &total);
    assert_true(total >= 5000);
}

/* PLT stubs, against the names that objdump makes up for them. */
static void stub_line(File *f, const char *line, void *context)
{
    SlotCount *c = context;
    Addr stub, target;
    Str name;
    char wanted[4096];
    if (sscanf(line, "%" SCNx64 " <%4095[^>]>:", &stub, wanted) != 2)
        return;
    char *suffix = strstr(wanted, "@plt");
    if (!suffix || strcmp(suffix, "@plt") != 0) /* "@plt-0x10" is the stub that calls the dynamic linker */
        return;
    *suffix = '\0';
    if (!strncmp(wanted, "*ABS*", 5)) { /* IRELATIVE: known at run time */
        assert_false(plt_target(&f->image, &c->slots, stub, &name, &target));
        return;
    }
    wanted[strcspn(wanted, "@")] = '\0';
    if (!plt_target(&f->image, &c->slots, stub, &name, &target) || !str_eq(name, (Str){wanted, strlen(wanted)}))
        fail_msg("not recognised: %s", line);
    c->n++;
}

static void check_stubs(File *f, const char *path, void *context)
{
    SlotCount c = {.n = 0}, *total = context;
    assert_true(slots_open(&c.slots, &f->image, &f->arena, NULL));
    each_line(f, "objdump -d -j .plt -j .plt.sec -j .plt.got %s 2>/dev/null | grep '>:' || true", path, stub_line, &c);
    total->n += c.n;
    total->named++;
    slots_close(&c.slots);
}

static void plt_names_agree_with_objdump(void **state)
{
    (void)state;
    SlotCount total = {.n = 0};
    each_file(check_stubs, &total);
    assert_true(total.n >= 200);
}

/* What program headers lead to is found without section headers as well. */
static void check_sectionless(File *f, const char *path, void *context)
{
    Image bare = f->image;
    Symbols with, without;
    Slots slots, bare_slots;
    Unwind unwind, bare_unwind;
    size_t dynamic = 0, *total = context;
    bare.nsections = 0;
    if (!f->image.dynamic || !f->image.eh_frame_hdr)
        return;
    assert_true(symbols_open(&with, &f->image, &f->arena, NULL) && symbols_open(&without, &bare, &f->arena, NULL));
    for (size_t i = 0; i < with.n; i++)
        dynamic += symbols_get(&with, i).source == SYMBOL_DYNSYM;
    assert_int_equal(without.n, dynamic);
    assert_true(slots_open(&slots, &f->image, &f->arena, NULL) && slots_open(&bare_slots, &bare, &f->arena, NULL));
    assert_int_equal(slots_count(&slots), slots_count(&bare_slots));
    slots_close(&slots);
    slots_close(&bare_slots);
    assert_true(unwind_open(&unwind, &f->image, &f->arena, NULL));
    assert_true(unwind_open(&bare_unwind, &bare, &f->arena, NULL));
    if (unwind.n != bare_unwind.n)
        fail_msg("%s: %zu FDEs, without sections %zu", path, unwind.n, bare_unwind.n);
    *total += unwind.n;
}

static void sections_are_not_needed(void **state)
{
    (void)state;
    size_t total = 0;
    each_file(check_sectionless, &total);
    assert_true(total >= 5000);
}

/* Call sites and landing pads are at the starts of instructions, as objdump lists them. */
typedef struct PadCount {
    Unwind unwind;
    uint8_t *wanted; /* a bit for each offset into the file: must be an instruction's start */
    size_t n, seen;
} PadCount;

static void want(File *f, PadCount *c, Addr addr)
{
    Off off;
    assert_true(image_addr_to_off(&f->image, addr, &off));
    c->n += !(c->wanted[off.v / 8] >> (off.v % 8) & 1);
    c->wanted[off.v / 8] = (uint8_t)(c->wanted[off.v / 8] | 1u << (off.v % 8));
}

static void instruction_line(File *f, const char *line, void *context)
{
    PadCount *c = context;
    Addr addr;
    Off off;
    if (sscanf(line, " %" SCNx64 ":", &addr) == 1 && image_addr_to_off(&f->image, addr, &off))
        c->seen += c->wanted[off.v / 8] >> (off.v % 8) & 1;
}

static void call_sites_are_at_instructions(void **state)
{
    (void)state;
    File f;
    PadCount c = {.n = 0};
    FdeRange range;
    size_t nsites;
    const char *path = real_files[3];
    if (!file_open(&f, path))
        skip();
    c.wanted = calloc(f.bytes.n / 8 + 1, 1);
    assert_true(unwind_open(&c.unwind, &f.image, &f.arena, NULL));
    for (UnwindWalk w = {0}; unwind_next(&c.unwind, &w, &range);) {
        CallSite *sites;
        Fde fde;
        assert_true(unwind_find(&c.unwind, range.start, &fde));
        assert_true(lsda_read(&f.image, &fde, &sites, &nsites, &f.arena, NULL));
        for (size_t k = 0; k < nsites; k++) {
            want(&f, &c, sites[k].start);
            if (sites[k].pad)
                want(&f, &c, sites[k].pad);
        }
    }
    assert_true(c.n > 1000);
    each_line(&f, "objdump -d -w --no-show-raw-insn %s", path, instruction_line, &c);
    assert_int_equal(c.seen, c.n);
    free(c.wanted);
    file_close(&f);
}

/* Go's functions, against its own symbol table where that was left in. */
static void go_functions_have_their_symbols(void **state)
{
    (void)state;
    File f;
    GoTable go, scanned;
    size_t matched = 0, functions_in_symtab = 0;
    Slots slots;
    Symbols symbols;
    if (!file_open(&f, "/usr/bin/gron"))
        skip();
    assert_true(slots_open(&slots, &f.image, &f.arena, NULL));
    assert_true(gopclntab_open(&go, &f.image, &slots) && go.n > 1000);
    f.image.nsections = 0; /* by its magic too */
    assert_true(gopclntab_open(&scanned, &f.image, &slots));
    assert_int_equal(scanned.n, go.n);
    assert_true(image_open(&f.image, f.bytes, &f.arena, NULL));
    assert_true(symbols_open(&symbols, &f.image, &f.arena, NULL));
    for (size_t i = 0; i < go.n; i++) {
        Addr start, end;
        Symbol s;
        assert_true(gopclntab_function(&go, i, &start, &end));
        bool known = symbols_at(&symbols, start, &s);
        functions_in_symtab += known && s.type == STT_FUNC;
        matched += known && str_eq(symbol_name(&symbols, &s), gopclntab_name(&go, i));
        assert_true(gopclntab_name(&go, i).n > 0);
    }
    assert_int_equal(matched, functions_in_symtab);
    slots_close(&slots);
    file_close(&f);
}

/* Opening a file of 100 MB and finding one function touches few of its pages. */
static void a_lookup_touches_few_pages(void **state)
{
    (void)state;
    static const char *const large[] = {"/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1",
                                        "/usr/lib/x86_64-linux-gnu/libLLVM-15.so.1", "/usr/bin/node"};
    size_t done = 0;
    for (size_t i = 0; i < COUNT(large); i++) {
        struct rusage before, after;
        File f;
        Unwind unwind;
        Fde fde;
        getrusage(RUSAGE_SELF, &before);
        if (!file_open(&f, large[i]))
            continue;
        assert_true(unwind_open(&unwind, &f.image, &f.arena, NULL));
        const Segment *code = f.image.loads;
        while (!code->executable)
            code++;
        size_t found = 0;
        for (uint64_t k = 1; k < 8; k++)
            found += unwind_find(&unwind, code->addr + code->filesz / 8 * k, &fde);
        getrusage(RUSAGE_SELF, &after);
        assert_true(found > 0);
        assert_true(after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt < 400);
        file_close(&f);
        done++;
    }
    if (!done)
        skip();
}

static int build_all(void **state)
{
    (void)state;
    char path[128], command[512];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || !mkdtemp(work))
        return -1;
    snprintf(path, sizeof path, "%s/source.c", work);
    FILE *out = fopen(path, "we");
    if (!out || fputs(source, out) < 0 || fclose(out) != 0)
        return -1;
    for (size_t i = 0; i < COUNT(builds); i++) {
        snprintf(command, sizeof command, "%s -o %s/%s %s", builds[i].command, work, builds[i].name, path);
        if (system(command) != 0)
            return -1;
    }
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", work);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_agree_with_readelf),     cmocka_unit_test(build_ids_agree_with_readelf),
        cmocka_unit_test(symbols_agree_with_readelf),      cmocka_unit_test(slots_agree_with_readelf),
        cmocka_unit_test(fdes_agree_with_readelf),         cmocka_unit_test(plt_names_agree_with_objdump),
        cmocka_unit_test(sections_are_not_needed),         cmocka_unit_test(call_sites_are_at_instructions),
        cmocka_unit_test(go_functions_have_their_symbols), cmocka_unit_test(a_lookup_touches_few_pages),
    };
    return cmocka_run_group_tests(tests, build_all, remove_all);
}
