/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of EEPROM edits on synthetic images, with a fixed seed: whatever is put in comes out again, nothing else
 * changes, refused edits change nothing, and the old content restores the old image. */
#include "formats/eeprom.h"
#include "samples.h"
#include "tap.h"

#include <stdlib.h>

enum { ROUNDS = 400 };

static uint8_t original[EEPROM_SIZE_2712], edited[EEPROM_SIZE_2712], before[EEPROM_SIZE_2712];
static uint8_t content[EEPROM_SIZE_2712];

static const char *const names[] = { "bootconf.txt", "bootconf.sig", "pubkey.bin", "cacert.der",
	                             "bootsys" };

static uint32_t seed = 20240229;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static size_t load_sample(bool ab)
{
	if (ab)
		sample_s2(original, false);
	else
		sample_s1(original);
	size_t size = ab ? SAMPLE_S2_SIZE : SAMPLE_S1_SIZE;
	memcpy(edited, original, size);
	return size;
}

/* Mostly sizes around the limits, where mistakes live. */
static size_t pick_size(size_t room)
{
	switch (next_random() % 4) {
	case 0:
		return next_random() % (room + 64);
	case 1:
		return room + next_random() % 32 - 16 < 2 * room ? room + next_random() % 32 - 16
		                                                 : room;
	case 2:
		return next_random() % 40;
	default:
		return room;
	}
}

static bool chain_sound(uint8_t *bytes, size_t size)
{
	struct eeprom image;
	struct reason why;
	return eeprom_open(&image, bytes, size, &why) == 0;
}

static size_t count_files(const struct eeprom *image)
{
	struct eeprom_section s = { 0 };
	struct reason why;
	size_t n = 0;
	while (eeprom_next(image, &s, &why) > 0)
		n += s.kind != EEPROM_PADDING;
	return n;
}

/* Bytes outside [FROM, TO) are as before. */
static bool rest_unchanged(size_t size, size_t from, size_t to)
{
	return memcmp(before, edited, from) == 0 &&
	       memcmp(before + to, edited + to, size - to) == 0;
}

/* The first section that is not padding behind S; for the last file what limits its slot. */
static size_t slot_end(const struct eeprom *image, const struct eeprom_section *s)
{
	struct eeprom_section next = *s;
	struct reason why;
	while (eeprom_next(image, &next, &why) > 0)
		if (next.kind != EEPROM_PADDING)
			return next.offset;
	return image->size == EEPROM_SIZE_2711 ? 0x7f000 : 0x107000;
}

/* One random edit of the image as it is now. */
static void edit_once(struct eeprom *image)
{
	const char *name = names[next_random() % 5];
	struct eeprom_section s, after;
	struct reason why;
	size_t n, got;
	memcpy(before, edited, image->size);
	if (!eeprom_find(image, name, &s)) {
		CHECK_INT(eeprom_replace(image, name, content, 1, &why), -1);
		return;
	}
	size_t room = eeprom_room(image, &s), end = slot_end(image, &s), files = count_files(image);
	n = pick_size(room);
	sample_pattern(content, n, next_random() | 1, next_random());
	int result = eeprom_replace(image, name, content, n, &why);
	CHECK_INT(result, n <= room ? 0 : -1);
	if (result != 0) {
		CHECK(memcmp(before, edited, image->size) == 0);
		return;
	}
	CHECK(chain_sound(edited, image->size));
	CHECK_INT(count_files(image), files);
	CHECK(rest_unchanged(image->size, s.offset + 4, end));
	CHECK(eeprom_find(image, name, &after) && after.offset == s.offset);
	const uint8_t *back = eeprom_content(image, &after, &got);
	CHECK_INT(got, n);
	CHECK_MEM(back, content, n);
	CHECK_INT(eeprom_room(image, &after), room);
}

/* All files back to their first content. */
static void restore(struct eeprom *image, size_t size)
{
	struct eeprom first = { .bytes = original, .size = size };
	struct reason why;
	for (size_t i = 0; i < 5; i++) {
		struct eeprom_section s;
		size_t n;
		if (!eeprom_find(&first, names[i], &s))
			continue;
		const uint8_t *old = eeprom_content(&first, &s, &n);
		CHECK_INT(eeprom_replace(image, names[i], old, n, &why), 0);
	}
}

