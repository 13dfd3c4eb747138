/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tar.h"
#include "tap.h"

#include <stdlib.h>

static uint8_t archive[64 * 512];
static size_t size;

static int64_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
	(void)ctx;
	if (offset >= size)
		return 0;
	if (n > size - offset)
		n = size - offset;
	memcpy(to, archive + offset, n);
	return (int64_t)n;
}

static void checksum(uint8_t *header)
{
	unsigned sum = 0;
	memset(header + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
}

static uint8_t *add(const char *name, char type, const char *content)
{
	uint8_t *h = archive + size;
	size_t n = strlen(content);
	memset(h, 0, 512);
	memcpy(h, name, strlen(name) > 100 ? 100 : strlen(name));
	snprintf((char *)h + 124, 12, "%011o", (unsigned)n);
	memcpy(h + 257, "ustar\00000", 8);
	h[156] = (uint8_t)type;
	checksum(h);
	memset(h + 512, 0, (n + 511) / 512 * 512);
	memcpy(h + 512, content, n);
	size += 512 + (n + 511) / 512 * 512;
	return h;
}

static void add_end(void)
{
	memset(archive + size, 0, 1024);
	size += 1024;
}

static struct tar tar;

static enum err open_it(void)
{
	tar_close(&tar);
	return tar_open(&tar, read_memory, NULL, size);
}

static void start(void)
{
	size = 0;
	add("2711/", '5', "");
	add("2711/bootcode4.bin", '0', "four");
	add("./2712/bootcode5.bin", 0, "five!");
	add("2711/mcb.bin", '0', "");
}

static void finds(void)
{
	start();
	add_end();
	add("2711/behind", '0', "the end");
	CHECK_INT(open_it(), OK);
	CHECK_INT(tar.count, 3);
	const struct tar_member *m = tar_find(&tar, "2711", "BOOTCODE4.bin");
	CHECK(m && m->size == 4 && memcmp(archive + m->offset, "four", 4) == 0);
	m = tar_find(&tar, "2712", "bootcode5.bin");
	CHECK(m && m->size == 5);
	m = tar_find(&tar, "2711", "mcb.bin");
	CHECK(m && m->size == 0);
	CHECK(!tar_find(&tar, "2712", "bootcode4.bin"));
	CHECK(!tar_find(&tar, "2711", "bootcode4.bi"));
	CHECK(!tar_find(&tar, "2711", "bootcode4.binx"));
	CHECK(!tar_find(&tar, "2711", ""));
	CHECK(!tar_find(&tar, "2711", "behind"));
}

static void first_match_wins(void)
{
	start();
	add("2711/BOOTCODE4.BIN", '0', "other");
	CHECK_INT(open_it(), OK); /* also without zero blocks at the end */
	CHECK_INT(tar_find(&tar, "2711", "bootcode4.bin")->size, 4);
}

static void links_and_extensions_are_no_files(void)
{
	static const char types[] = "1234567xgLK";
	for (const char *t = types; *t; t++) {
		start();
		add("2711/odd", *t, "abc");
		CHECK_INT(open_it(), OK);
		CHECK(!tar_find(&tar, "2711", "odd"));
	}
}

static void full_name_field(void)
{
	char name[101], all[128] = "2711/";
	memset(name, 'x', 95);
	name[95] = 0;
	strcat(all, name);
	start();
	add(all, '0', "long");
	CHECK_INT(open_it(), OK);
	CHECK(tar_find(&tar, "2711", name));
}

static void corruption(void)
{
	start();
	archive[0] ^= 1; /* checksum */
	CHECK_INT(open_it(), ERR_ARCHIVE);
	CHECK_INT(tar.bad_offset, 0);

	start();
	uint8_t *h = add("2711/last", '0', "content");
	memcpy(h + 124, "00000007777", 11); /* past the end */
	checksum(h);
	CHECK_INT(open_it(), ERR_ARCHIVE);
	CHECK_INT(tar.bad_offset, (uint64_t)(h - archive));

	static const char *const sizes[] = { "-0000000001", "0000000000x", "           ",
		                             "99999999999", "777777777777" };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		start();
		h = add("2711/last", '0', "content");
		memcpy(h + 124, sizes[i], strlen(sizes[i]));
		checksum(h);
		CHECK_INT(open_it(), ERR_ARCHIVE);
	}
	start();
	size -= 200; /* cut inside the last header */
	CHECK_INT(open_it(), ERR_ARCHIVE);
	start();
	memcpy(archive + size, "garbage", 7);
	size += 7;
	CHECK_INT(open_it(), ERR_ARCHIVE);
	size = 0;
	CHECK_INT(open_it(), ERR_ARCHIVE); /* empty */
	memset(archive, 0, size = 10240);
	CHECK_INT(open_it(), ERR_ARCHIVE); /* nothing in it */
}

/* Any cut or changed byte: a result, and members inside the archive. */
static void never_outside(void)
{
	srand(1);
	for (int run = 0; run < 20000; run++) {
		start();
		add_end();
		for (int flips = rand() % 4; flips >= 0; flips--)
			archive[(size_t)rand() % size] ^= (uint8_t)(1 << rand() % 8);
		if (rand() % 2)
			size = (size_t)rand() % size;
		if (open_it() == OK)
			for (size_t i = 0; i < tar.count; i++)
				CHECK(tar.members[i].offset <= size &&
				      tar.members[i].size <= size - tar.members[i].offset);
	}
}

int main(void)
{
	RUN(finds);
	RUN(first_match_wins);
	RUN(links_and_extensions_are_no_files);
	RUN(full_name_field);
	RUN(corruption);
	RUN(never_outside);
	tar_close(&tar);
	return tap_end();
}
