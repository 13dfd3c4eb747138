/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/fatvolume.h"

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether there are no contradictions in the fields that every FAT volume has. */
static bool fatvolume_is_boot_sector(const uint8_t *s)
{
	uint8_t per_cluster = s[13], fats = s[16];
	return (s[0] == 0xeb || s[0] == 0xe9) && get_le16(s + 11) == FATVOLUME_SECTOR &&
	       per_cluster && (per_cluster & (per_cluster - 1)) == 0 && get_le16(s + 14) > 0 &&
	       (fats == 1 || fats == 2) && s[21] >= 0xf0;
}

static bool fatvolume_has_partitions(const uint8_t *s)
{
	for (size_t at = 446; at < 510; at += 16)
		if ((s[at] & 0x7f) == 0 && s[at + 4] != 0 && get_le32(s + at + 8) > 0 &&
		    get_le32(s + at + 12) > 0)
			return true;
	return false;
}

/* The sizes of a volume's parts, against each other and the image's size. */
static const char *fatvolume_layout_problem(const uint8_t *s, uint64_t size)
{
	uint64_t total = get_le16(s + 19) ? get_le16(s + 19) : get_le32(s + 32);
	uint64_t fat = get_le16(s + 22) ? get_le16(s + 22) : get_le32(s + 36);
	uint64_t root = get_le16(s + 17);
	uint64_t before = get_le16(s + 14) + s[16] * fat + (root * 32 + 511) / 512;
	if (total * FATVOLUME_SECTOR > size)
		return "is cut short: the FAT volume in it is larger than the file";
	if (before >= total)
		return "is a FAT volume without room for files";
	uint64_t clusters = (total - before) / s[13];
	unsigned bits = clusters < 4085 ? 12 : clusters < 65525 ? 16 : 32;
	bool as_32 = get_le16(s + 22) == 0 && root == 0;
	if (as_32 && bits < 32)
		return "is laid out as FAT32 with too few clusters for it";
	if (!as_32 && (bits == 32 || root == 0))
		return "is not laid out as FAT32 although it has clusters for it";
	if (fat * FATVOLUME_SECTOR * 8 / bits < clusters + 2)
		return "is a FAT volume with too small a table";
	return NULL;
}

const char *fatvolume_problem(const uint8_t sector[FATVOLUME_SECTOR], uint64_t size)
{
	if (size < FATVOLUME_SECTOR)
		return "is too short for a FAT volume";
	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return "is not a FAT volume (no 55aa at 510)";
	if (!fatvolume_is_boot_sector(sector))
		return fatvolume_has_partitions(sector)
		               ? "has a partition table: it must be one bare FAT volume"
		               : "is not a FAT volume with sectors of 512 bytes";
	if (size % FATVOLUME_SECTOR)
		return "has a size that is no multiple of 512";
	return fatvolume_layout_problem(sector, size);
}
