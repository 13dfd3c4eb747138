/* SPDX-License-Identifier: Apache-2.0 */
/* Any EEPROM image: the walk and every edit stay inside, a refused edit changes nothing, an accepted one leaves a
 * sound chain. An input is a base image, an edit and patches of that image, so that small inputs reach all code. */
#include "formats/eeprom.h"
#include "samples.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "bootconf.txt", "bootconf.sig", "bootsys", "cacert.der" };

static uint8_t bytes[EEPROM_SIZE_2712], before[EEPROM_SIZE_2712], content[EEPROM_SIZE_2712];

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Which base: 2711, 2712 or nothing but erased bytes. Returns the size. */
static size_t lay_base(unsigned which)
{
	static uint8_t s1[SAMPLE_S1_SIZE], s2[SAMPLE_S2_SIZE];
	if (!s1[1]) {
		sample_s1(s1);
		sample_s2(s2, false);
	}
	size_t size = which == 1 ? sizeof s2 : sizeof s1;
	if (which > 1)
		memset(bytes, 0xff, size);
	else
		memcpy(bytes, which == 1 ? s2 : s1, size);
	return size;
}

/* Each patch: three bytes of offset, one of length (1 to 32), the bytes. */
static void patch(size_t total, const uint8_t *data, size_t size)
{
	while (size > 4) {
		size_t at = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % total;
		size_t n = data[3] % 32u + 1;
		data += 4;
		size -= 4;
		n = n < size ? n : size;
		n = n < total - at ? n : total - at;
		memcpy(bytes + at, data, n);
		data += n;
		size -= n;
	}
}

static void walk(const struct eeprom *image)
{
	struct eeprom_section s = { 0 };
	struct reason why;
	size_t end = 0;
	while (eeprom_next(image, &s, &why) > 0) {
		size_t n;
		const uint8_t *inside = eeprom_content(image, &s, &n);
		require(s.offset >= end && inside + n <= image->bytes + image->size);
		require(eeprom_room(image, &s) < image->size);
		end = s.offset + 8 + s.length;
	}
}

static void edit(struct eeprom *image, unsigned what, size_t n)
{
	struct reason why = { 0 };
	struct eeprom after;
	int result = -1;
	memcpy(before, bytes, image->size);
	if (what < 4)
		result = eeprom_replace(image, names[what], content, n, &why);
	else if (what < 6)
		result = eeprom_replace_bootcode(image, content, n, &why);
	else
		result = eeprom_set_time(image, (uint32_t)n, &why);
	if (result != 0)
		require(*why.text && memcmp(before, bytes, image->size) == 0);
	require(eeprom_open(&after, bytes, image->size, &why) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eeprom image;
	struct reason why;
	if (size < 4)
		return 0;
	size_t total = lay_base(data[0] & 3);
	patch(total, data + 4, size - 4);
	if (eeprom_open(&image, bytes, total, &why) != 0)
		return 0;
	walk(&image);
	edit(&image, data[1] & 7, (size_t)data[2] << 8 | data[3]);
	return 0;
}
