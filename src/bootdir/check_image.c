/* SPDX-License-Identifier: Apache-2.0 */
/* A directory that starts a system: boot.img, or the legacy firmware. */
#include "bootdir/check_ctx.h"

#include "base/str.h"
#include "formats/fatvolume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024u * 1024)

/* --- the boot loader's parts */

static const struct rule no_part = { .code = "no-firmware",
	                             .severity = FINDING_ERROR,
	                             .advice = "Fetch it again: rpi-fetch-firmware" };
static const struct rule no_rp1 = { .code = "no-firmware",
	                            .severity = FINDING_WARNING,
	                            .advice = "Fetch it again: rpi-fetch-firmware" };

static void check_image_need_part(struct check_ctx *c, const char *name)
{
	char file[64];
	snprintf(file, sizeof file, "%s/%s", c->chip->directory, name);
	if (!check_has(c, name))
		check_add(c, &no_part, file, 0,
		          c->files->archive ? "neither in bootfiles.bin nor beside it"
		                            : "not there, but the second stage wants it");
}

static void check_image_boot_loader(struct check_ctx *c)
{
	if (!c->files->archive && !c->chip->parts_needed)
		return;
	for (const char *const *part = c->chip->parts; *part; part++)
		check_image_need_part(c, *part);
	char name[24], before[24];
	for (unsigned i = 1; i < 16; i++) { /* one for each kind of memory, without gaps */
		snprintf(before, sizeof before, "memsys%02u.bin", i - 1);
		snprintf(name, sizeof name, "memsys%02u.bin", i);
		if (check_has(c, name))
			check_image_need_part(c, before);
	}
	for (const char *const *part = c->chip->rp1_parts; *part; part++)
		if (!check_has(c, *part)) {
			check_add(c, &no_rp1, "bootfiles.bin", 0,
			          "no firmware for RP1 (rp1c0fw1.bin, rp1c0fw2.bin): no Ethernet, "
			          "no USB");
			return;
		}
}

/* The firmware of that day is the first that reads device trees with a root #size-cells of 2, as the gadget has. */
#define SIZE_CELLS_SINCE 1739232000u /* 2025-02-11 */
#define BOOTMAIN_MAX     (4u * MIB)

static const struct rule old_firmware = { .code = "old-firmware",
	                                  .severity = FINDING_WARNING,
	                                  .advice = "Fetch it again: rpi-fetch-firmware" };

/* The date of bootmain, by the text BUILD_TIMESTAMP= in it. False: it has none. */
static bool check_image_build_time(struct check_ctx *c, const struct check_item *item,
                                   unsigned long *built)
{
	static const char mark[] = "BUILD_TIMESTAMP=";
	size_t n;
	char *bytes = check_item_read(c, item, BOOTMAIN_MAX, &n);
	bool found = false;
	for (size_t at = 0; bytes && !found && at + sizeof mark < n; at++)
		if (memcmp(bytes + at, mark, sizeof mark - 1) == 0) {
			*built = strtoul(bytes + at + sizeof mark - 1, NULL, 10);
			found = *built > 0;
		}
	free(bytes);
	return found;
}

static void check_image_age(struct check_ctx *c)
{
	struct check_item item;
	unsigned long built;
	if (c->chip->parts_needed && check_item_open(c, "bootmain", false, &item)) {
		if (check_image_build_time(c, &item, &built) && built < SIZE_CELLS_SINCE)
			check_add(c, &old_firmware, item.label, 0,
			          "older than 2025-02-11: it does not start systems whose device "
			          "tree has a root #size-cells of 2, like the gadget's");
		check_item_close(&item);
	}
	if (!c->chip->eeprom_size && c->chip->gadget && !c->knows_ramdisk)
		check_add(c, &old_firmware, c->result->stage, 0,
		          "does not know boot_ramdisk: it is from before 2025-08 and does not "
		          "load boot.img");
}

/* --- boot.img */

