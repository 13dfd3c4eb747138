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

static void paths_of_locations(void)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char path[USB_PATH_SIZE];
		CHECK_INT(usb_location_path(pairs[i].location, path), pairs[i].port);
		CHECK_STR(path, pairs[i].path);
	}
}

int main(void)
{
	RUN(paths_of_locations);
	return tap_end();
}
