# SPDX-License-Identifier: Apache-2.0
# The shipped program on Debian's kernel in QEMU; its boards are played from outside over usb-redir. Needs the network or
# a filled build/debian, so that `check` leaves it alone.
VM := $(if $(shell $(PKG_CONFIG) --exists libusbredirparser-0.5 && echo yes),$(BUILD)/tests/virtual-redir $(BUILD)/tests/scsi)
VM_DIR := $(BUILD)/vm

$(BUILD)/tests/vm/redir.o: EXTRA_CFLAGS = -Itests/virtual

$(BUILD)/tests/virtual-redir: $(BUILD)/tests/vm/redir.o $(V_MODEL_OBJ) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs libusbredirparser-0.5) $(CRYPTO_LIBS) $(CORE_LIBS)

# A program for the machine, without libraries.
$(BUILD)/tests/scsi: $(BUILD)/tests/gadget/scsi.o
	$(CC) -static $(LDFLAGS) -o $@ $^

SH_FILES += tests/vm/prepare tests/vm/init
everything: $(VM)

# Status 77: programs or packages cannot be had. The tests say so and skip.
.PHONY: check-vm
check-vm: all $(VM)
	@rm -rf $(VM_DIR) && mkdir -p $(VM_DIR)
	tests/vm/prepare $(VM_DIR) $(OUT)/rpiboot || [ $$? -eq 77 ]
	@TEST_LIMIT=3600 tests/run --out '$(abspath $(OUT))' --build '$(abspath $(BUILD))' $(sort $(wildcard tests/vm/*.t))
