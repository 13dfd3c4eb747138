# make fuzz FUZZ_SECONDS=10: every tests/fuzz/fuzz_NAME.c for so many seconds, from the seeds in tests/fuzz/corpus/NAME and
# those made here. What was found stays in build/fuzz/corpus/NAME, an input that fails in build/fuzz/crashes.
FUZZ_SECONDS ?= 10
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_OBJ := $(FUZZ:%=$(BUILD)/tests/fuzz/fuzz_%.o)
FUZZ_SANITIZERS := address,undefined
FUZZ_MAKE = $(MAKE) BUILD=build/fuzz CC=clang HARDEN= HARDEN_LD= \
	CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,$(FUZZ_SANITIZERS) -fno-sanitize-recover=all' \
	LDFLAGS='-fsanitize=$(FUZZ_SANITIZERS)'

$(FUZZ_OBJ): EXTRA_CFLAGS = -Itools/lib -Itests
$(FUZZ:%=$(BUILD)/fuzz_%): $(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(TOOLS_LIB) $(CORE_LIB)
	$(CC) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $^ $(CRYPTO_LIBS)

# Seeds that are no fit for git (keys) or that follow from the code.
$(BUILD)/seeds: $(BUILD)/tests/mksample
	@rm -rf $@ && mkdir -p $(FUZZ:%=$@/%)
	$(BUILD)/tests/mksample key > $@/key/private.pem

.PHONY: fuzz fuzz-build $(FUZZ:%=fuzz-%)
fuzz:
	@$(FUZZ_MAKE) fuzz-build
	@for name in $(FUZZ); do $(FUZZ_MAKE) --no-print-directory fuzz-$$name || exit 1; done

fuzz-build: $(FUZZ:%=$(BUILD)/fuzz_%) $(BUILD)/seeds

$(FUZZ:%=fuzz-%): fuzz-%: $(BUILD)/fuzz_% $(BUILD)/seeds
	@mkdir -p $(BUILD)/corpus/$* $(BUILD)/crashes
	@echo "fuzz_$*: $(FUZZ_SECONDS) s"
	@$(BUILD)/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$(BUILD)/crashes/$*- $(BUILD)/corpus/$* $(BUILD)/seeds/$* $(wildcard tests/fuzz/corpus/$*) \
		> $(BUILD)/fuzz_$*.log 2>&1 || { cat $(BUILD)/fuzz_$*.log; exit 1; }
	@grep -h 'number_of_executed_units' $(BUILD)/fuzz_$*.log
