/* SPDX-License-Identifier: Apache-2.0 */
/* Arrivals and departures that the system shows and the USB library has not reported: late by milliseconds, or never (a
 * container without the host's events). The same one at two looks in a row was not reported.
 *
 * At each look: unreported_begin(), unreported_note() for each, then read ANY and LASTING. All zeros is the state before
 * the first look, and after the bus was read again. */
#ifndef UNREPORTED_H
#define UNREPORTED_H

#include "platform/usb.h"

#include <stdbool.h>
#include <stdint.h>

struct unreported {
	bool any;     /* there is one at this look */
	bool lasting; /* and it was there at the look before */

	struct unreported_change {
		bool set, left;
		uint8_t address;
		char path[USB_PATH_SIZE];
	} before, first; /* the first of each look */
};

void unreported_begin(struct unreported *u);

/* LEFT: a departure, else an arrival. */
void unreported_note(struct unreported *u, const struct usb_device_info *info, bool left);

#endif
