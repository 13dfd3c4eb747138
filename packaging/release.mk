# SPDX-License-Identifier: Apache-2.0
# What is published: programs for Linux that need no library, and the files of a release. docs/releasing.md has the steps.
STATIC_HOSTS := x86_64-linux-musl aarch64-linux-musl arm-linux-musleabihf

# This makefile once more, with the compiler and the libraries that scripts/deps.sh prepares. Small: such a program is copied to
# where nothing can be installed. No paths, no times. No RELRO: musl's start-up code of a static program does not protect
# those pages, and aligning them costs 40 KB where pages may have 64 KB.
static_make = PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR='$(CURDIR)/build/deps/$*/lib/pkgconfig' \
	$(MAKE) -s --no-print-directory BUILD=build/static/$* OUT=build/static/$* CC='$(CURDIR)/build/deps/$*/bin/$*-gcc' \
	AR='$(CURDIR)/build/deps/$*/bin/$*-ar' SYSTEM=Linux CRYPTO_OK= VIRTUAL= WERROR=-Werror HARDEN_LD='-Wl,-z,norelro,-z,now' \
	CFLAGS='-Os -flto -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables' LDFLAGS='-Os -flto=auto -s -Wl,--gc-sections' build/static/$*/rpiboot

.PHONY: static check-static $(STATIC_HOSTS:%=static-%)
static: $(STATIC_HOSTS:%=static-%)
$(STATIC_HOSTS:%=static-%): static-%:
	@scripts/deps.sh $*
	+@$(static_make)

# Each of them started; foreign ones by qemu-user.
check-static: static
	@tests/run --out '$(abspath $(OUT))' --build '$(abspath $(BUILD))' tests/package/static.t

# The files of a release, from the last commit.
RELEASE ?= build/release
RELEASE_PARTS ?= source static deb windows homebrew
.PHONY: dist release check-release
dist:
	@scripts/release.sh build/dist source
release:
	@scripts/release.sh '$(RELEASE)' $(RELEASE_PARTS)
check-release:
	@tests/package/reproducible source static windows
