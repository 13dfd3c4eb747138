# SPDX-License-Identifier: Apache-2.0
# Looks at the whole that take minutes: coverage, other processors, long runs.

# --- coverage of src/ and tools/ by the tests of `make check`, clang's source-based kind
COVERAGE_FLAGS := -fprofile-instr-generate -fcoverage-mapping
.PHONY: coverage
coverage: virtual $(TEST_PROGRAMS)
	@rm -rf build/coverage/raw
	@SESSIONS=1000 LLVM_PROFILE_FILE='$(CURDIR)/build/coverage/raw/%m.profraw' $(MAKE) BUILD=build/coverage $(SANITIZED) \
		CFLAGS='-O0 -g $(COVERAGE_FLAGS)' LDFLAGS='$(COVERAGE_FLAGS)' check
	@rm -f default.profraw # of programs that tests run without this environment
	@tests/coverage build/coverage/raw build/coverage/rpiboot $(TOOLS:%=build/coverage/tools/%) $(UNIT:%=build/coverage/tests/%) \
		$(SIM:%=build/coverage/tests/%)

# --- other processors, one of them big-endian
.PHONY: check-foreign check-foreign-one
check-foreign:
	@tests/foreign arm64 armhf s390x

# What can run without a bus: with the compiler and the emulator that tests/foreign sets. Not what starts itself: the kernel
# does not know of the emulator.
check-foreign-one:
	@SESSIONS=1000 $(MAKE) --no-print-directory TESTS='$(filter-out %/test_stream,$(filter $(BUILD)/%,$(TAP_TESTS)))' check

# --- many boards through one process; test_soak does it in virtual time
.PHONY: soak
soak: all virtual
	@TEST_LIMIT=1800 tests/run --out '$(abspath $(OUT))' --build '$(abspath $(BUILD))' tests/virtual/soak.t
