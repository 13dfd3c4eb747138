/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file request: what is accepted is bounded, terminated and printable; lengths survive their two halves. */
#include "formats/wire.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_request(const uint8_t *data, size_t size)
{
	struct wire_request request;
	memset(&request, 0xa5, sizeof request);
	enum wire_result result = wire_request(data, size, &request);
	require((result == WIRE_WRONG_LENGTH) == (size != WIRE_REQUEST));
	if (result == WIRE_OK || result == WIRE_EMPTY_NAME) {
		size_t n = strnlen(request.name, sizeof request.name);
		require(n < sizeof request.name && (n == 0) == (result == WIRE_EMPTY_NAME));
		require(memcmp(request.name, data + 4, n) == 0);
	}
	if (result == WIRE_OK) {
		require(*wire_command_name(request.command));
		for (const char *c = request.name; *c; c++)
			require((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
}

static void check_lengths(const uint8_t *data)
{
	uint8_t message[WIRE_BOOT_MESSAGE], none[WIRE_SIGNATURE] = { 0 }, back[4];
	uint32_t length = get_le32(data);
	put_le32(back, length);
	require(memcmp(back, data, 4) == 0);
	require(((uint32_t)wire_high(length) << 16 | wire_low(length)) == length);
	wire_boot_message(message, length, data + 4);
	require(memcmp(message, data, WIRE_BOOT_MESSAGE) == 0);
	wire_boot_message(message, length, NULL);
	require(get_le32(message) == length && memcmp(message + 4, none, sizeof none) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a field of its own, so that a read behind it is seen; short inputs also as the begin of a whole request */
	uint8_t *exact = malloc(size ? size : 1), whole[WIRE_REQUEST] = { 0 };
	if (!exact)
		return 0;
	memcpy(exact, data, size);
	check_request(exact, size);
	if (size >= WIRE_BOOT_MESSAGE)
		check_lengths(exact);
	free(exact);
	memcpy(whole, data, size < sizeof whole ? size : sizeof whole);
	check_request(whole, sizeof whole);
	return 0;
}
