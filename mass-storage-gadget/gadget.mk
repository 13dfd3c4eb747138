# SPDX-License-Identifier: Apache-2.0
# The boot images that are built of Debian packages. They need the network or a filled build/gadget, and minutes for
# the kernel, so that `all` and `check` leave them alone.
GADGET_CHECK := $(BUILD)/gadget/check
SH_FILES += mass-storage-gadget/build mass-storage-gadget/init mass-storage-gadget/kernel-from.sh secure-boot-example/build secure-boot-example/init \
	tests/gadget/guest-init tests/gadget/pack-guest

# The program for direct flashing, for tests on this machine, and its sessions without USB. The gadget's build compiles it
# for the board.
FLASHD_OBJ := $(patsubst %,$(BUILD)/mass-storage-gadget/flashd/%.o,disk executor failure queue reply session worker)
$(BUILD)/mass-storage-gadget/flashd/%.o $(BUILD)/tests/flashdrun.o: EXTRA_CFLAGS = -Imass-storage-gadget
$(BUILD)/libflashd.a: $(FLASHD_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

ifneq ($(FLASHD_LIB),)
TEST_PROGRAMS += $(BUILD)/tests/flashd $(BUILD)/flashd
$(BUILD)/flashd: $(patsubst %,$(BUILD)/mass-storage-gadget/flashd/%.o,main pump functionfs) $(FLASHD_LIB) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(FLASH_LIBS)
$(BUILD)/tests/flashd: $(BUILD)/tests/flashdrun.o $(FLASHD_LIB) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(FLASH_LIBS)
endif

.PHONY: gadget check-gadget
gadget:
	mass-storage-gadget/build
	secure-boot-example/build

# Status 77: packages or programs cannot be had. The tests say so and skip.
check-gadget: all
	! scripts/deps.sh aarch64-linux-musl || $(MAKE) --no-print-directory static-aarch64-linux-musl
	@rm -rf $(GADGET_CHECK) && mkdir -p $(GADGET_CHECK)
	mass-storage-gadget/build -o $(GADGET_CHECK)/boot.img || [ $$? -eq 77 ]
	secure-boot-example/build -o $(GADGET_CHECK)/secure-boot-example.img || [ $$? -eq 77 ]
	@TEST_LIMIT=3600 tests/run --out '$(abspath $(OUT))' --build '$(abspath $(BUILD))' $(sort $(wildcard tests/gadget/*.t))
