/* SPDX-License-Identifier: Apache-2.0 */
#include "trailersig.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

int trailersig_begin(enum trailer_chip chip, const uint8_t *input, size_t n, int keynum,
                     int version, struct bytes *image, struct reason *why)
{
	*image = (struct bytes){ 0 };
	size_t total = n + trailer_size(chip);
	if (n > TRAILER_LIMIT || total > TRAILER_LIMIT)
		return reason_set(why, "Signed binary size %zu is too large. Max size %u", total,
		                  TRAILER_LIMIT);
	image->data = calloc(1, total + 1);
	if (!image->data)
		return reason_set(why, "out of memory");
	if (n)
		memcpy(image->data, input, n);
	trailer_put_integers(chip, n, keynum, version, image->data + n);
	image->size = n + trailer_integers_size(chip);
	return 0;
}

static void trailersig_append(struct bytes *image, const uint8_t *bytes, size_t n)
{
	memcpy(image->data + image->size, bytes, n);
	image->size += n;
}

static void trailersig_make_hmac(const uint8_t *bytes, size_t n, const uint8_t key[TRAILER_HMAC],
                                 uint8_t hmac[TRAILER_HMAC])
{
	unsigned size = 0;
	if (!HMAC(EVP_sha1(), key, TRAILER_HMAC, bytes, n, hmac, &size))
		abort(); /* out of memory only; no image may be written without its HMAC */
}

void trailersig_finish_2712(struct bytes *image, const uint8_t signature[RAWKEY_SIGNATURE],
                            const uint8_t raw[RAWKEY_SIZE])
{
	trailersig_append(image, signature, RAWKEY_SIGNATURE);
	trailersig_append(image, raw, RAWKEY_SIZE);
}

void trailersig_finish_2711(struct bytes *image, const uint8_t signature[RAWKEY_SIGNATURE],
                            const uint8_t key[TRAILER_HMAC])
{
	uint8_t hmac[TRAILER_HMAC];
	trailersig_append(image, signature, RAWKEY_SIGNATURE);
	trailersig_make_hmac(image->data, image->size, key, hmac);
	trailersig_append(image, hmac, sizeof hmac);
}

static bool trailersig_matches(const struct trailer *t, const uint8_t *bytes,
                               const struct rsakey *key, enum rsakey_digest kind)
{
	uint8_t digest[32];
	rsakey_digest(kind, bytes, t->offset + trailer_integers_size(t->chip), digest);
	return rsakey_verify(key, kind, digest, t->signature);
}

int trailersig_check_length(const struct trailer *t, struct reason *why)
{
	if (t->length >= 0 && (size_t)t->length == t->offset)
		return 0;
	return reason_set_at(why, t->offset, "length %d in the trailer, but %zu bytes precede it",
	                     (int)t->length, t->offset);
}

int trailersig_check(const struct trailer *t, const uint8_t *bytes, const struct rsakey *key,
                     struct reason *why)
{
	if (trailersig_check_length(t, why) != 0)
		return -1;
	struct rsakey *own = NULL;
	if (!key && rsakey_from_raw(t->raw, &own, why) != 0)
		return -1;
	bool good = trailersig_matches(t, bytes, key ? key : own, RSAKEY_SHA256) ||
	            (t->chip == TRAILER_CHIP_2711 &&
	             trailersig_matches(t, bytes, key, RSAKEY_SHA1));
	rsakey_free(own);
	return good ? 0 : reason_set_at(why, t->offset, "the signature does not match");
}

bool trailersig_check_hmac(const struct trailer *t, const uint8_t *bytes,
                           const uint8_t key[TRAILER_HMAC])
{
	uint8_t hmac[TRAILER_HMAC];
	trailersig_make_hmac(bytes, (size_t)(t->hmac - bytes), key, hmac);
	return CRYPTO_memcmp(hmac, t->hmac, sizeof hmac) == 0;
}
