/* SPDX-License-Identifier: Apache-2.0 */
/* The bus as an attacker would have it: a twin of usb_libusb.c that answers every call from the bytes of a script - any
 * status, length, bytes and delay, arrivals and departures with any descriptor at any time, devices that say they left and
 * stay. Runs on the simulator's clock (tests/sim/plat_sim.c). It watches the host: what was announced must be known,
 * and the bytes offered must be those, in order, never more. Anything else ends the program with abort.
 *
 * A script: byte 0, which of the flags below; byte 1, its lower five bits, the number of bus steps, of 4 bytes each: what,
 * port, when, as whom; the rest answers calls. When that is used up, calls are answered by silence, or from its begin again (HOSTILE_LOOPS). */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HOSTILE_LOOPS = 1,     /* answers begin again, up to HOSTILE_SOME or HOSTILE_CALLS */
	HOSTILE_POLLS = 2,     /* the system tells of arrivals only when asked */
	HOSTILE_INTERRUPT = 4, /* Ctrl-C at the end of the bus steps, not when all is quiet */
	HOSTILE_FLAGS = 8,     /* further bits are the caller's */
};

#define HOSTILE_SOME 500

/* If the upper three bits of byte 1 are set, as it takes long: more than the 20,000 requests after which a host gives up. */
#define HOSTILE_CALLS 60000

/* What a host may announce: a length and the bytes that must follow it. BYTES NULL: the boot message, a length and a
 * signature. */
struct hostile_file {
	size_t size;
	const uint8_t *bytes;
};

struct hostile_script {
	const uint8_t *bytes;
	size_t size;
	const struct hostile_file *files;
	size_t file_count;
	const char *const *names; /* what it asks for besides its own inventions */
	size_t name_count;
};

/* The script of the next usb_start; borrowed. */
void hostile_play(const struct hostile_script *script);

/* Handles opened and not closed. */
unsigned hostile_open_handles(void);

#endif
