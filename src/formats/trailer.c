/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trailer.h"

#include "base/bytes.h"

enum { INTEGER = 4 };

static int32_t trailer_get_signed(const uint8_t *p)
{
	uint32_t v = get_le32(p);
	return v > INT32_MAX ? -(int32_t)(UINT32_MAX - v) - 1 : (int32_t)v;
}

size_t trailer_integers_size(enum trailer_chip chip)
{
	return (chip == TRAILER_CHIP_2712 ? 3u : 2u) * INTEGER;
}

size_t trailer_size(enum trailer_chip chip)
{
	return chip == TRAILER_CHIP_2712 ? TRAILER_2712 : TRAILER_2711;
}

void trailer_put_integers(enum trailer_chip chip, size_t n, int keynum, int version, uint8_t *to)
{
	put_le32(to, (uint32_t)n);
	put_le32(to + INTEGER, (uint32_t)keynum);
	if (chip == TRAILER_CHIP_2712)
		put_le32(to + 2 * INTEGER, (uint32_t)version);
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
	const uint8_t *rest = t->signature + RAWKEY_SIGNATURE;
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
	if (t->keynum != TRAILER_CUSTOMER && (t->keynum < 0 || t->keynum > TRAILER_KEY_RPI))
		return false;
	if (t->version < 0 || t->version > TRAILER_VERSION)
		return false;
	return t->chip == TRAILER_CHIP_2711 || rawkey_is_sound(t->raw);
}

bool trailer_find(enum trailer_chip chip, const uint8_t *bytes, size_t n, struct trailer *t)
{
	return trailer_read(chip, bytes, n, t) == 0 && trailer_plausible(t) && t->length >= 0 &&
	       (size_t)t->length == t->offset;
}
