/* SPDX-License-Identifier: Apache-2.0 */
#include "trailer.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { INTEGER = 4 };

static int32_t trailer_get_signed(const uint8_t *p)
{
	uint32_t v = get_le32(p);
	return v > INT32_MAX ? -(int32_t)(UINT32_MAX - v) - 1 : (int32_t)v;
}

/* The integers in front of the signature. */
static size_t trailer_integers_size(enum trailer_chip chip)
{
	return (chip == TRAILER_CHIP_2712 ? 3u : 2u) * INTEGER;
}

size_t trailer_size(enum trailer_chip chip)
{
	return chip == TRAILER_CHIP_2712 ? TRAILER_2712 : TRAILER_2711;
}

int trailer_begin(enum trailer_chip chip, const uint8_t *input, size_t n, int keynum, int version,
                  struct bytes *image, struct reason *why)
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
	put_le32(image->data + n, (uint32_t)n);
	put_le32(image->data + n + INTEGER, (uint32_t)keynum);
	if (chip == TRAILER_CHIP_2712)
		put_le32(image->data + n + 2 * INTEGER, (uint32_t)version);
	image->size = n + trailer_integers_size(chip);
	return 0;
}

static void trailer_append(struct bytes *image, const uint8_t *bytes, size_t n)
{
	memcpy(image->data + image->size, bytes, n);
	image->size += n;
}

static void trailer_make_hmac(const uint8_t *bytes, size_t n, const uint8_t key[TRAILER_HMAC],
                              uint8_t hmac[TRAILER_HMAC])
{
	unsigned size = 0;
	if (!HMAC(EVP_sha1(), key, TRAILER_HMAC, bytes, n, hmac, &size))
		abort(); /* only for want of memory; an image without HMAC must not go out */
}

void trailer_finish_2712(struct bytes *image, const uint8_t signature[RSAKEY_SIGNATURE],
                         const uint8_t raw[RSAKEY_RAW])
{
	trailer_append(image, signature, RSAKEY_SIGNATURE);
	trailer_append(image, raw, RSAKEY_RAW);
}

void trailer_finish_2711(struct bytes *image, const uint8_t signature[RSAKEY_SIGNATURE],
                         const uint8_t key[TRAILER_HMAC])
{
	uint8_t hmac[TRAILER_HMAC];
	trailer_append(image, signature, RSAKEY_SIGNATURE);
	trailer_make_hmac(image->data, image->size, key, hmac);
	trailer_append(image, hmac, sizeof hmac);
}

int trailer_read(enum trailer_chip chip, const uint8_t *bytes, size_t n, struct trailer *t)
{
	*t = (struct trailer){ .chip = chip };
	if (n < trailer_size(chip))
		return -1;
	t->offset = n - trailer_size(chip);
	const uint8_t *p = bytes + t->offset;
	t->length = trailer_get_signed(p);
	t->keynum = trailer_get_signed(p + INTEGER);
	t->signature = p + trailer_integers_size(chip);
	const uint8_t *rest = t->signature + RSAKEY_SIGNATURE;
	if (chip == TRAILER_CHIP_2712) {
		t->version = trailer_get_signed(p + 2 * INTEGER);
		t->raw = rest;
	} else {
		t->hmac = rest;
	}
	return 0;
}

bool trailer_plausible(const struct trailer *t)
{
	struct rsakey *key;
	struct reason ignored;
	if (t->keynum != TRAILER_CUSTOMER && (t->keynum < 0 || t->keynum > TRAILER_KEY_RPI))
		return false;
	if (t->version < 0 || t->version > TRAILER_VERSION)
		return false;
	if (t->chip == TRAILER_CHIP_2711)
		return true;
	bool sound = rsakey_from_raw(t->raw, &key, &ignored) == 0;
	rsakey_free(key);
	return sound;
}

static bool trailer_signature_good(const struct trailer *t, const uint8_t *bytes,
                                   const struct rsakey *key, enum rsakey_digest kind)
{
	uint8_t digest[32];
	rsakey_digest(kind, bytes, t->offset + trailer_integers_size(t->chip), digest);
	return rsakey_verify(key, kind, digest, t->signature);
}

int trailer_check(const struct trailer *t, const uint8_t *bytes, const struct rsakey *key,
                  struct reason *why)
{
	if (t->length < 0 || (size_t)t->length != t->offset)
		return reason_set(why, "length %d in the trailer, but %zu bytes stand before it",
		                  (int)t->length, t->offset);
	struct rsakey *own = NULL;
	if (!key && rsakey_from_raw(t->raw, &own, why) != 0)
		return -1;
	bool good = trailer_signature_good(t, bytes, key ? key : own, RSAKEY_SHA256) ||
	            (t->chip == TRAILER_CHIP_2711 &&
	             trailer_signature_good(t, bytes, key, RSAKEY_SHA1));
	rsakey_free(own);
	return good ? 0 : reason_set(why, "the signature does not match");
}

bool trailer_check_hmac(const struct trailer *t, const uint8_t *bytes,
                        const uint8_t key[TRAILER_HMAC])
{
	uint8_t hmac[TRAILER_HMAC];
	trailer_make_hmac(bytes, (size_t)(t->hmac - bytes), key, hmac);
	return CRYPTO_memcmp(hmac, t->hmac, sizeof hmac) == 0;
}
