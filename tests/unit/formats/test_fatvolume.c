/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/fatvolume.h"
#include "tap.h"

static uint8_t sector[FATVOLUME_SECTOR];

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

#define CHECK_GOOD(size)                                               \
	do {                                                           \
		const char *problem = fatvolume_problem(sector, size); \
		if (problem)                                           \
			TAP_FAIL("%s", problem);                       \
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
	CHECK_STR(fatvolume_problem(sector, 0), "is too short for a FAT volume");
	CHECK_STR(fatvolume_problem(sector, 511), "is too short for a FAT volume");
	CHECK_STR(fatvolume_problem(sector, 512),
	          "is cut short: the FAT volume in it is larger than the file");
	CHECK_STR(fatvolume_problem(sector, 3043328 - 512),
	          "is cut short: the FAT volume in it is larger than the file");
	CHECK_STR(fatvolume_problem(sector, 3043328 + 1), "has a size that is no multiple of 512");
}

static void type_and_clusters(void)
{
	const char *few = "is laid out as FAT32 with too few clusters for it";
	const char *many = "is not laid out as FAT32 although it has clusters for it";
	make(32, 32 + 600 + 65524, 600);
	CHECK_STR(fatvolume_problem(sector, 0x7ffffe00), few);
	make(32, 32 + 600 + 65525, 600);
	CHECK_GOOD(0x7ffffe00);
	make(16, 1 + 16 + 256 + 65524, 256);
	CHECK_GOOD(0x7ffffe00);
	make(16, 1 + 16 + 256 + 65525, 256);
	CHECK_STR(fatvolume_problem(sector, 0x7ffffe00), many);
	make(12, 1 + 16 + 12 + 4084, 12);
	CHECK_GOOD(0x7ffffe00);
	make(16, 1 + 16 + 15 + 4085, 15);
	CHECK_STR(fatvolume_problem(sector, 0x7ffffe00), "is a FAT volume with too small a table");
	make(16, 1 + 16 + 16 + 4085, 16);
	CHECK_GOOD(0x7ffffe00);
	make(12, 17, 3);
	CHECK_STR(fatvolume_problem(sector, 0x7ffffe00), "is a FAT volume without room for files");
}

static void no_volume(void)
{
	memset(sector, 0, sizeof sector);
	CHECK_STR(fatvolume_problem(sector, 4096), "is not a FAT volume (no 55aa at 510)");
	sector[510] = 0x55;
	sector[511] = 0xaa;
	CHECK_STR(fatvolume_problem(sector, 4096), "is not a FAT volume with sectors of 512 bytes");
	sector[446 + 4] = 0x0c;
	put32(446 + 8, 2048);
	put32(446 + 12, 524288);
	CHECK_STR(fatvolume_problem(sector, 4096),
	          "has a partition table: it must be one bare FAT volume");
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = { { 0, 0 },  { 11, 1 }, { 12, 4 }, { 13, 0 }, { 13, 3 },
		    { 14, 0 }, { 16, 0 }, { 16, 3 }, { 21, 0 } };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		make(12, 846, 3);
		sector[bad[i].at] = bad[i].value;
		CHECK_STR(fatvolume_problem(sector, 433152),
		          "is not a FAT volume with sectors of 512 bytes");
	}
}

/* Whatever the fields say, there is a verdict. */
static void noise(void)
{
	unsigned state = 1;
	for (int round = 0; round < 20000; round++) {
		make(12, 846, 3);
		for (int i = 0; i < 6; i++) {
			state = state * 1103515245u + 12345u;
			sector[(state >> 16) % 64] = (uint8_t)(state >> 8);
		}
		fatvolume_problem(sector, (uint64_t)state * 512);
	}
	CHECK(true);
}

int main(void)
{
	RUN(real_sizes);
	RUN(shortened);
	RUN(type_and_clusters);
	RUN(no_volume);
	RUN(noise);
	return tap_end();
}