static void random_edits(bool ab)
{
	size_t size = load_sample(ab);
	struct eeprom image;
	struct reason why;
	CHECK_INT(eeprom_open(&image, edited, size, &why), 0);
	for (int i = 0; i < ROUNDS && !tap_failed; i++)
		edit_once(&image);
	CHECK(memcmp(original, edited, size) != 0);
	restore(&image, size);
	if (ab) /* bootsys' pad of 0x20c becomes 0x210: the slot ends where it always ended */
		memcpy(edited + 0x11018, original + 0x11018, 8);
	CHECK(memcmp(original, edited, size) == 0);
}

static void random_edits_2711(void)
{
	random_edits(false);
}

static void random_edits_2712(void)
{
	random_edits(true);
}

static void bootcode_limits(void)
{
	struct eeprom image;
	struct eeprom_section first = { 0 };
	struct reason why;
	for (int ab = 0; ab < 2; ab++) {
		size_t size = load_sample(ab);
		CHECK_INT(eeprom_open(&image, edited, size, &why), 0);
		first.valid = false;
		CHECK_INT(eeprom_next(&image, &first, &why), 1);
		size_t room = eeprom_room(&image, &first);
		CHECK_INT(room, ab ? 0x6798 : 0x1fff8);
		memcpy(before, edited, size);
		CHECK_INT(eeprom_replace_bootcode(&image, content, room + 1, &why), -1);
		CHECK(rest_unchanged(size, 0, 0));
		for (size_t less = 0; less < 20; less++) {
			CHECK_INT(eeprom_replace_bootcode(&image, content, room - less, &why), 0);
			CHECK(rest_unchanged(size, 4, 8 + room));
			CHECK(chain_sound(edited, size));
		}
	}
}

/* A file that ends the chain may fill its slot only if the chain ends behind it, too. */
static void last_file(void)
{
	struct eeprom image;
	struct reason why;
	load_sample(false);
	CHECK_INT(eeprom_open(&image, edited, SAMPLE_S1_SIZE, &why), 0);
	struct eeprom_section s;
	CHECK(eeprom_find(&image, "bootconf.txt", &s));
	/* move it to the end: 1536 bytes remain, as in some 2711 images */
	memset(edited + 0x23100, 0xff, 0x40);
	sample_padding(edited, 0x23100, 0x7ea00);
	sample_file(edited, 0x7ea00, "bootconf.txt", "x", 1);
	CHECK(chain_sound(edited, SAMPLE_S1_SIZE));
	CHECK_INT(eeprom_replace(&image, "bootconf.txt", content, 1512, &why), 0);
	CHECK_INT(eeprom_replace(&image, "bootconf.txt", content, 1513, &why), -1);
	CHECK_STR(why.text, "No space available. bootconf.txt size 1537 available space 1536");
	memcpy(edited + 0x7f000, "scratch", 7);
	CHECK_INT(eeprom_replace(&image, "bootconf.txt", content, 1504, &why), 0);
	CHECK_INT(eeprom_replace(&image, "bootconf.txt", content, 1512, &why), -1);
	CHECK(chain_sound(edited, SAMPLE_S1_SIZE));
}

