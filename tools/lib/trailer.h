/* SPDX-License-Identifier: Apache-2.0 */
/* The trailers of signed second stages: what is signed, where the fields lie, taking them apart (signing specification,
 * section 2). Knows no files and no options; signatures are made elsewhere.
 *	2712, 532 bytes: length, key number, version (each 32 bits, little-endian), signature, raw public key
 *	2711, 284 bytes: length, key number, signature, HMAC-SHA1 of all before it
 * `length` is the size of the image before the trailer; signed are image and integers. */
#ifndef TRAILER_H
#define TRAILER_H

#include "rsakey.h"
#include "tool.h"

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
	size_t offset; /* where it starts */
	int32_t length, keynum, version;
	const uint8_t *signature; /* RSAKEY_SIGNATURE bytes, inside the image */
	const uint8_t *raw;       /* 2712: the public key, RSAKEY_RAW bytes inside the image */
	const uint8_t *hmac;      /* 2711: TRAILER_HMAC bytes inside the image */
};

size_t trailer_size(enum trailer_chip chip);

/* Starts a signed image: N bytes of INPUT and the integers, i.e. what is to be signed. VERSION is not in a 2711 trailer.
 * Returns 0 and the bytes (free with tool_bytes_free), or -1 if the result would be larger than TRAILER_LIMIT. */
int trailer_begin(enum trailer_chip chip, const uint8_t *input, size_t n, int keynum, int version,
                  struct bytes *image, struct reason *why);

/* Appends the rest: the signature and the key, or the signature and the HMAC made with KEY. */
void trailer_finish_2712(struct bytes *image, const uint8_t signature[RSAKEY_SIGNATURE],
                         const uint8_t raw[RSAKEY_RAW]);
void trailer_finish_2711(struct bytes *image, const uint8_t signature[RSAKEY_SIGNATURE],
                         const uint8_t key[TRAILER_HMAC]);

/* Reads the fields where a trailer at the end of N bytes would be. Returns 0, or -1 if N is too short. */
int trailer_read(enum trailer_chip chip, const uint8_t *bytes, size_t n, struct trailer *t);

/* Whether the fields look like a trailer's: possible key number and version, 2712: a sound key too. An unsigned image
 * passes this by accident only. */
bool trailer_plausible(const struct trailer *t);

/* Checks the length and the signature: of a 2712 trailer with KEY or, if NULL, with the key it carries; of a 2711
 * trailer with KEY, SHA-1 or SHA-256. BYTES is what trailer_read got. Returns 0 or -1. */
int trailer_check(const struct trailer *t, const uint8_t *bytes, const struct rsakey *key,
                  struct reason *why);

/* Whether the HMAC of a 2711 trailer was made with KEY. */
bool trailer_check_hmac(const struct trailer *t, const uint8_t *bytes,
                        const uint8_t key[TRAILER_HMAC]);

#endif
