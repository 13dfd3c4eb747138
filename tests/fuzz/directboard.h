/* SPDX-License-Identifier: Apache-2.0 */
/* The program for direct flashing as an attacker would have it: a replacement for usb_libusb.c with one device, whose board answers
 * each message from the bytes of a script: as it should (docs/flash-protocol.md), with a byte changed, with an ERROR, with any
 * bytes, in parts, or not at all; transfers fail, and Ctrl-C comes at any time. Runs on the simulator's clock
 * (tests/sim/plat_sim.c), from one thread. It watches the host: only whole messages that the protocol allows, in order, within
 * the board's window, of bytes that belong on the disk, the first MiB after the digests of the rest. Anything else ends the program
 * with abort.
 *
 *	directboard_play(bytes, size, flags, spool);
 *	usb_open(...), direct_begin(...), ...		// the host
 */
#ifndef DIRECTBOARD_H
#define DIRECTBOARD_H

#include "flash/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIRECTBOARD_DISK ((3u << 20) + 20480) /* bytes of the disk, if the board does not lie */

enum {
	DIRECTBOARD_SILENT = 1, /* when the script is used up: silence; otherwise right answers */
	DIRECTBOARD_REFUSES =
		2, /* the script also answers the request that begins a session, and transfers to the board */
};

/* The script of the next session; borrowed. SPOOL: what is written, NULL: nothing is. VERIFIES: digests come first. */
void directboard_play(const uint8_t *bytes, size_t size, unsigned flags, const struct spool *spool,
                      bool verifies);

/* The device of a session; usb_close() frees it. */
struct usb_handle *directboard_open(void);

/* Set by Ctrl-C. */
extern bool directboard_interrupted;

/* Whether the board has done nothing but what it should. */
bool directboard_is_honest(void);

/* Handles opened and not closed. */
unsigned directboard_open_handles(void);

#endif
