/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/fatvolume.h"

#include "base/bytes.h"

enum { SECTOR = FATVOLUME_SECTOR, PARTITIONS = 446, PARTITION = 16, PARTITION_COUNT = 4 };

/* Whether the fields that every FAT volume has do not contradict each other. */
static bool fatvolume_is_boot_sector(const uint8_t *s)
{
	uint8_t per_cluster = s[13], fats = s[16];
	return (s[0] == 0xeb || s[0] == 0xe9) && get_le16(s + 11) == SECTOR && per_cluster &&
	       (per_cluster & (per_cluster - 1)) == 0 && get_le16(s + 14) > 0 &&
	       (fats == 1 || fats == 2) && s[21] >= 0xf0;
}

/* The partition types that boot loaders take for a FAT volume. */
static bool fatvolume_is_fat_type(uint8_t type)
{
	return type == 0x01 || type == 0x04 || type == 0x06 || type == 0x0b || type == 0x0c ||
	       type == 0x0e;
}

/* The only partition of the table in sector S, as a place in the image. */
static int fatvolume_take_partition(struct fatvolume *v, const uint8_t *s, uint64_t size,
                                    struct reason *why)
{
	const uint8_t *found = NULL;
	for (size_t i = 0; i < PARTITION_COUNT; i++) {
		const uint8_t *p = s + PARTITIONS + i * PARTITION;
		if (p[4] == 0)
			continue;
		if ((p[0] & 0x7f) != 0 || get_le32(p + 8) == 0 || get_le32(p + 12) == 0)
			return reason_set(why, "is not a FAT volume with sectors of 512 bytes");
		if (p[4] == 0xee)
			return reason_set(why, "has a GUID partition table: boot loaders read a "
			                       "FAT volume or one partition in an MBR");
		if (found)
			return reason_set(why, "has more than one partition");
		found = p;
	}
	if (!found)
		return reason_set(why, "is not a FAT volume with sectors of 512 bytes");
	if (!fatvolume_is_fat_type(found[4]))
		return reason_set(why, "has a partition of type 0x%02x, not of a FAT type (0x0c)",
		                  found[4]);
	v->offset = (uint64_t)get_le32(found + 8) * SECTOR;
	v->size = (uint64_t)get_le32(found + 12) * SECTOR;
	if (v->offset + v->size > size)
		return reason_set(why, "is cut short: the partition in it is larger than the file");
	return 0;
}

/* The sizes of the parts of the volume, against each other and the space for it. FAT32 is what has no 16-bit table size,
 * whatever its size; FAT12 and FAT16 differ by the number of clusters alone. */
static int fatvolume_take_layout(struct fatvolume *v, const uint8_t *s, struct reason *why)
{
	uint64_t total = get_le16(s + 19) ? get_le16(s + 19) : get_le32(s + 32);
	uint64_t fat = get_le16(s + 22) ? get_le16(s + 22) : get_le32(s + 36);
	uint64_t root = get_le16(s + 17);
	uint64_t before = get_le16(s + 14) + s[16] * fat + (root * 32 + SECTOR - 1) / SECTOR;
	bool as_32 = get_le16(s + 22) == 0 && root == 0;
	size_t at = (size_t)v->offset;
	if (total * SECTOR > v->size)
		return reason_set_at(why, at,
		                     "is cut short: the FAT volume in it is larger than the %s",
		                     at ? "partition" : "file");
	if (before >= total)
		return reason_set_at(why, at, "is a FAT volume without room for files");
	uint64_t clusters = (total - before) / s[13];
	v->bits = as_32 ? 32 : clusters < 4085 ? 12 : 16;
	if (!as_32 && (clusters >= 65525 || root == 0))
		return reason_set_at(why, at,
		                     "is not laid out as FAT32 although it has clusters for it");
	if (fat * SECTOR * 8 / v->bits < clusters + 2)
		return reason_set_at(why, at, "is a FAT volume with too small a table");
	v->size = total * SECTOR;
	v->clusters = (uint32_t)clusters;
	v->table = (uint32_t)get_le16(s + 14) * SECTOR;
	return 0;
}

static int fatvolume_read_sector(reader_fn read, void *ctx, uint64_t offset, uint8_t *sector,
                                 struct reason *why)
{
	int64_t got = read(ctx, offset, sector, SECTOR);
	if (got < 0)
		return reason_set_at(why, (size_t)offset, "cannot be read");
	if (got < SECTOR)
		return reason_set_at(why, (size_t)offset, "is too short for a FAT volume");
	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return reason_set_at(why, (size_t)offset, "is not a FAT volume (no 55aa at %llu)",
		                     (unsigned long long)offset + 510);
	return 0;
}

int fatvolume_open(struct fatvolume *volume, reader_fn read, void *ctx, uint64_t size,
                   struct reason *why)
{
	uint8_t sector[SECTOR];
	*volume = (struct fatvolume){ .size = size };
	if (size < SECTOR)
		return reason_set(why, "is too short for a FAT volume");
	if (fatvolume_read_sector(read, ctx, 0, sector, why) != 0)
		return -1;
	if (!fatvolume_is_boot_sector(sector)) {
		if (fatvolume_take_partition(volume, sector, size, why) != 0 ||
		    fatvolume_read_sector(read, ctx, volume->offset, sector, why) != 0)
			return -1;
		if (!fatvolume_is_boot_sector(sector))
			return reason_set_at(why, (size_t)volume->offset,
			                     "has a partition that is not a FAT volume with "
			                     "sectors of 512 bytes");
	}
	if (size % SECTOR)
		return reason_set(why, "has a size that is not a multiple of 512");
	return fatvolume_take_layout(volume, sector, why);
}

/* Entry I of a part of the table that begins with an entry of even number. */
static uint32_t fatvolume_entry(const uint8_t *table, unsigned bits, uint32_t i)
{
	if (bits == 32)
		return get_le32(table + 4 * (size_t)i) & 0x0fffffff;
	if (bits == 16)
		return get_le16(table + 2 * (size_t)i);
	uint16_t pair = get_le16(table + (size_t)i * 3 / 2);
	return i % 2 ? pair >> 4 : pair & 0xfff;
}

bool fatvolume_count_free(const struct fatvolume *volume, reader_fn read, void *ctx,
                          uint32_t *count)
{
	enum { ENTRIES = 1024 };
	uint8_t part[ENTRIES * 4];
	uint32_t end = volume->clusters + 2;
	*count = 0;
	for (uint32_t first = 0; first < end; first += ENTRIES) {
		uint32_t entries = end - first < ENTRIES ? end - first : ENTRIES;
		size_t n = ((size_t)entries * volume->bits + 7) / 8;
		uint64_t at = volume->offset + volume->table + (uint64_t)first * volume->bits / 8;
		if (read(ctx, at, part, n) != (int64_t)n)
			return false;
		for (uint32_t i = first == 0 ? 2 : 0; i < entries; i++)
			*count += fatvolume_entry(part, volume->bits, i) == 0;
	}
	return true;
}
