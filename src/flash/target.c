/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/target.h"

#include <stdio.h>
#include <string.h>

#define VENDOR_SIZE 8

static const char *target_digits(const char *s)
{
	size_t n = strspn(s, "0123456789");
	return n ? s + n : NULL;
}

enum target_kind target_kind(const char *name)
{
	const char *rest;
	if (strncmp(name, "mmcblk", 6) == 0 && (rest = target_digits(name + 6))) {
		if (!*rest)
			return TARGET_MMC;
		rest = strncmp(rest, "boot", 4) == 0 ? target_digits(rest + 4) : NULL;
		return rest && !*rest ? TARGET_BOOT : TARGET_UNKNOWN;
	}
	if (strncmp(name, "nvme", 4) == 0 && (rest = target_digits(name + 4)) && *rest == 'n') {
		rest = target_digits(rest + 1);
		return rest && !*rest ? TARGET_NVME : TARGET_UNKNOWN;
	}
	if (strncmp(name, "sd", 2) == 0 && name[2] &&
	    !name[2 + strspn(name + 2, "abcdefghijklmnopqrstuvwxyz")])
		return TARGET_USB;
	return TARGET_UNKNOWN;
}

void target_name(const char *vendor, const char *model, char out[TARGET_NAME])
{
	/* one string across both fields; a vendor that does not fill its own ends it */
	bool goes_on = strlen(vendor) == VENDOR_SIZE || !*vendor;
	snprintf(out, TARGET_NAME, "%.*s%s", VENDOR_SIZE, vendor, goes_on ? model : "");
	if (target_kind(out) == TARGET_UNKNOWN)
		snprintf(out, TARGET_NAME, "%s", model); /* "Linux", "mmcblk0" */
	if (target_kind(out) == TARGET_UNKNOWN)
		*out = 0;
}

/* --- the choice */

static const struct {
	const char *word;
	enum target_kind kind;
} target_words[] = {
	{ "emmc", TARGET_MMC },
	{ "sd", TARGET_MMC },
	{ "nvme", TARGET_NVME },
	{ "usb", TARGET_USB },
};

static enum target_kind target_word_kind(const char *which)
{
	for (size_t i = 0; i < sizeof target_words / sizeof *target_words; i++)
		if (strcmp(target_words[i].word, which) == 0)
			return target_words[i].kind;
	return TARGET_UNKNOWN;
}

bool target_is_word(const char *which)
{
	return target_word_kind(which) != TARGET_UNKNOWN || target_kind(which) != TARGET_UNKNOWN;
}

/* A disk whose name is unknown is what the legacy msd firmware shows: the board's eMMC. */
static bool target_matches(const struct target_disk *disk, const char *which)
{
	enum target_kind wanted = which ? target_word_kind(which) : TARGET_UNKNOWN;
	if (disk->size == 0)
		return false;
	if (!which)
		return true;
	if (wanted == TARGET_UNKNOWN)
		return strcmp(disk->name, which) == 0;
	if (wanted == TARGET_MMC && disk->word)
		return strcmp(disk->word, which) == 0;
	enum target_kind kind = target_kind(disk->name);
	return kind == wanted || (kind == TARGET_UNKNOWN && wanted == TARGET_MMC);
}

enum err target_choose(const struct target_disk disks[], size_t count, const char *which,
                       size_t *index)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		if (target_matches(&disks[i], which) && found++ == 0)
			*index = i;
	if (found == 0)
		return ERR_DISK_NONE_SUCH;
	return found == 1 ? OK : ERR_DISK_AMBIGUOUS;
}

void target_list(const struct target_disk disks[], size_t count, char *out, size_t size)
{
	size_t n = 0;
	*out = 0;
	for (size_t i = 0; i < count && n < size; i++) {
		const struct target_disk *d = &disks[i];
		if (d->size == 0)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s (%s%s%llu bytes)", n ? ", " : "",
		                      *d->name ? d->name : "unnamed disk", d->node ? d->node : "",
		                      d->node ? ", " : "", (unsigned long long)d->size);
	}
}
