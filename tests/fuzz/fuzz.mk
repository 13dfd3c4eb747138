# SPDX-License-Identifier: Apache-2.0
# make fuzz FUZZ_SECONDS=10: every tests/fuzz/fuzz_NAME.c for so many seconds, from the seeds in tests/fuzz/corpus/NAME and
# those made here. What was found stays in build/fuzz/corpus/NAME, an input that fails in build/fuzz/crashes.
FUZZ_SECONDS ?= 10
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
ifneq ($(FLASH),1)
FUZZ := $(filter-out direct image,$(FUZZ))
endif
ifeq ($(FLASHD_LIB),)
FUZZ := $(filter-out flashd,$(FUZZ))
endif
FUZZ_OBJ := $(FUZZ:%=$(BUILD)/tests/fuzz/fuzz_%.o) $(BUILD)/tests/fuzz/hostile.o $(BUILD)/tests/fuzz/directboard.o
FUZZ_SANITIZERS := address,undefined
FUZZ_MAKE = $(MAKE) BUILD=build/fuzz CC=clang HARDEN= HARDEN_LD= \
	CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,$(FUZZ_SANITIZERS) -fno-sanitize-recover=all' \
	LDFLAGS='-fsanitize=$(FUZZ_SANITIZERS)'

FUZZ_LINK ?= -fsanitize=fuzzer

# A hostile bus in virtual time.
FUZZ_HOSTILE_OBJ := $(BUILD)/tests/fuzz/hostile.o $(BUILD)/tests/sim/plat_sim.o
$(BUILD)/fuzz_conversation: $(FUZZ_HOSTILE_OBJ)
$(BUILD)/fuzz_direct: $(BUILD)/tests/fuzz/directboard.o $(BUILD)/tests/sim/plat_sim.o

$(FUZZ_OBJ) $(FUZZ_HOSTILE_OBJ): EXTRA_CFLAGS = -Itools/lib -Imass-storage-gadget -Itests -Itests/sim -Itests/virtual
$(FUZZ:%=$(BUILD)/fuzz_%): $(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(TOOLS_LIB) $(FLASHD_LIB) $(CORE_LIB)
	$(CC) $(FUZZ_LINK) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CRYPTO_LIBS) $(CORE_LIBS)

# Seeds that are no fit for git (keys) or that follow from the code.
$(BUILD)/seeds: $(BUILD)/tests/mksample
	@rm -rf $@ && mkdir -p $(FUZZ:%=$@/%)
	$(BUILD)/tests/mksample key > $@/key/private.pem

.PHONY: fuzz fuzz-short fuzz-build fuzz-coverage $(FUZZ:%=fuzz-%)
fuzz:
	@$(FUZZ_MAKE) fuzz-build
	@echo 1..$(words $(FUZZ))
	@$(FUZZ_MAKE) --no-print-directory -k $(FUZZ:%=fuzz-%)

# For every change.
fuzz-short:
	@$(MAKE) --no-print-directory FUZZ_SECONDS=10 fuzz

fuzz-build: $(FUZZ:%=$(BUILD)/fuzz_%) $(BUILD)/seeds

# The inputs that are in git, and those made here.
FUZZ_INPUTS = $(BUILD)/seeds/$* $(wildcard tests/fuzz/corpus/$*)

$(FUZZ:%=fuzz-%): fuzz-%: $(BUILD)/fuzz_% $(BUILD)/seeds
	@mkdir -p $(BUILD)/corpus/$* $(BUILD)/crashes
	@if $(BUILD)/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -timeout=60 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$(BUILD)/crashes/$*- $(BUILD)/corpus/$* $(FUZZ_INPUTS) > $(BUILD)/fuzz_$*.log 2>&1; \
	then sed -n 's/.*number_of_executed_units: */ok - fuzz_$*, $(FUZZ_SECONDS) s, inputs: /p' $(BUILD)/fuzz_$*.log; \
	else sed 's/^/# /' $(BUILD)/fuzz_$*.log; echo 'not ok - fuzz_$*'; exit 1; fi

# What these inputs, and those found by earlier runs, reach of the sources.
fuzz-coverage:
	@$(MAKE) BUILD=build/fuzz-coverage CC=clang HARDEN= HARDEN_LD= CFLAGS='-O1 -g $(COVERAGE_FLAGS)' LDFLAGS='$(COVERAGE_FLAGS)' \
		fuzz-build
	@rm -rf build/fuzz-coverage/raw default.profraw
	@$(MAKE) --no-print-directory BUILD=build/fuzz-coverage $(FUZZ:%=fuzz-replay-%)
	@tests/coverage build/fuzz-coverage/raw $(FUZZ:%=build/fuzz-coverage/fuzz_%)

.PHONY: $(FUZZ:%=fuzz-replay-%)
$(FUZZ:%=fuzz-replay-%): fuzz-replay-%:
	@LLVM_PROFILE_FILE=$(BUILD)/raw/$*.profraw $(BUILD)/fuzz_$* -runs=0 -verbosity=0 $(FUZZ_INPUTS) $(wildcard build/fuzz/corpus/$*) >/dev/null 2>&1
