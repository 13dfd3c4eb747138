/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/wire.h"
#include "base/bytes.h"
#include "tap.h"

static uint8_t message[WIRE_REQUEST];
static struct wire_request request;

static enum wire_result decode(uint32_t command, const char *name, size_t n)
{
	memset(message, 0, sizeof message);
	put_le32(message, command);
	memcpy(message + 4, name, n);
	return wire_request(message, sizeof message, &request);
}

static void little_endian(void)
{
	uint8_t b[4];
	put_le32(b, 0x0102fefd);
	CHECK_MEM(b, "\xfd\xfe\x02\x01", 4);
	CHECK_INT(get_le32(b), 0x0102fefd);
	CHECK_INT(wire_low(105984), 0x9e00);
	CHECK_INT(wire_high(105984), 1);
	CHECK_INT(wire_low(536536), 0x2fd8);
	CHECK_INT(wire_high(536536), 8);
}

static void boot_message(void)
{
	uint8_t b[WIRE_BOOT_MESSAGE], zeros[WIRE_SIGNATURE] = { 0 }, signature[WIRE_SIGNATURE];
	wire_boot_message(b, 100, NULL);
	CHECK_MEM(b, "\x64\0\0\0", 4);
	CHECK_MEM(b + 4, zeros, WIRE_SIGNATURE);
	memset(signature, 0xa5, sizeof signature);
	wire_boot_message(b, 52624, signature);
	CHECK_MEM(b, "\x90\xcd\0\0", 4);
	CHECK_MEM(b + 4, signature, WIRE_SIGNATURE);
}

static void requests(void)
{
	CHECK_INT(decode(0, "config.txt", 10), WIRE_OK);
	CHECK_INT(request.command, WIRE_GET_FILE_SIZE);
	CHECK_STR(request.name, "config.txt");
	CHECK_INT(decode(1, "a/b", 3), WIRE_OK);
	CHECK_INT(request.command, WIRE_READ_FILE);
	CHECK_INT(decode(2, "x", 1), WIRE_OK);
	CHECK_INT(request.command, WIRE_DONE);
	CHECK_INT(decode(0, "*K*V", 4), WIRE_OK);
	CHECK_INT(decode(0, "a\0b", 3), WIRE_OK);
	CHECK_STR(request.name, "a");
}

static void bad_requests(void)
{
	CHECK_INT(decode(3, "x", 1), WIRE_UNKNOWN_COMMAND);
	CHECK_INT(decode(0xffffffff, "x", 1), WIRE_UNKNOWN_COMMAND);
	CHECK_INT(decode(0x00000100, "x", 1), WIRE_UNKNOWN_COMMAND);
	CHECK_INT(decode(0, "a\nb", 3), WIRE_BAD_NAME);
	CHECK_INT(decode(0, "\x7f", 1), WIRE_BAD_NAME);
	CHECK_INT(decode(0, "\x80", 1), WIRE_BAD_NAME);
	CHECK_INT(decode(0, "gr\xc3\xbc\xdf", 5), WIRE_BAD_NAME);
	CHECK_INT(decode(0, "\x1b[2J", 4), WIRE_BAD_NAME);
	CHECK_INT(decode(0, "*KEY*\x1b[2J", 9), WIRE_BAD_NAME);
	/* metadata are not file names: their values may be any text */
	CHECK_INT(decode(0,
	                 "*KEY*\xc2\x9b"
	                 "2Jvalue",
	                 14),
	          WIRE_OK);
	decode(0, "x", 1);
	for (size_t n = 0; n < WIRE_REQUEST; n++)
		CHECK_INT(wire_request(message, n, &request), WIRE_WRONG_LENGTH);
}

static void empty_names(void)
{
	for (uint32_t command = 0; command < 3; command++)
		CHECK_INT(decode(command, "", 0), WIRE_EMPTY_NAME);
	CHECK_INT(decode(3, "", 0), WIRE_UNKNOWN_COMMAND);
	CHECK_INT(decode(0xffffffff, "", 0), WIRE_UNKNOWN_COMMAND);
}

static void name_without_end(void)
{
	char name[WIRE_NAME];
	memset(name, 'n', sizeof name);
	CHECK_INT(decode(1, name, sizeof name), WIRE_OK);
	CHECK_INT(strlen(request.name), 255);
}

int main(void)
{
	RUN(little_endian);
	RUN(boot_message);
	RUN(requests);
	RUN(bad_requests);
	RUN(empty_names);
	RUN(name_without_end);
	return tap_end();
}
