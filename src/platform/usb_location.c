/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/usb_location.h"

#include <stdio.h>
#include <string.h>

#define PORTS 6 /* hexadecimal digits below the bus */

/* A decimal number of at most MAX at *TEXT, which is moved behind it. */
static bool usb_location_number(const char **text, unsigned max, uint32_t *out)
{
	unsigned value = 0;
	const char *start = *text;
	for (; **text >= '0' && **text <= '9' && value <= max; ++*text)
		value = value * 10 + (unsigned)(**text - '0');
	*out = value;
	return *text > start && value <= max;
}

bool usb_location_of(const char *path, uint32_t *location)
{
	uint32_t number;
	if (!usb_location_number(&path, 255, &number))
		return false;
	*location = number << 24;
	for (unsigned i = 0; *path; i++) {
		if (*path != (i == 0 ? '-' : '.') || i == PORTS)
			return false;
		path++;
		if (!usb_location_number(&path, 15, &number) || number == 0)
			return false;
		*location |= number << (20 - 4 * i);
	}
	return true;
}

uint8_t usb_location_path(uint32_t location, char out[USB_PATH_SIZE])
{
	unsigned port = 0;
	size_t n = (size_t)snprintf(out, USB_PATH_SIZE, "%u", (unsigned)(location >> 24));
	for (unsigned i = 0; i < PORTS && (location >> (20 - 4 * i) & 15) != 0; i++) {
		port = location >> (20 - 4 * i) & 15;
		n += (size_t)snprintf(out + n, USB_PATH_SIZE - n, "%c%u", i == 0 ? '-' : '.', port);
	}
	return (uint8_t)port;
}
