/* SPDX-License-Identifier: Apache-2.0 */
/* The second stage: whether there is one, whether it is a program at all, and what kind of program. */
#include "bootdir/check_ctx.h"

#include "base/str.h"
#include "formats/trailer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STAGE_MAX (4u * 1024 * 1024) /* bytes; real ones have 50 to 110 KiB */
#define STAGE_MIN 4096u              /* less than any program that can load files over USB */

/* --- files that are no program */

#define ADVICE_FETCH "Fetch the firmware again: rpi-fetch-firmware"

static bool check_begins(const char *bytes, size_t n, const char *text)
{
	return n >= strlen(text) && strncasecmp(bytes, text, strlen(text)) == 0;
}

/* A web page or another answer of a server in place of the file. */
static bool check_is_markup(const char *bytes, size_t n)
{
	static const char *const begins[] = { "<!doctype", "<html", "<head", "<?xml", "<!--" };
	size_t at = n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (at < n && strchr(" \t\r\n", bytes[at]) && bytes[at])
		at++;
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (check_begins(bytes + at, n - at, begins[i]))
			return true;
	return false;
}

/* Whether nothing is left of the file without its trailers. */
static bool check_is_bare_trailer(const struct check_ctx *c, const uint8_t *bytes, size_t n)
{
	struct trailer t;
	enum trailer_chip chip = c->chip->counter_signs ? TRAILER_CHIP_2712 : TRAILER_CHIP_2711;
	return trailer_find(chip, bytes, n, &t) && t.offset < STAGE_MIN;
}

static const struct rule no_program = {
	.code = "not-a-program", .severity = FINDING_ERROR, .err = ERR_UNFIT, .advice = ADVICE_FETCH
};

/* Whether the N bytes can be a program; if not, a finding is added. */
static bool check_stage_is_program(struct check_ctx *c, const char *label, const char *bytes,
                                   size_t n)
{
	if (check_begins(bytes, n, "version https://git-lfs"))
		check_add_advice(c, &no_program, OK, label, 0, "In the clone: git lfs pull",
		                 "not a program but a Git LFS pointer to it");
	else if (check_is_markup(bytes, n))
		check_add(c, &no_program, label, 0,
		          "not a program but a web page: the download went wrong");
	else if (n < STAGE_MIN && bootfiles_is_link_text(bytes, n))
		check_add_advice(c, &no_program, OK, label, 0,
		                 "In the clone: git config core.symlinks true && git checkout -- .",
		                 "not a program but the text of a symbolic link that git did not "
		                 "make (core.symlinks)");
	else if (check_is_bare_trailer(c, (const uint8_t *)bytes, n))
		check_add(c, &no_program, label, 0,
		          "not a program but a signature trailer without one");
	else if (n < STAGE_MIN)
		check_add(c, &no_program, label, 0,
		          "only %zu bytes: too small for a second stage, the board would hang", n);
	else
		return true;
	return false;
}

/* --- what kind of program */

static const struct rule empty = { .code = "empty-second-stage",
	                           .severity = FINDING_ERROR,
	                           .err = ERR_EMPTY_FILE,
	                           .advice = ADVICE_FETCH };
static const struct rule large = { .code = "large-second-stage",
	                           .severity = FINDING_WARNING,
	                           .advice = "Is it the right file?" };

static void check_stage_read(struct check_ctx *c, const struct check_item *item)
{
	size_t n;
	struct trailer trailer;
	if (item->file.size == 0) {
		check_add(c, &empty, item->label, 0, "empty: the board would hang");
		return;
	}
	if (item->file.size > STAGE_MAX)
		check_add(c, &large, item->label, 0, "unusually large for a second stage");
	char *bytes = check_item_read(c, item, STAGE_MAX, &n);
	if (bytes && check_stage_is_program(c, item->label, bytes, n)) {
		c->is_usable = true;
		c->is_recovery = c->chip->eeprom_size && check_contains(bytes, n, "erase_eeprom");
		c->knows_ramdisk = check_contains(bytes, n, "boot_ramdisk");
		c->stage_key.known = c->chip->counter_signs &&
		                     trailer_find(TRAILER_CHIP_2712, (const uint8_t *)bytes, n,
		                                  &trailer) &&
		                     trailer.keynum == TRAILER_CUSTOMER;
		if (c->stage_key.known)
			rawkey_hash(trailer.raw, c->stage_key.hash);
	}
	free(bytes);
}

/* --- no second stage */

/* The chip for which FILES' directory has a recovery program, whatever the chip of FILES; NULL: none. */
static const struct chip *check_stage_recovery_of(const struct bootfiles *files)
{
	for (size_t i = 0; i < chip_count && files->directory; i++) {
		struct findings findings;
		struct bootfiles other;
		findings_init(&findings);
		bool recovery = false;
		if (chip_table[i].eeprom_size && &chip_table[i] != files->chip && findings.chips &&
		    bootfiles_open(&other, files->places, &chip_table[i], NULL) == OK) {
			struct check_ctx c = { .findings = &findings,
				               .result = &findings.chips[i],
				               .files = &other,
				               .chip = &chip_table[i] };
			struct check_item item;
			if (check_item_open(&c, chip_table[i].second_stage, false, &item)) {
				check_stage_read(&c, &item);
				check_item_close(&item);
			}
			recovery = c.is_recovery;
			bootfiles_close(&other);
		}
		findings_free(&findings);
		if (recovery)
			return &chip_table[i];
	}
	return NULL;
}