static void update_times(void)
{
	static const uint8_t value[] = { 0xff, 0x0e, 0xac, 0x9a, 0x00, 0xf1, 0x53, 0x65 };
	struct eeprom image;
	struct reason why;
	size_t size = load_sample(false);
	memcpy(before, edited, size);
	CHECK_INT(eeprom_open(&image, edited, size, &why), 0);
	CHECK_INT(eeprom_set_time(&image, 1700000000, &why), 0);
	CHECK_MEM(edited + size - 8, value, 8);
	CHECK(rest_unchanged(size, size - 8, size));

	/* the chain must not come to lead into the value */
	sample_put_be32(edited + 0x23104, 0x7fff8 - 0x23108);
	memset(edited + 0x7fff8, 0xff, 8);
	CHECK_INT(eeprom_set_time(&image, 1700000000, &why), -1);
	sample_put_be32(edited + 0x23104, 0x7fff0 - 0x23108);
	CHECK_INT(eeprom_set_time(&image, 1700000000, &why), 0);
	CHECK(chain_sound(edited, size));

	size = load_sample(true);
	CHECK_INT(eeprom_open(&image, edited, size, &why), 0);
	CHECK_INT(eeprom_set_time(&image, 1700000000, &why), 0);
	CHECK_MEM(edited + 0x67a0 + 24, value, 8);
	CHECK_MEM(edited + 0x12000 + 24, value, 8);
	CHECK(memcmp(edited + size - 8, value, 8) != 0);
	/* one without room for the value */
	sample_put_be32(edited + 0x12004, 16 + 7);
	CHECK_INT(eeprom_set_time(&image, 1, &why), -1);
	CHECK_MEM(edited + 0x67a0 + 24, value, 8);
}

/* Every byte of every header changed in turn: an error or a walk that ends, never more. */
static void damage_header(struct eeprom *image, size_t at)
{
	struct reason why;
	for (size_t i = at; i < at + 24; i++) {
		uint8_t old = edited[i];
		edited[i] ^= (uint8_t)(1 + next_random() % 255);
		if (eeprom_open(image, edited, image->size, &why) == 0) {
			eeprom_replace(image, "bootconf.txt", content, 100, &why);
			CHECK(chain_sound(edited, image->size));
			memcpy(edited, original, image->size);
		}
		edited[i] = old;
	}
}

static void damaged_chains(void)
{
	struct eeprom image, damaged;
	struct eeprom_section s = { 0 };
	struct reason why;
	size_t size = load_sample(true);
	sample_s2(before, false);
	CHECK_INT(eeprom_open(&image, before, size, &why), 0);
	damaged = (struct eeprom){ .bytes = edited, .size = size };
	while (eeprom_next(&image, &s, &why) > 0)
		damage_header(&damaged, s.offset);
	CHECK(memcmp(edited, original, size) == 0);
	CHECK_INT(eeprom_open(&image, edited, size - 1, &why), -1);
	CHECK_INT(eeprom_open(&image, edited, 0, &why), -1);
}

static void text_markers(void)
{
	struct eeprom image;
	struct reason why;
	uint32_t seconds = 0;
	char version[EEPROM_VERSION + 1];
	size_t size = load_sample(true);
	CHECK_INT(eeprom_open(&image, edited, size, &why), 0);
	CHECK(!eeprom_build_time(&image, &seconds));
	CHECK(!eeprom_version(&image, version));
	memcpy(edited + 0x11300, "BUILD_TIMESTAMP=x BUILD_TIMESTAMP=1700000000", 45);
	CHECK(eeprom_build_time(&image, &seconds));
	CHECK_INT(seconds, 1700000000);
	memcpy(edited + 0x11400, "VERSION:0123456 VERSION:0a1b2c3d", 33);
	CHECK(eeprom_version(&image, version));
	CHECK_STR(version, "0a1b2c3d");
	/* at the very end of the image, and too large a number */
	memset(edited + 0x11300, 0, 64);
	memcpy(edited + size - 17, "BUILD_TIMESTAMP=7", 17);
	CHECK(eeprom_build_time(&image, &seconds));
	CHECK_INT(seconds, 7);
	memcpy(edited + size - 27, "BUILD_TIMESTAMP=99999999999", 27);
	CHECK(!eeprom_build_time(&image, &seconds));
	memcpy(edited + size - 16, "BUILD_TIMESTAMP=", 16);
	CHECK(!eeprom_build_time(&image, &seconds));
}

int main(void)
{
	RUN(random_edits_2711);
	RUN(random_edits_2712);
	RUN(bootcode_limits);
	RUN(last_file);
	RUN(update_times);
	RUN(damaged_chains);
	RUN(text_markers);
	return tap_end();
}
