# Tests speak TAP; tests/run runs them, prints what went wrong and ends with "N passed, N failed".
UNIT := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
TAP_TESTS += $(UNIT:%=$(BUILD)/tests/%) $(sort $(wildcard tests/cli/*.t))
include tests/virtual/virtual.mk

$(UNIT:%=$(BUILD)/tests/unit/%.o): EXTRA_CFLAGS = -Itools/lib -Itests

$(UNIT:%=$(BUILD)/tests/%): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(TOOLS_LIB) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CRYPTO_LIBS)

.PHONY: check lint format
check: all $(filter $(BUILD)/%,$(TAP_TESTS))
	@tests/run --out '$(abspath $(OUT))' --build '$(abspath $(BUILD))' $(TAP_TESTS)

C_FILES = $(shell git ls-files '*.c' '*.h')
SH_FILES = $(shell git ls-files '*.sh' '*.t') tests/run .ci/run
LINT_INC = -Isrc -Ibuild -Itools/lib -Itests

lint: $(BUILD)/config.h $(BUILD)/udev_rule.h
	clang-format --dry-run --Werror $(C_FILES)
	shellcheck $(SH_FILES)
	$(MAKE) -s BUILD=build/lint-gcc CC=gcc WERROR=-Werror all $(UNIT:%=build/lint-gcc/tests/%)
	$(MAKE) -s BUILD=build/lint-clang CC=clang WERROR=-Werror all $(UNIT:%=build/lint-clang/tests/%)
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 $(LINT_INC) \
		-D_POSIX_C_SOURCE=200809L $(filter %.c,$(C_FILES))
	clang-tidy --quiet $(filter %.c,$(C_FILES)) -- -std=c11 -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 $(LINT_INC) \
		$(USB_CFLAGS) $(CRYPTO_CFLAGS)

format:
	clang-format -i $(C_FILES)
