# lvscan: `make demo` builds and shows the main job, `make test` installs what tests need and runs everything.
CC ?= gcc
BUILD ?= build
HOSTCC ?= $(CC)
WARN = -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror
OPT ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -I. -I$(BUILD)/gen
CFLAGS_ALL = $(WARN) $(OPT) -ffunction-sections -fdata-sections $(SAN) $(CFLAGS)
LDFLAGS_ALL = $(SAN) -Wl,--gc-sections $(LDFLAGS)

LIB_SRC := $(wildcard elf/*.c) $(filter-out x86/mktables.c,$(wildcard x86/*.c)) $(wildcard analysis/*.c)
CLI_SRC := $(wildcard cli/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
GEN := $(BUILD)/gen/x86/mnemonics.h $(BUILD)/gen/x86/tables.h

# Each tests/test_*.c is one cmocka program, linked with everything but main.
TEST_SRC := $(wildcard tests/test_*.c)
TEST_BIN := $(TEST_SRC:%.c=$(BUILD)/%)

all: $(BUILD)/lvscan

$(BUILD)/lvscan: $(CLI_OBJ) $(LIB_OBJ)
	$(CC) $(CFLAGS_ALL) -static -o $@ $^ $(LDFLAGS_ALL) -pthread

$(BUILD)/mktables: x86/mktables.c
	@mkdir -p $(@D)
	$(HOSTCC) $(WARN) -O1 -o $@ $<

# One run makes both headers; the stamp stands for it.
$(GEN): $(BUILD)/gen/x86/stamp ;
$(BUILD)/gen/x86/stamp: $(BUILD)/mktables x86/opcodes.tbl
	@mkdir -p $(@D)
	$(BUILD)/mktables x86/opcodes.tbl $(BUILD)/gen/x86
	@touch $@

$(BUILD)/%.o: %.c $(BUILD)/gen/x86/stamp
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: tests/%.c $(LIB_OBJ) $(filter-out $(BUILD)/cli/main.o,$(CLI_OBJ))
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(filter %.o,$^) $(LDFLAGS_ALL) -lcmocka -pthread

clean:
	rm -rf build

.PHONY: all clean
.DELETE_ON_ERROR:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
