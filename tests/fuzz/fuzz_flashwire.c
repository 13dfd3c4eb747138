/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as messages of direct flashing, read by the board and by the host: what is accepted lies within the limits, and
 * encoding it again gives the same bytes. */
#include "formats/flashwire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_text(const char *text, size_t size)
{
	size_t n = strnlen(text, size);
	require(n < size);
	for (size_t i = 0; i < n; i++)
		require(text[i] >= ' ' && text[i] <= '~');
}

static void check_info(const uint8_t *data, size_t size)
{
	static struct flashwire_info info;
	static uint8_t again[FLASHWIRE_INFO_MAX];
	if (!flashwire_get_info(data, size, &info))
		return;
	require(info.count <= FLASHWIRE_DISKS);
	check_text(info.serial, sizeof info.serial);
	check_text(info.model, sizeof info.model);
	for (size_t i = 0; i < info.count; i++) {
		const struct flashwire_disk *d = &info.disks[i];
		require(flashwire_is_name(d->name) && !strchr(d->name, '/'));
		check_text(d->model, sizeof d->model);
		require(d->size && d->size % d->sector == 0 && FLASHWIRE_ALIGN % d->sector == 0);
		require(d->size + FLASHWIRE_RANGE < INT64_MAX);
		/* read as "other" if unknown */
		info.disks[i].kind = (enum flashwire_kind)data[120 + 96 * i + 32];
	}
	require(flashwire_put_info(again, &info) == size && memcmp(again, data, size) == 0);
}

static void check_error(const uint8_t *data, size_t size)
{
	struct flashwire_error error;
	uint8_t again[FLASHWIRE_ERROR_MAX];
	if (!flashwire_get_error(data, size, &error))
		return;
	check_text(error.text, sizeof error.text);
	require(error.code > 0 && error.code <= FLASHWIRE_LAST_CODE);
	require(flashwire_put_error(again, &error) == size);
	require(memcmp(again + 4, data + 4, size - 4) == 0);
}

static void check_rest(const uint8_t *data, size_t size)
{
	struct flashwire_versions versions;
	char name[FLASHWIRE_NAME];
	uint8_t again[FLASHWIRE_NAME];
	if (flashwire_get_hello(data, size, &versions)) {
		require(versions.lowest && versions.lowest <= versions.highest);
		flashwire_put_hello(again, &versions);
		require(memcmp(again, data, FLASHWIRE_HELLO_MIN) == 0);
	}
	if (flashwire_get_begin(data, size, &versions)) {
		flashwire_put_begin(again, &versions);
		require(memcmp(again, data, FLASHWIRE_BEGIN_SIZE) == 0);
	}
	if (flashwire_get_open(data, size, name)) {
		require(flashwire_is_name(name));
		flashwire_put_open(again, name);
		require(memcmp(again, data, FLASHWIRE_NAME) == 0);
	}
}

/* Returns how many bytes of payload follow. */
static uint32_t check_header(const uint8_t *data, bool board)
{
	struct flashwire m;
	uint8_t again[FLASHWIRE_HEADER];
	enum flashwire_result result = board ? flashwire_reply(data, &m)
	                                     : flashwire_request(data, &m);
	if (result == FLASHWIRE_NO_MESSAGE || result == FLASHWIRE_TOO_LONG)
		return 0;
	require(m.payload <= FLASHWIRE_PAYLOAD_MAX);
	if (result != FLASHWIRE_OK)
		return m.payload;
	require(m.length <= FLASHWIRE_RANGE && (m.type >= FLASHWIRE_INFO) == board);
	if (m.length)
		require(m.offset % FLASHWIRE_ALIGN == 0 && m.offset + m.length < INT64_MAX);
	require(*flashwire_type_name(m.type) != '?');
	if (m.version) {
		flashwire_put(again, &m);
		require(memcmp(again, data, sizeof again) == 0);
	}
	return m.payload;
}

static void check_stream(const uint8_t *data, size_t size, bool board)
{
	while (size >= FLASHWIRE_HEADER) {
		size_t n = check_header(data, board);
		data += FLASHWIRE_HEADER;
		size -= FLASHWIRE_HEADER;
		if (n > size)
			n = size;
		check_info(data, n);
		check_error(data, n);
		check_rest(data, n);
		data += n;
		size -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a field of its own, so that a read behind it is seen */
	uint8_t *exact = calloc(1, size ? size : 1);
	if (!exact)
		return 0;
	memcpy(exact, data, size);
	check_stream(exact, size, false);
	check_stream(exact, size, true);
	check_info(exact, size);
	check_error(exact, size);
	check_rest(exact, size);
	free(exact);
	return 0;
}
