/* SPDX-License-Identifier: Apache-2.0 */
/* The trailers of signed second stages: where their fields are. Signatures are made and checked by tools/lib/trailersig.
 *	BCM2712, 532 bytes: length, key number, version (each 32 bits, little-endian), signature, raw public key
 *	BCM2711, 284 bytes: length, key number, signature, HMAC-SHA1 of everything before it
 * `length` is the size of the program before the trailer; program and integers are signed. Facts: docs/formats.md. */
#ifndef TRAILER_H
#define TRAILER_H

#include "formats/rawkey.h"

#include <stddef.h>

#define TRAILER_2711     284u
#define TRAILER_2712     532u
#define TRAILER_LIMIT    112640u /* the largest signed second stage, 110 KiB */
#define TRAILER_CUSTOMER 16      /* the customer's key number; 0 to 4 are Raspberry Pi's */
#define TRAILER_KEY_RPI  4       /* the last of those */
#define TRAILER_VERSION  32      /* the highest version */
#define TRAILER_HMAC     20u

enum trailer_chip { TRAILER_CHIP_2711 = 2711, TRAILER_CHIP_2712 = 2712 };

struct trailer {
	enum trailer_chip chip;
	size_t offset; /* where it begins: the program has that many bytes */
	int32_t length, keynum, version;
	const uint8_t *signature; /* RAWKEY_SIGNATURE bytes, inside the image */
	const uint8_t *raw;       /* BCM2712: the public key, RAWKEY_SIZE bytes inside the image */
	const uint8_t *hmac;      /* BCM2711: TRAILER_HMAC bytes inside the image */
};

size_t trailer_size(enum trailer_chip chip);

/* The part of it that is signed together with the program. */
size_t trailer_integers_size(enum trailer_chip chip);

/* Writes those integers for a program of N bytes. VERSION is not in a BCM2711 trailer. */
void trailer_put_integers(enum trailer_chip chip, size_t n, int keynum, int version, uint8_t *to);

/* Reads the fields where a trailer at the end of N bytes would be. Returns 0, or -1 if N is too short. The pointers in T
 * point into BYTES. */
int trailer_read(enum trailer_chip chip, const uint8_t *bytes, size_t n, struct trailer *t);

/* Whether the fields look like those of a trailer: possible key number and version, BCM2712: a sound key too. An
 * unsigned image passes this by accident only. */
bool trailer_plausible(const struct trailer *t);

/* Whether N bytes end with a trailer: plausible, and its length is right. T is defined if so. Call it again with
 * t->offset as N for the trailer before it. */
bool trailer_find(enum trailer_chip chip, const uint8_t *bytes, size_t n, struct trailer *t);

#endif
