/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and checks the signatures in the trailers of second stages (formats/trailer). Knows no files and no options. */
#ifndef TRAILERSIG_H
#define TRAILERSIG_H

#include "formats/trailer.h"
#include "rsakey.h"
#include "tool.h"

/* Starts a signed image: N bytes of INPUT and the integers, that is, what is to be signed. Returns 0 and the bytes (free
 * with tool_bytes_free), or -1 if the result would be larger than TRAILER_LIMIT. */
int trailersig_begin(enum trailer_chip chip, const uint8_t *input, size_t n, int keynum,
                     int version, struct bytes *image, struct reason *why);

/* Appends the rest: the signature and the key, or the signature and the HMAC made with KEY. */
void trailersig_finish_2712(struct bytes *image, const uint8_t signature[RAWKEY_SIGNATURE],
                            const uint8_t raw[RAWKEY_SIZE]);
void trailersig_finish_2711(struct bytes *image, const uint8_t signature[RAWKEY_SIGNATURE],
                            const uint8_t key[TRAILER_HMAC]);

/* Checks the length and the signature: of a BCM2712 trailer with KEY or, if NULL, with the key it carries; of a BCM2711
 * trailer with KEY, SHA-1 or SHA-256. BYTES is what trailer_read got. Returns 0 or -1. */
int trailersig_check(const struct trailer *t, const uint8_t *bytes, const struct rsakey *key,
                     struct reason *why);

/* The length alone, which needs no key. Returns 0 or -1. */
int trailersig_check_length(const struct trailer *t, struct reason *why);

/* Whether the HMAC of a BCM2711 trailer was made with KEY. */
bool trailersig_check_hmac(const struct trailer *t, const uint8_t *bytes,
                           const uint8_t key[TRAILER_HMAC]);

#endif
