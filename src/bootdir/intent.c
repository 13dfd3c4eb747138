/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/intent.h"

#include "bootdir/checks.h"
#include "formats/configtxt.h"
#include "formats/hex.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STAGE_MAX  (16u << 20) /* second stages have some hundred KiB */
#define CONFIG_MAX (64u << 10)

/* The first MAX bytes of FILE with room for one more, to be freed. NULL: not to be read. */
static char *intent_read_bytes(const struct bootfile *file, uint32_t max, size_t *n)
{
	*n = file->size < max ? file->size : max;
	char *bytes = malloc(*n + 1);
	if (bytes && bootfile_read(file, 0, bytes, *n) != OK) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

/* Recovery programs carry the name of a setting that no other second stage knows. */
static bool intent_is_recovery(const struct bootfile *file)
{
	static const char word[] = "erase_eeprom";
	size_t n, length = sizeof word - 1;
	char *bytes = intent_read_bytes(file, STAGE_MAX, &n);
	bool found = false;
	for (const char *at = bytes, *end = bytes ? bytes + n : NULL; at && !found;) {
		at = memchr(at, *word, (size_t)(end - at));
		if (!at || (size_t)(end - at) < length)
			break;
		found = memcmp(at++, word, length) == 0;
	}
	free(bytes);
	return found;
}

void intent_read(const struct bootfiles *files, struct intent *intent)
{
	struct bootfile file;
	*intent = (struct intent){ 0 };
	if (!files->chip->metadata) /* only these chips have an EEPROM */
		return;
	enum lookup_result result = bootfiles_find(files, files->chip->second_stage, &file);
	intent->recovery = result == BOOTFILE_FOUND && intent_is_recovery(&file);
	if (result != BOOTFILE_DENIED)
		bootfile_close(&file);
	result = bootfiles_find(files, "pieeprom.bin", &file);
	intent->has_eeprom = result == BOOTFILE_FOUND && file.size > 0;
	if (result != BOOTFILE_DENIED)
		bootfile_close(&file);
	uint8_t hash[RAWKEY_HASH];
	if (intent->recovery && intent->has_eeprom && checks_lock_key(files, hash))
		hex_encode(hash, sizeof hash, intent->key);
}

void intent_read_config(const struct bootfile *file, const struct chip *chip,
                        struct intent_config *config)
{
	struct configtxt text;
	struct configtxt_setting setting;
	size_t n;
	*config = (struct intent_config){ 0 };
	char *bytes = intent_read_bytes(file, CONFIG_MAX, &n);
	if (!bytes)
		return;
	configtxt_open(&text, bytes, n, chip);
	while (configtxt_next(&text, &setting)) {
		bool on = configtxt_is_on(setting.value);
		if (setting.applies == CONFIGTXT_NO)
			continue;
		if (strcasecmp(setting.key, "program_pubkey") == 0)
			config->locks = on;
		else if (strcasecmp(setting.key, "erase_eeprom") == 0)
			config->erases = on;
		else if (strcasecmp(setting.key, "recovery_reboot") == 0)
			config->reboots = on;
	}
	free(bytes);
}
