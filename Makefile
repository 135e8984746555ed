# lvscan: `make demo` builds and shows the main job; `make test` installs what tests need and runs everything.
#
#   make            the static program, build/lvscan (CC=clang and CC=musl-gcc work too)
#   make install    PREFIX=/usr/local DESTDIR=
#   make release    the static musl binary, the same bit for bit wherever it is made      make deb   a Debian package of it
#   make lint       clang-tidy, cppcheck, formatting      make format   rewrites the formatting
#   make fuzz       every fuzz target for FUZZ_SECONDS    make afl      the same under afl++
#   make cover      branch coverage, folder by folder
#   make oracle     the long runs against other tools and the processor
#   make bench      speed                                 make idioms   writes docs/IDIOMS.md
#   make opcode-grid   the built opcode tables as the SDM's 16x16 maps; tests/golden/opcode_grid.txt is kept of it
BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
JOBS ?= $(shell nproc)
HOSTCC ?= cc
CLANG ?= clang
OPT ?= -O2 -g
STATIC ?= -static
WARN = -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror
CPPFLAGS_ALL = -D_GNU_SOURCE -I. -I$(BUILD)/gen $(CPPFLAGS)
CFLAGS_ALL = $(WARN) $(OPT) -ffunction-sections -fdata-sections -pthread $(SAN) $(CFLAGS)
LDFLAGS_ALL = -pthread $(SAN) -Wl,--gc-sections $(LDFLAGS)
ifneq (,$(findstring musl,$(CC))) # whose folder lacks the kernel's headers
CPPFLAGS_ALL += -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu
endif
# V=1 shows the commands whole.
Q = $(if $(V),,@echo '  $(notdir $(firstword $(CC))) $@' && )

