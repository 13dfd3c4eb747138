# SPDX-License-Identifier: Apache-2.0
# rpiboot, its tools and its tests. `make help` lists the targets.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

INSTALL_PREFIX ?= /usr
PREFIX ?= $(INSTALL_PREFIX)
BUILD ?= build
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g

# The default build leaves its programs in the tree; any other BUILD= directory
# (sanitizers, another processor) keeps them to itself.
OUT := $(if $(filter build,$(BUILD)),.,$(BUILD))

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wformat=2 \
	-Wvla -Wwrite-strings -Wpointer-arith

# What is built for: the compiler knows, this machine need not be it.
TARGET := $(shell $(CC) -dumpmachine 2>/dev/null)
SYSTEM := $(or $(if $(findstring mingw,$(TARGET)),Windows),$(if $(findstring darwin,$(TARGET)),Darwin),$(if $(findstring \
	netbsd,$(TARGET)),NetBSD),$(if $(findstring linux,$(TARGET)),Linux),$(shell uname -s))
PLAT := $(if $(filter Windows,$(SYSTEM)),win32,posix)
# Distributions give their own level.
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
ifeq ($(SYSTEM),Linux)
HARDEN ?= $(FORTIFY) -fstack-protector-strong -fPIE
HARDEN_LD ?= -pie -Wl,-z,relro,-z,now
endif
ifeq ($(SYSTEM),Windows)
HARDEN ?= $(FORTIFY) -fstack-protector-strong
HARDEN_LD ?= -static -fstack-protector-strong -Wl,--dynamicbase,--nxcompat,--high-entropy-va,--no-insert-timestamp
SYSTEM_LIBS_Windows := -lsetupapi -lcfgmgr32 -lshell32 -ladvapi32
WARNINGS += -Wno-format # the attribute means Microsoft's printf there; the same calls are checked on other systems
endif
# What the C library of a system shows besides POSIX only when asked.
SYSTEM_CPPFLAGS_Darwin := -D_DARWIN_C_SOURCE
SYSTEM_CPPFLAGS_FreeBSD := -D__BSD_VISIBLE=1
SYSTEM_CPPFLAGS_NetBSD := -D_NETBSD_SOURCE
SYSTEM_CPPFLAGS_Windows := -D_WIN32_WINNT=0x0602 -D__USE_MINGW_ANSI_STDIO=1

ALL_CPPFLAGS = -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 $(SYSTEM_CPPFLAGS_$(SYSTEM)) -Isrc -I$(BUILD) $(CPPFLAGS)
ALL_CFLAGS = -std=c11 -pthread $(WARNINGS) $(WERROR) $(HARDEN) $(CFLAGS)
ALL_LDFLAGS = -pthread $(HARDEN_LD) $(LDFLAGS)

USB_CFLAGS = $(shell $(PKG_CONFIG) --cflags libusb-1.0)
USB_LIBS = $(shell $(PKG_CONFIG) --libs libusb-1.0)

# --flash keeps images as zstd frames. FLASH=0, or no libzstd: a program without it.
ifndef FLASH
FLASH := $(if $(shell $(PKG_CONFIG) --exists libzstd && echo yes),1,0)
endif
ifeq ($(FLASH),1)
FLASH_CFLAGS = $(shell $(PKG_CONFIG) --cflags libzstd)
FLASH_LIBS = $(shell $(PKG_CONFIG) --libs libzstd)
endif

# What the archive of src/ needs besides libusb.
SYSTEM_LIBS_Darwin := -framework IOKit -framework CoreFoundation
SYSTEM_LIBS := $(SYSTEM_LIBS_$(SYSTEM))
CORE_LIBS = $(FLASH_LIBS) $(SYSTEM_LIBS)

# --- the program: everything in src/ but the USB back end and main are in one
# archive, so that tests link what they need and choose their own back end.
# Of the files that only one kind of system has, those of the target.
SYSFS_Windows := sysfs_win32
SYSFS_Darwin := sysfs_darwin
PLAT_SRC := $(wildcard src/platform/plat_$(PLAT)*.c) src/platform/$(or $(SYSFS_$(SYSTEM)),sysfs).c \
	src/platform/plat_disk_$(if $(filter Linux,$(SYSTEM)),linux,none).c
