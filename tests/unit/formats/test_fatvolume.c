/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/fatvolume.h"
#include "tap.h"

enum { PARTITION_AT = 2048 };

static uint8_t sector[FATVOLUME_SECTOR]; /* of the volume */
static uint8_t mbr[FATVOLUME_SECTOR];    /* the partition table before it, if has_mbr */
static bool has_mbr;
static uint8_t table[4096]; /* the first table's bytes; the rest of it is zero */
static uint64_t image_size;

static struct fatvolume volume;

/* An image without memory for its data. */
static int64_t read_image(void *ctx, uint64_t offset, void *to, size_t n)
{
	uint64_t start = has_mbr ? (uint64_t)PARTITION_AT * 512 : 0;
	uint8_t *out = to;
	(void)ctx;
	if (offset >= image_size)
		return 0;
	n = n < image_size - offset ? n : (size_t)(image_size - offset);
	for (size_t i = 0; i < n; i++) {
		uint64_t at = offset + i;
		uint64_t in_table = at - start - volume.table;
		if (has_mbr && at < sizeof mbr)
			out[i] = mbr[at];
		else if (at >= start && at - start < sizeof sector)
			out[i] = sector[at - start];
		else
			out[i] = in_table < sizeof table ? table[in_table] : 0;
	}
	return (int64_t)n;
}

/* What is wrong with the image, were it of SIZE bytes; NULL: nothing. */
static const char *problem_of(uint64_t size)
{
	static struct reason why;
	image_size = size;
	volume.table = 0;
	return fatvolume_open(&volume, read_image, NULL, size, &why) == 0 ? NULL : why.text;
}

static void put16(size_t at, unsigned value)
{
	sector[at] = (uint8_t)value;
	sector[at + 1] = (uint8_t)(value >> 8);
}

static void put32(size_t at, unsigned long value)
{
	put16(at, (unsigned)(value & 0xffff));
	put16(at + 2, (unsigned)(value >> 16));
}

/* A volume of TOTAL sectors: FAT sectors a table, BITS wide, 1-sector clusters, one table. */
static void make(unsigned bits, unsigned long total, unsigned long fat)
{
	memset(sector, 0, sizeof sector);
	memcpy(sector, bits == 32 ? "\xeb\x58\x90mkfs.fat" : "\xeb\x3c\x90mkfs.fat", 11);
	put16(11, 512);
	sector[13] = 1;
	put16(14, bits == 32 ? 32 : 1);
	sector[16] = 1;
	put16(17, bits == 32 ? 0 : 256);
	if (total < 65536 && bits != 32)
		put16(19, (unsigned)total);
	else
		put32(32, total);
	sector[21] = 0xf8;
	if (bits == 32)
		put32(36, fat);
	else
		put16(22, (unsigned)fat);
	sector[510] = 0x55;
	sector[511] = 0xaa;
}

#define CHECK_GOOD(size)                                \
	do {                                            \
		const char *problem = problem_of(size); \
		if (problem)                            \
			TAP_FAIL("%s", problem);        \
	} while (0)

/* Sizes that mkfs.fat gave for small, middling and large contents. */
static void real_sizes(void)
{
	make(12, 846, 3);
	CHECK_GOOD(433152);
	make(16, 5944, 24);
	CHECK_GOOD(3043328);
	make(32, 78780, 611);
	CHECK_GOOD(40335360);
	CHECK_GOOD(0x7ffffe00);
}

static void shortened(void)
{
	make(16, 5944, 24);
	CHECK_STR(problem_of(0), "is too short for a FAT volume");
	CHECK_STR(problem_of(511), "is too short for a FAT volume");
	CHECK_STR(problem_of(512), "is cut short: the FAT volume in it is larger than the file");
	CHECK_STR(problem_of(3043328 - 512),
	          "is cut short: the FAT volume in it is larger than the file");
	CHECK_STR(problem_of(3043328 + 1), "has a size that is not a multiple of 512");
}

static void type_and_clusters(void)
{
	const char *many = "is not laid out as FAT32 although it has clusters for it";
	make(32, 32 + 600 + 65524, 600); /* FAT32 of any size: the fields say what it is */
	CHECK_GOOD(0x7ffffe00);
	CHECK_INT(volume.bits, 32);
	CHECK_INT(volume.clusters, 65524);
	make(32, 32 + 4 + 500, 4);
	CHECK_GOOD(0x7ffffe00);
	make(32, 32 + 3 + 500, 3);
	CHECK_STR(problem_of(0x7ffffe00), "is a FAT volume with too small a table");
	make(32, 32 + 600 + 65525, 600);
	CHECK_GOOD(0x7ffffe00);
	make(16, 1 + 16 + 256 + 65524, 256);
	CHECK_GOOD(0x7ffffe00);
	make(16, 1 + 16 + 256 + 65525, 256);
	CHECK_STR(problem_of(0x7ffffe00), many);
	make(12, 1 + 16 + 12 + 4084, 12);
	CHECK_GOOD(0x7ffffe00);
	make(16, 1 + 16 + 15 + 4085, 15);
	CHECK_STR(problem_of(0x7ffffe00), "is a FAT volume with too small a table");
	make(16, 1 + 16 + 16 + 4085, 16);
	CHECK_GOOD(0x7ffffe00);
	make(12, 17, 3);
	CHECK_STR(problem_of(0x7ffffe00), "is a FAT volume without room for files");
}

