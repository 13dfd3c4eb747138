/* SPDX-License-Identifier: Apache-2.0 */
/* config.txt: its encoding, what it asks for, and what cannot be undone. */
#include "bootdir/check_ctx.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONFIG_MAX (1024u * 1024) /* bytes of a config.txt that are read */

/* Settings that write one-time programmable memory, and what they change. EEPROM: of the flashing program of chips with a
 * boot EEPROM; otherwise of the firmware of chips without. */
static const struct {
	const char *key;
	bool eeprom;
	const char *effect;
} irreversible[] = {
	{ "program_pubkey", true, "" }, /* check_config_lock_effect */
	{ "revoke_devkey", true, "BCM2711 refuses boot loaders signed with the development key" },
	{ "program_jtag_lock", true, "JTAG of boards with secure boot stays locked" },
	{ "program_rpiboot_gpio", true, "BCM2711 enters USB boot by this GPIO" },
	{ "program_usb_boot_mode", false,
	  "the chip tries USB host boot whenever it finds no other; a 3A+ never enters USB boot "
	  "mode again" },
	{ "program_gpio_bootmode", false, "the board only boots with a boot mode GPIO pulled up" },
	{ "program_usb_boot_timeout", false,
	  "the chip waits longer for USB devices at every boot" },
};

/* "locks ... to the key HASH", or why that is not known. */
static void check_config_lock_effect(struct check_ctx *c, char *to, size_t size)
{
	char hash[CHECK_HASH_TEXT];
	check_read_eeprom(c);
	if (c->eeprom.pubkey.known)
		snprintf(to, size,
		         "the board boots only what is signed with the key %s (SHA-256 of "
		         "pubkey.bin in pieeprom.bin)",
		         check_hash_text(c->eeprom.pubkey.hash, hash));
	else
		snprintf(to, size,
		         "the board boots only what is signed with the key in the EEPROM image");
}

static const struct rule irreversible_key = { .code = FINDINGS_IRREVERSIBLE,
	                                      .severity = FINDING_WARNING,
	                                      .in_runs = true,
	                                      .advice = "Not intended? Put # before it" };

static void check_config_irreversible(struct check_ctx *c, const char *file,
                                      const struct configtxt_setting *s)
{
	for (size_t i = 0; i < sizeof irreversible / sizeof *irreversible; i++) {
		char value[64], effect[256];
		if (strcasecmp(s->key, irreversible[i].key) != 0 || !configtxt_is_on(s->value))
			continue;
		if (irreversible[i].eeprom ? !c->chip->eeprom_size : !c->chip->config_writes_otp)
			continue;
		snprintf(effect, sizeof effect, "%s", irreversible[i].effect);
		if (i == 0) {
			c->locks = true;
			check_config_lock_effect(c, effect, sizeof effect);
		}
		c->has_purpose = true;
		check_add(c, &irreversible_key, file, s->line, "%s=%s can never be undone: %s",
		          irreversible[i].key, str_escape(value, sizeof value, s->value), effect);
	}
}

static const struct rule includes = { .code = "config-include", .severity = FINDING_NOTE };

static void check_config_setting(struct check_ctx *c, const char *file,
                                 const struct configtxt_setting *s)
{
	static const char *const purposes[] = { "eeprom_write_protect", "set_reboot_order",
		                                "recovery_wait" };
	check_config_irreversible(c, file, s); /* whatever the filter says */
	if (strcasecmp(s->key, "include") == 0)
		check_add(c, &includes, file, s->line, "another file is included: not read");
	if (s->applies == CONFIGTXT_NO)
		return;
	bool on = configtxt_is_on(s->value);
	if (strcasecmp(s->key, "boot_ramdisk") == 0) {
		if (s->applies == CONFIGTXT_YES)
			c->ramdisk = on ? CONFIGTXT_YES : CONFIGTXT_NO;
		else if (on && c->ramdisk == CONFIGTXT_NO)
			c->ramdisk = CONFIGTXT_MAYBE;
	}
	if (strcasecmp(s->key, "erase_eeprom") == 0)
		c->erases = on;
	if (strcasecmp(s->key, "recovery_metadata") == 0)
		c->silent = !on;
	for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
		if (strcasecmp(s->key, purposes[i]) == 0)
			c->has_purpose = c->has_purpose || on;
}

static const struct rule utf16 = { .code = "config-utf16",
	                           .severity = FINDING_ERROR,
	                           .in_runs = true,
	                           .advice = "Save it as UTF-8: iconv -f UTF-16 -t UTF-8 "
	                                     "@/config.txt >new && mv new @/config.txt" };
static const struct rule byte_order_mark = {
	.code = "config-bom",
	.severity = FINDING_WARNING,
	.in_runs = true,
	.advice = "Save it without: sed -i '1s/^\\xef\\xbb\\xbf//' @/config.txt"
};
static const struct rule binary = { .code = "binary-config",
	                            .severity = FINDING_WARNING,
	                            .advice = "Save it as plain text (ASCII or UTF-8)" };

/* Whether every other byte is zero: text of 16-bit units without a mark. */
static bool check_config_is_wide(const char *text, size_t n)
{
	size_t zeros[2] = { 0, 0 };
	for (size_t i = 0; i < n; i++)
		zeros[i % 2] += text[i] == 0;
	return n >= 4 &&
	       ((zeros[0] == 0 && zeros[1] == n / 2) || (zeros[1] == 0 && zeros[0] == n - n / 2));
}

static void check_config_encoding(struct check_ctx *c, const char *file, const char *text, size_t n)
{
	if (n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0 ||
	               check_config_is_wide(text, n)))
		check_add(c, &utf16, file, 0,
		          "UTF-16: the firmware understands no line of it, as if it were empty");
	else if (memchr(text, 0, n))
		check_add(c, &binary, file, 0, "not plain text: there are zero bytes in it");
	else if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		check_add(c, &byte_order_mark, file, 1,
		          "begins with a byte-order mark: the firmware does not understand its "
		          "first line");
}

static const struct rule large = { .code = "large-config",
	                           .severity = FINDING_WARNING,
	                           .advice = "Is it the right file?" };

void check_config(struct check_ctx *c)
{
	struct check_item item;
	struct configtxt config;
	struct configtxt_setting setting;
	size_t n;
	if (!check_item_open(c, "config.txt", true, &item))
		return;
	char *text = check_item_read(c, &item, CONFIG_MAX, &n);
	if (text) {
		if (item.file.size > n)
			check_add(c, &large, item.label, 0, "only the first %u bytes were read",
			          CONFIG_MAX);
		check_config_encoding(c, item.label, text, n);
		configtxt_open(&config, text, n, c->chip);
		while (configtxt_next(&config, &setting))
			check_config_setting(c, item.label, &setting);
	}
	free(text);
	check_item_close(&item);
}
