# SPDX-License-Identifier: Apache-2.0
# The virtual board: its model (any transport, also the unit tests), the program virtual-board that plays it on a mocked
# usbfs, a small independent host, and the library preloaded into programs under test.
V_MODEL_OBJ := $(patsubst %,$(BUILD)/tests/virtual/%.o,vdesc vboard vflash vmedium vfolder vreport)
V_HOST_OBJ := $(patsubst %,$(BUILD)/tests/virtual/%.o,umock usbfs vbus)
VIRTUAL_OK := $(shell $(PKG_CONFIG) --exists umockdev-1.0 gio-2.0 libcrypto && echo yes)
VIRTUAL_CFLAGS = $(shell $(PKG_CONFIG) --cflags umockdev-1.0 gio-2.0)
VIRTUAL_LIBS = $(shell $(PKG_CONFIG) --libs umockdev-1.0 gio-2.0)

$(V_MODEL_OBJ): EXTRA_CFLAGS = $(CRYPTO_CFLAGS)
$(V_HOST_OBJ): EXTRA_CFLAGS = $(VIRTUAL_CFLAGS) $(CRYPTO_CFLAGS)
$(BUILD)/tests/virtual/client.o: EXTRA_CFLAGS = $(USB_CFLAGS)

$(BUILD)/tests/virtual-board: $(V_HOST_OBJ) $(V_MODEL_OBJ) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(VIRTUAL_LIBS) $(CRYPTO_LIBS) $(CORE_LIBS)

$(BUILD)/tests/virtual-client: $(BUILD)/tests/virtual/client.o
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(USB_LIBS)

# Never with a sanitizer: it goes into programs that have none.
$(BUILD)/tests/virtual-preload.so: tests/virtual/preload.c
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARNINGS) $(WERROR) -O2 -g -fPIC -shared -pthread -o $@ $< -ldl

VIRTUAL := $(patsubst %,$(BUILD)/tests/virtual-%,board client preload.so)
.PHONY: virtual
ifeq ($(VIRTUAL_OK),yes)
virtual: $(VIRTUAL)
check: virtual
else
virtual:
	@echo 'umockdev is not there: tests with a virtual board are skipped (Debian: apt-get install umockdev libumockdev-dev)'
check: virtual
endif

$(BUILD)/tests/test_vdesc $(BUILD)/tests/test_vboard: $(V_MODEL_OBJ)