LIB_SRC := $(wildcard elf/*.c x86/*.c analysis/*.c)
CLI_SRC := $(filter-out cli/mkdocs/%,$(wildcard cli/*.c cli/*/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
TESTED := $(LIB_OBJ) $(filter-out $(BUILD)/cli/main.o,$(CLI_OBJ))

TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/test_*.c))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench_*.c))
MUTANTS := $(BUILD)/tests/hostile/mutants
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard fuzz/fuzz_*.c))
SCRIPTS := $(wildcard tests/main_job.sh tests/cli/*.sh tests/e2e/*.sh)

all: $(BUILD)/lvscan
objects: $(LIB_OBJ) $(CLI_OBJ)
tests: $(TESTS)
fuzzers: $(FUZZERS)
mutants: $(MUTANTS)

$(BUILD)/lvscan: $(LIB_OBJ) $(CLI_OBJ)
	$(Q)$(CC) $(CFLAGS_ALL) $(STATIC) -o $@ $^ $(LDFLAGS_ALL)

$(BUILD)/mktables: $(wildcard x86/mktables/*.c x86/mktables/*.h) x86/format.h x86/insn_kinds.h x86/regs.h
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(WARN) -D_GNU_SOURCE -I. -O1 -o $@ $(filter %.c,$^)

# One run makes all generated headers; the stamp stands for them.
$(BUILD)/gen/x86/stamp: $(BUILD)/mktables x86/opcodes.tbl
	@mkdir -p $(@D)
	@$(BUILD)/mktables x86/opcodes.tbl $(BUILD)/gen/x86
	@touch $@

# What includes a generated header is made again by its .d file; the rest only waits for the first ones.
$(BUILD)/gen/x86/%.h: $(BUILD)/gen/x86/stamp ;
$(BUILD)/%.o: %.c | $(BUILD)/gen/x86/stamp
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# A program of tests/ is one source file, linked with every object but main's.
$(TESTS) $(BENCHES): $(BUILD)/%: $(BUILD)/%.o $(TESTED)
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL) $(LIBS)
$(TESTS): LIBS = -lcmocka
FAULTY := $(addprefix $(BUILD)/tests/,test_choose test_demangle test_elf_slots test_gaps test_hostile_alloc test_hostile_command test_prescan_passes test_search test_summary) # which include tests/fault.h
$(FAULTY): LIBS = -lcmocka -Wl,--wrap=arena_alloc,--wrap=arena_copy,--wrap=arena_items,--wrap=arena_grow,--wrap=calloc,--wrap=malloc,--wrap=realloc,--wrap=mmap
$(BUILD)/tests/test_threads: LIBS = -lcmocka -Wl,--wrap=pthread_create,--wrap=pthread_attr_init,--wrap=pthread_attr_setstacksize

# A fuzz target is driven by fuzz/replay.c, which runs the files it is given, or by clang's libFuzzer.
$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(TESTED) $(if $(FUZZER),,$(BUILD)/fuzz/replay.o)
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL) $(FUZZER)
ifdef LIBFUZZER # the targets that take whole files know their structure
$(BUILD)/fuzz/fuzz_elf $(BUILD)/fuzz/fuzz_scan: $(BUILD)/fuzz/elf_custom.o $(BUILD)/fuzz/elf_mutator.o
endif

# Damages programs and runs the command line on them.
$(MUTANTS): $(BUILD)/tests/hostile/mutants.o $(BUILD)/fuzz/elf_mutator.o
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL)

# gcc makes the program, clang the tests: both with all warnings as errors.
CHECKED = OPT='-O1 -g' STATIC= SAN='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
SUB = +@$(MAKE) --no-print-directory -j$(JOBS)

demo:
	$(SUB) all
	@tests/demo/demo.sh $(BUILD)/lvscan

test:
	@tests/needs
	$(SUB) all
	$(SUB) BUILD=$(BUILD)/asan CC=$(CLANG) $(CHECKED) all tests fuzzers
	@BUILD=$(BUILD) tests/run -j $(JOBS) $(TESTS:$(BUILD)/%=$(BUILD)/asan/%) $(SCRIPTS)

# A busy server traced for an hour.
soak:
	@tests/needs
	$(SUB) all
	@rm -f $(BUILD)/soak.txt
	@BUILD=$(BUILD) SOAK=3600 REPORT=$(BUILD)/soak.txt tests/run -t 0 tests/cli/live_server.sh; status=$$?; cat $(BUILD)/soak.txt; exit $$status

# The same checks as `make test` runs for minutes, for as long as they take.
oracle:
	@tests/needs
	$(SUB) all
	@BUILD=$(BUILD) ORACLE=full tests/run -t 0 $(wildcard tests/e2e/oracle*.sh)

# FUZZ_TARGETS='decode elf' leaves out the others. The fuzzers are compiled for speed, the command line as the tests are.
FUZZED = CFLAGS='$(CFLAGS) -O2 -fsanitize=fuzzer-no-link' FUZZER=-fsanitize=fuzzer
HOSTILE = $(BUILD)/hostile
fuzz:
	@tests/needs
	$(SUB) BUILD=$(BUILD)/fuzz CC=$(CLANG) $(CHECKED) $(FUZZED) LIBFUZZER=1 fuzzers
	$(SUB) BUILD=$(BUILD)/asan CC=$(CLANG) $(CHECKED) all mutants fuzzers
	@tests/hostile/seeds $(HOSTILE)
	@BLIND=$(BUILD)/asan/fuzz MUTANTS="$(BUILD)/asan/tests/hostile/mutants $(BUILD)/asan/lvscan $$(echo $(HOSTILE)/*)" \
	    fuzz/run $(BUILD)/fuzz/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# The same targets under Debian's afl++.
afl:
	@tests/needs afl
	$(SUB) BUILD=$(BUILD)/afl CC=afl-clang-fast $(CHECKED) CFLAGS='$(CFLAGS) -O2' FUZZER=-fsanitize=fuzzer fuzzers
	@fuzz/run --afl $(BUILD)/afl/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

bench:
	@tests/needs
	$(SUB) all $(BENCHES)
	@export BUILD=$(BUILD); tests/oracle/x86.sh --bench; for bench in $(BENCHES) $(wildcard tests/bench/*.sh); do $$bench || exit; done

opcode-grid: # links against cmocka like every test
	@tests/needs >&2
	+@$(MAKE) --no-print-directory -s $(BUILD)/tests/test_x86_grid >&2
	@$(BUILD)/tests/test_x86_grid --print

# The profile is written at exit, which the sandbox would forbid; threads count atomically, else counts are lost, and branches with them. COVER=-v lists the branches that were not taken.
cover:
	@tests/needs
	$(SUB) BUILD=$(BUILD)/cover CC=$(CLANG) OPT='-O0 -g' STATIC= SAN='--coverage -fprofile-update=atomic -DLVSCAN_UNCONFINED' all tests fuzzers
	@BUILD=$(BUILD)/cover nice tests/cover $(COVER)

idioms:
	@tests/needs
	$(SUB) all
	@BUILD=$(BUILD) tests/e2e/idioms.sh --table >docs/IDIOMS.md.new && mv docs/IDIOMS.md.new docs/IDIOMS.md

C_FILES = $(foreach d,elf x86 x86/* analysis cli tests tests/oracle tests/oracle/* fuzz,$(wildcard $d/*.[ch]))

lint:
	@tests/needs lint
	$(SUB) $(BUILD)/gen/x86/stamp
	clang-format --dry-run -Werror $(C_FILES)
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 --suppress=internalAstError \
	    -j$(JOBS) -D_GNU_SOURCE -I. -I$(BUILD)/gen $(LIB_SRC) $(CLI_SRC) $(wildcard x86/mktables/*.c)
	$(SUB) $(TIDIED)

# One run of clang-tidy a file, again only when the file or a header it includes is newer.
TIDIED = $(patsubst %.c,$(BUILD)/tidy/%.ok,$(filter %.c,$(C_FILES)) $(wildcard cli/mkdocs/*.c))
$(BUILD)/tidy/%.ok: %.c .clang-tidy tests/.clang-tidy | $(BUILD)/gen/x86/stamp
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- -std=c11 $(CPPFLAGS_ALL) >$@.said 2>/dev/null || { cat $@.said; echo "clang-tidy $<: not clean"; exit 1; }
	@$(CLANG) -std=c11 $(CPPFLAGS_ALL) -MM -MT $@ -MF $(@:.ok=.d) $< && touch $@

format:
	@tests/needs lint
	clang-format -i $(C_FILES)

# The manual page and the completions are made from the option table; the page is kept in git, too, for those who read there.
DOCS := $(addprefix $(BUILD)/docs/,lvscan.1 lvscan.bash _lvscan lvscan.fish)
$(BUILD)/mkdocs: cli/mkdocs/mkdocs.c cli/options.tbl cli/options.h cli/option_table.h
	@mkdir -p $(BUILD)/docs
	$(Q)$(HOSTCC) $(WARN) -D_GNU_SOURCE -I. -O1 -o $@ $<
$(BUILD)/docs/lvscan.1: FORM = man
$(BUILD)/docs/lvscan.bash: FORM = bash
$(BUILD)/docs/_lvscan: FORM = zsh
$(BUILD)/docs/lvscan.fish: FORM = fish
$(DOCS): $(BUILD)/mkdocs
	@$(BUILD)/mkdocs $(FORM) >$@
docs: $(DOCS)
	cp $(BUILD)/docs/lvscan.1 docs/lvscan.1

# The README's picture, of a real run; as root the live reading is in it.
picture: all
	docs/picture.sh $(BUILD)/lvscan

SHARE = $(DESTDIR)$(PREFIX)/share
install: all $(DOCS)
	install -D -m 755 $(BUILD)/lvscan $(DESTDIR)$(PREFIX)/bin/lvscan
	install -D -m 644 $(BUILD)/docs/lvscan.1 -t $(SHARE)/man/man1
	install -D -m 644 $(BUILD)/docs/lvscan.bash $(SHARE)/bash-completion/completions/lvscan
	install -D -m 644 $(BUILD)/docs/_lvscan $(SHARE)/zsh/vendor-completions/_lvscan
	install -D -m 644 $(BUILD)/docs/lvscan.fish $(SHARE)/fish/vendor_completions.d/lvscan.fish
	install -D -m 644 README.md CHANGELOG.md docs/HOWTO.md docs/lvscan.artifact.yaml -t $(SHARE)/doc/lvscan
	install -D -m 644 docs/schema/*.json -t $(SHARE)/doc/lvscan/schema

# No path, no time and no build id gets into the binary. What the inner loops are made of is compiled for speed, all else
# for size: a tenth smaller, and no slower than 2% (git analysed whole, by turns).
HOT = $(addprefix $(BUILD)/,$(addsuffix .o,analysis/prescan_kernel x86/decode x86/effects))
ifdef RELEASE
$(filter-out $(HOT),$(LIB_OBJ) $(CLI_OBJ)): CFLAGS_ALL += -Oz -fno-jump-tables -fno-tree-dominator-opts -fno-tree-loop-im -fno-move-loop-invariants \
    -fno-tree-tail-merge -fno-if-conversion -fno-tree-switch-conversion
endif
IN_RELEASE = BUILD=$(BUILD)/release CC=musl-gcc RELEASE=1 OPT=-O2 SAN= STATIC='-static -no-pie' \
    CFLAGS='-ffile-prefix-map=$(CURDIR)=. -fno-pie -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident \
        -falign-functions=1 -falign-jumps=1 -falign-loops=1' \
    LDFLAGS='-s -Wl,--build-id=none,-z,norelro,-z,noseparate-code,-z,common-page-size=64'
release:
	$(SUB) $(IN_RELEASE) all
	@cd $(BUILD)/release && sha256sum lvscan >lvscan.sha256 && stat -c '%n: %s bytes' lvscan && cat lvscan.sha256

deb: release
	@rm -rf $(BUILD)/deb
	+@$(MAKE) --no-print-directory $(IN_RELEASE) DESTDIR=$(BUILD)/deb/root PREFIX=/usr install >/dev/null
	@docs/debian/build $(BUILD)/deb

clean:
	rm -rf $(BUILD)

.PHONY: all objects tests fuzzers mutants demo test soak oracle fuzz afl bench opcode-grid cover idioms lint format docs picture install release deb clean
.DELETE_ON_ERROR:
-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