UNUSED_SRC := src/flash/frame_$(if $(filter 1,$(FLASH)),none,zstd).c
CORE_SRC := $(filter-out src/platform/usb_libusb.c src/platform/plat_% src/platform/sysfs%.c $(UNUSED_SRC),$(sort $(wildcard src/*/*.c))) $(PLAT_SRC)
CORE_OBJ := $(CORE_SRC:%.c=$(BUILD)/%.o) $(BUILD)/embedded.o
CORE_LIB := $(BUILD)/librpiboot.a

PROGRAMS := $(OUT)/rpiboot
TAP_TESTS :=
include tools/tools.mk
include tests/tests.mk
include mass-storage-gadget/gadget.mk
include win32/windows.mk
include packaging/release.mk

.PHONY: all help install uninstall clean FORCE
all: $(PROGRAMS)

help:
	@echo 'make            the programs: $(PROGRAMS)'
	@echo '     FLASH=0      without --flash and --backup, and without libzstd'
	@echo '     EMBED_MSD=1  with the legacy mass-storage firmware of msd/ inside rpiboot'
	@echo 'make install    into INSTALL_PREFIX (now $(PREFIX)), below DESTDIR if given; make uninstall takes it out'
	@echo 'make check      build and run all tests (TAP, summary at the end)'
	@echo 'make check-package  build, install and try the Debian packages in a chroot (root)'
	@echo 'make static     programs for Linux that need no library, in build/static; make check-static starts them'
	@echo 'make release    what is published, in build/release; make dist: the source archive (docs/releasing.md)'
	@echo 'make check-suite    make check on Debian 13 (SUITE=trixie or another), in a chroot (root)'
	@echo 'make windows    Windows programs and installer in build/windows (mingw-w64, nsis); make check-windows: under Wine'
	@echo 'make gadget     build the mass-storage gadget and secure-boot-example (network, minutes)'
	@echo 'make check-gadget  test them in QEMU'
	@echo 'make check-vm   test on a real kernel in QEMU (network, or what it brought before)'
	@echo 'make check-foreign  test on arm64, armhf and s390x, emulated (network, or what it brought before)'
	@echo 'make fuzz       FUZZ_SECONDS=10 of untrusted input for each reader; make fuzz-coverage: what the inputs reach'
	@echo 'make coverage   what the tests reach of the sources; make soak: many boards through one process'
	@echo 'make lint       compilers with warnings as errors, clang-tidy, cppcheck, shellcheck, clang-format'
	@echo 'make format     lay out the C sources with clang-format'
	@echo 'make clean      remove what was built'

$(CORE_LIB): $(CORE_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(OUT)/rpiboot: $(BUILD)/main.o $(BUILD)/src/platform/usb_libusb.o $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(USB_LIBS) $(CORE_LIBS)

$(BUILD)/src/platform/usb_libusb.o: EXTRA_CFLAGS = $(USB_CFLAGS)
$(BUILD)/src/flash/frame_zstd.o: EXTRA_CFLAGS = $(FLASH_CFLAGS)

# What the build decides and the sources need. Rewritten only when it changes.
VERSION_WORDS := $(shell cat VERSION)
BUILD_DATE := $(if $(SOURCE_DATE_EPOCH),$(shell date -u -d @$(SOURCE_DATE_EPOCH) +%Y/%m/%d 2>/dev/null || date -u -r $(SOURCE_DATE_EPOCH) +%Y/%m/%d),$(word 2,$(VERSION_WORDS)))
# A source archive below somebody's git checkout has no commit of its own.
GIT_VERSION ?= $(shell test -e .git && git -c safe.directory='*' rev-parse --short=8 HEAD 2>/dev/null || echo unknown)
$(BUILD)/config.h: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '#define RPIBOOT_VERSION "$(word 1,$(VERSION_WORDS))"' \
		'#define RPIBOOT_BUILD_DATE "$(BUILD_DATE)"' \
		'#define RPIBOOT_GIT "$(GIT_VERSION)"' \
		'#define RPIBOOT_DATADIR "$(PREFIX)/share/rpiboot"' > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# The udev rule, for --udev: one C string a line.
$(BUILD)/udev_rule.h: udev/70-rpiboot.rules
	@mkdir -p $(@D)
	sed 's/[\"]/\\&/g; s/.*/"&\\n"/' $< > $@
$(BUILD)/main.o: $(BUILD)/udev_rule.h

COMPILE = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -MMD -MP -MF $@.d -c -o $@ $<
$(BUILD)/%.o: %.c $(BUILD)/config.h
	@mkdir -p $(@D)
	$(COMPILE)

# EMBED_MSD=1: the firmware of MSD_DIR becomes part of the program.
MSD_DIR ?= msd
$(BUILD)/embedded.c: FORCE
	@mkdir -p $(@D)
	@scripts/embed.sh $(if $(filter 1,$(EMBED_MSD)),'$(MSD_DIR)') > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(BUILD)/%.o: $(BUILD)/%.c
	$(COMPILE)

# Where things go; each can be given. udev and systemd are Linux'.
ifeq ($(SYSTEM),Linux)
UDEVDIR ?= $(PREFIX)/lib/udev/rules.d
SYSTEMDDIR ?= $(PREFIX)/lib/systemd/system
endif
PLACES = OUT DESTDIR PREFIX UDEVDIR SYSTEMDDIR MANDIR DOCDIR BASHDIR ZSHDIR
install: all
install uninstall:
	@$(foreach place,$(PLACES),$(place)='$($(place))') scripts/install.sh $@

clean:
	rm -rf build $(PROGRAMS)

-include $(shell find $(BUILD) -name '*.o.d' -type f 2>/dev/null)