static const struct rule form = { .code = "boot-image-form",
	                          .severity = FINDING_ERROR,
	                          .advice = "Make it: rpi-make-boot-image -d FILES -o @/boot.img" };
static const struct rule too_large = { .code = "boot-image-size",
	                               .severity = FINDING_ERROR,
	                               .advice = "Make it smaller" };
static const struct rule rather_large = { .code = "boot-image-size",
	                                  .severity = FINDING_WARNING,
	                                  .advice = "Make it smaller, or flash a newer boot "
	                                            "loader: recovery" };
static const struct rule full = { .code = "full-boot-image",
	                          .severity = FINDING_NOTE,
	                          .advice = "Make it again: rpi-make-boot-image leaves some free" };
static const struct rule bare = { .code = "bare-boot-image",
	                          .severity = FINDING_NOTE,
	                          .advice = "Make it again: rpi-make-boot-image" };

static void check_image_limits(struct check_ctx *c, const struct check_item *item)
{
	unsigned long mib = (unsigned long)((item->file.size + MIB - 1) / MIB);
	if (c->chip->image_limit && item->file.size > c->chip->image_limit)
		check_add(c, &too_large, item->label, 0,
		          "%lu MiB: %s loads %lu MiB and cuts off the rest without a word", mib,
		          c->chip->name, (unsigned long)(c->chip->image_limit / MIB));
	else if (c->chip->image_caution && item->file.size > c->chip->image_caution)
		check_add(c, &rather_large, item->label, 0,
		          "%lu MiB: boot loaders before 2022-02 load %lu MiB and cut off the rest",
		          mib, (unsigned long)(c->chip->image_caution / MIB));
}

static void check_image_volume(struct check_ctx *c)
{
	struct check_item item;
	struct fatvolume volume;
	struct reason why;
	uint32_t free_clusters;
	if (!check_item_open(c, "boot.img", false, &item))
		return;
	bool good = fatvolume_open(&volume, check_item_reader, &item, item.file.size, &why) == 0;
	if (!good)
		check_add(c, &form, item.label, 0, "%s", why.text);
	else if (fatvolume_count_free(&volume, check_item_reader, &item, &free_clusters) &&
	         free_clusters == 0 && c->chip->eeprom_size)
		check_add(c, &full, item.label, 0,
		          "no free cluster: boot loaders before 2024-01 do not read its last file");
	if (good && volume.offset == 0 && !c->chip->eeprom_size)
		check_add(
			c, &bare, item.label, 0,
			"without a partition table: for %s only an image with one is known to work",
			c->chip->name);
	check_image_limits(c, &item);
	check_item_close(&item);
	if (good)
		check_sig(c, "boot.sig", "boot.img", false);
}

static const struct rule no_image = { .code = "no-boot-image", .severity = FINDING_ERROR };

static const char *check_image_advice(const struct check_ctx *c)
{
	static const struct {
		const char *name, *advice;
	} table[] = {
		{ "mass-storage-gadget", "Build it with make gadget, or fetch it: "
		                         "rpi-fetch-firmware --only mass-storage-gadget" },
		{ "rpi-imager-embedded", "@/README.md says where it comes from" },
		{ "secure-boot-msd", "Fetch it: rpi-fetch-firmware --only secure-boot-msd" },
		{ "secure-boot-example", "@/README.md says how it is made" },
	};
	const char *name = check_directory_name(c->files);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strncmp(name, table[i].name, strlen(table[i].name)) == 0)
			return table[i].advice;
	return "Make it: rpi-make-boot-image -d FILES -o @/boot.img";
}

/* --- signatures of a gadget for locked boards */

static const struct rule counter_signed = { .code = "counter-signed", .severity = FINDING_NOTE };
static const struct rule half_signed = { .code = "half-signed",
	                                 .severity = FINDING_WARNING,
	                                 .advice = "Sign both: rpi-sign-boot-folder -d @ KEY" };

