/* SPDX-License-Identifier: Apache-2.0 */
/* The serial numbers of boards. A serial is a string of 8 or 16 hexadecimal digits; the boot ROM reports 16 digits (or
 * none), the file server of BCM2711 and BCM2712 the last 8 of them. Anything else is no serial: every BCM2835 and BCM2837
 * file server reports "Broadcom". */
#ifndef SERIAL_H
#define SERIAL_H

#include <stdbool.h>

#define SERIAL_SIZE 17 /* the longest, terminated */

/* Whether TEXT is the serial of a board. */
bool serial_is_valid(const char *text);

/* Whether A and B are the serials of one board: both valid, the last 8 digits equal, and all 16 where both have them. */
bool serial_same(const char *a, const char *b);

#endif
