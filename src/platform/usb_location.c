/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/usb_location.h"

#include <stdio.h>

#define PORTS 6 /* hexadecimal digits below the bus */

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
