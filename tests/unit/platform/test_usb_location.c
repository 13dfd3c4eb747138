/* SPDX-License-Identifier: Apache-2.0 */
/* Locations and USB paths. The example 0x14320000 = 20-3.2 is libusb's own numbering on macOS. */
#include "platform/usb_location.h"
#include "tap.h"

static const struct {
	const char *path;
	uint32_t location;
	unsigned port;
} pairs[] = {
	{ "20-3.2", 0x14320000, 2 },  { "0-1", 0x00100000, 1 },
	{ "1", 0x01000000, 0 },       { "255-15.15.15.15.15.15", 0xffffffff, 15 },
	{ "2-1.4.3", 0x02143000, 3 },
};

static void both_ways(void)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		uint32_t location = 0;
		char path[USB_PATH_SIZE];
		CHECK(usb_location_of(pairs[i].path, &location));
		CHECK_INT(location, pairs[i].location);
		CHECK_INT(usb_location_path(pairs[i].location, path), pairs[i].port);
		CHECK_STR(path, pairs[i].path);
	}
}

static void no_paths(void)
{
	static const char *const bad[] = {
		"",     "-1",   "1-",           "1-16", "256-1",           "1-0",
		"1-1.", "1.1",  "1-1-1",        "1-1x", "1-1.1.1.1.1.1.1", "x",
		"1-1 ", " 1-1", "1-99999999999"
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint32_t location;
		if (usb_location_of(bad[i], &location))
			TAP_FAIL("\"%s\" was accepted", bad[i]);
	}
}

int main(void)
{
	RUN(both_ways);
	RUN(no_paths);
	return tap_end();
}
