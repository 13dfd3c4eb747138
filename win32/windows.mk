# SPDX-License-Identifier: Apache-2.0
# Windows, built on Linux with mingw-w64: rpiboot.exe, its decoder of images, the tools as one program, the installer, and the tests under Wine.
WINDOWS_HOST ?= x86_64-w64-mingw32
WINDOWS := build/windows/$(WINDOWS_HOST)

# This makefile once more, with the compiler and the libraries for Windows. The results are the same wherever and
# whenever they are built: no paths, no times.
windows_make = PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR='$(CURDIR)/build/deps/$(WINDOWS_HOST)/lib/pkgconfig' $(MAKE) --no-print-directory BUILD=$(WINDOWS)/build \
	OUT=$(WINDOWS) CC='$(WINDOWS_CCACHE)$(WINDOWS_HOST)-gcc' AR=$(WINDOWS_HOST)-ar WINDRES=$(WINDOWS_HOST)-windres VIRTUAL= CFLAGS=-O2 LDFLAGS=-s WERROR=-Werror
WINDOWS_CCACHE := $(if $(findstring ccache,$(CC)),ccache )

.PHONY: windows windows-deps windows-programs windows-tests check-windows
windows-deps:
	@scripts/deps.sh $(WINDOWS_HOST)

windows: windows-deps
	+@$(windows_make) windows-programs
	@scripts/windows-package.sh $(WINDOWS)

# Unit and simulator tests, the programs, the installer and the uninstaller; TESTS= as for check.
check-windows: windows
	+@$(windows_make) windows-tests
	@tests/windows/run $(WINDOWS)

# --- below: with the compiler for Windows
ifeq ($(SYSTEM),Windows)
WINDOWS_VERSION = $(word 1,$(VERSION_WORDS))
comma := ,
windows_link = $(CC) $(ALL_LDFLAGS) -o $@ $(filter-out %.res.o,$(filter %.o %.a,$^))
windows_program_link = $(windows_link) $(BUILD)/win32/rpiboot.res.o

windows-programs: $(patsubst %,$(OUT)/%.exe,rpiboot rpi-decode rpi-eeprom setup-helper)

$(BUILD)/win32/rpiboot.res.o: win32/rpiboot.rc win32/rpiboot.manifest $(BUILD)/config.h
	@mkdir -p $(@D)
	$(WINDRES) -I. -I$(BUILD) -DVERSION_NUMBERS=$(subst .,$(comma),$(WINDOWS_VERSION)),0 -o $@ $<

$(patsubst %,$(OUT)/%.exe,rpiboot rpi-decode rpi-eeprom setup-helper): $(BUILD)/win32/rpiboot.res.o
$(OUT)/rpiboot.exe: $(BUILD)/main.o $(BUILD)/src/platform/usb_libusb.o $(CORE_LIB)
	$(windows_program_link) $(USB_LIBS) $(CORE_LIBS)
$(BUILD)/win32/decode.o: EXTRA_CFLAGS = $(shell $(PKG_CONFIG) --cflags libzstd liblzma zlib bzip2)
$(OUT)/rpi-decode.exe: $(BUILD)/win32/decode.o
	$(windows_program_link) $(shell $(PKG_CONFIG) --libs libzstd liblzma zlib bzip2)
$(OUT)/setup-helper.exe: $(BUILD)/win32/setup_helper.o
	$(windows_program_link) $(SYSTEM_LIBS)

# The tools in one program: each is a function (tools/lib/tools.h).
TOOLS_OBJ := $(TOOLS:%=$(BUILD)/tools/%.o)
$(TOOLS_OBJ) $(TOOLS_LIB_OBJ): EXTRA_CFLAGS += -include win32/posix.h -I. -Itools/lib

$(BUILD)/win32/multicall.o: EXTRA_CFLAGS = -iquote tools/lib
$(OUT)/rpi-eeprom.exe: $(BUILD)/win32/multicall.o $(TOOLS_OBJ) $(TOOLS_LIB) $(CORE_LIB)
	$(windows_program_link) $(CRYPTO_LIBS) $(CORE_LIBS)

# --- tests. What cannot run on Windows, or under Wine, is in tests/windows/excluded with the reason.
WINDOWS_EXCLUDED := $(shell sed -n 's/^\([a-z_0-9]*\) .*/\1/p' tests/windows/excluded)
WINDOWS_UNIT := $(filter-out $(WINDOWS_EXCLUDED),$(UNIT))
WINDOWS_SIM := $(filter-out $(WINDOWS_EXCLUDED),$(SIM))
WINDOWS_PORT := $(BUILD)/tests/windows/port.o
windows-tests: $(patsubst %,$(BUILD)/tests/%.exe,$(WINDOWS_UNIT) $(WINDOWS_SIM) rpi-decode) $(OUT)/pnputil.exe

$(UNIT_SRC:%.c=$(BUILD)/%.o) $(SIM_OBJ) $(SIM:%=$(BUILD)/tests/sim/%.o) $(V_MODEL_OBJ): EXTRA_CFLAGS += -include tests/windows/port.h -Itests/windows/include
$(WINDOWS_PORT): EXTRA_CFLAGS = -Itests/windows -Itests/windows/include

# Where --flash looks for it: beside the program.
$(BUILD)/tests/rpi-decode.exe: $(OUT)/rpi-decode.exe
	@mkdir -p $(@D)
	cp $< $@

define WINDOWS_TEST_RULE
$(BUILD)/tests/$1.exe: $2 $(WINDOWS_PORT) $(V_MODEL_OBJ) $(TOOLS_LIB) $(CORE_LIB)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(CRYPTO_LIBS) $$(CORE_LIBS)
endef
$(foreach source,$(UNIT_SRC),$(eval $(call WINDOWS_TEST_RULE,$(basename $(notdir $(source))),$(source:%.c=$(BUILD)/%.o))))
$(foreach test,$(SIM),$(eval $(call WINDOWS_TEST_RULE,$(test),$(BUILD)/tests/sim/$(test).o $(SIM_OBJ))))

$(OUT)/pnputil.exe: $(BUILD)/tests/windows/pnputil.o
	$(windows_link)
endif