static void check_image_signatures(struct check_ctx *c)
{
	char key[CHECK_HASH_TEXT];
	bool signature = check_has(c, "boot.sig");
	if (c->stage_key.known && signature)
		check_add_advice(c, &counter_signed, OK, c->result->stage, 0,
		                 "For other boards: rpi-sign-boot-folder -d @ --reset",
		                 "counter-signed with the key %s: a board that is not locked to it "
		                 "does not start it",
		                 check_hash_text(c->stage_key.hash, key));
	else if (c->stage_key.known)
		check_add(c, &half_signed, c->result->stage, 0,
		          "counter-signed with the key %s, so only boards locked to it start it, "
		          "but these want boot.sig, which is not there",
		          check_hash_text(c->stage_key.hash, key));
	else if (signature && c->chip->counter_signs)
		check_add(c, &half_signed, c->result->stage, 0,
		          "not counter-signed, although boot.sig is there: a locked %s does not "
		          "start it",
		          c->chip->name);
}

/* --- what the directory starts */

static const struct rule recovery_stage = { .code = "recovery-second-stage",
	                                    .severity = FINDING_ERROR,
	                                    .advice = "Use the ordinary one from bootfiles.bin" };
static const struct rule no_ramdisk = { .code = "no-boot-ramdisk",
	                                .severity = FINDING_WARNING,
	                                .advice = "Add the line boot_ramdisk=1 to @/config.txt" };
static const struct rule ramdisk_perhaps = { .code = "conditional-boot-ramdisk",
	                                     .severity = FINDING_NOTE };
static const struct rule no_start = { .code = "no-firmware",
	                              .severity = FINDING_ERROR,
	                              .advice = "Put it there, from the firmware that fits the "
	                                        "second stage" };
static const struct rule old_chip = { .code = "old-chip", .severity = FINDING_WARNING };

static void check_image_presence(struct check_ctx *c)
{
	if (c->is_recovery)
		check_add(c, &recovery_stage, c->result->stage, 0,
		          "the flashing program: it does not start boot.img");
	if (!check_has(c, "boot.img"))
		check_add_advice(c, &no_image, c->ramdisk == CONFIGTXT_YES ? ERR_UNFIT : OK,
		                 "boot.img", 0, check_image_advice(c),
		                 "not there, but config.txt wants it (boot_ramdisk=1)");
	if (c->ramdisk == CONFIGTXT_NO)
		check_add(c, &no_ramdisk, "config.txt", 0,
		          "no boot_ramdisk=1 for this chip: only boards with secure boot use "
		          "boot.img");
	if (c->ramdisk == CONFIGTXT_MAYBE)
		check_add(c, &ramdisk_perhaps, "config.txt", 0,
		          "boot_ramdisk=1 stands under a filter that not every board passes");
}

void check_image(struct check_ctx *c)
{
	check_image_presence(c);
	if (c->depth == CHECKS_WHOLE)
		check_image_volume(c);
	if (c->chip->eeprom_size)
		check_image_boot_loader(c);
	else if (c->ramdisk != CONFIGTXT_YES && !check_has(c, c->chip->start_file))
		check_add(c, &no_start, c->chip->start_file, 0,
		          "not there, but the second stage wants it"); /* it is in boot.img, too */
	if (c->depth == CHECKS_WHOLE)
		check_image_age(c);
	check_image_signatures(c);
	if (!c->chip->gadget)
		check_add(c, &old_chip, "boot.img", 0, "this chip starts only a 32-bit kernel");
}

void check_legacy(struct check_ctx *c)
{
	struct bootfile file;
	enum lookup_result result = bootfiles_find(c->files, c->chip->start_file, &file);
	if (result == BOOTFILE_ABSENT)
		check_add(c, &no_start, c->chip->start_file, 0,
		          "not there, but the second stage wants it");
	if (result != BOOTFILE_DENIED)
		bootfile_close(&file);
}
