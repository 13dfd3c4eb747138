/* SPDX-License-Identifier: Apache-2.0 */
/* A directory that writes the boot EEPROM: is there an image, and can a board start from it afterwards, given what
 * config.txt locks and who signed what? */
#include "bootdir/check_ctx.h"

#include "base/str.h"

#include <string.h>

/* Boot loaders from 2021-09-20 on support secure boot (docs/formats.md). */
#define SECURE_BOOT_SINCE 1632136573u

#define ADVICE_SIGNED      "Make it with your key: cd @ && ./update-pieeprom.sh -k KEY"
#define ADVICE_SIGNED_CODE "Make it with your key: cd @ && ./update-pieeprom.sh -f -k KEY"

static const char *check_recovery_advice(const struct check_ctx *c)
{
	return c->chip->counter_signs ? ADVICE_SIGNED_CODE : ADVICE_SIGNED;
}

/* --- an image that a locked board cannot start from. WHY: the board is locked by this run, or is locked already. */

static const struct rule lock_no_key = { .code = "lock-without-key",
	                                 .severity = FINDING_ERROR,
	                                 .err = ERR_UNFIT };
static const struct rule lock_no_config = { .code = "lock-unsigned-config",
	                                    .severity = FINDING_ERROR,
	                                    .err = ERR_UNFIT };
static const struct rule lock_no_code = { .code = "lock-unsigned-boot-code",
	                                  .severity = FINDING_ERROR,
	                                  .err = ERR_UNFIT };
static const struct rule lock_too_old = { .code = "lock-old-boot-loader",
	                                  .severity = FINDING_ERROR,
	                                  .err = ERR_UNFIT,
	                                  .advice = "Fetch a newer one: rpi-fetch-firmware" };
static const struct rule lock_undated = { .code = "lock-undated-boot-loader",
	                                  .severity = FINDING_ERROR,
	                                  .advice = "Take a published image: rpi-fetch-firmware" };

static void check_recovery_locked(struct check_ctx *c, const char *why)
{
	const struct check_eeprom *e = &c->eeprom;
	const char *advice = check_recovery_advice(c), *file = "pieeprom.bin";
	uint32_t built;
	if (!e->pubkey.known)
		check_add_advice(c, &lock_no_key, OK, file, 0, advice,
		                 "no public key in it, but %s: the board would never boot again",
		                 why);
	else if (!e->config_signed || e->config_problem)
		check_add_advice(c, &lock_no_config, OK, file, 0, advice,
		                 "its configuration is not signed (bootconf.sig%s%s), but %s: the "
		                 "board would never boot again",
		                 e->config_problem ? " " : "",
		                 e->config_problem ? e->config_problem : "", why);
	if (c->chip->counter_signs && (!e->boot_code.known || e->boot_code_differs))
		check_add_advice(
			c, &lock_no_code, OK, file, 0, advice,
			"its boot code is not counter-signed%s, but %s: the boot ROM would "
			"never start it again",
			e->boot_code.known || e->boot_code_differs ? " in all parts with one key"
								   : "",
			why);
	bool dated = eeprom_build_time(&e->image, &built);
	if (!dated && e->pubkey.known)
		check_add(c, &lock_undated, file, 0,
		          "the boot loader carries no build time: whether it knows secure boot is "
		          "unknown, but %s",
		          why);
	if (dated && built < SECURE_BOOT_SINCE)
		check_add(
			c, &lock_too_old, file, 0,
			"the boot loader is older than 2021-09-20 and knows no secure boot, but %s",
			why);
}

/* --- who signed what */

static const struct rule mixed_keys = { .code = "key-mismatch", .severity = FINDING_ERROR };
static const struct rule signed_program = { .code = "counter-signed-recovery",
	                                    .severity = FINDING_WARNING,
	                                    .in_runs = true };
static const struct rule signed_code = { .code = "counter-signed-image",
	                                 .severity = FINDING_WARNING,
	                                 .in_runs = true };

