/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the beginning of an image, as a frame of the spool, and as what a disk says it is called. The first byte
 * chooses the size that the frame is said to become. */
#include "flash/frame.h"
#include "flash/image.h"
#include "flash/target.h"
#include "platform/plat.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM ((size_t)1 << 16)

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_head(const uint8_t *data, size_t size)
{
	enum image_format format = image_identify(data, size);
	const char *advice = image_advice(data, size);
	require(format < IMAGE_FORMATS && *image_format_name(format));
	require((image_decoder(format) != NULL) == (format > IMAGE_RAW));
	require(format != IMAGE_RAW || size >= IMAGE_SECTOR);
	require(!advice || *advice);
}

static void check_frame(const uint8_t *data, size_t size, size_t claimed)
{
	static struct frame_packer *packer;
	static struct frame_unpacker *unpacker;
	if (!packer)
		packer = frame_packer_new();
	if (!unpacker)
		unpacker = frame_unpacker_new();
	require(packer && unpacker);
	uint8_t *to = malloc(claimed + 1);
	require(to != NULL);
	to[claimed] = 0xa5;
	(void)frame_unpack(unpacker, to, claimed, data, size);
	require(to[claimed] == 0xa5); /* stays in its room */
	free(to);

	size_t room = frame_bound(size);
	uint8_t *packed = malloc(room), *back = malloc(size + 1);
	require(packed && back);
	size_t n = frame_pack(packer, packed, room, data, size);
	require(n > 0 && n <= room);
	require(frame_unpack(unpacker, back, size, packed, n) && memcmp(back, data, size) == 0);
	require(!frame_unpack(unpacker, back, size + 1, packed,
	                      n)); /* not the size that was said */
	require(size == 0 || !frame_unpack(unpacker, back, size - 1, packed, n));
	require(!frame_unpack(unpacker, back, size, packed, n - 1));
	free(packed);
	free(back);
}

static void check_names(const uint8_t *data, size_t size)
{
	char vendor[300], model[300], name[TARGET_NAME], list[100];
	size_t n = size < 299 ? size : 299, half = n / 2;
	memcpy(vendor, data, half);
	vendor[half] = 0;
	memcpy(model, data + half, n - half);
	model[n - half] = 0;
	target_name(vendor, model, name);
	require(memchr(name, 0, sizeof name) != NULL);
	require(!*name || target_kind(name) != TARGET_UNKNOWN);
	require(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(name));
	struct target_disk disks[] = { { .node = "/dev/sda", .size = size }, { .size = 1 } };
	memcpy(disks[0].name, name, sizeof name);
	size_t index = 2;
	enum err err = target_choose(disks, 2, model, &index);
	require(err || index < 2);
	target_list(disks, 2, list, sizeof list);
	require(memchr(list, 0, sizeof list) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	check_head(data + 1, size - 1);
	check_frame(data + 1, size - 1, data[0] * (ROOM / 256));
	check_names(data + 1, size - 1);
	return 0;
}
