/* SPDX-License-Identifier: Apache-2.0 */
/* macOS identifies a USB port by a 32 bit location: the bus in the highest byte, then one hexadecimal digit for each port
 * on the way to the device. libusb forms its bus and port numbers from the same digits, so that location and USB path
 * translate into each other: 0x14320000 is "20-3.2". Source: libusb's darwin backend reports bus = location >> 24 and
 * the digits as ports. */
#ifndef USB_LOCATION_H
#define USB_LOCATION_H

#include "platform/usb.h"

#include <stdint.h>

/* "20-3.2"; a location without ports (a root hub) gives the bus alone. Returns the last port number, 0 without one. */
uint8_t usb_location_path(uint32_t location, char out[USB_PATH_SIZE]);

#endif