static void no_volume(void)
{
	memset(sector, 0, sizeof sector);
	CHECK_STR(problem_of(4096), "is not a FAT volume (no 55aa at 510)");
	sector[510] = 0x55;
	sector[511] = 0xaa;
	CHECK_STR(problem_of(4096), "is not a FAT volume with sectors of 512 bytes");
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = { { 0, 0 },  { 11, 1 }, { 12, 4 }, { 13, 0 }, { 13, 3 },
		    { 14, 0 }, { 16, 0 }, { 16, 3 }, { 21, 0 } };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		make(12, 846, 3);
		sector[bad[i].at] = bad[i].value;
		CHECK_STR(problem_of(433152), "is not a FAT volume with sectors of 512 bytes");
	}
}

static void put_partition(size_t index, uint8_t type, uint32_t start, uint32_t sectors)
{
	uint8_t *p = mbr + 446 + 16 * index;
	memset(p, 0, 16);
	p[4] = type;
	for (int i = 0; i < 4; i++) {
		p[8 + i] = (uint8_t)(start >> 8 * i);
		p[12 + i] = (uint8_t)(sectors >> 8 * i);
	}
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
	has_mbr = true;
}

/* One partition of a FAT type around the volume. */
static void partitions(void)
{
	static const uint8_t good[] = { 0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e };
	uint64_t size = (PARTITION_AT + 5944) * (uint64_t)512;
	make(16, 5944, 24);
	for (size_t i = 0; i < sizeof good; i++) {
		put_partition(0, good[i], PARTITION_AT, 5944);
		CHECK_GOOD(size);
		CHECK_INT(volume.offset, PARTITION_AT * 512);
		CHECK_INT(volume.bits, 16);
	}
	CHECK_STR(problem_of(size - 512),
	          "is cut short: the partition in it is larger than the file");
	put_partition(0, 0x0c, PARTITION_AT, 5943);
	CHECK_STR(problem_of(size),
	          "is cut short: the FAT volume in it is larger than the partition");
	put_partition(0, 0x83, PARTITION_AT, 5944);
	CHECK_STR(problem_of(size), "has a partition of type 0x83, not of a FAT type (0x0c)");
	put_partition(0, 0xee, 1, 5944);
	CHECK(strstr(problem_of(size), "GUID partition table") != NULL);
	put_partition(0, 0x0c, PARTITION_AT, 5944);
	put_partition(3, 0x83, 9000, 10);
	CHECK_STR(problem_of(size), "has more than one partition");
	memset(mbr + 446, 0, 64);
	put_partition(2, 0x0c, PARTITION_AT, 5944);
	CHECK_GOOD(size);
	sector[13] = 0;
	CHECK(strstr(problem_of(size), "has a partition that is not a FAT volume") != NULL);
	sector[510] = 0;
	CHECK_STR(problem_of(size), "is not a FAT volume (no 55aa at 1049086)");
	memset(mbr + 446, 0, 64);
	CHECK_STR(problem_of(size), "is not a FAT volume with sectors of 512 bytes");
	has_mbr = false;
}

/* All free but the two reserved entries and those that are set here. */
static void free_clusters(void)
{
	static const struct {
		unsigned bits;
		unsigned long total, fat;
		uint32_t clusters;
		size_t at; /* of a byte in the table that takes clusters */
		uint32_t used;
	} cases[] = {
		{ 12, 846, 3, 826, 3, 1 },    /* the low 8 bits of cluster 2 */
		{ 12, 846, 3, 826, 4, 2 },    /* both halves: clusters 2 and 3 */
		{ 12, 846, 3, 826, 0, 0 },    /* the reserved ones do not count */
		{ 12, 847, 3, 827, 1242, 1 }, /* the last cluster, number 828: bytes 1242, 1243 */
		{ 12, 847, 3, 827, 1244, 0 }, /* behind it */
		{ 16, 5944, 24, 5903, 4, 1 },
		{ 16, 5944, 24, 5903, 2048, 1 }, /* in another part of the table */
		{ 32, 78780, 611, 78137, 8, 1 },
		{ 32, 78780, 611, 78137, 4095, 1 }, /* the upper four bits are reserved */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t count = 0;
		memset(table, 0, sizeof table);
		make(cases[i].bits, cases[i].total, cases[i].fat);
		CHECK_GOOD(cases[i].total * 512);
		CHECK_INT(volume.clusters, cases[i].clusters);
		table[cases[i].at] = cases[i].at == 4095 ? 0x0f : 0xff;
		CHECK(fatvolume_count_free(&volume, read_image, NULL, &count));
		CHECK_INT(count, cases[i].clusters - cases[i].used);
	}
	table[4095] = 0xf0;
	uint32_t count;
	CHECK(fatvolume_count_free(&volume, read_image, NULL, &count));
	CHECK_INT(count, 78137);
	image_size = 20000; /* inside the table */
	CHECK(!fatvolume_count_free(&volume, read_image, NULL, &count));
}

/* Any field values give a result. */
static void noise(void)
{
	unsigned state = 1;
	for (int round = 0; round < 20000; round++) {
		make(12, 846, 3);
		for (int i = 0; i < 6; i++) {
			state = state * 1103515245u + 12345u;
			sector[(state >> 16) % 64] = (uint8_t)(state >> 8);
		}
		const char *problem = problem_of((uint64_t)(state >> 4) * 512);
		CHECK(problem ? *problem != 0 : volume.clusters > 0);
	}
}

int main(void)
{
	RUN(real_sizes);
	RUN(shortened);
	RUN(type_and_clusters);
	RUN(no_volume);
	RUN(partitions);
	RUN(free_clusters);
	RUN(noise);
	return tap_end();
}
