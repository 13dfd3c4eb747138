/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trailer.h"
#include "tap.h"

enum { PROGRAM = 100 };

static uint8_t image[PROGRAM + 2 * TRAILER_2712];

/* Puts a trailer with a key of the smallest sound numbers behind the N bytes of the image. */
static size_t append(size_t n, int keynum, int version)
{
	uint8_t *p = image + n;
	memset(p, 0, TRAILER_2712);
	trailer_put_integers(TRAILER_CHIP_2712, n, keynum, version, p);
	uint8_t *raw = p + trailer_integers_size(TRAILER_CHIP_2712) + RAWKEY_SIGNATURE;
	raw[0] = 1;
	raw[RAWKEY_MODULUS - 1] = 0x80;
	raw[RAWKEY_MODULUS] = 3;
	return n + TRAILER_2712;
}

static void two_trailers(void)
{
	static const uint8_t integers[] = { 100, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 };
	struct trailer t;
	size_t n = append(append(PROGRAM, 1, 2), TRAILER_CUSTOMER, 32);
	CHECK_INT(n, sizeof image);
	CHECK_MEM(image + PROGRAM, integers, sizeof integers);
	CHECK(trailer_find(TRAILER_CHIP_2712, image, n, &t));
	CHECK_INT(t.offset, PROGRAM + TRAILER_2712);
	CHECK_INT(t.length, PROGRAM + TRAILER_2712);
	CHECK_INT(t.keynum, 16);
	CHECK_INT(t.version, 32);
	CHECK_INT(t.signature - image, t.offset + 12);
	CHECK_INT(t.raw - image, t.offset + 268);
	CHECK(trailer_find(TRAILER_CHIP_2712, image, t.offset, &t));
	CHECK_INT(t.offset, PROGRAM);
	CHECK_INT(t.keynum, 1);
	CHECK_INT(t.version, 2);
	CHECK(!trailer_find(TRAILER_CHIP_2712, image, t.offset, &t));
}

static void implausible(void)
{
	static const struct {
		size_t at; /* in the trailer */
		uint8_t value;
	} changes[] = {
		{ 0, 99 }, { 1, 1 },  { 3, 0x80 }, { 4, 5 },   { 4, 15 },  { 4, 17 },  { 7, 0x80 },
		{ 8, 33 }, { 11, 1 }, { 268, 0 },  { 268, 2 }, { 523, 0 }, { 524, 2 }, { 524, 1 },
	};
	struct trailer t;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		size_t n = append(PROGRAM, TRAILER_CUSTOMER, 0);
		CHECK(trailer_find(TRAILER_CHIP_2712, image, n, &t));
		image[PROGRAM + changes[i].at] = changes[i].value;
		if (trailer_find(TRAILER_CHIP_2712, image, n, &t))
			TAP_FAIL("change %zu is not noticed", i);
	}
}

static void short_and_empty(void)
{
	struct trailer t;
	memset(image, 0, sizeof image);
	CHECK_INT(trailer_read(TRAILER_CHIP_2712, image, TRAILER_2712 - 1, &t), -1);
	CHECK_INT(trailer_read(TRAILER_CHIP_2711, image, TRAILER_2711 - 1, &t), -1);
	CHECK_INT(trailer_read(TRAILER_CHIP_2712, image, TRAILER_2712, &t), 0);
	CHECK(!trailer_plausible(&t)); /* zeros are not a key */
	CHECK(!trailer_find(TRAILER_CHIP_2712, image, 0, &t));
	memset(image, 0xff, TRAILER_2712);
	CHECK_INT(trailer_read(TRAILER_CHIP_2712, image, TRAILER_2712, &t), 0);
	CHECK_INT(t.length, -1);
	CHECK(!trailer_plausible(&t));
}

/* A BCM2711 trailer: no version, no key, an HMAC at the end. */
static void trailer_2711(void)
{
	struct trailer t;
	memset(image, 0, sizeof image);
	trailer_put_integers(TRAILER_CHIP_2711, PROGRAM, 1, 7, image + PROGRAM);
	CHECK_INT(image[PROGRAM + 8], 0);
	CHECK(trailer_find(TRAILER_CHIP_2711, image, PROGRAM + TRAILER_2711, &t));
	CHECK_INT(t.offset, PROGRAM);
	CHECK_INT(t.keynum, 1);
	CHECK(!t.raw);
	CHECK_INT(t.signature - image, PROGRAM + 8);
	CHECK_INT(t.hmac - image, PROGRAM + 264);
}

int main(void)
{
	RUN(two_trailers);
	RUN(implausible);
	RUN(short_and_empty);
	RUN(trailer_2711);
	return tap_end();
}