/* All keys must be one key. */
static void check_recovery_one_key(struct check_ctx *c, bool certain)
{
	const struct check_eeprom *e = &c->eeprom;
	char key[CHECK_HASH_TEXT], other[CHECK_HASH_TEXT];
	const struct {
		const struct check_key *key;
		const char *what;
	} others[] = { { &e->boot_code, "its boot code is counter-signed" },
		       { &c->stage_key, "the flashing program is counter-signed" } };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (e->pubkey.known && others[i].key->known &&
		    !check_same_key(&e->pubkey, others[i].key))
			check_add_advice(c, &mixed_keys, certain ? ERR_UNFIT : OK, "pieeprom.bin",
			                 0, check_recovery_advice(c),
			                 "pubkey.bin in it is the key %s, but %s with %s: a locked "
			                 "board takes only one",
			                 check_hash_text(e->pubkey.hash, key), others[i].what,
			                 check_hash_text(others[i].key->hash, other));
}

/* The four combinations of a counter-signed flashing program and program_pubkey. */
static void check_recovery_signatures(struct check_ctx *c)
{
	const struct check_eeprom *e = &c->eeprom;
	char key[CHECK_HASH_TEXT];
	if (c->stage_key.known)
		check_add_advice(
			c, &signed_program, OK, c->result->stage, 0,
			"For boards that are not locked yet: cd @ && ./update-pieeprom.sh -f -k KEY",
			"counter-signed: only boards that are locked to the key %s start it; any "
			"other stays silent%s",
			check_hash_text(c->stage_key.hash, key),
			c->locks ? ", so program_pubkey can lock none" : "");
	if (!e->readable)
		return;
	if (c->locks)
		check_recovery_locked(c, "program_pubkey=1 locks the board");
	else if (c->stage_key.known)
		check_recovery_locked(c, "a board that starts this flashing program is locked");
	else if (e->boot_code.known)
		check_add_advice(c, &signed_code, OK, "pieeprom.bin", 0,
		                 "Lock in the same run (program_pubkey=1 in @/config.txt), or make "
		                 "it without -f",
		                 "its boot code is counter-signed with the key %s, but nothing "
		                 "locks the board: a BCM2712 that is not locked does not start it",
		                 check_hash_text(e->boot_code.hash, key));
	check_recovery_one_key(c, c->locks || c->stage_key.known);
}

/* --- the image */

static const struct rule image_size = { .code = "eeprom-image-size", .severity = FINDING_ERROR };
static const struct rule image_form = { .code = "eeprom-image-form",
	                                .severity = FINDING_ERROR,
	                                .advice = "Make it: cd @ && ./update-pieeprom.sh" };
static const struct rule image_content = { .code = "eeprom-image", .severity = FINDING_NOTE };

/* Seconds since 1970 as a date. */
static void check_recovery_date(uint32_t seconds, char to[16])
{
	static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned days = seconds / 86400, year = 1970, month = 0;
	for (;; year++) {
		unsigned length = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365;
		if (days < length)
			break;
		days -= length;
	}
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	while (days >= lengths[month] + (unsigned)(leap && month == 1)) {
		days -= lengths[month] + (unsigned)(leap && month == 1);
		month++;
	}
	snprintf(to, 16, "%04u-%02u-%02u", year % 10000, (month + 1) % 100, (days + 1) % 100);
}

/* Says what is in the image, which is what people look for before they flash it. */
static void check_recovery_describe(struct check_ctx *c)
{
	const struct check_eeprom *e = &c->eeprom;
	char date[16] = "unknown date", key[CHECK_HASH_TEXT];
	uint32_t built;
	if (eeprom_build_time(&e->image, &built))
		check_recovery_date(built, date);
	check_add(c, &image_content, "pieeprom.bin", 0,
	          "boot loader of %s; %s%s; configuration %s%s. rpi-eeprom-digest -v and "
	          "rpi-sign-bootcode --verify check the signatures themselves",
	          date, e->pubkey.known ? "key " : "no key",
	          e->pubkey.known ? check_hash_text(e->pubkey.hash, key) : "",
	          e->config_signed ? "signed" : "not signed",
	          !c->chip->counter_signs ? ""
	          : e->boot_code.known    ? "; boot code counter-signed"
	                                  : "; boot code not counter-signed");
}

