# SPDX-License-Identifier: Apache-2.0
# Tests speak TAP; tests/run runs them, prints what went wrong and ends with "N passed, N failed".
UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT := $(basename $(notdir $(UNIT_SRC)))
ifneq ($(CRYPTO_OK),yes)
UNIT := $(filter-out test_rsakey test_tool test_trailersig,$(UNIT))
endif
ifneq ($(SYSTEM),Linux)
UNIT := $(filter-out test_sysfs_darwin,$(UNIT)) # its registry is a fake
endif
# The gadget's side of direct flashing, where it can be built.
ifeq ($(SYSTEM)$(FLASH),Linux1)
FLASHD_LIB := $(BUILD)/libflashd.a
else
UNIT := $(filter-out test_flashd test_flashd_disk test_medium_direct,$(UNIT))
endif
ifneq ($(FLASH),1)
UNIT := $(filter-out test_backup test_flash test_image test_medium_disk test_spool,$(UNIT))
endif
TAP_TESTS += $(UNIT:%=$(BUILD)/tests/%) $(sort $(wildcard tests/cli/*.t))
include tests/virtual/virtual.mk

$(UNIT_SRC:%.c=$(BUILD)/%.o): EXTRA_CFLAGS = -Itools/lib -Itests -Imass-storage-gadget $(CRYPTO_CFLAGS)

# A test is named after its file, whatever directory that is in.
define UNIT_RULE
$(BUILD)/tests/$(basename $(notdir $1)): $(BUILD)/$(1:.c=.o) $(TOOLS_LIB) $(FLASHD_LIB) $(CORE_LIB)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(CRYPTO_LIBS) $$(CORE_LIBS)
endef
$(foreach source,$(UNIT_SRC),$(eval $(call UNIT_RULE,$(source))))

# With declarations in place of Apple's headers. Its functions win over those of the archive's sysfs.o.
$(BUILD)/tests/links/sysfs_darwin.o: src/platform/sysfs_darwin.c
	@mkdir -p $(@D)
	$(COMPILE)
$(BUILD)/tests/links/sysfs_darwin.o $(BUILD)/tests/unit/platform/test_sysfs_darwin.o: EXTRA_CFLAGS = -Itests -Itests/links/darwin
$(BUILD)/tests/test_sysfs_darwin: $(BUILD)/tests/links/sysfs_darwin.o

# Helpers of the shell tests: synthetic images and keys (tests/samples.h), a command on a terminal of its own.
TEST_PROGRAMS := $(BUILD)/tests/mksample $(BUILD)/tests/ptyrun
$(TEST_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/tests/%.o
	$(CC) $(ALL_LDFLAGS) -o $@ $^

# The completions are generated from the table of options.
TEST_PROGRAMS += $(BUILD)/tests/completions
$(BUILD)/tests/completions: $(BUILD)/completions/generate.o $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^
.PHONY: completions
completions: $(BUILD)/tests/completions
	$< bash > completions/rpiboot.bash
	$< zsh > completions/_rpiboot

# A program with stand-ins for the firmware that EMBED_MSD=1 puts into it.
TEST_PROGRAMS += $(BUILD)/tests/rpiboot-embedded
$(BUILD)/tests/embedded.c: scripts/embed.sh
	@mkdir -p $(BUILD)/tests/msd
	@for name in bootcode.bin:52001 bootcode4.bin:95003 start.elf:300007; do \
		yes "stand-in $$name" | head -c $${name#*:} > $(BUILD)/tests/msd/$${name%:*}; done
	@cp $(BUILD)/tests/msd/start.elf $(BUILD)/tests/msd/start4.elf
	@scripts/embed.sh $(BUILD)/tests/msd > $@

$(BUILD)/tests/rpiboot-embedded: $(BUILD)/main.o $(BUILD)/src/platform/usb_libusb.o $(BUILD)/tests/embedded.o $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(USB_LIBS) $(CORE_LIBS)

include tests/fuzz/fuzz.mk
include tests/long.mk

# --- the simulator: virtual boards behind src/platform/usb.h, in virtual time
SIM := $(patsubst tests/sim/%.c,%,$(sort $(wildcard tests/sim/test_*.c)))
ifneq ($(SYSTEM),Linux)
SIM := $(filter-out test_soak,$(SIM)) # reads /proc and glibc's mallinfo2
endif
ifneq ($(FLASH),1)
SIM := $(filter-out test_direct,$(SIM))
endif
SIM_OBJ := $(patsubst %,$(BUILD)/tests/sim/%.o,plat_sim usb_sim simrun)
TAP_TESTS += $(SIM:%=$(BUILD)/tests/%)

$(SIM_OBJ) $(SIM:%=$(BUILD)/tests/sim/%.o): EXTRA_CFLAGS = -Itests -Itests/virtual

$(SIM:%=$(BUILD)/tests/%): $(BUILD)/tests/%: $(BUILD)/tests/sim/%.o $(SIM_OBJ) $(V_MODEL_OBJ) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CRYPTO_LIBS) $(CORE_LIBS)

# For systems where programs are only built: the objects, then the test programs.
.PHONY: objects test-objects unit-tests
objects: $(CORE_OBJ) $(BUILD)/main.o $(BUILD)/src/platform/usb_libusb.o $(TOOLS_LIB_OBJ) \
	$(TOOLS:%=$(BUILD)/tools/%.o) $(TOOLS:%=$(BUILD)/tools/main-%.o)
test-objects: $(foreach source,$(UNIT_SRC),$(if $(filter $(basename $(notdir $(source))),$(UNIT)),$(BUILD)/$(source:.c=.o))) $(SIM_OBJ) $(SIM:%=$(BUILD)/tests/sim/%.o) $(V_MODEL_OBJ)
unit-tests: $(UNIT:%=$(BUILD)/tests/%) $(SIM:%=$(BUILD)/tests/%)

# macOS and the BSDs: compiled and linked, not run. Part of `make lint`.
.PHONY: check-links
check-links:
	@tests/links/check

# TESTS= names some of them only; HELPERS= is the build folder whose virtual board and other helpers shell tests use.
TESTS = $(filter-out $(WITHOUT),$(TAP_TESTS))
HELPERS = $(BUILD)
.PHONY: check check-asan check-tsan lint format
check: all $(TEST_PROGRAMS) $(filter $(BUILD)/%,$(TESTS))
	@tests/run --out '$(abspath $(OUT))' --build '$(abspath $(HELPERS))' $(TESTS)

# The Debian packages, and `make check` on another Debian release, in chroots of their own; root, and the network the first
# time. SUITE=trixie or another.
.PHONY: check-package check-suite
check-package:
	@TEST_LIMIT=$${TEST_LIMIT:-7200} tests/run --out '$(abspath $(OUT))' --build '$(abspath $(BUILD))' tests/package/package.t tests/package/first-steps.t tests/package/stations.t

check-suite:
	@TEST_LIMIT=$${TEST_LIMIT:-7200} tests/run --out '$(abspath $(OUT))' --build '$(abspath $(BUILD))' tests/package/suite.t

# clang's: gcc's address sanitizer does not start under the preload of the mocked usbfs. The virtual board itself runs
# without, as its libraries do; its model is in the simulator's tests too. The thread sanitizer has something to find
# where boards run in threads of their own, and in the sessions of the program for direct flashing.
SANITIZED = HARDEN= HARDEN_LD= CC=clang VIRTUAL= HELPERS=build
# What runs shell scripts only is left out.
SHELL_ONLY := $(addprefix tests/cli/,archive.t boot-image-sizes.t boot-image.t cygwin.t fetch-firmware.t gpio-sd.t hardening.t install.t man.t)
check-asan: virtual $(TEST_PROGRAMS)
	@SESSIONS=4000 $(MAKE) BUILD=build/asan $(SANITIZED) WITHOUT='$(SHELL_ONLY)' CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all' \
		LDFLAGS='-fsanitize=address,undefined' check
check-tsan: virtual $(TEST_PROGRAMS)
	@$(MAKE) BUILD=build/tsan $(SANITIZED) CFLAGS='-O1 -g -fsanitize=thread' LDFLAGS='-fsanitize=thread' \
		TESTS='$(patsubst %,build/tsan/tests/%,test_boards $(filter test_flashd test_medium_direct,$(UNIT))) tests/cli/rack.t' check

# A source archive has no list of git's: there all files are the project's.
SOURCES = (if test -e .git; then git ls-files; else find * -name build -prune -o -type f -print; fi)
C_FILES = $(shell $(SOURCES) | grep '\.[ch]$$')
# Sources for Windows need its headers: `make check-windows` compiles them with the same warnings as errors.
LINT_C = $(filter-out win32/% tests/windows/% src/platform/plat_win32% src/platform/sysfs_win32%,$(filter %.c,$(C_FILES)))
SH_FILES = $(sort $(shell $(SOURCES) | grep -E '\.(sh|t)$$'; grep -rlI '^\#!/bin/sh' tools)) tests/run tests/layers tests/wordlist tests/coverage tests/foreign tests/debian-package tests/links/check tests/package/reproducible .ci/run \
	completions/rpiboot.bash completions/tools.bash debian/rpiboot.postrm debian/tests/virtual-board
LINT_INC = -Isrc -Itests/links/darwin -Imass-storage-gadget -Ibuild -Itools/lib -Itests -Itests/virtual -Itests/sim

lint: $(BUILD)/config.h $(BUILD)/udev_rule.h
	clang-format --dry-run --Werror $(C_FILES)
	shellcheck -x $(SH_FILES)
	tests/layers
	tests/wordlist
	$(MAKE) BUILD=build/lint-gcc CC=gcc WERROR=-Werror everything
	$(MAKE) BUILD=build/lint-clang CC=clang WERROR=-Werror everything
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		-D_POSIX_C_SOURCE=200809L $(LINT_INC) $(LINT_C)
	printf '%s\n' $(LINT_C) | xargs -P $(shell nproc) -n 8 sh -c 'clang-tidy --quiet "$$@" -- -std=c11 \
		-D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 $(LINT_INC) $(USB_CFLAGS) $(CRYPTO_CFLAGS) $(VIRTUAL_CFLAGS) \
		2>/dev/null' sh
	tests/links/check

# All programs and test programs, without running them.
.PHONY: everything
everything: all virtual $(TEST_PROGRAMS) $(FUZZ_OBJ) $(filter $(BUILD)/%,$(TAP_TESTS))

include tests/vm/vm.mk

format:
	clang-format -i $(C_FILES)

# --- figures, not tests: medians of several runs
$(BUILD)/tests/measure: $(BUILD)/tests/bench/measure.o
	$(CC) $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/tests/flashrun.o: EXTRA_CFLAGS = -Itests
$(BUILD)/tests/flashrun: $(BUILD)/tests/flashrun.o $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(FLASH_LIBS)

$(BUILD)/tests/directsim.o: EXTRA_CFLAGS = -Itests/sim -Itests/virtual
$(BUILD)/tests/directsim: $(BUILD)/tests/directsim.o $(SIM_OBJ) $(V_MODEL_OBJ) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CRYPTO_LIBS) $(CORE_LIBS)
$(BUILD)/tests/directcpu.o: EXTRA_CFLAGS = -Itests -Imass-storage-gadget
$(BUILD)/tests/directcpu: $(BUILD)/tests/directcpu.o $(FLASHD_LIB) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CORE_LIBS)
DIRECT_BENCH := $(if $(FLASHD_LIB),$(BUILD)/tests/directsim $(BUILD)/tests/directcpu)

.PHONY: bench
bench: all virtual $(BUILD)/tests/measure $(BUILD)/tests/mksample $(BUILD)/tests/flashrun $(DIRECT_BENCH)
	@for b in $(sort $(wildcard tests/bench/*.sh)); do OUT='$(abspath $(OUT))' BUILD='$(abspath $(BUILD))' sh $$b || exit 1; echo; done