/* Whether NAME is a regular file of the directory. */
static bool check_stage_has(const struct bootfiles *files, const char *name)
{
	struct bootfile file;
	enum lookup_result result = bootfiles_find_own(files, name, &file);
	if (result != BOOTFILE_DENIED)
		bootfile_close(&file);
	return result == BOOTFILE_FOUND;
}

/* The directory that does for CHIP what this one does for OTHER. */
static const char *check_stage_sister(const struct bootfiles *files, const struct chip *chip,
                                      const struct chip *other)
{
	if (!chip->eeprom_size)
		return chip->gadget ? "mass-storage-gadget" : "msd";
	if (strcmp(check_directory_name(files), other->recovery_signed) == 0)
		return chip->recovery_signed;
	return chip->recovery;
}

/* Why FILES has no second stage for its chip, and what to type instead: new strings, NULL: out of memory. */
static char *check_stage_explain(const struct bootfiles *files, char **advice)
{
	const struct chip *chip = files->chip, *other = check_stage_recovery_of(files);
	const char *directory = files->directory ? files->directory : "mass-storage-gadget";
	if (chip->eeprom_size && check_stage_has(files, "recovery.original.bin")) {
		*advice = str_new("Make it: cd @ && ./update-pieeprom.sh -f -k KEY");
		return str_new("not made yet: recovery.original.bin is here");
	}
	if (other) {
		*advice = str_new("For a board with %s: rpiboot -d %s", chip->name,
		                  check_stage_sister(files, chip, other));
		return str_new("this directory is for %s, not for %s", other->name, chip->name);
	}
	if (chip->gadget && !chip->msd_start && check_stage_has(files, "start.elf")) {
		*advice = str_new("For a board with %s: rpiboot -d mass-storage-gadget",
		                  chip->name);
		return str_new("the legacy firmware is not for %s", chip->name);
	}
	char *command = bootfiles_fetch_command(files->places, directory);
	*advice = command ? check_literal(command) : NULL;
	free(command);
	return files->directory ? str_new(FINDINGS_NO_STAGE " for this chip")
	                        : str_new("in none of the default directories");
}

static const struct rule no_stage = { .code = "no-second-stage",
	                              .severity = FINDING_ERROR,
	                              .err = ERR_NO_SECOND_STAGE };

static void check_stage_missing(struct check_ctx *c)
{
	char *advice = NULL, *text = check_stage_explain(c->files, &advice);
	if (text && advice)
		check_add_advice(c, &no_stage, OK, c->chip->second_stage, 0, advice, "%s", text);
	else
		c->findings->out_of_memory = true;
	free(text);
	free(advice);
}

/* Whether the directory is made for writing EEPROMs, perhaps not prepared yet: then it is of no use to other chips. */
static bool check_stage_in_recovery_directory(const struct bootfiles *files)
{
	return check_stage_has(files, "recovery.original.bin") ||
	       check_stage_has(files, "pieeprom.original.bin") ||
	       check_stage_has(files, "boot.conf") || check_stage_recovery_of(files);
}

/* Whether there is anything that the installation's second stage would be served from here. */
static bool check_stage_has_system(const struct bootfiles *files)
{
	return check_stage_has(files, "config.txt") || check_stage_has(files, "boot.img") ||
	       (files->chip->start_file && check_stage_has(files, files->chip->start_file));
}

/* The installation's second stage for boards whose own directory has none. */
static bool check_stage_open_legacy(struct check_ctx *c, struct check_item *item)
{
	struct bootfile file;
	if (!c->files->directory || !check_stage_has_system(c->files) ||
	    check_stage_in_recovery_directory(c->files))
		return false;
	enum lookup_result result = bootfiles_find(c->files, c->chip->second_stage, &file);
	if (result == BOOTFILE_DENIED)
		return false;
	if (result == BOOTFILE_FOUND && check_item_take(c, c->chip->second_stage, &file, item)) {
		c->is_legacy = true;
		return true;
	}
	bootfile_close(&file);
	return false;
}

bool check_second_stage(struct check_ctx *c)
{
	struct check_item item;
	const char *name = c->chip->second_stage;
	if (check_item_open(c, name, true, &item) ||
	    (!check_has(c, name) && check_stage_open_legacy(c, &item))) {
		c->result->stage = str_new("%s", item.label);
		c->findings->out_of_memory |= !c->result->stage;
		check_stage_read(c, &item);
		check_item_close(&item);
		return true;
	}
	if (check_has(c, name))
		return true; /* cannot be used: a finding was added */
	check_stage_missing(c);
	return false;
}
