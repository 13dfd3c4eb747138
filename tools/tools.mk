# SPDX-License-Identifier: Apache-2.0
# The EEPROM and signing tools: one thin main each over the archive of tools/lib. They need OpenSSL's libcrypto;
# without it rpiboot itself still builds.
CRYPTO_OK := $(shell $(PKG_CONFIG) --exists 'libcrypto >= 3.0' && echo yes)
CRYPTO_CFLAGS = $(shell $(PKG_CONFIG) --cflags libcrypto)
CRYPTO_LIBS = $(shell $(PKG_CONFIG) --libs libcrypto)

TOOLS_LIB := $(if $(CRYPTO_OK),$(BUILD)/libtools.a)
# OpenSSL 4, and some builds of OpenSSL 3, have no engines.
HASH := \#
ENGINE := $(if $(CRYPTO_OK),$(shell printf '%s\n' '$(HASH)include <openssl/opensslconf.h>' '$(HASH)ifndef OPENSSL_NO_ENGINE' \
	'$(HASH)include <openssl/engine.h>' 'engines' '$(HASH)endif' | $(CC) $(CRYPTO_CFLAGS) $(CPPFLAGS) -E -P - 2>/dev/null | grep -x engines))
TOOLS_LIB_SRC := $(filter-out tools/lib/engine_$(if $(ENGINE),none,openssl).c,$(sort $(wildcard tools/lib/*.c)))
ifeq ($(SYSTEM),Windows)
TOOLS_LIB_SRC := $(filter-out tools/lib/hsm.c,$(TOOLS_LIB_SRC)) win32/hsm_win32.c win32/posix.c
endif
TOOLS_LIB_OBJ := $(TOOLS_LIB_SRC:%.c=$(BUILD)/%.o)
TOOLS := $(patsubst tools/%.c,%,$(sort $(wildcard tools/*.c)))

ifeq ($(CRYPTO_OK),yes)
PROGRAMS += $(TOOLS:%=$(OUT)/tools/%)
else ifneq ($(origin CRYPTO_OK),command line)
$(info libcrypto 3 was not found: the tools in tools/ are not built (Debian: apt-get install libssl-dev))
endif

$(TOOLS_LIB_OBJ): EXTRA_CFLAGS = $(CRYPTO_CFLAGS)

$(TOOLS:%=$(BUILD)/tools/%.o) $(TOOLS:%=$(BUILD)/tools/main-%.o): EXTRA_CFLAGS = -iquote tools/lib $(CRYPTO_CFLAGS)

# Each tool is a function (tools/lib/tools.h); its program has a main that calls it.
$(BUILD)/tools/main-%.c:
	@mkdir -p $(@D)
	@printf '%s\n' '#include "platform/plat.h"' '#include "tools.h"' 'int main(int argc, char **argv)' '{' \
		'	plat_begin(&argc, &argv);' '	return tool_$(subst -,_,$*)_main(argc, argv);' '}' > $@
$(BUILD)/tools/main-%.o: $(BUILD)/tools/main-%.c
	$(COMPILE)
.SECONDARY: $(TOOLS:%=$(BUILD)/tools/main-%.c)

$(BUILD)/libtools.a: $(TOOLS_LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(TOOLS:%=$(OUT)/tools/%): $(OUT)/tools/%: $(BUILD)/tools/main-%.o $(BUILD)/tools/%.o $(TOOLS_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CRYPTO_LIBS)