static void check_recovery_image(struct check_ctx *c)
{
	struct check_item item;
	if (!check_item_open(c, "pieeprom.bin", true, &item))
		return;
	check_read_eeprom(c);
	if (item.file.size != c->chip->eeprom_size)
		check_add_advice(c, &image_size, OK, item.label, 0, "Is it for another chip?",
		                 "%lu bytes, but %s has images of %lu",
		                 (unsigned long)item.file.size, c->chip->name,
		                 (unsigned long)c->chip->eeprom_size);
	else if (!c->eeprom.readable && (c->depth == CHECKS_WHOLE || c->locks))
		check_add_advice(c, &image_form, c->locks ? ERR_UNFIT : OK, item.label, 0,
		                 image_form.advice,
		                 "not a whole EEPROM image: the board would not start from it");
	else if (c->eeprom.readable && c->depth == CHECKS_WHOLE)
		check_recovery_describe(c);
	check_item_close(&item);
	check_recovery_signatures(c);
	check_sig(c, "pieeprom.sig", "pieeprom.bin", true);
}

/* --- a directory without an image */

static const struct rule no_image = { .code = "no-eeprom-image",
	                              .severity = FINDING_ERROR,
	                              .err = ERR_UNFIT };
static const struct rule no_image_warning = { .code = "no-eeprom-image",
	                                      .severity = FINDING_WARNING,
	                                      .in_runs = true };

/* Whether pieeprom.bin is there, with nothing in it. */
static bool check_recovery_is_empty(const struct check_ctx *c)
{
	struct bootfile file;
	enum lookup_result result = bootfiles_find_own(c->files, "pieeprom.bin", &file);
	bootfile_close(&file);
	return result == BOOTFILE_FOUND;
}

static void check_recovery_no_image(struct check_ctx *c)
{
	bool prepared = !check_has(c, "pieeprom.original.bin") && !check_has(c, "boot.conf") &&
	                !check_recovery_is_empty(c);
	if (c->has_purpose)
		check_add(c, &no_image_warning, "pieeprom.bin", 0,
		          "not there: no EEPROM is written, only the settings in config.txt count");
	else if (prepared && !c->silent)
		check_add(c, &no_image_warning, "pieeprom.bin", 0,
		          "not there: nothing is written, the board only reports its metadata");
	else if (!check_has(c, "boot.conf") || check_has(c, "pieeprom.original.bin"))
		check_add_advice(c, &no_image, OK, "pieeprom.bin", 0,
		                 "Make it: cd @ && ./update-pieeprom.sh",
		                 "not there or empty: nothing to write");
	else
		check_add_advice(c, &no_image, OK, "pieeprom.bin", 0,
		                 "Fetch the boot loader and make it: rpi-fetch-firmware; cd @ && "
		                 "./update-pieeprom.sh",
		                 "not there or empty: nothing to write");
}

static const struct rule wrong_stage = { .code = "wrong-second-stage",
	                                 .severity = FINDING_ERROR,
	                                 .advice = "Use the file recovery.bin under this name" };
static const struct rule erases = {
	.code = "erases-eeprom",
	.severity = FINDING_WARNING,
	.in_runs = true,
	.advice = "To write it again: rpiboot -d recovery, or recovery5"
};

void check_recovery(struct check_ctx *c)
{
	if (!c->is_recovery && c->result->stage)
		check_add(c, &wrong_stage, c->result->stage, 0,
		          "not the flashing program: it cannot write EEPROMs");
	if (c->erases)
		check_add(c, &erases, "config.txt", 0,
		          "erase_eeprom=1 erases the boot loader: the board then starts over USB "
		          "only, until it is written again");
	else if (check_has(c, "pieeprom.bin"))
		check_recovery_image(c);
	else if (!check_has(c, "pieeprom.upd"))
		check_recovery_no_image(c);
}
